"""What a recipe is: how a turn becomes messages to a model, and how its text becomes an answer.

A recipe is a conversation with the model about one turn, written as a generator: it yields what is to be asked, is sent
what the model said, and returns the answer.

    class Json(Recipe):
        def ask(self, shown: Shown) -> Conversation:
            reply = yield Query(self.render(shown))
            return self.read(reply, shown)

One query is enough for most formats; the domain first and its slots afterwards is two. Who sends the queries (a server,
a cache, a batch, a script), in which order and how many at once, is not the recipe's affair.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, TypeAlias

from tod_bench.llm.records import Message, ToolCall
from tod_bench.records import Act, Schema, TaskName, Turn, first_values
from tod_bench.systems import Exchange, TurnInput

SHOWN_VALUES = 3
"""Example values of a slot that are shown, where it may have others."""

Selection: TypeAlias = Literal["fixed", "random", "nearest", "diverse"]
"""How examples are chosen; see `tod_baselines.chat.examples`."""

PlainState: TypeAlias = Mapping[str, Mapping[str, str]]
"""A state with one value a slot: domain -> slot -> value."""


@dataclass(frozen=True, slots=True)
class Example:
    """A turn of a training dialogue that a prompt shows with its answer.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index.
        history: The turns before it.
        user: The user's utterance.
        previous: The gold state of the turn before.
        state: The gold state.
        acts: The gold system acts.
        response: The corpus's response.
        services: Domains that are active in the turn.
    """

    dialogue_id: str
    turn: int
    history: tuple[Exchange, ...]
    user: str
    previous: PlainState
    state: PlainState
    acts: tuple[Act, ...]
    response: str
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a recipe is shown of a turn.

    Attributes:
        task: What is to be answered.
        input: The turn as the harness shows it.
        previous: The state that the same system predicted for the turn before; empty in the first turn, and where the
            recipe does not depend on it.
        examples: Training turns to show, the most similar last (nearest to the question).
        schema: What can be tracked, with descriptions.
    """

    task: TaskName
    input: TurnInput
    previous: PlainState
    examples: Sequence[Example]
    schema: Schema


@dataclass(frozen=True, slots=True)
class Query:
    """One thing to ask a model.

    Attributes:
        messages: The conversation, in order.
        json_schema: JSON schema that the answer must meet, for servers that can hold a model to one.
        fields: Further fields of the request's body (``tools``, ``tool_choice``, ``stop``).
        max_tokens: Longest answer; None for the system's setting.
    """

    messages: tuple[Message, ...]
    json_schema: Mapping[str, Any] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: Its text; what it had written, where it was cut; empty where it wrote nothing.
        tool_calls: The functions that it called.
        failure: Why there is no whole answer (``length``, ``refusal``, ...); empty where there is one.
        logprobs: (token, log-probability) of the text's tokens in order; empty where the server gives none.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    failure: str = ""
    logprobs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a recipe read of a model's replies.

    Attributes:
        state: The whole state after the turn (not the change alone); None where the task is another.
        acts: The system acts; None where the task is another.
        response: The response; None where the task is another.
        active_domains: Domains that the model took to be active; None where it was not asked.
        unread: A sentence for each thing that could not be read. Where nothing at all could be, the answer is empty.
        unknown: Names of slots (``hotel wifi``) and values outside of the schema; they are kept in the answer.
        readable: Whether the answer as a whole could be read; False counts as an unread turn.
        confidence: How sure the model is of each value of the state, 0 to 1; None where nothing says so.
    """

    state: PlainState | None = None
    acts: tuple[Act, ...] | None = None
    response: str | None = None
    active_domains: tuple[str, ...] | None = None
    unread: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    readable: bool = True
    confidence: Mapping[str, Mapping[str, float]] | None = None


Conversation: TypeAlias = Generator[Query, Reply, Answer]
"""A recipe at work on one turn."""


@dataclass(frozen=True, slots=True)
class AnsweredExample(Example):
    """An example as a template shows it: with the answer in the recipe's format."""

    answer: str = ""


