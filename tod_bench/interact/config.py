"""Play configs: whose goals, which users, which agents; a YAML file, every error reported at once.

name: play_quickstart
corpus: {corpus: simulated, options: {dialogues: {test: 100}}}
trials: 4
language: words
agents:
  rule: {agent: rule}
  tracked: {agent: trio, dst: rule_match}
  mine: {agent: "my_package.agents:MyAgent", params: {model: small}}
"""

import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tod_bench.binding import bind
from tod_bench.config_files import load_validated
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError, did_you_mean
from tod_bench.interact.agents import Agent, Language
from tod_bench.interact.episode import Environment, Users
from tod_bench.interact.user import UserSettings

AGENTS = ("rule", "deaf", "trio", "llm", "http")
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
        llm: A language model that plays the user in place of the seeded one; its settings are those of
            `tod_bench.interact.llm_user.LLMUsers`.
    """

    llm: dict[str, Any] | None = None
    patience: int = UserSettings().patience
    together: float = UserSettings().together
    brief: float = UserSettings().brief

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        try:
            self.seeded()
        except UserError as error:
            raise ValueError(str(error)) from None
        return self

    def seeded(self) -> UserSettings:
        """The settings of the seeded users, which know their bounds."""
        return UserSettings(self.patience, self.together, self.brief)

    def settings(self) -> Users:
        """The users: those of a language model where one is named, else the seeded ones."""
        return self.seeded() if self.llm is None else llm_users(self.llm)


class AgentSection(_Section):
    """Who is played.

    Attributes:
        agent: One of `AGENTS`, or a class, ``package.module:Class``.
        goals: How many of the play's goals it plays, from the first; all where left out.
        trials: Trials of each goal; the play's where left out.
        params: What its constructor takes; what stands beside the other keys is one of these, too.
    """

    agent: str
    goals: int | None = Field(default=None, ge=1)
    trials: int | None = Field(default=None, ge=1)
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _params_beside(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or not isinstance(params := raw.get("params", {}), dict):
            return raw
        own = ("agent", "goals", "trials")
        beside = {name: value for name, value in raw.items() if name not in (*own, "params")}
        if twice := [name for name in beside if name in params]:
            raise ValueError(f"{', '.join(map(str, twice))} is given twice, beside `params` and in it")
        return {**{name: raw[name] for name in own if name in raw}, "params": {**params, **beside}}


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
        small: What turns it into its small variant, on the embedded corpus: dotted key -> value.
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
    small: dict[str, Any] = Field(default_factory=dict)

    def share_of(self, agent: str) -> tuple[int | None, int]:
        """How many goals an agent plays, from the first (None for all), and how many trials of each.

        Args:
            agent: Its name; one that the config does not have stands for a journal of another name, of the whole play.
        """
        section = self.agents.get(agent)
        return (section.goals, section.trials or self.trials) if section else (None, self.trials)

    @field_validator("agents")
    @classmethod
    def _file_names(cls, agents: dict[str, AgentSection]) -> dict[str, AgentSection]:
        for name in agents:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"{name!r} cannot be the name of a file; use letters, digits, - and _")
        return agents


def load_play(name: str, overrides: Sequence[str] = (), *, small: bool = False) -> PlayConfig:
    """Reads a play config.

    Args:
        name: A path, or the name of a shipped config.
        overrides: ``key=value`` pairs, such as ``trials=2``.
        small: Whether its small variant is wanted; ``_small`` is added to its name.

    Raises:
        UserError: It is missing, or has errors, all of which are in the message; or it has no small variant.
    """
    return load_validated(PlayConfig, name, overrides, small=small)


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
    users, seed = config.user.settings(), config.seed
    return Environment(corpus, config.split, seed, users, language, config.goals, config.seconds)


def llm_users(section: dict[str, Any]) -> Users:
    """Users that a language model plays.

    Raises:
        UserError: A setting cannot be used.
    """
    from tod_bench.interact.llm_user import LLMUsers

    values, wrong = bind(LLMUsers, section, "user.llm")
    if wrong:
        raise UserError("; ".join(wrong))
    return LLMUsers(**values)


def agent_of(section: AgentSection, language: Language) -> Agent:
    """The agent of a section.

    Raises:
        UserError: There is no such agent, its constructor does not take the parameters, or it fails.
    """
    chosen = _agent_class(section.agent, language)
    params = section.params
    if section.agent in AGENTS:
        params, wrong = bind(chosen, params, section.agent)
        if wrong:
            raise UserError(f"agent {'; '.join(wrong)}")
    try:
        agent = chosen(**params)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an agent's own code raises
        kind = "" if isinstance(error, TypeError) else f"its constructor raised {type(error).__name__}: "
        raise UserError(f"agent {section.agent}: {kind}{error}") from None
    if not isinstance(agent, Agent):
        raise UserError(f"agent {section.agent} does not derive from tod_bench.interact.agents.Agent; docs/play.md")
    return agent


def _agent_class(name: str, language: Language) -> Any:
    if name in AGENTS:
        return _own_agent(name, language)
    module, colon, attribute = name.partition(":")
    if not colon:
        raise UserError(
            f"there is no agent {name!r}{did_you_mean(name, AGENTS)}; there are {', '.join(AGENTS)}, and classes as "
            "package.module:Class"
        )
    # Other processes that play get this path, too.
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an agent's own code raises
        raise UserError(f"the agent {name} cannot be loaded: {type(error).__name__}: {error}") from None
    if inspect.isclass(found) and inspect.isabstract(found):
        raise UserError(f"agent {name} lacks {', '.join(sorted(vars(found)['__abstractmethods__']))}; docs/play.md")
    return found


def _own_agent(name: str, language: Language) -> Any:
    if name in ("rule", "deaf"):
        from tod_bench.interact.rule_policy import DeafAgent, RulePolicy
        from tod_bench.interact.words.language import RulePolicyInWords

        rule = RulePolicyInWords if language == "words" else RulePolicy
        return {"rule": rule, "deaf": DeafAgent}[name]
    if name == "trio":
        from tod_bench.interact.trio import TrioAgent

        return TrioAgent
    if name == "llm":
        from tod_bench.interact.llm_agent import LLMAgent

        return LLMAgent
    from tod_bench.interact.http_agent import HTTPAgent

    return HTTPAgent
