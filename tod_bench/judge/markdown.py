"""Reports for reading: of a judge run, of a study with people, of one item, and of published tables."""

import json
from pathlib import Path
from typing import Any

import yaml

from tod_bench.errors import UserError, did_you_mean
from tod_bench.judge.own_sections import own_section, state_section
from tod_bench.judge.people import Study
from tod_bench.judge.questions import ALL
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.sections import (
    ablation_section,
    agreement_section,
    coverage_section,
    emotion_section,
    factor_section,
    likert_section,
    pair_section,
    position_section,
    stability_section,
    tests_section,
)
from tod_bench.judge.store import Judged, read_judged
from tod_bench.judge.verdicts import Unscored
from tod_bench.markdown import table
from tod_bench.shipped import shipped_folder
from tod_metrics.judge.emotions import EmotionLabelShare
from tod_metrics.judge.likert import LikertMean
from tod_metrics.judge.win_rate import WinRate
from tod_metrics.style.emotions import PUBLISHED_NAMES


def markdown(report: JudgeReport) -> str:
    """The whole report of a run; sections without content are left out."""
    labels = any(isinstance(row.metric, EmotionLabelShare) for row in report.rows)
    beside = published_emotions(report.published) if labels and report.published else {}
    signatures = dict.fromkeys(score.signature for score in report.scores if not score.slice)
    parts = [
        f"# {report.title}",
        *(f"> {note}" for note in report.notes),
        _facts(report),
        likert_section(report.rows),
        own_section(report.rows),
        state_section(report.states),
        tests_section("Differences between versions", report.candidate_tests),
        tests_section("Asked together against asked apart", report.asking_tests),
        pair_section(report.rows, report.pair),
        position_section(report.rows, report.length, report.pair),
        factor_section(report.rows),
        emotion_section(report.rows, report.emotion_tests, beside),
        stability_section(report.stability),
        ablation_section(report.ablation),
        "" if labels or not report.published else published_section(report.published).rstrip(),
        "## Signatures\n\n" + "\n".join(f"    {signature}" for signature in signatures),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(report: JudgeReport) -> str:
    facts = report.provenance
    returned = ", ".join(f"{name} ({count})" for name, count in facts["returned"].items()) or "none"
    reasons = ", ".join(f"{reason} {count}" for reason, count in facts["unscored"].items())
    left_out = ", ".join(f"{name} ({count} answers)" for name, count in facts["left_out"].items())
    usage = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in facts["usage"].items())
    lines = [
        f"- judge: {facts['judge']} (returned: {returned}); prompt {facts['prompt']}; protocol {facts['protocol']}; "
        f"order {facts['order']}",
        f"- asked: {facts['asks']}, asked again: {facts['reasked']}, unscored: {100 * report.unscored_rate:.1f}%"
        + (f" ({reasons})" if reasons else ""),
    ]
    if facts["commonest_problem"]:
        lines.append(f"- commonest reason of an unscored query: {facts['commonest_problem']}")
    if left_out:
        lines.append(f"- not sent, since the server does not take it for this model: {left_out}")
    if facts.get("unweighed"):
        lines.append(
            f"- {facts['unweighed']} of {facts['weighed'] + facts['unweighed']} answers have no probabilities: the "
            "server lists none, or they do not tell the answers apart; chosen answers stand for themselves"
        )
    if facts["foretellable"]:
        lines.append(
            f"- **{facts['foretellable']} queries carry a check word that a dialogue could foretell (asked by an "
            "earlier version); give another --output and --cache to ask them anew**"
        )
    if usage:
        lines.append(f"- tokens of the stored answers: {usage}")
    whole = [row for row in report.rows if row.group == ALL.label and isinstance(row.metric, LikertMean | WinRate)]
    if defaulted := sum(row.count("defaulted") for row in whole):
        lines.append(f"- **{defaulted} values are defaults of the protocol, for answers that it could not read**")
    if not report.trusted:
        lines.append(
            f"- **more is unscored than the {100 * report.max_unscored:.1f}% allowed: read the bounds, not the means**"
        )
    return "\n".join(lines)


