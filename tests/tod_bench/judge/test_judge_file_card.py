"""The card of a judge's file of answers: hand-worked agreement, what was not measured, and what is refused."""

import math

import krippendorff
import numpy as np
import pytest
from click.testing import CliRunner

from tod_bench.cli.judge_card import card as card_command
from tod_bench.errors import UserError
from tod_bench.judge.cards.card import SECTIONS, read_card
from tod_bench.judge.cards.file_card import card_of_files
from tod_bench.judge.cards.pages import cards_markdown, read_cards


def written(path, rows, head="item,question,rater,value"):
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.fixture
def numbers(tmp_path):
    """Forty items, three people who differ by at most two points, a judge who is two points above their mean or not."""
    truth = {f"i{place:02}": 3 + place % 7 for place in range(40)}
    people = [
        (item, "warmth", rater, value + (place * shift) % 3 - 1)
        for place, (item, value) in enumerate(truth.items())
        for rater, shift in (("anna", 1), ("ben", 2), ("cleo", 4))
    ]
    judge = [(item, "warmth", "program", value + 2 * (place % 2)) for place, (item, value) in enumerate(truth.items())]
    return written(tmp_path / "judge.csv", judge), written(tmp_path / "people.csv", people)


def test_numbers_are_held_against_peoples_mean(numbers):
    card = card_of_files(*numbers)
    judge, people = ({}, {})
    for path, into in zip(numbers, (judge, people), strict=True):
        for line in path.read_text().splitlines()[1:]:
            item, _, _, value = line.split(",")
            into.setdefault(item, []).append(float(value))
    x = np.array([judge[item][0] for item in judge])
    y = np.array([np.mean(people[item]) for item in judge])
    values = {one.name: one for one in card.measures}
    alpha = krippendorff.alpha(reliability_data=np.array([x, y]), level_of_measurement="interval")
    assert values["alpha, judge and labels"].value == pytest.approx(alpha)
    assert values["correlation, judge and labels"].value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert values["judge less labels"].value == pytest.approx((x - y).mean())
    assert values["root mean square difference"].value == pytest.approx(math.sqrt(((x - y) ** 2).mean()))
    assert values["the same of always the labels' mean"].value == pytest.approx(y.std())
    assert values["alternative annotator test, omega"].n == 3
    assert values["alpha, people"].low <= values["alpha, people"].value <= values["alpha, people"].high
    assert (card.judge, card.task, card.labels) == ("program", "ratings", "people.csv: 3 raters")
    assert card.conclusions[0] == "warmth: the answers rise and fall with people's."
    assert "nearer to people's than always the mean" in card.conclusions[1]
    assert "alternative annotator test, epsilon 0.2: may" in card.conclusions[2]
    assert {one.section for one in card.measures} == set(SECTIONS)
    assert all("was not asked" in one.note for one in card.measures if one.section in ("self", "persona", "cost"))


def test_labels_have_an_accuracy_and_a_floor(tmp_path):
    right = ["joy", "joy", "fear", "joy", "fear", "joy"]
    said = ["joy", "fear", "fear", "joy", "", "fear"]
    judge = written(tmp_path / "judge.csv", [(f"i{n}", "mood", "m", one) for n, one in enumerate(said)])
    people = written(tmp_path / "people.csv", [(f"i{n}", "mood", "anna", one) for n, one in enumerate(right)])
    values = {one.name: one for one in card_of_files(judge, people).measures}
    assert (values["accuracy"].value, values["accuracy"].n) == (60.0, 5)
    assert values["floor: always joy"].value == 80.0
    assert values["unread"].value == pytest.approx(100 / 6)
    table = np.array([[1, 2, 2, 1, 2], [1, 1, 2, 1, 1]])
    alpha = krippendorff.alpha(reliability_data=table, level_of_measurement="nominal")
    assert values["alpha, judge and labels"].value == pytest.approx(alpha)
    assert values["alpha, people"].value is None
    assert "three" in values["alpha, people"].note


def test_the_command_writes_the_card_and_the_table_shows_it(numbers, tmp_path):
    judge, people = map(str, numbers)
    folder = tmp_path / "cards" / "program"
    result = CliRunner().invoke(card_command, [judge, "--labels", people, "-o", str(folder)])
    assert result.exit_code == 0, result.output
    assert "Judge card: program, ratings" in result.output
    kept = read_card(folder / "card.json")
    assert kept.command == "tod-bench judge card judge.csv --labels people.csv -o program"
    assert "| program | program | ratings | warmth |" in cards_markdown(read_cards(tmp_path / "cards"))
    refused = CliRunner().invoke(card_command, [judge, "-o", str(folder)])
    assert isinstance(refused.exception, UserError)
    assert "give --labels FILE" in str(refused.exception)


def test_what_cannot_be_compared_is_a_sentence(numbers, tmp_path):
    _, people = numbers
    other = written(tmp_path / "other.csv", [("i00", "humour", "program", 3)])
    with pytest.raises(UserError, match="no question in common"):
        card_of_files(other, people)
    with pytest.raises(UserError, match="3 raters; a judge's file has one"):
        card_of_files(people, people)
    words = written(tmp_path / "words.csv", [(f"i{n:02}", "warmth", "program", "warm") for n in range(40)])
    with pytest.raises(UserError, match="labels on one side and with numbers on the other"):
        card_of_files(words, people)
