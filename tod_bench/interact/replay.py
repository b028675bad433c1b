"""The user's side and the world of an episode played again, from nothing but what the record says of its agent.

A seeded user follows from the goal, the trial and what the agent says; results and bookings follow from what it calls.
So whoever writes a record by hand, or changes one, is found out: one of them is not what it would have been.

What cannot be found out is an agent whose replies were chosen (by a person, or as the best of several tries), and a
failure of an agent that it did not have: both are what some agent might do.
"""

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Annotated, Any, Final

import msgspec

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.interact.agents import Agent, Call, Say, Talk
from tod_bench.interact.episode import (
    CALL_LIMIT,
    CALLS,
    HANG,
    LENGTH_LIMIT,
    NO_REPLY,
    Environment,
    Episode,
)
from tod_bench.interact.world import World
from tod_bench.records import Act

_FAILURES: Final = frozenset({CALL_LIMIT, LENGTH_LIMIT, NO_REPLY, HANG})
_CRASH: Final = re.compile(r"crash: \w+")
_UNCHECKED: Final = frozenset({"usage"})
"""What an agent reports of itself, which no replay can know."""

_ActList = list[tuple[str, str, str, str]]


class _Side(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    acts: _ActList


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    name: Any
    arguments: Any
    result: Any


class _Turn(msgspec.Struct, forbid_unknown_fields=True):
    user: _Side
    calls: list[_Call] | msgspec.UnsetType = msgspec.UNSET
    agent: _Side | msgspec.UnsetType = msgspec.UNSET
    heard: _ActList | msgspec.UnsetType = msgspec.UNSET


class _Goal(msgspec.Struct):
    id: str


class _Record(msgspec.Struct):
    goal: _Goal
    trial: Annotated[int, msgspec.Meta(ge=0)]
    seed: int
    versions: dict[str, Any]
    agent: dict[str, Any]
    turns: list[_Turn]
    ledger: list[dict[str, Any]]
    end: str


def layout_problem(record: object) -> str:
    """What of a JSON value is not laid out as the record of an episode; empty where nothing is."""
    try:
        msgspec.convert(record, _Record)
        msgspec.json.encode(record)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        return str(error)
    return ""


def replay_problem(record: Mapping[str, Any], environment: Environment, goal: InteractiveGoal) -> str:
    """The first thing in a record that its user or world would not have said or done, in words; empty where none is.

    Args:
        record: The record, laid out as one (see `layout_problem`).
        environment: Goals, world and users that it is said to be of.
        goal: The environment's goal of the record's id.
    """
    return _other_run(record, environment, goal) or _difference(record, _replayed(record, environment, goal))


def _other_run(record: Mapping[str, Any], environment: Environment, goal: InteractiveGoal) -> str:
    if record["goal"] != _plain(goal.to_json()):
        return "its goal is not the corpus's goal of this id"
    if record["seed"] != environment.seed:
        return f"its seed is {record['seed']}, not {environment.seed}"
    versions = _plain(environment.signature)
    for name in sorted({*record["versions"], *versions}):
        theirs, ours = record["versions"].get(name, "missing"), versions.get(name, "missing")
        if theirs != ours:
            return f"it was played with another {name}: {_short(theirs)}, not {_short(ours)}"
    return ""


def _replayed(record: Mapping[str, Any], environment: Environment, goal: InteractiveGoal) -> dict[str, Any]:
    """What the record would be, had its agent said and called what it says that it did."""
    episode = environment.reset(goal, record["trial"])
    answered = True
    for turn in record["turns"]:
        if episode.user() is None:
            break
        answered = _answer(episode, turn, record["end"])
        if not answered or episode.end:
            break
    if answered and not episode.end:
        # What comes next: nothing where the turns are at their limit, else something that the record does not have.
        episode.user()
    made: dict[str, Any] = _plain(episode.record(_Recorded(record["agent"])))
    return made


def _answer(episode: Episode, turn: Mapping[str, Any], end: str) -> bool:
    """Gives the agent's part of a turn to an episode; False where it has no answer."""
    for call in turn.get("calls", ()):
        if episode.agent(Call(call["name"], call["arguments"])) is None:
            return False
    if "agent" in turn:
        said = turn["agent"]
        episode.agent(Say(said["text"], tuple(Act(*one) for one in said["acts"])))
        return True
    if end == CALL_LIMIT and len(turn.get("calls", ())) == CALLS:
        episode.stop(CALL_LIMIT)
    elif (end in _FAILURES and end != CALL_LIMIT) or _CRASH.fullmatch(end):
        episode.stop(end)
    return False


def _difference(record: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    turns, ours = _with_calls(record["turns"]), _with_calls(made["turns"])
    for number, (turn, our) in enumerate(zip(turns, ours, strict=False), 1):
        if turn != our:
            return f"turn {number}: {_turn_difference(turn, our)}"
    if len(turns) > len(ours):
        return f"turn {len(ours) + 1}: the episode has ended before ({made['end'] or 'without an answer'})"
    if len(turns) < len(ours):
        return f"it breaks off after turn {len(turns)}, and the user goes on"
    return _other_end(record, made)


def _other_end(record: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    if not record["end"]:
        return "it has not ended"
    if record["end"] != made["end"]:
        return f"it did not end with {_short(record['end'])}" + (f" but with {made['end']!r}" if made["end"] else "")
    if record["ledger"] != made["ledger"]:
        return f"its ledger does not follow from the calls: {_ledger_difference(record['ledger'], made['ledger'])}"
    strange = sorted(record.keys() - made.keys() - _UNCHECKED)
    return f"a record has no {_short(strange[0])}" if strange else ""


def _with_calls(turns: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The turns; a call that was too long leaves a list of calls without any, which is as good as none."""
    return [{name: part for name, part in turn.items() if name != "calls" or part} for turn in turns]


def _turn_difference(turn: Mapping[str, Any], our: Mapping[str, Any]) -> str:
    if turn["user"] != our["user"]:
        part = "text" if turn["user"]["text"] != our["user"]["text"] else "acts"
        theirs, said = _short(turn["user"][part]), _short(our["user"][part])
        return f"the user's utterance does not follow from the agent's ({part} {theirs}; the user says {said})"
    for place, (call, made) in enumerate(zip(turn.get("calls", ()), our.get("calls", ()), strict=False), 1):
        if call != made:
            theirs, ours = _short(call["result"]), _short(made["result"])
            return f"the result of call {place} does not follow from it ({theirs}; the world answers {ours})"
    if turn.get("calls") != our.get("calls"):
        return "it has calls that the agent could not make"
    if turn.get("heard") != our.get("heard"):
        theirs, ours = _short(turn.get("heard")), _short(our.get("heard"))
        return f"what the user heard does not follow from what the agent said ({theirs}; the user hears {ours})"
    return "it has an answer that the agent could not give"


def _ledger_difference(theirs: list[Any], ours: list[Any]) -> str:
    for booking in theirs:
        if booking not in ours:
            return f"{_short(booking.get('reference'))} is not what was booked"
    return f"it has {len(theirs)} bookings and not {len(ours)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _plain(value: Any) -> Any:
    """A value as it is read back from a journal."""
    return msgspec.json.decode(msgspec.json.encode(value))


class _Recorded(Agent):
    """Stands for the agent that a record names; its replies are in the record."""

    name = "recorded"

    def __init__(self, signature: Mapping[str, Any]) -> None:
        self._signature = signature

    @property
    def signature(self) -> Mapping[str, Any]:
        return self._signature

    def talk(self, world: World, rng: Random) -> Talk:
        raise NotImplementedError("what it said is in the record")