def study_markdown(study: Study, title: str) -> str:
    """A study with people as Markdown."""
    parts = [
        f"# {title}",
        f"- {study.raters} raters",
        likert_section(study.rows),
        own_section(study.rows),
        tests_section("Differences between versions", study.tests),
        *(pair_section(rows, pair.split("|", 1)) for pair, rows in study.pairs.items()),
        *(factor_section(rows) for rows in study.pairs.values()),
        emotion_section(study.rows, study.emotion_tests),
        agreement_section(study.agreements),
        coverage_section(study.curve),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def show_item(folder: Path, item: str) -> str:
    """Every query about an item: what came of it and each raw answer, as Markdown.

    Args:
        folder: Folder of the run.
        item: The item's id, or the id of one query.

    Raises:
        UserError: The folder holds no run, or nothing was asked about the item.
    """
    shown, known = [], set()
    for judged in read_judged(folder):
        known.add(judged.query.item)
        if item in (judged.query.item, judged.query.id):
            shown.append(_judged(judged))
    if not shown:
        raise UserError(f"{folder} holds nothing about {item!r}{did_you_mean(item, known)}")
    return "\n".join(shown)


def _judged(judged: Judged) -> str:
    outcome = judged.outcome
    lines = [f"## {judged.query.id}", f"- prompt {judged.prompt}, key {judged.key[:16]}"]
    if isinstance(outcome, Unscored):
        lines.append(f"- **unscored: {outcome.reason}** {outcome.detail}")
    else:
        stated = "" if outcome.certainty is None else f", certainty {outcome.certainty}"
        named = f", factors {', '.join(outcome.factors)}" if outcome.factors else ""
        lines.append(f"- verdict {json.dumps(dict(outcome.values))}{stated}{named}")
        if outcome.reason:
            lines.append(f"- reason: {outcome.reason}")
    for number, attempt in enumerate(judged.attempts, start=1):
        source = "cache" if attempt.cached else attempt.created
        usage = ", ".join(f"{count} {kind}" for kind, count in attempt.usage.items())
        lines.append(f"- answer {number} ({attempt.model or 'none'}, {attempt.finish_reason}, {source}, {usage})")
        lines.append("\n".join(f"      {line}" for line in (attempt.text or attempt.failure).splitlines() or [""]))
    return "\n".join(lines) + "\n"


def read_published(name: str) -> dict[str, Any]:
    """A published table: its source, rows and notes.

    Raises:
        UserError: There is no such file.
    """
    folder = shipped_folder("published")
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(path.stem for path in folder.glob("*.yaml"))
        raise UserError(f"there are no published values {name!r}{did_you_mean(name, known)}")
    value: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return value


def published_section(name: str) -> str:
    """A published table as Markdown, every value as printed."""
    read = read_published(name)
    rows = read["rows"]
    labels = list(dict.fromkeys(key for row in rows for key in row if key != "values"))
    columns = list(dict.fromkeys(key for row in rows for key in row["values"]))
    lines = [
        [*(str(row.get(label, "")) for label in labels), *(str(row["values"].get(column, "-")) for column in columns)]
        for row in rows
    ]
    notes = "".join(f"\n- {note}" for note in read.get("notes", ()))
    return (
        f"## Published: {read['source']}\n\n{table([*labels, *columns], lines, left=len(labels))}\n{notes}".rstrip()
        + "\n"
    )


def published_emotions(name: str) -> dict[str, dict[str, float]]:
    """A published table of emotion shares as columns: label -> share, under GoEmotions' own names of labels."""
    read = read_published(name)
    return {
        f"{row['corpus']}, {row['row']} (published)": {
            PUBLISHED_NAMES.get(label, label): float(share) for label, share in row["values"].items()
        }
        for row in read["rows"]
    }
