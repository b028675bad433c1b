"""Simulation files of tau2-bench as episodes: messages as turns, rewards as they are.

Tasks and world of tau2-bench are its own, so nothing is computed from them again: what its evaluator gave as a reward
is taken over, and said to be. Files that `tau2_export` wrote give the episodes that they were written from.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tod_bench.errors import DataError, UserError
from tod_bench.interact.episode import RECORD
from tod_bench.interact.exchange.tau2_export import OURS

IMPORTED: Final = "tau2-bench"
"""What the versions of an imported episode name as its source."""


@dataclass(frozen=True, slots=True)
class Run:
    """A simulation of tau2-bench.

    Attributes:
        record: The episode.
        reward: Its reward, 0 to 1.
        reason: Why it ended, in tau2-bench's words.
    """

    record: Mapping[str, Any]
    reward: float
    reason: str


@dataclass(frozen=True, slots=True)
class Tau2Runs:
    """A simulation file.

    Attributes:
        runs: Its simulations, by task and trial.
        notices: What was left out for want of a field, a sentence each.
    """

    runs: tuple[Run, ...]
    notices: tuple[str, ...]


def import_tau2(path: Path) -> Tau2Runs:
    """Reads a simulation file: one JSON file, or a folder with ``results.json`` and ``simulations/``.

    Raises:
        UserError: There is no such file.
        DataError: It is no simulation file, or a simulation has no reward or is there twice.
    """
    results = _results(path)
    left: Counter[str] = Counter()
    order: dict[str, int] = {str(task["id"]): number for number, task in enumerate(results["tasks"])}
    tasks = {str(task["id"]): task for task in results["tasks"]}
    runs: dict[tuple[str, int], Run] = {}
    for number, simulation in enumerate(results["simulations"]):
        try:
            run = _run(simulation, results["info"], tasks, left)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f"simulation {number} is not laid out as expected ({error!r})", file=str(path)) from None
        key = (run.record["goal"]["id"], run.record["trial"])
        if key in runs:
            raise DataError(f"trial {key[1]} of task {key[0]} is there twice", file=str(path))
        runs[key] = run
    kept = sorted(runs, key=lambda key: (order.get(key[0], len(order)), *key))
    notices = tuple(f"{count:,} {what} are left out: an episode has no field for them" for what, count in left.items())
    return Tau2Runs(tuple(runs[key] for key in kept), notices)


def _results(path: Path) -> Mapping[str, Any]:
    file = path / "results.json" if path.is_dir() else path
    if not file.is_file():
        raise UserError(f"there is no simulation file {file}")
    results = _json(file)
    parts = file.parent / "simulations"
    if isinstance(results, dict) and parts.is_dir():
        results["simulations"] = [_json(part) for part in sorted(parts.glob("*.json"))]
        told = {entry["id"] for entry in results.get("simulation_index") or ()}
        if told and told != {simulation["id"] for simulation in results["simulations"]}:
            raise DataError("the simulations beside it are not those of its index", file=str(file))
    kinds = {"info": dict, "tasks": list, "simulations": list}
    if not isinstance(results, dict) or any(not isinstance(results.get(name), kind) for name, kind in kinds.items()):
        raise DataError("this is no simulation file of tau2-bench (info, tasks, simulations)", file=str(file))
    if not results["simulations"]:
        raise DataError("there are no simulations in it", file=str(file))
    return results


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"this is no JSON ({error})", file=str(file)) from None


def _run(simulation: Mapping[str, Any], info: Mapping[str, Any], tasks: Mapping[str, Any], left: Counter[str]) -> Run:
    rewarded = simulation.get("reward_info") or {}
    if not isinstance(rewarded.get("reward"), int | float):
        raise ValueError(f"simulation {simulation.get('id')} has no reward")
    if simulation.get("ticks") is not None and simulation.get("messages") is None:
        raise ValueError(f"simulation {simulation.get('id')} is a voice run, of ticks; only runs of messages are read")
    turns = _turns(simulation.get("messages") or (), left)
    ours = (simulation.get("info") or {}).get(OURS)
    record = _restored(ours, simulation, turns) if ours else _foreign(simulation, info, tasks, turns)
    return Run(record, float(rewarded["reward"]), str(simulation["termination_reason"]))


def _foreign(
    simulation: Mapping[str, Any], info: Mapping[str, Any], tasks: Mapping[str, Any], turns: list[dict[str, Any]]
) -> dict[str, Any]:
    """An episode of tau2-bench's own tasks: the goal has no wishes that we could compute success from."""
    task = str(simulation["task_id"])
    scenario = (tasks.get(task) or {}).get("user_scenario") or {}
    instructions = scenario.get("instructions") or ""
    message = instructions if isinstance(instructions, str) else json.dumps(instructions)
    return {
        "goal": {"id": task, "message": [message] if message else [], "wishes": []},
        "trial": int(simulation.get("trial") or 0),
        "seed": simulation.get("seed"),
        "versions": {
            "record": RECORD,
            "imported": IMPORTED,
            "corpus": (info.get("environment_info") or {}).get("domain_name", ""),
            "user": {"user": (info.get("user_info") or {}).get("implementation", ""), **_llm(info.get("user_info"))},
        },
        "agent": {"agent": (info.get("agent_info") or {}).get("implementation", ""), **_llm(info.get("agent_info"))},
        "turns": turns,
        "ledger": [],
        "end": str(simulation["termination_reason"]),
    }


