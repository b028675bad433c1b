"""The user card of a play: faults found again, alignment with goals, distance from people, rankings of agents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tod_bench.display import Cell, Grid, Tabular, Undefined
from tod_bench.errors import UserError
from tod_bench.files import write_json, write_text
from tod_bench.interact.config import PlayConfig, environment_of
from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.rule_policy import DeafAgent, RulePolicy
from tod_bench.interact.user_card.alignment import Alignment, aligned
from tod_bench.interact.user_card.divergence import Divergence, divergences, turns_of_people, turns_of_record
from tod_bench.interact.user_card.planting import FaultySettings
from tod_bench.interact.user_card.recovery import AskingAgent, Recovery, recovered
from tod_bench.interact.user_card.standings import METRICS, Setting, Standing, agreement, standings
from tod_bench.interact.words.language import OwnWords, RulePolicyInWords
from tod_bench.numerals import decimal, with_interval
from tod_bench.statistics import Interval
from tod_metrics import metric
from tod_metrics.episode.outcomes import CAUSES, FAULTS

RATE: Final = 0.1
"""Probability of a planted fault in a turn."""


@dataclass(frozen=True, slots=True)
class UserCard(Tabular):
    """What is known of a simulated user.

    Attributes:
        config: The config that it was measured with.
        versions: Signature of users and world.
        goals: Number of goals.
        recovery: Planted faults, found again.
        alignment: What users told and asked, against their goals.
        divergence: Distributions of people and of simulated users.
        standings: Agents under every kind of user.
    """

    config: PlayConfig
    versions: Mapping[str, Any]
    goals: int
    recovery: tuple[Recovery, ...]
    alignment: tuple[Alignment, ...]
    divergence: tuple[Divergence, ...]
    standings: tuple[Standing, ...]

    @property
    def base(self) -> Setting:
        """The kind of user that the config names."""
        return Setting(self.config.language, self.config.user.patience)

    def records(self) -> list[dict[str, Any]]:
        """One mapping a number."""
        parts: Mapping[str, Sequence[Any]] = {
            "recovery": self.recovery,
            "alignment": self.alignment,
            "divergence": self.divergence,
            "standing": self.standings,
        }
        return [{"part": part, **one.to_json()} for part, ones in parts.items() for one in ones]

    def grids(self) -> list[Grid]:
        """The parts as tables."""
        return [
            _recovery(self),
            _alignment(self),
            _faults(self),
            _divergence(self),
            *(_standings(self, spec) for spec in METRICS),
        ]

    def write(self, folder: Path, command: str) -> None:
        """Writes ``README.md`` and ``user_card.json``.

        Args:
            folder: Where to.
            command: The command that makes them.
        """
        head = f"# User card: {self.versions['user']} on {self.versions['corpus']} {self.versions['split']}\n\n"
        head += f"`{command}`: {self.goals:,} goals, one trial each. What the parts mean is in docs/play.md.\n"
        write_text(folder / "README.md", "\n".join([head, *(grid.to_markdown() for grid in self.grids())]))
        values = {"command": command, "versions": dict(self.versions), "goals": self.goals, "numbers": self.records()}
        write_json(folder / "user_card.json", values)


def user_card(config: PlayConfig, folder: Path) -> UserCard:
    """Measures the seeded users of a config.

    Args:
        config: Goals, users and the agents that are ranked.
        folder: Where agents keep what they train, and what models answered.

    Raises:
        UserError: The corpus or an agent is not there, or a language model plays the user.
    """
    if config.user.llm is not None:
        raise UserError(
            f"{config.name}: a card is of the seeded users, whose faults can be planted; leave out user.llm"
        )
    environment = environment_of(config)
    user = config.user.seeded()
    faulty = FaultySettings(user.patience, user.together, user.brief, RATE)
    # One that serves, one that is contradicted, one that only asks and one that says nothing.
    agents = (RulePolicy(), RulePolicy(wrong_venue=0.5), AskingAgent(), DeafAgent())
    spoken = environment.with_users(user, OwnWords())
    records = [play_episode(spoken, RulePolicyInWords(), goal, 0) for goal in spoken.goals]
    return UserCard(
        config,
        environment.signature,
        len(environment.goals),
        tuple(recovered(environment.with_users(faulty, None), agents)),
        tuple(aligned(records)),
        tuple(divergences(_people(environment), {record["goal"]["id"]: turns_of_record(record) for record in records})),
        tuple(standings(config, environment, folder)),
    )


def _people(environment: Environment) -> Mapping[str, Any]:
    return turns_of_people(environment.corpus.dialogues(environment.split))


def _recovery(card: UserCard) -> Grid:
    rows = tuple(
        (one.kind, f"{one.planted:,}", f"{one.found:,}", _number(one.precision), _number(one.recall))
        for one in card.recovery
    )
    note = (
        f"Faults are planted in acts in {RATE:.0%} of turns, and looked for in the record alone. Agents: the rule "
        "policy, the rule policy with half of its offers wrong, one that only asks, and the deaf one."
    )
    return Grid("Planted faults", ("fault", "planted", "found", "precision", "recall"), rows, notes=(note,))


def _alignment(card: UserCard) -> Grid:
    rows = tuple((one.what, _cell(one.share, one.interval), f"{one.of:,}") for one in card.alignment)
    note = "Of the rule policy's episodes in words. Intervals are over goals."
    return Grid("Alignment with the goals", ("share", "%", "of"), rows, notes=(note,))


def _faults(card: UserCard) -> Grid:
    columns = [(kind, metric(f"simulator_faults(kind={kind.replace(' ', '_')})")) for kind in FAULTS]
    columns += [(cause, metric(f"simulator_faults(cause={cause})")) for cause in CAUSES]
    own = [one for one in card.standings if (one.setting.patience, one.metric) == (card.base.patience, METRICS[0])]
    rows = tuple(
        (one.setting.language, one.agent, *(decimal(float(chosen.score(one.items))) for _, chosen in columns))
        for one in own
    )
    names = ("language", "agent", *(name for name, _ in columns))
    return Grid("Episodes with faults of the user, in %", names, rows, names=2)


def _divergence(card: UserCard) -> Grid:
    rows = tuple(
        (one.what, _number(one.people), _number(one.simulated), _cell(one.bits, one.interval), decimal(one.halves, 3))
        for one in card.divergence
    )
    notes = [
        "Jensen-Shannon divergence in bits, 0 (the same) to 1 (nothing in common), with an interval over goals; the "
        "last column is that between two halves of the corpus's dialogues. Simulated: the rule policy's episodes in "
        "words. The corpus's users are people, or in an embedded corpus its script."
    ]
    notes += [] if any("act" in one.what for one in card.divergence) else ["The dialogues have no user acts annotated."]
    columns = ("of users", "corpus, mean", "simulated, mean", "divergence", "corpus, halves")
    return Grid("Distance from the corpus's users", columns, rows, notes=tuple(notes))


def _standings(card: UserCard, spec: str) -> Grid:
    by_setting: dict[Setting, list[Standing]] = {}
    for one in card.standings:
        if one.metric == spec:
            by_setting.setdefault(one.setting, []).append(one)
    base, rows = by_setting.get(card.base, []), []
    for setting, ones in by_setting.items():
        cells = {one.agent: f"{_cell(one.score, one.interval)} #{one.rank:g}" for one in ones}
        tau = agreement(base, ones)
        agents = [cells.get(name, Undefined()) for name in card.config.agents]
        rows.append((str(setting), *agents, Undefined() if tau is None else decimal(tau, 2)))
    note = (
        f"`{spec}` in % with its interval over goals, and the agent's rank under this user. The last column is "
        f"Kendall's tau-b with the ranking under the config's user ({card.base}), which takes few values with "
        f"{len(card.config.agents)} agents."
    )
    return Grid(
        f"Agents under each user: {spec.removeprefix('episode_')}",
        ("user", *card.config.agents, "tau"),
        tuple(rows),
        notes=(note,),
    )


def _number(value: float | None) -> Cell:
    return Undefined() if value is None else decimal(value)


def _cell(value: float, interval: Interval) -> str:
    return with_interval(value, interval.low, interval.high)
