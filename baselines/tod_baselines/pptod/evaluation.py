"""Scores on dev dialogues during training: what decides which checkpoint is kept.

DST is scored by JGA, policy by act F1 given the gold state; several tasks by their mean. Responses have no score of
their own here: where nothing else is trained, the dev loss decides. Each process decodes its share of the dialogues.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from tod_baselines.pptod.batches import length_batches
from tod_baselines.pptod.fast import converted_copy
from tod_baselines.pptod.generation import Generator, decode_tokens
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.training_data import TrainingData, make_training_data
from tod_baselines.training.data import SCORES, items_of
from tod_baselines.training.devices import computes_in_bf16, device, processes
from tod_bench.records import Database, Dialogue, TaskName
from tod_bench.splits import evenly_spaced
from tod_metrics import metric


def criterion(recipe: Recipe, tasks: Sequence[TaskName]) -> str:
    """What is computed on dev: ``score``, ``loss`` or (nothing) ``last``."""
    if recipe.select_by == "score" and not SCORES.keys() & set(tasks):
        return "loss"
    return recipe.select_by


def dev_scorer(
    generator: Generator, tasks: Sequence[TaskName], dev: Sequence[Dialogue], database: Database | None = None
) -> Callable[[], dict[str, float]]:
    """A function that scores the model as it is when called, over all processes.

    It gives ``loss`` in nats a target token, or ``score`` and the score of each task, in percent.
    """
    from accelerate.utils import gather_object

    group = processes()
    used = evenly_spaced(dev, generator.recipe.dev_dialogues)
    mine = used[group.process_index :: group.num_processes]
    if criterion(generator.recipe, tasks) == "loss":
        recipe = generator.recipe
        data = make_training_data(generator.model, generator.tokenizer, mine, tasks, recipe, database=database)

        def loss() -> dict[str, float]:
            shares = gather_object([(summed_loss(data, recipe), int(data.dataset.target_lengths.sum()))])
            return {"loss": sum(total for total, _ in shares) / max(1, sum(tokens for _, tokens in shares))}

        return loss

    shown = generator.recipe.gold_access

    def score() -> dict[str, float]:
        found = {}
        with fast_generator(generator) as fast:
            for task in tasks:
                if task in SCORES:
                    answers = partial(fast.answers, task)
                    items = gather_object(items_of(task, mine, answers, gold_access=shown, database=database))
                    scorer = metric(SCORES[task])
                    found[f"{task}_{SCORES[task]}"] = float(scorer.aggregate(scorer.statistics(items).sum(axis=0)))
        return {"score": sum(found.values()) / len(found), **found}

    return score


@contextmanager
def fast_generator(generator: Generator) -> Iterator[Generator]:
    """A context in which a generator's model writes by the recipe's engine, where that gives the same outputs.

    So it does on a CPU in fp32, where decoding beside the training would only take the training's cores.
    """
    recipe = generator.recipe
    if recipe.engine == "transformers" or device() != "cpu" or computes_in_bf16(recipe.precision):
        yield generator
        return
    with converted_copy(generator.model, generator.tokenizer) as model:
        yield replace(generator, model=model)


def summed_loss(data: TrainingData, recipe: Recipe) -> float:
    """The loss of all target tokens, in nats."""
    import torch

    from tod_baselines.pptod.trainer import token_loss

    model: Any = data.model
    bf16 = computes_in_bf16(recipe.precision)
    model.eval()
    total = torch.zeros((), dtype=torch.float64)
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        for numbers in length_batches(data.dataset.lengths, decode_tokens(recipe)):
            batch = {
                name: part.to(model.device)
                for name, part in data.collate([data.dataset[number] for number in numbers]).items()
            }
            labels = batch.pop("labels")
            total += token_loss(model(**batch), labels, 1).double().cpu()
    return float(total)
