"""Episodes: the rules of turns, and agents that misbehave."""

import pytest

from scripted_agents import Scripted
from tod_bench.errors import UserError
from tod_bench.interact.agents import Call, Say
from tod_bench.interact.episode import CALLS, CHARACTERS, TURNS, Environment, play_episode
from tod_bench.interact.user import UserSettings
from tod_bench.records import Act
from tod_bench.simulated.corpus import Simulated


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 12}))


def play(environment, reply, goal=0):
    return play_episode(environment, Scripted(reply), environment.goals[goal], 0)


def test_a_deaf_agent_is_left(environment):
    record = play(environment, lambda _: Say(acts=(Act("general", "reqmore"),)))
    assert record["end"] == "left"
    assert [("agent" in turn) for turn in record["turns"]][-2:] == [True, False]


def test_an_agent_that_crashes(environment):
    def crash(_):
        raise ZeroDivisionError

    assert play(environment, crash)["end"] == "crash: ZeroDivisionError"


def test_an_agent_that_hangs():
    import time

    def sleep(_):
        try:
            time.sleep(30)
        except Exception:  # noqa: BLE001 - an agent that catches everything that it may
            return Say()

    began = time.monotonic()
    assert play(Environment(Simulated({"test": 1}), seconds=0.05), sleep)["end"] == "hang"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("reply", [None, "hello", Say(text=5), 3])
def test_an_agent_that_replies_with_something_else(environment, reply):
    assert play(environment, lambda _: reply)["end"] == "no reply"


def test_an_agent_that_says_too_much(environment):
    assert play(environment, lambda _: Say("x" * (CHARACTERS + 1)))["end"] == "length"
    endless = Call("query", {"domain": "hotel", "constraints": {"area": "x" * CHARACTERS}})
    assert play(environment, lambda _: endless)["end"] == "length"


def test_an_agent_that_only_calls(environment):
    record = play(environment, lambda _: Call("book", {"domain": "hotel", "details": {}}))
    assert record["end"] == "calls"
    assert len(record["turns"][0]["calls"]) == CALLS


def test_unknown_tools_are_results(environment):
    def reply(observation):
        return Call("fly", {}) if observation.result is None else Say()

    record = play(environment, reply)
    assert record["turns"][0]["calls"][0]["result"]["error"] == "call"
    assert record["end"] == "left"


def test_an_episode_has_a_last_turn():
    environment = Environment(Simulated({"test": 3}), user=UserSettings(patience=1000))
    record = play(environment, lambda _: Say())
    assert (record["end"], len(record["turns"])) == ("turns", TURNS)


def test_turns_are_taken_in_turn(environment):
    episode = environment.reset(environment.goals[0], 0)
    with pytest.raises(RuntimeError, match="not the agent's turn"):
        episode.agent(Say())
    episode.user()
    with pytest.raises(RuntimeError, match="has not answered"):
        episode.user()


def test_a_call_shows_the_turn_again_with_its_result(environment):
    episode = environment.reset(environment.goals[0], 0)
    first = episode.user()
    after = episode.agent(Call("query", {"domain": "hotel"}))
    assert (after.acts, after.turn, after.result["count"]) == (first.acts, 0, 24)
    assert len(after.result["entries"]) == 10
    assert episode.agent(Say()) is None


def test_trials_and_seeds_differ_and_repeat(environment):
    other = Environment(environment.corpus, seed=2)
    goal = next(goal for goal in environment.goals if len(goal.wishes[0].inform) > 2)

    def turns(chosen, trial):
        return [chosen.reset(goal, trial).user().acts for _ in range(2)]

    every = [turns(chosen, trial) for chosen in (environment, other) for trial in range(6)]
    assert all(first == again for first, again in every)
    assert len({first for first, _ in every}) > 1


def test_too_few_goals_are_an_error(environment):
    with pytest.raises(UserError, match="has 12 goals, not 13"):
        _ = Environment(environment.corpus, limit=13).goals


@pytest.mark.parametrize(
    "reply",
    [
        Say("\ud800"),
        Say(acts=None),
        Say(acts=(("hotel", "inform"),)),
        Say(acts=(Act("hotel", "inform", "area", 5),)),
        Call("query", {"domain": object()}),
        Call("query", {"domain": "\ud800"}),
        Call(lambda: None, {}),
    ],
)
def test_what_cannot_be_written_down_is_no_reply(environment, reply):
    assert play(environment, lambda _: reply)["end"] == "no reply"


def test_too_long_acts_and_names_of_tools(environment):
    long = "x" * (CHARACTERS + 1)
    assert play(environment, lambda _: Say(acts=(Act("hotel", "inform", "area", long),)))["end"] == "length"
    assert play(environment, lambda _: Call(long, {}))["end"] == "length"


def test_an_agent_that_changes_what_it_gave_changes_nothing(environment):
    details = {"departure": "a", "destination": "b", "leaveat": "10:00"}
    arguments = {"domain": "taxi", "details": details}

    def reply(observation):
        if observation.result is None:
            details["leaveat"] = "10:00"
            return Call("book", arguments)
        details["leaveat"] = "12:00"
        return Say()

    record = play(environment, reply)
    assert [booking["details"]["leaveat"] for booking in record["ledger"]] == ["10:00"]
    assert record["turns"][0]["calls"][0]["arguments"]["details"]["leaveat"] == "10:00"


def test_an_agent_that_changes_what_it_was_given_changes_nothing(environment):
    def reply(observation):
        if observation.result is None:
            return Call("query", {"domain": "hotel", "constraints": {}})
        for entry in observation.result["entries"]:
            entry["name"] = "mine"
        return Say()

    play(environment, reply)
    assert "mine" not in [entry["name"] for entry in environment.world.find("hotel", {}).entries]
