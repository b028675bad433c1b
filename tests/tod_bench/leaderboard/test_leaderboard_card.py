"""The card: every error at once, names that only name, links that only lead to the web."""

import json

import pytest

from leaderboards import CARD
from tod_bench.errors import UserError
from tod_bench.leaderboard.card import card_of, folder_name, read_card, write_card


def card(**changes):
    return card_of({**CARD, **changes}, "card.yaml")


def test_yaml_and_json_give_the_same_card(tmp_path):
    one = card(description="One line.", gold_access=["gold_state"])
    write_card(one, tmp_path / "card.yaml")
    (tmp_path / "card.json").write_text(json.dumps(one.model_dump(mode="json")), encoding="utf-8")
    assert read_card(tmp_path / "card.yaml") == read_card(tmp_path / "card.json") == one
    assert card(parameters=None).parameters is None


def test_the_key_of_earlier_versions_is_read():
    assert card(privileges=["gold"]) == card(gold_access=["gold"])
    with pytest.raises(UserError, match=r"card.yaml, privileges.0: "):
        card(privileges=["everything"])
    with pytest.raises(UserError, match=r"card.yaml, privileges: a card has no such key"):
        card(privileges=["gold"], gold_access=["gold"])


def test_every_error_is_named_at_once():
    wrong = {**CARD, "tasks": ["dst", "nlu"], "parameters": -1, "trak": "toy", "date": "yesterday"}
    del wrong["track"]
    with pytest.raises(UserError) as raised:
        card_of(wrong, "card.yaml")
    lines = str(raised.value).splitlines()
    assert len(lines) == 5
    assert "card.yaml, track: this key is required" in lines
    assert "card.yaml, trak: a card has no such key; did you mean 'track'?" in lines
    assert any(line.startswith("card.yaml, tasks.1: ") for line in lines)
    assert any(line.startswith("card.yaml, parameters: ") for line in lines)
    assert any(line.startswith("card.yaml, date: ") for line in lines)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>1</script>",
        "file:///etc/passwd",
        "//example.org",
        "https://",
        "https://user:password@example.org",
        "https://example.org/ x",
        'https://example.org/"onclick=1',
        "https://example.org/<script>",
        "https://exämple.org",
        "https://example.org/" + "x" * 300,
    ],
)
def test_links_that_are_refused(link):
    with pytest.raises(UserError, match=r"card.yaml, link: "):
        card(link=link)


@pytest.mark.parametrize(
    "link", ["https://example.org", "http://example.org:8080/a/b?c=d&e=f#g", "HTTPS://EXAMPLE.ORG/"]
)
def test_links_that_are_accepted(link):
    assert card(link=link).link == link


@pytest.mark.parametrize(
    "name", ["", " x", "a\nb", "a\u202eb", "a\x00b", "\ud800", "a\u200bb", "x" * 61, ["x"], {"a": 1}]
)
def test_names_that_are_refused(name):
    with pytest.raises(UserError, match=r"card.yaml, system: "):
        card(system=name)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"parameters": float("nan")}, "parameters"),
        ({"parameters": float("inf")}, "parameters"),
        ({"parameters": 10**16}, "parameters"),
        ({"tasks": []}, "tasks"),
        ({"tasks": ["dst", "dst"]}, "tasks"),
        ({"gold_access": ["everything"]}, "gold_access.0"),
        ({"training_data": "x" * 401}, "training_data"),
    ],
)
def test_values_that_are_refused(changes, key):
    with pytest.raises(UserError, match=f"card.yaml, {key}: "):
        card(**changes)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/absolute", "<script>alert(1)</script>", "..a", "con", "Ünïcödé", "=HYPERLINK(1)", "系统"],
)
def test_no_name_leaves_the_folder(name):
    found = folder_name(card(system=name, track=name))
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert found.endswith("-20260301")


def test_systems_of_two_teams_have_two_pages():
    assert card().slug != card(team="Another team").slug
    assert card(system="a b").slug != card(system="a-b").slug
    assert card().slug == card(date="2027-01-01", track="other").slug


@pytest.mark.parametrize("text", ["1: x", "null: x", "[a]: x", "!!binary aGk=: x", "? {a: 1}\n: x", "<<: {system: x}"])
def test_odd_keys_are_sentences(tmp_path, text):
    (tmp_path / "card.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"^card\.yaml"):
        read_card(tmp_path / "card.yaml")


@pytest.mark.parametrize("value", [[], "text", 3, None])
def test_a_card_is_keys_and_values(value):
    with pytest.raises(UserError, match="a card is made of keys and values"):
        card_of(value, "card.yaml")
