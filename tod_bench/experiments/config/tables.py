"""The shape of the table that a run prints."""

from tod_bench.experiments.config.sections import Section, Texts
from tod_bench.records import ExperimentTask


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
        published: The published row that it is set against, by label; its own label where left out.
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
    """A row that subtracts one corpus's numbers from another's, system by system."""

    corpus: str
    minus: str


class TableConfig(Section):
    """The shape of the table that a run prints.

    Attributes:
        columns: The columns; all scores without a domain where left out.
        rows: The rows of each system and corpus; one without a label where left out.
        difference: Rows of differences between corpora.
        published: Name of a file of ``results/published`` whose values are printed beside ours.
        plot: Whether the table is a figure, which is drawn beside it.
        notes: What a reader must know of the table.
    """

    columns: tuple[Column, ...] = ()
    rows: tuple[RowConfig, ...] = ()
    difference: Difference | None = None
    published: str | None = None
    plot: bool = False
    notes: Texts = ()
