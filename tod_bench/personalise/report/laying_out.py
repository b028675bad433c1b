"""The report as Markdown."""

from collections.abc import Iterable, Mapping
from typing import Any

from tod_bench.markdown import table
from tod_bench.numerals import decimal, with_interval
from tod_bench.personalise.filters.verdicts import FILTERS
from tod_bench.personalise.report.counting import PUBLISHED_EMOTIONS
from tod_bench.personalise.report.filtering import PUBLISHED
from tod_bench.personalise.report.making import Report

_ARITHMETIC = (
    "The paper keeps 92.59% and counts 18,148 dialogues; of 19,836 these are 91.49%. Its removed shares add to 10.23."
)
_OFFLINE = (
    "Semantics and naturalness were judged by rules of ours, not by a language model: their shares are not those of "
    "the paper's filters and do not stand beside them."
)


def markdown(report: Report) -> str:
    """The whole report."""
    content = report.content
    parts = [
        f"# {content['corpus']}, personalised",
        f"Arm {content['arm']}, seed {content['seed']}; strategies as `{content['readings']['strategies']}`, "
        f"filters as `{content['readings']['filters']}`.",
        _soundness(report),
        _table1(content),
        _restyled(content),
        _emotions(content["emotions"]),
        _checks(content["checks"]),
        _filters(content),
        _planted(content.get("planted")),
        _figure5(content["figure5"], content["figure5_dialogues"]),
        _spending(content["spending"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _soundness(report: Report) -> str:
    if report.sound:
        return "Every check holds of the dialogues that are kept."
    return "\n".join(["**This corpus is not sound:**", "", *(f"- {problem}" for problem in report.problems)])


def _table1(content: Mapping[str, Any]) -> str:
    names = ("split", "dialogues", "kept", "turns", "utterances", "tokens", "personas")
    rows = [[row["split"], *(f"{row[name]:,}" for name in names[1:])] for row in content["table1"]]
    notes = [f"{split} of the plain corpus: {part}" for split, part in content["release"].items()]
    notes += [
        f"{count:,} further dialogues of {split} are too short and passed over, as by the released code"
        for split, count in content["passed_over"].items()
    ]
    notes += (
        [f"{len(content['unofficial'])} files are not those of the official release"] if content["unofficial"] else []
    )
    return _section("Dialogues", table(names, rows), notes)


def _restyled(content: Mapping[str, Any]) -> str:
    rows = [
        [
            side,
            f"{counts['utterances']:,}",
            _percent(counts["unchanged"], counts["utterances"]),
            _listed(content["fallbacks"][side]["by"]),
            _listed(content["fallbacks"][side]["why"]),
        ]
        for side, counts in content["unchanged"].items()
    ]
    heads = ("side", "utterances", "unchanged", "written by", "fallbacks")
    notes = [f"strategies of system turns: {_listed(content['strategies'])}"]
    return _section("Restyling", table(heads, rows), notes)


def _emotions(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    rows = [
        [name, _percent(counts.get(name, 0), total), decimal(published)]
        for name, published in PUBLISHED_EMOTIONS.items()
    ]
    note = "the paper's shares add to more than 100, as printed"
    return _section("What users feel", table(("emotion", "% of dialogues", "published"), rows), [note])


def _checks(counts: Mapping[str, Mapping[str, int]]) -> str:
    rows = [[check, f"{count['places']:,}", f"{count['dialogues']:,}"] for check, count in counts.items()]
    return _section("Checks of dialogues", table(("check", "failing places", "dialogues"), rows))


def _filters(content: Mapping[str, Any]) -> str:
    offline = "offline" in content["filtered_by"]
    readings = content["filters"]
    rows = []
    for name in (*FILTERS, "union", "kept"):
        of_model = name in ("semantic", "natural")
        shown = f"{name} (offline rules)" if of_model and offline else name
        cells = [_share(found["alone"][name] if name in FILTERS else found[name]) for found in readings.values()]
        comparable = not (offline and (of_model or name in ("union", "kept")))
        published = decimal(PUBLISHED[name]) if name in PUBLISHED and comparable else ""
        rows.append([shown, *cells, published])
    notes = [_ARITHMETIC, *([_OFFLINE] if offline else [])]
    for reading, found in readings.items():
        shared = {pair: count for pair, count in found["overlap"].items() if count}
        notes.append(f"overlap, {reading}: {_listed(shared)}")
    unread = readings[content["readings"]["filters"]]["no_verdict"]
    notes += [f"no verdict: {_listed(unread)}"] if any(unread.values()) else []
    return _section("Removed by filters, % of dialogues", table(("filter", *readings, "published"), rows), notes)


def _planted(planted: Mapping[str, Any] | None) -> str:
    if not planted:
        return ""
    faults = [*planted["each"], "false alarms"]
    rows = [
        [name, *(_share(row[fault]) if fault in row else "" for fault in faults)]
        for name, row in planted["found"].items()
    ]
    notes = [f"planted: {_listed(planted['each'])}; recall and false alarms in %, with Wilson intervals of 95%"]
    return _section("Planted faults that are found", table(("found by", *faults), rows), notes)


def _figure5(figure: Mapping[str, Any], dialogues: int) -> str:
    cells: dict[tuple[str, str], dict[str, str]] = {}
    published: dict[tuple[str, str], str] = {}
    for number in figure["numbers"]:
        place = number["metric"], number["group"]
        if number["value"] is not None:
            text = with_interval(number["value"], number["low"], number["high"])
            cells.setdefault(place, {})[number["text"]] = f"{text} ({number['dialogues']})"
        published[place] = "" if number["published"] is None else decimal(number["published"])
    rows = [
        [*place, *(texts.get(name, "") for name in ("plain", "styled", "control")), published[place]]
        for place, texts in cells.items()
    ]
    heads = ("metric", "group", "plain", "restyled", "same dialogues, every persona", "published")
    notes = [f"system responses of {dialogues} dialogues; in parentheses, dialogues of the group", *figure["notes"]]
    return _section(
        "Readability and politeness (Figure 5)", table(heads, rows, left=2), [*notes, *figure["signatures"]]
    )


def _spending(spending: Mapping[str, Any] | None) -> str:
    if not spending:
        return ""
    price = "unknown price" if spending["usd"] is None else f"{spending['usd']:.2f} US dollars"
    return (
        f"## Costs\n\n{spending['requests']:,} requests answered, {spending['cached']:,} from the cache; "
        f"{spending['prompt_tokens']:,} prompt and {spending['completion_tokens']:,} answer tokens, {price}, "
        "in the run that made this report."
    )


def _section(title: str, body: str, notes: Iterable[str] = ()) -> str:
    lines = "\n".join(f"- {note}" for note in notes)
    return f"## {title}\n\n{body}" + (f"\n\n{lines}" if lines else "")


def _share(share: Mapping[str, Any]) -> str:
    if share["percent"] is None:
        return ""
    return f"{with_interval(share['percent'], share['low'], share['high'])} ({share['count']}/{share['of']})"


def _percent(count: int, of: int) -> str:
    return f"{decimal(100 * count / of)}" if of else ""


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
