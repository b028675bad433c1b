"""No stale number: what decides a result is in its key by content, `plan` says what changed, `--force` runs again."""

import importlib
import json
import os
import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import tod_bench.experiments.content
import tod_bench.experiments.keys
import tod_bench.experiments.opening
import tod_metrics.registry
from tod_bench.cli.plan import command as plan_command
from tod_bench.cli.run import command as run_command
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.content import local_files, source_digest
from tod_bench.experiments.forcing import forget
from tod_bench.experiments.keys import changes
from tod_bench.experiments.plan import build
from tod_bench.experiments.result_jobs import ScorePredictions
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run, statuses
from tod_bench.plugins import with_defaults
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.systems import System

SYSTEM = """
from helping import answer
from tod_bench.records import Prediction


class Mine:
    tasks = frozenset({"dst", "policy"})
    gold_access = frozenset()
    log = []

    def __init__(self, model: str = "", trained: bool = True) -> None:
        self.model, self.trained = model, trained

    def fits_together(self, task):
        return ("dst", "policy") if self.trained else ()

    def fit(self, train, dev, context):
        self.log.append("fit")
        (context.folder / "weights").write_text("w")
        return {}

    def load(self, context):
        self.log.append("load")

    def predict(self, task, inputs):
        self.log.append(task)
        for shown in inputs:
            yield Prediction(shown.dialogue_id, shown.turn, answer(), ())
"""

HELPER = """
def answer():
    return {}
"""

METRIC = """
from dataclasses import dataclass

import numpy as np

from tod_metrics.base import Metric, Signature, percentage
from tod_metrics.items import ActItem


@dataclass(frozen=True)
class Empty(Metric):
    item = ActItem
    name = "empty"
    columns = ("empty", "turns")
    percent = True
    higher_is_better = None

    @property
    def signature(self):
        return Signature(self.name, {})

    def statistics(self, items):
        return np.array([[not item.predicted, 1] for item in items], dtype=float)

    def aggregate(self, sums):
        return percentage(sums[..., 0], sums[..., 1])
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a system, a module that it imports, and a metric, found as installed ones are."""
    folder = tmp_path / "code"
    folder.mkdir()
    for name, text in {"my_system": SYSTEM, "helping": HELPER, "my_metric": METRIC}.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    tod_bench.experiments.content._spec.cache_clear()
    for name in ("my_system", "helping", "my_metric"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    known = tod_bench.experiments.opening.system_class
    system = EntryPoint("mine", "my_system:Mine", "tod_bench.systems")
    monkeypatch.setattr(
        tod_bench.experiments.opening,
        "system_class",
        lambda name: with_defaults(system.load(), System) if name == "mine" else known(name),
    )
    monkeypatch.setitem(tod_metrics.METRICS, "empty", "my_metric:Empty")  # type: ignore[attr-defined]
    tod_metrics.registry.registered.cache_clear()
    yield folder
    tod_metrics.registry.registered.cache_clear()
    tod_bench.experiments.content._spec.cache_clear()


def config(*, metric: str = "act_f1", **params: Any) -> EvalConfig:
    value = {
        "name": "content",
        "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 4, "dev": 2, "test": 3}}}},
        "systems": {"mine": {"system": "mine", "params": params}, "floor": {"system": "majority"}},
        "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": [metric]}},
        "bootstrap": {"draws": 0},
    }
    return EvalConfig.model_validate(value)


def steps(made: EvalConfig, store: Path) -> list[str]:
    """What a run does for the system `mine`; loads are left out."""
    log = sys.modules["my_system"].Mine.log if "my_system" in sys.modules else []
    log.clear()
    run(build(made), Store(store))
    return [step for step in sys.modules["my_system"].Mine.log if step != "load"]


def changed(made: EvalConfig, store: Path, system: str = "mine") -> set[str]:
    known = statuses(build(made), Store(store))
    return {phrase for status in known if status.experiment.system == system for phrase in status.changed}


