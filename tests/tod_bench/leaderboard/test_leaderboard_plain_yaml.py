"""Cards are plain data: no tags, no anchors, nothing guessed; and one submission's fault is that submission's alone."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboards import submit
from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.leaderboard import entries as entries_module
from tod_bench.leaderboard import read_board, write_site
from tod_bench.leaderboard.bounds import parse_yaml
from tod_bench.leaderboard.card import card_of, read_card


@pytest.mark.parametrize(
    "text",
    [
        "date: !!timestamp foo",
        "date: !!timestamp 2026-01-01",
        "a: !!str 1",
        "a: !!int x",
        "a: !!float .nan",
        "a: !!bool maybe",
        "a: !!binary '###'",
        "a: !!set {b, c}",
        "a: !!omap [b: 1]",
        "a: !!pairs [b: 1]",
        "a: !!null x",
        "a: !!map [1]",
        "a: !!seq {b: 1}",
        "a: !!python/object/apply:os.system [echo]",
        "a: !local b",
        "a: ! b",
        "!!map {a: 1}",
        "a: !<tag:yaml.org,2002:timestamp> foo",
        "%TAG ! tag:yaml.org,2002:\n---\na: !timestamp foo",
    ],
)
def test_tags_are_refused(text):
    with pytest.raises(UserError, match=r"^card\.yaml, line \d: tags"):
        parse_yaml(text, "card.yaml")


@pytest.mark.parametrize("text", ["a: &x 1", "a: &x [1]\nb: *x", "&x a: 1", "a: &x {b: 1}\nc: {<<: *x}"])
def test_anchors_and_aliases_are_refused(text):
    with pytest.raises(UserError, match=r"^card\.yaml, line \d: anchors"):
        parse_yaml(text, "card.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-20", -20),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"null"', "null"),
        ("|\n  1", "1"),
        # What YAML 1.1 would guess, or not write back as it was.
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01 10:00:00", "2026-01-01 10:00:00"),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("+1", "+1"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_values_are_what_they_look_like(text, value):
    found = parse_yaml(f"a: {text}", "here")["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_names():
    assert parse_yaml("1: a\nnull: b\n2026-01-01: c\n<<: d", "here") == {
        "1": "a",
        "null": "b",
        "2026-01-01": "c",
        "<<": "d",
    }
    for text in ("? [a]\n: 1", "? {a: 1}\n: 1"):
        with pytest.raises(UserError, match="a key must be a name"):
            parse_yaml(text, "here")
    for text in ("1: a\n'1': b", "a: {b: 1, 'b': 2}"):
        with pytest.raises(UserError, match="is given twice"):
            parse_yaml(text, "here")


def test_a_number_too_long_is_a_sentence():
    with pytest.raises(UserError, match="not YAML as it is accepted"):
        parse_yaml("a: " + "9" * 5000, "here")


def test_a_version_is_not_rounded(tmp_path):
    (tmp_path / "card.yaml").write_text(
        "system: 2.10\nteam: 007\ndate: 2026-01-01\ntrack: toy\ntasks: [dst]\ntraining_data: none\n"
        "parameters: 1_185_728\ncode: 1.10\n",
        encoding="utf-8",
    )
    card = read_card(tmp_path / "card.yaml")
    assert (card.system, card.team, card.code, card.parameters) == ("2.10", "007", "1.10", 1185728)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab:-?![]{}&*%|>'\"#,.0123456789 \n\t\\!<=~@`", max_size=60))
def test_whatever_is_written_is_data_or_a_sentence(text):
    value, said = None, ""
    try:
        value = parse_yaml(text, "card.yaml")
    except UserError as error:
        said = str(error)
    assert not said or said.startswith("card.yaml")
    assert plain_data(value)
    with pytest.raises(UserError):
        card_of(value, "card.yaml")


def plain_data(value) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and plain_data(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(plain_data, value))
    return value is None or type(value) in (str, int, float, bool)


CARD_FAULTS = [
    b"date: !!timestamp foo\n",
    b"date: !!timestamp 2026-01-01\n",
    b"\xff\xfe",
    b"[" * 5000,
    b"a: &a [*a]\n",
    b"- a\n",
    b"",
    b"\x00",
    b"a: 1\n---\nb: 2\n",
    b"date: " + b"9" * 5000,
    b"? [a]\n: b\n",
]


@pytest.mark.parametrize("card", CARD_FAULTS)
def test_one_card_does_not_stop_the_build(tracks, tracks_file, tmp_path, card):
    folder = tmp_path / "submissions"
    good = submit(folder, tracks, 2)
    bad = folder / "bad-3fa9c1-toy-20260101"
    shutil.copytree(good, bad)
    (bad / "card.yaml").write_bytes(card)
    arguments = ["leaderboard", "build", str(folder), "--out", str(tmp_path / "site"), "--tracks", str(tracks_file)]
    done = CliRunner().invoke(command, [*arguments, "--no-cache", "--workers", "1"])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert f"Left out: {bad.name} cannot be accepted" in done.output
    index = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "sampler" in index
    assert f"{bad.name}: 1 problem" in index


def test_whatever_a_submission_brings_about_is_its_own_fault(tracks, tmp_path, monkeypatch):
    folder = tmp_path / "submissions"
    good, bad = submit(folder, tracks, 2), submit(folder, tracks, 3, system="bad")
    verify = entries_module.verify_submission

    def failing(path: Path, opened):
        if path == bad:
            raise failure
        return verify(path, opened)

    monkeypatch.setattr(entries_module, "verify_submission", failing)
    for failure in (
        ValueError("x"),
        RecursionError("deep"),
        PermissionError(13, "Permission denied"),
        UserError("a\nb"),
    ):
        board = read_board(folder, tracks)
        assert [entry.submission.name for entry in board.newest_first] == [good.name]
        assert [one.name for one in board.refused] == [bad.name]
        assert str(failure).splitlines()[-1].removeprefix("[Errno 13] ") in " ".join(board.refused[0].problems)
        write_site(board, tmp_path / "site")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["card.yaml", "scores.json", "predictions.jsonl"]), data=st.binary(max_size=200))
def test_random_bytes_in_any_file_are_refused(submission, tracks, name, data):
    kept = (submission / name).read_bytes()
    try:
        (submission / name).write_bytes(data)
        board = read_board(submission.parent, tracks)
        assert [one.name for one in board.refused] == [submission.name]
        assert all(one.isprintable() for one in board.refused[0].problems)
    finally:
        (submission / name).write_bytes(kept)
