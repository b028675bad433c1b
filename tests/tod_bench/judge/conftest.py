"""A small corpus of restyled dialogues, a config over it, and a client that answers by a function."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tod_bench.corpora.base import Corpus
from tod_bench.judge import items as judge_items
from tod_bench.judge.config import JudgeConfig
from tod_bench.llm.records import ChatAnswer, ChatRequest, Outcome, Spending, Usage
from tod_bench.records import Dialogue, Persona, Turn

PEOPLE = (
    Persona("a/1.png", "The picture shows a girl, smiling broadly.", "child", "female", "casual", "positive"),
    Persona("a/2.png", "The picture shows an elderly man with a calm look.", "senior", "male", "formal", "neutral"),
    Persona("a/3.png", "The picture shows a grown man in a pressed suit.", "adult", "male", "formal", "neutral"),
    Persona(
        "a/4.png", "The picture shows a teenage boy who looks rather tired.", "teenager", "male", "casual", "negative"
    ),
)
STYLED = (
    ("wow, a cheap place for 2 please!", "Yay, Golden House is super cool! It is at 12 High Street, buddy."),
    (
        "Dear me, something cheap for 2, kindly.",
        "Certainly, dear sir, Golden House, at 12 High Street. Take your time.",
    ),
    ("May I have a cheap place for 2?", "Certainly, sir. May I suggest Golden House, at 12 High Street?"),
    ("hey, cheap place for 2, ok", "Hey, no worries, Golden House at 12 High Street, super cool. Take care!"),
)


class TinyCorpus(Corpus):
    """Forty dialogues of two turns; the dialogue's number decides its persona."""

    name = "tiny"
    fingerprint = "f" * 64
    splits, schema = ("test",), {}
    styled = STYLED

    def __init__(self, size: int = 40) -> None:
        self.size = size

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        for number in range(self.size):
            kind = number % len(PEOPLE)
            user, system = self.styled[kind]
            turns = (
                Turn(0, "I want a cheap place for 2.", "Golden House is at 12 High Street.", user, system),
                Turn(1, "Thanks.", f"Your reference is X{number}.", "Thanks.", f"Your reference is X{number}."),
            )
            yield Dialogue(f"d{number:03}", "tiny", split, ("restaurant",), turns, persona=PEOPLE[kind])


class AnsweringClient:
    """A client whose answers are a function's; counts what it is asked."""

    base_url = "http://scripted.invalid/v1"

    def __init__(self, answer: Callable[[ChatRequest], str | Outcome]) -> None:
        self.answer, self.asked = answer, []

    def complete(self, requests: Iterable[ChatRequest]) -> Iterator[tuple[ChatRequest, Outcome]]:
        for request in requests:
            self.asked.append(request)
            given = self.answer(request)
            if isinstance(given, str):
                given = ChatAnswer(given, "stop", "fake-1", "", Usage(10, 5), 0.0)
            yield request, given

    def spending(self) -> Spending:
        return Spending(requests=len(self.asked))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> type[TinyCorpus]:
    monkeypatch.setattr(judge_items, "open_corpus", lambda name, **options: TinyCorpus(**options))
    return TinyCorpus


@pytest.fixture
def make_client() -> type[AnsweringClient]:
    return AnsweringClient


@pytest.fixture
def make_config() -> Callable[..., JudgeConfig]:
    def make(task: str = "likert", **changes: Any) -> JudgeConfig:
        return JudgeConfig.model_validate(
            {
                "name": f"tiny_{task}",
                "task": task,
                "corpus": {"corpus": "tiny"},
                "versions": {"original": {"style": "original"}, "restyled": {"style": "personalised"}},
                "reference": "original" if task == "likert" else None,
                "bootstrap": {"draws": 200},
                "judge": {"model": "judge-x"},
                **changes,
            }
        )

    return make
