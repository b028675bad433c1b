"""docs/simulated.md: its blocks of Python, run as they are written, and the sizes that they show."""

import pytest

from guides import blocks


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> dict:
    """The names that the block on portraits leaves."""
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOD_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        (block,) = [one for one in blocks("simulated.md", "python") if "portrait" in one]
        exec(compile(block, "docs/simulated.md, portraits", "exec"), names)
        names["files"] = [names["corpus"].images.path(f"1/test/{index:05}.png") for index in range(3)]
    return names


def test_portraits_are_drawn_as_the_page_says(shown):
    assert all(file.is_file() for file in shown["files"])
    assert shown["image"].size == (256, 256)
    assert shown["large"].startswith(b"\x89PNG")
