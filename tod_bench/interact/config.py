"""Play configs: whose goals, which users, which agents; a YAML file, every error reported at once.

name: play_quickstart
corpus: {corpus: simulated, options: {dialogues: {test: 100}}}
trials: 4
language: words
agents:
  rule: {agent: rule}
  mine: {agent: "my_package.agents:MyAgent", params: {model: small}}
"""

import importlib
from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tod_bench.config_files import load_validated
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError, did_you_mean
from tod_bench.interact.agents import Agent
from tod_bench.interact.episode import Environment
from tod_bench.interact.user import UserSettings

Language = Literal["acts", "words"]

AGENTS = ("rule", "deaf")
"""Agents of our own; any other is named by its class, ``package.module:Class``."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CorpusSection(_Section):
    """The corpus.

    Attributes:
        corpus: Name of the reader (`tod-bench list corpora`).
        options: Options of the reader.
    """

    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)


class UserSection(_Section):
    """How users behave; see `tod_bench.interact.user.UserSettings`.

    Attributes:
        patience: Turns in a row without progress after which a user leaves.
        together: Probability that questions and booking go in one turn.
        brief: Probability that a user begins with some of its constraints only.
    """

    patience: int = UserSettings().patience
    together: float = UserSettings().together
    brief: float = UserSettings().brief

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        try:
            self.settings()
        except UserError as error:
            raise ValueError(str(error)) from None
        return self

    def settings(self) -> UserSettings:
        """The settings of the users, which know their bounds."""
        return UserSettings(self.patience, self.together, self.brief)


class AgentSection(_Section):
    """Who is played.

    Attributes:
        agent: ``rule``, ``deaf`` or a class, ``package.module:Class``.
        params: What its constructor takes.
    """

    agent: str
    params: dict[str, Any] = Field(default_factory=dict)


class PlayConfig(_Section):
    """A play config.

    Attributes:
        name: Its name, which is also that of the folder of its episodes.
        title: What it shows.
        corpus: Whose goals and database.
        split: Whose goals.
        goals: How many goals, from the first; all where left out.
        trials: Trials of each goal.
        seed: Seed of everything random.
        language: Whether user and agent exchange acts or words.
        user: How users behave.
        seconds: Time that an agent may take for a reply.
        agents: Name -> who is played.
    """

    name: str = Field(pattern=r"^[\w-]+$")
    title: str = ""
    corpus: CorpusSection
    split: str = "test"
    goals: int | None = Field(default=None, ge=1)
    trials: int = Field(default=1, ge=1)
    seed: int = 1
    language: Language = "words"
    user: UserSection = UserSection()
    seconds: float = Field(default=60, gt=0)
    agents: dict[str, AgentSection] = Field(min_length=1)

    @field_validator("agents")
    @classmethod
    def _file_names(cls, agents: dict[str, AgentSection]) -> dict[str, AgentSection]:
        for name in agents:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"{name!r} cannot be the name of a file; use letters, digits, - and _")
        return agents


def load_play(name: str, overrides: Sequence[str] = ()) -> PlayConfig:
    """Reads a play config.

    Args:
        name: A path, or the name of a shipped config.
        overrides: ``key=value`` pairs, such as ``trials=2``.

    Raises:
        UserError: It is missing, or has errors; all of them are in the message.
    """
    return load_validated(PlayConfig, name, overrides)


def environment_of(config: PlayConfig) -> Environment:
    """The environment of a config.

    Raises:
        UserError: There is no such corpus, or its files are not there.
    """
    corpus = open_corpus(config.corpus.corpus, **config.corpus.options)
    if config.split not in corpus.splits:
        raise UserError(f"{corpus.name} has no split {config.split!r}{did_you_mean(config.split, corpus.splits)}")
    language = None
    if config.language == "words":
        from tod_bench.interact.words.language import OwnWords

        language = OwnWords()
    seed, limit = config.seed, config.goals
    return Environment(corpus, config.split, seed, config.user.settings(), language, limit, config.seconds)


def agent_of(section: AgentSection, language: Language) -> Agent:
    """The agent of a section.

    Raises:
        UserError: There is no such agent, or its constructor does not take the parameters.
    """
    chosen = _agent_class(section.agent, language)
    try:
        agent = chosen(**section.params)
    except TypeError as error:
        raise UserError(f"agent {section.agent}: {error}") from None
    if not isinstance(agent, Agent):
        raise UserError(f"agent {section.agent} does not derive from tod_bench.interact.agents.Agent; docs/play.md")
    return agent


def _agent_class(name: str, language: Language) -> Any:
    if name in AGENTS:
        from tod_bench.interact.rule_policy import DeafAgent, RulePolicy
        from tod_bench.interact.words.language import RulePolicyInWords

        rule = RulePolicyInWords if language == "words" else RulePolicy
        return {"rule": rule, "deaf": DeafAgent}[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise UserError(
            f"there is no agent {name!r}{did_you_mean(name, AGENTS)}; there are {', '.join(AGENTS)}, and classes as "
            "package.module:Class"
        )
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"the agent {name} cannot be loaded: {error}") from None