def _llm(about: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: about[name] for name in ("llm", "llm_args") if about and about.get(name) is not None}


def _turns(messages: Sequence[Mapping[str, Any]], left: Counter[str]) -> list[dict[str, Any]]:
    """Messages as turns; a turn begins with each message of the user, or with an answer to nothing."""
    turns: list[dict[str, Any]] = []
    asked: dict[str, dict[str, Any]] = {}
    for message in _flat(messages):
        role, text = message["role"], message.get("content") or ""
        if role == "user":
            left["tool calls of users"] += len(message.get("tool_calls") or ())
            if text or not message.get("tool_calls"):
                turns.append({"user": {"text": text, "acts": []}})
        elif role == "assistant":
            if not turns or "agent" in turns[-1]:
                turns.append({"user": {"text": "", "acts": []}})
            for call in message.get("tool_calls") or ():
                made = {"name": call["name"], "arguments": call["arguments"], "result": None}
                asked[str(call.get("id"))] = made
                turns[-1].setdefault("calls", []).append(made)
            if not message.get("tool_calls"):
                turns[-1] |= {"agent": {"text": text, "acts": []}, "heard": []}
            elif text:
                left["texts beside calls"] += 1
        elif role == "tool" and message.get("requestor", "assistant") == "assistant":
            asked[str(message["id"])]["result"] = _result(message)
        elif role == "system":
            left["system messages"] += 1
    for name in [name for name, count in left.items() if not count]:
        del left[name]
    return turns


def _flat(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        yield from message.get("tool_messages") or (message,)


def _result(message: Mapping[str, Any]) -> Any:
    content = message.get("content") or ""
    try:
        result = json.loads(content)
    except ValueError:
        result = content
    return {"error": "call", "reason": content} if message.get("error") and not isinstance(result, dict) else result


def _restored(ours: Mapping[str, Any], simulation: Mapping[str, Any], turns: list[dict[str, Any]]) -> dict[str, Any]:
    """The episode that a simulation was written from."""
    if len(turns) != len(ours["turns"]):
        raise ValueError(f"it has {len(turns)} turns, and {len(ours['turns'])} below {OURS}: it was changed")
    for turn, kept in zip(turns, ours["turns"], strict=True):
        turn["user"]["acts"] = kept["user_acts"]
        if "agent" in turn:
            turn["agent"]["acts"], turn["heard"] = kept["agent_acts"], kept["heard"]
        for place, call in kept.get("odd_calls", {}).items():
            turn["calls"][int(place)] |= call
    rest = {name: value for name, value in ours.items() if name != "turns"}
    return {**rest, "trial": simulation["trial"], "seed": simulation["seed"], "turns": turns}
