"""Results and their store: what was run, what came out, where it came from, kept so that a kill loses nothing finished.

    STORE/models/KEY/system/      a trained system's own folder; KEY/fit.json is there once it is trained
    STORE/predictions/KEY.jsonl   predictions of one experiment (see `tod_bench.predictions`), and KEY.json about them
    STORE/results/KEY.json        scores of one experiment with their provenance
    STORE/locks/KEY.lock          empty; held by the process that is making what has the key

Keys are digests of everything that decides the content, so that equal work is found again and is never done twice.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tod_bench.errors import UserError
from tod_bench.files import full_disk_explained, write_json
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.scores import Score

FORMAT = 1
"""Version of the files in a store."""

Step: TypeAlias = Literal["fit", "predict", "score"]
"""A step on the way from a config to its results."""

_REMEDY = "delete it, and it will be made again"


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment of a run: corpus × system × task × seed, by their labels in the config.

    An experiment of the task ``corpus`` has no system.
    """

    corpus: str
    system: str
    task: ExperimentTask
    seed: int

    @property
    def predicts(self) -> TaskName:
        """The task that its system predicts.

        Raises:
            ValueError: No system predicts anything in it.
        """
        match self.task:
            case "corpus" | "people":
                raise ValueError(f"{self} is not predicted")
            case task:
                return task

    def __str__(self) -> str:
        return " · ".join([part for part in (self.corpus, self.system, self.task) if part] + [f"seed {self.seed}"])


@dataclass(frozen=True, slots=True)
class Result:
    """The scores of an experiment.

    Attributes:
        config: Name of the config that asked for it.
        experiment: The experiment.
        key: Its key in the store.
        scores: The scores.
        predictions: The prediction file, relative to the store (or as given, for predictions made elsewhere).
        provenance: Where the numbers come from, as JSON values.
        inputs: What the key is the digest of, as JSON values; empty in results from before 0.2.
    """

    config: str
    experiment: Experiment
    key: str
    scores: tuple[Score, ...]
    predictions: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def date(self) -> str:
        """When it was made, in UTC; empty where it does not say."""
        return str(self.provenance.get("date", ""))

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "format": FORMAT,
            "config": self.config,
            "experiment": asdict(self.experiment),
            "key": self.key,
            "predictions": self.predictions,
            "scores": [score.to_json() for score in self.scores],
            "provenance": dict(self.provenance),
            "inputs": dict(self.inputs),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Result":
        """The result that `to_json` wrote."""
        return cls(
            config=value["config"],
            experiment=Experiment(**(value.get("experiment") or value["cell"])),
            key=value["key"],
            scores=tuple(Score.from_json(score) for score in value["scores"]),
            predictions=value["predictions"],
            provenance=value["provenance"],
            inputs=value.get("inputs", {}),
        )


class Store:
    """A folder of finished work. Every file in it appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def model_folder(self, key: str) -> Path:
        """The folder that is a trained system's own."""
        return self.root / "models" / key[:24] / "system"

    def predictions_path(self, key: str) -> Path:
        """The prediction file of an experiment; it is complete whenever it is there."""
        return self.root / "predictions" / f"{key[:24]}.jsonl"

    def result_path(self, key: str) -> Path:
        """The result file of an experiment."""
        return self.root / "results" / f"{key[:24]}.json"

    def result(self, key: str) -> Result | None:
        """The result of an experiment; None while it is not finished."""
        return read_result(self.result_path(key))

    def save_result(self, result: Result) -> None:
        """Keeps a result."""
        _keep(self.result_path(result.key), result.to_json())

    def results_of(self, config: str) -> dict[Experiment, Result]:
        """The newest result of each experiment that a config asked for, whatever its key."""
        results = [read_result(path) for path in self.root.glob("results/*.json")]
        asked = [result for result in results if result is not None and result.config == config]
        return {result.experiment: result for result in sorted(asked, key=lambda made: made.date)}

    def files(self, step: Step, key: str) -> list[Path]:
        """The files and folders of a step; the first says that it is finished and is written last."""
        match step:
            case "fit":
                folder = self.model_folder(key).parent
                return [folder / "fit.json", folder]
            case "predict":
                path = self.predictions_path(key)
                return [path.with_suffix(".json"), path]
            case "score":
                return [self.result_path(key)]

    def note(self, step: Step, key: str) -> dict[str, Any] | None:
        """What was noted of a training or of predictions; None while they are not finished.

        It is the note as it was before it was kept: a result says the same whoever made what it depends on.
        """
        path, product = self.files(step, key)
        note = read_record(path) if product.exists() else None
        return None if note is None else {name: note[name] for name in note if name not in ("format", "key")}

    def save_note(self, step: Step, key: str, note: Mapping[str, Any]) -> None:
        """Marks a training or predictions as finished."""
        path, product = self.files(step, key)
        if step == "fit":
            _clear_parts(self.model_folder(key), "**/.*.part")
        _keep(path, {"format": FORMAT, "key": key, **note})
        _clear_parts(product.parent, f".{product.name}.*.part")

    def forget(self, step: Step, key: str) -> bool:
        """Deletes what a step has made; False where there is nothing."""
        paths = self.files(step, key)
        if not any(path.exists() for path in paths):
            return False
        with self.lock(step[0] + key):
            for path in paths:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        return True

    @contextmanager
    def lock(self, key: str, waits: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Holds a key while something is made for it; the system lets go of it when the process dies, however it does.

        Args:
            key: The key.
            waits: Called once if another process holds it.

        Raises:
            UserError: The store cannot be written to, or its disk fills up inside of the block.
        """
        from filelock import FileLock, Timeout

        folder = self.root / "locks"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{key[:24]}.lock")
            try:
                held = lock.acquire(timeout=0)
            except Timeout:
                waits()
                held = lock.acquire()
        except OSError as error:
            raise UserError(
                f"{self.root} cannot be written to: {error.strerror}; make room there, or choose another --store"
            ) from None
        with held, full_disk_explained(self.root):
            yield


def read_record(path: Path) -> dict[str, Any] | None:
    """Reads a JSON file of a store; None where there is none.

    Raises:
        UserError: It is unreadable, damaged, or of another version.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); {_REMEDY}") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise UserError(f"{path} was not written by this version of tod-bench; use another --store")
    return value


def read_result(path: Path) -> Result | None:
    """Reads a result file; None where there is none.

    Raises:
        UserError: It is unreadable, damaged, or of another version.
    """
    value = read_record(path)
    try:
        return None if value is None else Result.from_json(value)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not a result of tod-bench ({error!r}); {_REMEDY}") from None


def _keep(path: Path, value: Mapping[str, Any]) -> None:
    write_json(path, value)
    _clear_parts(path.parent, f".{path.name}.*.part")


def _clear_parts(folder: Path, pattern: str) -> None:
    # Who holds the lock of a key is the only one to write its files: any other part is of a process that was killed.
    for part in folder.glob(pattern):
        part.unlink(missing_ok=True)
