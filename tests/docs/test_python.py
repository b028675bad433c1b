"""docs/python.md, followed as it is written, and what its results look like."""

import html
import re
from pathlib import Path

import pytest

from guides import blocks


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> dict:
    """The names that the page's blocks leave, run in order in a folder of their own."""
    pytest.importorskip("datasets")
    names: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("guide"))
        patch.setenv("TOD_BENCH_CACHE", str(Path.cwd() / "cache"))
        for number, block in enumerate(blocks("python.md", "python")):
            exec(compile(block, f"docs/python.md, block {number}", "exec"), names)
        names["folder"] = Path.cwd()
    return names


def test_the_picture_of_a_user_is_a_file(followed):
    dialogue, images = followed["dialogue"], followed["corpus"].images
    assert images.path(dialogue.persona.image).read_bytes() == images.data(dialogue.persona.image)


def test_the_numbers_of_the_page_are_those_of_the_verbs(followed):
    assert followed["jga"].value == followed["scores"].find("jga", "tod_bench").value
    assert 0 < followed["jga"].low < followed["jga"].value < followed["jga"].high < 100
    assert followed["compared"][0].verdict in ("A", "B", "undecided")
    assert "Holm" not in repr(followed["compared"])
    assert "(randomisation)" in repr(followed["compared"])
    values = {row["system"]: row["value"] for row in followed["result"].records() if row["metric"] == "jga"}
    assert values["oracle"] == 100
    assert values["majority"] < 100
    assert {row["train"] for row in followed["swept"].records()} == {"train[:2]", "train"}
    assert (followed["folder"] / "judged" / "report.json").is_file()
    assert [score.metric for score in followed["entry"].scores["dst"] if not score.slice] == ["jga"]
    assert [len(entries) for entries in followed["site"].board.systems.values()] == [1]
    assert (followed["folder"] / followed["site"].index).is_file()
    assert {row["scored"] for row in followed["planned"].records()} == {False}


def test_results_show_themselves_with_intervals_and_signatures(followed):
    shown = followed["scores"]._repr_html_()
    assert html.escape(str(followed["jga"].signature.without("n")).partition("|")[2]) in shown
    assert re.search(r"\d+\.\d\d \[\d+\.\d, \d+\.\d\]", shown)
    for name in ("corpus", "compared", "result", "planned", "swept", "judged"):
        assert followed[name]._repr_html_().startswith("<table>"), name
        assert len(followed[name].to_pandas()) == len(followed[name].records()) > 0, name
    assert followed["judged"].scores[0].signature.options["judge"] == "scripted"
