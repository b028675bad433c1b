"""Static scores of a play's trackers: what they get on the dialogues that people, or a script, had with the same goals.

The trackers are those that played, with what they had learned; nothing is trained, and no dialogue answered, twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.interact.beside import Beside, Scores, beside, correlation_within, played_scores
from tod_bench.interact.config import PlayConfig, agent_of, environment_of
from tod_bench.interact.episode import Environment
from tod_bench.interact.journal import read_journal
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.play import MODELS
from tod_bench.interact.recorded import RECORDED, recorded_answers
from tod_bench.interact.sending import prepare, stage_of
from tod_bench.interact.trio import TrioAgent
from tod_bench.llm.config import Access
from tod_bench.records import Dialogue
from tod_bench.scoring.score import ScoreSheet, score
from tod_bench.splits import read_all, signed_split

STATIC: Final = "static.json"
"""Name of the file of static scores beside a play's episodes."""

METRICS: Final = ("jga", "slot_f1")
"""What trackers are scored by; the first one is also compared goal by goal."""


def beside_trackers(config: PlayConfig, folder: Path, *, workers: int = 1, access: Access | None = None) -> Beside:
    """Sets the static scores of a play's trackers beside their episodes; the scores are kept in ``static.json``.

    Args:
        config: The play's config.
        folder: The play's folder.
        workers: Number of processes that answer.
        access: How models behind a server are reached; None for the folder's cache of answers.

    Raises:
        UserError: No agent has a tracker, nothing was played, or no dialogue has one of the goals.
    """
    environment = environment_of(config)
    sheets = dict(_sheets(config, environment, folder, workers, access))
    if not sheets:
        raise UserError(f"{config.name} has no agent with a tracker (`agent: trio`); give static scores as a JSON file")
    static: Scores = {
        agent: {one.metric: one.value for one in sheet if one.slice is None and one.value is not None}
        for agent, (_, sheet) in sheets.items()
    }
    write_json(folder / STATIC, static)
    between = beside(static, played_scores(folder))
    by_goal = {agent: _by_dialogue(*found) for agent, found in sheets.items()}
    successes = {agent: _successes(folder / f"{agent}.jsonl", environment) for agent in sheets}
    return Beside((*between.correlations, correlation_within(METRICS[0], by_goal, successes)), between.left_out)


def _sheets(
    config: PlayConfig, environment: Environment, folder: Path, workers: int, access: Access | None
) -> Iterator[tuple[str, tuple[Sequence[Dialogue], ScoreSheet]]]:
    """The scores of each tracker, and the dialogues that they are over."""
    corpus, stage = environment.corpus, stage_of(environment, folder / MODELS, access)
    goals = {goal.id for goal in environment.goals}
    dialogues = [one for one in read_all(corpus, config.split) if one.id in goals]
    if not dialogues:
        raise UserError(f"no dialogue of {corpus.name} {config.split} has a goal of the play")
    for name, section in config.agents.items():
        agent = agent_of(section, config.language)
        if not isinstance(agent, TrioAgent) or not (folder / f"{name}.jsonl").is_file():
            continue
        prepare(environment, agent, stage)
        path = folder / RECORDED / name
        predictions = recorded_answers(environment, agent, dialogues, path, stage, workers=workers)
        sheet = score(
            "dst",
            dialogues,
            predictions,
            corpus_name=corpus.name,
            split=signed_split(corpus, config.split),
            schema=corpus.schema,
            metrics=METRICS,
            draws=0,
        )
        yield name, (dialogues, sheet)


def _by_dialogue(dialogues: Sequence[Dialogue], sheet: ScoreSheet) -> dict[str, float]:
    """Goal -> the score of its recorded dialogue."""
    row = next(row for row in sheet.rows if row.score.metric == METRICS[0] and row.score.slice is None)
    values = np.array([row.aggregate(sums) for sums in row.sums], dtype=float)
    return {dialogue.id: float(value) for dialogue, value in zip(dialogues, values, strict=True) if np.isfinite(value)}


def _successes(journal: Path, environment: Environment) -> Mapping[str, float]:
    """Goal -> the share of its episodes that are a success."""
    found: dict[str, list[bool]] = {}
    for record in read_journal(journal):
        item = episode_item(record, environment.world)
        found.setdefault(item.goal, []).append(item.success)
    return {goal: sum(ends) / len(ends) for goal, ends in found.items()}
