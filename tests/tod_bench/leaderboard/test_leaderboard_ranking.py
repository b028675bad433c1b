"""Columns by signature, and ranks as ranges: worked by hand on systems that differ in known dialogues."""

from types import SimpleNamespace

import numpy as np
import pytest

from tod_bench.leaderboard.ranking import Place, columns, rank_ranges
from tod_bench.leaderboard.verify import meaning
from tod_bench.scores import Score, Slice
from tod_metrics.base import Signature


def system(right, total=40):
    """A system that is right on the first of `total` dialogues of one turn each."""
    return np.array([[float(number < right), 1.0] for number in range(total)])


def share(sums):
    return sums[..., 0] / sums[..., 1]


def ranges(rows, **options):
    return rank_ranges(rows, share, **options)


def test_systems_far_apart_have_ranks_of_their_own():
    rows = {"low": system(5), "high": system(35), "middle": system(20)}
    assert ranges(rows) == {"high": (1, 1), "middle": (2, 2), "low": (3, 3)}
    assert ranges(rows, higher_is_better=False) == {"low": (1, 1), "middle": (2, 2), "high": (3, 3)}


def test_systems_that_cannot_be_told_apart_share_a_range():
    # a and b differ in 2 dialogues, in which there are 4 swaps: p is 0.5. c is below both by 15 or more.
    rows = {"a": system(30), "b": system(28), "c": system(13)}
    assert ranges(rows) == {"a": (1, 2), "b": (1, 2), "c": (3, 3)}


def test_ranges_are_not_transitive():
    # 5 dialogues between neighbours: the least p of 2**5 swaps is 2/32. 10 between the ends: 2/1024.
    rows = {"a": system(30), "b": system(25), "c": system(20)}
    assert ranges(rows) == {"a": (1, 2), "b": (1, 3), "c": (2, 3)}


def test_p_values_are_corrected_over_all_pairs():
    # 7 dialogues apart: p is 2/128 = 0.0156.
    assert ranges({"a": system(27), "b": system(20)}) == {"a": (1, 1), "b": (2, 2)}
    # Copies of b are the same test again, not more chances to be wrong.
    copies = {f"b{number}": system(20) for number in range(4)}
    assert ranges({"a": system(27), **copies}) == {"a": (1, 1), **dict.fromkeys(copies, (2, 5))}
    # Systems wrong on other dialogues are: of four tests of 7 dialogues each, one comes out as extreme by chance with a
    # probability of 1 - (1 - 0.0156)**4 = 0.061.
    others = {f"c{number}": flipped(system(40), range(7 * number, 7 * number + 7)) for number in range(4)}
    assert set(ranges({"a": system(40), **others}).values()) == {(1, 5)}


def flipped(sums, places):
    """A system that is wrong on some dialogues more."""
    sums[list(places), 0] = 0.0
    return sums


def test_a_hundred_systems_can_still_be_told_apart():
    # 4,950 pairs: p-values of 10,000 swaps, multiplied by that, could never be below 0.05.
    rows = {str(number): system(20 * number, total=2000) for number in range(100)}
    assert ranges({name: rows[name] for name in ("0", "99", "50")}) == {"0": (3, 3), "50": (2, 2), "99": (1, 1)}
    found = ranges({name: one for number, (name, one) in enumerate(rows.items()) if number % 4 == 0})
    assert found["96"] == (1, 1)
    assert found["0"] == (25, 25)


def test_ten_systems_far_apart_have_ranks_of_their_own():
    rows = {str(number): system(20 * number, total=200) for number in range(10)}
    assert ranges(rows) == {str(number): (10 - number, 10 - number) for number in range(10)}


def test_one_system_has_the_first_rank_and_none_have_none():
    assert ranges({"only": system(3)}) == {"only": (1, 1)}
    assert ranges({}) == {}


def test_identical_systems_are_never_told_apart():
    assert ranges({"a": system(9), "b": system(9)}) == {"a": (1, 2), "b": (1, 2)}


@pytest.mark.parametrize(("place", "rank"), [((None, None), ""), ((2, 2), "2"), ((1, 3), "1–3")])
def test_a_rank_in_words(place, rank):
    score = Score("jga", "tod_bench", 1.0, Signature.parse("jga"), 1)
    assert Place(score, *place).rank == rank


def entry(name, signature, right, gold_access=(), value=50.0):
    score = Score("jga", "tod_bench", value, Signature.parse(signature), 40)
    part = Score("jga", "tod_bench", 1.0, Signature.parse(f"{signature}|domain:hotel"), 40, Slice("domain", "hotel"))
    return SimpleNamespace(
        submission=SimpleNamespace(name=name),
        card=SimpleNamespace(gold_access=gold_access),
        scores={"dst": [score, part]},
        sums={"dst": {meaning(score): system(right)}},
    )


def test_unlike_numbers_never_share_a_column(toy):
    entries = [
        entry("a", "jga|corpus:x|n:40|protocol:tod_bench|v:1", 30),
        entry("b", "jga|corpus:x|n:39|protocol:tod_bench|v:1", 10),
        entry("c", "jga|corpus:x|n:40|protocol:tod_bench|slots:29|v:1", 5),
    ]
    found = columns("dst", entries, toy)
    assert [(column.signature, set(column.places)) for column in found] == [
        ("jga|corpus:x|protocol:tod_bench|v:1", {"a", "b"}),
        ("jga|corpus:x|protocol:tod_bench|slots:29|v:1", {"c"}),
    ]
    assert found[0].places["a"].rank == "1"
    assert found[0].places["b"].rank == "2"
    assert found[1].places["c"].rank == "1"  # the first of its own column, not the third of another
    assert meaning(Score("m", "p", 1.0, Signature.parse("m|n:3|v:1"), 3)) == "m|v:1"


def test_who_is_shown_gold_takes_no_rank_from_others(toy):
    signature = "jga|v:1"
    entries = [entry("oracle", signature, 40, ("gold",)), entry("a", signature, 35), entry("b", signature, 2)]
    places = columns("dst", entries, toy)[0].places
    assert {name: place.rank for name, place in places.items()} == {"oracle": "", "a": "1", "b": "2"}


def test_an_undefined_score_has_no_rank(toy):
    places = columns("dst", [entry("a", "jga|v:1", 3), entry("b", "jga|v:1", 0, value=None)], toy)[0].places
    assert places["a"].rank == "1"
    assert places["b"].best is None
