"""What the page of a run shows, as data; `tod_bench.reports.page` renders it.

What cannot be shown (the turns of a corpus that is not at hand, say) is left out with a note that says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.results import Result
from tod_bench.predictions import read_predictions
from tod_bench.records import Dialogue, TaskName
from tod_bench.reports.breakdowns import confusions, slot_rows
from tod_bench.reports.browser import Answers, Shelf, browser_data, sample
from tod_bench.reports.figures import Figure, learning_curves, position_figures, score_figures
from tod_bench.reports.judged import JudgeRun
from tod_bench.reports.plot import table_figures
from tod_bench.reports.published import published_values
from tod_bench.reports.runs import Run
from tod_bench.reports.styles import styles_of
from tod_bench.reports.table import Table, make_table
from tod_bench.reports.turns import StateTurns, judging_metric, state_turns
from tod_bench.scoring.metrics import build_metric
from tod_bench.scoring.state_errors import ErrorRow
from tod_bench.splits import read_all
from tod_bench.tasks import Predictions
from tod_metrics.act.act_metric import ActMetric
from tod_metrics.act.acts import Unit

SLOTS_SHOWN, CONFUSED_SHOWN = 30, 12


@dataclass(frozen=True, slots=True)
class Confusion:
    """Which slot's value was given to which other slot, in turns.

    Attributes:
        slots: The slots that the values belong to.
        given: The slots that they were given to.
        counts: Turns, a row for each of `slots` and a column for each of `given`.
    """

    slots: tuple[str, ...]
    given: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class SlotPanel:
    """Slots of one system on one corpus: how they are wrong, and which are taken for which.

    Attributes:
        name: System and corpus.
        metric: The metric whose rules decide what is wrong.
        turns: How many turns there are.
        wrong: How many of them are not right.
        rows: The slots with the most errors.
        left_out: Slots that are not among them.
        confusion: Slot against slot; None where no value went to another slot.
    """

    name: str
    metric: str
    turns: int
    wrong: int
    rows: tuple[ErrorRow, ...]
    left_out: int
    confusion: Confusion | None


@dataclass(frozen=True)
class Page:
    """Everything that a page shows.

    Attributes:
        name: The config's name.
        table: The run's table.
        figures: The plots.
        slots: The panels of slots.
        browser: What the dialogue browser shows (see `tod_bench.reports.browser`).
        results: The results, for their provenance.
        notes: What could not be shown, and why.
    """

    name: str
    table: Table
    figures: tuple[Figure, ...]
    slots: tuple[SlotPanel, ...]
    browser: Mapping[str, Any]
    results: tuple[Result, ...]
    notes: tuple[str, ...]


@dataclass
class _Gathered:
    shelves: list[Shelf] = field(default_factory=list)
    turns: list[tuple[str, StateTurns]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def table_of(run: Run) -> Table:
    """The table of a run, with published values where its config names some."""
    name = run.config.table.published
    table = make_table(run.config, run.results, published_values(name) if name else None, run.lacking)
    return replace(table, warnings=(*table.warnings, *run.warnings))


def page_data(
    run: Run,
    corpora: Mapping[str, Corpus] | None = None,
    *,
    dialogues: int = 40,
    judged: JudgeRun | None = None,
) -> Page:
    """What the page of a run shows.

    Args:
        run: The run.
        corpora: Label -> corpus, where they are open already.
        dialogues: How many dialogues of each corpus to embed for browsing.
        judged: What a judge said of the dialogues.
    """
    judged = judged or JudgeRun({}, ())
    gathered = _Gathered()
    for label in run.config.corpora:
        try:
            _gather(run, label, corpora, dialogues, gathered)
        except UserError as error:
            gathered.notes.append(f"no turns and dialogues of {label}: {error}")
    bootstrap, table = run.config.bootstrap, table_of(run)
    # Of all systems at once, so that each looks the same in every plot.
    styles = styles_of([*run.config.systems, *(result.experiment.system for result in run.results)])
    return Page(
        name=run.config.name,
        table=table,
        figures=(
            *(table_figures(table) if table.plot else []),
            *score_figures(run.config, run.results, styles),
            *position_figures(gathered.turns, bootstrap.draws, bootstrap.seed, styles),
            *learning_curves(run.results, styles),
            *judged.figures,
        ),
        slots=tuple(_panel(name, turns) for name, turns in gathered.turns),
        browser=browser_data(gathered.shelves, judged.verdicts_of),
        results=run.results,
        notes=tuple(dict.fromkeys(gathered.notes)),
    )


def _gather(run: Run, label: str, corpora: Mapping[str, Corpus] | None, wanted: int, gathered: _Gathered) -> None:
    results = [
        result
        for result in run.results
        if result.experiment.corpus == label and result.experiment.task not in ("corpus", "people")
    ]
    if not results:
        return
    section = run.config.corpora[label]
    corpus = (corpora or {}).get(label) or open_corpus(section.corpus, **section.options)
    _check_fingerprint(results, corpus)
    gold = read_all(corpus, section.splits.test)
    shown = sample(gold, wanted)
    answers: dict[str, Answers] = {}
    for name, result in _first_seeds(run.config, results):
        mine = answers.setdefault(result.experiment.system, Answers(name))
        predictions = {(one.dialogue_id, one.turn): one for one in read_predictions(run.predictions(result))}
        if result.experiment.predicts == "dst":
            mine.turns = _judged(run.config, result, corpus, gold, predictions)
            gathered.turns.append((name, mine.turns))
        else:
            mine.predictions[result.experiment.predicts] = _only(predictions, shown)
            mine.unit = act_unit(run.config) if result.experiment.predicts == "policy" else mine.unit
    gathered.shelves.append(Shelf(label, len(gold), shown, list(answers.values())))
    seeds = {result.experiment.seed for result in results}
    if len(seeds) > 1:
        gathered.notes.append("turns, slots and dialogues are of each system's first seed")


def _first_seeds(config: EvalConfig, results: Sequence[Result]) -> Iterator[tuple[str, Result]]:
    """(name, result) of each system and task, in the config's order of systems, with the first of its seeds."""
    found: dict[tuple[str, TaskName], Result] = {}
    for result in sorted(results, key=lambda result: result.experiment.seed):
        found.setdefault((result.experiment.system, result.experiment.predicts), result)
    for system in config.systems:
        yield from ((system, result) for (name, _), result in found.items() if name == system)


