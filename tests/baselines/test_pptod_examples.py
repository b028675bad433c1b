"""Tokenizers and examples: joined segments are the tokens of the joined text; long contexts lose whole turns."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tod_baselines.pptod.batches import IGNORED, Collator
from tod_baselines.pptod.examples import Examples, source_of, training_examples
from tod_baselines.pptod.generation import length_batches, spaced
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.tokenizers import corpus_marks, load_tokenizer, train_tokenizer
from tod_baselines.pptod.training import tokenizer_texts
from tod_baselines.training.folder import save
from tod_bench.errors import UserError
from tod_bench.linearize import MARKS, parse_acts, parse_state
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_bench.tasks import TASKS, turn_inputs

RECIPE = Recipe(init="scratch", model="t5-tiny")


@pytest.fixture(params=["unigram", "bpe"])
def tokenizer(request: pytest.FixtureRequest, toy_train: list[Dialogue], context: FitContext) -> Any:
    return train_tokenizer(
        tokenizer_texts(toy_train, RECIPE), 120, corpus_marks(toy_train, context.schema), request.param
    )


def test_scratch_tokenizer_has_t5s_ids_and_whole_marks(tokenizer: Any) -> None:
    assert tokenizer.is_fast
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id) == (0, 1, 2)
    for mark in (*MARKS, "[restaurant]", "[recommend]", "(book day)", "(area)"):
        assert len(tokenizer(mark, add_special_tokens=False).input_ids) == 1, mark


def test_bpe_merges_as_sentencepiece_does() -> None:
    """The example of Sennrich et al. (2016)."""
    texts = ["low low low low lower lower newest newest newest newest newest newest widest widest widest"]
    found = train_tokenizer(texts, 30, (), "bpe")
    assert found.tokenize("lowest newest slow") == ["▁low", "est", "▁newest", "▁", "s", "low"]


def test_scratch_tokenizer_is_the_same_every_time(toy_train: list[Dialogue], tokenizer: Any, tmp_path: Path) -> None:
    kind = "bpe" if "BPE" in type(tokenizer.backend_tokenizer.model).__name__ else "unigram"
    again = train_tokenizer(tokenizer_texts(toy_train, RECIPE), 120, corpus_marks(toy_train, {}), kind)
    assert again.get_vocab() == tokenizer.get_vocab()
    save(tmp_path / "tokenizer", tokenizer)
    loaded = load_tokenizer(tmp_path / "tokenizer")
    text = "dialogue to state: <user> a chef's choice restaurant"
    assert loaded(text).input_ids == tokenizer(text).input_ids
    assert loaded.get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("kind", ["scratch", "bart"])
@pytest.mark.parametrize("task", TASKS)
def test_joined_segments_are_the_tokens_of_the_joined_text(
    kind: str, task: Any, tokenizer: Any, bart_folder: Path, toy_train: list[Dialogue]
) -> None:
    found = tokenizer if kind == "scratch" else load_tokenizer(bart_folder)
    shown = list(turn_inputs(toy_train, task, states="gold", acts="gold"))
    sources = [source_of(task, turn, RECIPE) for turn in shown]
    examples = Examples(((source, None) for source in sources), found, RECIPE)
    for index, source in enumerate(sources):
        assert examples[index]["input_ids"].tolist() == found(source.text()).input_ids
        assert examples.lengths[index] == len(examples[index]["input_ids"])


@pytest.mark.parametrize("kind", ["scratch", "bart"])
def test_targets_survive_the_tokenizer(kind: str, tokenizer: Any, bart_folder: Path, toy_train: list[Dialogue]) -> None:
    found = tokenizer if kind == "scratch" else load_tokenizer(bart_folder)
    examples = Examples(training_examples(toy_train, TASKS, RECIPE), found, RECIPE)
    pairs = list(training_examples(toy_train, TASKS, RECIPE))
    for index, (_, target) in enumerate(pairs):
        text = found.decode(examples[index]["labels"], skip_special_tokens=True)
        if target.startswith("["):
            assert parse_state(spaced(text)) == parse_state(target)
            assert parse_acts(spaced(text)) == parse_acts(target)
        elif kind == "bart":  # the scratch tokenizer has seen lower case only
            assert text.split() == target.split()


def test_lower_case_is_for_what_is_read(toy_train: list[Dialogue]) -> None:
    pairs = list(training_examples(toy_train[:1], TASKS, RECIPE))
    assert all(source.text() == source.text().lower() for source, _ in pairs)
    targets = [target for _, target in pairs]
    assert targets[0] == "[restaurant] (area) north (food) thai"
    assert targets[2] == "[restaurant] [recommend] (name) [restaurant] [request] (book day)"
    assert targets[4] == "The Copper Ladle (cheap). Book it?"
    kept = [target for _, target in training_examples(toy_train[:1], ("dst",), Recipe(lowercase=False))]
    assert kept[0] == "[restaurant] (area) north (food) Thai"


def test_long_contexts_lose_whole_turns_on_the_left(tokenizer: Any, dialogue: Dialogue) -> None:
    shown = list(turn_inputs([dialogue], "policy", states="gold"))[1]
    source = source_of("policy", shown, RECIPE)

    def cut_to(limit: int) -> Examples:
        recipe = Recipe(init="scratch", model="t5-tiny", max_source_tokens=limit)
        return Examples([(source, "[general] [bye]")], tokenizer, recipe)

    whole, short = len(tokenizer(source.text()).input_ids), len(tokenizer(source.text(cut=1)).input_ids)
    for limit, length, cut, lost in [
        (whole, whole, 0, 0),
        (whole - 1, short, 1, 0),
        (short, short, 1, 0),
        (short - 2, short - 2, 1, 2),
    ]:
        examples = cut_to(limit)
        ids = examples[0]["input_ids"]
        assert (len(ids), examples.items[0].turns_truncated, examples.items[0].tokens_truncated) == (length, cut, lost)
        assert ids[0] == tokenizer.convert_tokens_to_ids("dialogue to acts:")
        assert ids[-1] == tokenizer.eos_token_id
        assert tokenizer.convert_tokens_to_ids("<state>") in ids
        report = examples.report()
        assert (report["examples_truncated"], report["turns_truncated"], report["utterance_tokens_truncated"]) == (
            bool(cut),
            cut,
            lost,
        )


def test_long_targets_are_cut_and_counted(tokenizer: Any, toy_train: list[Dialogue]) -> None:
    recipe = Recipe(init="scratch", model="t5-tiny", max_target_tokens=4)
    examples = Examples(training_examples(toy_train, ("dst",), recipe), tokenizer, recipe)
    assert examples.target_lengths.max() == 4
    assert examples.report()["targets_truncated"] == len(examples)


def test_collator_pads_and_masks(tokenizer: Any) -> None:
    collate = Collator(0, lambda labels: labels + 1)
    items = [
        {"input_ids": np.array([5, 6, 1], np.int32), "labels": np.array([7, 1], np.int32)},
        {"input_ids": np.array([5, 1], np.int32), "labels": np.array([8, 9, 1], np.int32)},
    ]
    batch = {name: tensor.tolist() for name, tensor in collate(items).items()}
    assert batch["input_ids"] == [[5, 6, 1], [5, 1, 0]]
    assert batch["attention_mask"] == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"] == [[7, 1, IGNORED], [8, 9, 1]]


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("budget", [1, 40, 10**6])
def test_decoding_takes_every_example_once(count: int, budget: int, tokenizer: Any, toy_train: list[Dialogue]) -> None:
    pairs = list(training_examples(toy_train, ("dst",), RECIPE))[:count]
    examples = Examples(pairs, tokenizer, RECIPE)
    batches = list(length_batches(examples.lengths, budget))
    assert sorted(number for batch in batches for number in batch) == list(range(count))
    lengths = [examples.lengths[number] for batch in batches for number in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert all(len(batch) * max(examples.lengths[batch]) <= budget or len(batch) == 1 for batch in batches)


def test_nothing_to_decode(tokenizer: Any) -> None:
    examples = Examples([], tokenizer, RECIPE)
    assert len(examples) == 0
    assert list(length_batches(examples.lengths, 100)) == []


def test_a_tokenizer_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no tokenizer could be loaded from"):
        load_tokenizer(tmp_path)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"epochs": -1}, "epochs must not be below 0"),
    ({"few_shot": 1.5}, "few_shot must be above 0 and at most 1"),
    ({"dims": {"d_model": 8}}, "dims can only be set with init: scratch"),
    ({"warmup": 0.1}, "constant has no warmup"),
    ({"dropout": 1.0, "max_steps": 0}, "max_steps must be above 0 or left out; dropout"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Recipe(**settings)


def test_a_dialogue_without_acts_teaches_no_policy(toy_train: list[Dialogue]) -> None:
    """It was not annotated; learned from, it would teach to do nothing."""
    bare = replace(toy_train[0], turns=tuple(replace(turn, acts=()) for turn in toy_train[0].turns))
    policy = list(training_examples([bare, toy_train[1]], ["policy"], RECIPE))
    assert policy == list(training_examples([toy_train[1]], ["policy"], RECIPE)) != []
    assert len(list(training_examples([bare], ["dst"], RECIPE))) == len(bare.turns)
