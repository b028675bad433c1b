"""A judge report as Markdown, for reading in a terminal or a file."""

from tod_bench.judge.groups import ALL
from tod_bench.judge.published import published_emotions, published_section
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.sections import (
    audit_section,
    emotion_section,
    factor_section,
    likert_section,
    likert_test_section,
    pair_section,
    seat_section,
    stability_section,
)


def markdown(report: JudgeReport) -> str:
    """The whole report; sections without content are left out."""
    parts = [f"# {report.title}", *(f"> {note}" for note in report.notes), _facts(report)]
    beside = published_emotions(report.published) if report.emotions and report.published else {}
    sections = (
        likert_section(report.likert),
        likert_test_section("Differences between versions", report.arm_tests),
        likert_test_section("Asked together against asked apart", report.asking_tests),
        pair_section(report.pairs, report.pair),
        seat_section(report.position, report.length, report.pair),
        factor_section(report.factors),
        emotion_section(report.emotions, report.emotion_tests, beside),
        stability_section(report.stability),
        audit_section(report.audit),
        "" if report.emotions or not report.published else published_section(report.published).rstrip(),
        _signatures(report),
    )
    return "\n\n".join([*parts, *(section for section in sections if section)]) + "\n"


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
        lines.append(f"- commonest reason of an unscored ask: {facts['commonest_problem']}")
    if left_out:
        lines.append(f"- not sent, since the server does not take it for this model: {left_out}")
    if facts["foretellable"]:
        lines.append(
            f"- **{facts['foretellable']} asks carry a check word that a dialogue could foretell (asked by an earlier "
            "version); give another --output and --cache to ask them anew**"
        )
    if usage:
        lines.append(f"- tokens of the stored answers: {usage}")
    made_up = sum(row.defaulted for row in report.likert if row.group == ALL.label)
    made_up += sum(row.defaulted for row in report.pairs if row.group == ALL.label)
    if made_up:
        lines.append(f"- **{made_up} values are made up by the protocol for answers that it could not read**")
    if not report.trusted:
        lines.append(
            f"- **more is unscored than the {100 * report.max_unscored:.1f}% allowed: read the bounds, not the means**"
        )
    return "\n".join(lines)


def _signatures(report: JudgeReport) -> str:
    signatures = dict.fromkeys(score.signature for score in report.scores if not score.slice)
    return "## Signatures\n\n" + "\n".join(f"    {signature}" for signature in signatures)
