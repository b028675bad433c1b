"""Training: what is learned from what, selected by what, and picked up again after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import timeless
from safetensors.torch import load_file

from tod_baselines.pptod import examples as examples_module
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.system import PPTOD
from tod_baselines.training.data import few_shot
from tod_bench.errors import UserError
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_bench.tasks import TASKS, turn_inputs

HERE = Path(__file__).parent


def weights(context: FitContext) -> dict[str, torch.Tensor]:
    return dict(load_file(context.folder / "model" / "model.safetensors"))


def asked(system: PPTOD, task: Any, dialogues: list[Dialogue], context: FitContext) -> list[Any]:
    fresh = PPTOD(**{name: getattr(system.recipe, name) for name in Recipe.__slots__})
    fresh.load(context)
    return list(fresh.predict(task, turn_inputs(dialogues, task, states="gold", acts="gold")))


def test_a_model_is_trained_loaded_and_asked(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue]
) -> None:
    system = PPTOD(**tiny)
    record = system.fit(toy_train, toy_dev, context)
    assert (record["dialogues"], record["examples"], record["steps"]) == (12, 24, 4)
    assert [entry["epoch"] for entry in record["dev_scores"]] == [1, 2]
    assert json.loads(json.dumps(record)) == record
    answers = asked(system, "dst", toy_dev, context)
    assert [(answer.dialogue_id, answer.turn) for answer in answers] == [
        (dialogue.id, turn.index) for dialogue in toy_dev for turn in dialogue.turns
    ]
    assert all(answer.state is not None and answer.acts is None and "dst" in answer.raw for answer in answers)
    assert {path.name for path in context.folder.iterdir()} == {"fit.json", "inputs.json", "model", "tokenizer"}
    assert not list(context.folder.rglob("*.bin")) + list(context.folder.rglob("*.pt"))


@pytest.mark.parametrize("sort_targets", [True, False])
def test_batches_hold_targets_of_like_length_unless_they_are_not_to(
    tiny: dict[str, Any],
    context: FitContext,
    toy_train: list[Dialogue],
    monkeypatch: pytest.MonkeyPatch,
    sort_targets: bool,
) -> None:
    class StoppedError(Exception):
        pass

    def sampler(lengths: Any, target_lengths: Any = None, **_: Any) -> None:
        assert len(lengths) == 24
        told.append(target_lengths)
        raise StoppedError

    told: list[Any] = []
    monkeypatch.setattr("tod_baselines.pptod.training.BatchSampler", sampler)
    with pytest.raises(StoppedError):
        PPTOD(**{**tiny, "sort_targets": sort_targets}).fit(toy_train, toy_train, context)
    assert [one is not None for one in told] == [sort_targets]


def test_it_learns(context: FitContext, toy_train: list[Dialogue], tiny: dict[str, Any]) -> None:
    settings = {**tiny, "epochs": 40, "evaluate_every": 40, "learning_rate": 3e-3, "multitask": True, "dropout": 0.0}
    system = PPTOD(**{**settings, "dims": {**tiny["dims"], "d_model": 64}})
    record = system.fit(toy_train, toy_train, context)
    (last,) = record["dev_scores"]  # type: ignore[misc]
    assert last["dst_jga"] > 90
    assert last["policy_act_f1"] > 90
    assert last["score"] == pytest.approx((last["dst_jga"] + last["policy_act_f1"]) / 2)
    (first, *_) = asked(system, "response", toy_train, context)
    assert first.response
    assert (first.state, first.acts) == (None, None)
    states = [answer.state for answer in asked(system, "dst", toy_train, context)]
    # The model reads and writes lower case; values that the schema knows come back in its case.
    assert {state["restaurant"].get("food") for state in states if "restaurant" in state} >= {"Thai"}


@pytest.mark.parametrize("batching", [{"batch_size": 4}, {"batching": "tokens", "batch_tokens": 80}])
@pytest.mark.parametrize("count", [8, 9])
def test_every_training_example_is_used_once_an_epoch(
    batching: dict[str, Any],
    count: int,
    tiny: dict[str, Any],
    context: FitContext,
    toy_train: list[Dialogue],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: Counter[int] = Counter()
    plain = examples_module.Examples.__getitem__

    def counted(self: examples_module.Examples, index: int) -> Any:
        used[index] += 1
        return plain(self, index)

    monkeypatch.setattr(examples_module.Examples, "__getitem__", counted)
    one_turn = [replace(dialogue, turns=dialogue.turns[:1]) for dialogue in toy_train[:count]]
    PPTOD(**{**tiny, **batching, "select_by": "last"}).fit(one_turn, [], context)
    assert used == dict.fromkeys(range(count), 2)


def test_every_dev_example_is_scored_once(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue]
) -> None:
    settings = {**tiny, "epochs": 1, "dev_dialogues": None, "decode_tokens": 40, "select_by": "loss"}
    record = PPTOD(**settings).fit(toy_train, [*toy_dev, replace(toy_train[0], id="odd")], context)
    (scores,) = record["dev_scores"]  # type: ignore[misc]
    assert 0 < scores["loss"] < 10


def test_a_finished_training_is_not_repeated(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue]
) -> None:
    record = PPTOD(**tiny).fit(toy_train, toy_dev, context)
    before = (context.folder / "fit.json").stat().st_mtime_ns
    assert PPTOD(**tiny).fit(toy_train, toy_dev, context) == record
    assert (context.folder / "fit.json").stat().st_mtime_ns == before
    with pytest.raises(UserError, match=r"holds a training with other inputs \(recipe, seed differ\)"):
        PPTOD(**{**tiny, "epochs": 3}).fit(toy_train, toy_dev, replace(context, seed=2))
    with pytest.raises(UserError, match=r"\(train differ\)"):
        PPTOD(**tiny).fit(toy_train[1:], toy_dev, context)


def test_the_same_seed_gives_the_same_model(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {**tiny, "epochs": 1, "select_by": "last"}
    contexts = [replace(context, seed=seed, folder=tmp_path_factory.mktemp("model")) for seed in (1, 1, 2)]
    for each in contexts:
        PPTOD(**settings).fit(toy_train, [], each)
    one, same, other = (weights(each) for each in contexts)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["shared.weight"], other["shared.weight"])


@pytest.mark.parametrize("share", [0.25, 0.01, 1.0])
def test_few_shot_dialogues_are_seeded_and_recorded(
    share: float, tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue]
) -> None:
    recipe = Recipe(few_shot=share, few_shot_seed=5)
    chosen = [dialogue.id for dialogue in few_shot(toy_train, recipe.few_shot, recipe.few_shot_seed)]
    assert len(chosen) == {0.25: 3, 0.01: 1, 1.0: 12}[share]
    assert chosen == [dialogue.id for dialogue in few_shot(toy_train, recipe.few_shot, recipe.few_shot_seed)]
    assert set(chosen) == {dialogue.id for dialogue in few_shot(toy_train[::-1], recipe.few_shot, recipe.few_shot_seed)}
    if share == 0.25:
        assert chosen != [dialogue.id for dialogue in few_shot(toy_train, share, 6)]
        settings = {**tiny, "epochs": 1, "select_by": "last", "few_shot": share, "few_shot_seed": 5}
        record = PPTOD(**settings).fit(toy_train, [], context)
        assert record["few_shot_dialogues"] == chosen
        assert json.loads((context.folder / "few_shot.json").read_text()) == chosen


def test_max_steps_and_the_best_checkpoint(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue]
) -> None:
    settings = {**tiny, "epochs": 50, "max_steps": 5, "accumulation": 2, "scheduler": "linear", "warmup": 0.5}
    record = PPTOD(**{**settings, "batch_size": 4}).fit(toy_train, toy_dev, context)
    assert record["steps"] == 5
    scores = {entry["step"]: entry["score"] for entry in record["dev_scores"]}  # type: ignore[attr-defined]
    assert scores.keys() == {3, 5}
    assert scores[record["selected_step"]] == max(scores.values())


def test_max_minutes(tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue]) -> None:
    settings = {**tiny, "epochs": 10_000, "max_minutes": 0.02, "select_by": "last"}
    record = PPTOD(**settings).fit(toy_train, [], context)
    assert 0 < record["steps"] < 20_000  # type: ignore[operator]


def test_any_seq2seq_model_works(
    bart_folder: Path, context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue]
) -> None:
    system = PPTOD(model=str(bart_folder), batching="examples", epochs=1, dev_dialogues=2, max_target_tokens=40)
    assert system.fit(toy_train, toy_dev, context)["steps"] == 2
    assert len(asked(system, "dst", toy_dev, context)) == 8


def test_a_loss_is_that_of_the_plain_model(
    tiny: dict[str, Any], toy_train: list[Dialogue], context: FitContext
) -> None:
    """The step's loss equals transformers' own for the same batch."""
    from tod_baselines.pptod.batches import Collator
    from tod_baselines.pptod.examples import Examples, training_examples
    from tod_baselines.pptod.models import scratch_model
    from tod_baselines.pptod.trainer import token_loss
    from tod_baselines.pptod.training import ready_tokenizer

    recipe = Recipe(**tiny)
    tokenizer = ready_tokenizer(recipe, toy_train, context)
    model = scratch_model(recipe, tokenizer).eval()
    examples = Examples(training_examples(toy_train, TASKS, recipe), tokenizer, recipe)
    batch = Collator.of(model, tokenizer)([examples[index] for index in range(16)])
    plain = model(**{name: batch[name] for name in ("input_ids", "attention_mask", "labels")}).loss
    labels = batch.pop("labels")
    ours = token_loss(model(**batch), labels, (labels != -100).sum())
    assert ours.item() == pytest.approx(plain.item(), abs=1e-5)


def test_models_that_cannot_be_had(tmp_path: Path, context: FitContext, toy_train: list[Dialogue]) -> None:
    with pytest.raises(UserError, match="no T5 size 't5-smal'; did you mean 't5-small'"):
        PPTOD(model="t5-smal", init="scratch").fit(toy_train, toy_train, context)
    with pytest.raises(UserError, match=r"dims\.d_modle: T5 has no such dimension; did you mean 'd_model'"):
        PPTOD(model="t5-tiny", init="scratch", dims={"d_modle": 8}).fit(
            toy_train, toy_train, replace(context, folder=tmp_path / "dims")
        )
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no tokenizer could be loaded"):
        PPTOD(model=str(tmp_path / "empty")).fit(toy_train, toy_train, replace(context, folder=tmp_path / "none"))
    with pytest.raises(UserError, match="holds no finished training"):
        PPTOD().load(replace(context, folder=tmp_path / "nowhere"))
    with pytest.raises(UserError, match="no dev dialogues to select a checkpoint by"):
        PPTOD().fit(toy_train, [], replace(context, folder=tmp_path / "no dev"))
    with pytest.raises(UserError, match="asked before it was loaded"):
        list(PPTOD().predict("dst", []))


SLOW_TRAINING = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from toys import TINY, TOY_SCHEMA, toy_dialogues
from tod_baselines.pptod.system import PPTOD
from tod_baselines.pptod.trainer import DialogueTrainer
from tod_bench.systems import FitContext

plain = DialogueTrainer.training_step
def slow(self, *args, **kwargs):
    time.sleep(0.1)
    return plain(self, *args, **kwargs)
DialogueTrainer.training_step = slow
context = FitContext("dst", TOY_SCHEMA, 1, Path({folder!r}))
PPTOD(**TINY | {{"epochs": 4, "batch_size": 4}}).fit(toy_dialogues(12), toy_dialogues(4, "dev"), context)
"""


