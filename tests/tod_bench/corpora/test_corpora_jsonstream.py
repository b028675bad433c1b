"""Streaming JSON: whole, in pieces, broken."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.corpora import jsonstream
from tod_bench.corpora.jsonstream import RawFile, array_items, load_json, object_members
from tod_bench.errors import DataError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def _file(folder: Path, text: str) -> RawFile:
    path = folder / "a.json"
    path.write_text(text, encoding="utf-8")
    return RawFile(path)


@given(items=st.lists(VALUES, max_size=6), chunk=st.integers(1, 9), indent=st.sampled_from([None, 1]))
def test_items_are_those_of_the_json_module(
    tmp_path_factory: pytest.TempPathFactory, items: list[object], chunk: int, indent: int | None
) -> None:
    folder = tmp_path_factory.mktemp("items")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonstream, "_CHUNK", chunk)
        assert list(array_items(_file(folder, json.dumps(items, indent=indent)))) == items
        members = {str(number): item for number, item in enumerate(items)}
        assert list(object_members(_file(folder, json.dumps(members, indent=indent)))) == list(members.items())


def test_a_repeated_key_is_given_twice(tmp_path: Path) -> None:
    assert list(object_members(_file(tmp_path, '{"a": 1, "a": 2}'))) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("text", "whole", "message"),
    [
        ('[{"a": 1}, {"a": 2}, {"a"', 2, "breaks off after 2 records"),
        ("[1, 2", 2, "breaks off after 2 records"),
        ("", 0, "breaks off after 0 records"),
        ("[1 2]", 1, "not valid JSON"),
        ("[1] [2]", 1, "not valid JSON"),
        ('{"a": 1}', 0, "not valid JSON"),
        ("[nope]", 0, "not valid JSON"),
        ("[" * 100_000, 0, "not valid JSON"),
    ],
)
def test_what_comes_before_a_break_is_given(tmp_path: Path, text: str, whole: int, message: str) -> None:
    items = array_items(_file(tmp_path, text))
    for _ in range(whole):
        next(items)
    with pytest.raises(DataError, match=message):
        next(items)


def test_a_zip_member_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("in/a.json", "[1, 2]")
    assert list(array_items(RawFile(tmp_path / "z.zip", "in/a.json"))) == [1, 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.json", None, "there is no such file"),
        ("latin.json", b'["\xe9"]', "not UTF-8"),
        ("half.json", b'{"a": [1', "is not JSON"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}.*{message}"):
        load_json(RawFile(tmp_path / name))


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "z.zip").write_bytes(b"PK no zip")
    with pytest.raises(DataError, match=r"z\.zip.*damaged"):
        load_json(RawFile(tmp_path / "z.zip", "a.json"))
