"""Running plans: what is computed, what is reused, what is recorded, and what is said when something is wrong."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

import tod_bench.experiments.plan
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Experiment, Store
from tod_bench.experiments.runner import run, statuses
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.systems import FitContext, System, TurnInput, system_class


def config(**changes) -> EvalConfig:
    value = {
        "name": "test",
        "corpora": {
            "plain": {
                "corpus": "simulated",
                "options": {"dialogues": {"train": 20, "dev": 5, "test": 8}},
                "splits": {"test": "test[:6]"},
            }
        },
        "systems": {"oracle": {"system": "oracle"}, "carry_over": {"system": "carry_over"}},
        "tasks": {"dst": {"metrics": ["jga", "slot_f1"]}, "policy": {"metrics": ["act_f1"]}},
        "bootstrap": {"draws": 50},
        **changes,
    }
    return EvalConfig.model_validate(value)


class Counting(System):
    """A system that counts its trainings and records what it was shown."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "policy"})
    gold_access: ClassVar[frozenset[str]] = frozenset()
    fits: ClassVar[list[tuple[str, int]]] = []
    shown: ClassVar[list[tuple[str, TurnInput]]] = []

    def __init__(self, together: bool = False) -> None:
        self.together = together

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        return ("dst", "policy") if self.together else (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        self.fits.append((context.task, context.seed))
        (context.folder / "weights").write_text(str(len(train)), encoding="utf-8")
        return {"seen": len(train)}

    def load(self, context: FitContext) -> None:
        assert (context.folder / "weights").is_file()

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        for item in inputs:
            self.shown.append((task, item))
            state = {"hotel": {"area": f"{item.turn}"}} if task == "dst" else None
            yield Prediction(item.dialogue_id, item.turn, state, () if task == "policy" else None)


@pytest.fixture
def counting(monkeypatch):
    known = system_class
    monkeypatch.setattr(
        tod_bench.experiments.plan, "system_class", lambda name: Counting if name == "counting" else known(name)
    )
    Counting.fits, Counting.shown = [], []
    return {"counting": {"system": "counting"}}


def test_oracle_is_100_and_everything_is_recorded(tmp_path):
    results = run(build(config()), Store(tmp_path))
    scores = {(r.experiment.system, s.metric): s for r in results for s in r.scores if not s.slice}
    for metric in ("jga", "slot_f1", "act_f1"):
        assert scores["oracle", metric].value == 100
    assert scores["carry_over", "jga"].value < 50
    assert "|split:test[:6]|" in str(scores["oracle", "jga"].signature)
    provenance = results[0].provenance
    assert provenance["corpus"]["test_dialogues"] == 6
    assert provenance["predictions"]["gold_access"] == ["gold"]
    for key in ("tod_bench", "commit", "dirty", "python", "device", "packages", "date", "bootstrap", "seconds"):
        assert key in provenance


def test_finished_work_is_not_done_again(tmp_path, counting):
    plan = build(config(systems=counting, seeds=[1, 2]))
    steps: list[str] = []
    first = run(plan, Store(tmp_path), lambda _, step: steps.append(step))
    assert Counting.fits == [("dst", 1), ("dst", 2), ("policy", 1), ("policy", 2)]
    assert steps.count("cached") == 0
    steps.clear()
    again = run(plan, Store(tmp_path), lambda _, step: steps.append(step))
    assert steps == ["cached"] * 4
    assert again == first
    assert len(Counting.fits) == 4


def test_tasks_trained_together_are_trained_once(tmp_path, counting):
    counting["counting"]["params"] = {"together": True}
    run(build(config(systems=counting)), Store(tmp_path))
    assert Counting.fits == [("dst", 1)]


def test_other_metrics_reuse_the_predictions(tmp_path, counting):
    run(build(config(systems=counting)), Store(tmp_path))
    calls = len(Counting.shown)
    changed = config(systems=counting, tasks={"dst": {"metrics": ["joint_f1"]}, "policy": {"metrics": ["act_match"]}})
    known = list(statuses(build(changed), Store(tmp_path)))
    assert [(s.trained, s.predicted, s.scored) for s in known] == [(True, True, False)] * 2
    run(build(changed), Store(tmp_path))
    assert len(Counting.shown) == calls


@pytest.mark.parametrize(("source", "first_state"), [("predicted", {"hotel": {"area": ("0",)}}), ("gold", None)])
def test_policy_is_shown_the_state_that_the_config_says(tmp_path, counting, source, first_state):
    tasks = {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"], "state": source}}
    plan = build(config(systems=counting, tasks=tasks))
    run(plan, Store(tmp_path))
    shown = next(item for task, item in Counting.shown if task == "policy")
    gold = next(iter(plan.corpora["plain"].dialogues("test"))).turns[0].state
    assert shown.state == (first_state or gold)
    assert shown.gold is None
    assert shown.previous_state is None


def test_a_kill_in_prediction_keeps_the_training(tmp_path, counting, monkeypatch):
    plan = build(config(systems=counting, tasks={"dst": {"metrics": ["jga"]}}))

    def killed(self, task, inputs):
        yield Prediction("d", 0)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Counting, "predict", killed)
        with pytest.raises(KeyboardInterrupt):
            run(plan, Store(tmp_path))
    assert list((tmp_path / "predictions").iterdir()) == []
    run(plan, Store(tmp_path))
    assert len(Counting.fits) == 1


def test_predictions_made_elsewhere_enter_at_their_station(tmp_path):
    plan = build(config(systems={"oracle": {"system": "oracle"}}, tasks={"dst": {"metrics": ["jga"]}}))
    made = run(plan, Store(tmp_path / "a"))[0]
    path = tmp_path / "theirs-plain.jsonl"
    write_predictions(path, read_predictions(tmp_path / "a" / made.predictions))
    systems = {"theirs": {"predictions": str(tmp_path / "theirs-{corpus}.jsonl")}}
    result = run(build(config(systems=systems, tasks={"dst": {"metrics": ["jga"]}})), Store(tmp_path / "b"))[0]
    assert result.scores[0].value == 100
    assert result.predictions == str(path)


def test_every_wrong_name_is_reported_at_once():
    wrong = config(
        corpora={"a": {"corpus": "simulate"}, "b": {"corpus": "simulated", "options": {"sed": 1}}},
        systems={
            "x": {"system": "oracel"},
            "y": {},
            "z": {"system": "pptod", "params": {"epoch": 3, "batch_size": "x"}},
        },
        tasks={"dst": {"metrics": ["jgaa"]}},
        table={
            "columns": [{"label": "F", "task": "policy", "metric": "act_f1"}],
            "difference": {"corpus": "a", "minus": "c"},
        },
    )
    with pytest.raises(UserError) as caught:
        build(wrong)
    message = str(caught.value)
    for part in (
        "there is no corpus 'simulate'; did you mean 'simulated'?",
        "corpora.b.options.sed: unknown key; did you mean 'seed'?",
        "there is no system 'oracel'; did you mean 'oracle'?",
        "systems.y: give either `system`",
        "systems.z.params.epoch: unknown key; did you mean 'epochs'?",
        "systems.z.params.batch_size:",
        "jgaa",
        "'F' is of the task policy",
        "table.difference: 'c' is not a corpus",
    ):
        assert part in message


def test_unknown_splits_and_empty_slices(tmp_path):
    options = {"corpus": "simulated", "options": {"dialogues": {"test": 4}}}
    with pytest.raises(UserError, match="has no split 'final'; it has train, dev, test"):
        build(config(corpora={"p": {**options, "splits": {"test": "final"}}}))
    plan = build(config(corpora={"p": {**options, "splits": {"test": "test[4:]"}}}))
    with pytest.raises(UserError, match=r"test\[4:\] has no dialogues"):
        run(plan, Store(tmp_path))


def test_a_damaged_store_says_which_file(tmp_path):
    plan = build(config(tasks={"dst": {"metrics": ["jga"]}}))
    run(plan, Store(tmp_path))
    path = Store(tmp_path).result_path(plan.result_key(plan.experiments[0]))
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="delete it, and it will be made again"):
        run(plan, Store(tmp_path))
    path.unlink()
    assert len(run(plan, Store(tmp_path))) == 2


