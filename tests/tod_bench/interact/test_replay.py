"""Replays: an honest record is reproduced, and no value of the user's side or the world can be another."""

import copy
import json

import pytest

from scripted_agents import Scripted
from tod_bench.interact.agents import Call, Say
from tod_bench.interact.episode import CALLS, Environment, play_episode
from tod_bench.interact.replay import layout_problem, replay_problem
from tod_bench.interact.rule_policy import DeafAgent, RulePolicy
from tod_bench.simulated.corpus import Simulated


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 12}))


def records(environment, agent, trials=1):
    made = [play_episode(environment, agent, goal, trial) for goal in environment.goals for trial in range(trials)]
    return json.loads(json.dumps(made))


def problem(record, environment):
    goal = next(goal for goal in environment.goals if goal.id == record["goal"]["id"])
    return layout_problem(record) or replay_problem(record, environment, goal)


def odd(reply):
    """An agent that greets, and from its second turn on does something odd."""
    return Scripted(lambda observation: Say("Hello.") if observation.turn == 0 else reply())


def _raise():
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("agent", "end"),
    [
        (RulePolicy(), "done"),
        (RulePolicy(lie=0.5, wrong_venue=0.5, wrong_detail=0.5), "done"),
        (DeafAgent(), "left"),
        (odd(_raise), "crash: ValueError"),
        (odd(lambda: None), "no reply"),
        (odd(lambda: Say("x" * 10_001)), "length"),
        (odd(lambda: Call("book", {"domain": "hotel", "entity": "x" * 10_001})), "length"),
        (odd(lambda: Call("query", {"domain": "hotel"})), "calls"),
        (odd(lambda: Call("dance", {"how": ["slowly", {"with": None}]})), "calls"),
        (odd(lambda: Call("query", [1, 2])), "calls"),
    ],
)
def test_honest_episodes_are_reproduced(environment, agent, end):
    made = records(environment, agent)
    assert end in {record["end"] for record in made}
    assert [problem(record, environment) for record in made] == [""] * len(made)


def leaves(value, path=()):
    """The place of every value that is no container, and of every empty container."""
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else ["x"]


def is_the_agents(path):
    """What the agent says and calls is its own: it may be anything, as long as the rest follows from it."""
    return path[0] == "agent" or (path[0] == "turns" and ("agent" in path or "name" in path or "arguments" in path))


def test_no_other_value_of_an_episode_is_accepted(environment):
    """Every value is changed in turn: user, results, what was heard, ledger, goal, versions, seed, trial, end."""
    record = max(records(environment, RulePolicy()), key=lambda one: len(one["ledger"]))
    assert record["ledger"]
    tried = 0
    for path in leaves(record):
        if is_the_agents(path):
            continue
        forged = copy.deepcopy(record)
        place = forged
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = changed(place[path[-1]])
        if path == ("goal", "id"):
            continue  # another id is another goal, which whoever calls looks up
        assert problem(forged, environment), f"{path} can be changed"
        tried += 1
    assert tried > 100


def test_no_part_of_an_episode_can_be_left_out(environment):
    record = max(records(environment, RulePolicy()), key=lambda one: len(one["ledger"]))
    for number, turn in enumerate(record["turns"]):
        for name in turn.keys() - {"calls"}:  # an agent may say the same without having looked anything up
            forged = copy.deepcopy(record)
            del forged["turns"][number][name]
            assert problem(forged, environment), f"{name} of turn {number} can be left out"
    for number in range(len(record["turns"])):
        forged = copy.deepcopy(record)
        del forged["turns"][number]
        assert problem(forged, environment), f"turn {number} can be left out"


def test_an_agent_that_calls_without_end_made_all_of_its_calls(environment):
    record = records(environment, odd(lambda: Call("query", {"domain": "hotel"})))[0]
    assert len(record["turns"][-1]["calls"]) == CALLS
    del record["turns"][-1]["calls"][4:]
    assert "it did not end with 'calls'" in problem(record, environment)


def test_an_end_of_no_kind_is_none(environment):
    record = records(environment, odd(_raise))[0]
    for end in ("done", "turns", "crash: me and you", "what I like"):
        assert "it did not end with" in problem({**record, "end": end}, environment)
    assert problem({**record, "end": ""}, environment) == "it has not ended"


def test_what_an_agent_says_of_its_costs_is_its_own(environment):
    record = records(environment, RulePolicy())[0]
    assert problem({**record, "usage": {"tokens": 5}}, environment) == ""


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.pop("turns"),
        lambda record: record.update(trial=-1),
        lambda record: record.update(turns=[{"user": "hello"}]),
        lambda record: record["turns"][0].update(mood="good"),
        lambda record: record["turns"][0]["user"].update(acts=[["hotel", "inform"]]),
        lambda record: record["turns"][0]["user"].update(text="\ud800"),
    ],
)
def test_what_is_not_laid_out_as_an_episode_is_said(environment, spoil):
    record = records(environment, RulePolicy())[0]
    spoil(record)
    assert layout_problem(record)
