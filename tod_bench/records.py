"""The records that walk through the harness: dialogues, turns, states, acts, personas, goals and predictions.

Every record is a frozen dataclass without I/O. Mappings and sequences inside them are to be read, never written:
readers build them once and everything downstream shares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

Values: TypeAlias = tuple[str, ...]
"""Every acceptable value of a slot, the annotators' first choice first; never empty."""

State: TypeAlias = Mapping[str, Mapping[str, Values]]
"""A belief state: domain (or SGD service) -> slot -> acceptable values. A slot without a value is left out."""

TaskName: TypeAlias = Literal["dst", "policy", "response"]
"""The three tasks: dialogue state tracking, policy (system acts), response generation."""

ExperimentTask: TypeAlias = Literal["dst", "policy", "response", "corpus", "people"]
"""What a number of a table can be of: a task, the corpus itself, or what people said of a system's responses."""


@dataclass(frozen=True, slots=True)
class Act:
    """A dialogue act such as ``Act("restaurant", "inform", "food", "italian")``.

    Attributes:
        domain: Domain or service; ``general`` for acts that belong to none (greet, bye, thank).
        act: The act's type, lower case (``inform``, ``request``, ``offer``, ...).
        slot: The slot it is about; empty when it is about none.
        value: The slot's value; empty when it has none (a request, say).
    """

    domain: str
    act: str
    slot: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A slot value that stands in an utterance.

    Attributes:
        side: Whose utterance it is.
        domain: Domain or service of the slot.
        slot: The slot.
        value: The value as annotated (it can differ from the text in case or form).
        start: First character of the value in the plain (not the restyled) utterance.
        end: One past the last character.
    """

    side: Literal["user", "system"]
    domain: str
    slot: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the user is, as a picture of them shows; an empty string means unknown.

    Attributes:
        image: Path of the picture, relative to the corpus's image folder.
        impression: One sentence of first impression.
        age: ``toddler``, ``child``, ``teenager``, ``adult``, ``senior`` or ``unknown``.
        gender: ``female`` or ``male`` (or empty).
        formality: ``casual``, ``formal`` or ``unknown``.
        emotion: ``positive``, ``neutral``, ``negative`` or ``unknown``.
    """

    image: str = ""
    impression: str = ""
    age: str = ""
    gender: str = ""
    formality: str = ""
    emotion: str = ""


@dataclass(frozen=True, slots=True)
class DomainGoal:
    """What the user wants of one domain.

    Attributes:
        inform: Constraints a venue must meet, slot -> value.
        request: Slots the user wants to be told (``phone``, ``reference``, ...).
        book: Booking details, slot -> value; empty when nothing is to be booked.
    """

    inform: Mapping[str, str] = field(default_factory=dict)
    request: tuple[str, ...] = ()
    book: Mapping[str, str] = field(default_factory=dict)


