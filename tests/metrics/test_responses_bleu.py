"""BLEU: equal to nltk's and sacrebleu's own corpus scores, from statistics of single responses."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu
from sacrebleu.metrics.bleu import BLEU

from tod_metrics import metric
from tod_metrics.items import ResponseItem
from tod_metrics.response.bleu import NltkBleu
from tod_metrics.response.sacre_bleu import SacreBleu
from tod_metrics.response.tokenization import tokenizer

VOCABULARY = ("the", "a", "hotel", "is", "in", "north", ",", ".", "[value_name]", "cheap", "it's")
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join)
PAIRS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=8)
SMOOTHINGS = ("method0", "method1", "method2", "method3")


def items(pairs: list[tuple[str, str]]) -> list[ResponseItem]:
    return [
        ResponseItem(f"d{place % 3}", place, reference, response) for place, (response, reference) in enumerate(pairs)
    ]


def score(found: NltkBleu | SacreBleu, pairs: list[tuple[str, str]]) -> float:
    return float(found.aggregate(found.statistics(items(pairs)).sum(axis=0)))


def nltk_score(pairs: list[tuple[str, str]], smoothing: str, tokens: str = "split") -> float:
    cut = tokenizer(tokens)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return 100 * float(
            corpus_bleu(
                [[cut(reference)] for _, reference in pairs],
                [cut(response) for response, _ in pairs],
                smoothing_function=getattr(SmoothingFunction(), smoothing),
            )
        )


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        ("a b c d", "a b c d", 100.0),
        ("", "a b c d", 0.0),
        ("x y z w", "a b c d", 0.0),
        # precisions 4/5, 3/4, 2/3, 1/2 and no brevity penalty: (1/5) ** (1/4)
        ("a b c d x", "a b c d", 100 * 0.2**0.25),
        # all precisions 1, penalty exp(1 - 8/4)
        ("a b c d", "a b c d e f g h", 100 * float(np.exp(-1))),
        # the second "the" is clipped: 1/2, and no longer match
        ("the the", "the cat", 0.0),
    ],
)
@pytest.mark.parametrize("found", [NltkBleu(tokens="split"), SacreBleu(tokenize="none", smooth_method="none")])
def test_hand_worked_cases(found: NltkBleu | SacreBleu, response: str, reference: str, expected: float) -> None:
    assert score(found, [(response, reference)]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@given(pairs=PAIRS)
@settings(max_examples=60, deadline=None)
def test_equals_nltk(smoothing: str, pairs: list[tuple[str, str]]) -> None:
    ours = score(NltkBleu(tokens="split", smoothing=smoothing), pairs)
    if any(response or reference for response, reference in pairs):
        assert ours == pytest.approx(nltk_score(pairs, smoothing), rel=1e-12, abs=1e-9)
    else:
        assert np.isnan(ours)


@pytest.mark.parametrize("smoothing", ["exp", "floor", "add-k", "none"])
@given(pairs=PAIRS)
@settings(max_examples=60, deadline=None)
def test_equals_sacrebleu(smoothing: str, pairs: list[tuple[str, str]]) -> None:
    theirs = BLEU(smooth_method=smoothing).corpus_score([a for a, _ in pairs], [[b for _, b in pairs]]).score
    ours = score(SacreBleu(smooth_method=smoothing), pairs)
    if any(response or reference for response, reference in pairs):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-9)
    else:
        assert np.isnan(ours)


@pytest.mark.parametrize("tokens", ["nltk", "words", "split", "mwzeval"])
def test_equals_nltk_under_every_tokeniser(tokens: str) -> None:
    pairs = [
        ("It's a [value_name], isn't it?", "It's the [value_name], is it?"),
        ("Booked for 12:30.", "Booked. 12:30"),
    ]
    found = NltkBleu(tokens=tokens, smoothing="method1")
    assert score(found, pairs) == pytest.approx(nltk_score(pairs, "method1", tokens))


@given(pairs=PAIRS, cut=st.integers(0, 8))
@settings(max_examples=30, deadline=None)
def test_shards_add_up(pairs: list[tuple[str, str]], cut: int) -> None:
    for found in (NltkBleu(tokens="split"), SacreBleu()):
        whole = found.statistics(items(pairs)).sum(axis=0)
        parts = found.statistics(items(pairs[:cut])).sum(axis=0) + found.statistics(items(pairs[cut:])).sum(axis=0)
        assert np.array_equal(whole, parts)


def test_many_sums_are_scored_at_once() -> None:
    pairs = [("a b c d e", "a b c d f"), ("x", "x y"), ("", "z")]
    for found in (NltkBleu(tokens="split", smoothing="method3"), SacreBleu()):
        rows = found.statistics(items(pairs))
        together = found.aggregate(rows[None, :, :] + rows[:, None, :])
        assert together.shape == (3, 3)
        assert together[0, 1] == pytest.approx(float(found.aggregate(rows[0] + rows[1])))


def test_lower_case_is_an_option_and_is_signed() -> None:
    pair = [("A B C D", "a b c d")]
    assert score(NltkBleu(tokens="split"), pair) == 0
    assert score(NltkBleu(tokens="split", lowercase=True), pair) == pytest.approx(100)
    assert score(SacreBleu(lowercase=True), pair) == pytest.approx(100)
    assert "case:lower" in str(NltkBleu(lowercase=True).signature)


def test_signatures_name_versions() -> None:
    import nltk
    import sacrebleu

    assert f"tok:nltk{nltk.__version__}|smooth:method0" in str(metric("bleu").signature)
    scorer = BLEU()
    scorer.corpus_score(["a"], [["a"]])
    theirs = str(scorer.get_signature())
    ours = str(metric("sacrebleu").signature)
    assert f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}" in ours
    assert theirs in ours


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NltkBleu(tokens="punkt"), "no tokeniser 'punkt'"),
        (lambda: NltkBleu(smoothing="method9"), "no BLEU smoothing 'method9'"),
        (lambda: SacreBleu(tokenize="14a"), "no tokeniser '14a'"),
        (lambda: SacreBleu(smooth_method="exponential"), "no smoothing 'exponential'"),
    ],
)
def test_unknown_options_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
