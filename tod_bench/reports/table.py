"""A table of results as data: rows of systems and corpora, columns of scores, published values and differences beside.

The writers (`writers`, `latex`, the page) only lay out what is here, so that every form shows the same numbers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tod_bench.experiments.config import Column, EvalConfig, RowConfig, is_small
from tod_bench.experiments.results import Result
from tod_bench.reports.contrasts import Contrast, DifferenceTests, contrasts
from tod_bench.reports.notes import signature_warnings, signatures_of, systems_shown_gold, table_notes
from tod_bench.reports.numbers import Number, column_number, spec_of
from tod_bench.reports.published import is_of, published_row
from tod_metrics import metric_class


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        system: The system; of a difference between systems its label.
        corpus: The corpus; of a difference between corpora the two.
        numbers: A number a column.
        difference: Whether it subtracts numbers of the table from others.
        label: Its own label, where a system and corpus have several rows.
        shown_gold: Whether the system was shown gold, so that it is a floor or a ceiling and has no rank.
        of_systems: Whether it is a difference between systems, which stand below the others.
    """

    system: str
    corpus: str
    numbers: tuple[Number, ...]
    difference: bool = False
    label: str = ""
    shown_gold: bool = field(default=False, compare=False)
    of_systems: bool = field(default=False, compare=False)

    def called(self, labels: Sequence[str]) -> list[str]:
        """Its labels, as far as the table has them."""
        return [str(getattr(self, name)) for name in labels]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        title: What it shows.
        columns: Labels of the columns.
        rows: The rows.
        signatures: Label of a column -> signatures of its numbers, without what differs by row (corpus, split, n).
        warnings: Why numbers of the table may not be compared.
        notes: What a reader must know, and where files are.
        source: Where the published values come from; empty where there are none.
        plot: Whether it is a figure.
        higher_is_better: Of each column; None where neither direction is better, or the rows have metrics of their own.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    signatures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""
    plot: bool = False
    higher_is_better: tuple[bool | None, ...] = field(default=(), compare=False)

    @property
    def results(self) -> tuple[Row, ...]:
        """The rows without the differences between systems."""
        return tuple(row for row in self.rows if not row.of_systems)

    @property
    def between_systems(self) -> tuple[Row, ...]:
        """The differences between systems, which every form sets apart."""
        return tuple(row for row in self.rows if row.of_systems)

    @property
    def labels(self) -> tuple[str, ...]:
        """Which labels the rows have: those of ``system``, ``corpus`` and ``label`` that are not empty in all."""
        names = ("system", "corpus", "label")
        return tuple(name for name in names if any(getattr(row, name) for row in self.rows)) or names[:2]

    def best(self) -> frozenset[tuple[int, int]]:
        """(row, column) of the best number of each column, corpus and row label, among systems with a rank.

        A number that has no rival is not called the best.
        """
        rivals: dict[tuple[int, str, str], list[int]] = {}
        for position, row in enumerate(self.rows):
            for column, number in enumerate(row.numbers):
                if number.value is not None and not row.difference and not row.shown_gold:
                    rivals.setdefault((column, row.corpus, row.label), []).append(position)
        marked: set[tuple[int, int]] = set()
        for (column, _, _), positions in rivals.items():
            higher = self.higher_is_better[column] if column < len(self.higher_is_better) else None
            if higher is not None and len(positions) > 1:
                values = {position: self.rows[position].numbers[column].value or 0.0 for position in positions}
                best = (max if higher else min)(values.values())
                marked |= {(position, column) for position, value in values.items() if value == best}
        return frozenset(marked)

    def to_pandas(self) -> Any:
        """A pandas ``DataFrame``: a row for each number, with its labels, value, interval and signature."""
        from tod_bench.reports.writers import to_pandas

        return to_pandas(self)

    def to_markdown(self) -> str:
        """The table as Markdown, with its signatures, warnings and notes."""
        from tod_bench.reports.writers import to_markdown

        return to_markdown(self)

    def to_csv(self) -> str:
        """The table as CSV, one line a number."""
        from tod_bench.reports.writers import to_csv

        return to_csv(self)

    def to_latex(self) -> str:
        """The table as a LaTeX float."""
        from tod_bench.reports.latex import to_latex

        return to_latex(self)

    def _repr_html_(self) -> str:
        from tod_bench.reports.writers import to_html

        return to_html(self)


