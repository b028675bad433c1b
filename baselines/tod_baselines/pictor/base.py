"""The base: a LLaVA whose language model knows plain dialogues, and whose projector shows it pictures.

It learns every token of prompts and plain answers, given gold states and acts, and to caption pictures with first
impressions. No answer of it depends on a user: that is what the rows learn.

Importing this imports torch and transformers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tod_baselines.pictor.batches import LikeLengths
from tod_baselines.pictor.examples import Example, examples_of
from tod_baselines.pictor.forms import ANSWER, IMAGE
from tod_baselines.pictor.material import Material
from tod_baselines.pictor.pretraining import Pretraining
from tod_baselines.pictor.prompting import CAPTION, MARKS, Input, one_line
from tod_baselines.pictor.scratch import scratch_network, scratch_processor
from tod_baselines.pictor.seeing import SeeingModel
from tod_baselines.pictor.steps import Plan, take_steps
from tod_baselines.pictor.vision import StemVisionModel
from tod_baselines.training.devices import device
from tod_baselines.training.tokenizers import train_tokenizer

INPUTS: tuple[tuple[Input, ...], ...] = (("policy", "db"), ("policy", "db", "utterance"))
"""What the base's prompts have, one dialogue after the other."""

IGNORED = -100
"""The label of what is not learned: filling, and the places of pictures."""


def train_base(
    settings: Pretraining,
    model: str,
    dims: Mapping[str, Any],
    vocab_size: int,
    tower: StemVisionModel,
    material: Material,
    work: Path,
) -> tuple[SeeingModel, dict[str, Any]]:
    """A trained base and its record.

    Args:
        settings: How it is trained.
        model: The name of the language model's size.
        dims: Entries of its config that differ from the size's.
        vocab_size: Pieces of the tokenizer.
        tower: The tower.
        material: What is learned.
        work: A folder in which a killed training goes on.
    """
    examples = base_examples(settings, material)
    tokenizer = train_tokenizer(
        _texts(examples, material), vocab_size, special=(IMAGE, ANSWER), marks=MARKS, single_digits=True
    )
    torch.manual_seed(settings.seed)
    processor = scratch_processor(settings, tokenizer)
    base = SeeingModel(scratch_network(model, dims, tower, processor), processor, model)
    base.network.to(device())
    base.show({example.picture for example in examples if example.picture}, material.images)
    loss_of = _learning(base, examples, settings)
    plan = Plan("training the base", settings.base_steps, settings.base_learning_rate, 0.01, work / "base.checkpoint")
    record = take_steps(base.network, loss_of, plan)
    return base, {
        **record,
        "dialogues": len(material.dialogues),
        "captions": sum(bool(example.picture) for example in examples),
        "examples": len(examples),
        "parameters": sum(part.numel() for part in base.whole().parameters()),
        "vocabulary": len(tokenizer),
    }


def base_examples(settings: Pretraining, material: Material) -> list[Example]:
    """The base's examples: plain answers, and captions of pictures in their share, as far as there are users."""
    turns = list(chain.from_iterable(_plain(material)))
    wanted = round(len(turns) * settings.captions / (1 - settings.captions)) if settings.captions < 1 else None
    users = list(material.users)
    Random(settings.seed).shuffle(users)
    captions = [Example(CAPTION, user.image, one_line(user.impression)) for user in users[:wanted]]
    return [*(turns if settings.captions < 1 else ()), *captions]


def _plain(material: Material) -> Iterator[Iterator[Example]]:
    for number, dialogue in enumerate(material.dialogues):
        yield examples_of([dialogue], INPUTS[number % len(INPUTS)], database=material.database)


def _texts(examples: Sequence[Example], material: Material) -> Iterator[str]:
    """What the tokenizer is trained on: the examples, and the restyled utterances, which the rows learn to write."""
    for example in examples:
        yield example.text
        yield example.answer
    for dialogue in material.dialogues:
        for turn in dialogue.turns:
            yield from filter(None, (turn.styled_user, turn.styled_system))


def _learning(base: SeeingModel, examples: Sequence[Example], settings: Pretraining) -> Callable[[int], Tensor]:
    """A function that gives the loss of a step's examples, a mean over their tokens, in nats."""
    prompts = [base.prompt(example.text, example.picture) for example in examples]
    answers = [base.answer(example.answer) for example in examples]
    lengths = [len(prompt.ids) + len(answer) for prompt, answer in zip(prompts, answers, strict=True)]
    image = base.processor.image_token_id
    sampler = LikeLengths(lengths, settings.base_batch_size, seed=settings.seed)

    @lru_cache(maxsize=1)
    def order(epoch: int) -> list[list[int]]:
        sampler.set_epoch(epoch)
        return list(sampler)

    def loss_of(step: int) -> Tensor:
        chosen = order(step // len(sampler))[step % len(sampler)]
        batch = base.inputs([prompts[index] for index in chosen], [answers[index] for index in chosen])
        ids = batch["input_ids"]
        unlearned = (batch["attention_mask"] == 0) | (ids == image)
        labels = ids.masked_fill(unlearned, IGNORED)[:, 1:]
        logits = base.network(**batch).logits[:, :-1]
        return cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED)

    return loss_of
