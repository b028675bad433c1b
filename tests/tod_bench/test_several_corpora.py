"""Trainings on several corpora, or on another than the one that is tested."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

import tod_bench.experiments.opening
from tod_bench.corpora.base import corpus_class
from tod_bench.corpora.joined import union
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.jobs import Predict
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run, statuses
from tod_bench.files import write_json
from tod_bench.records import Dialogue, Prediction, SlotSpec, TaskName
from tod_bench.reports.table import make_table
from tod_bench.simulated.corpus import Simulated
from tod_bench.simulated.portraits import DrawnPortraits
from tod_bench.splits import SplitOf, own_split, splits_of
from tod_bench.sweeps.trials import parts
from tod_bench.systems import FitContext, System, TurnInput, system_class


class Notebook(System):
    """Writes down what it is trained on, and tracks nothing."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "policy"})
    fits: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, needs_policy: bool = False) -> None:
        self.needs_policy = needs_policy

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        return (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        self.fits.append(
            {
                "train": [(dialogue.corpus, dialogue.split) for dialogue in train],
                "dev": [(dialogue.corpus, dialogue.split) for dialogue in dev],
                "schema": set(context.schema),
                "database": context.database,
                "images": context.images,
            }
        )
        write_json(context.folder / "done.json", {})
        return {}

    def load(self, context: FitContext) -> None:
        self.schema = context.schema

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        for shown in inputs:
            yield Prediction(
                shown.dialogue_id, shown.turn, {} if task == "dst" else None, () if task != "dst" else None
            )


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> type[System]:
        return Notebook if name == "notebook" else system_class(name)

    monkeypatch.setattr(tod_bench.experiments.opening, "system_class", found)
    Notebook.fits.clear()


def section(seed: int, **splits: Any) -> dict[str, Any]:
    options = {"dialogues": {"train": 6, "dev": 3, "test": 3}, "seed": seed}
    return {"corpus": "simulated", "options": options, "splits": splits}


def config(corpora: dict[str, Any], **changes: Any) -> EvalConfig:
    value = {
        "name": "joint",
        "corpora": corpora,
        "systems": {"book": {"system": "notebook"}},
        "tasks": {"dst": {"metrics": ["jga"]}},
        "bootstrap": {"draws": 0},
        **changes,
    }
    return EvalConfig.model_validate(value)


def plan(corpora: dict[str, Any], **changes: Any) -> Plan:
    return build(config(corpora, **changes))


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("train", [("a", "train")]),
        ("dev[:80]+test{taxi}[10%:]", [("a", "dev[:80]+test{taxi}[10%:]")]),
        ("b:train[:5]", [("b", "train[:5]")]),
        (["a:train", " my corpus : dev[::2]"], [("a", "train"), ("my corpus", "dev[::2]")]),
    ],
)
def test_a_setting_names_corpora_and_splits(setting: Any, expected: list[tuple[str, str]]) -> None:
    assert list(splits_of("a", setting)) == [SplitOf(*pair) for pair in expected]


def test_the_own_dialogues_of_a_setting_are_one_expression() -> None:
    assert own_split("a", ["a:train[:2]", "b:train", "dev"]) == "train[:2]+dev"
    assert own_split("a", "b:train") == ""


def test_a_training_reads_every_corpus_named(tmp_path: Path) -> None:
    joint = ["a:train[:4]", "b:train[:2]"]
    laid_out = plan({"a": section(1, train=joint, dev="b:dev[:1]"), "b": section(2, test="none")})
    assert [experiment.corpus for experiment in laid_out.experiments] == ["a"]
    (result,) = run(laid_out, Store(tmp_path))
    (fit,) = Notebook.fits
    assert len(fit["train"]) == 6
    assert len(fit["dev"]) == 1
    assert result.provenance["corpus"]["splits"]["train"] == joint
    assert len(make_table(laid_out.config, [result]).rows) == 1
    origins = result.provenance["corpus"]["trained_on"]
    assert set(origins) == {"a:train[:4]", "b:train[:2]", "b:dev[:1]"}
    assert origins["b:dev[:1]"]["fingerprint"] == laid_out.corpora["b"].fingerprint
    sentence = "book, tested on a, is trained on a:train[:4], b:train[:2] and selected on b:dev[:1]"
    assert sentence in laid_out.remarks()
    note = Predict(laid_out, result.experiment).training.record(Store(tmp_path))
    assert note["trained_on"] == {"a:train[:4]": 4, "b:train[:2]": 2}
    assert note["selected_on"] == {"b:dev[:1]": 1}
    assert note["train_ids_twice"] == 2


