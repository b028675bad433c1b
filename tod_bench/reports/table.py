"""A table of results as data: rows of systems and corpora, columns of scores, published values and differences beside.

Renderers (`terminal`, `markdown`, `delimited`) only lay out what is here, so that every form shows the same numbers.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tod_bench.experiments.conditioning import gold_sentences
from tod_bench.experiments.config import Column, EvalConfig, RowConfig, is_small
from tod_bench.experiments.judge_scores import JUDGED
from tod_bench.experiments.results import Result
from tod_bench.reports.numbers import Number, column_number, matching, spec_of
from tod_bench.reports.published import is_of, published_row


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its labels (system, corpus, and the row's own where there are several) and one number a column."""

    system: str
    corpus: str
    numbers: tuple[Number, ...]
    difference: bool = False
    label: str = ""

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
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    signatures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""
    plot: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Which labels the rows have: those of ``system``, ``corpus`` and ``label`` that are not empty in all."""
        names = ("system", "corpus", "label")
        return tuple(name for name in names if any(getattr(row, name) for row in self.rows)) or names[:2]


def make_table(
    config: EvalConfig,
    results: Sequence[Result],
    published: Mapping[str, Any] | None = None,
    lacking: Sequence[str] = (),
) -> Table:
    """Lays out the results of a config.

    Args:
        config: The config; its `table` section gives the columns and the difference rows.
        results: Results of its cells.
        published: A file of published values (see `tod_bench.reports.published`).
        lacking: What the run was without, and what supplies it; rows then are those of the whole config.
    """
    columns = config.table.columns or all_columns(results)
    kinds = config.table.rows or (RowConfig(label=""),)
    rows: list[Row] = []
    for system in config.systems or ("",):
        own = [
            _row(results, (system, corpus), kind, columns, published, made_up=is_small(config))
            for corpus in _corpora(config, system)
            if lacking
            or any((result.experiment.system, result.experiment.corpus) == (system, corpus) for result in results)
            for kind in kinds
            if corpus in (kind.corpora or config.corpora)
        ]
        rows += [*own, *_difference(config, own)]
    rows += _printed_alone(config, published, kinds, columns)
    signatures = {column.label: _signatures(results, [kind.completed(column) for kind in kinds]) for column in columns}
    return Table(
        title=config.title or config.name,
        columns=tuple(column.label for column in columns),
        rows=tuple(rows),
        signatures=signatures,
        warnings=tuple(_warnings(results, columns, kinds)),
        notes=(
            *config.table.notes,
            *_printed_elsewhere(published, columns),
            *_made_up(rows),
            *(f"no numbers: {need}" for need in lacking),
            *_notes(results),
        ),
        source=str(published["source"]) if published else "",
        plot=config.table.plot,
    )


def _corpora(config: EvalConfig, system: str) -> Sequence[str]:
    chosen = config.systems[system].corpora if system else None
    return [corpus for corpus in config.corpora if corpus in (chosen or config.corpora)]


def _row(
    results: Sequence[Result],
    place: tuple[str, str],
    kind: RowConfig,
    columns: Sequence[Column],
    published: Mapping[str, Any] | None,
    *,
    made_up: bool,
) -> Row:
    """A row of a system and corpus with its published values."""
    theirs = published_row(published, *place, _printed_label(kind))
    numbers = []
    for column in columns:
        number = column_number(results, *place, kind.completed(column))
        number = replace(number, published=theirs.get(column.label), made_up=made_up or number.made_up)
        numbers.append(number)
    return Row(*place, tuple(numbers), label=kind.label)


def _printed_label(kind: RowConfig) -> str:
    return kind.label if kind.published is None else kind.published


def _printed_alone(
    config: EvalConfig, published: Mapping[str, Any] | None, kinds: Sequence[RowConfig], columns: Sequence[Column]
) -> list[Row]:
    """Rows that were published and that the config has nothing of."""
    rows = (published or {}).get("rows", ())
    places = [
        (system, corpus, _printed_label(kind))
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
        for row in rows
        if not any(is_of(row, *place) for place in places) and _shown(row, columns)
    ]


def _printed_elsewhere(published: Mapping[str, Any] | None, columns: Sequence[Column]) -> list[str]:
    """Published values of rows that share no column with the table, in words."""
    return [
        f"published, {row.get('row', 'alone')}: {', '.join(f'{name} {value}' for name, value in row['values'].items())}"
        for row in (published or {}).get("rows", ())
        if not _shown(row, columns)
    ]


def _made_up(rows: Sequence[Row]) -> list[str]:
    """Says why numbers are not held against published ones, where some are made up."""
    if not any(number.made_up and number.published is not None for row in rows for number in row.numbers):
        return []
    return ["published values are shown for orientation alone: ours are of a small variant, or of scripted verdicts"]


def _shown(printed: Mapping[str, Any], columns: Sequence[Column]) -> bool:
    return any(column.label in printed["values"] for column in columns)


def all_columns(results: Sequence[Result]) -> tuple[Column, ...]:
    """A column for every metric of some results: what a table shows where its config names no columns."""
    found = {}
    for result in results:
        for score in result.scores:
            if not score.slice:
                spec = spec_of(score)
                found[result.experiment.task, spec] = Column(label=spec, task=result.experiment.task, metric=spec)
    return tuple(found.values())


def _difference(config: EvalConfig, rows: Sequence[Row]) -> list[Row]:
    wanted = config.table.difference
    if wanted is None:
        return []
    found = []
    for label in dict.fromkeys(row.label for row in rows):
        by_corpus = {row.corpus: row for row in rows if row.label == label}
        if wanted.corpus in by_corpus and wanted.minus in by_corpus:
            first, second = by_corpus[wanted.corpus], by_corpus[wanted.minus]
            numbers = tuple(
                Number(
                    _minus(a.value, b.value),
                    published=_minus(a.published, b.published),
                    made_up=a.made_up or b.made_up,
                )
                for a, b in zip(first.numbers, second.numbers, strict=True)
            )
            found.append(Row(first.system, f"{wanted.corpus} - {wanted.minus}", numbers, True, label))
    return found


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or math.isnan(a) or math.isnan(b) else a - b


_PLACEMENT = ("corpus", "split", "n", "arm", "unscored", "group", "pair")


def _signatures(results: Sequence[Result], columns: Sequence[Column]) -> tuple[str, ...]:
    found = {str(score.signature.without(*_PLACEMENT)) for column in columns for _, score in matching(results, column)}
    return tuple(sorted(found))


def _warnings(results: Sequence[Result], columns: Sequence[Column], kinds: Sequence[RowConfig]) -> list[str]:
    signatures = {
        (column.label, kind.label): _signatures(results, [kind.completed(column)])
        for column in columns
        for kind in kinds
    }
    return [
        f"column {column}{f', {row}' if row else ''}: its numbers have {len(found)} different signatures and cannot be "
        "compared"
        for (column, row), found in signatures.items()
        if len(found) > 1
    ]


def _notes(results: Sequence[Result]) -> list[str]:
    notes = []
    tests = {result.experiment.corpus: result.provenance.get("corpus", {}) for result in results}
    for label, corpus in tests.items():
        if "name" not in corpus:
            continue
        skipped = f"; {corpus['skipped']} records left out as invalid" if corpus.get("skipped") else ""
        split = corpus.get("signed_split") or corpus.get("split")
        notes.append(
            f"{label}: {corpus['name']}, split {split or corpus.get('splits', {}).get('test')}, "
            f"{corpus.get('test_dialogues')} dialogues, {corpus.get('test_turns')} turns{skipped}"
        )
    notes += [*conditioning_notes(results), *gold_notes(results)]
    for result in results:
        said = result.provenance.get("corpus", {}).get("notes", ())
        notes += [note for one in said if (note := f"{result.experiment.corpus}: {one}") not in notes]
        short = [score for score in result.scores if score.coverage < 1 and score.metric not in JUDGED]
        if short:
            notes.append(
                f"{result.experiment}: coverage {min(score.coverage for score in short):.3f}; what is missing counts as wrong"
            )
    return notes


def conditioning_notes(results: Iterable[Result]) -> list[str]:
    """Which systems answered a task from states or acts of their own, a sentence for each task."""
    systems: dict[tuple[str, str], dict[str, None]] = {}
    for result in results:
        shown = result.provenance.get("predictions", {}).get("shown", {})
        predicted = " and ".join(what for what, source in shown.items() if source == "predicted")
        if predicted:
            systems.setdefault((result.experiment.task, predicted), {})[result.experiment.system] = None
    return [f"{task} from the system's own predicted {what}: {', '.join(of)}" for (task, what), of in systems.items()]


def gold_notes(results: Iterable[Result]) -> list[str]:
    """What gold the predictions behind some results rest on, in sentences."""
    # Results of before 0.2 say `privileges`.
    records = [(result.experiment, result.provenance.get("predictions", {})) for result in results]
    return gold_sentences(
        (cell.system, cell.task, record.get("gold_access", record.get("privileges")) or ()) for cell, record in records
    )
