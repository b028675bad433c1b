"""Faults of the simulated user, found in a record without a language model.

| kind | what it is |
|---|---|
| not in goal | told a value that the goal does not have |
| repeated | told or asked again what was neither asked for again nor left unanswered |
| ignored | did not answer a question that it heard, or said nothing new to one of which it understood nothing |
| wrong answer | did not care about something that the goal cares about |
| left early | left although the agent brought or was told something new; a model in its place broke off |

Only what the user heard counts, never the acts that an agent declares: in words, that is what it understood of a text.
"""

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from tod_bench.corpora.database import plain
from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.interact.acts import DONTCARE
from tod_bench.interact.world import EITHER, column
from tod_metrics.episode.outcomes import Fault

_Acts = Sequence[tuple[str, str, str, str]]
_EXCUSES: Final = frozenset({"nooffer", "nobook"})
_KEYS: Final = ("name", "trainid", "department")
_QUESTION: Final = re.compile(r"[^.!?]*\?")


class _Known:
    """What a user has heard so far.

    Attributes:
        named: Domain -> names for comparison of the entities that were named.
        told: Domain -> columns that were told of the entity named last.
        booked: Domains in which a booking was heard of.
    """

    def __init__(self) -> None:
        self.named: dict[str, set[str]] = {}
        self.told: dict[str, set[str]] = {}
        self.booked: set[str] = set()
        self._last: dict[str, str] = {}

    def hear(self, heard: _Acts) -> None:
        """Takes note of a turn; names first, as a fact can stand before the name that it is about."""
        for domain, _, slot, value in heard:
            if slot in _KEYS and value:
                self.named.setdefault(domain, set()).add(plain(value))
                if self._last.get(domain, plain(value)) != plain(value):
                    self.told[domain] = set()
                self._last[domain] = plain(value)
        for domain, kind, slot, _ in heard:
            if kind not in ("request", *_EXCUSES):
                self.told.setdefault(domain, set()).add(column(slot))
            if kind == "book":
                self.booked.add(domain)


def faults_of(record: Mapping[str, Any], goal: InteractiveGoal) -> tuple[Fault, ...]:
    """The faults of an episode's user, in the order of its turns.

    Args:
        record: The record of the episode.
        goal: Its goal.
    """
    wishes = {wish.domain: wish for wish in goal.wishes}
    faults: list[Fault] = []
    said_before: set[tuple[str, str, str, str]] = set()
    heard: _Acts = ()
    known = _Known()
    asked = ""
    for index, turn in enumerate(record["turns"]):
        said = _acts(turn["user"]["acts"])
        known.hear(heard)
        faults += [
            Fault(index, "not in goal", "policy", _text(act)) for act in said if _foreign(act, wishes, known.named)
        ]
        faults += [Fault(index, "wrong answer", "policy", _text(act)) for act in said if _careless(act, wishes)]
        faults += [
            Fault(index, "repeated", "policy", _text(act))
            for act in said
            if act in said_before and _unasked(act, said, heard, known)
        ]
        if record["end"] not in ("done", "gave_up", "left") or index < len(record["turns"]) - 1:
            faults += _ignored(index, said, heard, wishes)
            if asked and not heard and set(said) <= said_before:
                faults.append(Fault(index, "ignored", "understanding", asked))
        said_before |= set(said)
        heard = _acts(turn.get("heard", ()))
        asked = _question(turn.get("agent", {}).get("text", ""))
    if record["end"] == "left" and (new := _news(record, wishes)):
        faults.append(Fault(len(record["turns"]) - 1, "left early", "policy", _text(new)))
    if record["end"].startswith("user: "):
        faults.append(Fault(max(len(record["turns"]) - 1, 0), "left early", "policy", record["end"]))
    return tuple(faults)


def _acts(raw: Sequence[Sequence[str]]) -> _Acts:
    return [(domain, act, slot, value) for domain, act, slot, value in raw]


def _text(act: Sequence[str]) -> str:
    return " ".join(part for part in act if part)


def _goal_values(wish: DomainWish, slot: str) -> set[str]:
    return {plain(one[slot]) for one in (wish.inform, wish.first, wish.book, wish.first_book) if slot in one}


def _foreign(act: tuple[str, str, str, str], wishes: Mapping[str, DomainWish], named: Mapping[str, Set[str]]) -> bool:
    domain, kind, slot, value = act
    if domain == "general":
        return False
    if domain not in wishes:
        return True
    if kind != "inform" or not slot or value == DONTCARE:
        return False
    wish = wishes[domain]
    if slot in wish.places:
        return plain(value) not in named.get(wish.places[slot], set())
    return plain(value) not in _goal_values(wish, slot)


