"""Entity F1 over responses: three ways to find and count entities, by hand."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_metrics.items import ResponseItem
from tod_metrics.response.entity_f1 import EntityF1

ENTITIES = ("Copper Ladle", "ladle", "north", "north indian", "10:15", "monday")
VOCABULARY = ("the", "copper", "ladle", "north", "indian", "monday", "is")
PAIRS = [
    # (reference, response)
    ("the copper ladle is in the north", "the copper ladle is in the north"),
    ("a north indian place", "a north place on monday"),
    ("goodbye", "see you monday"),
]


def items(pairs: list[tuple[str, str]]) -> list[ResponseItem]:
    return [ResponseItem("d", turn, reference, response) for turn, (reference, response) in enumerate(pairs)]


def score(pairs: list[tuple[str, str]], protocol: str = "tod_bench", entities: tuple[str, ...] = ENTITIES) -> float:
    found = EntityF1(entities, protocol=protocol)
    return float(found.aggregate(found.statistics(items(pairs)).sum(axis=0)))


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        # turns: (2 right), (2 wrong, 1 missed), (1 wrong); the ladle inside of "copper ladle" is no entity of its own
        ("tod_bench", 100 * 4 / (4 + 3 + 1)),
        # the turn without a gold entity is left out: mean of 1 and 0
        ("glmp", 50.0),
        # the same, micro: 2 right, 2 wrong, 1 missed
        ("maker", 100 * 4 / (4 + 2 + 1)),
    ],
)
def test_protocols_by_hand(protocol: str, expected: float) -> None:
    assert score(PAIRS, protocol) == pytest.approx(expected)


def test_whole_words_or_anywhere() -> None:
    pair = [("northern lights", "north")]
    assert np.isnan(score([("northern lights", "nothing")]))
    assert score(pair) == 0
    assert score(pair, "maker") == 100


def test_every_entity_counts_once_a_turn() -> None:
    assert score([("monday", "monday monday north north")]) == pytest.approx(100 * 2 / (2 + 1))


@pytest.mark.parametrize("protocol", EntityF1.protocols)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(["the", "copper", "ladle", "north", "indian", "monday", "is"])).map(" ".join)
    )
)
def test_gold_against_itself(protocol: str, texts: list[str]) -> None:
    result = score([(text, text) for text in texts], protocol)
    assert np.isnan(result) or result == 100


def test_an_empty_response_scores_nothing() -> None:
    for protocol in EntityF1.protocols:
        assert score([("in the north", "")], protocol) == 0


def test_a_wrong_entity_never_helps() -> None:
    for protocol in EntityF1.protocols:
        assert score([("north", "north monday")], protocol) < score([("north", "north")], protocol)


class Toy:
    def query(self, domain: str, constraints: Mapping[str, str]) -> list[dict[str, Any]]:
        return [{"name": "Mill Lodge", "location": [1, 2], "parking": "yes", "area": "?"}] if domain == "hotel" else []


def test_entities_of_a_database() -> None:
    found = EntityF1(database=Toy())
    assert float(found.aggregate(found.statistics(items([("Mill  lodge, yes", "mill lodge")])).sum(axis=0))) == 100
    assert "entities:1|source:database" in str(found.signature)


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ValueError, match="needs a list of entities, or a corpus with a database"):
        EntityF1().statistics(items(PAIRS))
    with pytest.raises(ValueError, match="no protocol 'micro'"):
        EntityF1(ENTITIES, protocol="micro")
