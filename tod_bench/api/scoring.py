"""Scoring and comparing predictions from Python."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.display import Cell, Grid, ScoreTable, Tabular, Undefined, score_grid
from tod_bench.errors import MissingExtraError, UserError, did_you_mean
from tod_bench.numerals import decimal, p_value
from tod_bench.predictions import write_predictions
from tod_bench.records import Prediction, TaskName
from tod_bench.reports.calibration import calibration_chart, calibration_grid, write_calibration
from tod_bench.reports.comparison import headings, name_of, sentence
from tod_bench.reports.protocol_table import always_shown, signature_lines
from tod_bench.reports.vega import Chart
from tod_bench.scores import Score
from tod_bench.scoring import (
    Calibration,
    Comparison,
    Disagreement,
    ErrorTable,
    ProtocolTable,
    Settings,
    calibrations,
    compare_files,
    disagreements,
    error_table,
    predictions_for_split,
    protocol_table,
    tasks_answered,
)
from tod_bench.splits import read_all

Predictions = str | Path | Iterable[str | Path] | Iterable[Prediction]
"""A prediction file, several that are shards of one, or the predictions themselves."""


@dataclass(frozen=True, eq=False, repr=False)
class ScoreReport(ScoreTable, Sequence[Score]):
    """Every number of some predictions: a sequence of scores, with a table for each task.

    Attributes:
        corpus: The corpus that was answered.
        split: The split.
        tables: The scores of each task, with what its table shows.
        notices: What was left out of the files, and tasks that were not scored and why.
        calibration: How well the confidence of states fits, of predicted values and of turns; empty unless asked for.
    """

    corpus: Corpus
    split: str
    tables: tuple[ProtocolTable, ...]
    notices: tuple[str, ...] = ()
    calibration: tuple[Calibration, ...] = ()

    @property
    def scores(self) -> tuple[Score, ...]:  # type: ignore[override]
        """Every score: of each metric and protocol, of each domain and group, and of calibration."""
        of_tables = (score for table in self.tables for score in table.scores)
        return (*of_tables, *(score for one in self.calibration for score in one.scores))

    @overload
    def __getitem__(self, index: int) -> Score: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Score, ...]: ...
    def __getitem__(self, index: int | slice) -> Score | tuple[Score, ...]:
        return self.scores[index]

    def __len__(self) -> int:
        return len(self.scores)

    def find(self, metric: str, protocol: str = "", part: str = "") -> Score:
        """The score of a metric.

        Args:
            metric: The metric's name, e.g. ``jga``.
            protocol: The protocol; empty for the first that the metric has.
            part: A slice, such as ``hotel`` or ``age:child``; empty for the whole corpus.

        Raises:
            UserError: There is no such score.
        """
        for score in self.scores:
            if score.metric == metric and protocol in ("", score.protocol) and score.is_of(part):
                return score
        wanted = f"{metric}{'@' if protocol else ''}{protocol}{' of ' if part else ''}{part}"
        known = sorted({score.metric for score in self.scores})
        raise UserError(f"there is no score {wanted}{did_you_mean(metric, known)}; there are {', '.join(known)}")

    def grids(self, *, by_domain: bool = False) -> list[Grid]:
        """A table a task: metrics and slices down, protocols across.

        Args:
            by_domain: Show every metric by domain, not only those that are defined by domain.
        """
        grids = []
        for table in self.tables:
            shown = [score for score in table.scores if by_domain or always_shown(score.metric, score.slice)]
            notes = [*table.remarks, *(note for score in shown for note in score.notes)]
            signatures = ("95% bootstrap intervals over dialogues; signatures:", *signature_lines(table.scores))
            grids.append(replace(score_grid(table.title, shown), notes=(*signatures, *dict.fromkeys(notes))))
        return [*grids, calibration_grid(self.calibration)] if self.calibration else grids

    def calibration_chart(self) -> Chart:
        """The risk-coverage curve and the reliability diagram.

        Raises:
            UserError: Calibration was not asked for.
        """
        if not self.calibration:
            raise UserError("there is no calibration; score with calibration=True")
        return calibration_chart(self.calibration)

    def write_calibration(self, path: str | Path) -> Path:
        """Writes the chart as SVG, PNG, PDF or HTML, by the name's end, and its numbers beside it as JSON.

        Returns:
            The file of the numbers.

        Raises:
            UserError: Calibration was not asked for, or the name ends otherwise.
        """
        if not self.calibration:
            raise UserError("there is no calibration; score with calibration=True")
        return write_calibration(Path(path), self.calibration)

    def errors(self) -> tuple[ErrorTable, ...]:
        """The errors of predicted states by class, slot and turn, under the first protocol.

        Raises:
            UserError: No states were scored.
        """
        states = [table for table in self.tables if table.task == "dst"]
        if not states:
            raise UserError("errors are counted of predicted states, and these predictions have none to score")
        return tuple(error_table(table.pairing, self.corpus.schema, table.protocols[0]) for table in states)

    def disagreements(self) -> dict[str, list[Disagreement]]:
        """The slots of states that a protocol judges otherwise than the first protocol, by protocol."""
        return {protocol: slots for table in self.tables for protocol, slots in disagreements(table, self.corpus)}

    def __repr__(self) -> str:
        return self.to_markdown()

    def to_json(self) -> dict[str, Any]:
        """The scores and notices as JSON values, as ``tod-bench score -o FILE`` writes them."""
        calibration = {"calibration": [one.to_json() for one in self.calibration]} if self.calibration else {}
        return {
            "scores": [score.to_json() for score in self.scores],
            "notices": list(self.notices),
            **calibration,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Comparisons(Tabular, Sequence[Comparison]):
    """Two systems under each metric that was compared: a sequence of comparisons.

    Attributes:
        comparisons: For each metric the whole, then each domain if asked for.
        names: What the two systems are called.
        settings: How they were compared.
    """

    comparisons: tuple[Comparison, ...]
    names: tuple[str, str]
    settings: Settings

    @overload
    def __getitem__(self, index: int) -> Comparison: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Comparison, ...]: ...
    def __getitem__(self, index: int | slice) -> Comparison | tuple[Comparison, ...]:
        return self.comparisons[index]

    def __len__(self) -> int:
        return len(self.comparisons)

    def records(self) -> list[dict[str, Any]]:
        """One mapping a comparison."""
        records = []
        for compared in self.comparisons:
            part = compared.slice
            record = {**compared.to_json(), "slice_kind": part.kind if part else "", "slice": part.name if part else ""}
            records.append({**record, "notes": "; ".join(compared.notes)})
        return records

    def grids(self) -> list[Grid]:
        """The table of the verb, and each comparison in words below it."""
        rows = [
            (
                name_of(compared),
                _number(compared.a, compared),
                _number(compared.b, compared),
                _number(compared.difference, compared, signed=True),
                "" if compared.low is None or compared.high is None else f"{compared.low:+.2f} to {compared.high:+.2f}",
                _p_value(compared.p_randomization),
                _p_value(compared.p_bootstrap),
                Undefined("not known") if compared.detectable is None else decimal(compared.detectable),
                compared.verdict,
            )
            for compared in self.comparisons
        ]
        notes = [line for compared in self.comparisons for line in (*compared.notes, str(compared.signature))]
        sentences = [sentence(compared, self.settings) for compared in self.comparisons]
        title = "" if self.names == ("A", "B") else f"A: {self.names[0]}, B: {self.names[1]}"
        return [Grid(title, headings(self.settings), tuple(rows), notes=tuple(dict.fromkeys([*sentences, *notes])))]

    def __repr__(self) -> str:
        return "\n".join(sentence(compared, self.settings) for compared in self.comparisons)

    def to_json(self) -> list[dict[str, Any]]:
        """The comparisons as JSON values."""
        return [compared.to_json() for compared in self.comparisons]


def score(
    predictions: Predictions,
    corpus: str | Corpus,
    *,
    split: str = "test",
    task: TaskName | None = None,
    metrics: Sequence[str] = (),
    protocols: Sequence[str] = (),
    bookings: bool = True,
    groups: Sequence[str] = (),
    updates: bool = False,
    calibration: bool = False,
    partial: bool = False,
    draws: int = 1000,
    seed: int = 0,
) -> ScoreReport:
    """Scores predictions under every protocol; all turns of the split are the denominator.

    Args:
        predictions: A prediction file, several that are shards of one, or `Prediction` records.
        corpus: The corpus that was answered, opened or by its name.
        split: The split, such as ``test`` or ``dev[:200]``.
        task: The task to score; None for all that the predictions answer.
        metrics: Metrics as ``name``, ``name@protocol`` or ``name(option=value)@protocol``; none for the usual ones.
        protocols: Protocols, e.g. ``trade+dropnone``; none for those that are usual for the corpus.
        bookings: Whether booking slots count.
        groups: Attributes of the user to add slices for: ``age``, ``gender``, ``formality``, ``emotion``.
        updates: Whether predicted states are what each turn changes, to be added up into whole states.
        calibration: Whether to say how well the confidence of predicted states fits: under the protocols that are
            named, or else the corpus's first.
        partial: Whether turns may be missing; they count as wrong (responses: as empty).
        draws: Bootstrap draws of the intervals, over dialogues; 0 for no intervals.
        seed: Seed of the draws.

    Returns:
        The scores. Percentages are 0 to 100.

    Raises:
        UserError: A file, corpus, split, metric or protocol is not there or does not apply.
        DataError: The predictions do not fit the dialogues.
    """
    opened = open_corpus(corpus) if isinstance(corpus, str) else corpus
    dialogues = read_all(opened, split)
    with _files(predictions, "predictions") as files:
        answers, left_out = predictions_for_split(files, opened, split, dialogues)
        named = ", ".join(map(str, files))
    tasks = [name for name in tasks_answered(answers, tuple(metrics)) if task in (None, name)]
    if not tasks:
        what = f"for {', '.join(metrics)} to score" if metrics else "to score"
        raise UserError(f"{named}: no turn has a predicted state, acts or response {what}")
    suffix = "" if bookings else "+nobook"
    tables, notices = [], list(left_out)
    for name in tasks:
        try:
            table = protocol_table(
                name,
                opened,
                split,
                dialogues,
                answers,
                metrics=metrics,
                protocols=protocols,
                suffix=suffix,
                groups=groups,
                partial=partial,
                draws=draws,
                seed=seed,
                updates=updates,
            )
            tables.append(table)
        except MissingExtraError as error:
            if metrics or len(tasks) == 1:
                raise
            notices.append(f"{name} is not scored: {error}")
    found: list[Calibration] = []
    if calibration:
        states = next((table for table in tables if table.task == "dst"), None)
        if states is None:
            raise UserError("calibration is of predicted states, and these predictions have none to score")
        named_ones = tuple(protocol + suffix for protocol in protocols) or states.protocols[:1]
        found = calibrations(states.pairing, opened, split, named_ones, draws=draws, seed=seed)
    return ScoreReport(opened, split, tuple(tables), tuple(notices), tuple(found))


def compare(
    a: Predictions,
    b: Predictions,
    corpus: str | Corpus,
    *,
    split: str = "test",
    metrics: Sequence[str] = (),
    protocol: str = "",
    by_domain: bool = False,
    partial: bool = False,
    draws: int = 10_000,
    seed: int = 0,
    power: float = 0.8,
) -> Comparisons:
    """Says which of two systems is better, by how much, and with what p.

    Dialogues are the units of approximate randomisation and of the paired bootstrap; both are two-sided and
    Holm-corrected over all that is compared.

    Args:
        a: Predictions of system A: files or records.
        b: Predictions of system B for the same turns.
        corpus: The corpus that both answered, opened or by its name.
        split: The split, such as ``test`` or ``dev[:200]``.
        metrics: Metrics of one task; none for the first metric of the first task that both answer.
        protocol: The protocol of metrics that name none.
        by_domain: Whether to compare each domain or service, too.
        partial: Whether turns may be missing, the same in both; they count as wrong.
        draws: Swaps of the randomisation, and bootstrap draws.
        seed: Seed of both.
        power: Power, 0 to 1, that the smallest detectable difference is for.

    Raises:
        UserError: A file, corpus, split, metric or protocol is not there, or the metrics score several tasks.
        DataError: The predictions do not fit the dialogues, or the two do not answer the same turns.
    """
    opened = open_corpus(corpus) if isinstance(corpus, str) else corpus
    settings = Settings(draws=draws, seed=seed, power=power)
    with _files(a, "A") as (file_a, *more_a), _files(b, "B") as (file_b, *more_b):
        if more_a or more_b:
            raise UserError("each of the two systems has to be one prediction file")
        compared = compare_files(
            opened,
            split,
            (file_a, file_b),
            metrics=metrics,
            protocol=protocol,
            by_domain=by_domain,
            partial=partial,
            settings=settings,
        )
    names = [str(given) if isinstance(given, str | Path) else name for given, name in ((a, "A"), (b, "B"))]
    return Comparisons(tuple(compared), (names[0], names[1]), settings)


@contextmanager
def _files(predictions: Predictions, name: str) -> Iterator[list[Path]]:
    """The prediction files; records are written to one, so that files and records are read by the same rules."""
    if isinstance(predictions, str | Path):
        yield [Path(predictions)]
        return
    given = list(predictions)
    records = [one for one in given if isinstance(one, Prediction)]
    if not given:
        raise UserError("there are no predictions")
    if not records:
        yield [Path(path) for path in given if not isinstance(path, Prediction)]
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.jsonl"
        write_predictions(path, records)
        yield [path]


def _number(value: float | None, compared: Comparison, *, signed: bool = False) -> Cell:
    return Undefined("; ".join(compared.notes) or "undefined") if value is None else decimal(value, signed=signed)


def _p_value(p: float | None) -> Cell:
    return Undefined("not tested") if p is None else p_value(p)
