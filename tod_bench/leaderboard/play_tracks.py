"""What a track fixes whose systems talk to a simulated user: goals, trials, seed, language, and how users behave."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.interact.agents import Language
from tod_bench.interact.config import UserSection
from tod_bench.interact.episode import Environment
from tod_metrics import metric, metric_class, parse_spec
from tod_metrics.base import Metric
from tod_metrics.episode.outcomes import EpisodeItem
from tod_metrics.episode.pass_k import GoalTrials, PassK

_UNTOLD: Final = ("simulator_faults",)
"""Metrics that depend on what an agent declares that it said, which nobody can check."""


class PlaySettings(BaseModel):
    """How the systems of a track are played.

    Attributes:
        goals: How many goals, from the first of the split; all where left out.
        trials: Trials of each goal.
        seed: Seed of users and world.
        language: Whether user and agent exchange words or acts.
        user: How users behave.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    goals: int | None = Field(default=None, ge=1)
    trials: int = Field(default=1, ge=1)
    seed: int = 1
    language: Language = "words"
    user: UserSection = UserSection()

    @field_validator("user")
    @classmethod
    def _seeded(cls, user: UserSection) -> UserSection:
        if user.llm is not None:
            raise ValueError("a track's users are the seeded ones, whose side can be replayed; leave out `llm`")
        return user

    def environment(self, corpus: Corpus, split: str) -> Environment:
        """Goals, world and users of the track."""
        language = None
        if self.language == "words":
            from tod_bench.interact.words.language import OwnWords

            language = OwnWords()
        return Environment(corpus, split, self.seed, self.user.seeded(), language, self.goals)

    def signature(self, environment: Environment) -> Mapping[str, Any]:
        """Everything beside corpus, split and metric that decides what a number means."""
        versions = dict(environment.signature)
        language = versions.pop("language")
        spoken = {"language": "words", **language} if isinstance(language, Mapping) else {"language": language}
        for name in ("corpus", "split"):
            versions.pop(name)
        return {"goals": len(environment.goals), "trials": self.trials, "seed": self.seed, **versions, **spoken}


def played_metric(spec: str) -> Metric[Any]:
    """A metric of episodes.

    Raises:
        UserError: There is no such metric, it is of something else, or its number cannot be checked.
    """
    try:
        name = parse_spec(spec).name
        item = metric_class(name).item
        if item not in (EpisodeItem, GoalTrials):
            raise UserError(f"the metric {spec!r} does not score episodes")
        if name in _UNTOLD:
            raise UserError(f"the metric {spec!r} depends on acts that agents declare, so that no one can check it")
        made: Metric[Any] = metric(spec)
    except (ValueError, LookupError) as error:
        raise UserError(str(error)) from None
    return made


def protocol_of(made: Metric[Any]) -> str:
    """What tells apart the numbers of one metric: its protocol, or the k of pass^k."""
    if isinstance(made, PassK):
        return f"k={made.k}" + ("" if made.success == "success" else f"+{made.success}")
    return made.protocol
