"""Lexical richness by hand, its leave-one-out values by brute force, its independence of order."""

import math
import random

import numpy as np
import pytest

from tod_metrics.items import ResponseItem
from tod_metrics.response.tokenization import tokenizer
from tod_metrics.style.distinct import DistinctNgrams, DistinctRatio
from tod_metrics.style.entropy import ConditionalEntropy, TokenEntropy
from tod_metrics.style.mean_length import MeanLength
from tod_metrics.style.msttr import MSTTR
from tod_metrics.style.richness import jackknife_interval


def items(**dialogues: list[str]) -> list[ResponseItem]:
    return [ResponseItem(name, turn, "", text) for name, texts in dialogues.items() for turn, text in enumerate(texts)]


def score(found: MeanLength | MSTTR, rows: list[ResponseItem]) -> float:
    return float(found.aggregate(found.statistics(rows).sum(axis=0)))


SMALL = items(a=["the cat the", "cat"], b=["A dog."])


def test_types_by_hand() -> None:
    # the, cat, a, dog; the-cat, cat-the, a-dog (no pair crosses responses); the-cat-the
    assert [DistinctNgrams(order=n).score_corpus(SMALL) for n in (1, 2, 3)] == [4, 3, 1]
    assert [DistinctRatio(order=n).score_corpus(SMALL) for n in (1, 2, 3)] == pytest.approx([400 / 6, 300 / 6, 100 / 6])
    assert DistinctNgrams().leave_one_out(SMALL) is None
    assert math.isnan(DistinctRatio().score_corpus([]))


def test_entropies_by_hand() -> None:
    # counts 2, 2, 1, 1 of 6
    entropy = -(2 * (2 / 6) * math.log2(2 / 6) + 2 * (1 / 6) * math.log2(1 / 6))
    assert TokenEntropy().score_corpus(SMALL) == pytest.approx(entropy)
    # the-cat 1 of 2 "the", cat-the 1 of 2 "cat", a-dog 1 of 1 "a"; joint probability 1/6 each
    assert ConditionalEntropy().score_corpus(SMALL) == pytest.approx(2 / 6)
    assert math.isnan(TokenEntropy().score_corpus([]))
    assert math.isnan(ConditionalEntropy().score_corpus([]))


@pytest.mark.parametrize("found", [TokenEntropy(), ConditionalEntropy(), ConditionalEntropy("mwzeval")])
def test_leave_one_out_is_the_score_without_the_dialogue(found: TokenEntropy | ConditionalEntropy) -> None:
    generator = random.Random(1)
    words = ["a", "b", "c", "d", "e", "f"]
    rows = items(
        **{f"d{n}": [" ".join(generator.choices(words, k=generator.randint(0, 6))) for _ in range(3)] for n in range(8)}
    )
    expected = [found.score_corpus([row for row in rows if row.dialogue_id != f"d{n}"]) for n in range(8)]
    values = found.leave_one_out(rows)
    assert values == pytest.approx(expected)
    low, high = jackknife_interval(found.score_corpus(rows), values)
    assert low < found.score_corpus(rows) < high


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    sample = np.array([1.0, 2.0, 4.0, 9.0])
    without = (sample.sum() - sample) / 3
    low, high = jackknife_interval(4.0, without, width=1.0)
    assert (high - low) / 2 == pytest.approx(sample.std(ddof=1) / 2)


def test_mean_length() -> None:
    assert score(MeanLength(), SMALL) == pytest.approx(6 / 3)
    assert score(MeanLength(), items(a=["[value_name] it's 10:15", ""])) == pytest.approx(4 / 2)
    # there an empty response is one empty token, and Moses makes 10:15 two words
    assert score(MeanLength("mwzeval"), items(a=["[value_name] it's 10:15", ""])) == pytest.approx((4 + 1) / 2)


def test_msttr_by_hand() -> None:
    fifty, same = " ".join(f"w{n}" for n in range(50)), " ".join(["w"] * 50)
    assert score(MSTTR(), items(a=[fifty, same])) == pytest.approx((100 + 2) / 2)
    # segments run on over responses, not over dialogues; what is left over is dropped
    half = " ".join(f"w{n}" for n in range(25))
    assert score(MSTTR(), items(a=[half, half, "left over"])) == pytest.approx(50)
    assert np.isnan(score(MSTTR(), items(a=[half], b=[half])))
    assert score(MSTTR("mwzeval"), items(a=[half], b=[half])) == pytest.approx(50)
    assert score(MSTTR("mwzeval"), items(a=["a b a"])) == pytest.approx(100 * 2 / 3)


def test_order_of_dialogues_does_not_matter_by_default() -> None:
    generator = random.Random(2)
    rows = items(**{f"d{n}": [" ".join(generator.choices("abcdefghijkl", k=40)) for _ in range(4)] for n in range(5)})
    turned = [row for name in ("d3", "d0", "d4", "d1", "d2") for row in rows if row.dialogue_id == name]
    for means in (MeanLength(), MSTTR()):
        assert score(means, rows) == pytest.approx(score(means, turned))
    for found in (DistinctNgrams(order=2), TokenEntropy(), ConditionalEntropy()):
        assert found.score_corpus(rows) == pytest.approx(found.score_corpus(turned))
    assert score(MSTTR("mwzeval"), rows) != pytest.approx(score(MSTTR("mwzeval"), turned))


def test_tokens_of_mwzeval() -> None:
    cut = tokenizer("mwzeval")
    assert cut("It's 10:15, O.K.?  Yes - TR1!") == ["its", "1015", "ok", "yes", "tr1"]
    assert cut("") == [""]


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValueError, match="msttr has no protocol 'trade'"):
        MSTTR("trade")
    assert "order:2" in str(DistinctNgrams(order=2).signature)
