"""What each filter drops of a corpus, and what is kept.

    checks      the dialogue no longer says what its labels say (reading ``tod_bench`` alone)
    strength    restyled too little
    direction   restyled the wrong way
    semantic    another meaning
    natural     unnatural

A dialogue that any of them names is dropped. No verdict drops nothing: it is counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from tod_bench.personalise.filters.outliers import StyleScores, labels_of, style_reasons
from tod_bench.personalise.filters.vectors import StyleVector
from tod_bench.personalise.options import FilterReading
from tod_bench.personalise.rows import Row, StageName, row_key
from tod_bench.personalise.styled import SIDES, persona_of
from tod_bench.personalise.work import Work

FilterName: TypeAlias = Literal["checks", "strength", "direction", "semantic", "natural"]

FILTERS: tuple[FilterName, ...] = get_args(FilterName)

LABEL_CHECKS = frozenset({"values", "foreign", "turns"})
"""Checks whose failure makes a label wrong; the others are about taste."""

Reasons: TypeAlias = Mapping[FilterName, Mapping[str, Sequence[str]]]
"""Filter -> key of a dialogue -> why it is dropped, a clause for each reason."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the filters of a reading say of all dialogues.

    Attributes:
        dialogues: Keys of all dialogues that were judged, in order.
        reasons: What each filter drops.
        unread: Filter -> dialogues that it has no verdict on.
    """

    dialogues: tuple[str, ...]
    reasons: Reasons
    unread: Mapping[FilterName, int]

    def by_dialogue(self) -> dict[str, tuple[str, ...]]:
        """Key -> every reason, ``filter: clause``; dialogues that are kept are left out."""
        found: dict[str, list[str]] = {}
        for filter_ in FILTERS:
            for key, clauses in self.reasons[filter_].items():
                found.setdefault(key, []).extend(f"{filter_}: {clause}" for clause in clauses)
        return {key: tuple(found[key]) for key in self.dialogues if key in found}


def dropped(work: Work) -> dict[str, tuple[str, ...]]:
    """What is to be left out of the written files: key of a dialogue (``train/PMUL0001``) -> reasons."""
    return verdicts_of(work, work.options.filters).by_dialogue()


def verdicts_of(work: Work, reading: FilterReading, keys: Sequence[str] | None = None) -> Dropped:
    """What the filters of a reading drop. Stages that have not been run drop nothing.

    Args:
        work: The corpus.
        reading: Whose filters.
        keys: Keys of its dialogues, in order; None to read the corpus for them.
    """
    if keys is None:
        keys = [row_key(split, dialogue.id) for split, dialogue in work.dialogues()]
    rows: dict[StageName, dict[str, Row]] = {}
    for stage in ("pairs", "checks", "style", "semantic", "natural"):
        found = ((key, work.files[stage].get(key)) for key in keys) if stage in work.files else ()
        rows[stage] = {key: row for key, row in found if row is not None}
    scores = [
        style_scores(key, rows["pairs"][key].value, rows["style"][key].value)
        for key in keys
        if key in rows["pairs"] and key in rows["style"]
    ]
    reasons: dict[FilterName, dict[str, list[str]]] = {"checks": {}}
    if reading == "tod_bench":
        reasons["checks"] = {
            key: clauses for key, row in rows["checks"].items() if (clauses := label_failures(row.value))
        }
    reasons |= style_reasons(scores, reading)  # type: ignore[arg-type]
    unread: dict[FilterName, int] = {}
    for filter_ in ("semantic", "natural"):
        verdicts = rows[filter_]
        reasons[filter_] = {
            key: [str(row.value["reason"])] for key, row in verdicts.items() if row.value["passed"] is False
        }
        unread[filter_] = sum(row.value["passed"] is None for row in verdicts.values())
    return Dropped(tuple(key for key in keys if key in rows["pairs"]), reasons, unread)


def label_failures(value: Mapping[str, Any]) -> list[str]:
    """The failures of a row of ``checks`` that make a label wrong, as clauses."""
    failed: Mapping[str, Iterable[str]] = value["failed"]
    return [f"{check}, {clause}" for check in failed if check in LABEL_CHECKS for clause in failed[check]]


def style_scores(key: str, pair: Mapping[str, Any], style: Mapping[str, Any]) -> StyleScores:
    """What the style filters know of a dialogue, from its rows."""
    vectors = {
        side: {name: vector and StyleVector.from_json(vector) for name, vector in style[side].items()} for side in SIDES
    }
    return StyleScores(key, key.partition("/")[0], labels_of(persona_of(pair)), vectors)
