"""Asking the judge: requests out, verdicts in, re-asks bounded and counted, every settled query stored at once.

Queries go out in rounds. What could not be read, or was cut, is asked again in the next round: the judge sees its own
answer and what was wrong with it, and a cut answer gets twice the room. What is unreadable after the last re-ask is
`Unscored`. Failures of the connection and requests that the server turns down are not asked again (the client has
tried); the next run does.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import Draft, Sealed, drafts_of, nonce_of, random_nonce
from tod_bench.judge.items import ItemSet
from tod_bench.judge.option_probabilities import option_probabilities
from tod_bench.judge.own_questions import pattern_values
from tod_bench.judge.picpersona import released_verdict
from tod_bench.judge.prompting import Prompt, reask_text
from tod_bench.judge.store import Attempt, Judged
from tod_bench.judge.verdicts import SETTLED_REASONS, Unscored, UnscoredReason, Verdict, parse_verdict, verdict_schema
from tod_bench.llm.client import ChatClient
from tod_bench.llm.records import ChatAnswer, ChatRequest, Message, Outcome, TextPart, normal_time

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
    """Where settled queries are kept: a `tod_bench.judge.store.JudgedStore`, or memory."""

    def get(self, key: str) -> Judged | None:
        """What is kept under a key."""
        ...

    def add(self, judged: Judged) -> None:
        """Keeps a settled query."""
        ...


@dataclass(frozen=True, slots=True)
class _Open:
    """A query that is not settled: how it was first sent, its latest request and the attempts so far."""

    sealed: Sealed
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
    draw: Callable[[Draft], str] = random_nonce,
    drafts: Iterable[Draft] | None = None,
) -> None:
    """Asks everything that the store has no answer to, and stores it.

    Args:
        config: The judge config.
        prompt: Its template.
        items: Its items.
        client: Who is asked.
        store: Where it goes.
        settled: Called after every query that was settled now.
        draw: Draws the nonce of a query that has none yet.
        drafts: What is asked, where it is not what the config asks of the items.

    Raises:
        UserError: Going on is pointless (bad key) or not allowed (budget); everything settled is stored.
    """
    waiting: list[_Open] = []
    # Only the queries in flight are held; the rest are made as the client has room for them.
    in_flight: dict[str, _Open] = {}
    most_reasks = 0 if config.protocol == "picpersona" else config.reasks

    def first_requests() -> Iterator[ChatRequest]:
        for draft in drafts_of(config, prompt, items) if drafts is None else drafts:
            key = draft.key(client.base_url)
            stored = store.get(key)
            if stored is not None and stored.pending:
                waiting.append(_resumed(config, draft.sealed(stored.nonce), stored))
            elif not _is_settled(stored):
                sealed = draft.sealed(stored.nonce if stored is not None else nonce_of(draft, key, client, draw))
                in_flight[draft.query.id] = _Open(sealed, key, sealed.request)
                yield sealed.request

    def settle(query: _Open, outcome: Outcome) -> None:
        attempts = (*query.attempts, _attempt(config, query.sealed, outcome))
        judged = judge_answers(config, query.sealed, attempts, query.key, prompt.hash)
        unread = isinstance(judged.outcome, Unscored) and judged.outcome.reason in _ASKED_AGAIN
        again = unread and len(query.attempts) < most_reasks
        store.add(replace(judged, pending=again))
        if again:
            waiting.append(_asked_again(config, query, judged))
        else:
            settled()

    for request, outcome in client.complete(first_requests()):
        settle(in_flight.pop(request.tag), outcome)
    while waiting:
        again, waiting = {query.sealed.query.id: query for query in waiting}, []
        for request, outcome in client.complete([query.request for query in again.values()]):
            settle(again[request.tag], outcome)


def judge_answers(config: JudgeConfig, sealed: Sealed, attempts: tuple[Attempt, ...], key: str, prompt: str) -> Judged:
    """Reads the first attempt that can be read; where none can, the reason is the last one's.

    The same attempts always give the same outcome, so stored answers can be read again.
    """
    outcome: Verdict | Unscored = Unscored("not asked")
    for attempt in attempts:
        reason = _REASONS.get(attempt.finish_reason, "failed") if attempt.failure else None
        if config.protocol == "picpersona" and reason not in ("failed", "rejected"):
            outcome = released_verdict("" if reason else attempt.text, sealed.query)
        elif reason is not None:
            outcome = Unscored(reason, attempt.failure)
        elif config.question_file is not None and config.question_file.by_pattern:
            found = pattern_values(attempt.text, config.question_file, sealed.query.questions, sealed.material)
            outcome = Unscored("unreadable", found) if isinstance(found, str) else Verdict(found)
        else:
            outcome = parse_verdict(attempt.text, sealed.query, sealed.nonce, certainty=config.judge.certainty)
        if isinstance(outcome, Verdict):
            outcome = replace(outcome, probabilities=attempt.probabilities)
            break
    return Judged(key, sealed.query, outcome, attempts, prompt, sealed.nonce)


def _is_settled(judged: Judged | None) -> bool:
    """Whether a query needs no further request: it has a verdict, or the judge itself gave none in every re-ask."""
    if judged is None:
        return False
    return isinstance(judged.outcome, Verdict) or judged.outcome.reason in SETTLED_REASONS


def _resumed(config: JudgeConfig, sealed: Sealed, stored: Judged) -> _Open:
    """A query that was to be asked again when its run was interrupted, as it was then."""
    query = _Open(sealed, stored.key, sealed.request)
    for count in range(1, len(stored.attempts) + 1):
        judged = judge_answers(config, sealed, stored.attempts[:count], stored.key, stored.prompt)
        query = _asked_again(config, query, judged)
    return query


def _asked_again(config: JudgeConfig, query: _Open, judged: Judged) -> _Open:
    problem = judged.outcome if isinstance(judged.outcome, Unscored) else Unscored("unreadable")
    file = config.question_file
    text = (
        file.form
        if file is not None and file.form is not None
        else reask_text(
            query.sealed.query, query.sealed.nonce, problem.detail or problem.reason, certainty=config.judge.certainty
        )
    )
    answer = judged.attempts[-1].text
    # The conversation grows, so no re-ask is the same request as an earlier one (a cache would answer that). Where the
    # judge said nothing, the question itself grows: many chat templates refuse two messages of one role in a row.
    *before, last = query.request.messages
    if answer:
        messages = (*query.request.messages, Message("assistant", answer), Message("user", text))
    elif isinstance(last.content, str):
        messages = (*before, replace(last, content=f"{last.content}\n\n{text}"))
    else:
        messages = (*before, replace(last, content=(*last.content, TextPart(text))))
    room = query.request.max_tokens * (2 if problem.reason == "length" else 1)
    request = replace(query.request, messages=messages, max_tokens=room)
    if request.schema is not None:
        # Few queries are asked again, so that each may have a schema of its own, which has the check word in it.
        asked, certainty = query.sealed.query.questions, config.judge.certainty
        request = replace(request, schema=verdict_schema(asked, certainty=certainty, nonce=query.sealed.nonce))
    return _Open(query.sealed, query.key, request, judged.attempts)


def _attempt(config: JudgeConfig, sealed: Sealed, outcome: Outcome) -> Attempt:
    usage = asdict(outcome.usage) if outcome.usage is not None else {}
    if not isinstance(outcome, ChatAnswer):
        failure = outcome.detail or outcome.reason
        return Attempt(
            outcome.text, outcome.reason, usage=usage, created=_time(None), failure=failure, seconds=outcome.seconds
        )
    return Attempt(
        outcome.text,
        outcome.finish_reason,
        outcome.model,
        outcome.fingerprint,
        usage,
        _time(outcome.created),
        outcome.cached,
        dropped=outcome.dropped,
        seconds=outcome.seconds,
        probabilities=option_probabilities(outcome, sealed.query, sealed.nonce, config.question_file),
    )


def _time(seconds: float | None) -> str:
    moment = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(normal_time(seconds), UTC)
    return moment.isoformat(timespec="seconds")
