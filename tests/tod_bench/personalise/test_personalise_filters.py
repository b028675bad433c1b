"""Style vectors and outliers against loops of their own, and how answers are read."""

import math
from dataclasses import replace

import numpy as np
import pytest
from made_work import bag_of_words, persona, styled_by_toy

from tod_bench.personalise.asking import Unread
from tod_bench.personalise.filters.asked import COUNTS, Verdict, filter_prompt, read_verdict
from tod_bench.personalise.filters.offline import natural_verdict, semantic_verdict
from tod_bench.personalise.filters.outliers import READINGS, StyleScores, style_reasons
from tod_bench.personalise.filters.vectors import StyleVector, cosines, selected_turns, style_vectors
from tod_bench.personalise.styled import StyledDialogue, StyledTurn
from tod_bench.records import Dialogue, Persona, Turn


def _encode(texts):
    return bag_of_words("", texts)


def _dialogue(*turns: tuple[str, str, str, str], strategies: dict[int, str] | None = None) -> StyledDialogue:
    plain = tuple(Turn(number, user, system) for number, (user, _, system, _) in enumerate(turns))
    styled = tuple(
        StyledTurn(user, system, (strategies or {}).get(number, "none"))  # type: ignore[arg-type]
        for number, (_, user, _, system) in enumerate(turns)
    )
    return StyledDialogue("test", Dialogue("d", "x", "test", (), plain), Persona(), "neutral", styled)


FOUR = [(f"a{n} b", f"a{n} b yo", f"c{n}", f"c{n} dear sir") for n in range(4)]


def test_strength_and_direction_are_means_over_the_turns_that_count() -> None:
    styled = _dialogue(*FOUR, strategies={2: "review"})
    for side, turns in (("user", {"inner": [1, 2], "without": [1, 2]}), ("system", {"inner": [1, 2], "without": [1]})):
        vectors = style_vectors([styled], side, _encode)[0]  # type: ignore[arg-type]
        for selection, numbers in turns.items():
            moved = []
            for number in numbers:
                plain, text = styled.pairs(side)[number]  # type: ignore[arg-type]
                moved.append([y - x for x, y in zip(_encode([plain])[0], _encode([text])[0], strict=True)])
            vector = vectors[selection]  # type: ignore[index]
            assert vector is not None
            assert vector.turns == len(numbers)
            lengths = [math.sqrt(sum(x * x for x in one)) for one in moved]
            assert vector.strength == pytest.approx(sum(lengths) / len(lengths), abs=1e-4)
            mean = [sum(column) / len(moved) for column in zip(*moved, strict=True)]
            np.testing.assert_allclose(vector.direction, mean, atol=1e-4)


def test_what_was_not_restyled_is_moved_by_nothing_and_short_dialogues_have_one_selection() -> None:
    same = _dialogue(*[(a, a, c, c) for a, _, c, _ in FOUR])
    vector = style_vectors([same], "user", _encode)[0]["inner"]
    assert vector is not None
    assert vector.strength == 0.0
    assert not vector.direction.any()
    short = _dialogue(*FOUR[:2])
    assert selected_turns(short, "user", "inner") == []
    assert selected_turns(short, "user", "without") == [0, 1]
    assert style_vectors([short], "user", _encode)[0]["inner"] is None
    assert cosines(same, "user", _encode) == [1.0] * 4


def test_a_vector_survives_being_written() -> None:
    vector = StyleVector(0.25, np.array([0.5, -1.0, 0.0]), 3)
    again = StyleVector.from_json(vector.to_json())
    assert (again.strength, again.turns) == (0.25, 3)
    np.testing.assert_array_equal(again.direction, vector.direction)