def append(path: Path, text: str = "\n# another line\n") -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize("edited", ["my_system.py", "helping.py"])
def test_an_edited_system_is_run_again(mine: Path, tmp_path: Path, edited: str) -> None:
    assert steps(config(), tmp_path / "store") == ["fit", "dst", "policy"]
    assert steps(config(), tmp_path / "store") == []
    append(mine / edited)
    assert changed(config(), tmp_path / "store") == {"the source of the system mine changed"}
    assert changed(config(), tmp_path / "store", "floor") == set()
    assert steps(config(), tmp_path / "store") == ["fit", "dst", "policy"]


def test_a_file_beside_it_that_it_does_not_import_changes_nothing(mine: Path, tmp_path: Path) -> None:
    (mine / "unrelated.py").write_text("", encoding="utf-8")
    steps(config(), tmp_path / "store")
    append(mine / "unrelated.py")
    assert steps(config(), tmp_path / "store") == []


def test_an_edited_package_is_noticed_in_any_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "code" / "theirs"
    package.mkdir(parents=True)
    for name in ("__init__.py", "deep.py", "prompt.txt"):
        (package / name).write_text("", encoding="utf-8")
    (package / "deep.py").write_text("class System: pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    tod_bench.experiments.content._spec.cache_clear()
    system = EntryPoint("x", "theirs.deep:System", "tod_bench.systems").load()
    seen = [source_digest(system)]
    for name in ("__init__.py", "prompt.txt"):
        append(package / name)
        seen.append(source_digest(system))
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "x.py").write_text("", encoding="utf-8")
    assert len({one["source"] for one in seen}) == 3
    assert source_digest(system) == seen[-1]


