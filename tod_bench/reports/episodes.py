"""A page to browse played episodes: goal, turns with calls, ledger and outcome, with the user's faults marked."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tod_bench.errors import UserError
from tod_bench.files import write_text
from tod_bench.interact.journal import read_journal
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.showing import acts_line, booking_line, call_line, fault_lines, goal_lines, outcome_line, said
from tod_bench.interact.world import World
from tod_bench.reports.browser import BUDGET, LONGEST_LIST, cut
from tod_bench.reports.html import render_html


def write_episodes(journals: Sequence[Path], world: World, path: Path, *, goals: int = 100) -> Path:
    """Writes the page of some journals, whose agents are shown on the same goals.

    Args:
        journals: The journals; an agent is called by its file's name.
        world: The world that they were played in.
        path: The page.
        goals: How many goals are shown at the most; they are chosen by their ids alone.

    Raises:
        UserError: There is no such journal, or two have one name.
        DataError: A line is no episode.
    """
    names = [journal.stem for journal in journals]
    if len(set(names)) < len(names):
        raise UserError(f"journals are told apart by their names, and these share one: {', '.join(names)}")
    read = {name: partial(read_journal, journal) for name, journal in zip(names, journals, strict=True)}
    data = episodes_data(read, world, goals=goals)
    write_text(path, rendered(data, f"Episodes of {', '.join(names)}"))
    return path


def episodes_data(
    journals: Mapping[str, Callable[[], Iterable[Mapping[str, Any]]]],
    world: World,
    *,
    goals: int = 100,
    budget: int = BUDGET,
) -> dict[str, Any]:
    """The episodes to browse, as JSON values.

    Args:
        journals: Agent -> what reads its episodes, which is done twice.
        world: The world that they were played in.
        goals: How many goals are shown at the most.
        budget: Characters of JSON that may be spent.

    Returns:
        ``agents``, ``total`` and ``episodes``.
    """
    ids = {record["goal"]["id"] for read in journals.values() for record in read()}
    chosen = set(sorted(ids, key=lambda name: hashlib.sha256(name.encode()).digest())[:goals])
    shown, total = [], 0
    for agent, read in journals.items():
        for record in read():
            total += 1
            if record["goal"]["id"] in chosen:
                shown.append(_episode(agent, record, world))
    # By goal: what the budget cuts off are goals, for all agents alike.
    shown.sort(key=lambda one: (hashlib.sha256(one["goal_id"].encode()).digest(), one["trial"]))
    return {"agents": list(journals), "total": total, "episodes": list(_within(shown, budget))}


def rendered(data: Mapping[str, Any], title: str, links: Mapping[str, str] | None = None) -> str:
    """The page as HTML.

    Args:
        data: What `episodes_data` gives.
        title: The page's title.
        links: Text -> address of other pages beside this one.

    Raises:
        MissingExtraError: What pages need is not installed.
    """
    scripts = ("browsing.js", "episodes.js")
    return render_html("episodes.html", scripts=scripts, data=data, episodes=data, title=title, links=links or {})


def _within(entries: Sequence[dict[str, Any]], budget: int) -> Iterator[dict[str, Any]]:
    for entry in entries:
        budget -= len(json.dumps(entry))
        if budget < 0:
            return
        yield entry


def _episode(agent: str, record: Mapping[str, Any], world: World) -> dict[str, Any]:
    item = episode_item(record, world)
    verdict = "strict success" if item.strict else "success" if item.success else "failure"
    return {
        "id": f"{record['goal']['id']}/{record['trial']}",
        "goal_id": record["goal"]["id"],
        "trial": record["trial"],
        "agent": agent,
        "domains": [one.domain for one in item.domains],
        "end": record["end"],
        "verdict": verdict,
        "faults": sorted({fault.kind for fault in item.faults}),
        "message": [cut(line) for line in record["goal"]["message"]],
        "goal": [cut(line) for line in goal_lines(record["goal"])],
        "turns": [
            {**_turn(turn), "faults": [cut(line) for line in fault_lines(item, index)]}
            for index, turn in enumerate(record["turns"])
        ],
        "ledger": [cut(booking_line(booking)) for booking in record["ledger"][:LONGEST_LIST]],
        "outcomes": [
            {"text": outcome_line(one), "right": one.matched and one.answered == one.requested} for one in item.domains
        ],
    }


def _turn(turn: Mapping[str, Any]) -> dict[str, Any]:
    agent = turn.get("agent")
    heard = acts_line(turn["heard"]) if agent and turn["heard"] != agent["acts"] else None
    return {
        "user": cut(said(turn["user"])),
        "acts": cut(acts_line(turn["user"]["acts"])) if turn["user"]["text"] else "",
        "calls": [cut(call_line(call)) for call in turn.get("calls", ())[:LONGEST_LIST]],
        "agent": cut(said(agent)) if agent else None,
        "heard": None if heard is None else cut(heard),
    }
