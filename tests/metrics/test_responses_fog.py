"""Gunning fog: the formula by hand, textstat's own answer, and no download."""

import numpy as np
import pytest

from tod_metrics.items import ResponseItem
from tod_metrics.style.gunning_fog import GunningFog, GunningFogDialogue

PLAIN = "The cat sat on the mat. It was a good cat."
HARD = "The accommodation is in the city."


def items(*texts: str, dialogue: str = "d") -> list[ResponseItem]:
    return [ResponseItem(dialogue, turn, "", text) for turn, text in enumerate(texts)]


def score(found: GunningFog, rows: list[ResponseItem]) -> float:
    return float(found.aggregate(found.statistics(rows).sum(axis=0)))


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a download was tried")

    monkeypatch.setattr("nltk.download", refuse)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        # 11 words in 2 sentences, none difficult: 0.4 * 5.5
        (PLAIN, 2.2),
        # 6 words in 1 sentence, "accommodation" difficult: 0.4 * (6 + 100 / 6)
        (HARD, 0.4 * (6 + 100 / 6)),
        # one easy word: 0.4 * 1
        ("Hello.", 0.4),
    ],
)
def test_formula_by_hand(text: str, years: float) -> None:
    assert score(GunningFog(), items(text)) == pytest.approx(years)


def test_mean_over_responses_and_over_dialogues() -> None:
    rows = [*items(PLAIN, HARD), *items(HARD, dialogue="e")]
    hard = 0.4 * (6 + 100 / 6)
    assert score(GunningFog(), rows) == pytest.approx((2.2 + 2 * hard) / 3)
    # the first dialogue joined: 17 words, 3 sentences, 1 difficult word
    joined = 0.4 * (17 / 3 + 100 / 17)
    assert score(GunningFogDialogue(), rows) == pytest.approx((joined + hard) / 2)


def test_a_dialogue_is_joined_in_turn_order() -> None:
    rows = items(PLAIN, HARD, "Hello")
    assert score(GunningFogDialogue(), rows) == pytest.approx(score(GunningFogDialogue(), rows[::-1]))


def test_blanks_are_left_out_or_zero() -> None:
    rows = items(PLAIN, "", " ... ")
    assert score(GunningFog(), rows) == pytest.approx(2.2)
    assert score(GunningFog(protocol="picpersona"), rows) == pytest.approx(2.2 / 3)
    assert np.isnan(score(GunningFog(), items("", "?")))


def test_textstat_gives_the_same_where_it_uses_pyphen() -> None:
    from textstat.textstat import textstatistics

    theirs = textstatistics()
    theirs.set_lang("en-US")
    texts = [PLAIN, HARD, "I recommend the university museum; reservations are unnecessary!", "TR1234 leaves at 12:15."]
    for text in texts:
        assert score(GunningFog(), items(text)) == pytest.approx(float(theirs.gunning_fog(text)))


def test_pyphen_counts_as_american_english_does() -> None:
    from pyphen import Pyphen
    from textstat.backend.counts import count_syllables

    for word in ("accommodation", "restaurant", "university", "available", "colour"):
        assert count_syllables(word, "en-US") == len(Pyphen(lang="en_US").positions(word)) + 1


def test_the_dictionary_is_never_fetched() -> None:
    import nltk

    try:
        nltk.data.find("corpora/cmudict")
    except LookupError:
        with pytest.raises(ValueError, match=r"nltk\.downloader cmudict.*syllables='pyphen'"):
            GunningFog(syllables="cmudict").statistics(items(PLAIN))
    else:
        assert score(GunningFog(syllables="cmudict"), items(PLAIN)) == pytest.approx(2.2)


def test_signature_names_versions_and_source() -> None:
    from importlib.metadata import version

    signed = str(GunningFog().signature)
    assert f"unit:response|impl:textstat{version('textstat')}|syllables:pyphen{version('pyphen')}" in signed
    assert "unit:dialogue" in str(GunningFogDialogue().signature)
    assert "syllables:cmudict+pyphen" in str(GunningFog(syllables="cmudict").signature)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValueError, match="no protocol 'trade'"):
        GunningFog(protocol="trade")
    with pytest.raises(ValueError, match="no source of syllables"):
        GunningFog(syllables="nltk")