def _scores(strengths, directions=None, labels=frozenset({"adult", "formal"}), name="d") -> list[StyleScores]:
    directions = [[s, 0.0] for s in strengths] if directions is None else directions
    return [
        StyleScores(
            f"test/{name}{n:02}",
            "test",
            labels,
            {side: dict.fromkeys(("inner", "without"), StyleVector(s, np.array(d), 3)) for side in ("user", "system")},  # type: ignore[arg-type]
        )
        for n, (s, d) in enumerate(zip(strengths, directions, strict=True))
    ]


def _quartile(values, q):
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


@pytest.mark.parametrize("reading", ["picpersona", "paper_text", "tod_bench"])
def test_outliers_are_those_of_a_loop_of_its_own(reading) -> None:
    rng = np.random.default_rng(3)
    directions = rng.normal(size=(30, 2)).tolist()
    directions[4] = [40.0, 3.0]
    strengths = [0.5 + 0.01 * n for n in range(28)] + [0.0, 0.09]
    found = style_reasons(_scores(strengths, directions), reading)
    q1, q3 = _quartile(strengths, 0.25), _quartile(strengths, 0.75)
    iqr = q3 - q1
    bound = {
        "picpersona": q1 - 2.5 * iqr,
        "paper_text": 2.5 * iqr,
        "tod_bench": max(q1 - 2.5 * iqr, 0.15 * _quartile(strengths, 0.5)),
    }[reading]
    assert set(found["strength"]) == {f"test/d{n:02}" for n, s in enumerate(strengths) if s < bound}
    mean = [sum(column) / 30 for column in zip(*directions, strict=True)]
    distances = [math.dist(one, mean) for one in directions]
    q1, q3 = _quartile(distances, 0.25), _quartile(distances, 0.75)
    far = {"picpersona": q3 + 4.5 * (q3 - q1), "paper_text": 4.5 * (q3 - q1), "tod_bench": q3 + 3 * (q3 - q1)}[reading]
    assert set(found["direction"]) == {f"test/d{n:02}" for n, d in enumerate(distances) if d > far}
    assert "test/d04" in found["direction"]


def test_the_released_bound_of_strength_is_vacuous_where_the_floor_finds_what_was_not_restyled() -> None:
    strengths = [*np.linspace(0.2, 0.8, 40), 0.0, 0.0]
    assert style_reasons(_scores(strengths), "picpersona")["strength"] == {}
    assert set(style_reasons(_scores(strengths), "tod_bench")["strength"]) == {"test/d40", "test/d41"}


def test_the_wrong_persona_is_found_by_its_direction_alone_under_tod_bench() -> None:
    rng = np.random.default_rng(0)
    child = (np.array([1.0, 0.0]) + rng.normal(scale=0.05, size=(30, 2))).tolist()
    adult = (np.array([0.0, 1.0]) + rng.normal(scale=0.05, size=(30, 2))).tolist()
    child[7] = [0.0, 1.1]
    scores = _scores([1.0] * 30, child, frozenset({"child"}), "c") + _scores([1.0] * 30, adult, frozenset({"adult"}))
    reasons = style_reasons(scores, "tod_bench")["direction"]
    assert set(reasons) == {"test/c07"}
    assert any("as adult" in reason for reason in reasons["test/c07"])


def test_seniors_are_among_the_labels_of_tod_bench_alone() -> None:
    scores = _scores([1.0] * 20 + [0.0], labels=frozenset({"senior"}))
    assert style_reasons(scores, "picpersona")["strength"] == {}
    assert set(style_reasons(scores, "tod_bench")["strength"]) == {"test/d20"}
    assert {len(READINGS[name].labels) for name in ("picpersona", "paper_text")} == {8}


def test_thresholds_are_of_one_split() -> None:
    weak = [replace(one, split="dev", key=f"dev/{n}") for n, one in enumerate(_scores([0.1] * 10))]
    assert style_reasons(_scores([1.0] * 10) + weak, "tod_bench")["strength"] == {}


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ("User: pass, System: fail, Reason: x", False),
        ("User: Fail, System: Fail", True),
        ("I cannot tell.", True),
        ("User: pass, System: pass", True),
        ("User:fail", True),
    ],
)
def test_the_released_reading_passes_what_it_cannot_read(answer: str, passed: bool) -> None:
    verdict = read_verdict(answer, "semantic", "picpersona")
    assert isinstance(verdict, Verdict)
    assert verdict.passed is passed


