"""The helper that makes what several tests share: what a failed attempt leaves is in nobody's way."""

import pytest

from once import made_once


def test_what_a_failed_attempt_left_is_gone(tmp_path_factory):
    def fails(folder):
        (folder / "half").write_text("half")
        raise RuntimeError("no space")

    def works(folder):
        (folder / "whole").write_text("whole")

    with pytest.raises(RuntimeError):
        made_once(tmp_path_factory, "made-once", fails)
    made = made_once(tmp_path_factory, "made-once", works)
    assert [path.name for path in made.iterdir()] == ["whole"]
    assert sorted(path.name for path in made.parent.iterdir()) == ["lock", "made"]
    assert made_once(tmp_path_factory, "made-once", fails) == made
