"""Marks for protected values, and reading what a model wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_arm_support import find_lost, protected

from tod_bench.personalise.answers import Expected, cleaned, most_words, nothing_foreign
from tod_bench.personalise.asking import Unread
from tod_bench.personalise.marks import Marked, marked
from tod_bench.personalise.styling import Protected

TEXT = "I need a cheap hotel in the north for 3 nights, yes."


def test_marks_stand_for_values_and_are_put_back():
    shown = marked(TEXT, protected(TEXT, "cheap", "north", "3 nights"))
    assert shown.text == "I need a [1] hotel in the [2] for [3], yes."
    assert shown.marks == ("[1]", "[2]", "[3]")
    assert shown.put_back(" [2], [1] and [ 3 ]!") == " north, cheap and 3 nights!"


def test_values_that_overlap_share_a_mark_and_neighbours_do_not():
    values = (
        Protected("h", "a", "cheap hotel", 9, 20, "state"),
        Protected("h", "b", "hotel in", 15, 23, "act"),
        Protected("h", "c", " the", 23, 27, "span"),
    )
    shown = marked(TEXT, values)
    assert shown.values == ("cheap hotel in", " the")


def test_a_yes_is_left_to_be_read():
    assert marked(TEXT, protected(TEXT, "yes", kind="polarity")).text == TEXT


def test_a_text_with_marks_of_its_own_is_left_as_it_is():
    text = "a [1] cheap one"
    assert marked(text, protected(text, "cheap")) == Marked(text, ())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("[1] [2]", ""),
        ("[2] [1]", ""),
        ("[1]", "[2] is missing"),
        ("none", "[1] [2] are missing"),
        ("[1] [1] [2]", "[1] is there more than once"),
        ("[1] [2] [7]", "[7] is not in the line"),
        ("[1] [3] [3]", "[2] is missing; [3] is not in the line"),
    ],
)
def test_marks_that_went_wrong_are_named(answer, problem):
    assert Marked("[1] [2]", ("a", "b")).problem(answer) == problem


@given(st.lists(st.text("abc ", min_size=1, max_size=5), min_size=1, max_size=6), st.data())
def test_marks_put_back_give_the_text(pieces, data):
    text = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = tuple(
        Protected("d", "s", text[a:b], a, b, "span") for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b
    )
    shown = marked(text, spans)
    assert shown.put_back(shown.text) == text
    assert shown.problem(shown.text) == ""


def read(answer, *values, masked=False, allowed="", foreign=nothing_foreign, words=20, text=TEXT):
    kept = protected(text, *values)
    shown = marked(text, kept) if masked else Marked(text, ())
    return Expected(text, kept, shown, allowed, words, find_lost, foreign).read(answer)


def reason(answer, *values, **options):
    outcome = read(answer, *values, **options)
    return outcome.reason if isinstance(outcome, Unread) else ""


def test_an_answer_is_taken_on_one_line_without_label_and_quotation_marks():
    assert read(' Rewritten line: "gimme a cheap\n hotel"\n', "cheap") == "gimme a cheap hotel"
    assert cleaned("User: 'hi'") == "hi"
    assert cleaned('"Yes" and "no"') == '"Yes" and "no"'
    assert cleaned("“so”") == "so"


@pytest.mark.parametrize(
    "answer",
    [
        "Sure! Here is the rewritten line: I need a cheap hotel",
        "Certainly, here's a more casual take: I need a cheap hotel",
        "Here is a revised version of the line",
        "The rewritten answer would be I need a cheap hotel",
        "As an AI, I need no cheap hotel",
        "I'm sorry, but I can't help with cheap hotels",
        "Note: I kept cheap",
        "Hello [your name], cheap it is",
    ],
)
def test_words_about_the_answer_are_no_answer(answer):
    assert reason(answer, "cheap") == "meta text"


@pytest.mark.parametrize(
    "answer",
    [
        "Sure, a cheap one is here in the centre.",
        "Yes, here is what I need, a cheap hotel.",
        "Okay, cheap it is.",
        "Great! I'd like the cheap line.",
    ],
)
def test_a_lively_line_is_not_taken_for_words_about_it(answer):
    assert reason(answer, "cheap") == ""


def test_a_lost_value_is_named():
    outcome = read("gimme a hotel in the north", "cheap", "north", "3 nights")
    assert outcome.reason == "value lost"
    assert outcome.remark.startswith("That line has lost these words: cheap; 3 nights. ")


def test_a_lost_mark_is_named_and_a_kept_one_is_put_back():
    assert read("yo, [1] hotel up [2]", "cheap", "north", masked=True) == "yo, cheap hotel up north"
    outcome = read("yo, [1] hotel", "cheap", "north", masked=True)
    assert outcome == Unread("mark lost", "In that line [2] is missing. Write it again with each of [1] [2] just once.")
    assert reason("a [1] hotel") == "mark lost"  # where there is none to keep


def test_a_foreign_value_is_named_with_what_may_be_drawn_on():
    heard = []

    def foreign(text, allowed):
        heard.append(allowed)
        return ("curry garden",) if "curry" in text else ()

    outcome = read("cheap curry", "cheap", allowed="a review", foreign=foreign)
    assert (outcome.reason, outcome.remark) == (
        "foreign value",
        "That line adds what was not said: curry garden. Write it without.",
    )
    assert heard == [f"{TEXT}\na review"]


def test_empty_and_endless_answers():
    assert reason("") == reason('""') == reason(" \n") == "empty"
    assert reason("so " * 31) == "too long"
    assert reason("so " * 30) == ""
    assert most_words("one two", more=0) == 20
    assert most_words("word " * 30, more=30) == 100