Goal: TypeAlias = Mapping[str, DomainGoal]
"""The user's goal: domain -> what is wanted of it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a corpus of frames (SGD, MultiWOZ 2.2) annotates of one service in a user turn, beside its state.

    Attributes:
        service: The service.
        active_intent: The intent the user is after, ``NONE`` for none; empty where the corpus does not annotate it.
        requested: Slots that the user asks about in this turn, in annotation order.
    """

    service: str
    active_intent: str = ""
    requested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One user utterance and the system's answer to it.

    Attributes:
        index: Position in the dialogue, from 0, one per user/system pair.
        user: The user's utterance.
        system: The system's answer; empty where a dialogue ends on the user.
        styled_user: The user's utterance restyled to the persona; None where the corpus has none.
        styled_system: The system's answer restyled to the persona; None where the corpus has none.
        state: Belief state after the user's utterance, every acceptable value of each slot.
        acts: The system's acts, in annotation order.
        user_acts: The user's acts, in annotation order.
        services: Domains or services that are active in the turn.
        spans: Where slot values stand in the plain utterances.
        db_matches: Domain -> number of database entries that the gold state matches, as annotated; empty where not
            known. Systems are shown what the state that they are conditioned on matches instead (`tod_bench.tasks`).
        frames: The frames of the user's utterance, one a service, also those of services that are not active; empty
            where the corpus does not annotate frames.
        booked: Domains that have been booked by the end of the turn, as annotated; None where that is not annotated.
    """

    index: int
    user: str
    system: str = ""
    styled_user: str | None = None
    styled_system: str | None = None
    state: State = field(default_factory=dict)
    acts: tuple[Act, ...] = ()
    user_acts: tuple[Act, ...] = ()
    services: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    db_matches: Mapping[str, int] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    booked: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue of a corpus.

    Attributes:
        id: Unique within its split.
        corpus: Name and version of the corpus, e.g. ``multiwoz2.2``.
        split: ``train``, ``dev`` or ``test``.
        services: Domains or services that the dialogue is about (the goal's, where there is one).
        turns: The turns in order.
        goal: The user's goal; empty where the corpus has none.
        persona: Who the user is; None where the corpus does not say.
    """

    id: str
    corpus: str
    split: str
    services: tuple[str, ...]
    turns: tuple[Turn, ...]
    goal: Goal = field(default_factory=dict)
    persona: Persona | None = None


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """A slot of a schema.

    Attributes:
        description: What the slot means, in words.
        categorical: Whether its values come from a closed list.
        values: The closed list, or example values.
        scored: Whether it counts when states are scored; MultiWOZ's hospital, police and bus do not.
    """

    description: str = ""
    categorical: bool = False
    values: tuple[str, ...] = ()
    scored: bool = True


Schema: TypeAlias = Mapping[str, Mapping[str, SlotSpec]]
"""What can be tracked: domain (or service) -> slot -> its specification."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a system answered for one turn; the fields of tasks it was not asked are None.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index, from 0.
        state: Predicted belief state: domain -> slot -> value (one value a slot).
        acts: Predicted system acts.
        response: Generated response.
        active_domains: Domains the system takes to be active, for MultiWOZ's Inform and Success.
        active_intent: Predicted intent of each service (or domain), ``NONE`` for none.
        requested: Slots that the user is predicted to ask about, by service; a service without any may be left out.
        raw: The text a model produced before it was parsed, by task.
        notes: Anything else worth keeping (what the parser could not read, turns cut from the context, ...).
        confidence: How sure the system is of each value of `state`, 0 to 1: domain -> slot -> probability; slots may be
            left out.
    """

    dialogue_id: str
    turn: int
    state: Mapping[str, Mapping[str, str]] | None = None
    acts: tuple[Act, ...] | None = None
    response: str | None = None
    active_domains: tuple[str, ...] | None = None
    active_intent: Mapping[str, str] | None = None
    requested: Mapping[str, tuple[str, ...]] | None = None
    raw: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    confidence: Mapping[str, Mapping[str, float]] | None = None


class Database(Protocol):
    """A corpus's database of venues."""

    def query(self, domain: str, constraints: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """Entries that meet every constraint, in file order; ``dontcare`` and unknown slots bind nothing."""
        ...


def as_state(predicted: Mapping[str, Mapping[str, str]]) -> State:
    """A predicted state in the form that gold states have."""
    return {domain: {slot: (value,) for slot, value in slots.items()} for domain, slots in predicted.items()}


def gold_frames(turn: Turn) -> tuple[dict[str, str] | None, dict[str, tuple[str, ...]] | None]:
    """Active intents and requested slots of a turn in the form that predictions have; None where it has no frames."""
    if not turn.frames:
        return None, None
    intents = {frame.service: frame.active_intent for frame in turn.frames}
    return intents, {frame.service: frame.requested for frame in turn.frames}


def first_values(state: State) -> dict[str, dict[str, str]]:
    """A state with only the first acceptable value of each slot: the form that predictions have."""
    return {domain: {slot: values[0] for slot, values in slots.items()} for domain, slots in state.items()}
