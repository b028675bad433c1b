"""The page of played episodes: what it holds, and that other people's text stays text."""

import json
import re
from functools import partial

import pytest

from tod_bench.errors import UserError
from tod_bench.interact.episode import Environment, played
from tod_bench.interact.journal import encoded, read_journal
from tod_bench.interact.rule_policy import DeafAgent, RulePolicy
from tod_bench.interact.user_card.planting import FaultySettings
from tod_bench.reports.episodes import episodes_data, write_episodes
from tod_bench.simulated.corpus import Simulated

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 12}), user=FaultySettings(rate=0.3))


@pytest.fixture
def journals(environment, tmp_path):
    made = {}
    for agent in (RulePolicy(), DeafAgent()):
        made[agent.name] = tmp_path / f"{agent.name}.jsonl"
        records = [played(environment.reset(goal, 0), environment, agent) for goal in environment.goals]
        records[0]["turns"][0]["user"]["text"] = HOSTILE
        made[agent.name].write_bytes(b"".join(map(encoded, records)))
    return made


@pytest.fixture
def read(journals):
    return {name: partial(read_journal, journal) for name, journal in journals.items()}


def test_episodes_have_goal_turns_ledger_outcome_and_faults(environment, read):
    data = episodes_data(read, environment.world)
    assert (data["agents"], data["total"], len(data["episodes"])) == (["rule", "deaf"], 24, 24)
    faulty = next(one for one in data["episodes"] if "not in goal" in one["faults"])
    assert any("not in goal (policy)" in line for turn in faulty["turns"] for line in turn["faults"])
    assert {one["verdict"] for one in data["episodes"]} >= {"failure", "strict success"}
    booked = next(one for one in data["episodes"] if one["ledger"])
    assert booked["ledger"][0].startswith("booked ")
    assert any(line.startswith("book ") for turn in booked["turns"] for line in turn["calls"])
    assert len(booked["outcomes"]) == len(booked["goal"]) == len(booked["domains"])


def test_all_agents_are_shown_on_the_same_goals(environment, read):
    data = episodes_data(read, environment.world, goals=5)
    goals = {agent: {one["id"] for one in data["episodes"] if one["agent"] == agent} for agent in read}
    assert goals["rule"] == goals["deaf"]
    assert len(goals["rule"]) == 5
    assert len(episodes_data(read, environment.world, budget=9_000)["episodes"]) < 24


def test_the_page_is_one_safe_file(environment, journals, tmp_path):
    pytest.importorskip("jinja2")
    page = write_episodes(list(journals.values()), environment.world, tmp_path / "page.html").read_text(
        encoding="utf-8"
    )
    assert HOSTILE not in page
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert any(turn["user"] == HOSTILE for one in data["episodes"] for turn in one["turns"])
    assert not re.search(r'(?:src|href)="(?!#)', page)


def test_two_journals_of_one_name(environment, journals, tmp_path):
    with pytest.raises(UserError, match="these share one: rule, rule"):
        write_episodes([journals["rule"], journals["rule"]], environment.world, tmp_path / "page.html")
