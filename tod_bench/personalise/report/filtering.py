"""Filters in numbers: each alone, their union and overlap, beside the paper's; and their recall of planted faults."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from typing import Any

from tod_bench.embeddings import encode
from tod_bench.personalise.checks.dialogue import Rules, failures
from tod_bench.personalise.checks.values import lost_values
from tod_bench.personalise.filters.offline import natural_verdict, semantic_verdict
from tod_bench.personalise.filters.outliers import StyleScores, labels_of, style_reasons
from tod_bench.personalise.filters.stages import encoder_of
from tod_bench.personalise.filters.vectors import cosines, style_vectors
from tod_bench.personalise.filters.verdicts import FILTERS, LABEL_CHECKS, Dropped, style_scores
from tod_bench.personalise.options import FilterReading
from tod_bench.personalise.planting import FAULTS, Planted
from tod_bench.personalise.rows import StageName
from tod_bench.personalise.styled import SIDES, Side, StyledDialogue
from tod_bench.personalise.work import Work

PUBLISHED = {"strength": 1.49, "direction": 1.98, "semantic": 2.37, "natural": 4.39, "kept": 92.59}
"""PicPersona-TOD, Appendix B, percent; 18,148 of 19,836 dialogues are 91.49, the shares removed add to 10.23."""

READINGS: tuple[FilterReading, ...] = ("tod_bench", "picpersona", "paper_text")


@dataclass(frozen=True, slots=True)
class Share:
    """A share of dialogues with its Wilson interval of 95% (Wilson 1927).

    Attributes:
        count: How many.
        of: Of how many.
        percent: The share, 0 to 100; None of none.
        low: Lower end.
        high: Upper end.
    """

    count: int
    of: int
    percent: float | None
    low: float | None
    high: float | None


def share(count: int, of: int) -> Share:
    """The share of some dialogues."""
    if of == 0:
        return Share(count, of, None, None, None)
    from scipy.stats import binomtest

    interval = binomtest(count, of).proportion_ci(method="wilson")
    return Share(count, of, 100 * count / of, 100 * float(interval.low), 100 * float(interval.high))


def filter_shares(dropped: Dropped) -> dict[str, Any]:
    """Each filter alone, their union, the kept, and how many dialogues each two filters share."""
    total = len(dropped.dialogues)
    by_filter = {filter_: set(dropped.reasons[filter_]) for filter_ in FILTERS}
    union = set().union(*by_filter.values())
    return {
        "alone": {filter_: asdict(share(len(keys), total)) for filter_, keys in by_filter.items()},
        "union": asdict(share(len(union), total)),
        "kept": asdict(share(total - len(union), total)),
        "overlap": {f"{a} and {b}": len(by_filter[a] & by_filter[b]) for a, b in combinations(FILTERS, 2)},
        "no_verdict": dict(dropped.unread),
    }


def planted_recall(work: Work, planted: Planted, rules: Rules) -> dict[str, Any]:
    """How many of the planted faults each filter and check finds, by reading, and how many other dialogues it names.

    Semantics and naturalness are the offline filters here, also where a language model filters the corpus.
    """
    encoding = partial(encode, encoder_of(work))
    scores = _scores(work, planted)

    def likeness(styled: StyledDialogue) -> dict[Side, list[float]]:
        return {side: cosines(styled, side, encoding) for side in SIDES}

    found: dict[str, set[str]] = {}
    for reading in READINGS:
        for filter_, keys in style_reasons(scores, reading).items():
            found[f"{filter_} ({reading})"] = set(keys)
    finders: Mapping[str, tuple[StageName, Callable[[StyledDialogue], bool]]] = {
        "semantic (offline)": ("semantic", lambda one: not semantic_verdict(one, lost_values, likeness(one)).passed),
        "natural (offline)": ("natural", lambda one: not natural_verdict(one).passed),
        "checks of labels": ("checks", lambda one: bool(LABEL_CHECKS & set(failures(one, rules)))),
    }
    for name, (stage, finds) in finders.items():
        known = {one.key: None if one.key in planted.faults else _known(work, stage, one) for one in planted.dialogues}
        found[name] = {one.key for one in planted.dialogues if (finds(one) if (was := known[one.key]) is None else was)}
    ours = ("strength (tod_bench)", "direction (tod_bench)", *finders)
    found["any of tod_bench"] = set().union(*(found[name] for name in ours))
    return {name: _recall(planted, keys) for name, keys in found.items()}


def _known(work: Work, stage: StageName, styled: StyledDialogue) -> bool | None:
    """Whether a row says that rules find fault with a dialogue; None where none does."""
    row = work.files[stage].get(styled.key)
    if row is None or row.provenance.get("by") == "llm":
        return None
    return bool(LABEL_CHECKS & set(row.value["failed"])) if stage == "checks" else row.value["passed"] is False


def _recall(planted: Planted, keys: set[str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for fault in FAULTS:
        faulty = {key for key, kind in planted.faults.items() if kind == fault}
        if faulty:
            row[fault] = asdict(share(len(faulty & keys), len(faulty)))
    rest = {styled.key for styled in planted.dialogues} - set(planted.faults)
    row["false alarms"] = asdict(share(len(rest & keys), len(rest)))
    return row


def _scores(work: Work, planted: Planted) -> list[StyleScores]:
    """The style scores of all dialogues: those of the rows, and new ones of faulty dialogues."""
    faulty = [styled for styled in planted.dialogues if styled.key in planted.faults]
    encoding = partial(encode, encoder_of(work))
    new = {side: style_vectors(faulty, side, encoding) for side in SIDES}
    of_faulty = {
        styled.key: StyleScores(
            styled.key, styled.split, labels_of(styled.persona), {side: new[side][number] for side in SIDES}
        )
        for number, styled in enumerate(faulty)
    }
    scores = []
    for styled in planted.dialogues:
        row = work.files["style"].get(styled.key)
        pair = work.files["pairs"].get(styled.key)
        if styled.key in of_faulty:
            scores.append(of_faulty[styled.key])
        elif row is not None and pair is not None:
            scores.append(style_scores(styled.key, pair.value, row.value))
    return scores
