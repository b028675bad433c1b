"""An episode as people read it: goal, turns with calls, ledger, what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.world import World


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
    yield from _goal(record["goal"])
    for index, turn in enumerate(record["turns"]):
        yield f"{index + 1:>3} user   {_said(turn['user'])}"
        for fault in item.faults:
            if fault.turn == index:
                yield f"           fault of the user: {fault.kind} ({fault.cause}), {fault.what}"
        for call in turn.get("calls", ()):
            yield f"           {call['name']} {_pairs(call['arguments'])} -> {_pairs(call['result'])}"
        if "agent" in turn:
            yield f"    agent  {_said(turn['agent'])}"
        if "agent" in turn and turn["heard"] != turn["agent"]["acts"]:
            yield f"           heard: {_acts(turn['heard'])}"
    for booking in record["ledger"]:
        state = "stands" if booking["standing"] else "cancelled"
        entity = booking["entity"] or booking["domain"]
        yield f"booked {booking['reference']} {entity}: {_pairs(booking['details'])} ({state})"
    for one in item.domains:
        yield (
            f"{one.domain}: {'matches' if one.matched else 'does not match'}; "
            f"{one.answered} of {one.requested} requests answered; {one.true} of {one.told} told values true"
            + (f"; details {'right' if one.details else 'wrong'}" if one.counted else "")
        )
    yield f"success: {_yes(item.success)}; strict: {_yes(item.strict)}"


def _goal(goal: Mapping[str, Any]) -> Iterator[str]:
    for wish in goal["wishes"]:
        parts = [f"wants {_pairs(wish['inform'])}"]
        parts += [f"asks first for {_pairs(wish['first'])}"] if wish["first"] else []
        parts += [f"books {_pairs(wish['book'])}"] if wish["book"] else []
        parts += [f"tries first {_pairs(wish['first_book'])}"] if wish["first_book"] else []
        parts += [f"asks {', '.join(wish['request'])}"] if wish["request"] else []
        parts += [f"goes by {_pairs(wish['places'])}"] if wish["places"] else []
        yield f"  {wish['domain']}: {'; '.join(parts)}"


def _said(side: Mapping[str, Any]) -> str:
    return side["text"] or _acts(side["acts"])


def _acts(acts: Sequence[Sequence[str]]) -> str:
    return ", ".join(" ".join(part for part in act if part) for act in acts) or "nothing"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_brief(value)}" for name, value in values.items()) or "anything"


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_pairs(value)})"
    return "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
