"""Strength and direction of style: hand-worked vectors, floors and what is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_metrics import metric
from tod_metrics.items import ResponseItem
from tod_metrics.style.displacement import (
    StyleDirections,
    cosine,
    direction,
    displacements,
    mean_directions,
    profile_of,
    strengths,
)
from toy_styles import CHILD, SENIOR, LetterEncoder, toy_directions

PLAIN = {("d", 0): "aa", ("d", 1): "bb", ("e", 0): "aa"}


def item(dialogue, turn, response, reference="ab", group=CHILD):
    return ResponseItem(dialogue, turn, reference, response, group)


def strength(items, plain=PLAIN):
    return metric("style_strength", encoder=LetterEncoder(), plain_responses=plain)


def test_displacements_strength_and_direction_by_hand():
    moved = displacements([("a", "b"), ("a", "a"), ("a", "c")], LetterEncoder())
    assert moved[:, :3].tolist() == [[-1, 1, 0], [0, 0, 0], [-1, 0, 1]]
    assert strengths(moved) == pytest.approx([2**0.5, 0, 2**0.5])
    assert direction(moved)[:3] == pytest.approx([-2 / 3, 1 / 3, 1 / 3])
    assert displacements([], LetterEncoder()).shape == (0, 0)


def test_each_distinct_text_is_encoded_once():
    seen = []

    def encode(texts):
        seen.extend(texts)
        return LetterEncoder()(texts)

    displacements([("a", "b"), ("a", "b"), ("b", "b")], encode)
    assert sorted(seen) == ["a", "b"]


def test_strength_is_the_mean_distance_from_the_plain_response():
    items = [item("d", 0, "bb"), item("d", 1, "bb"), item("e", 0, "AA a")]
    one = strength(items)
    assert one.statistics(items)[:, 1].tolist() == [1, 1, 1]
    assert one.score(items) == pytest.approx(2**0.5 / 3)
    assert one.score([item("d", 0, "aa")]) == 0.0
    assert one.higher_is_better is None
    assert "encoder:letters 1" in str(one.signature)


def test_silent_turns_and_those_without_a_plain_response_are_left_out_and_said():
    items = [item("d", 0, "bb"), item("d", 1, "  "), item("f", 0, "cc")]
    one = strength(items)
    assert one.statistics(items)[:, 1].tolist() == [1, 0, 0]
    own, silent, unknown = one.remarks(items)
    # The reference is "ab": one letter of two is that of "aa", and of "bb".
    assert f"own responses have {(2 - 2**0.5) ** 0.5:.3f}" in own
    assert silent.startswith("1 of 3 responses are empty")
    assert unknown.startswith("1 of 3 turns have no plain response")
    assert np.isnan(one.score([item("f", 0, "cc")]))


def directed(**options):
    made = {"encoder": LetterEncoder(), "plain_responses": PLAIN, "style_directions": toy_directions(), **options}
    return metric("style_direction", **made)


def test_direction_is_the_cosine_of_a_dialogues_mean_displacement_and_the_groups():
    # "aa" -> "bb" moves by b - a; "bb" -> "aa" by a - b: together nowhere.
    one, there = directed(), [item("e", 0, "bb", group=SENIOR)]
    assert one.score(there) == pytest.approx(0.5**0.5)
    assert one.score([item("e", 0, "bb", group=CHILD)]) == pytest.approx(-(0.5**0.5))
    assert one.score([item("d", 0, "bb"), item("d", 1, "aa")]) == 0.0
    assert one.statistics([item("d", 0, "bb"), item("d", 1, "bb")])[:, 1].tolist() == [1, 0]


def test_plain_and_silent_dialogues_have_no_direction_and_count_zero():
    one = directed()
    items = [item("d", 0, "aa"), item("d", 1, ""), item("e", 0, "")]
    assert one.statistics(items).tolist() == [[0, 1], [0, 0], [0, 1]]


def test_floor_and_ceiling_of_direction_by_hand():
    items = [item("d", 0, "bb", "bb", SENIOR), item("e", 0, "bb", "bb", CHILD)]
    (said,) = directed().remarks(items)
    # Each response is +0.707 for a senior and -0.707 for a child, whoever it is said to.
    assert "floor 0.000 " in said
    assert "ceiling 0.000 " in said
    (said,) = directed().remarks([item("d", 0, "aa", "bb", SENIOR)])
    assert "floor 0.000 " in said
    assert "ceiling 0.707 " in said


def test_users_of_unknown_profile_are_left_out_and_said():
    unknown = {**CHILD, "formality": "unknown"}
    items = [item("d", 0, "bb", group=unknown), item("e", 0, "bb", group={**CHILD, "emotion": "negative"})]
    assert np.isnan(directed().score(items))
    assert "2 of 2 dialogues are left out" in directed().remarks(items)[0]
    assert profile_of(unknown) == profile_of({}) == ""
    assert profile_of(CHILD) == "child+casual+positive"


def test_mean_directions_are_of_dialogues_not_of_turns():
    two_turns, one_turn = [("a", "b"), ("a", "c")], [("a", "b")]
    means = mean_directions([("x", two_turns), ("x", one_turn), ("", one_turn), ("y", [])], LetterEncoder())
    assert list(means) == ["x"]
    assert means["x"][:3] == pytest.approx([-1, 0.75, 0.25])


@given(st.lists(st.integers(-900, 900), min_size=2, max_size=4), st.floats(0.1, 9))
def test_cosine_is_of_directions_alone(values, scale):
    one = np.array(values) / 100  # vectors are rounded, so that none has a length near to nothing
    other = np.arange(1.0, len(one) + 1)
    assert -1 - 1e-9 <= cosine(one, other) <= 1 + 1e-9
    assert cosine(scale * one, other) == pytest.approx(cosine(one, other), abs=1e-6)
    assert cosine(0 * one, other) == 0.0


def test_which_dialogues_were_learned_on_is_in_the_signature():
    other = directed(style_directions=StyleDirections(toy_directions().means, 2, "other"))
    assert str(other.signature) != str(directed().signature)
