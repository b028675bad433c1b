"""Scores of imported runs from the rewards that came with them: means, success, pass^k, with intervals over tasks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from tod_bench.files import write_json, write_text
from tod_bench.interact.exchange.tau2_import import Run
from tod_bench.interact.journal import encoded
from tod_bench.interact.scores import PlayScore, PlayScores
from tod_bench.statistics import bootstrap_intervals
from tod_bench.statistics.bootstrap import FloatArray
from tod_metrics.episode.pass_k import GoalTrials, PassK

_WHOLE: Final = 1e-6
"""How far from 1 a reward may be that counts as a success, as in tau2-bench."""

NEVER_RAN: Final = "infrastructure_error"
"""The end of a simulation that tau2-bench leaves out of its metrics."""


def reward_scores(runs: Sequence[Run], *, draws: int = 1000) -> PlayScores:
    """The scores of runs by their rewards.

    tau2-bench leaves out what ended in an infrastructure error, so that such runs cost a system nothing. Both are
    shown: ``all``, in which they are lost, and ``that ran``, as tau2-bench counts.

    Args:
        runs: The runs.
        draws: Bootstrap draws.
    """
    ran = [run for run in runs if run.reason != NEVER_RAN]
    scores = _scores(runs, "all", draws)
    notes = [
        "rewards are those of the file; goals and world are tau2-bench's, and nothing was computed from them again"
    ]
    if len(ran) < len(runs):
        notes.append(f"{len(runs) - len(ran)} runs ended in an infrastructure error: lost in `all`, not in `that ran`")
        scores += _scores(ran, "that ran", draws) if ran else []
    trials = goal_trials_of(ran or runs)
    notes += PassK(max(one.trials for one in trials)).remarks(trials)
    record = runs[0].record
    return PlayScores(record["agent"], record["versions"], tuple(scores), tuple(notes))


def written_runs(runs: Sequence[Run], folder: Path, name: str) -> PlayScores:
    """Writes runs as ``NAME.jsonl``, each with its ``reward``, and ``NAME.scores.json``; returns the scores.

    Args:
        runs: The runs.
        folder: Where the files go.
        name: What they are called.
    """
    scores = reward_scores(runs)
    lines = [encoded({**run.record, "reward": run.reward}).decode() for run in runs]
    write_text(folder / f"{name}.jsonl", "".join(lines))
    values = {"agent": dict(scores.agent), "versions": dict(scores.versions), "scores": scores.records()}
    write_json(folder / f"{name}.scores.json", values)
    return scores


def goal_trials_of(runs: Sequence[Run]) -> list[GoalTrials]:
    """Trials and successes of each task, in the order in which tasks first come."""
    counts: dict[str, list[int]] = {}
    for run in runs:
        trials = counts.setdefault(run.record["goal"]["id"], [0, 0])
        trials[0] += 1
        trials[1] += won(run)
    return [GoalTrials(goal, trials, successes) for goal, (trials, successes) in counts.items()]


def won(run: Run) -> bool:
    """Whether a run is a success: it ran, and its reward is 1."""
    return run.reason != NEVER_RAN and abs(run.reward - 1) <= _WHOLE


def _scores(runs: Sequence[Run], group: str, draws: int) -> list[PlayScore]:
    trials = goal_trials_of(runs)
    tasks = {one.goal: number for number, one in enumerate(trials)}
    rewards, successes, turns = (np.zeros((len(tasks), 2)) for _ in range(3))
    for run in runs:
        place = tasks[run.record["goal"]["id"]]
        rewards[place] += (run.reward if run.reason != NEVER_RAN else 0.0, 1)
        successes[place] += (won(run), 1)
        turns[place] += (sum("agent" in turn for turn in run.record["turns"]), 1)
    named: list[tuple[str, FloatArray, float]] = [
        ("reward", rewards, 100),
        ("episode_success", successes, 100),
        ("episode_turns", turns, 1),
    ]
    scores = [_score(name, group, sums, scale, len(runs), draws) for name, sums, scale in named]
    for k in range(1, max(one.trials for one in trials) + 1):
        metric = PassK(k)
        scores.append(_score(f"pass_k(k={k})", group, metric.statistics(trials), 100, len(runs), draws))
    return scores


def _score(name: str, group: str, sums: FloatArray, scale: float, runs: int, draws: int) -> PlayScore:
    def aggregate(totals: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio: FloatArray = scale * totals[..., 0] / totals[..., 1]
        return ratio

    value = float(aggregate(sums.sum(axis=0)))
    interval = bootstrap_intervals([(sums, aggregate)], draws=draws)[0]
    signature = f"{name}|protocol:tau2-bench|rewards:as-given|runs:{group}"
    return PlayScore(name, group, None if np.isnan(value) else value, interval, runs, len(sums), signature)
