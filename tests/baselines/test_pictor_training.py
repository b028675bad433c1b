"""Pictor from scratch: trained, loaded and asked; controls on the same training; picked up again after a kill."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file

from forks import Forks
from tod_baselines.pictor import trainer as trainer_module
from tod_baselines.pictor.batches import LikeLengths
from tod_baselines.pictor.examples import Example
from tod_baselines.pictor.flops import LanguageFlops
from tod_baselines.pictor.models import load_model
from tod_baselines.pictor.settings import Settings
from tod_baselines.pictor.system import Pictor
from tod_baselines.pictor.trainer import IGNORED, answer_loss, collate
from tod_baselines.pictor.training import as_tasks
from tod_bench.errors import UserError
from tod_bench.records import Dialogue, Prediction
from tod_bench.simulated.corpus import Simulated
from tod_bench.systems import FitContext, TurnInput
from tod_bench.tasks import turn_inputs

TINY: dict[str, Any] = {
    "dims": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1},
    "vocab_size": 400,
    "pretrain": {
        "options": {"seed": 5, "dialogues": {"train": 12, "dev": 4, "test": 0}},
        "dialogues": 12,
        "portraits": 12,
        "held_out": 4,
        "side": 32,
        "tower": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1},
        "tower_steps": 2,
        "base_steps": 2,
    },
    "batch_size": 4,
    "max_steps": 6,
    "max_new_tokens": 12,
}

CORPUS = Simulated({"train": 5, "dev": 2, "test": 3}, style="personalised")
TRAIN, DEV, TEST = (list(CORPUS.dialogues(split)) for split in CORPUS.splits)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module's own: tower and base are made once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("TOD_BENCH_CACHE", str(folder))
        yield folder


def context_in(folder: Path, seed: int = 1) -> FitContext:
    return FitContext("response", CORPUS.schema, seed, folder, CORPUS.database, images=CORPUS.images)


def asked(dialogues: list[Dialogue] = TEST) -> list[TurnInput]:
    return list(turn_inputs(dialogues, "response", states="gold", acts="gold", database=CORPUS.database))


def answers(context: FitContext, **settings: Any) -> list[Prediction]:
    system = Pictor(**{**TINY, **settings})
    system.load(context)
    return list(system.predict("response", asked()))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "model" / "model.safetensors"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> FitContext:
    context = context_in(tmp_path_factory.mktemp("trained"))
    Pictor(**TINY).fit(TRAIN, DEV, context)
    return context


def test_what_was_trained_is_recorded(trained: FitContext) -> None:
    record = json.loads((trained.folder / "fit.json").read_text(encoding="utf-8"))
    turns = sum(len(dialogue.turns) for dialogue in TRAIN)
    assert (record["examples"], record["captions"], record["dialogues"]) == (turns + 5, 5, 5)
    assert record["steps"] == 6
    assert record["dev_scores"][0]["loss"] > 0
    base, tower = (record["pretraining"][part]["parameters"] for part in ("base", "tower"))
    assert record["parameters"] == base
    assert record["trained_parameters"] == base - tower
    assert record["pretraining"]["tower"]["held_out"]["users"] == 4
    assert record["throughput"]["tokens"] > record["throughput"]["steps"] * 4 * 10
    assert {path.name for path in trained.folder.iterdir()} == {"fit.json", "inputs.json", "model"}
    assert Pictor(**TINY).fit(TRAIN, DEV, trained) == record


def test_users_whom_the_base_learned_are_neither_learned_nor_asked_about(trained: FitContext, tmp_path: Path) -> None:
    same = list(Simulated({"train": 1, "dev": 0, "test": 1}, seed=5).dialogues("test"))
    with pytest.raises(UserError, match="tower and base learn from"):
        Pictor(**TINY).fit(same, DEV, context_in(tmp_path))
    system = Pictor(**TINY)
    system.load(trained)
    with pytest.raises(UserError, match="tower and base learn from"):
        list(system.predict("response", asked(same)))


def test_every_turn_is_answered_with_the_impression_of_its_picture(trained: FitContext) -> None:
    found = answers(trained)
    assert [(answer.dialogue_id, answer.turn) for answer in found] == [
        (turn.dialogue_id, turn.turn) for turn in asked()
    ]
    assert all(answer.response for answer in found)
    for dialogue in TEST:
        impressions = {answer.notes["impression"] for answer in found if answer.dialogue_id == dialogue.id}
        assert len(impressions) == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_how_many_are_written_side_by_side_changes_nothing(trained: FitContext, rows: int) -> None:
    assert answers(trained, decode_rows=rows) == answers(trained)


def test_controls_are_asked_of_the_same_training(trained: FitContext) -> None:
    own = {dialogue.id: dialogue.persona.impression for dialogue in TEST if dialogue.persona}
    gold = answers(trained, control="gold_impression")
    assert all(answer.notes["control_impression"] == own[answer.dialogue_id] for answer in gold)
    others = answers(trained, control="shuffled_impressions")
    given = {answer.dialogue_id: answer.notes["control_impression"] for answer in others}
    assert sorted(given.values()) == sorted(own.values())
    assert given != own
    # What the model did not write of this user's picture is never shown as if it had.
    swapped = answers(trained, control="shuffled_images")
    assert not any("impression" in answer.notes for answer in (*gold, *others, *swapped))
    before = Pictor(**TINY).fit(TRAIN, DEV, trained)
    assert Pictor(**TINY, control="shuffled_images").fit(TRAIN, DEV, trained) == before


def test_a_shuffled_picture_is_seen(trained: FitContext) -> None:
    """What the model sees of somebody is what it sees of the next one of the circle with shuffled images."""
    model = load_model(trained.folder / "model", Settings(**TINY))
    assert CORPUS.images is not None
    names = [dialogue.persona.image for dialogue in TEST if dialogue.persona]
    model.show(names, CORPUS.images)
    seen = [model.inputs([model.prompt("user: hi", name)])["pixel_values"] for name in names]
    assert not torch.equal(seen[0], seen[1])
    with torch.inference_mode():
        logits = [model.network(**model.inputs([model.prompt("user: hi", name)])).logits for name in names]
    assert not torch.allclose(logits[0], logits[1])


def test_another_training_in_the_folder_is_refused(trained: FitContext) -> None:
    with pytest.raises(UserError, match=r"other inputs \(recipe"):
        Pictor(**{**TINY, "inputs": ["policy", "image"]}).fit(TRAIN, DEV, trained)
    strangers = [replace(dialogue, persona=TEST[0].persona) for dialogue in TRAIN]
    with pytest.raises(UserError, match=r"other inputs \(personas differ"):
        Pictor(**TINY).fit(strangers, DEV, trained)


def test_a_text_model_needs_no_picture(tmp_path: Path, cache: Path) -> None:
    settings = {**TINY, "inputs": ["policy", "db", "utterance"], "select_by": "last", "max_steps": 2}
    blind = [replace(dialogue, persona=None) for dialogue in TRAIN]
    context = replace(context_in(tmp_path), images=None)
    Pictor(**settings).fit(blind, [], context)
    found = answers(context, **settings)
    assert "impression" not in found[0].notes


def test_a_corpus_without_pictures_is_refused(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(UserError, match="no pictures; leave image out"):
        Pictor(**TINY).fit(TRAIN, DEV, replace(context_in(tmp_path), images=None))


def test_dev_dialogues_are_needed_to_select(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="select_by: last"):
        Pictor(**TINY).fit(TRAIN, [], context_in(tmp_path))


def test_it_is_not_asked_before_it_is_loaded_or_loaded_before_it_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="before it was loaded"):
        next(Pictor(**TINY).predict("response", asked()))
    with pytest.raises(UserError, match="no finished training"):
        Pictor(**TINY).load(context_in(tmp_path))


def test_a_batch_has_the_loss_and_gradients_of_its_examples(trained: FitContext) -> None:
    """Filling up on the left and making only the last logits changes neither."""
    model = load_model(trained.folder / "model", Settings(**TINY))
    assert CORPUS.images is not None
    picture = TEST[0].persona.image if TEST[0].persona else ""
    model.show([picture], CORPUS.images)
    model.network.eval()
    examples = [
        Example("user: a room in the north, please", picture, "Certainly. Which one would you like?"),
        Example("user: hi", "", "Hello!"),
        Example("acts: [general] [bye]", picture, "Bye."),
    ]
    tasks = as_tasks(model, examples)

    def learned(some: list[Any]) -> tuple[float, torch.Tensor]:
        model.network.zero_grad()
        total = 0.0
        for batch in some:
            inputs = collate(batch, model)
            labels = inputs.pop("labels")
            loss = answer_loss(model.network(**inputs), labels, 1)
            loss.backward()
            total += loss.item()
        return total, model.network.get_input_embeddings().weight.grad.clone()

    loss, gradient = learned([tasks])
    alone, summed = learned([[task] for task in tasks])
    assert loss == pytest.approx(alone, rel=1e-4)
    torch.testing.assert_close(gradient, summed, rtol=1e-3, atol=1e-4)
    labels = collate(tasks, model)["labels"]
    assert int((labels != IGNORED).sum()) == sum(len(task.answer) for task in tasks)


def test_flop_are_those_of_the_language_model(trained: FitContext) -> None:
    from transformers import LlamaForCausalLM

    from tod_baselines.decoder.flops import RowFlops

    model = load_model(trained.folder / "model", Settings(**TINY))
    alone = LlamaForCausalLM(model.base.config.get_text_config())
    found = LanguageFlops.of(model.network, some_logits=True)
    assert found([9, 14], 5) == RowFlops.of(alone, some_logits=True)([9, 14], 5)


@pytest.mark.parametrize("processes", [1, 2])
def test_every_example_comes_once_an_epoch(processes: int) -> None:
    lengths = [5 + number * 7 % 31 for number in range(64)]
    samplers = [LikeLengths(lengths, 4, seed=1, rank=rank, processes=processes) for rank in range(processes)]
    epochs = []
    for epoch in range(2):
        for sampler in samplers:
            sampler.set_epoch(epoch)
        batches = [batch for sampler in samplers for batch in sampler]
        assert sorted(number for batch in batches for number in batch) == list(range(64))
        assert len(batches) == sum(map(len, samplers)) == 16
        epochs.append(batches)
    assert epochs[0] != epochs[1]
    spread = [max(lengths[number] for number in batch) - min(lengths[number] for number in batch) for batch in batches]
    assert sum(spread) / len(spread) < 12, "examples of a batch have like lengths"


def test_the_best_checkpoint_is_kept_and_not_the_last(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three epochs the first has the lowest dev loss; so the weights are those of a training of one epoch."""
    import tod_baselines.pictor.trainer as module

    losses = iter([1.0, 2.0, 3.0])
    monkeypatch.setattr(module, "loss_scorer", lambda *_given: lambda: {"loss": next(losses)})
    settings = {**TINY, "max_steps": None, "scheduler": "constant", "warmup": 0.0, "batch_size": 16}
    three, one = (context_in(tmp_path / name) for name in ("three", "one"))
    record = Pictor(**settings, epochs=3).fit(TRAIN, DEV, three)
    assert [entry["loss"] for entry in record["dev_scores"]] == [1.0, 2.0, 3.0]  # type: ignore[attr-defined, index]
    Pictor(**settings, epochs=1, select_by="last").fit(TRAIN, [], one)
    first, second = weights(three.folder), weights(one.folder)
    assert all(torch.equal(first[name], second[name]) for name in first)


