"""A system of a config, bound: what it is, what it may see, and what tells one version of it from another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tod_bench.experiments.conditioning import Conditioning
from tod_bench.experiments.config import SystemConfig
from tod_bench.experiments.content import local_files, source_digest
from tod_bench.records import TaskName
from tod_bench.systems import GROUP, System, gold_access_of


@dataclass(frozen=True)
class BuiltSystem:
    """A system of a config: the class bound to its parameters, or a prediction file.

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
    def trait(self) -> System:
        """An instance to ask for tasks and gold access; it is never trained."""
        return self.new()

    def does(self, task: TaskName) -> bool:
        """Whether it is to be run on a task."""
        if self.config.tasks is not None:
            return task in self.config.tasks
        return self.config.system is None or task in self.trait.tasks

    @cached_property
    def gold_access(self) -> frozenset[str]:
        """The gold that it declares it must be shown; nothing for a prediction file."""
        return frozenset() if self.config.system is None else gold_access_of(self.trait)

    @cached_property
    def source(self) -> dict[str, str]:
        """What tells one version of its code from another."""
        return source_digest(type(self.trait), GROUP, self.config.system or "")

    def reads(self, task: TaskName, what: Conditioning) -> bool | None:
        """Whether it reads the state (or the acts) for a task; None where it does not say."""
        reads = self.trait.conditioned_on
        return None if reads is None else what in reads.get(task, ())

    @property
    def prediction_params(self) -> dict[str, Any]:
        """The parameters that decide only how a trained model predicts; see `tod_bench.systems.System`."""
        return {name: value for name, value in self.config.params.items() if name in self.trait.prediction_settings}

    @property
    def training_params(self) -> dict[str, Any]:
        """The other parameters."""
        return {name: value for name, value in self.config.params.items() if name not in self.prediction_params}

    @cached_property
    def training_files(self) -> dict[str, str]:
        """Local files and folders that decide its training, and the digests of their content."""
        return local_files(self.training_params)

    @cached_property
    def prediction_files(self) -> dict[str, str]:
        """Those that decide only how it predicts."""
        return local_files(self.prediction_params)

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """Tasks that one training serves; empty when nothing is trained."""
        return () if self.config.system is None else self.trait.fits_together(task)
