"""What a config may set of a chat system: the model and its server, the recipe, what it is shown, how it is sampled."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from tod_baselines.chat.recipe import Recipe, Selection
from tod_bench.errors import UserError
from tod_bench.llm.config import ChatModel, Limits
from tod_bench.llm.retry import RetryPolicy
from tod_bench.llm.servers import KEY_VARIABLE
from tod_bench.records import TaskName

SCRIPTED = "scripted"
"""Model name of the program that stands in for a model; see `tod_baselines.chat.scripted`."""

TRAINING_SETTINGS = frozenset({"shots", "select", "pool", "embedding"})
"""What decides the examples, and nothing else."""

OPERATING_SETTINGS = frozenset({"limits", "retry", "key_variable"})
"""What decides how requests get to the server, and nothing of their answers."""

_IN_EXTRA = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "response_format", "logprobs")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of a chat system.

    Attributes:
        model: The model's name, as the server knows it; ``scripted`` is a program that needs no server.
        recipe: How it is asked and read: a name, or ``module:Class``.
        prompt: Template in place of the recipe's own: a name, or a file.
        state: Whether DST asks for what a turn ``changes`` or for the ``whole`` state; the recipe's default if left
            out.
        shots: Training turns that each prompt shows with their answers.
        select: How they are chosen; as the recipe's paper does, if left out.
        pool: Which training dialogues they are taken from: ``all``, a share (``5%``), or a number of them.
        embedding: What ``nearest`` and ``diverse`` compare turns by.
        on_unread: The state of a turn whose answer cannot be read: none at all, or that of the turn before.
        history: What is shown of the turns before: ``all``, or ``last+K`` for the last K.
        max_values: A closed list of more values than this is shown as an open one, by its first values: a list of every
            time of the day is longer than all the rest of a prompt. None shows all of every closed list.
        persona: Whether it is told the first impression of the user, where the corpus has one.
        images: The pictures of users, for models that see: ``true`` for those that the corpus has itself, or a folder
            in which the corpus names the files.
        structured: Whether the server is held to the recipe's JSON schema, where it can be, or never.
        logprobs: Whether the server is asked for log-probabilities, which give confidence.
        base_url: An OpenAI-compatible server; OpenAI's where left out.
        key_variable: Environment variable that holds the server's key.
        temperature: Sampling temperature; empty leaves it to the server.
        top_p: Nucleus sampling, 0 to 1; left to the server where left out.
        max_tokens: Longest answer in tokens.
        seed: Sampling seed, for servers that take one.
        extra: Further fields of a request's body.
        limits: Limits of the requests.
        retry: How requests are repeated.
    """

    model: str
    recipe: str = "json"
    prompt: str | None = None
    state: Literal["changes", "whole"] | None = None
    shots: int = 0
    select: Selection | None = None
    pool: str = "all"
    embedding: str = "bm25"
    on_unread: Literal["empty", "previous"] = "empty"
    history: str = "all"
    max_values: int | None = None
    persona: bool = False
    images: bool | Path | None = None
    structured: Literal["auto", "off"] = "auto"
    logprobs: bool = False
    base_url: str | None = None
    key_variable: str = KEY_VARIABLE
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int = 512
    seed: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    @cached_property
    def chat_model(self) -> ChatModel:
        """The model and how its server is reached.

        Raises:
            UserError: A value cannot be used.
        """
        names = ("model", "base_url", "key_variable", "seed", "extra", "limits", "retry")
        try:
            return ChatModel(**{name: getattr(self, name) for name in names})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UserError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None

    @cached_property
    def opened_recipe(self) -> Recipe:
        """The recipe with its template.

        Raises:
            UserError: There is no such recipe or template.
        """
        from tod_baselines.chat.recipes import recipe_class

        return recipe_class(self.recipe)(prompt=self.prompt, state=self.state)

    @property
    def sees(self) -> bool:
        """Whether the model is shown the pictures of users."""
        return self.images not in (None, False)

    @property
    def selection(self) -> Selection:
        """How examples are chosen: as the config says, or else as the recipe does."""
        return self.select or self.opened_recipe.select

    @property
    def turns_shown(self) -> int | None:
        """How many turns before the current one are shown; None for all."""
        return None if self.history == "all" else int(self.history.partition("+")[2])

    def depends_on_last(self, task: TaskName) -> bool:
        """Whether a turn is asked about with what was answered to the one before."""
        return task == "dst" and (not self.opened_recipe.whole_state or self.on_unread == "previous")

    def problems(self) -> Iterator[str]:
        """A sentence for each setting that cannot work."""
        wrong: Mapping[str, bool] = {
            "shots must be 0 or more": self.shots < 0,
            "max_tokens must be 1 or more": self.max_tokens < 1,
            "max_values must be 1 or more": self.max_values is not None and self.max_values < 1,
            "temperature must be 0 or more": self.temperature is not None and not self.temperature >= 0,
            "top_p must be above 0 and at most 1": self.top_p is not None and not 0 < self.top_p <= 1,
            f"history must be all or last+K (such as last+2), not {self.history!r}": not re.fullmatch(
                r"all|last\+\d+", self.history
            ),
            f"images: {self.images} is no folder": isinstance(self.images, Path) and not self.images.is_dir(),
        }
        yield from (sentence for sentence, holds in wrong.items() if holds)
        for name in self.extra:
            if name in _IN_EXTRA:
                yield f"extra.{name}: there is a setting for it"
        if self.shots > 0:
            from tod_baselines.chat.examples import problems

            yield from problems(self.pool, self.select)
        for part in ("chat_model", "opened_recipe"):
            try:
                getattr(self, part)
            except UserError as error:
                yield str(error)

    def sent(self) -> dict[str, Any]:
        """The fields that decide how answers are drawn, as they are asked for."""
        fields = {"temperature": self.temperature, "top_p": self.top_p, "seed": self.seed}
        given = {name: value for name, value in fields.items() if value is not None}
        extra = json.loads(json.dumps(self.extra))
        return {**given, "max_tokens": self.max_tokens, **({"logprobs": True} if self.logprobs else {}), **extra}
