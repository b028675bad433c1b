"""Copy rate and slots said: worked cases."""

import numpy as np
import pytest

from tod_metrics import metric
from tod_metrics.items import ResponseItem
from tod_metrics.style.slots_said import values_of
from toy_styles import CHILD

SMILING = "The picture shows a girl in a T-shirt, smiling broadly."


def turn(response, impression="", group=None, dialogue="d", index=0, acts=(), reference=""):
    return ResponseItem(dialogue, index, reference, response, group or {}, impression, tuple(acts))


@pytest.mark.parametrize(
    ("response", "copied"),
    [
        ("", 0),
        ("The hotel is in the north.", 0),  # "the", "in" and "a" are stop words
        ("SMILING girl!", 2),
        ("girl, girl and girl", 1),
        ("Girls smile.", 0),
    ],
)
def test_content_words_of_the_impression(response, copied):
    pytest.importorskip("sklearn")
    # picture, shows, girl, t, shirt, smiling, broadly
    assert metric("copy_rate").statistics([turn(response, SMILING)])[0].tolist() == [copied, 7, 1]


def test_attributes_are_words_of_the_user_and_a_word_counts_once_a_dialogue():
    pytest.importorskip("sklearn")
    items = [turn("Hello, child!", "a boy", CHILD), turn("My boy, my child!", "a boy", CHILD, index=1)]
    one = metric("copy_rate")
    # boy, child, male, casual, positive
    assert one.statistics(items).tolist() == [[2, 5, 1], [0, 0, 0]]
    assert one.score(items) == 40.0
    assert one.score([turn("a boy", "", {"age": "unknown"})]) != one.score(items)
    assert np.isnan(one.score([turn("a boy")]))


def test_users_without_an_impression_are_counted():
    pytest.importorskip("sklearn")
    own, lacking = metric("copy_rate").remarks([turn("", "", CHILD, reference="Dear child!")])
    assert own == "over all dialogues: the corpus's own responses copy 25.0%"
    assert lacking == "1 of 1 users have no impression; only their attributes count"


ACTS = (
    ("hotel", "inform", "name", "Acorn  Guest House"),
    ("hotel", "inform", "internet", "yes"),
    ("hotel", "request", "area", ""),
    ("hotel", "inform", "stars", "4"),
    ("booking", "book", "time", "17:15"),
    ("hotel", "recommend", "stars", "4"),
)


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("acorn guest house has 4 stars, at 17:15.", 3),
        ("The Acorn Guest\nHouse.", 1),
        ("It is at 17:15pm, 4.", 1),
        ("It has 14 stars at 117:15.", 0),
        ("It is 4 pounds 50, at 17:15:30.", 1),
        *((f"It is {number}.", 0) for number in ("4:15", "4.50", "10.4", "1,4", "4/5", "01223-4", "£4.50")),
        *((f"It is {number}", 1) for number in ("4.", "4, 5 and 6", "4-star", "£4", "(4)", "3, 4: good")),
        ("Quarter past five.", 0),
        ("yes", 0),
        ("", 0),
    ],
)
def test_values_are_found_as_whole_words(response, said):
    assert metric("slots_said").statistics([turn(response, acts=ACTS)])[0].tolist() == [said, 3, 1]


def test_what_nobody_says_as_such_is_left_out():
    acts = [("x", "inform", "y", value) for value in ("", "?", "Yes", "no", "dontcare", "None", "free")]
    assert values_of(acts) == {"free"}


def test_turns_without_values_do_not_count_and_the_corpus_stands_beside():
    items = [turn("4", acts=ACTS, reference="4 at 17:15"), turn("hello", index=1)]
    one = metric("slots_said")
    assert one.statistics(items)[:, 2].tolist() == [1, 0]
    assert one.score(items) == pytest.approx(100 / 3)
    assert one.remarks(items) == ("over all dialogues: 3 values; the corpus's own responses say 66.7%",)
    assert np.isnan(one.score(items[1:]))
    assert one.remarks(items[1:]) == ("no act has a value that could be said",)
