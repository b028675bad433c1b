"""Faults of the simulated user, found in a record without a language model.

| kind | what it is |
|---|---|
| not in goal | told a value that the goal does not have |
| repeated | told or asked again what was neither asked for again nor left unanswered |
| ignored | did not answer a question that it heard, or that the agent asked and it did not hear |
| wrong answer | did not care about something that the goal cares about |
| left early | left although the agent had just brought something new, or broke off (a user that a model plays) |
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from tod_bench.corpora.database import plain
from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.interact.acts import DONTCARE
from tod_bench.interact.world import EITHER, column
from tod_metrics.episode.outcomes import Fault

_Acts = Sequence[tuple[str, str, str, str]]
_EXCUSES: Final = frozenset({"nooffer", "nobook"})


def faults_of(record: Mapping[str, Any], goal: InteractiveGoal) -> tuple[Fault, ...]:
    """The faults of an episode's user, in the order of its turns.

    Args:
        record: The record of the episode.
        goal: Its goal.
    """
    wishes = {wish.domain: wish for wish in goal.wishes}
    faults: list[Fault] = []
    said_before: set[tuple[str, str, str, str]] = set()
    named: dict[str, set[str]] = {}
    heard: _Acts = ()
    heard_before: set[tuple[str, str, str, str]] = set()
    declared: _Acts = ()
    for index, turn in enumerate(record["turns"]):
        said = _acts(turn["user"]["acts"])
        for domain, _, slot, value in heard:
            if slot in ("name", "trainid"):
                named.setdefault(domain, set()).add(plain(value))
        faults += [Fault(index, "not in goal", "policy", _text(act)) for act in said if _foreign(act, wishes, named)]
        faults += [Fault(index, "wrong answer", "policy", _text(act)) for act in said if _careless(act, wishes)]
        faults += [
            Fault(index, "repeated", "policy", _text(act))
            for act in said
            if act in said_before and _unasked(act, said, heard, heard_before)
        ]
        if record["end"] not in ("done", "gave_up", "left") or index < len(record["turns"]) - 1:
            faults += _ignored(index, said, heard, declared, wishes)
        said_before |= set(said)
        heard_before |= set(heard)
        heard = _acts(turn.get("heard", ()))
        declared = _acts(turn.get("agent", {}).get("acts", ()))
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


def _unasked(act: tuple[str, str, str, str], said: _Acts, heard: _Acts, before: Set[tuple[str, str, str, str]]) -> bool:
    """Whether nothing that was heard is a reason to say it again."""
    domain, kind, slot, _ = act
    if domain == "general" or any(one[:2] == (domain, "negate") for one in said):
        return False
    about = [one for one in heard if one[0] == domain]
    if not about or any(one[1] in _EXCUSES for one in about):
        return False
    if kind == "request":
        every = [*before, *heard]
        return any(one[0] == domain and one[1] != "request" and column(one[2]) == column(slot) for one in every)
    if slot.startswith("book "):
        return any(one[:2] == (domain, "book") for one in [*before, *heard])
    asked = {one[2] for one in about if one[1] == "request"}
    return kind == "inform" and slot not in asked and not (slot in EITHER and asked & set(EITHER))


def _ignored(index: int, said: _Acts, heard: _Acts, declared: _Acts, wishes: Mapping[str, DomainWish]) -> list[Fault]:
    faults = []
    for act in dict.fromkeys([*heard, *declared]):
        domain, kind, slot, _ = act
        if kind != "request" or domain not in wishes:
            continue
        about = [one for one in said if one[0] == domain]
        told = {one[2] for one in about if one[1] == "inform"}
        if slot in told or (slot in EITHER and told & set(EITHER)) or any(one[1] == "negate" for one in about):
            continue
        if not any(one[0] == domain and one[1] in _EXCUSES for one in heard):
            faults.append(Fault(index, "ignored", "policy" if act in heard else "understanding", _text(act)))
    return faults


def _news(record: Mapping[str, Any], wishes: Mapping[str, DomainWish]) -> Sequence[str]:
    """Something new that the agent brought while the user lost its patience; empty for nothing."""
    turns = [_acts(turn.get("heard", ())) for turn in record["turns"]][:-1]
    patience = record["versions"]["patience"]
    known = {act for acts in turns[:-patience] for act in acts}
    for acts in turns[-patience:]:
        for act in acts:
            wish = wishes.get(act[0])
            wanted = wish and (act[1] == "book" or (act[1] == "inform" and act[2] in wish.request))
            if wanted and act not in known:
                return act
    return ()
