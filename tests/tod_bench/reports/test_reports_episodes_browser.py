"""The page of played episodes in a browser: filters, addresses, faults that are marked, and who can read it."""

from functools import partial

import pytest

import axe
import chromium
from tod_bench.files import write_text
from tod_bench.interact.episode import Environment, played
from tod_bench.interact.journal import encoded, read_journal
from tod_bench.interact.user_card.planting import FaultySettings
from tod_bench.interact.words.language import OwnWords, RulePolicyInWords
from tod_bench.reports.episodes import episodes_data, rendered
from tod_bench.simulated.corpus import Simulated

pytestmark = pytest.mark.browser

FOUND = "document.getElementById('found').textContent"
SHOWN = "document.querySelector('#dialogue h3').textContent"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    environment = Environment(Simulated({"test": 8}), user=FaultySettings(rate=0.3), language=OwnWords())
    read = {}
    for name, agent in (("honest one", RulePolicyInWords()), ("lying", RulePolicyInWords(lie=0.9))):
        journal = tmp_path_factory.mktemp("episodes") / "j.jsonl"
        records = (played(environment.reset(goal, 0), environment, agent) for goal in environment.goals)
        journal.write_bytes(b"".join(map(encoded, records)))
        read[name] = partial(read_journal, journal)
    return episodes_data(read, environment.world)


@pytest.fixture(scope="module")
def page(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "episodes.html"
    write_text(path, rendered(data, "Toy corpus: episodes", {"Leaderboard": "../index.html"}))
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.Chromium(tmp_path_factory.mktemp("chromium") / "profile") as opened:
        yield opened


def test_an_address_names_an_agent_or_an_episode(browser, page, data):
    axe.show(browser, page)
    assert browser.evaluate(FOUND) == "16 of 16 episodes found."
    browser.evaluate("location.hash = '#a=honest+one'")
    browser.wait_for(f"{FOUND} === '8 of 16 episodes found.'")
    assert browser.evaluate(SHOWN).endswith(", honest one")
    wanted = next(one["id"] for one in data["episodes"] if one["agent"] == "lying")
    browser.evaluate(f"location.hash = '#e={wanted}&a=lying'")
    browser.wait_for(f"{SHOWN} === '{wanted}, lying'")
    assert browser.evaluate(FOUND) == "16 of 16 episodes found."


def test_goal_ledger_and_faults_are_there(browser, page, data):
    axe.show(browser, page)
    faulty = next(one for one in data["episodes"] if one["faults"] and one["ledger"])
    browser.evaluate(f"location.hash = '#e={faulty['id']}&a={faulty['agent'].replace(' ', '+')}'")
    browser.wait_for(f"{SHOWN} === '{faulty['id']}, {faulty['agent']}'")
    text = browser.evaluate("document.getElementById('dialogue').textContent")
    marked = browser.evaluate("[...document.querySelectorAll('#dialogue .mark.wrong')].map(item => item.textContent)")
    assert all(line in text for line in (*faulty["goal"], *faulty["ledger"]))
    lines = [line for turn in faulty["turns"] for line in turn["faults"]]
    assert lines
    assert all(any(line in mark for mark in marked) for line in lines)


@pytest.mark.parametrize("scheme", axe.SCHEMES)
@pytest.mark.parametrize("screen", axe.SCREENS)
def test_the_page_has_no_violation(browser, page, screen, scheme):
    axe.show(browser, page, screen=screen, scheme=scheme)
    assert axe.violations(browser) == []
