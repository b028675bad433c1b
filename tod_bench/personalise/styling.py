"""What an arm is asked for and what it returns: an utterance restyled to a persona.

    for asked, styled in arm.user(requests):      # in any order; a request is skipped by nobody
        ...

The rules are in `tod_bench.personalise.rules`, a language model in `tod_bench.personalise.llm_arm`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from tod_bench.records import Act, Persona
from tod_bench.systems import Progress

ArmName: TypeAlias = Literal["rules", "llm"]

StrategyKind: TypeAlias = Literal["greeting", "goodbye", "review", "wiki", "none"]
"""What a system turn adds: a remark at the opening, a closing, why a venue suits the user by its reviews or by what is
written of it, or nothing."""

ValueKind: TypeAlias = Literal["state", "act", "span", "polarity"]
"""Why a value is protected: the turn's change of the state, an act, an annotated span, or a yes or no."""


@dataclass(frozen=True, slots=True)
class Protected:
    """A value that a restyled utterance must still say.

    Attributes:
        domain: Its domain or service.
        slot: Its slot.
        text: How the plain utterance says it.
        start: First character in the plain utterance.
        end: One past the last.
        kind: Why it is protected.
    """

    domain: str
    slot: str
    text: str
    start: int
    end: int
    kind: ValueKind


@dataclass(frozen=True, slots=True)
class ReviewText:
    """A review of a venue, or a sentence about it.

    Attributes:
        id: Venue and number: ``restaurants/curry garden/3``.
        text: The text.
        rating: Stars, 1 to 5; None where there are none.
        cosine: Likeness to the restyled user utterance, -1 to 1; None where nothing was ranked.
    """

    id: str
    text: str
    rating: float | None = None
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class UserRequest:
    """A user utterance to restyle.

    Attributes:
        key: The turn, see `tod_bench.personalise.rows.row_key`.
        text: The plain utterance.
        before: The system's plain utterance before it; empty at the start.
        persona: Who speaks.
        emotion: What the dialogue's user feels: ``positive``, ``neutral`` or ``negative``.
        progress: Where in the dialogue it is.
        acts: The user's acts.
        protected: What must survive.
    """

    key: str
    text: str
    before: str
    persona: Persona
    emotion: str
    progress: Progress
    acts: tuple[Act, ...]
    protected: tuple[Protected, ...]


@dataclass(frozen=True, slots=True)
class SystemRequest:
    """A system utterance to restyle.

    Attributes:
        key: The turn.
        text: The plain utterance.
        user: The restyled user utterance that it answers.
        next_user: The restyled user utterance after it; empty at the end.
        persona: Who is spoken to.
        emotion: What the dialogue's user feels.
        progress: Where in the dialogue it is.
        acts: The system's acts.
        protected: What must survive.
        strategy: What it adds.
        reviews: What a ``review`` or ``wiki`` strategy draws on.
        venue: The venue that they are of; empty without.
    """

    key: str
    text: str
    user: str
    next_user: str
    persona: Persona
    emotion: str
    progress: Progress
    acts: tuple[Act, ...]
    protected: tuple[Protected, ...]
    strategy: StrategyKind = "none"
    reviews: tuple[ReviewText, ...] = ()
    venue: str = ""


@dataclass(frozen=True, slots=True)
class Styled:
    """A restyled utterance.

    Attributes:
        text: The text; the plain one where nothing was to be changed.
        by: What wrote it in the end.
        fallback: Why the arm asked for did not write it; empty where it did.
        provenance: See `tod_bench.personalise.rows.Row`.
    """

    text: str
    by: ArmName
    fallback: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Arm(Protocol):
    """What restyles utterances."""

    @property
    def name(self) -> ArmName:
        """Which one it is."""
        ...

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything of the arm itself that decides its output, as JSON values: a part of each row's inputs."""
        ...

    def user(self, requests: Iterable[UserRequest]) -> Iterator[tuple[UserRequest, Styled]]:
        """Restyles user utterances, each once, in any order."""
        ...

    def system(self, requests: Iterable[SystemRequest]) -> Iterator[tuple[SystemRequest, Styled]]:
        """Restyles system utterances, each once, in any order."""
        ...
