"""All 21 politeness strategies, with spaCy's own parser: what ConvoKit's class finds, utterance by utterance."""

from collections.abc import Iterator
from typing import Any

import pytest

from tod_bench.simulated.corpus import Simulated
from tod_metrics.items import ResponseItem
from tod_metrics.style.politeness import MODELS, Politeness, PolitenessCount, load_parser, politeness_strategies

pytestmark = pytest.mark.parser

EVERY_STRATEGY = (
    "Please wait a moment, we will look it up.",
    "Could you please tell me where you leave from?",
    "By the way, what time would you like to arrive?",
    "I think it works, but I suppose you should ask.",
    "In fact the museum really is closed. Actually it is.",
    "Sorry, I apologize, we have no table. Forgive me.",
    "I appreciate it. Thanks for waiting!",
    "Hello. Great choice. Can you wait?",
    "So what is your problem?",
    "Your booking is bad. You may need my help, our fault.",
)


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return load_parser("auto")


@pytest.fixture(scope="module")
def responses() -> list[str]:
    def every() -> Iterator[str]:
        for dialogue in Simulated(dialogues={"test": 120}).dialogues("test"):
            yield from (turn.system for turn in dialogue.turns)

    return [*EVERY_STRATEGY, *dict.fromkeys(every())][:400]


def test_each_utterance_has_the_strategies_that_convokit_finds(pipeline: Any, responses: list[str]) -> None:
    from convokit import PolitenessStrategies

    theirs = {}
    for text in responses:
        found = PolitenessStrategies().transform_utterance(text, spacy_nlp=pipeline).meta["politeness_strategies"]
        theirs[text] = {name.split("==")[1] for name, used in found.items() if used}
    assert len(theirs) > 300
    assert politeness_strategies(responses, pipeline) == theirs
    assert set().union(*theirs.values()) == set(Politeness(parser=pipeline).strategies)


def test_the_parser_is_found_and_named(pipeline: Any) -> None:
    metric = Politeness()
    assert len(metric.strategies) == 21
    assert metric.notes == ()
    named = f"{pipeline.meta['lang']}_{pipeline.meta['name']}"
    assert named in MODELS
    assert "strategies:21/21" in str(metric.signature)
    assert f"parser:{named}{pipeline.meta['version']}" in str(metric.signature)


def test_the_parser_tells_what_words_cannot(pipeline: Any) -> None:
    (text,) = ("I apologize, I think that is by the way in fact closed.",)
    more = politeness_strategies([text], pipeline)[text] - politeness_strategies([text], None)[text]
    assert more >= {"Apologizing", "Hedges"}
    items = [ResponseItem("d", 0, "", text)]
    with_parser, without = PolitenessCount(), PolitenessCount(parser="none")
    assert with_parser.statistics(items)[0, 0] == without.statistics(items)[0, 0] + len(more)
