"""The metric cards say what the code does."""

import importlib.util
from pathlib import Path

import pytest

from tod_metrics import METRICS, metric_class
from tod_metrics.items import ActItem, StateItem

FOLDER = Path(__file__).parents[2] / "docs" / "metrics"
CARDS = sorted(FOLDER.glob("*.md"))


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("metric_card_tables", FOLDER / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_tables_are_true(tables, card):
    text = card.read_text(encoding="utf-8")
    assert tables.filled(text) == text, "run: python docs/metrics/tables.py"


def test_every_table_is_shown_somewhere(tables):
    shown = {name for card in CARDS for _, name, _ in tables.MARK.findall(card.read_text(encoding="utf-8"))}
    assert shown == tables.TABLES.keys()


def test_every_state_and_act_metric_has_a_card():
    cards = "".join(card.read_text(encoding="utf-8") for card in CARDS if card.stem != "README")
    for name in METRICS:
        if metric_class(name).item in (StateItem, ActItem):
            assert f"`{name}`" in cards, name


def test_links_between_cards_lead_somewhere():
    import re

    for card in CARDS:
        for target in re.findall(r"\]\(([\w.]+\.md)\)", card.read_text(encoding="utf-8")):
            assert (FOLDER / target).is_file(), f"{card.name}: {target}"
