"""Faults of a user's language: its words say what it did not mean, and what the goal does not have.

The text is read as an agent that goes by keywords reads it. A value counts where it is none of what the user meant, of
what its goal has, and of what the agent has named: to speak of an offer is no fault.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tod_bench.corpora.database import plain
from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.interact.acts import DONTCARE
from tod_bench.interact.values import same
from tod_bench.interact.words.language import domain_of, user_words
from tod_bench.interact.world import World
from tod_bench.records import Act
from tod_metrics.episode.outcomes import Fault


def language_faults(record: Mapping[str, Any], goal: InteractiveGoal, world: World) -> Iterator[Fault]:
    """The faults of a user's words; none at act level, where there are no words.

    Args:
        record: The record of the episode.
        goal: Its goal.
        world: The world that it was played in.
    """
    heard: set[str] = set()
    about = ""
    for index, turn in enumerate(record["turns"]):
        user = turn["user"]
        meant = [Act(*act) for act in user["acts"]]
        if user["text"]:
            for act in user_words(world).acts(user["text"], about):
                if act.act == "inform" and _is_foreign(act, goal, meant, heard):
                    yield Fault(index, "not in goal", "language", f"{act.domain} {act.slot} {act.value}")
        about = domain_of(meant) or about
        heard |= {plain(value) for _, _, _, value in turn.get("heard", ())}


def _is_foreign(act: Act, goal: InteractiveGoal, meant: list[Act], heard: set[str]) -> bool:
    if act.value in ("", DONTCARE) or plain(act.value) in heard:
        return False
    if any(same(one.slot, one.value, act.value) for one in meant):
        return False
    parts = [part for wish in goal.wishes for part in (wish.inform, wish.first, wish.book, wish.first_book)]
    return not any(same(slot, value, act.value) for part in parts for slot, value in part.items())
