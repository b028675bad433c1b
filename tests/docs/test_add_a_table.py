"""docs/add_a_table.md, followed literally."""

from pathlib import Path

from guides import blocks, follow

PAGE = "add_a_table.md"


def test_the_page_works_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my_table.yaml").write_text(blocks(PAGE, "yaml")[0], encoding="utf-8")
    validated, planned, ran = follow(PAGE)
    assert "my_table is valid: 6 experiments" in validated
    assert planned.count("to do") == 12
    assert "oracle" in ran
    assert "100.00" in ran
    written = {path.name for path in Path("runs/tables/my_table").iterdir()}
    assert written >= {"table.csv", "table.json", "table.md", "table.tex", "page.html"}
