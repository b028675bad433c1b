"""Asking the judge: requests out, verdicts in, re-asks bounded and counted, every settled ask stored at once.

Asks go out in rounds. What could not be read, or was cut, is asked again in the next round: the judge sees its own
answer and what was wrong with it, and a cut answer gets twice the room. What is unreadable after the last re-ask is
`Unscored`. Failures of the connection and requests that the server turns down are not asked again (the client has
tried); the next run does.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import Asked, Sealed, nonce_of, random_nonce, requests_of
from tod_bench.judge.items import ItemSet
from tod_bench.judge.parsing import parse_verdict
from tod_bench.judge.picpersona import released_verdict
from tod_bench.judge.rendering import reask_text
from tod_bench.judge.templates import Prompt
from tod_bench.judge.verdicts import SETTLED_REASONS, Attempt, Judged, Unscored, UnscoredReason, Verdict
from tod_bench.llm.client import ChatClient
from tod_bench.llm.records import (
    ChatAnswer,
    ChatRequest,
    Content,
    Message,
    Outcome,
    TextPart,
)
from tod_bench.llm.times import normal_time

_REASONS: dict[str, UnscoredReason] = {
    "refusal": "refusal",
    "content_filter": "refusal",
    "length": "length",
    "empty": "empty",
    "too_long": "rejected",
    "bad_request": "rejected",
}
"""Failures of this one request; all others are `failed`."""

_ASKED_AGAIN = SETTLED_REASONS | {"empty"}
"""Reasons for which the same run asks again."""


class AnswerStore(Protocol):
    """Where settled asks are kept: a `tod_bench.judge.store.JudgedStore`, or memory."""

    def get(self, key: str) -> Judged | None:
        """What is kept under a key."""
        ...

    def add(self, judged: Judged) -> None:
        """Keeps a settled ask."""
        ...


@dataclass(frozen=True, slots=True)
class _Open:
    """An ask that is not settled: its latest request and the attempts so far."""

    asked: Sealed
    key: str
    request: ChatRequest
    attempts: tuple[Attempt, ...] = ()


def ask_all(
    config: JudgeConfig,
    prompt: Prompt,
    items: ItemSet,
    client: ChatClient,
    store: AnswerStore,
    *,
    settled: Callable[[], None] = lambda: None,
    draw: Callable[[Asked], str] = random_nonce,
) -> None:
    """Asks everything that the store has no answer to, and stores it.

    Args:
        config: The judge config.
        prompt: Its template.
        items: Its items.
        client: Who is asked.
        store: Where it goes.
        settled: Called after every ask that was settled now.
        draw: Draws the nonce of an ask that has none yet.

    Raises:
        UserError: Going on is pointless (bad key) or not allowed (budget); everything settled is stored.
    """
    waiting: list[_Open] = []
    # Only the asks in flight are held; the rest are made as the client has room for them.
    flying: dict[str, _Open] = {}
    most = 0 if config.protocol == "picpersona" else config.reasks

    def first() -> Iterator[ChatRequest]:
        for asked in requests_of(config, prompt, items):
            key = asked.key(client.base_url)
            stored = store.get(key)
            if stored is not None and stored.pending:
                waiting.append(_resumed(config, asked.sealed(stored.check), stored))
            elif not _is_settled(stored):
                sealed = asked.sealed(stored.check if stored is not None else nonce_of(asked, key, client, draw))
                flying[asked.ask.id] = _Open(sealed, key, sealed.request)
                yield sealed.request

    def settle(one: _Open, outcome: Outcome) -> None:
        judged = judge_answers(config, one.asked, (*one.attempts, _attempt(outcome)), one.key, prompt.hash)
        lacking = isinstance(judged.outcome, Unscored) and judged.outcome.reason in _ASKED_AGAIN
        again = lacking and len(one.attempts) < most
        store.add(replace(judged, pending=again))
        if again:
            waiting.append(_asked_again(config, one, judged))
        else:
            settled()

    for request, outcome in client.complete(first()):
        settle(flying.pop(request.tag), outcome)
    while waiting:
        again, waiting = {one.asked.ask.id: one for one in waiting}, []
        for request, outcome in client.complete([one.request for one in again.values()]):
            settle(again[request.tag], outcome)


def judge_answers(config: JudgeConfig, asked: Sealed, attempts: tuple[Attempt, ...], key: str, prompt: str) -> Judged:
    """Reads the first attempt that can be read; where none can, the reason is the last one's.

    The same attempts always give the same outcome, so stored answers can be read again.
    """
    outcome: Verdict | Unscored = Unscored("not asked")
    for attempt in attempts:
        outcome = _read(config, asked, attempt)
        if isinstance(outcome, Verdict):
            break
    return Judged(key, asked.ask, outcome, attempts, prompt, asked.check)


def _read(config: JudgeConfig, asked: Sealed, attempt: Attempt) -> Verdict | Unscored:
    reason = _REASONS.get(attempt.finish_reason, "failed") if attempt.failure else None
    if config.protocol == "picpersona" and reason not in ("failed", "rejected"):
        return released_verdict("" if reason else attempt.text, asked.ask)
    if reason is not None:
        return Unscored(reason, attempt.failure)
    return parse_verdict(attempt.text, asked.ask, asked.check, certainty=config.judge.certainty)


def _is_settled(judged: Judged | None) -> bool:
    """Whether an ask needs no further request: it has a verdict, or the judge itself gave none in every re-ask."""
    if judged is None:
        return False
    return isinstance(judged.outcome, Verdict) or judged.outcome.reason in SETTLED_REASONS


def _resumed(config: JudgeConfig, asked: Sealed, stored: Judged) -> _Open:
    """An ask that was to be asked again when its run was interrupted, as it stood then."""
    one = _Open(asked, stored.key, asked.request)
    for count in range(1, len(stored.attempts) + 1):
        one = _asked_again(
            config, one, judge_answers(config, asked, stored.attempts[:count], stored.key, stored.prompt)
        )
    return one


def _asked_again(config: JudgeConfig, one: _Open, judged: Judged) -> _Open:
    problem = judged.outcome
    detail = (problem.detail or problem.reason) if isinstance(problem, Unscored) else ""
    text = reask_text(one.asked.ask, one.asked.check, detail, certainty=config.judge.certainty)
    said = judged.attempts[-1].text
    room = one.request.max_tokens * (2 if isinstance(problem, Unscored) and problem.reason == "length" else 1)
    # The conversation grows, so no re-ask is the same request as an earlier one (a cache would answer that). Where the
    # judge said nothing, the question itself grows: many chat templates refuse two messages of one role in a row.
    *before, last = one.request.messages
    if said:
        messages = (*one.request.messages, Message("assistant", said), Message("user", text))
    else:
        messages = (*before, replace(last, content=_joined(last.content, text)))
    request = replace(one.request, messages=messages, max_tokens=room)
    return _Open(one.asked, one.key, request, judged.attempts)


def _joined(content: Content, text: str) -> Content:
    return f"{content}\n\n{text}" if isinstance(content, str) else (*content, TextPart(text))


def _attempt(outcome: Outcome) -> Attempt:
    usage = asdict(outcome.usage) if outcome.usage is not None else {}
    if not isinstance(outcome, ChatAnswer):
        told = outcome.detail or outcome.reason
        return Attempt(outcome.text, outcome.reason, usage=usage, created=_time(None), failure=told)
    return Attempt(
        outcome.text,
        outcome.finish_reason,
        outcome.model,
        outcome.fingerprint,
        usage,
        _time(outcome.created),
        outcome.cached,
        dropped=outcome.dropped,
    )


def _time(seconds: float | None) -> str:
    moment = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(normal_time(seconds), UTC)
    return moment.isoformat(timespec="seconds")
