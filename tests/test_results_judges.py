"""The committed cards of judges: they are what their files say, each has its command, none has a blank for a number."""

from pathlib import Path

import pytest

from tod_bench.judge.cards.card import SECTIONS, JudgeCard
from tod_bench.judge.cards.pages import NOT_MEASURED, card_markdown, cards_markdown, read_cards

FOLDER = Path(__file__).parents[1] / "results" / "judges"
CARDS = read_cards(FOLDER)


@pytest.mark.parametrize(("folder", "card"), CARDS, ids=[folder.name for folder, _ in CARDS])
def test_a_card_is_whole(folder: Path, card: JudgeCard):
    assert (folder / "card.md").read_text(encoding="utf-8") == card_markdown(card)
    assert (folder / "card.html").is_file()
    assert {one.section for one in card.measures} == set(SECTIONS)
    assert all(one.value is not None or one.note for one in card.measures)
    assert card.command.startswith("tod-bench judge card ")
    assert "/tmp" not in card.command
    assert card.judge != "gpt-4o"
    for one in card.measures:
        if one.value is not None and one.low is not None and one.high is not None:
            assert one.low <= one.value <= one.high, one


def test_the_table_of_judges_is_that_of_the_cards():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert cards_markdown(CARDS) in text
    assert NOT_MEASURED in text


def test_classifiers_beat_the_floor_and_the_floor_does_not():
    accuracy = {folder.name: card.of("accuracy") for folder, card in CARDS if card.task == "emotions"}
    floor = accuracy["classifier-majority"]
    assert floor is not None
    assert floor.n == 5427
    assert floor.value == pytest.approx(100 * 1787 / 5427)
    assert accuracy["classifier-tfidf"].low > floor.high
    assert accuracy["classifier-minilm"].low > floor.high
