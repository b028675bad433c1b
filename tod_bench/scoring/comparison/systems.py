"""Which of two systems is better, by how much, with what p, and what could this test set have shown at all?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal, TypeAlias

from tod_bench.corpora.annotations import scored_turns
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Prediction, Schema, TaskName
from tod_bench.scores import Slice
from tod_bench.scoring.metrics import FIELDS, default_metrics
from tod_bench.scoring.row_tests import Row, dialogues_of
from tod_bench.scoring.rows import PooledRow, ScoreRow
from tod_bench.scoring.score import ScoreSheet, score
from tod_bench.statistics import (
    PairedTest,
    approximate_randomization,
    holm,
    minimal_detectable_difference,
    paired_bootstrap,
    pooled_tests,
)
from tod_metrics import CorpusMetric, metric_class
from tod_metrics.base import PooledMetric, Signature

Predictions: TypeAlias = Mapping[tuple[str, int], Prediction]
Verdict: TypeAlias = Literal["A", "B", "differ", "undecided"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems under one metric.

    Attributes:
        metric: The metric's name.
        protocol: Its protocol.
        slice: Domain or service that it is restricted to; None for the whole.
        a: Score of system A; None where it is undefined.
        b: Score of system B; None where it is undefined.
        difference: A minus B; None where one is undefined.
        low: Lower end of the difference's interval (paired bootstrap over dialogues); None where there is none.
        high: Upper end.
        p_randomization: Two-sided p-value of approximate randomisation, Holm-corrected over all comparisons made.
        p_bootstrap: The same of the paired bootstrap.
        detectable: Smallest true difference that these dialogues show with the wanted power; None where unknown.
        verdict: The better system where both p-values are below the significance; ``differ`` where the metric has no
            better direction; else ``undecided``.
        dialogues: Dialogues, the units of the tests.
        exact: Whether the randomisation tried every swap.
        signature: What both numbers mean.
        coverage: Share of the gold turns that both systems answered.
        notes: What a reader must know beside.
    """

    metric: str
    protocol: str
    slice: Slice | None
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_randomization: float | None
    p_bootstrap: float | None
    detectable: float | None
    verdict: Verdict
    dialogues: int
    exact: bool
    signature: Signature
    coverage: float
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {**asdict(self), "signature": str(self.signature), "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class Settings:
    """How two systems are compared.

    Attributes:
        draws: Swaps of the randomisation, and draws of the bootstrap.
        seed: Seed of both.
        level: One minus the significance; also the coverage of the interval.
        power: Power that the detectable difference is for.
    """

    draws: int = 10_000
    seed: int = 0
    level: float = 0.95
    power: float = 0.8


def compare(
    task: TaskName,
    dialogues: Iterable[Dialogue],
    a: Predictions,
    b: Predictions,
    *,
    corpus_name: str,
    split: str,
    schema: Schema,
    metrics: Sequence[str] | None = None,
    by_domain: bool = False,
    partial: bool = False,
    database: Any = None,
    names: tuple[str, str] = ("A", "B"),
    settings: Settings | None = None,
    notes: Sequence[str] = (),
    resources: Mapping[str, Any] | None = None,
) -> list[Comparison]:
    """Compares two systems' predictions for the same dialogues.

    Args:
        task: The task that both were asked.
        dialogues: The gold dialogues; all of their turns are the denominator.
        a: Predictions of system A, by dialogue and turn.
        b: Predictions of system B.
        corpus_name: Name of the corpus, for signatures and messages.
        split: Name of the split.
        schema: The corpus's schema.
        metrics: Specs (``jga``, ``jga@trade``); None for the task's first metric.
        by_domain: Also compare each domain or service; all comparisons made share Holm's correction.
        partial: Accept missing turns, the same in both; they count as empty.
        database: The corpus's database, for metrics that need one.
        names: The two systems' files, for messages.
        settings: Draws, seed, level and power.
        notes: What is to be said beside every comparison.
        resources: What else metrics may need of the corpus (`tod_bench.scoring.resources.Resources`).

    Returns:
        For each metric the whole, then, if asked for, each domain.

    Raises:
        UserError: A metric cannot be computed here, or is no function of the dialogues' statistics.
        DataError: Predictions do not fit the dialogues, or the two do not answer the same turns.
    """
    gold, settings = list(dialogues), settings or Settings()
    specs = metrics or default_metrics(task)[:1]
    _check_testable(specs)
    rows: list[list[Row]] = []
    for predictions, name in zip((a, b), names, strict=True):
        try:
            sheet = score(
                task,
                gold,
                predictions,
                corpus_name=corpus_name,
                split=split,
                schema=schema,
                metrics=specs,
                partial=partial,
                database=database,
                resources=resources,
                notes=notes,
                draws=0,
            )
        except DataError as error:
            raise DataError(error.problem, file=name, dialogue=error.dialogue, turn=error.turn) from None
        rows.append([row for row in _rows_of(sheet) if by_domain or not row.score.slice])
    _check_turns(task, gold, a, b, names)
    tested = [_Tested.of(row_a, row_b, settings) for row_a, row_b in zip(*rows, strict=True)]
    randomization = _holm([pair.randomization.p_value for pair in tested])
    bootstrap = _holm([pair.bootstrap.p_value for pair in tested])
    family = sum(p_value is not None for p_value in randomization)
    return [
        pair.comparison(p_randomization, p_bootstrap, family, settings)
        for pair, p_randomization, p_bootstrap in zip(tested, randomization, bootstrap, strict=True)
    ]


def _rows_of(sheet: ScoreSheet) -> list[Row]:
    """What the scores of a sheet were computed from, in their order."""
    rows, pooled = iter(sheet.rows), iter(sheet.pooled)
    return [next(pooled) if issubclass(metric_class(found.metric), PooledMetric) else next(rows) for found in sheet]


def _check_testable(specs: Sequence[str]) -> None:
    """Refuses metrics that are no function of the dialogues' statistics; unknown names are left to scoring."""
    for spec in specs:
        with suppress(ValueError):
            chosen = metric_class(spec)
            if issubclass(chosen, CorpusMetric) and not issubclass(chosen, PooledMetric):
                raise UserError(f"{spec} looks at the whole corpus at once, and no test over dialogues fits it")


def _check_turns(
    task: TaskName, gold: Sequence[Dialogue], a: Predictions, b: Predictions, names: tuple[str, str]
) -> None:
    """Both must answer the same turns: what only one was asked would be a difference of the files, not the systems."""
    field = FIELDS[task]
    scored = {(dialogue.id, turn.index) for dialogue in gold for turn in scored_turns(task, dialogue)}
    answered = [
        {key for key in scored & predictions.keys() if getattr(predictions[key], field) is not None}
        for predictions in (a, b)
    ]
    apart = sorted(answered[0] ^ answered[1])
    if apart:
        has, lacks = names if apart[0] in answered[0] else names[::-1]
        raise DataError(
            f"{has} has a predicted {field} for this turn and {lacks} has none ({len(apart)} turns in all); "
            "systems are compared on the same turns",
            dialogue=apart[0][0],
            turn=apart[0][1],
        )


def _holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction over those comparisons that could be tested."""
    corrected = iter(holm([p_value for p_value in p_values if p_value is not None]))
    return [None if p_value is None else next(corrected) for p_value in p_values]


@dataclass(frozen=True, slots=True)
class _Tested:
    """Both systems' rows of one number, what the two tests found, and how to tell what they could have found."""

    a: Row
    b: Row
    randomization: PairedTest
    bootstrap: PairedTest
    detectable: Callable[[int], float | None]

    @classmethod
    def of(cls, a: Row, b: Row, settings: Settings) -> "_Tested":
        """Tests the two rows.

        Raises:
            UserError: They do not mean the same.
        """
        if a.score.meaning != b.score.meaning:
            raise UserError(f"the two scores do not mean the same: {a.score.signature} and {b.score.signature}")
        draws, seed, level, power = settings.draws, settings.seed, settings.level, settings.power
        if isinstance(a, PooledRow) and isinstance(b, PooledRow):
            both, dialogues = replace(a, pool=a.pool.beside(b.pool)), a.pool.clusters
            tests = pooled_tests(both.of_counts, dialogues, draws=draws, seed=seed, level=level)
            find = partial(tests.detectable, dialogues, level=level, power=power)
            return cls(a, b, tests.randomization, tests.bootstrap, lambda family: find(comparisons=family))
        if not (isinstance(a, ScoreRow) and isinstance(b, ScoreRow)):
            raise TypeError("both scores of a comparison are of the same metric")
        randomization, bootstrap = (
            test(a.sums, b.sums, a.aggregate, draws=draws, seed=seed, level=level)
            for test in (approximate_randomization, paired_bootstrap)
        )
        least = partial(minimal_detectable_difference, a.sums, b.sums, a.aggregate, level=level, power=power)
        return cls(a, b, randomization, bootstrap, lambda family: least(comparisons=family))

    def comparison(
        self, p_randomization: float | None, p_bootstrap: float | None, family: int, settings: Settings
    ) -> Comparison:
        """The comparison, given p-values that are corrected over the family of comparisons."""
        a, b, score = self.a, self.b, self.a.score
        return Comparison(
            metric=score.metric,
            protocol=score.protocol,
            slice=score.slice,
            a=a.value,
            b=b.value,
            difference=self.randomization.effect,
            low=self.randomization.interval.low,
            high=self.randomization.interval.high,
            p_randomization=p_randomization,
            p_bootstrap=p_bootstrap,
            detectable=self.detectable(max(family, 1)),
            verdict=self._verdict(p_randomization, p_bootstrap, 1 - settings.level),
            dialogues=dialogues_of(a),
            exact=self.randomization.exact,
            signature=score.meaning,
            coverage=score.coverage,
            notes=self._notes(),
        )

    def _verdict(self, p_randomization: float | None, p_bootstrap: float | None, significance: float) -> Verdict:
        effect = self.randomization.effect
        if p_randomization is None or p_bootstrap is None or not effect:
            return "undecided"
        if max(p_randomization, p_bootstrap) >= significance:
            return "undecided"
        higher = metric_class(self.a.score.metric).higher_is_better
        if higher is None:
            return "differ"
        return "A" if (effect > 0) == higher else "B"

    def _notes(self) -> tuple[str, ...]:
        """Notes of both scores, those of one alone under its name, then those of the tests."""
        notes_a, notes_b = self.a.score.notes, self.b.score.notes
        return tuple(
            dict.fromkeys(
                [
                    *(note for note in notes_a if note in notes_b),
                    *(f"A: {note}" for note in notes_a if note not in notes_b),
                    *(f"B: {note}" for note in notes_b if note not in notes_a),
                    *filter(None, (self.randomization.note, self.randomization.interval.note)),
                ]
            )
        )
