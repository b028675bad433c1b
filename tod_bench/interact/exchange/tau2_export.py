"""Our episodes as a simulation file of tau2-bench, which its own code reads and counts.

| ours | tau2-bench |
|---|---|
| goal | task: id, user scenario (the goal's message, or the wishes as JSON) |
| user's and agent's text | messages of ``user`` and ``assistant`` |
| call and result | ``tool_calls`` of an ``assistant`` message, ``tool`` message with the result as JSON |
| trial, seed, how it ended | ``trial``, ``seed``, ``termination_reason`` |
| success (or strict success) | ``reward``, 1 or 0 |
| acts, what was heard, ledger, versions, the whole goal | no field: ``info.tod_bench`` of a simulation |

Times and costs are not recorded here, so they are empty or zero there. A file that is read back gives the episodes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.interact.episode import CALL_LIMIT, HANG, TURN_LIMIT, TURNS
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.world import World

OURS: Final = "tod_bench"
"""Where the ``info`` of a simulation has what tau2-bench has no field for."""

Reward = Literal["success", "strict"]
"""What counts as a reward of 1."""

_USER_ENDS: Final = frozenset({"done", "gave_up", "left"})
_REASONS: Final = {TURN_LIMIT: "max_steps", HANG: "timeout", CALL_LIMIT: "agent_error"}


def export_tau2(records: Iterable[Mapping[str, Any]], world: World, path: Path, *, reward: Reward = "success") -> int:
    """Writes episodes of one run as a simulation file of tau2-bench.

    Args:
        records: The records of the episodes.
        world: The world that they were played in.
        path: The file, JSON.
        reward: What counts as a reward of 1.

    Returns:
        Number of simulations.

    Raises:
        UserError: There are no episodes, or they were played in another world.
    """
    kept = list(records)
    if not kept:
        raise UserError("there are no episodes to export")
    if kept[0]["versions"].get("world") != world.digest[:16]:
        raise UserError("the episodes were played in another world; name the corpus that they were played on")
    write_json(path, tau2_results(kept, world, reward))
    return len(kept)


def tau2_results(records: Sequence[Mapping[str, Any]], world: World, reward: Reward = "success") -> dict[str, Any]:
    """The content of a simulation file."""
    first = records[0]
    trials = {record["trial"] for record in records}
    goals = {record["goal"]["id"]: record["goal"] for record in records}
    return {
        "timestamp": None,
        "info": {
            "git_commit": "",
            "num_trials": len(trials),
            "max_steps": TURNS,
            "max_errors": 0,
            "user_info": {"implementation": str(first["versions"].get("user", "")), "llm": None, "llm_args": None},
            "agent_info": {
                "implementation": str(first["agent"].get("agent", "")),
                "llm": None,
                "llm_args": dict(first["agent"]),
            },
            "environment_info": {"domain_name": str(first["versions"].get("corpus", "")), "policy": ""},
            "seed": first["seed"],
        },
        "tasks": [_task(goal) for goal in goals.values()],
        "simulations": [_simulation(record, world, reward) for record in records],
    }


def _task(goal: Mapping[str, Any]) -> dict[str, Any]:
    instructions = "\n".join(goal["message"]) or json.dumps(goal["wishes"])
    return {
        "id": goal["id"],
        "description": None,
        "user_scenario": {"persona": None, "instructions": instructions},
        "evaluation_criteria": {"actions": [], "communicate_info": [], "reward_basis": ["DB", "COMMUNICATE"]},
    }


def _simulation(record: Mapping[str, Any], world: World, reward: Reward) -> dict[str, Any]:
    item = episode_item(record, world)
    won = item.strict if reward == "strict" else item.success
    return {
        "id": f"{record['goal']['id']}/{record['trial']}",
        "task_id": record["goal"]["id"],
        "start_time": "",
        "end_time": "",
        "duration": 0.0,
        "termination_reason": _reason(record["end"]),
        "reward_info": {"reward": float(won), "reward_basis": None, "info": {"reward": f"episode_{reward}"}},
        "messages": _messages(record),
        "trial": record["trial"],
        "seed": record["seed"],
        "info": {OURS: _without_fields(record)},
    }


def _reason(end: str) -> str:
    return "user_stop" if end in _USER_ENDS else _REASONS.get(end, "agent_error")


def _messages(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for number, turn in enumerate(record["turns"]):
        messages.append({"role": "user", "content": turn["user"]["text"]})
        for place, call in enumerate(turn.get("calls", ())):
            name = f"{number}-{place}"
            # A name or arguments of another kind have no place in a tool call; they are kept below `OURS`.
            asked = {
                "id": name,
                "name": call["name"] if isinstance(call["name"], str) else json.dumps(call["name"]),
                "arguments": call["arguments"] if isinstance(call["arguments"], dict) else {},
                "requestor": "assistant",
            }
            messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
            failed = "error" in call["result"]
            content = json.dumps(call["result"])
            answer = {"id": name, "role": "tool", "content": content, "requestor": "assistant", "error": failed}
            messages.append(answer)
        if "agent" in turn:
            messages.append({"role": "assistant", "content": turn["agent"]["text"]})
    return [{**message, "turn_idx": index, "timestamp": None} for index, message in enumerate(messages)]


def _without_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """What of a record has no field in a simulation: everything but the texts and what was called."""
    turns = []
    for turn in record["turns"]:
        kept: dict[str, Any] = {"user_acts": turn["user"]["acts"]}
        if "agent" in turn:
            kept |= {"agent_acts": turn["agent"]["acts"], "heard": turn["heard"]}
        odd = {
            str(place): {"name": call["name"], "arguments": call["arguments"]}
            for place, call in enumerate(turn.get("calls", ()))
            if not isinstance(call["name"], str) or not isinstance(call["arguments"], dict)
        }
        turns.append({**kept, "odd_calls": odd} if odd else kept)
    return {**{name: value for name, value in record.items() if name not in ("turns", "trial", "seed")}, "turns": turns}