def make_table(
    config: EvalConfig,
    results: Sequence[Result],
    published: Mapping[str, Any] | None = None,
    lacking: Sequence[str] = (),
    tests: DifferenceTests | None = None,
) -> Table:
    """Lays out the results of a config.

    Args:
        config: The config; its `table` section gives the columns and the difference rows.
        results: Results of its experiments.
        published: A file of published values (see `tod_bench.reports.published`).
        lacking: What the run was without, and what supplies it; rows then are those of the whole config.
        tests: Interval and p-value of the difference rows (see `tod_bench.reports.differences`).
    """
    columns = config.table.columns or all_columns(results)
    kinds = config.table.rows or (RowConfig(label=""),)
    shown_gold = systems_shown_gold(results)
    rows: list[Row] = []
    wanted, tests = list(contrasts(config)), tests or {}
    for system in config.systems or ("",):
        of_system = [
            _row(results, (system, corpus), kind, columns, published, scripted=is_small(config))
            for corpus in _corpora(config, system)
            if lacking
            or any((result.experiment.system, result.experiment.corpus) == (system, corpus) for result in results)
            for kind in kinds
            if corpus in (kind.corpora or config.corpora)
        ]
        between_corpora = [one for one in wanted if not one.of_systems and one.system == system]
        of_system += _differences(between_corpora, of_system, columns, tests)
        rows += [replace(row, shown_gold=system in shown_gold) for row in of_system]
    between_systems = _differences([one for one in wanted if one.of_systems], rows, columns, tests)
    rows += [*_published_alone(config, published, kinds, columns), *between_systems]
    return Table(
        title=config.title or config.name,
        columns=tuple(column.label for column in columns),
        rows=tuple(rows),
        signatures={
            column.label: signatures_of(results, [kind.completed(column) for kind in kinds]) for column in columns
        },
        warnings=tuple(signature_warnings(results, columns, kinds)),
        notes=(
            *config.table.notes,
            *_published_elsewhere(published, columns),
            *_scripted_note(rows),
            *_difference_notes(rows),
            *(f"no numbers: {need}" for need in lacking),
            *table_notes(results),
        ),
        source=str(published["source"]) if published else "",
        plot=config.table.plot,
        higher_is_better=tuple(_direction([kind.completed(column) for kind in kinds]) for column in columns),
    )


def all_columns(results: Sequence[Result]) -> tuple[Column, ...]:
    """A column for every metric of some results: what a table shows where its config names no columns."""
    columns = {}
    for result in results:
        for score in result.scores:
            if not score.slice:
                task, spec = result.experiment.task, spec_of(score)
                columns[task, spec] = Column(label=spec, task=task, metric=spec)
    return tuple(columns.values())


def _corpora(config: EvalConfig, system: str) -> Sequence[str]:
    chosen = config.systems[system].corpora if system else None
    return [corpus for corpus in (config.tested if system else config.corpora) if corpus in (chosen or config.corpora)]


def _row(
    results: Sequence[Result],
    place: tuple[str, str],
    kind: RowConfig,
    columns: Sequence[Column],
    published: Mapping[str, Any] | None,
    *,
    scripted: bool,
) -> Row:
    """A row of a system and corpus with its published values."""
    printed = published_row(published, *place, _published_label(kind))
    numbers = []
    for column in columns:
        number = column_number(results, *place, kind.completed(column))
        number = replace(number, published=printed.get(column.label), scripted=scripted or number.scripted)
        numbers.append(number)
    return Row(*place, tuple(numbers), label=kind.label)


def _direction(columns: Sequence[Column]) -> bool | None:
    """Whether higher is better in a column; None where its rows do not agree."""
    directions = set()
    for column in columns:
        try:
            directions.add(metric_class(column.metric).higher_is_better)
        except ValueError:  # what a judge or people say
            directions.add(None)
    return directions.pop() if len(directions) == 1 and len({column.metric for column in columns}) == 1 else None


