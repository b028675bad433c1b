"""What stands in results/table6_personalised: every system on both arms, and the page has the table's numbers."""

import csv
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "results" / "table6_personalised"
ARMS = ("plain", "personalised", "personalised - plain")
SYSTEMS = {"carry_over": ("JGA",), "rule_match": ("JGA",)} | dict.fromkeys(
    ("t5-tiny", "decoder", "oracle"), ("JGA", "Entity F1")
)


@pytest.fixture(scope="module")
def table():
    """(system, arm, column) -> the numbers of a cell, as text."""
    with (FOLDER / "table.csv").open(encoding="utf-8", newline="") as file:
        return {(row["system"], row["corpus"], row["column"]): row for row in csv.DictReader(file)}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_was_measured_on_both_arms(table, system):
    for column in SYSTEMS[system]:
        plain, personalised, difference = (float(table[system, arm, column]["value"]) for arm in ARMS)
        assert difference == pytest.approx(personalised - plain, abs=1e-9)
    assert "n:6988" in table[system, "plain", "JGA"]["signature"].split("|")


def test_labels_hold(table):
    for arm in ARMS[:2]:
        assert [float(table["oracle", arm, column]["value"]) for column in ("JGA", "Entity F1")] == [100, 100]


@pytest.mark.parametrize("system", ["rule_match", "t5-tiny", "decoder"])
def test_the_page_has_the_tables_numbers(table, system):
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    for column in SYSTEMS[system]:
        *arms, difference = (table[system, arm, column] for arm in ARMS)
        cells = [cell(row) for row in arms] + [f"{cell(difference, '+.2f', '+.2f')}, p = {float(difference['p']):.4f}"]
        assert f"| `{system}` | {column} | {' | '.join(cells)} |" in lines


def cell(row, score=".2f", ends=".1f"):
    """A score and its interval, each in a format of its own; differences have signs and two digits throughout."""
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    return f"{value:{score}} [{low:{ends}}, {high:{ends}}]"
