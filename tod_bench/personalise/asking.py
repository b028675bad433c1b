"""Asking a model, reading strictly, and asking once more where an answer cannot be taken.

    for question, reply in ask_each(client, questions):
        if reply.value is None:
            print(question.request.tag, "is not answered:", reply.reason)

What is wrong with an answer is said in the same conversation. A server that gives no reply is no answer that could be
fallen back from: what was asked in vain is told at the end, once everything else has been answered.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from tod_bench.errors import UserError
from tod_bench.llm.client import ChatClient
from tod_bench.llm.conversations import Talk, converse
from tod_bench.llm.records import ChatAnswer, ChatFailure, ChatRequest, Content, FailureReason, Message, TextPart

Value = TypeVar("Value")
About = TypeVar("About")

PASSING: frozenset[FailureReason] = frozenset({"transient", "malformed", "missing"})
"""Failures of a server (or of a cache that is replayed), which say nothing of the question."""

ASKED_AGAIN: frozenset[FailureReason] = frozenset({"length", "empty"})
"""Failures of the model that another attempt may mend; what it refuses is not asked twice."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Why an answer cannot be taken.

    Attributes:
        reason: A word or two to count by: ``value lost``.
        remark: What is said to the model when it is asked again, as sentences.
    """

    reason: str
    remark: str


@dataclass(frozen=True, slots=True)
class Question(Generic[About, Value]):
    """A question to a model.

    Attributes:
        about: What it is about, for the caller.
        request: How it is put.
        read: What an answer's text says, or why it cannot be taken.
    """

    about: About
    request: ChatRequest
    read: Callable[[str], Value | Unread]


@dataclass(frozen=True, slots=True)
class Reply(Generic[Value]):
    """What came of a question.

    Attributes:
        value: What was read; None where nothing could be.
        reason: Why nothing could be read of the last answer; empty where something was.
        answers: Every answer's text in order, or what the server said in place of one.
        rejected: Why each answer that was not taken was not.
        provenance: Model, fingerprint and tokens (summed over the attempts), as JSON values, the same in every run that
            the same answers come to.
    """

    value: Value | None
    reason: str
    answers: tuple[str, ...]
    rejected: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)


def ask_each(
    client: ChatClient, questions: Iterable[Question[About, Value]], *, reasks: int = 1
) -> Iterator[tuple[Question[About, Value], Reply[Value]]]:
    """Asks questions side by side and yields each with its reply, in the order in which they are settled.

    Questions are read as the client has room for them. A refused, withheld or rejected question has its reply at once;
    an answer that cannot be taken, is cut or empty, is asked for again.

    Args:
        client: Who answers.
        questions: The questions.
        reasks: How often one is asked again, at most.

    Raises:
        UserError: Going on is pointless or not allowed, see `ChatClient.complete`; or, when all others are answered,
            some questions got no reply.
    """
    unanswered: list[tuple[str, ChatFailure]] = []
    for question, outcome in converse(client, (_talk(question, reasks) for question in questions), sys.maxsize):
        if isinstance(outcome, ChatFailure):
            unanswered.append((question.request.tag, outcome))
        else:
            yield question, outcome
    if unanswered:
        tag, first = unanswered[0]
        raise UserError(
            f"{len(unanswered)} requests got no answer (the first, {tag}: {first.reason}"
            f"{f', {first.detail}' if first.detail else ''}); run the same command again, what was answered is kept"
        )


def _talk(
    question: Question[About, Value], reasks: int
) -> Talk[tuple[Question[About, Value], Reply[Value] | ChatFailure]]:
    request = question.request
    answers: list[str] = []
    rejected: list[str] = []
    used: dict[str, Any] = {"prompt_tokens": 0, "completion_tokens": 0}
    while True:
        outcome = yield request
        if isinstance(outcome, ChatFailure) and outcome.reason in PASSING:
            return question, outcome
        if outcome.usage is not None:
            used["prompt_tokens"] += outcome.usage.prompt_tokens
            used["completion_tokens"] += outcome.usage.completion_tokens
        answers.append(outcome.text if isinstance(outcome, ChatAnswer) else outcome.text or outcome.detail)
        if isinstance(outcome, ChatAnswer):
            used |= {"model": outcome.model, "fingerprint": outcome.fingerprint}
            read = question.read(outcome.text)
        else:
            read = Unread(outcome.reason, _REMARKS.get(outcome.reason, ""))
        if not isinstance(read, Unread):
            return question, Reply(read, "", tuple(answers), tuple(rejected), used)
        rejected.append(read.reason)
        hopeless = isinstance(outcome, ChatFailure) and outcome.reason not in ASKED_AGAIN
        if hopeless or len(rejected) > reasks:
            return question, Reply(None, read.reason, tuple(answers), tuple(rejected), used)
        request = _asked_again(request, outcome.text, read)


_REMARKS = {
    "length": "The answer was too long and was cut. Answer in a sentence or two.",
    "empty": "The answer was empty.",
}


def _asked_again(request: ChatRequest, answer: str, unread: Unread) -> ChatRequest:
    """The request with the answer that it got and what is wrong with that.

    Where there was no answer the question itself grows: many chat templates refuse two messages of one role in a row.
    """
    *before, last = request.messages
    if answer.strip():
        messages = (*request.messages, Message("assistant", answer), Message("user", unread.remark))
    else:
        longer: Content = (
            f"{last.content}\n\n{unread.remark}"
            if isinstance(last.content, str)
            else (*last.content, TextPart(unread.remark))
        )
        messages = (*before, replace(last, content=longer))
    room = request.max_tokens * (2 if unread.reason == "length" else 1)
    return replace(request, messages=messages, max_tokens=room)
