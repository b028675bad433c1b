"""Plain answers by acts: the training answer to the same acts, filled with the values that are shown.

    training: acts (hotel, inform, area, north), answer "It is in the north."   -> template "It is in the {0}."
    shown:    acts (hotel, inform, area, south)                                 -> "It is in the south."

An answer becomes a template where every value of its acts stands in it, word for word but for case; a hole says which
case (``{0 title}``). Of the templates that the same acts have (whatever their values, but yes is not no), the most
frequent is taken; of equally frequent ones the alphabetically first. Where training never had the acts, those that
overlap most are taken (of several those with most values), among the ones whose values the shown acts have; without
any, the most frequent answer without values.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tod_bench.errors import UserError
from tod_bench.records import Act, Dialogue

ActKey: TypeAlias = tuple[str, str, str, str]
"""Domain, act, slot, and the kind of its value: one of `_UNSAID`, which have answers of their own, or `_SAID`."""

_UNSAID = frozenset({"", "none", "yes", "no", "true", "false", "?", "dontcare"})
"""Values that stand in no answer as they are, in lower case."""

_SAID = "value"
"""The kind of all other values, which are filled in."""

_CASES: Mapping[str, Callable[[str], str]] = {
    "": lambda value: value,
    " title": str.title,
    " upper": str.upper,
    " first": lambda value: value[:1].upper() + value[1:],
}
"""How a value is written in an answer -> what writes it so."""

_HOLE = re.compile(r"\{(\d+)( \w+)?\}")


@dataclass(frozen=True, slots=True)
class PlainAnswers:
    """Templates of plain answers.

    Attributes:
        templates: The acts' keys, sorted -> the template; ``{2}`` is the value of the third act in that order.
        without_values: The most frequent answer that no value had to be taken out of.
    """

    templates: Mapping[tuple[ActKey, ...], str]
    without_values: str

    @classmethod
    def learned(cls, train: Iterable[Dialogue]) -> "PlainAnswers":
        """Collects the templates of training dialogues.

        Raises:
            UserError: Their answers are restyled to the user already.
        """
        counts: dict[tuple[ActKey, ...], Counter[str]] = defaultdict(Counter)
        dialogues = list(train)
        _check_plain(dialogues)
        for dialogue in dialogues:
            for turn in dialogue.turns:
                acts = _sorted_acts(turn.acts)
                template = _template(turn.system, acts) if turn.system.strip() else None
                if template is not None:
                    counts[_keys(acts)][template] += 1
        fixed = Counter[str]()
        for answers in counts.values():
            fixed.update({answer: times for answer, times in answers.items() if not _HOLE.search(answer)})
        return cls({keys: _most_frequent(answers) for keys, answers in sorted(counts.items())}, _most_frequent(fixed))

    def knows(self, acts: Iterable[Act]) -> bool:
        """Whether training had the same acts."""
        return _keys(_sorted_acts(acts)) in self.templates

    def answer(self, acts: Iterable[Act]) -> str:
        """The plain answer that realises some acts."""
        shown = _sorted_acts(acts)
        keys = _keys(shown)
        known = keys if keys in self.templates else self._nearest(keys)
        if known is None:
            return self.without_values
        values = _values_by_key(shown)
        # A key that stands several times takes its values in order: two venues to choose from, say.
        taken: Counter[ActKey] = Counter()
        filled = []
        for key in known:
            filled.append(values.get(key, [""])[taken[key]] if key[3] == _SAID else "")
            taken[key] += 1
        return _HOLE.sub(lambda hole: _CASES[hole[2] or ""](filled[int(hole[1])]), self.templates[known])

    def _nearest(self, keys: tuple[ActKey, ...]) -> tuple[ActKey, ...] | None:
        """The known acts that overlap most with some, and need no value that these do not have; None without overlap.

        Of several, those with most values.
        """
        wanted, valued = Counter(keys), Counter(key for key in keys if key[3] == _SAID)
        best: tuple[tuple[float, int], tuple[ActKey, ...]] | None = None
        for known in self.templates:
            counted, needed = Counter(known), Counter(key for key in known if key[3] == _SAID)
            overlap = (counted & wanted).total() / max(1, (counted | wanted).total())
            worth = overlap, needed.total()
            if overlap > 0 and needed <= valued and (best is None or worth > best[0]):
                best = worth, known
        return best[1] if best else None

    def to_json(self) -> dict[str, Any]:
        """The templates as JSON values."""
        templates = [[[list(key) for key in keys], template] for keys, template in self.templates.items()]
        return {"templates": templates, "without_values": self.without_values}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PlainAnswers":
        """What `to_json` wrote."""
        templates = {
            tuple((domain, act, slot, kind) for domain, act, slot, kind in keys): template
            for keys, template in value["templates"]
        }
        return cls(templates, value["without_values"])


def _check_plain(dialogues: Sequence[Dialogue]) -> None:
    """Refuses dialogues whose every answer is its restyled form: a plain answer could not be learned from them."""
    styled = [turn for dialogue in dialogues for turn in dialogue.turns if turn.styled_system and turn.system.strip()]
    if styled and all(turn.styled_system == turn.system for turn in styled):
        raise UserError(
            "the training answers are restyled to the user already, and this system starts from plain ones; train it "
            "on the plain form of the corpus (style: original), e.g. splits.train: plain:train"
        )


def _key(act: Act) -> ActKey:
    value = act.value.lower()
    return act.domain, act.act, act.slot, value if value in _UNSAID else _SAID


def _sorted_acts(acts: Iterable[Act]) -> list[Act]:
    # Values are left out of the order, and the sort is stable: the same acts with other values must sort alike.
    return sorted(acts, key=_key)


def _keys(acts: Iterable[Act]) -> tuple[ActKey, ...]:
    return tuple(map(_key, acts))


def _values_by_key(acts: Iterable[Act]) -> dict[ActKey, list[str]]:
    values: dict[ActKey, list[str]] = defaultdict(list)
    for act in acts:
        values[_key(act)].append(act.value)
    return values


def _template(answer: str, acts: Sequence[Act]) -> str | None:
    """An answer with holes for its acts' values; None where a value does not stand in it."""
    if "{" in answer or "}" in answer:
        return None
    template = answer
    # The longest first, so that a value inside of another one is not cut out of it.
    valued = [(number, act.value) for number, act in enumerate(acts) if _key(act)[3] == _SAID]
    for number, value in sorted(valued, key=lambda one: (-len(one[1]), one[0])):
        found = _place_of(value, template)
        case = (
            None
            if found is None
            else next((name for name, written in _CASES.items() if written(value) == found[0]), None)
        )
        if found is None or case is None:
            return None
        template = f"{template[: found.start()]}{{{number}{case}}}{template[found.end() :]}"
    return template


def _place_of(value: str, template: str) -> re.Match[str] | None:
    """Where a value stands in a template as words of its own, outside of the holes that are there already."""
    holes = [hole.span() for hole in _HOLE.finditer(template)]
    for found in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", template, re.IGNORECASE):
        if all(found.end() <= start or found.start() >= end for start, end in holes):
            return found
    return None


def _most_frequent(answers: Counter[str]) -> str:
    return min(answers, key=lambda answer: (-answers[answer], answer), default="")