def _careless(act: tuple[str, str, str, str], wishes: Mapping[str, DomainWish]) -> bool:
    domain, kind, slot, value = act
    wish = wishes.get(domain)
    if wish is None or kind != "inform" or value != DONTCARE:
        return False
    other = EITHER[slot == EITHER[0]] if slot in EITHER else slot
    return slot in wish.inform or slot in wish.book or slot in wish.places or other in wish.inform


def _unasked(act: tuple[str, str, str, str], said: _Acts, heard: _Acts, known: _Known) -> bool:
    """Whether nothing that was heard is a reason to say it again."""
    domain, kind, slot, _ = act
    if domain == "general" or any(one[:2] == (domain, "negate") for one in said):
        return False
    about = [one for one in heard if one[0] == domain]
    if not about or any(one[1] in _EXCUSES for one in about):
        return False
    if kind == "request":
        return column(slot) in known.told.get(domain, ())
    if slot.startswith("book "):
        return domain in known.booked
    asked = {one[2] for one in about if one[1] == "request"}
    return kind == "inform" and slot not in asked and not (slot in EITHER and asked & set(EITHER))


def _question(text: str) -> str:
    """The last question of a text; empty for none."""
    questions = _QUESTION.findall(text)
    return questions[-1].strip() if questions else ""


def _ignored(index: int, said: _Acts, heard: _Acts, wishes: Mapping[str, DomainWish]) -> list[Fault]:
    faults = []
    for act in dict.fromkeys(heard):
        domain, kind, slot, _ = act
        if kind != "request" or domain not in wishes:
            continue
        about = [one for one in said if one[0] == domain]
        told = {one[2] for one in about if one[1] == "inform"}
        if slot in told or (slot in EITHER and told & set(EITHER)) or any(one[1] == "negate" for one in about):
            continue
        if not any(one[0] == domain and one[1] in _EXCUSES for one in heard):
            faults.append(Fault(index, "ignored", "policy", _text(act)))
    return faults


def _news(record: Mapping[str, Any], wishes: Mapping[str, DomainWish]) -> Sequence[str]:
    """Something new that was brought or told while the user lost its patience; empty for nothing."""
    turns = record["turns"]
    start = len(turns) - 1 - record["versions"]["patience"]
    told: set[tuple[str, ...]] = set()
    known: set[tuple[str, ...]] = set()
    for index, turn in enumerate(turns[:-1]):
        said = [act for act in _acts(turn["user"]["acts"]) if act[1] == "inform" and _is_own(act, wishes)]
        brought = {mark: act for act in _acts(turn.get("heard", ())) if (mark := _mark(act, wishes))}
        if index > start and (new := [act for act in said if _is_new(act, told)]):
            return new[0]
        if index >= start and (news := [act for mark, act in brought.items() if mark not in known]):
            return news[0]
        told |= set(said)
        known |= brought.keys()
    return ()


def _is_new(act: tuple[str, ...], told: Set[tuple[str, ...]]) -> bool:
    """Whether telling it is a step: a slot's first value, or another wish; not to care any more, or again, is none."""
    before = {one[3] for one in told if one[:3] == act[:3]}
    return not before or (act[3] not in before and DONTCARE not in {act[3], *before})


def _is_own(act: tuple[str, str, str, str], wishes: Mapping[str, DomainWish]) -> bool:
    """Whether what is told is of the goal, or of no matter to it."""
    domain, _, slot, value = act
    wish = wishes.get(domain)
    if wish is None:
        return False
    return value in ("", DONTCARE) or slot in wish.places or plain(value) in _goal_values(wish, slot)


def _mark(act: tuple[str, str, str, str], wishes: Mapping[str, DomainWish]) -> tuple[str, ...]:
    """What makes an act news, once: the first offer that the user does not reject, a booking, an answer."""
    domain, kind, slot, value = act
    wish = wishes.get(domain)
    if wish is None:
        return ()
    if kind == "book":
        return (domain, kind, "reference" if value else "")
    if slot in _KEYS and kind in ("recommend", "inform", "select"):
        names = _goal_values(wish, slot)
        return (domain, "offer") if not names or plain(value) in names else ()
    requested = {column(one) for one in wish.request}
    return (domain, slot) if kind == "inform" and column(slot) in requested else ()