class KilledError(Exception):
    """Stands for a kill."""


def test_a_killed_training_goes_on_to_the_same_weights(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**TINY, "select_by": "last", "save_minutes": 1e-9}
    whole, killed = (context_in(tmp_path / name) for name in ("whole", "killed"))
    Pictor(**settings).fit(TRAIN, [], whole)
    loss, calls = trainer_module.answer_loss, 0

    def failing(*given: Any, **told: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KilledError
        return loss(*given, **told)

    monkeypatch.setattr(trainer_module, "answer_loss", failing)
    with pytest.raises(KilledError):
        Pictor(**settings).fit(TRAIN, [], killed)
    Pictor(**settings).fit(TRAIN, [], killed)
    assert calls == 7, "it goes on where it was, and does not begin again"
    first, second = weights(whole.folder), weights(killed.folder)
    assert all(torch.equal(first[name], second[name]) for name in first)


FIT = """
from pathlib import Path
import accelerate, transformers.trainer
from test_pictor_training import DEV, TINY, TRAIN, context_in
from tod_baselines.pictor.system import Pictor

def run(folder):
    settings = {**TINY, "select_by": "last", "save_minutes": 1e-9, "max_steps": 20, "epochs": 9}
    Pictor(**settings).fit(TRAIN, [], context_in(Path(folder)))
"""


@pytest.mark.slow
def test_a_process_that_is_killed_loses_nothing(tmp_path: Path, cache: Path) -> None:
    """`kill -9` at a checkpoint within an epoch: the same command ends at the same weights."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with Forks(FIT, {"TOD_BENCH_CACHE": str(cache), "OMP_NUM_THREADS": "1"}) as runs:
        runs.start(whole)
        assert runs.wait() == 0
        runs.start(killed)
        deadline = time.monotonic() + 300
        while not list(killed.glob("checkpoints/checkpoint-*/trainer_state.json")):
            assert runs.is_running(), "it ended before it was killed"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        runs.kill()
        assert not (killed / "fit.json").exists()
        runs.start(killed)
        assert runs.wait() == 0
    first, second = weights(whole), weights(killed)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_it_learns_what_depends_on_the_picture(tmp_path: Path, cache: Path) -> None:
    """Without the utterance the answers of two users to the same acts differ by the picture alone."""
    settings = {
        **TINY,
        "inputs": ["policy", "image"],
        "max_steps": 200,
        "epochs": 200,
        "select_by": "last",
        "max_new_tokens": 40,
        "scheduler": "linear",
        "learning_rate": 1e-2,
    }
    first, second = TRAIN[0], TRAIN[1]
    same = [
        replace(dialogue, turns=(replace(first.turns[0], system=said),))
        for dialogue, said in ((first, "Good day, sir."), (second, "Hey there!"))
    ]
    context = context_in(tmp_path)
    Pictor(**settings).fit(same, [], context)
    system = Pictor(**settings)
    system.load(context)
    turns = list(turn_inputs(same, "response", states="gold", acts="gold", database=CORPUS.database))
    assert [answer.response for answer in system.predict("response", turns)] == ["Good day, sir.", "Hey there!"]
    shuffled = Pictor(**settings, control="shuffled_images")
    shuffled.load(context)
    assert [answer.response for answer in shuffled.predict("response", turns)] == ["Hey there!", "Good day, sir."]
