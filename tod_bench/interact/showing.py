"""An episode as people read it: goal, turns with calls, ledger, what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.world import World
from tod_metrics.episode.outcomes import DomainOutcome, EpisodeItem


def shown_episode(record: Mapping[str, Any], world: World) -> str:
    """The text of an episode.

    Args:
        record: Its record.
        world: The world that it was played in.
    """
    return "\n".join(_lines(record, world)) + "\n"


def _lines(record: Mapping[str, Any], world: World) -> Iterator[str]:
    item = episode_item(record, world)
    yield f"{record['goal']['id']}/{record['trial']}, ended: {record['end']}"
    yield from (f"  {line}" for line in goal_lines(record["goal"]))
    for index, turn in enumerate(record["turns"]):
        yield f"{index + 1:>3} user   {said(turn['user'])}"
        yield from (f"           fault of the user: {line}" for line in fault_lines(item, index))
        yield from (f"           {call_line(call)}" for call in turn.get("calls", ()))
        if "agent" in turn:
            yield f"    agent  {said(turn['agent'])}"
        if "agent" in turn and turn["heard"] != turn["agent"]["acts"]:
            yield f"           heard: {acts_line(turn['heard'])}"
    yield from map(booking_line, record["ledger"])
    yield from map(outcome_line, item.domains)
    yield f"success: {_yes(item.success)}; strict: {_yes(item.strict)}"


def goal_lines(goal: Mapping[str, Any]) -> Iterator[str]:
    """What a goal wants, a line a domain."""
    for wish in goal["wishes"]:
        parts = [f"wants {_pairs(wish['inform'])}"]
        parts += [f"asks first for {_pairs(wish['first'])}"] if wish["first"] else []
        parts += [f"books {_pairs(wish['book'])}"] if wish["book"] else []
        parts += [f"tries first {_pairs(wish['first_book'])}"] if wish["first_book"] else []
        parts += [f"asks {', '.join(wish['request'])}"] if wish["request"] else []
        parts += ["asks for the reference"] if wish["reference"] else []
        parts += [f"goes by {_pairs(wish['places'])}"] if wish["places"] else []
        yield f"{wish['domain']}: {'; '.join(parts)}"


def fault_lines(item: EpisodeItem, turn: int) -> Iterator[str]:
    """The faults of the user in a turn."""
    return (f"{one.kind} ({one.cause}), {one.what}" for one in item.faults if one.turn == turn)


def call_line(call: Mapping[str, Any]) -> str:
    """A call with its result."""
    return f"{call['name']} {_pairs(call['arguments'])} -> {_pairs(call['result'])}"


def booking_line(booking: Mapping[str, Any]) -> str:
    """A line of the ledger."""
    state = "stands" if booking["standing"] else "cancelled"
    entity = booking["entity"] or booking["domain"]
    return f"booked {booking['reference']} {entity}: {_pairs(booking['details'])} ({state})"


def outcome_line(one: DomainOutcome) -> str:
    """What came of a domain."""
    return (
        f"{one.domain}: {'matches' if one.matched else 'does not match'}; "
        f"{one.answered} of {one.requested} requests answered; {one.true} of {one.told} told values true"
        + (f"; details {'right' if one.details else 'wrong'}" if one.counted else "")
    )


def said(side: Mapping[str, Any]) -> str:
    """What a side says: its text, at act level its acts."""
    text: str = side["text"]
    return text or acts_line(side["acts"])


def acts_line(acts: Sequence[Sequence[str]]) -> str:
    """Acts in a line."""
    return ", ".join(" ".join(part for part in act if part) for act in acts) or "nothing"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_brief(value)}" for name, value in values.items()) or "anything"


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_pairs(value)})"
    return "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
