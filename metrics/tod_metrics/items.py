"""The items that metrics score: plain records of gold and prediction side by side, one a turn or one a dialogue.

The harness builds them (`tod_bench.scoring`); a caller outside of it can build them by hand. A metric says with its
class attribute ``item`` which of them it takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

GoldState: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]
"""Domain (or service) -> slot -> acceptable values, the annotators' first choice first."""

PredictedState: TypeAlias = Mapping[str, Mapping[str, str]]
"""Domain (or service) -> slot -> the value predicted."""

ActTuple: TypeAlias = tuple[str, str, str, str]
"""(domain, act, slot, value); slot and value may be empty."""


@dataclass(frozen=True, slots=True)
class StateItem:
    """Gold and predicted belief state of one turn.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index.
        gold: The gold state; all acceptable values.
        predicted: The predicted state; empty where nothing was predicted.
        goal_domains: Domains of the dialogue's goal.
        services: Services with a frame in the turn, active or not; where a corpus has no frames, its active domains.
        previous_gold: The gold state of the turn before; empty in the first turn.
        previous_predicted: The predicted state of the turn before; empty in the first turn.
        raw: The belief span that a model wrote, for protocols that compare text; None where not known.
        missing: Nothing was predicted for the turn, which is then wrong, also where gold is empty.
        confidence: How sure the system is of predicted values, 0 to 1: domain -> slot -> probability; None where it
            does not say.
    """

    dialogue_id: str
    turn: int
    gold: GoldState
    predicted: PredictedState
    goal_domains: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    previous_gold: GoldState = field(default_factory=dict)
    previous_predicted: PredictedState = field(default_factory=dict)
    raw: str | None = None
    missing: bool = False
    confidence: Mapping[str, Mapping[str, float]] | None = None


@dataclass(frozen=True, slots=True)
class FrameItem:
    """What a turn's frames say beside their states: active intents and requested slots, gold and predicted.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index.
        intents: Service -> the gold active intent, ``NONE`` for none; one entry a frame of the reference.
        requested: Service -> gold slots that the user asks about; a service without any may be left out.
        predicted_intents: The predicted intents; None where none were predicted for the turn, which is then wrong.
        predicted_requested: The predicted slots; None likewise.
    """

    dialogue_id: str
    turn: int
    intents: Mapping[str, str]
    requested: Mapping[str, Sequence[str]] = field(default_factory=dict)
    predicted_intents: Mapping[str, str] | None = None
    predicted_requested: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class ActItem:
    """Gold and predicted system acts of one turn; `missing` where nothing was predicted, which is then wrong."""

    dialogue_id: str
    turn: int
    gold: tuple[ActTuple, ...]
    predicted: tuple[ActTuple, ...]
    missing: bool = False


@dataclass(frozen=True, slots=True)
class ResponseItem:
    """Reference and generated response of one turn.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index.
        reference: The corpus's response.
        response: The generated response; empty where none was given.
        group: Group of the user (age, emotion, ...), by name of the grouping.
        impression: The first impression of the user, a sentence; empty where it is not known.
        acts: The gold system acts, as (domain, act, slot, value).
    """

    dialogue_id: str
    turn: int
    reference: str
    response: str
    group: Mapping[str, str] = field(default_factory=dict)
    impression: str = ""
    acts: tuple[ActTuple, ...] = ()


@dataclass(frozen=True, slots=True)
class NotedItem:
    """What a prediction notes of how it was made: what could not be read, what the schema does not have, what it took.

    Attributes:
        dialogue_id: The dialogue.
        turn: The turn's index.
        answered: Whether the turn was predicted.
        unreadable: Whether its answer could not be read at all; None where nothing says so.
        unread: Number of pieces that could not be read; None likewise.
        unknown: Number of slots and values outside of the schema that it names; None likewise.
        usage: What it took, as far as noted: ``requests``, ``prompt_tokens``, ``completion_tokens``, ``seconds``,
            ``usd``.
        group: Group of the user (age, emotion, ...), by name of the grouping.
    """

    dialogue_id: str
    turn: int
    answered: bool = True
    unreadable: bool | None = None
    unread: int | None = None
    unknown: int | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DomainWish:
    """What a user wants of one domain: constraints to meet, slots to be told, booking details."""

    inform: Mapping[str, str] = field(default_factory=dict)
    request: tuple[str, ...] = ()
    book: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DialogueTurn:
    """Gold and prediction of one turn of a `DialogueItem`; what was not predicted is None.

    Attributes:
        reference: The corpus's response.
        gold_state: The gold state; all acceptable values.
        gold_acts: The gold system acts, as (domain, act, slot, value).
        services: Domains that are active in the turn, as annotated.
        response: The generated response.
        state: The predicted state.
        acts: The predicted system acts.
        active_domains: Domains that the system takes to be active.
        spans: Values in the reference as (domain, slot, value, start, end), for delexicalising it.
        booked: Domains that the gold dialogue has booked by then, as annotated; None where that is not annotated.
    """

    reference: str
    gold_state: GoldState = field(default_factory=dict)
    gold_acts: tuple[ActTuple, ...] = ()
    services: tuple[str, ...] = ()
    response: str | None = None
    state: PredictedState | None = None
    acts: tuple[ActTuple, ...] | None = None
    active_domains: tuple[str, ...] | None = None
    spans: tuple[tuple[str, str, str, int, int], ...] = ()
    booked: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DialogueItem:
    """A whole dialogue, for metrics that judge it as one: Inform, Success, readability over a dialogue.

    Attributes:
        dialogue_id: The dialogue.
        turns: Its turns in order.
        goal: Domain -> what the user wants of it; empty where the corpus has no goals.
        group: Group of the user (age, emotion, ...), by name of the grouping.
    """

    dialogue_id: str
    turns: tuple[DialogueTurn, ...]
    goal: Mapping[str, DomainWish] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)
