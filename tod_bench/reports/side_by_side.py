"""Scores of one prediction file, metrics down and protocols across: why no bare "JGA" can be printed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tod_bench.corpora.base import Corpus
from tod_bench.errors import printable
from tod_bench.experiments.conditioning import gold_in
from tod_bench.numerals import with_interval
from tod_bench.records import Dialogue, TaskName
from tod_bench.scores import Score, Slice
from tod_bench.scoring import (
    Disagreement,
    ErrorTable,
    Pairing,
    add_up,
    default_metrics,
    explain,
    pair,
    response_metrics,
    score,
    scores_task,
    specs,
    task_protocols,
    updates_remark,
)
from tod_bench.scoring.choosing import FIELDS, OF_FRAME_ANSWERS, frame_metrics
from tod_bench.scoring.gold import require_gold, require_personas
from tod_bench.scoring.pairing import Predictions
from tod_bench.scoring.state_errors import CLASSES, ErrorRow
from tod_bench.splits import signed_split, split_notes
from tod_metrics.protocols import state_protocol

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Sheet:
    """The scores of one task, and what two protocols disagree on.

    Attributes:
        task: The task.
        protocols: The columns.
        scores: Every score, of domains and groups too.
        pairing: Dialogues and predictions that were scored.
        remarks: Sentences about the whole sheet.
    """

    task: TaskName
    protocols: tuple[str, ...]
    scores: tuple[Score, ...]
    pairing: Pairing
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """What to score a file by.

    Attributes:
        metrics: Metrics; empty for the task's default set.
        protocols: Protocols; empty for all that are usual for the corpus.
        suffix: Modifiers for every protocol, e.g. ``+nobook``.
        groups: Groupings of users to add rows for.
        partial: Accept missing turns.
        draws: Bootstrap draws.
        seed: Seed of the draws.
        updates: Take predicted states for turn updates, and add them up.
    """

    metrics: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    suffix: str = ""
    groups: tuple[str, ...] = ()
    partial: bool = False
    draws: int = 1000
    seed: int = 0
    updates: bool = False


def tasks_answered(predictions: Predictions, metrics: Sequence[str] = ()) -> tuple[TaskName, ...]:
    """The tasks that a prediction file answers, by the fields that it has; only those that the metrics score.

    Raises:
        UserError: There is no such metric.
    """
    found = {
        task
        for prediction in predictions.values()
        for task, field in FIELDS.items()
        if getattr(prediction, field) is not None
    }
    return tuple(
        task for task in FIELDS if task in found and (not metrics or any(scores_task(task, spec) for spec in metrics))
    )


def answered_fields(predictions: Predictions) -> set[str]:
    """Which of the fields that SGD's official set scores beside states any prediction has."""
    return {
        field
        for field in OF_FRAME_ANSWERS
        if any(getattr(prediction, field) is not None for prediction in predictions.values())
    }


def make_sheet(
    task: TaskName,
    corpus: Corpus,
    split: str,
    dialogues: Sequence[Dialogue],
    predictions: Predictions,
    request: Request,
) -> Sheet:
    """Scores predictions under every protocol that is asked for.

    Raises:
        UserError: A metric or protocol does not exist or does not apply.
        DataError: The predictions do not fit the dialogues.
    """
    where = f"{corpus.name} {split}"
    if request.updates and task == "dst":
        predictions = add_up(pair(task, dialogues, predictions, where=where, partial=request.partial))
    usual = request.protocols or task_protocols(task, corpus.schema)
    protocols = tuple(protocol + request.suffix for protocol in usual)
    wanted: Sequence[str] = [spec for spec in request.metrics if scores_task(task, spec)]
    fields = answered_fields(predictions) if task == "dst" else set()
    notes: tuple[str, ...] = ()
    if task == "response" and not wanted:
        fitting = response_metrics(corpus, dialogues, predictions.values())
        wanted, notes = fitting.metrics, fitting.notes
    usual_metrics = (*default_metrics(task), *(frame_metrics(protocols, fields) if task == "dst" else ()))
    chosen = specs(task, wanted or usual_metrics, protocols)
    require_gold(corpus, split, task, chosen)
    require_personas(corpus, split, request.groups)
    scores = score(
        task,
        dialogues,
        predictions,
        corpus_name=corpus.name,
        split=signed_split(corpus, split),
        notes=split_notes(corpus, split),
        schema=corpus.schema,
        metrics=chosen,
        draws=request.draws,
        seed=request.seed,
        partial=request.partial,
        groups=request.groups,
        database=corpus.database,
        seen_services=corpus.seen_services,
    )
    columns = dict.fromkeys([*protocols, *(found.protocol for found in scores)])
    used = {found.protocol for found in scores}
    pairing = pair(task, dialogues, predictions, where=where, partial=request.partial)
    shown = tuple(name for name in columns if name in used)
    gold = sorted({name for prediction in predictions.values() for name in gold_in(prediction.notes)})
    remarks = [*notes, f"the file says that its system was shown gold: {', '.join(gold)}" if gold else ""]
    if task == "dst":
        remarks += () if wanted else _unanswered(protocols, fields)
        remarks.append(_updates(pairing, corpus, shown, where, added_up=request.updates))
    return Sheet(task, shown, tuple(scores), pairing, tuple(filter(None, remarks)))


