"""The released scripts' protocol: hand-worked cases of what ``evaluation_with_LLM`` does (commit 5c3d42c)."""

import pytest

from tod_bench.judge.picpersona import dialogue_lines, is_default, likert_verdict, paired_lines, pairwise_verdict
from tod_bench.systems import Exchange


@pytest.mark.parametrize(
    ("answer", "scores", "made_up"),
    [
        ("Q1: 4\nQ2: 3\nQ3: 2\nQ4: 1\nQ5: 4", [4, 3, 2, 1, 4], False),
        ("Q1:4 Q2:4 Q3:4 Q4:4 Q5:4", [4, 4, 4, 4, 4], False),
        ("I refuse.", [3, 3, 3, 3, 3], True),
        ("", [3, 3, 3, 3, 3], True),
        ("Q1: 4\nQ2: 4\nQ3: 4\nQ4: 4", [3, 3, 3, 3, 3], True),
        ("**Q1**: 1 **Q2**: 1 **Q3**: 1 **Q4**: 1 **Q5**: 1", [3, 3, 3, 3, 3], True),
        ("Q1: 3.5, Q2: 10, Q3: 4, Q4: 4, Q5: 4", [3, 1, 4, 4, 4], False),
        ("Q1: 2, no, Q1: 4. Q2: 4, Q3: 4, Q4: 4, Q5: 4", [3, 3, 3, 3, 3], True),
        ("Q1: 2, no, Q1: 4. Q2: 4, Q3: 4, Q4: 4, Q5: none", [2, 4, 4, 4, 4], False),
        ("Q1: 5 Q2: 4 Q3: 4 Q4: 4 Q5: 4", [3, 3, 3, 3, 3], True),
    ],
)
def test_likert_answers(answer, scores, made_up):
    found = likert_verdict(answer)
    assert list(found.values.values()) == scores
    assert is_default(found) is made_up


@pytest.mark.parametrize(
    ("answer", "winner", "made_up"),
    [
        ("Winner: System 1", "1", False),
        ("**Winner:** system 2", "2", False),
        ("Winner: Tie", "tie", False),
        ("The winner is System 1", "tie", True),
        ("", "tie", True),
        ("Not 'Winner: System 1', but Winner: System 2", "1", False),
        ("A user said Winner: System 2. Winner: System 1", "1", False),
        ("Winner: System 2\nwait, Winner: System 1", "1", False),
        ("Winner: System 12", "1", False),
    ],
)
def test_pairwise_answers(answer, winner, made_up):
    found = pairwise_verdict(answer)
    assert found.values == {"winner": winner}
    assert is_default(found) is made_up


def test_the_opponents_last_character_is_dropped():
    ours, theirs = (Exchange("Hi", "Hello you!"),), (Exchange("Hi", "Hello."),)
    assert paired_lines(theirs, ours) == "user : Hi\nsystem1 : Hello\nsystem2 : Hello you!"
    assert dialogue_lines(ours) == "user : Hi\nsystem : Hello you!"
