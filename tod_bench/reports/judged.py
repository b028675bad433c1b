"""What an LLM judge said, for a page: its verdicts by dialogue, and win rates by group of users."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tod_bench.errors import DataError, UserError
from tod_bench.inputs import read_json
from tod_bench.judge.store import Judged, read_judged
from tod_bench.judge.verdicts import Unscored, Verdict
from tod_bench.records import Dialogue
from tod_bench.reports.charts import Datum, grouped_bars, stacked_bars
from tod_bench.reports.figures import Figure

_OUTCOMES = (("second", "{1} wins"), ("first", "{0} wins"), ("tie", "tie"), ("inconsistent", "orders disagree"))


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict and where its dialogue is from.

    Attributes:
        corpus: The corpus's name; empty where the run does not say, so that any corpus will do.
        split: ``train``, ``dev`` or ``test``; empty where the run's split is none of them.
        shown: The verdict, with ``about``, ``says`` and ``reason``.
    """

    corpus: str
    split: str
    shown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JudgeRun:
    """What a judge run adds to a page.

    Attributes:
        verdicts: Dialogue id -> its verdicts.
        figures: Its plots.
    """

    verdicts: Mapping[str, Sequence[StoredVerdict]]
    figures: tuple[Figure, ...]

    def verdicts_of(self, dialogue: Dialogue) -> list[Mapping[str, str]]:
        """The verdicts about a dialogue: ids are unique within a split of a corpus only."""
        return [
            verdict.shown
            for verdict in self.verdicts.get(dialogue.id, ())
            if verdict.corpus in ("", dialogue.corpus) and verdict.split in ("", dialogue.split)
        ]


def read_judge_runs(folders: Iterable[Path]) -> JudgeRun:
    """Reads the folders that judge runs wrote, and lays them side by side.

    Raises:
        UserError: A folder is not of a judge run, or cannot be read.
    """
    verdicts: dict[str, list[StoredVerdict]] = {}
    figures: list[Figure] = []
    titles: list[str] = []
    for folder in folders:
        report = _report(folder)
        figures += _win_rates(report, folder.name if report["title"] in titles else "")
        titles.append(report["title"])
        corpus, split = _origin(folder)
        for judged in read_judged(folder):
            shown = _verdict(judged, str(report["title"]))
            verdicts.setdefault(judged.query.item, []).append(StoredVerdict(corpus, split, shown))
    return JudgeRun(verdicts, tuple(figures))


def _origin(folder: Path) -> tuple[str, str]:
    """The corpus and the split that a run's dialogues are from; empty where they are not known."""
    path = folder / "run.json"
    plan = read_json(path) if path.is_file() else {}
    split = re.match(r"train|dev|test", str(plan.get("split", "")))
    return str(plan.get("corpus", "")), split[0] if split and "+" not in str(plan["split"]) else ""


def _report(folder: Path) -> dict[str, Any]:
    path = folder / "report.json"
    try:
        report: dict[str, Any] = read_json(path)
        whole = [
            str(score["signature"]) for score in report["scores"] if not (score.get("slice") or score.get("domain"))
        ]
        return {**{name: report[name] for name in ("title", "pairs", "pair")}, "signatures": whole}
    except (DataError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not the report of a judge run ({error}); give the folder it was run into") from None


def _win_rates(report: Mapping[str, Any], run: str) -> list[Figure]:
    """Win rates and shares of each outcome by group, of the pairs that were shown with the user's own persona.

    Args:
        report: The report.
        run: What tells it from a run of the same title; may be empty.
    """
    rows = [row for row in report["pairs"] if row["persona"] == "own" and row["ties_half"]["value"] is not None]
    if not rows:
        return []
    about = report["title"] + (f" ({run})" if run else "")
    series = f"{report['pair'][1]}'s win rate"
    rates = []
    for row in rows:
        rate = row["ties_half"]
        group = str(row["group"])
        rates.append(Datum(series, rate["value"], rate["low"], rate["high"], label=group, over=_pairs_of(row)))
    shares = [share for row in rows for share in _outcomes(row, report["pair"])]
    note = (
        "The win rate counts ties and pairs whose orders disagree as half a win, in percent; whiskers are 95% "
        "intervals over dialogues. " + " ".join(report["signatures"][:1])
    )
    share_note = "Share of the scored pairs, in percent."
    rate_title = f"{about}: win rates by group of users, judge"
    share_title = f"{about}: outcomes by group of users, judge"
    names = (("label", "group of users"), ("series", "outcome"))
    return [
        Figure(rate_title, note, tuple(rates), names, grouped_bars(rates, title=rate_title)),
        Figure(share_title, share_note, tuple(shares), names, stacked_bars(shares, title=share_title)),
    ]


def _pairs_of(row: Mapping[str, Any]) -> str:
    counts = row["counts"]
    return f"{sum(counts[name] for name, _ in _OUTCOMES)} pairs scored, {counts['unscored']} not"


def _outcomes(row: Mapping[str, Any], pair: Sequence[str]) -> list[Datum]:
    """The share of each outcome in one group, which add up to 100."""
    counts = row["counts"]
    scored = sum(counts[name] for name, _ in _OUTCOMES)
    return [
        Datum(text.format(*pair), 100 * counts[name] / scored, label=str(row["group"]), over=_pairs_of(row))
        for name, text in _OUTCOMES
        if scored
    ]


def _verdict(judged: Judged, title: str) -> dict[str, str]:
    query, outcome = judged.query, judged.outcome
    about = [title, " and ".join(query.candidates), f"order {query.order}" if query.questions == ("winner",) else ""]
    about += [
        f"turn {query.turn + 1}" if query.turn is not None else "",
        f"repeat {query.repeat}" if query.repeat else "",
    ]
    about += [f"{query.persona} persona" if query.persona != "own" else ""]
    if isinstance(outcome, Unscored):
        says, reason = f"no verdict: {outcome.reason}", outcome.detail
    else:
        says, reason = _says(outcome, judged), outcome.reason
    return {"about": ", ".join(part for part in about if part), "says": says, "reason": reason}


def _says(verdict: Verdict, judged: Judged) -> str:
    shown = judged.query.candidates if judged.query.order == "ab" else judged.query.candidates[::-1]
    named = (
        {str(position): candidate for position, candidate in enumerate(shown, start=1)}
        if "winner" in verdict.values
        else {}
    )
    parts = [f"{question}: {named.get(str(value), value)}" for question, value in verdict.values.items()]
    return ", ".join([*parts, *(["because of " + " and ".join(verdict.factors)] if verdict.factors else [])])