def _published_label(kind: RowConfig) -> str:
    return kind.label if kind.published is None else kind.published


def _published_alone(
    config: EvalConfig, published: Mapping[str, Any] | None, kinds: Sequence[RowConfig], columns: Sequence[Column]
) -> list[Row]:
    """Rows that were published and that the config has nothing of."""
    places = [
        (system, corpus, _published_label(kind))
        for system in config.systems or ("",)
        for corpus in _corpora(config, system)
        for kind in kinds
    ]
    return [
        Row(
            *(str(row.get("system", "")), str(row.get("corpus", ""))),
            tuple(Number(published=row["values"].get(column.label)) for column in columns),
            label=str(row.get("row", "")),
        )
        for row in (published or {}).get("rows", ())
        if not any(is_of(row, *place) for place in places) and _has_a_column(row, columns)
    ]


def _published_elsewhere(published: Mapping[str, Any] | None, columns: Sequence[Column]) -> list[str]:
    """Published values of rows that share no column with the table, in words."""
    return [
        f"published, {row.get('row', 'alone')}: {', '.join(f'{name} {value}' for name, value in row['values'].items())}"
        for row in (published or {}).get("rows", ())
        if not _has_a_column(row, columns)
    ]


def _has_a_column(published_row: Mapping[str, Any], columns: Sequence[Column]) -> bool:
    return any(column.label in published_row["values"] for column in columns)


def _scripted_note(rows: Sequence[Row]) -> list[str]:
    """Says why numbers are not held against published ones, where some are scripted."""
    if not any(number.scripted and number.published is not None for row in rows for number in row.numbers):
        return []
    return ["published values are shown for orientation alone: ours are of a small variant, or of scripted verdicts"]


def _differences(
    wanted: Sequence[Contrast], rows: Sequence[Row], columns: Sequence[Column], tests: DifferenceTests
) -> list[Row]:
    """The rows that subtract some rows from others, with interval and p-value where they could be tested."""
    by_place = {(row.system, row.corpus, row.label): row for row in rows if not row.difference}
    differences = []
    for contrast in wanted:
        for label in dict.fromkeys(row.label for row in rows):
            first, second = (by_place.get((*place, label)) for place in contrast.places)
            if first is None or second is None:
                continue
            numbers = tuple(
                _difference(a, b, tests.get((contrast, label, column.label), Number()))
                for column, a, b in zip(columns, first.numbers, second.numbers, strict=True)
            )
            named = (contrast.system, contrast.corpus, numbers)
            differences.append(Row(*named, difference=True, label=label, of_systems=contrast.of_systems))
    return differences


def _difference(a: Number, b: Number, test: Number) -> Number:
    """One number less another, with what a test found of it."""
    number = Number(
        _minus(a.value, b.value),
        published=_minus(a.published, b.published),
        scripted=a.scripted or b.scripted,
        note=test.note,
    )
    if number.value is None:
        return number
    return replace(number, low=test.low, high=test.high, spread=test.spread, p=test.p)


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or math.isnan(a) or math.isnan(b) else a - b


def _difference_notes(rows: Sequence[Row]) -> list[str]:
    """How differences were tested, and why some were not."""
    numbers = [number for row in rows if row.difference for number in row.numbers if number.value is not None]
    tested = sum(number.p is not None for number in numbers)
    notes = []
    if tested:
        corrected = f", Holm-corrected over {tested} differences" if tested > 1 else ""
        notes.append(
            f"differences: 95% intervals and two-sided p-values of a paired bootstrap over dialogues{corrected}"
        )
    if tested and any(number.spread is not None for row in rows for number in row.numbers):
        notes.append(
            "differences of systems with several seeds are of their means, in every draw as in the table; the "
            "intervals are over dialogues and say nothing of other seeds"
        )
    reasons = dict.fromkeys(number.note for number in numbers if number.note)
    return [*notes, *(f"differences without interval and p-value: {reason}" for reason in reasons)]
