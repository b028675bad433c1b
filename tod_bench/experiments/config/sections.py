"""Parts of an eval config: what every section has in common, the shape of the table, and the sweep.

YAML reads ``version: 2.2`` as a number and ``metrics: jga`` as one text; both are taken as meant.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tod_bench.records import ExperimentTask


def as_list(value: Any) -> Any:
    """One text or number as a list of one."""
    return [value] if isinstance(value, str | int | float) and not isinstance(value, bool) else value


def _listed(value: Any) -> Any:
    """One section as a list of one, none as an empty one."""
    return () if value is None else [value] if isinstance(value, dict | BaseModel) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(as_list)]
"""A list of texts; one text alone is a list of one."""


class Section(BaseModel):
    """A section of a config: it cannot be changed, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Column(Section):
    """A column of the table: the score of one task under one metric, perhaps of one domain or group of users.

    Attributes:
        label: Its label.
        task: The task; the row's where left out.
        metric: The metric, as the task's `metrics` have it, or one of the judge's; the row's where left out.
        domain: The domain, or the group of users; the row's where left out.
    """

    label: str
    task: ExperimentTask | None = None
    metric: str = ""
    domain: str = ""


class RowConfig(Section):
    """A row that every system on every corpus has, where one row is not enough: it completes the columns.

    Attributes:
        label: Its label.
        task: The task of columns that have none.
        metric: The metric of columns that have none.
        domain: The domain, or the group of users, of columns that have none.
        corpora: Corpora that have the row; all where left out.
        published: The published row that it is compared with, by label; its own label where left out.
    """

    label: str
    task: ExperimentTask | None = None
    metric: str = ""
    domain: str = ""
    corpora: Texts | None = None
    published: str | None = None

    def completed(self, column: Column) -> Column:
        """A column with what it left to the row."""
        return column.model_copy(
            update={name: getattr(column, name) or getattr(self, name) for name in ("task", "metric", "domain")}
        )


class Difference(Section):
    """A row that subtracts one corpus's numbers from another's, system by system.

    Attributes:
        corpus: The corpus whose numbers are subtracted from.
        minus: The corpus whose numbers are subtracted.
    """

    corpus: str
    minus: str


class SystemDifference(Section):
    """Rows that subtract one system's numbers from another's, on the same corpus.

    Attributes:
        system: The system whose numbers are subtracted from.
        minus: The system whose numbers are subtracted.
        corpus: The corpus; every one that both are tested on where left out.
        label: What the row is called; the two systems where left out.
    """

    system: str
    minus: str
    corpus: str | None = None
    label: str = ""


class TableConfig(Section):
    """The shape of the table that a run prints.

    Attributes:
        columns: The columns; all scores without a domain where left out.
        rows: The rows of each system and corpus; one without a label where left out.
        difference: Rows of differences between corpora.
        differences: Rows of differences between systems, which stand below the others.
        published: Name of a file of ``results/published`` whose values are printed beside ours.
        plot: Whether the table is a figure, which is drawn beside it.
        notes: What a reader must know of the table.
    """

    columns: tuple[Column, ...] = ()
    rows: tuple[RowConfig, ...] = ()
    difference: Annotated[tuple[Difference, ...], BeforeValidator(_listed)] = ()
    differences: tuple[SystemDifference, ...] = ()
    published: str | None = None
    plot: bool = False
    notes: Texts = ()


class Factor(Section):
    """What a sweep varies: one key over several values, or levels that set several keys at once.

    Attributes:
        key: Dotted key of the config (``systems.t5.params.epochs``).
        values: The values it takes.
        levels: Label of a level -> dotted key -> value, in place of `key` and `values`.
    """

    key: str | None = None
    values: tuple[Any, ...] = ()
    levels: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> "Factor":
        if bool(self.levels) == bool(self.key and self.values):
            raise ValueError("give either `key` and `values`, or `levels`")
        return self

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Label of each level -> the keys that it sets."""
        return self.levels or {str(value): {str(self.key): value} for value in self.values}


class SweepConfig(Section):
    """Variants of a config, a trial each.

    Attributes:
        factors: Name -> what it varies.
        method: ``grid`` (every combination), ``list`` (the `trials`) or ``random`` (`samples` of the grid).
        trials: For ``list``: factor -> label of its level; a factor left out takes its first level.
        samples: For ``random``: how many different combinations.
        seed: For ``random``: the seed of the draw.
    """

    factors: dict[str, Factor] = Field(min_length=1)
    method: Literal["grid", "list", "random"] = "grid"
    trials: tuple[dict[str, str], ...] = ()
    samples: int = Field(default=0, ge=0)
    seed: int = 0
