"""Atomic files and digests."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.errors import UserError
from tod_bench.files import atomic_writer, digest_of, digest_of_files, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old", encoding="utf-8")

    def killed() -> None:
        with atomic_writer(path) as file:
            file.write("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        killed()
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["file.txt"]


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match=r"file\.json could not be written: No space left on device; make room in"):
        write_json(tmp_path / "file.json", {"a": 1})
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_a_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"could not be written: .*; see that .*/file can be written to"):
        write_json(tmp_path / "file" / "below.json", {})


def test_files_have_the_mode_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    write_json(tmp_path / "ours", {})
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_nan_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "file.json", float("nan"))


@given(st.dictionaries(st.text(), st.integers()))
def test_digests_do_not_depend_on_the_order_of_keys(value):
    assert digest_of(value) == digest_of(dict(reversed(value.items())))


def test_digest_of_files_sees_content_and_order(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_text(path.name, encoding="utf-8")
    before = digest_of_files(paths)
    assert before != digest_of_files(paths[::-1])
    paths[0].write_text("changed", encoding="utf-8")
    assert before != digest_of_files(paths)
