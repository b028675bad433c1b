"""Files of strangers: what is too big, too deep, not a file or not plain data is refused before it is parsed."""

import gzip
import os
import time
from pathlib import Path

import pytest

from tod_bench.errors import UserError
from tod_bench.leaderboard.bounds import LONGEST_LINE, parse_json, parse_yaml, read_lines, read_text


def test_a_file_may_be_as_big_as_allowed_and_no_bigger(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("12345678", encoding="utf-8")
    assert read_text(path, 8) == "12345678"
    with pytest.raises(UserError, match="has 8 bytes; at most 7 are accepted"):
        read_text(path, 7)


def test_links_pipes_and_folders_are_not_opened(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, reason in (
        ("link", "it is a link"),
        ("pipe", "not a regular file"),
        ("folder", "cannot be opened: Is a directory"),
    ):
        with pytest.raises(UserError, match=reason):
            read_text(tmp_path / name, 100)
    with pytest.raises(UserError, match="cannot be opened: No such file"):
        read_text(tmp_path / "nothing", 100)


def packed(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data))
    return path


def test_a_small_archive_cannot_unpack_to_a_big_file(tmp_path):
    lines = b"[1]\n" * 50_000
    path = packed(tmp_path / "p.jsonl.gz", lines)
    assert path.stat().st_size < 1_000
    assert sum(1 for _ in read_lines(path, len(lines))) == 50_000
    taken = read_lines(path, 1_000)
    for _ in range(250):
        next(taken)
    with pytest.raises(UserError, match="unpacks to more than 1,000 bytes"):
        next(taken)


def test_a_long_line_is_never_read_whole(tmp_path):
    path = packed(tmp_path / "p.jsonl.gz", b"x" * 100_000_000)
    with pytest.raises(UserError, match=f"line 1: longer than {LONGEST_LINE:,} bytes"):
        list(read_lines(path, 1 << 30))


@pytest.mark.parametrize("spoil", [lambda data: data[:-9], lambda data: b"no gzip", lambda data: data[:20] + b"?" * 20])
def test_a_damaged_archive_is_a_sentence(tmp_path, spoil):
    path = packed(tmp_path / "p.jsonl.gz", os.urandom(5000).hex().encode())
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(UserError, match="damaged gzip file"):
        list(read_lines(path, 1 << 20))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 9 + "]" * 9, "nested more than 8 levels"),
        ("[" * 100_000, "nested more than 8 levels"),
        ('{"a":' * 100_000, "nested more than 8 levels"),
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ('{"b": {"a": 1, "c": 0, "a": 1}}', "the key 'a' is given twice"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[1e999]", "the number 1e999 is too big"),
        ("[" + "9" * 5000 + "]", "not JSON"),
        ("{", "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_json_that_is_refused(text, reason):
    with pytest.raises(UserError, match=reason):
        parse_json(text, "here")


def test_json_that_is_accepted():
    assert parse_json("[" * 8 + "]" * 8, "here") == [[[[[[[[]]]]]]]]
    # Brackets in text nest nothing, whatever is escaped around them.
    assert parse_json(r'["[[[[[[[[[[", "\\", "\"[[[[[[[[["]', "here") == ["[[[[[[[[[[", "\\", '"[[[[[[[[[']


@pytest.mark.parametrize("text", ['"' + r"\"" * 100_000, '"a' * 100_000, "\\" * 200_000, '"' * 200_001])
def test_counting_brackets_takes_one_pass(text):
    began = time.perf_counter()
    with pytest.raises(UserError):
        parse_json(text, "here")
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [[[[[[[[1]]]]]]]]", "nested more than 8 levels"),
        ("[" * 5000, "nested more than 8 levels"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: 1\nb: 2\na: 3", "the key 'a' is given twice"),
        ("a: {b: 1, b: 2}", "the key 'b' is given twice"),
        ("a: !!python/object/apply:os.system [echo]", "line 1: tags"),
        ("a: !!python/name:os.system", "line 1: tags"),
        ("a: 1\n---\nb: 2", "not YAML as it is accepted"),
        ("a: [", "not YAML as it is accepted"),
    ],
)
def test_yaml_that_is_refused(text, reason):
    with pytest.raises(UserError, match=reason):
        parse_yaml(text, "here")


def test_yaml_that_is_accepted():
    assert parse_yaml("a: [1, {b: c}]\nd: x", "here") == {"a": [1, {"b": "c"}], "d": "x"}
