"""From a script and its two texts to the records of the harness."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tod_bench.records import Turn, Values
from tod_bench.simulated.database import city_database
from tod_bench.simulated.marks import located, unmarked
from tod_bench.simulated.moves import system_acts, user_acts
from tod_bench.simulated.script import Beat, Script

Rendering: TypeAlias = Sequence[tuple[str, str]]
"""The user's and the system's text of each turn, with marks."""


def dialogue_turns(script: Script, plain: Rendering, styled: Rendering, style: str) -> tuple[Turn, ...]:
    """The turns of a dialogue.

    Args:
        script: What is done.
        plain: The plain text.
        styled: The persona's text.
        style: Whose `Turn.user`, `Turn.system` and spans are the persona's: nobody's (``original``), both sides'
            (``personalised``) or the system's (``personalised_system``).
    """
    turns: list[Turn] = []
    kept: dict[str, _Kept] = {}
    booked: dict[str, None] = {}
    for index, beat in enumerate(script.beats):
        for domain, slots in beat.state.items():
            if domain not in kept or kept[domain].slots is not slots:
                kept[domain] = _Kept(domain, slots)
        user, user_spans = located((styled if style == "personalised" else plain)[index][0], "user")
        system, system_spans = located((plain if style == "original" else styled)[index][1], "system")
        booked |= {move.domain: None for move in beat.system if move.kind == "booked"}
        turns.append(
            Turn(
                index=index,
                user=user,
                system=system,
                styled_user=unmarked(styled[index][0]),
                styled_system=unmarked(styled[index][1]),
                state={domain: kept[domain].values for domain in beat.state},
                acts=system_acts(beat.system),
                user_acts=user_acts(beat.user),
                services=_services(beat),
                spans=user_spans + system_spans,
                db_matches={domain: kept[domain].matches for domain in beat.state if domain != "taxi"},
                booked=tuple(booked),
            )
        )
    return tuple(turns)


class _Kept:
    """What is the same for a domain as long as its slots are."""

    __slots__ = ("matches", "slots", "values")

    def __init__(self, domain: str, slots: Mapping[str, str]) -> None:
        self.slots = slots
        self.values: Mapping[str, Values] = {slot: (value,) for slot, value in slots.items()}
        self.matches = len(city_database().matches(domain, slots))


def _services(beat: Beat) -> tuple[str, ...]:
    moves = (*beat.user, *beat.system)
    return tuple(dict.fromkeys(move.domain for move in moves if move.domain != "general"))
