"""What a model would be asked for, and what that would cost, before anything is sent.

User utterances are asked for with plain texts alone, so their prompts are those that will be sent. What comes later
is asked for with restyled texts, which are not there yet: the plain ones stand in for them. What is asked again,
because an answer cannot be taken, is not counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.estimates import Estimate, estimate
from tod_bench.llm.records import ChatRequest
from tod_bench.personalise.llm_arm import LLMArm
from tod_bench.personalise.rows import StageName
from tod_bench.personalise.styling import SystemRequest, UserRequest


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """What a stage would take.

    Attributes:
        stage: The stage.
        estimate: Requests, tokens and price.
        exact: Whether the prompts are those that will be sent; else plain texts stand in for restyled ones.
    """

    stage: StageName
    estimate: Estimate
    exact: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """Where requests would go.

    Attributes:
        base_url: The server.
        cache: Answers that are there already; None for none.
        prices: The user's own price file.
        batch: Whether the Batch API's prices hold.
    """

    base_url: str
    cache: AnswerCache | None = None
    prices: Path | None = None
    batch: bool = False

    def of(self, requests: Iterable[ChatRequest]) -> Estimate:
        """What some requests would take."""
        return estimate(requests, self.base_url, cache=self.cache, prices=self.prices, batch=self.batch)


def estimate_stages(
    arm: LLMArm,
    asking: Asking,
    users: Iterable[UserRequest],
    systems: Iterable[SystemRequest],
    semantic: Iterable[ChatRequest] = (),
    natural: Iterable[ChatRequest] = (),
) -> list[StageEstimate]:
    """What each stage that asks a model would take: two requests a turn, and two a dialogue for the filters.

    Args:
        arm: The arm.
        asking: Where requests would go.
        users: Every user utterance to restyle.
        systems: Every system utterance to restyle, with plain user utterances in place of restyled ones.
        semantic: Requests of the semantic filter, with plain texts.
        natural: Requests of the filter of naturalness, with plain texts.
    """
    return [
        StageEstimate("user", asking.of(arm.user_question(one).request for one in users), exact=True),
        StageEstimate("system", asking.of(arm.system_question(one).request for one in systems), exact=False),
        StageEstimate("semantic", asking.of(semantic), exact=False),
        StageEstimate("natural", asking.of(natural), exact=False),
    ]
