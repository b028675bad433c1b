"""What an eval config holds: corpora, systems and tasks, and the table that is made of them."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tod_bench.configs.sections import Section
from tod_bench.configs.sweeps import SweepConfig
from tod_bench.configs.tables import TableConfig
from tod_bench.records import CellTask, TaskName


class Splits(Section):
    """Which dialogues to train, select and test on; each a split expression (see `tod_bench.splits`)."""

    train: str = "train"
    dev: str = "dev"
    test: str = "test"


class CorpusConfig(Section):
    """A corpus: the reader's name and options, and the splits to use."""

    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)
    splits: Splits = Splits()


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
    tasks: tuple[TaskName, ...] | None = None
    corpora: tuple[str, ...] | None = None


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
        state: For policy and response: the states that the same system predicted, or gold.
        acts: For response: the acts that the same system predicted, or gold.
    """

    metrics: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    judge: tuple[str | dict[str, Any], ...] = ()
    ratings: str | None = None
    state: Literal["predicted", "gold"] = "predicted"
    acts: Literal["predicted", "gold"] = "predicted"


class Bootstrap(Section):
    """How confidence intervals are drawn: resamples of the dialogues, and the seed."""

    draws: int = Field(default=1000, ge=0, le=1_000_000)
    seed: int = 0


class EvalConfig(Section):
    """An eval config. `corpora`, `systems` and `tasks` span the cells; labels are the keys of the mappings.

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
        needs: What a run needs beside what it finds out itself (see `tod_bench.needs`), a sentence each.
        sweep: Variants of the config.
        small: What turns it into its small variant, on the embedded corpus and with the scripted judge: dotted key ->
            value.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    title: str = ""
    corpora: dict[str, CorpusConfig] = Field(min_length=1)
    systems: dict[str, SystemConfig] = Field(default_factory=dict)
    tasks: dict[CellTask, TaskConfig] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    bootstrap: Bootstrap = Bootstrap()
    judge: dict[str, Any] = Field(default_factory=dict)
    table: TableConfig = TableConfig()
    needs: tuple[str, ...] = ()
    sweep: SweepConfig | None = None
    small: dict[str, Any] = Field(default_factory=dict)

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed stands twice")
        return seeds

    @model_validator(mode="after")
    def _has_systems(self) -> "EvalConfig":
        if not self.systems and set(self.tasks) != {"corpus"}:
            raise ValueError("systems: this key is required")
        return self