def _updates(pairing: Pairing, corpus: Corpus, shown: Sequence[str], where: str, *, added_up: bool) -> str:
    """What is to be said of turn updates: that they were added up, or that the file looks like some."""
    if added_up:
        return "the predicted states were taken for turn updates and added up (--updates)"
    defining = [name for name in shown if "jga" in state_protocol(name).metrics]
    return updates_remark(pairing, corpus.schema, defining[0] if defining else "tod_bench", where)


def _unanswered(protocols: Sequence[str], fields: Collection[str]) -> tuple[str, ...]:
    """What of SGD's official set is not printed, because the predictions do not carry it."""
    lacking = [field for field in OF_FRAME_ANSWERS if field not in fields]
    left_out = [OF_FRAME_ANSWERS[field] for field in lacking]
    if not lacking or not set(left_out) & set(frame_metrics(protocols, lacking)):
        return ()
    fields_named = " and ".join(f"`{field}`" for field in lacking)
    return (
        f"{' and '.join(left_out)} of SGD's official set need predictions that carry {fields_named} (service by "
        "service; docs/prediction.schema.json), and no turn of these does",
    )


def disagreements(sheet: Sheet, corpus: Corpus) -> Iterable[tuple[str, list[Disagreement]]]:
    """What each further protocol of a state sheet disagrees on with the first, protocol by protocol."""
    if sheet.task == "dst":
        for protocol in sheet.protocols[1:]:
            yield protocol, list(explain(sheet.pairing, corpus.schema, sheet.protocols[0], protocol))


def print_sheet(sheet: Sheet, console: "Console", *, by_domain: bool) -> None:
    """Prints the table, the signatures under it, and what a reader must know.

    Args:
        sheet: The sheet.
        console: Where to print.
        by_domain: Show rows of domains for every metric, not for per-domain JGA and groups alone.
    """
    from rich.table import Table as Grid
    from rich.text import Text

    shown = [found for found in sheet.scores if by_domain or _always(found)]
    grid = Grid(
        title=f"{sheet.task}: {sheet.pairing.turns} turns, coverage {100 * sheet.pairing.coverage:.1f}%",
        title_justify="left",
    )
    grid.add_column("metric")
    for protocol in sheet.protocols:
        grid.add_column(protocol, justify="right")
    for metric, part in dict.fromkeys((found.metric, found.slice) for found in shown):
        cells = [_cell(shown, metric, part, protocol) for protocol in sheet.protocols]
        grid.add_row(Text(f"  {metric} {part}" if part else metric), *map(Text, cells))
    console.print(grid)
    console.print(Text("95% bootstrap intervals over dialogues; signatures:"))
    for line in signature_lines(sheet.scores):
        console.print(Text(f"  {line}"), soft_wrap=True)
    for note in dict.fromkeys([*sheet.remarks, *(note for found in shown for note in found.notes)]):
        console.print(Text(printable(f"- {note}")), soft_wrap=True)


def signature_lines(scores: Iterable[Score]) -> list[str]:
    """The signatures of whole scores, those that differ in the metric and n alone in one line."""
    shared: dict[str, dict[str, int]] = {}
    for found in scores:
        if not found.slice:
            options = str(found.signature.without("n")).partition("|")[2]
            shared.setdefault(options, {})[found.metric] = found.n
    return [
        f"{'; '.join(f'{metric} (n {n})' for metric, n in metrics.items())}: {signature}"
        for signature, metrics in shared.items()
    ]


def print_disagreements(
    found: Iterable[tuple[str, list[Disagreement]]], first: str, limit: int, console: "Console"
) -> None:
    """Prints the first few disagreements of each protocol with the first one."""
    from rich.text import Text

    for protocol, slots in found:
        turns = {(slot.dialogue_id, slot.turn) for slot in slots}
        console.print(Text(f"\n{first} and {protocol} disagree on {len(turns)} turns", style="bold"))
        for slot in islice(slots, limit):
            console.print(Text(printable(f"  {slot}")), soft_wrap=True)


def print_errors(table: ErrorTable, console: "Console") -> None:
    """Prints the errors of states by slot and by turn; each error is in exactly one class."""
    from rich.table import Table as Grid
    from rich.text import Text

    unpredicted = f", {table.unpredicted} of them not predicted" if table.unpredicted else ""
    title = (
        f"errors under {table.protocol}: {table.total.errors} slots wrong in {table.wrong} of {table.turns} turns"
        f"{unpredicted}"
    )
    for what, rows in (("slot", table.by_slot), ("turn", table.by_turn)):
        grid = Grid(title=title if what == "slot" else None, title_justify="left")
        grid.add_column(what)
        for name in ("in gold", *CLASSES, "all errors"):
            grid.add_column(name, justify="right")
        for row in (*(row for row in rows if row.errors), table.total):
            grid.add_row(*map(Text, _error_cells(row)))
        console.print(grid)


def _error_cells(row: ErrorRow) -> list[str]:
    return [row.name, str(row.gold), *(str(row.counts[kind]) for kind in CLASSES), str(row.errors)]


def _always(found: Score) -> bool:
    return found.slice is None or found.slice.kind != "domain" or found.metric.startswith("domain_")


def _cell(scores: Sequence[Score], metric: str, part: Slice | None, protocol: str) -> str:
    for found in scores:
        if (found.metric, found.slice, found.protocol) == (metric, part, protocol):
            if found.value is None:
                return "undefined"
            return with_interval(found.value, found.low, found.high)
    return ""