def test_new_weights_in_a_model_folder_train_again(mine: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}", encoding="utf-8")
    (model / "model.safetensors").write_bytes(b"0" * 100)
    made = config(model=str(model))
    steps(made, tmp_path / "store")
    assert steps(made, tmp_path / "store") == []
    before = (model / "model.safetensors").stat()
    (model / "model.safetensors").write_bytes(b"1" * 100)
    # As a copy that keeps times would leave it: size and time of change are the old ones.
    os.utime(model / "model.safetensors", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed(made, tmp_path / "store") == {f"the content of {model} changed"}
    assert steps(made, tmp_path / "store") == ["fit", "dst", "policy"]


def test_an_untrained_system_with_a_model_folder_predicts_again(mine: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(b"0")
    made = config(model=str(model), trained=False)
    assert steps(made, tmp_path / "store") == ["dst", "policy"]
    model.write_bytes(b"1")
    assert steps(made, tmp_path / "store") == ["dst", "policy"]


def test_systems_that_are_not_trained_are_loaded_before_they_are_asked(mine: Path, tmp_path: Path) -> None:
    run(build(config(trained=False)), Store(tmp_path / "store"))
    assert sys.modules["my_system"].Mine.log == ["load", "dst", "policy"]


def test_an_edited_metric_scores_again(mine: Path, tmp_path: Path) -> None:
    made = config(metric="empty")
    steps(made, tmp_path / "store")
    append(mine / "my_metric.py")
    assert changed(made, tmp_path / "store") == {"the source of the metric empty changed"}
    known = {status.experiment.task: status for status in statuses(build(made), Store(tmp_path / "store"))}
    assert [known[task].scored for task in ("dst", "policy")] == [True, False]
    assert known["policy"].predicted
    assert steps(made, tmp_path / "store") == []


def test_another_version_of_a_library_scores_again(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {
        **config().model_dump(exclude_unset=True),
        "systems": {"floor": {"system": "majority"}},
        "tasks": {"dst": {"metrics": ["jga"]}, "response": {"metrics": ["copy_rate"], "acts": "gold", "state": "gold"}},
    }
    made = EvalConfig.model_validate(value)

    def keys(versions: dict[str, str]) -> dict[str, str]:
        monkeypatch.setattr(tod_bench.experiments.keys, "installed_version", versions.get)
        plan = build(made)
        return {experiment.task: ScorePredictions(plan, experiment).key for experiment in plan.experiments}

    none, old, new = keys({}), keys({"scikit-learn": "1"}), keys({"scikit-learn": "2"})
    assert len({each["response"] for each in (none, old, new)}) == 3
    assert none["dst"] == old["dst"] == new["dst"]


def test_an_edited_prediction_file_is_scored_again(mine: Path, tmp_path: Path) -> None:
    first = run(build(config()), Store(tmp_path / "a"))[0]
    file = tmp_path / "theirs.jsonl"
    predictions = list(read_predictions(tmp_path / "a" / first.predictions))
    write_predictions(file, predictions)
    raw = config().model_dump(mode="json", exclude_unset=True)
    raw |= {"systems": {"mine": {"predictions": str(file), "tasks": ["dst"]}}}
    made = EvalConfig.model_validate(raw)
    before = run(build(made), Store(tmp_path / "b"))[0]
    write_predictions(file, [predictions[0], *predictions[1:]][::-1])
    assert changed(made, tmp_path / "b") == {f"the content of {file} changed"}
    after = run(build(made), Store(tmp_path / "b"))[0]
    assert before.key != after.key


def test_a_judge_is_asked_anew_when_its_prompt_file_changes(tmp_path: Path) -> None:
    prompt = tmp_path / "likert.txt"
    shipped = Path(tod_bench.__file__).parent / "judge" / "prompts" / "likert.txt"
    prompt.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    judge = {"task": "likert", "prompt": str(prompt), "sample": {"items": 2}, "bootstrap": {"draws": 100}}
    raw = config().model_dump(mode="json", exclude_unset=True)
    raw |= {"systems": {"mine": "oracle"}, "tasks": {"response": {"judge": [judge]}}, "judge": {"model": "scripted"}}
    made = EvalConfig.model_validate(raw)
    run(build(made), Store(tmp_path / "store"))
    append(prompt)
    assert changed(made, tmp_path / "store") == {f"the content of {prompt} changed"}


def test_a_classifier_is_asked_anew_when_its_training_texts_change(tmp_path: Path) -> None:
    texts = tmp_path / "texts.csv"
    texts.write_text("item,text,label\n1,I am sorry,sadness\n2,wow,surprise\n3,alas,sadness\n", encoding="utf-8")
    judge = {"task": "emotions", "sample": {"items": 2}, "bootstrap": {"draws": 100}}
    raw = config().model_dump(mode="json", exclude_unset=True)
    raw |= {"systems": {"mine": "oracle"}, "tasks": {"response": {"judge": [judge]}}}
    made = EvalConfig.model_validate(raw | {"judge": {"model": "classifier-majority", "trained_on": str(texts)}})
    run(build(made), Store(tmp_path / "store"))
    texts.write_text("item,text,label\n1,I am sorry,sadness\n2,wow,surprise\n3,oh,surprise\n", encoding="utf-8")
    assert changed(made, tmp_path / "store") == {f"the content of {texts} changed"}


def test_a_classifier_is_asked_anew_when_goemotions_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained on its own files, which the config need not name."""
    train = tmp_path / "data" / "goemotions" / "data" / "train.tsv"
    train.parent.mkdir(parents=True)
    train.write_text("I am sorry\t25\ta\nwow\t26\tb\n", encoding="utf-8")
    monkeypatch.setenv("TOD_BENCH_DATA", str(tmp_path / "data"))
    judge = {"task": "emotions", "sample": {"items": 2}, "bootstrap": {"draws": 100}}
    raw = config().model_dump(mode="json", exclude_unset=True)
    raw |= {"systems": {"mine": "oracle"}, "tasks": {"response": {"judge": [judge]}}}
    made = EvalConfig.model_validate(raw | {"judge": {"model": "classifier-majority"}})
    run(build(made), Store(tmp_path / "store"))
    assert changed(made, tmp_path / "store") == set()
    append(train, "fine\t27\tc\n")
    assert changed(made, tmp_path / "store") == {"the content of goemotions:train changed"}


def test_a_setting_that_changed_is_named(mine: Path, tmp_path: Path) -> None:
    steps(config(), tmp_path / "store")
    assert changed(config(trained=False), tmp_path / "store") == {
        "params.trained is false, and was not set",
        'tasks is [], not ["dst", "policy"]',
    }


def test_changes_are_phrases_each_once() -> None:
    fit = {"version": "1", "corpus": {"fingerprint": "a", "source": "s"}, "train": "train", "system": "x"}
    before = {"scored": {"fit": fit}, "metrics": ["jga"], "harness": "h", "version": "1"}
    now = json.loads(json.dumps(before))
    assert changes(before, now) == ()
    now["scored"]["fit"] |= {"version": "2", "train": "train[:5]", "corpus": {"fingerprint": "b", "source": "t"}}
    now |= {"version": "2", "metrics": ["slot_f1"], "harness": "i"}
    assert changes(before, now) == (
        "tod-bench is 2, not 1",
        "the corpus's files or options changed",
        "the source of the corpus's reader changed",
        "the training split is train[:5], not train",
        'metrics is ["slot_f1"], not ["jga"]',
        "the code of tod-bench itself changed",
    )


def test_settings_that_name_nothing_here_are_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder" / ".git").mkdir(parents=True)
    (tmp_path / "folder" / ".git" / "index").write_text("x", encoding="utf-8")
    (tmp_path / "folder" / "a").write_text("x", encoding="utf-8")
    assert local_files({"model": "t5-small", "n": 3, "dot": ".", "up": "../", "empty": "", "long": "x" * 5000}) == {}
    found = local_files({"deep": [{"model": "folder"}], "file": "./folder/a", "bad": "a\0b"})
    assert list(found) == ["./folder/a", "folder"]
    (tmp_path / "folder" / ".git" / "index").write_text("y", encoding="utf-8")
    assert local_files(["folder"]) == {"folder": found["folder"]}


@pytest.mark.parametrize(
    ("wanted", "counts", "again"),
    [
        ("fit", (2, 4, 4), ["fit", "dst", "policy"]),
        ("fit:mine", (1, 2, 2), ["fit", "dst", "policy"]),
        ("mine", (1, 2, 2), ["fit", "dst", "policy"]),
        # Policy is shown the states of dst, so it follows; one training serves both.
        ("predict:mine/dst", (0, 2, 2), ["dst", "policy"]),
        ("predict:mine/policy", (0, 1, 1), ["policy"]),
        ("score", (0, 0, 4), []),
        ("score:dst/1/plain", (0, 0, 2), []),
        ("plain · mine · policy · seed 1", (1, 2, 2), ["fit", "dst", "policy"]),
    ],
)
def test_what_is_forced_is_made_again(
    mine: Path, tmp_path: Path, wanted: str, counts: tuple[int, int, int], again: list[str]
) -> None:
    steps(config(), tmp_path)
    assert forget(build(config()), Store(tmp_path), [wanted]) == counts
    assert steps(config(), tmp_path) == again
    assert forget(build(config()), Store(tmp_path / "empty"), [wanted]) == (0, 0, 0)


def test_what_cannot_be_forced_is_said(mine: Path, tmp_path: Path) -> None:
    for text, near in {"fitt": "fit", "predict:mien": "mine", "mine/dts": "dst"}.items():
        with pytest.raises(UserError, match=f"--force {text}: .* did you mean '{near}'"):
            forget(build(config()), Store(tmp_path), [text])


def test_the_command_line_says_what_changed_and_what_is_forced(tmp_path: Path) -> None:
    file = tmp_path / "floors.yaml"
    file.write_text(
        "name: floors\ncorpora: {plain: {corpus: simulated, options: {dialogues: {train: 4, dev: 2, test: 3}}}}\n"
        "systems: [majority]\ntasks: {dst: jga}\nbootstrap: {draws: 0}\n",
        encoding="utf-8",
    )
    arguments = [str(file), "--store", str(tmp_path / "store")]
    assert CliRunner().invoke(run_command, [*arguments, "--quiet"]).exit_code == 0
    forced = CliRunner().invoke(run_command, [*arguments, "--quiet", "--force", "predict"])
    assert "made again: 0 trainings, 1 predictions, 1 scores" in forced.output
    planned = CliRunner().invoke(plan_command, [*arguments, "bootstrap.draws=7"]).output
    assert "changed: bootstrap.draws is 7, not 0 since the result of 20" in planned