def test_one_training_serves_every_corpus_that_names_the_same_dialogues(tmp_path: Path) -> None:
    joint = {"train": ["a:train", "b:train"], "dev": "a:dev"}
    laid_out = plan({"a": section(1, **joint), "b": section(2, **joint)})
    assert len(run(laid_out, Store(tmp_path))) == 2
    assert len(Notebook.fits) == 1
    folders = {status.model_folder for status in statuses(laid_out, Store(tmp_path))}
    assert len(folders) == 1


def test_predictions_on_two_corpora_of_one_training_are_kept_apart(tmp_path: Path) -> None:
    joint = {"train": ["c:train"], "dev": "c:dev"}
    corpora = {"a": section(1, **joint), "b": section(2, **joint), "c": section(3, test="none")}
    results = run(plan(corpora), Store(tmp_path))
    assert len({result.key for result in results}) == 2
    assert len(Notebook.fits) == 1


def test_the_key_of_a_training_on_its_own_corpus_is_what_it_was(tmp_path: Path) -> None:
    run(plan({"a": section(1)}), Store(tmp_path))
    run(
        plan(
            {"a": section(1, train=["a:train"], dev=["dev"]), "b": section(2)},
            systems={"book": {"system": "notebook", "corpora": ["a"]}},
        ),
        Store(tmp_path),
    )
    assert len(Notebook.fits) == 1


