"""docs/chat.md and docs/add_a_recipe.md, followed literally."""

import json
from pathlib import Path

import pytest

from guides import blocks, follow


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def results(folder: Path) -> dict[str, dict[str, float]]:
    """System -> metric -> value, of every result of a run."""
    found: dict[str, dict[str, float]] = {}
    for file in (folder / "runs").rglob("results/*.json"):
        result = json.loads(file.read_text(encoding="utf-8"))
        scores = {score["metric"]: score["value"] for score in result["scores"] if not score["slice"]}
        found[result["experiment"]["system"]] = scores
    return found


def test_the_page_of_language_models_works_as_written(here):
    (config,) = blocks("chat.md", "yaml")
    (here / "my_llm.yaml").write_text(config, encoding="utf-8")
    planned, table = follow("chat.md")
    assert "requests" in planned
    assert "sql with examples" in table
    found = results(here)
    assert set(found) == {"json", "sql with examples", "rule_match"}
    assert found["json"]["unread_rate"] == 0
    assert found["json"]["slot_f1"] > 0
    assert found["sql with examples"]["tokens_per_turn"] > 0


def test_the_recipe_of_the_page_works_as_written(here):
    (here / "my_recipe.py").write_text(blocks("add_a_recipe.md", "python")[0], encoding="utf-8")
    (here / "lines.jinja").write_text(blocks("add_a_recipe.md", "jinja")[0], encoding="utf-8")
    (here / "lines.yaml").write_text(blocks("add_a_recipe.md", "yaml")[0], encoding="utf-8")
    validated, table = follow("add_a_recipe.md")
    assert "lines is valid" in validated
    assert "lines" in table
    scores = results(here)["lines"]
    assert scores["unread_rate"] == 0
    assert scores["slot_f1"] > 0