@pytest.mark.parametrize("filter_", ["semantic", "natural"])
def test_our_reading_is_strict(filter_) -> None:
    first, second = COUNTS[filter_]
    good = read_verdict(f'Sure: {{"{first}": "pass", "{second}": "Fail", "reason": "r"}}', filter_, "tod_bench")
    assert isinstance(good, Verdict)
    assert (good.passed, good.reason) == (False, f"fails on {second}")
    for answer in ("", "pass", f'{{"{first}": "pass"}}', f'{{"{first}": "maybe", "{second}": "pass"}}', "[]", "{}"):
        assert isinstance(read_verdict(answer, filter_, "tod_bench"), Unread)


@pytest.mark.parametrize("filter_", ["semantic", "natural"])
def test_prompts_hold_what_is_judged(filter_) -> None:
    turn = dict.fromkeys(("user", "styled_user", "system", "styled_system", "state", "acts"), "") | {
        "styled_user": "<USER>",
        "styled_system": "<DESK>",
    }
    for structured in (True, False):
        text = filter_prompt(filter_).render(impression="<IMPRESSION>", turns=[turn], structured=structured)
        assert all(part in text for part in ("<USER>", "<DESK>", "<IMPRESSION>"))
        assert ("JSON" in text) is structured


PLAIN = [(f"I want thing {n}.", f"I want thing {n}.", f"Here is thing {n}.", f"Here is thing {n}.") for n in range(6)]


@pytest.mark.parametrize(
    ("turn", "styled", "problem"),
    [
        (2, "Hello! Here is thing 2.", "greeting"),
        (2, "Here is is thing 2.", "twice"),
        (2, "Here is thing 2. Goodbye!", "farewell"),
        (2, "", "missing"),
        (2, "Here is thing 2, so so good.", ""),
        (0, "Hello! Here is thing 0.", ""),
        (5, "Here is thing 5. Goodbye!", ""),
    ],
)
def test_the_offline_natural_filter(turn: int, styled: str, problem: str) -> None:
    turns = list(PLAIN)
    turns[turn] = (*turns[turn][:3], styled)
    verdict = natural_verdict(_dialogue(*turns))
    assert verdict.passed is (not problem)
    assert problem in verdict.reason


def test_a_phrase_that_opens_most_turns_is_unnatural_and_no_text_is_in_the_reason() -> None:
    turns = [(user, user, system, f"Golly gosh! {system}") for user, _, system, _ in PLAIN]
    verdict = natural_verdict(_dialogue(*turns))
    assert verdict.passed is False
    assert "golly" not in verdict.reason.lower()
    assert natural_verdict(_dialogue(*PLAIN)).passed


def _likeness(styled: StyledDialogue):
    return {side: cosines(styled, side, _encode) for side in ("user", "system")}


def test_the_offline_semantic_filter() -> None:
    def nothing(*_):
        return ()

    assert semantic_verdict(_dialogue(*PLAIN), nothing, _likeness(_dialogue(*PLAIN))).passed
    assert not semantic_verdict(_dialogue(*PLAIN), lambda *_: ("north",), _likeness(_dialogue(*PLAIN))).passed
    other = [(user, user, system, f"quite {n} other words altogether") for n, (user, _, system, _) in enumerate(PLAIN)]
    verdict = semantic_verdict(_dialogue(*other), nothing, _likeness(_dialogue(*other)))
    assert (verdict.passed, "cosine" in verdict.reason) == (False, True)


def test_the_toy_is_a_dialogue() -> None:
    plain = Dialogue("d", "x", "test", (), (Turn(0, "a", "b"),))
    assert styled_by_toy(plain, persona(0)).pairs("user")[0][0] == "a"
