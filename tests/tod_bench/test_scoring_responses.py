"""Response metrics through the harness: sources settled and signed, corpus metrics with the interval they deserve."""

from collections.abc import Mapping
from typing import Any

import pytest

from tod_bench.records import Dialogue, DomainGoal, Persona, Prediction, Span, Turn
from tod_bench.scores import Score
from tod_bench.scoring import score


class Toy:
    def query(self, domain: str, constraints: Mapping[str, str]) -> list[dict[str, Any]]:
        if domain == "restaurant":
            return [
                {"id": "1", "name": "copper ladle", "area": "north"},
                {"id": "2", "name": "iron pan", "area": "south"},
            ]
        return [{"id": "1", "trainid": "TR1"}]


NAME = Span("system", "restaurant", "name", "copper ladle", 4, 16)
STATE = {"restaurant": {"area": ("north",)}}
DIALOGUES = [
    Dialogue(
        f"d{number}",
        "toy",
        "test",
        ("restaurant",),
        (
            Turn(0, "hello", "The Copper Ladle is nice.", state=STATE, spans=(NAME,)),
            Turn(1, "bye", "Goodbye then.", state=STATE),
        ),
        {"restaurant": DomainGoal({"area": "north"})},
        Persona(age="child" if number else "adult"),
    )
    for number in range(3)
]


def predictions(offer: str, **fields: Any) -> list[Prediction]:
    return [
        Prediction(dialogue.id, turn.index, response="Goodbye then." if turn.index else offer, **fields)
        for dialogue in DIALOGUES
        for turn in dialogue.turns
    ]


def scores(metrics: list[str], given: list[Prediction], **options: Any) -> dict[str, Score]:
    found = score(
        "response",
        DIALOGUES,
        given,
        corpus_name="toy",
        split="test",
        schema={},
        metrics=metrics,
        draws=50,
        database=Toy(),
        **options,
    )
    return {one.metric + str(one.slice or ""): one for one in found}


def test_sources_are_settled_and_signed() -> None:
    lexicalised = scores(["inform", "success", "combined"], predictions("Try the Copper Ladle."))
    assert lexicalised["inform"].value == lexicalised["success"].value == 100
    assert "state:gold|active:state_changes|text:lexicalised" in str(lexicalised["inform"].signature)
    own = {"state": {"restaurant": {"area": "south"}}, "active_domains": ("restaurant",)}
    wrong = scores(["inform"], predictions("Try [value_name].", **own))
    assert wrong["inform"].value == 0
    assert "state:predicted|active:given|text:delexicalised" in str(wrong["inform"].signature)


def test_corpus_metrics_have_a_jackknife_interval_or_none() -> None:
    found = scores(["token_entropy", "distinct_ngrams"], predictions("Try the Copper Ladle."))
    entropy, types = found["token_entropy"], found["distinct_ngrams"]
    assert entropy.value is not None
    assert entropy.low is not None
    assert entropy.low <= entropy.value
    assert types.value == 6
    assert types.low is None


def test_style_by_group_of_users() -> None:
    found = scores(["gunning_fog", "politeness"], predictions("Could you please wait?"), groups=["age"])
    assert found["gunning_fogage:child"].n == 4
    assert found["politenessage:adult"].value == pytest.approx(100 * 3 / 2 / 17, rel=0.3)
    assert any("17 of 21" in note for note in found["politeness"].notes) or "21/21" in str(
        found["politeness"].signature
    )
