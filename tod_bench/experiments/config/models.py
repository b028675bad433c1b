"""What an eval config holds: corpora, systems and tasks, and the table that is made of them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tod_bench.experiments.config.sections import (
    Section,
    SweepConfig,
    SystemDifference,
    TableConfig,
    Texts,
    as_list,
)
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.splits import UNTESTED


def _listed_seeds(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        more = ", ".join(map(str, range(1, min(max(value, 2), 5) + 1)))
        raise ValueError(f"give a list: [{value}] for the one seed {value}, [{more}] for several seeds")
    return value


def _one_judge(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _by_name(value: Any, key: str) -> Any:
    """Names, or a list of them, as a mapping from each name to a section in which `key` is that name."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: {key: name} if key else {} for name in value}
    return value


class Splits(Section):
    """Which dialogues to train, select and test on; each a split expression (see `tod_bench.splits`).

    Attributes:
        train: The dialogues to train on; those of other corpora with their labels (``mine:train``), several in a list.
        dev: The dialogues to select a checkpoint on; likewise.
        test: The dialogues to score; ``none`` for a corpus that is only trained on.
    """

    train: str | tuple[str, ...] = "train"
    dev: str | tuple[str, ...] = "dev"
    test: str = "test"

    @field_validator("train", "dev")
    @classmethod
    def _some(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not value:
            raise ValueError("name at least one split")
        return value


class CorpusConfig(Section):
    """A corpus: its reader with options, and the splits to use.

    Attributes:
        corpus: Name of an installed corpus (`tod-bench list corpora`).
        options: Keyword arguments of its reader's constructor (``path``, ``version``, ``style``, ...).
        splits: The splits.
    """

    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)
    splits: Splits = Splits()

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"corpus": value} if isinstance(value, str) else value


class SystemConfig(Section):
    """A system: an installed one with its parameters, or a prediction file made elsewhere.

    Attributes:
        system: Name of an installed system.
        params: Keyword arguments of its constructor.
        predictions: Path of a prediction file; ``{corpus}``, ``{task}`` and ``{seed}`` in it are filled in.
        seeds: Seeds of this system alone; the config's seeds where left out. Untrained systems need one.
        tasks: Tasks to run it on; all that it can do where left out.
        corpora: Corpora to run it on; all where left out.
    """

    system: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    predictions: str | None = None
    seeds: tuple[int, ...] | None = None
    tasks: Annotated[tuple[TaskName, ...] | None, BeforeValidator(as_list)] = None
    corpora: Texts | None = None

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds(cls, value: Any) -> Any:
        return _listed_seeds(value)

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"system": value} if isinstance(value, str) else value


class TaskConfig(Section):
    """What is done on a corpus, and the scores that come of it.

    A task of systems (``dst``, ``policy``, ``response``) is predicted and scored. ``corpus`` counts the dialogues
    themselves; ``people`` reads ratings that people gave to a system's responses.

    Attributes:
        metrics: Specs, ``name``, ``name@protocol`` or ``"name(option=value)@protocol"``; the task's default set where
            left out (none for a task that has a judge).
        groups: For tasks of systems: groupings of users whose scores are given apart (``age``, ``formality``, ...).
        judge: For response: judge configs (names, paths, or their keys) whose questions are asked about the predicted
            responses.
        ratings: For people: CSV file of ratings; ``{corpus}`` and ``{system}`` in it are filled in.
        state: For policy and response: the states that systems are shown. ``predicted``: those that the same system
            predicted for dst in the same run; ``gold``: the annotated ones, which the table then says; ``none``. Where
            left out: the predicted ones of systems that predict them, none for the others; never gold.
        acts: For response: the acts that systems are shown, from policy; as `state`.
    """

    metrics: Texts = ()
    groups: Texts = ()
    judge: Annotated[tuple[str | dict[str, Any], ...], BeforeValidator(_one_judge)] = ()
    ratings: str | None = None
    state: Literal["predicted", "gold", "none"] | None = None
    acts: Literal["predicted", "gold", "none"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _metrics_alone(cls, value: Any) -> Any:
        if value is None:  # a task with nothing below its name
            return {}
        return {"metrics": value} if isinstance(value, str | list) else value


class Bootstrap(Section):
    """How confidence intervals are drawn.

    Attributes:
        draws: Resamples of the dialogues; 0 for no intervals.
        seed: The seed of the draws.
    """

    draws: int = Field(default=1000, ge=0, le=1_000_000)
    seed: int = 0


class EvalConfig(Section):
    """An eval config. `corpora`, `systems` and `tasks` span the experiments; labels are the keys of the mappings.

    Attributes:
        name: Names the folder of its table.
        title: What the table shows.
        corpora: The corpora.
        systems: The systems; none for a config that only counts corpora.
        tasks: What is done with them.
        seeds: Seeds of systems that are trained.
        bootstrap: How intervals are drawn.
        judge: Who judges: keys of a judge config's `judge` section, which win over those of the tasks' judge configs.
        table: The table.
        needs: What a run needs beside what it finds out itself (see `experiments.requirements`), a sentence each.
        sweep: Variants of the config.
        small: What turns it into its small variant, on the embedded corpus and with the scripted judge: dotted key ->
            value.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    title: str = ""
    corpora: dict[str, CorpusConfig] = Field(min_length=1)
    systems: dict[str, SystemConfig] = Field(default_factory=dict)
    tasks: dict[ExperimentTask, TaskConfig] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    bootstrap: Bootstrap = Bootstrap()
    judge: dict[str, Any] = Field(default_factory=dict)
    table: TableConfig = TableConfig()
    needs: Texts = ()
    sweep: SweepConfig | None = None
    small: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = {"corpora": "corpus", "systems": "system", "tasks": ""}
        return {name: _by_name(part, keys[name]) if name in keys else part for name, part in value.items()}

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds(cls, value: Any) -> Any:
        return _listed_seeds(value)

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed is given twice")
        return seeds

    @property
    def tested(self) -> tuple[str, ...]:
        """The labels of the corpora that systems are tested on: all but those that are only trained on."""
        return tuple(label for label, corpus in self.corpora.items() if corpus.splits.test != UNTESTED)

    def tested_with(self, system: SystemConfig) -> tuple[str, ...]:
        """The labels of the corpora that a system is tested on."""
        return tuple(
            label for label in system.corpora or self.corpora if label not in self.corpora or label in self.tested
        )

    def compared_on(self, wanted: SystemDifference) -> tuple[str, ...]:
        """The labels of the corpora that a difference between systems is shown of: those that both are tested on."""
        first, second = (self.tested_with(self.systems[name]) for name in (wanted.system, wanted.minus))
        return tuple(label for label in first if label in second and wanted.corpus in (None, label))

    @model_validator(mode="after")
    def _has_systems(self) -> "EvalConfig":
        if not self.systems and set(self.tasks) != {"corpus"}:
            raise ValueError("systems: this key is required")
        if self.systems and not self.tested:
            raise ValueError("corpora: every one has splits.test: none, so there is nothing to test on")
        return self