class Recipe(ABC):
    """A published way of asking a language model.

    Args:
        prompt: The template: a name of a shipped one, or a file; the recipe's own where None.
        state: Whether DST asks for what the turn ``changes`` of the state, or for the ``whole`` state; the recipe's
            default where None.

    Attributes:
        name: Its name in configs, and that of its own template.
        after: The paper whose format it follows.
        tasks: The tasks that it has prompts for.
        select: How its examples are chosen where the config does not say.
        skips: Why it has no prompt for some task, in words; empty where there is no more to say.
        whole_state: Whether it asks for the whole state, so that a turn does not depend on the answer to the one
            before; else for what the turn changes of it.
        template: The template of its prompts.
    """

    name: ClassVar[str]
    after: ClassVar[str]
    tasks: ClassVar[frozenset[TaskName]]
    select: ClassVar[Selection] = "nearest"
    skips: ClassVar[str] = ""
    whole_state: bool = False

    def __init__(self, *, prompt: str | None = None, state: Literal["changes", "whole"] | None = None) -> None:
        from tod_baselines.chat.rendering import Template

        self.template: Template = Template.load(prompt or self.name)
        self._schema: Schema | None = None
        self._schema_text = ""
        if state is not None:
            self.whole_state = state == "whole"

    @abstractmethod
    def ask(self, shown: Shown) -> Conversation:
        """Asks about one turn."""

    @abstractmethod
    def example_answer(self, task: TaskName, example: Example) -> str:
        """The answer that an example shows, in the recipe's format; `ask` must read it back."""

    def rehearse(self, query: Query, shown: Shown, found: Example) -> Reply:  # noqa: ARG002
        """What the program ``scripted`` replies to one of the recipe's queries.

        Args:
            query: The query.
            shown: The turn.
            found: What the program found, in the form of an example of this very turn. Its `previous` is the state
                that the recipe was shown.
        """
        return Reply(self.example_answer(shown.task, found))

    def render(self, shown: Shown, **more: Any) -> tuple[Message, ...]:
        """The messages of the recipe's template about a turn; `more` are variables that the template gets besides.

        Every template gets `shown`, `schema`, `schema_text`, `dialogue`, `examples` and `whole_state`.
        """
        dialogue = [line for turn in shown.input.history for line in (("user", turn.user), ("assistant", turn.system))]
        return self.template.messages(
            shown=shown,
            schema=shown.schema,
            schema_text=self._described(shown.schema),
            dialogue=[*dialogue, ("user", shown.input.user)],
            examples=[answered(example, self.example_answer(shown.task, example)) for example in shown.examples],
            whole_state=self.whole_state,
            **more,
        )

    def describe(self, schema: Schema) -> str:
        """The schema as prompts show it; a recipe may write it in its own format."""
        return schema_text(schema)

    def _described(self, schema: Schema) -> str:
        """The schema as text, made once: it is the longest part of a prompt, and the same in all of them."""
        if self._schema is not schema:
            self._schema, self._schema_text = schema, self.describe(schema)
        return self._schema_text


def schema_text(schema: Schema) -> str:
    """Every domain and slot, a line each, with descriptions and values (all of a categorical slot, else the first)."""
    lines = []
    for domain, slots in schema.items():
        lines.append(domain)
        for slot, spec in slots.items():
            values = f" (one of: {', '.join(spec.values)})" if spec.categorical and spec.values else ""
            values = values or (f" (such as: {', '.join(spec.values[:SHOWN_VALUES])})" if spec.values else "")
            lines.append(f"  {slot}{': ' if spec.description else ''}{spec.description}{values}")
    return "\n".join(lines)


def long_lists_opened(schema: Schema, most: int | None) -> Schema:
    """The schema with every closed list of more than `most` values as an open one, of which prompts name the first few.

    What is answered for such a slot is then read as for any open one: kept as it was written. None leaves all closed.
    """
    if most is None:
        return schema
    return {
        domain: {
            slot: replace(spec, categorical=spec.categorical and len(spec.values) <= most)
            for slot, spec in slots.items()
        }
        for domain, slots in schema.items()
    }


def answered(example: Example, answer: str) -> AnsweredExample:
    """An example with its answer."""
    return AnsweredExample(**{each.name: getattr(example, each.name) for each in fields(Example)}, answer=answer)


def example_of(dialogue_id: str, turn: Turn, history: tuple[Exchange, ...], previous: PlainState) -> Example:
    """The example that a turn of a training dialogue makes."""
    state = first_values(turn.state)
    return Example(dialogue_id, turn.index, history, turn.user, previous, state, turn.acts, turn.system, turn.services)
