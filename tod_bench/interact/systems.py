"""Systems of the harness as parts of an agent: opened by name, trained from the corpus's training split, and asked.

FOLDER/models/KEY/          what a system of this training keeps, as an experiment's
FOLDER/models/KEY.fit.json  what was learned from, once the training is through
"""

import importlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tod_bench import __version__
from tod_bench.binding import bind, in_a_line
from tod_bench.digests import digest_within, digests
from tod_bench.errors import UserError
from tod_bench.files import digest_of, write_json
from tod_bench.interact.agents import Stage
from tod_bench.interact.llm_models import access_of
from tod_bench.memory import give_back
from tod_bench.records import Prediction, TaskName
from tod_bench.splits import read_all, signed_split
from tod_bench.systems import FitContext, System, TurnInput, gold_access_of, system_class

_FITTED = "fit.json"


class SystemSection(BaseModel):
    """A system of an agent.

    Attributes:
        system: Its name (`tod-bench list systems`).
        params: Its parameters, as in an eval config.
        train: Split expression of the dialogues that it learns from.
        dev: Split expression of those that it is selected on.
        folder: A folder of a training that is finished, such as ``models/KEY/system`` of a store; nothing is trained.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str
    params: dict[str, Any] = Field(default_factory=dict)
    train: str = "train"
    dev: str = "dev"
    folder: Path | None = None


def section_of(given: object, place: str) -> SystemSection:
    """The section that a config gives: a name, or keys and values.

    Raises:
        UserError: It is neither, or has errors.
    """
    try:
        return SystemSection.model_validate({"system": given} if isinstance(given, str) else given)
    except ValidationError as error:
        raise UserError(f"{place}: {in_a_line(error, 'it')}") from None


class PlayedSystem:
    """A system that answers single turns of many dialogues.

    Args:
        section: The system.
        tasks: What it is asked for.
        stage: Where it plays.

    Attributes:
        signature: What decides its answers.

    Raises:
        UserError: There is no such system, it cannot do a task, it must be shown gold, or a parameter is wrong.
    """

    def __init__(self, section: SystemSection, tasks: Sequence[TaskName], stage: Stage) -> None:
        self._section, self._tasks, self._stage = section, tasks, stage
        self._class = system_class(section.system)
        self._params, wrong = bind(self._class, section.params, section.system)
        if not wrong:
            wrong = list(self._new().check())
        if wrong:
            raise UserError(f"agent trio: {'; '.join(wrong)}")
        fresh = self._new()
        for task in tasks:
            if task not in fresh.tasks:
                raise UserError(
                    f"agent trio: {section.system} cannot do {task}; it does {', '.join(sorted(fresh.tasks))}"
                )
        if shown := gold_access_of(fresh):
            raise UserError(
                f"agent trio: {section.system} must be shown gold ({', '.join(sorted(shown))}), and a dialogue that is "
                "only just held has none"
            )
        self.signature = self._signature(fresh)
        self._systems = {tuple(sorted(together)): self._loaded(together) for together in self._trainings(fresh)}

    def predict(self, asked: Sequence[tuple[TaskName, Sequence[TurnInput]]]) -> list[Prediction]:
        """Answers the last turns of dialogues.

        Systems may answer a turn by what they answered for the turns before, so that they are always asked for whole
        dialogues, as in an experiment.

        Args:
            asked: For each dialogue the task, and the inputs of its turns so far; no two of a task are of the same one.
        """
        by_task: dict[TaskName, list[Sequence[TurnInput]]] = defaultdict(list)
        for task, turns in asked:
            by_task[task].append(turns)
        found: dict[tuple[TaskName, str, int], Prediction] = {}
        for task, dialogues in by_task.items():
            inputs = [turn for turns in dialogues for turn in turns]
            for prediction in self._system_for(task).predict(task, inputs):
                found[task, prediction.dialogue_id, prediction.turn] = prediction
        return [found[task, turns[-1].dialogue_id, turns[-1].turn] for task, turns in asked]

    def answers(self, task: TaskName, inputs: Sequence[TurnInput]) -> list[Prediction]:
        """Answers all turns of recorded dialogues, as in an experiment."""
        return list(self._system_for(task).predict(task, inputs))

    def _new(self) -> System:
        return self._class(**self._params)

    def _system_for(self, task: TaskName) -> System:
        return next(system for tasks, system in self._systems.items() if task in tasks)

    def _trainings(self, fresh: System) -> list[tuple[TaskName, ...]]:
        """The tasks that are learned together, each with those that are not trained by itself."""
        together: dict[tuple[TaskName, ...], None] = {}
        for task in self._tasks:
            together[tuple(fresh.fits_together(task)) or (task,)] = None
        return list(together)

    def _signature(self, fresh: System) -> dict[str, Any]:
        section, corpus = self._section, self._stage.corpus
        kept = {name: value for name, value in section.params.items() if name not in fresh.operating_settings}
        signature: dict[str, Any] = {"system": section.system, "code": _source(self._class), "version": __version__}
        signature |= {"params": kept} if kept else {}
        files = [Path(value) for value in kept.values() if isinstance(value, str) and _is_path(value)]
        folders = [*files, *([section.folder] if section.folder else [])]
        signature |= {"files": [_content(path) for path in folders]} if folders else {}
        if section.folder is None and any(fresh.fits_together(task) for task in self._tasks):
            splits = [signed_split(corpus, expression) for expression in (section.train, section.dev)]
            signature["learned"] = {"corpus": corpus.fingerprint[:16], "splits": splits, "seed": self._stage.seed}
        return signature

    def _loaded(self, together: tuple[TaskName, ...]) -> System:
        section, stage, system = self._section, self._stage, self._new()
        needs_training = bool(system.fits_together(together[0])) and section.folder is None
        folder = section.folder or stage.folder / digest_of([self.signature, together])[:24]
        context = FitContext(
            together[0],
            stage.corpus.schema,
            stage.seed,
            folder,
            stage.corpus.database,
            access_of(stage),
            stage.corpus.images,
        )
        if section.folder is not None and not section.folder.is_dir():
            raise UserError(f"agent trio: {section.system}: there is no folder {section.folder}")
        if needs_training:
            self._train(context)
        folder.mkdir(parents=True, exist_ok=True)
        system.load(context)
        return system

    def _train(self, context: FitContext) -> None:
        """Trains into the folder, once; processes that play side by side wait for the one that trains."""
        from filelock import FileLock

        context.folder.parent.mkdir(parents=True, exist_ok=True)
        done = context.folder.with_name(f"{context.folder.name}.{_FITTED}")
        with FileLock(f"{context.folder}.lock"):
            if done.exists():
                return
            context.folder.mkdir(exist_ok=True)
            corpus, section = self._stage.corpus, self._section
            train, dev = (read_all(corpus, expression) for expression in (section.train, section.dev))
            details = self._new().fit(train, dev, context)
            give_back()
            write_json(done, json.loads(json.dumps({"signature": self.signature, "details": details}, default=str)))


def _is_path(text: str) -> bool:
    """Whether there is a file or a folder of this name; a text that no file system takes as a name is none."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _source(code: type) -> str:
    """Digest of the files beside a class's module, which can change without a new version."""
    place = getattr(importlib.import_module(code.__module__), "__file__", None)
    if place is None:
        return code.__qualname__
    return _content(Path(place).parent, ".py", ".jinja", ".json", ".yaml")[:16]


def _content(path: Path, *endings: str) -> str:
    """Digest of a file, or of the names and contents of a folder's files."""
    if path.is_file():
        return digests([path])[path]
    files = (
        file
        for file in path.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and (not endings or file.suffix in endings)
    )
    return digest_within(path, files)
