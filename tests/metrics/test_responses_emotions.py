"""Emotion labels: the taxonomy, the paper's names for two of them, shares by hand, counts for the permutation test."""

import numpy as np
import pytest

from tod_metrics.style.emotions import GOEMOTIONS, EmotionItem, EmotionShare, emotion_counts, goemotions_label

ITEMS = [
    EmotionItem("a", 0, "neutral"),
    EmotionItem("a", 1, "Gratitude"),
    EmotionItem("b", 0, "apology"),
    EmotionItem("b", 1, ""),
    EmotionItem("c", 0, "remorse"),
]


def share(emotion: str, items: list[EmotionItem]) -> float:
    found = EmotionShare(emotion)
    return float(found.aggregate(found.statistics(items).sum(axis=0)))


def test_taxonomy() -> None:
    assert len(GOEMOTIONS) == len(set(GOEMOTIONS)) == 28
    assert list(GOEMOTIONS[:27]) == sorted(GOEMOTIONS[:27])
    assert GOEMOTIONS[27] == "neutral"


@pytest.mark.realdata
def test_taxonomy_is_that_of_the_released_data(realdata) -> None:
    assert (realdata / "goemotions/data/emotions.txt").read_text().split() == list(GOEMOTIONS)


@pytest.mark.parametrize(
    ("name", "label"), [("joy", "joy"), (" Joy ", "joy"), ("apology", "remorse"), ("disappointed", "disappointment")]
)
def test_labels(name: str, label: str) -> None:
    assert goemotions_label(name) == label


def test_unknown_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="'happyness' is not an emotion of GoEmotions"):
        goemotions_label("happyness")
    with pytest.raises(ValueError, match="did you mean 'gratitude'"):
        EmotionShare("gratitud")


def test_shares_by_hand() -> None:
    assert share("neutral", ITEMS) == 25
    assert share("remorse", ITEMS) == share("apology", ITEMS) == 50
    assert sum(share(label, ITEMS) for label in GOEMOTIONS) == pytest.approx(100)
    assert np.isnan(share("joy", [EmotionItem("a", 0, "")]))
    assert np.isnan(share("joy", []))


def test_the_name_that_was_asked_for_is_signed() -> None:
    assert str(EmotionShare("apology").signature).startswith("emotion_share|emotion:remorse|as:apology|")


def test_counts_for_the_permutation_test() -> None:
    counts = emotion_counts(ITEMS)
    assert counts.shape == (3, 28)
    assert counts.sum(axis=1).tolist() == [2, 1, 1]
    assert counts[:, GOEMOTIONS.index("remorse")].tolist() == [0, 1, 1]
    assert emotion_counts([]).shape == (0, 28)


def test_two_corpora_differ_or_do_not() -> None:
    from tod_bench.statistics import permutation_test

    calm = emotion_counts([EmotionItem(f"d{n}", 0, "neutral") for n in range(30)])
    glad = emotion_counts([EmotionItem(f"d{n}", 0, "joy" if n % 2 else "neutral") for n in range(30)])
    assert permutation_test(calm, glad, draws=499).p_value < 0.01
    assert permutation_test(calm, calm, draws=499).p_value == 1