@pytest.mark.parametrize(
    ("corpora", "words"),
    [
        ({"a": section(1, train=["a:train", "bb:train"]), "b": section(2)}, "corpora.a.splits.train: 'bb'"),
        ({"a": section(1, train="b:trian"), "b": section(2)}, "has no split 'trian'"),
        ({"a": section(1, test="b:test"), "b": section(2)}, "tested on its own dialogues"),
        ({"a": section(1, train=["a:train", "b:"]), "b": section(2)}, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(corpora: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        plan(corpora)


def test_a_corpus_that_is_counted_names_dialogues_of_its_own() -> None:
    counted = {"dst": {"metrics": ["jga"]}, "corpus": {"metrics": ["dialogues"]}}
    with pytest.raises(UserError, match="counts its own dialogues"):
        plan({"a": section(1, train="b:train"), "b": section(2)}, tasks=counted)


def test_something_is_tested() -> None:
    with pytest.raises(ValueError, match="nothing to test on"):
        config({"a": section(1, test="none")})
    with pytest.raises(ValueError, match="at least one split"):
        config({"a": section(1, train=[])})


def test_test_dialogues_are_seen_through_another_label() -> None:
    corpora = {"a": section(1, train="twin:test"), "twin": section(1, test="none")}
    laid_out = plan(corpora)
    assert laid_out.gold_shown(laid_out.experiments[0]) == ("test_dialogues",)
    apart = plan({"a": section(1, train="other:test"), "other": section(2, test="none")})
    assert apart.gold_shown(apart.experiments[0]) == ()
    selected = plan({"a": section(1, dev="twin:test[:1]"), "twin": section(1, test="none")})
    assert selected.gold_shown(selected.experiments[0]) == ("test_dialogues",)


def test_databases_of_two_readers_are_not_mixed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Other(Simulated):
        """Another reader, with a database of its own."""

    def found(name: str) -> Any:
        return Other if name == "other" else corpus_class(name)

    monkeypatch.setattr(tod_bench.experiments.opening, "corpus_class", found)
    monkeypatch.setattr(Notebook, "tasks", frozenset({"dst", "policy"}))
    corpora = {"a": section(1, train=["a:train", "b:train"]), "b": {**section(2, test="none"), "corpus": "other"}}
    run(plan(corpora), Store(tmp_path))
    assert Notebook.fits[0]["database"] is None
    counted = plan(corpora, tasks={"policy": {"metrics": ["act_f1"], "state": "gold"}})
    with pytest.raises(UserError, match="a and b have databases of their own"):
        run(counted, Store(tmp_path))
    alike = {"a": corpora["a"], "b": section(2, test="none")}
    run(plan(alike, tasks={"policy": {"metrics": ["act_f1"], "state": "gold"}}), Store(tmp_path / "alike"))
    assert Notebook.fits[-1]["database"] is not None


def test_pictures_are_those_of_the_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Unseen(Simulated):
        """A corpus without pictures."""

        images = None

    class Larger(Simulated):
        """One with pictures of its own."""

        images = DrawnPortraits(128)

    known = {"unseen": Unseen, "larger": Larger}
    monkeypatch.setattr(
        tod_bench.experiments.opening, "corpus_class", lambda name: known.get(name) or corpus_class(name)
    )
    monkeypatch.setattr(Notebook, "sees", True)
    both = ["a:train", "b:train"]
    alike = plan({"a": section(1, train=both), "b": section(2, test="none")})
    run(alike, Store(tmp_path))
    assert Notebook.fits[-1]["images"].fingerprint == Simulated().images.fingerprint
    unseen = plan({"a": {**section(1, train="b:train"), "corpus": "unseen"}, "b": section(2, test="none")})
    run(unseen, Store(tmp_path))
    assert Notebook.fits[-1]["images"].fingerprint == Simulated().images.fingerprint
    training = Predict(unseen, unseen.experiments[0]).training
    assert training.context(Store(tmp_path), None).images is None
    assert set(training.inputs) & {"images", "learned_images"} == {"learned_images"}
    apart = {"a": section(1, train=both), "b": {**section(2, test="none"), "corpus": "larger"}}
    with pytest.raises(UserError, match="a and b have pictures of their own, and book looks at pictures"):
        run(plan(apart), Store(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Notebook, "fits_together", lambda self, task: ())
        assert len(run(plan(apart), Store(tmp_path))) == 1  # what is not trained learns of no pictures
    monkeypatch.setattr(Notebook, "sees", False)
    assert len(run(plan(apart), Store(tmp_path / "unseen"))) == 1


def test_a_part_of_a_run_keeps_the_corpora_that_it_is_trained_on() -> None:
    whole = config({"a": section(1, train=["a:train", "b:train"]), "b": section(2)})
    found = {trial.levels["corpus"]: trial.config for trial in parts(whole)}
    assert found["a"].tested == ("a",)
    assert set(found["a"].corpora) == {"a", "b"}
    assert set(found["b"].corpora) == {"b"}
    assert [len(build(one).experiments) for one in found.values()] == [1, 1]


def test_schemas_are_joined() -> None:
    first = {"hotel": {"area": SlotSpec("where", True, ("north",)), "name": SlotSpec()}}
    second = {"hotel": {"area": SlotSpec("", True, ("south", "north"))}, "taxi": {"departure": SlotSpec("from")}}
    assert union([first, second]) == {
        "hotel": {"area": SlotSpec("where", True, ("north", "south")), "name": SlotSpec()},
        "taxi": {"departure": SlotSpec("from")},
    }
    assert union([first]) is first


def test_dialogues_without_acts_are_not_learned_from_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Simulated.dialogues

    def two_without_acts(self: Simulated, split: str) -> Iterator[Dialogue]:
        for number, dialogue in enumerate(read(self, split)):
            bare = split == "train" and number < 2
            yield (
                replace(dialogue, turns=tuple(replace(turn, acts=()) for turn in dialogue.turns)) if bare else dialogue
            )

    monkeypatch.setattr(Simulated, "dialogues", two_without_acts)
    tasks = {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"], "state": "none"}}
    results = run(plan({"one": section(1)}, tasks=tasks), Store(tmp_path))
    notes = {result.experiment.task: result.provenance["corpus"]["notes"] for result in results}
    assert not any("not learned" in note for note in notes["dst"])
    [said] = [note for note in notes["policy"] if "not learned" in note]
    assert said.startswith("2 of 6 training dialogues have no gold answer to the task policy")
