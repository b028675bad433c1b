"""A play from its config: a journal and scores an agent, and what all of them were made with.

FOLDER/play.json          the config
FOLDER/AGENT.jsonl        the episodes; a play that broke off goes on from them
FOLDER/AGENT.scores.json  their scores, which can be made again
FOLDER/models/            what agents have trained, and the cache of models' answers
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tod_bench.backends import Resources
from tod_bench.display import Cell, Grid, Tabular, Undefined
from tod_bench.errors import UserError, did_you_mean
from tod_bench.files import write_json
from tod_bench.interact.config import PlayConfig, agent_of, environment_of, load_play
from tod_bench.interact.episode import Environment
from tod_bench.interact.journal import Key, read_journal
from tod_bench.interact.people import Desk, People
from tod_bench.interact.play import play
from tod_bench.interact.scores import PlayScores, score_episodes
from tod_bench.interact.world import World
from tod_bench.llm.config import Access
from tod_bench.numerals import with_interval

CONFIG: Final = "play.json"

PEOPLE: Final = ".people"
"""What follows an agent's name in the name of a journal of people's dialogues."""

_SHOWN: Final = (
    "episode_success",
    "episode_success/fault-free",
    "episode_strict",
    "book_rate",
    "book_details",
    "request_f1",
    "truthful",
    "episode_turns",
    "simulator_faults",
)


@dataclass(frozen=True, slots=True)
class Played(Tabular):
    """What came of a play.

    Attributes:
        name: The config's name.
        folder: Where its episodes are.
        scores: Agent -> its scores.
    """

    name: str
    folder: Path
    scores: Mapping[str, PlayScores]

    def records(self) -> list[dict[str, Any]]:
        """One mapping a number."""
        return [{"agent": agent, **record} for agent, scores in self.scores.items() for record in scores.records()]

    def grids(self) -> list[Grid]:
        """The agents side by side."""
        rows = tuple(
            (agent, *(_cell(scores, *shown.split("/")) for shown in _SHOWN)) for agent, scores in self.scores.items()
        )
        notes = [f"{agent}: {note}" for agent, scores in self.scores.items() for note in scores.notes]
        columns = ("agent", *map(_title, _SHOWN))
        return [Grid(self.name, columns, rows, notes=tuple(notes))]


def run_play(
    config: PlayConfig,
    folder: Path,
    *,
    workers: int = 1,
    backend: str = "local",
    resources: Resources | None = None,
    retry: bool = False,
    access: Access | None = None,
) -> Played:
    """Plays every agent of a config; episodes that are there are kept.

    Args:
        config: The config.
        folder: Where episodes and scores go.
        workers: Number of processes of this machine.
        backend: Where episodes are played, one of `tod_bench.interact.play.BACKENDS`.
        resources: What the backend may use.
        retry: Whether episodes that ended with a crash, a hang or a broken connection are played again.
        access: How models behind a server are reached; None for a cache of answers in the folder, and no budget.

    Raises:
        UserError: The corpus or an agent is not there, or the folder has episodes of another play.
    """
    agents = {name: agent_of(section, config.language) for name, section in config.agents.items()}
    environment = environment_of(config)
    # The config of episodes that are there stays until all of them have turned out to be of this play.
    if not (folder / CONFIG).exists():
        write_json(folder / CONFIG, config.model_dump(mode="json"))
    scores = {}
    for name, agent in agents.items():
        goals, trials = config.share_of(name)
        journal = play(
            environment,
            agent,
            folder / f"{name}.jsonl",
            trials=trials,
            goals=goals,
            workers=workers,
            backend=backend,
            resources=resources,
            retry=retry,
            access=access,
        )
        scores[name] = score_journal(journal, environment.world, keys_of(config, environment, journal))
    write_json(folder / CONFIG, config.model_dump(mode="json"))
    return Played(config.name, folder, scores)


def chat_play(config: PlayConfig, name: str, folder: Path, desk: Desk) -> Path:
    """Lets people talk to an agent, a goal after the other; dialogues that are there are kept.

    Args:
        config: The config.
        name: The agent; the first one where empty.
        folder: Where the episodes go: ``AGENT.people.jsonl``.
        desk: The page that people type into.

    Returns:
        The journal.

    Raises:
        UserError: There is no such agent, or it does not exchange words.
    """
    name = name or next(iter(config.agents))
    if name not in config.agents:
        raise UserError(f"{config.name} has no agent {name!r}{did_you_mean(name, config.agents)}")
    agent = agent_of(config.agents[name], "words")
    if agent.side_by_side != 1:
        # A person has one dialogue at a time; an agent can be a frozen dataclass.
        object.__setattr__(agent, "side_by_side", 1)
    environment = replace(environment_of(config.model_copy(update={"language": "words"})), user=People(desk))
    if not (folder / CONFIG).exists():
        write_json(folder / CONFIG, config.model_dump(mode="json"))
    goals, trials = config.share_of(name)
    return play(environment, agent, folder / f"{name}{PEOPLE}.jsonl", trials=trials, goals=goals)


def keys_of(config: PlayConfig, environment: Environment, journal: Path) -> frozenset[Key]:
    """Goal and trial of the episodes that a journal is to have.

    Args:
        config: The play's config.
        environment: Its environment.
        journal: The journal, ``AGENT.jsonl`` or ``AGENT.people.jsonl``; one of another name is of the whole play.
    """
    goals, trials = config.share_of(journal.stem.removesuffix(PEOPLE))
    return frozenset((goal.id, trial) for goal in environment.goals[:goals] for trial in range(trials))


def score_journal(journal: Path, world: World, only: Collection[Key] | None = None) -> PlayScores:
    """Scores a journal and writes the scores beside it.

    Args:
        journal: The journal.
        world: The world that it was played in.
        only: Goal and trial of the episodes that are scored; None for all.
    """
    scores = score_episodes(read_journal(journal), world, only=only)
    values = {"agent": dict(scores.agent), "versions": dict(scores.versions), "scores": scores.records()}
    write_json(journal.with_name(f"{journal.stem}.scores.json"), values)
    return scores


def config_of(journal: Path, name: str | None = None) -> PlayConfig:
    """The config that a journal was played with.

    Args:
        journal: The journal.
        name: A path, or the name of a shipped config; None for the one beside the journal.

    Raises:
        UserError: There is none.
    """
    if name:
        return load_play(name)
    if not (journal.parent / CONFIG).is_file():
        raise UserError(f"there is no {CONFIG} beside {journal}; give the play's config with --config")
    return config_in(journal.parent)


def config_in(folder: Path) -> PlayConfig:
    """The config of a play's folder.

    Raises:
        UserError: There is none.
    """
    if not (folder / CONFIG).is_file():
        raise UserError(f"{folder} is no folder of a play, it has no {CONFIG}; `tod-bench play CONFIG` makes one")
    return load_play(str(folder / CONFIG))


def found_episode(journal: Path, name: str) -> Mapping[str, Any]:
    """An episode of a journal.

    Args:
        journal: The journal.
        name: ``goal`` or ``goal/trial``; without a trial the first one.

    Raises:
        UserError: There is none of this name.
    """
    goal, _, trial = name.partition("/")
    known: Sequence[str] = []
    for record in read_journal(journal):
        if record["goal"]["id"] == goal and trial in ("", str(record["trial"])):
            found: Mapping[str, Any] = record
            return found
        known = [*known, f"{record['goal']['id']}/{record['trial']}"][:3]
    raise UserError(f"{journal} has no episode {name!r}; its names are like {', '.join(known) or 'goal/trial'}")


def _title(shown: str) -> str:
    spec, _, group = shown.partition("/")
    return " ".join([*([group] if group else []), spec.removeprefix("episode_").replace("_", " ")])


def _cell(scores: PlayScores, spec: str, group: str = "all") -> Cell:
    one = next((one for one in scores.scores if (one.metric, one.group) == (spec, group)), None)
    if one is None or one.score is None:
        return Undefined()
    return with_interval(one.score, one.interval.low, one.interval.high)