def test_cells_come_in_order_and_untrained_systems_have_one_seed():
    plan = build(config(seeds=[1, 2]))
    assert plan.experiments == (
        Experiment("plain", "oracle", "dst", 1),
        Experiment("plain", "oracle", "policy", 1),
        Experiment("plain", "carry_over", "dst", 1),
    )


def test_results_are_readable_json(tmp_path):
    run(build(config()), Store(tmp_path))
    for path in (tmp_path / "results").glob("*.json"):
        value = json.loads(path.read_text(encoding="utf-8"))
        assert value["experiment"]["corpus"] == "plain"
        assert Path(tmp_path / value["predictions"]).is_file()


def test_the_judge_is_a_metric_of_a_cell(tmp_path):
    judge = tmp_path / "small_judge.yaml"
    judge.write_text(
        "name: small_judge\ntask: likert\ncorpus: {corpus: simulated}\nreference: a\nversions: {a: {}, b: {}}\n"
        "sample: {items: 3, seed: 1}\njudge: {model: scripted}\nbootstrap: {draws: 100}\n",
        encoding="utf-8",
    )
    responses = config(
        systems={"oracle": {"system": "oracle"}},
        tasks={"response": {"metrics": ["bleu"], "judge": [str(judge)]}},
    )
    scores = {score.metric: score for score in run(build(responses), Store(tmp_path / "runs"))[0].scores}
    # The oracle answers what the corpus does, so meaning is kept and nothing is more personal than the reference.
    assert scores["likert_system_meaning"].value == 4
    assert scores["likert_experience"].value < 4
    assert "judge:scripted" in str(scores["likert_experience"].signature)
    assert list((tmp_path / "runs" / "judge").glob("*/judged.jsonl"))
    with pytest.raises(UserError, match="only responses are judged"):
        build(config(tasks={"dst": {"metrics": ["jga"], "judge": [str(judge)]}}))