@pytest.mark.slow
def test_a_killed_training_goes_on_at_its_last_checkpoint(
    tiny: dict[str, Any],
    context: FitContext,
    toy_train: list[Dialogue],
    toy_dev: list[Dialogue],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = replace(context, folder=tmp_path / "whole")
    killed = replace(context, folder=tmp_path / "killed")
    settings = {**tiny, "epochs": 4, "batch_size": 4}
    expected = PPTOD(**settings).fit(toy_train, toy_dev, whole)

    script = SLOW_TRAINING.format(here=str(HERE), folder=str(killed.folder))
    process = subprocess.Popen([sys.executable, "-c", script], cwd=HERE.parent.parent)
    checkpoints = killed.folder / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("checkpoint-12/trainer_state.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.25)  # into the next epoch
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed.folder / "fit.json").exists()

    used: list[int] = []
    plain = examples_module.Examples.__getitem__
    monkeypatch.setattr(
        examples_module.Examples, "__getitem__", lambda self, index: used.append(index) or plain(self, index)
    )
    assert timeless(PPTOD(**settings).fit(toy_train, toy_dev, killed)) == timeless(expected)
    assert len([index for index in used if index < 24]) < 4 * 24
    assert weights(killed).keys() == weights(whole).keys()
    for name, tensor in weights(whole).items():
        assert torch.allclose(tensor, weights(killed)[name], atol=1e-6), name


def test_a_checkpoint_that_is_not_whole_is_passed_over(tmp_path: Path) -> None:
    from tod_baselines.training.folder import last_checkpoint

    assert last_checkpoint(tmp_path) is None
    for step, state in ((9, "{}"), (10, "{}"), (11, None), (12, '{"epoch": 1'), (13, "")):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if state is not None:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
