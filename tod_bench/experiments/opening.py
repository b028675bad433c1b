"""The corpora and systems that a config names: found, bound to their settings, opened; every error is collected."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from tod_bench.binding import bind
from tod_bench.corpora.base import Corpus, corpus_class
from tod_bench.errors import MissingError, UserError
from tod_bench.experiments.conditioning import Conditioning
from tod_bench.experiments.config import CorpusConfig, SystemConfig
from tod_bench.experiments.content import source_digest
from tod_bench.experiments.requirements import Requirement
from tod_bench.records import TaskName
from tod_bench.splits import UNTESTED, parse_split, splits_of
from tod_bench.systems import GROUP, System, gold_access_of, system_class


@dataclass(frozen=True)
class BoundSystem:
    """A system of a config: its class bound to its parameters, or a prediction file.

    Attributes:
        config: Its section.
        code: Its class; None for a prediction file.
        params: Its parameters, as the class's signature has them.
    """

    config: SystemConfig
    code: type[System] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def new(self) -> System:
        """A fresh instance.

        Raises:
            ValueError: It is a prediction file.
        """
        if self.code is None:
            raise ValueError("a prediction file is not a system that can be built")
        return self.code(**self.params)

    @cached_property
    def untrained(self) -> System:
        """An instance to ask for tasks and gold access; it is never trained."""
        return self.new()

    def does(self, task: TaskName) -> bool:
        """Whether it is to be run on a task."""
        if self.config.tasks is not None:
            return task in self.config.tasks
        return self.config.system is None or task in self.untrained.tasks

    @cached_property
    def gold_access(self) -> frozenset[str]:
        """The gold that it declares it must be shown; nothing for a prediction file."""
        return frozenset() if self.config.system is None else gold_access_of(self.untrained)

    def reads(self, task: TaskName, what: Conditioning) -> bool | None:
        """Whether it reads the state (or the acts) for a task; None where it does not say."""
        declared = self.untrained.conditioned_on
        return None if declared is None else what in declared.get(task, ())

    def shared_training(self, task: TaskName) -> tuple[TaskName, ...]:
        """Tasks that one training serves; empty when nothing is trained."""
        return () if self.config.system is None else self.untrained.fits_together(task)

    @cached_property
    def source(self) -> dict[str, str]:
        """What tells one version of its code from another."""
        return source_digest(type(self.untrained), GROUP, self.config.system or "")

    @property
    def prediction_params(self) -> dict[str, Any]:
        """The parameters that decide only how a trained model predicts; see `tod_bench.systems.System`."""
        settings = self.untrained.prediction_settings
        return {name: value for name, value in self.config.params.items() if name in settings}

    @property
    def training_params(self) -> dict[str, Any]:
        """The parameters that decide what it learns."""
        others = {*self.prediction_params, *self.untrained.operating_settings}
        return {name: value for name, value in self.config.params.items() if name not in others}


def collect(errors: list[str], key: str, attempt: Callable[[], Any]) -> Any:
    """The value of an attempt; where it fails, None and one error more, which names a key of the config.

    Raises:
        MissingError: Something is not there; that is no error of the config.
    """
    try:
        return attempt()
    except MissingError:
        raise
    except (UserError, ValueError, TypeError) as error:
        errors.append(f"{key}: {error}")
        return None


def open_configured_corpus(
    label: str, section: CorpusConfig, errors: list[str], missing: list[Requirement]
) -> Corpus | None:
    """Opens a corpus of a config; None where that fails, with errors or with what is missing for it."""
    key = f"corpora.{label}"
    for name, setting in section.splits.model_dump().items():
        for _, expression in splits_of(label, setting):
            if (name, expression) != ("test", UNTESTED):
                collect(errors, f"{key}.splits.{name}", partial(parse_split, expression))
    reader: type[Corpus] | None = collect(errors, f"{key}.corpus", lambda: corpus_class(section.corpus))
    if reader is None:
        return None
    options, wrong = bind(reader, section.options, f"{key}.options")
    errors += wrong
    if wrong:
        return None
    try:
        corpus: Corpus | None = collect(errors, key, lambda: reader(**options))
    except MissingError as error:
        missing.append(Requirement(key, str(error)))
        return None
    return corpus


def bind_system(label: str, section: SystemConfig, errors: list[str]) -> BoundSystem | None:
    """Binds a system of a config to its parameters; None where that fails, with errors."""
    key = f"systems.{label}"
    if (section.system is None) == (section.predictions is None):
        errors.append(f"{key}: give either `system` (an installed one) or `predictions` (a file)")
        return None
    if section.system is None:
        return BoundSystem(section)
    code: type[System] | None = collect(errors, f"{key}.system", lambda: system_class(str(section.system)))
    if code is None:
        return None
    params, wrong = bind(code, section.params, f"{key}.params")
    errors += wrong
    if wrong:
        # What is right is checked all the same, so that one wrong key does not hide another.
        right = {
            name: value
            for name, value in params.items()
            if not any(error.startswith((f"{key}.params.{name}:", f"{key}.params.{name}.")) for error in wrong)
        }
        with suppress(UserError, TypeError, ValueError):  # a required key may be among the wrong ones
            errors += _problems(BoundSystem(section, code, right), key)
        return None
    system = BoundSystem(section, code, params)
    if collect(errors, f"{key}.params", lambda: system.untrained) is None:
        return None
    collect(errors, key, lambda: system.gold_access)
    errors += _impossible_tasks(system, key)
    errors += _problems(system, key)
    return system


def _impossible_tasks(system: BoundSystem, key: str) -> list[str]:
    """Tasks that the config names for a system that cannot do them."""
    able = ", ".join(sorted(system.untrained.tasks))
    return [
        f"{key}.tasks: {system.config.system} with these parameters cannot do {task}, only {able}"
        for task in system.config.tasks or ()
        if task not in system.untrained.tasks
    ]


def _problems(system: BoundSystem, key: str) -> list[str]:
    """What a system itself says is wrong with its parameters."""
    return [f"{key}.params: {problem}" for problem in system.untrained.check()]


def missing_access(systems: Mapping[str, BoundSystem]) -> Iterator[Requirement]:
    """The requirements of systems that cannot be asked, for want of a key, say; see `System.missing`."""
    for label, system in systems.items():
        if system.config.system is not None:
            yield from (Requirement(f"systems.{label}", sentence, True) for sentence in system.untrained.missing())
