"""Building again: what has not changed is not computed again, what has is; a hundred submissions take no hours."""

import json
import os
import time
from pathlib import Path
from runpy import run_path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboards import submit
from tod_bench.leaderboard import Tracks, entries, load_tracks, ranking, read_board, system_page, write_site
from tod_bench.leaderboard.answers import _schema_errors, _validator
from tod_bench.leaderboard.cache import Cache

BENCHMARK = run_path(str(Path(__file__).parents[3] / "benchmarks" / "leaderboard_build.py"))


@pytest.fixture
def folder(tracks, tmp_path):
    found = tmp_path / "submissions"
    submit(found, tracks, 2, system="a")
    submit(found, tracks, 3, system="b", tasks=["dst", "policy"])
    submit(found, tracks, 0, system="c", gold_access=["gold"])
    return found


@pytest.fixture
def counted(monkeypatch):
    """How often submissions, families of tests and dialogues of pages are computed."""
    calls = {"verify_submission": 0, "compare_all": 0, "browser_data": 0}

    def counting(name, original):
        def call(*arguments, **options):
            calls[name] += 1
            return original(*arguments, **options)

        return call

    for module, name in ((entries, "verify_submission"), (ranking, "compare_all"), (system_page, "browser_data")):
        monkeypatch.setattr(module, name, counting(name, getattr(module, name)))
    return calls


def site(board, out):
    write_site(board, out)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_nothing_is_computed_twice_and_the_site_is_the_same(folder, tracks, counted, tmp_path):
    cache = tmp_path / "cache"
    first = site(read_board(folder, tracks, cache=cache), tmp_path / "one")
    once = {"verify_submission": 3, "compare_all": 4, "browser_data": 3}
    assert counted == once
    assert site(read_board(folder, tracks, cache=cache), tmp_path / "two") == first
    assert counted == once
    assert site(read_board(folder, tracks), tmp_path / "three") == first
    assert counted["verify_submission"] == 6


def test_what_changed_is_computed_again_and_nothing_else(folder, tracks, counted, tmp_path):
    cache = tmp_path / "cache"
    site(read_board(folder, tracks, cache=cache), tmp_path / "site")
    submit(folder, tracks, 5, system="a")
    board = read_board(folder, tracks, cache=cache)
    fresh = read_board(folder, tracks)
    assert counted["verify_submission"] == 3 + 1 + 3
    assert board.rankings[0].columns == fresh.rankings[0].columns


def test_a_changed_track_is_another_key(folder, tracks, counted, tmp_path):
    read_board(folder, tracks, cache=tmp_path / "cache")
    settings = tracks.settings["toy"]
    other = Tracks({"toy": settings.model_copy(update={"title": "Another title", "split": "test"})})
    read_board(folder, other, cache=tmp_path / "cache")
    assert counted["verify_submission"] == 6


def test_a_changed_line_of_code_is_another_key(folder, tracks, counted, tmp_path, monkeypatch):
    read_board(folder, tracks, cache=tmp_path / "cache")
    monkeypatch.setattr("tod_bench.leaderboard.cache.code_digest", lambda: "other")
    read_board(folder, tracks, cache=tmp_path / "cache")
    assert counted["verify_submission"] == 6


def test_a_spoilt_submission_is_not_saved_by_the_cache(folder, tracks, tmp_path):
    read_board(folder, tracks, cache=tmp_path / "cache")
    (spoilt,) = folder.glob("a-*")
    reported = json.loads((spoilt / "scores.json").read_text(encoding="utf-8"))
    reported["scores"]["dst"][0]["value"] = 99.9
    (spoilt / "scores.json").write_text(json.dumps(reported), encoding="utf-8")
    (folder / "b-extra").mkdir()
    board = read_board(folder, tracks, cache=tmp_path / "cache")
    assert [one.name for one in board.refused] == [spoilt.name, "b-extra"]
    (next(folder.glob("b-*toy*")) / "more.txt").write_text("x", encoding="utf-8")
    assert len(read_board(folder, tracks, cache=tmp_path / "cache").refused) == 3


@pytest.mark.parametrize("data", [b"", b"no gzip", b"\x1f\x8b"])
def test_a_damaged_cache_is_computed_again(folder, tracks, counted, tmp_path, data):
    read_board(folder, tracks, cache=tmp_path / "cache")
    for path in (tmp_path / "cache").rglob("*.gz"):
        path.write_bytes(data)
    assert read_board(folder, tracks, cache=tmp_path / "cache").refused == ()
    assert counted["verify_submission"] == 6


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    cache = Cache(tmp_path / "file")
    cache.keep("ab12", {"a": 1})
    cache.clean()
    assert cache.find("ab12") is None
    cache = Cache(tmp_path / "folder")
    cache.keep("ab12", {"a": [0.1, None]})
    assert cache.find("ab12") == {"a": [0.1, None]}
    assert [path.suffix for path in (tmp_path / "folder").rglob("*") if path.is_file()] == [".gz"]


def test_what_nobody_asks_for_is_removed(tmp_path):
    cache = Cache(tmp_path)
    for key in ("ab12", "cd34"):
        cache.keep(key, 1)
    (old,) = tmp_path.glob("ab/*")
    os.utime(old, (0, 0))
    cache.clean()
    assert (cache.find("ab12"), cache.find("cd34")) == (None, 1)


def test_several_processes_give_the_same_board(folder, tracks):
    one, two = read_board(folder, tracks), read_board(folder, tracks, workers=2)
    assert [entry.scores for entry in one.newest_first] == [entry.scores for entry in two.newest_first]
    assert [ranking.columns for ranking in one.rankings] == [ranking.columns for ranking in two.rankings]


TEXT = st.one_of(st.text(max_size=4), st.just("\ud800"), st.sampled_from([201, 4000, 4001]).map("x".__mul__))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 10_001), st.floats(allow_nan=False, width=16), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
FIELDS = ("dialogue_id", "turn", "state", "acts", "response", "active_domains", "raw", "notes", "gold")
LINES = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {"dialogue_id": st.one_of(TEXT, JSON), "turn": st.one_of(st.integers(-1, 10_001), JSON)},
        optional={
            "state": st.one_of(st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT, max_size=2), max_size=2), JSON),
            "acts": st.one_of(st.lists(st.lists(TEXT, max_size=5), max_size=3), JSON),
            "response": JSON,
            "active_domains": st.one_of(st.lists(TEXT, max_size=2), JSON),
            "gold": JSON,
        },
    ),
)


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_what_is_accepted_quickly_is_valid(line):
    assert bool(_schema_errors(line)) == (not _validator().is_valid(line))


@pytest.mark.slow
def test_many_submissions_are_built_in_seconds(tmp_path):
    """A smaller size of `benchmarks/leaderboard_build.py`, with bounds for a machine that does other things, too."""
    tracks = load_tracks()
    made = BENCHMARK["make"](tmp_path / "in", tracks, 8)
    times = []
    for _ in range(2):
        began = time.process_time()
        board = read_board(tmp_path / "in", tracks, cache=tmp_path / "cache")
        write_site(board, tmp_path / "site")
        times.append(time.process_time() - began)
    assert board.refused == ()
    assert len(board.newest_first) == len(made)
    assert all(ranking.suspects == () for ranking in board.rankings)
    ranks = {place.rank for place in board.rankings[0].columns[0].places.values()}
    assert len(ranks) > 4  # eight systems of which each has neighbours
    assert times[0] < 20
    assert times[1] < 5
