"""docs/which_jga.md: its file is made and scored as the page says, and its numbers are those that come out."""

import re
from pathlib import Path

from guides import DOCS, blocks, follow
from tod_bench.scoring import read_scores

PAGE = "which_jga.md"


def shown() -> dict[str, str]:
    """The numbers of the page's table about the one file: what stands in front -> number."""
    text = (DOCS / PAGE).read_text(encoding="utf-8").partition("| choice | number |")[2]
    return dict(re.findall(r"^\| (.+?) \| (\d+\.\d\d) \|$", text.partition("\n\n")[0], flags=re.MULTILINE))


def test_the_page_shows_what_each_choice_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(PAGE, "python")[0], PAGE, "exec"), {})
    _, _, warned, added_up = follow(PAGE)
    sentence = " ".join(blocks_of_text("these predictions look like"))
    assert sentence in " ".join(warned.split())
    assert "look like turn updates" not in added_up
    table = shown()
    found = {}
    for score in read_scores(Path("protocols.json")):
        found[f"jga@{score.protocol}"] = score.value
    for score in read_scores(Path("domains.json")):
        if str(score.slice or "") == "restaurant":
            found[score.metric] = score.value
    (found["turn updates scored as states"],) = [score.value for score in read_scores(Path("updates.json"))]
    (found["the same with `--updates`"],) = [score.value for score in read_scores(Path("added_up.json"))]
    assert len(table) == len(found) == 11
    for what, number in table.items():
        (name,) = [name for name in found if what == name or f"`{name}`" in what]
        assert f"{found[name]:.2f}" == number, what


def blocks_of_text(start: str) -> list[str]:
    """The words of the page's indented block that begins so."""
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    found = next(part for part in re.split(r"\n\n", text) if part.strip().startswith(start))
    return found.split()