def _check_fingerprint(results: Sequence[Result], corpus: Corpus) -> None:
    scored = {result.provenance.get("corpus", {}).get("fingerprint") for result in results}
    if scored != {corpus.fingerprint}:
        raise UserError(f"{corpus.name} is not (or no longer) what was scored; run the config again to show them")


def _judged(
    config: EvalConfig, result: Result, corpus: Corpus, gold: Sequence[Dialogue], predictions: Predictions
) -> StateTurns:
    columns = [column.metric for column in config.table.columns if column.task == "dst" and not column.domain]
    metric = judging_metric([*columns, *config.tasks["dst"].metrics])
    return state_turns(result.experiment, metric, corpus, gold, predictions)


def act_unit(config: EvalConfig) -> Unit:
    """What acts are compared by: as the config's first metric of acts does, in its table or of its task."""
    columns = [column.metric for column in config.table.columns if column.task == "policy"]
    listed = config.tasks["policy"].metrics if "policy" in config.tasks else ()
    specs = [spec for spec in (*columns, *listed) if spec]
    metrics = (build_metric("policy", spec, {}) for spec in specs)
    return next((metric.unit for metric in metrics if isinstance(metric, ActMetric)), "slot")


def _only(predictions: Predictions, shown: Sequence[Dialogue]) -> Predictions:
    ids = {dialogue.id for dialogue in shown}
    return {key: prediction for key, prediction in predictions.items() if key[0] in ids}


def _panel(name: str, turns: StateTurns) -> SlotPanel:
    rows = slot_rows(turns)
    return SlotPanel(
        name=f"{name} on {turns.experiment.corpus}",
        metric=turns.metric,
        turns=len(turns.errors),
        wrong=sum(not turns.right(position) for position in range(len(turns.errors))),
        rows=tuple(rows[:SLOTS_SHOWN]),
        left_out=max(0, len(rows) - SLOTS_SHOWN),
        confusion=_confusion(turns),
    )


def _confusion(turns: StateTurns) -> Confusion | None:
    found = confusions(turns)
    if not found:
        return None
    slots, given = (_most_frequent(found, side) for side in (0, 1))
    return Confusion(slots, given, tuple(tuple(found[slot, other] for other in given) for slot in slots))


def _most_frequent(found: Mapping[tuple[str, str], int], side: int) -> tuple[str, ...]:
    totals: dict[str, int] = {}
    for pair, count in found.items():
        totals[pair[side]] = totals.get(pair[side], 0) + count
    return tuple(sorted(sorted(totals, key=lambda slot: -totals[slot])[:CONFUSED_SHOWN]))
