"""Agents in lockstep, agents that fail in a batch, what is lost, what is retried, what cannot be sent elsewhere."""

import time

import pytest

from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent, Failed, Lost, Observation, Say, Talk
from tod_bench.interact.config import AgentSection, agent_of
from tod_bench.interact.episode import Environment
from tod_bench.interact.journal import read_journal
from tod_bench.interact.play import play
from tod_bench.interact.rule_policy import RulePolicy
from tod_bench.simulated.corpus import Simulated

ENVIRONMENT = Environment(Simulated({"test": 30}), limit=9)


class Many(RulePolicy):
    """The rule policy, several episodes at a time."""

    side_by_side = 4


class Odd(Agent):
    """An agent that does what a function says, by the number of the episode."""

    name = "odd"

    def __init__(self, does, side_by_side=3):
        self.does, self.begun, self.side_by_side = does, 0, side_by_side

    @property
    def signature(self):
        return {"agent": self.name}

    def talk(self, world, rng):
        self.begun += 1
        number, does = self.begun - 1, self.does

        class One(Talk):
            def act(self, observation):
                return does(number, observation)

        return One()


def ends(agent, path, environment=ENVIRONMENT, **options):
    return [record["end"] for record in read_journal(play(environment, agent, path, **options))]


def test_lockstep_gives_the_same_bytes(tmp_path):
    one, many = (play(ENVIRONMENT, agent(), tmp_path / f"{agent.__name__}.jsonl") for agent in (RulePolicy, Many))
    assert one.read_bytes() == many.read_bytes()


def test_one_episode_that_fails_in_a_batch_ends_alone(tmp_path):
    failing = ENVIRONMENT.goals[2].id

    def does(_number, observation):
        if observation.acts and observation.episode == names[failing]:
            raise SystemExit(3)
        return Say()

    names = {goal.id: ENVIRONMENT.reset(goal, 0).name for goal in ENVIRONMENT.goals}
    found = ends(Odd(does), tmp_path / "j.jsonl")
    assert [end == "crash: SystemExit" for end in found] == [goal.id == failing for goal in ENVIRONMENT.goals]
    assert set(found) == {"crash: SystemExit", "left"}


def test_one_episode_that_hangs_in_a_batch_ends_alone(tmp_path):
    environment = Environment(ENVIRONMENT.corpus, limit=3, seconds=0.2)
    slow = environment.reset(environment.goals[1], 0).name

    def does(_number, observation):
        if observation.episode == slow:
            time.sleep(5)
        return Say()

    began = time.monotonic()
    assert ends(Odd(does), tmp_path / "j.jsonl", environment) == ["left", "hang", "left"]
    assert time.monotonic() - began < 4


def test_an_agent_that_cannot_begin(tmp_path):
    class Never(Odd):
        def talk(self, world, rng):
            raise KeyError

    assert set(ends(Never(None), tmp_path / "j.jsonl")) == {"crash: KeyError"}


def test_what_is_lost_is_not_kept_and_is_played_by_the_same_command(tmp_path):
    lost = [True]

    def does(number, _observation):
        return Lost("no answer") if lost[0] and number == 2 else Failed("odd: as told")

    path = tmp_path / "j.jsonl"
    with pytest.raises(UserError, match=r"1 of 9 episodes were lost, such as sim-test-00002/0 \(no answer\); 8 are in"):
        play(ENVIRONMENT, Odd(does), path)
    assert len(list(read_journal(path))) == 8
    lost[0] = False
    assert ends(Odd(does), path) == ["odd: as told"] * 9


def test_a_play_gives_up_where_everything_is_lost(tmp_path):
    environment = Environment(ENVIRONMENT.corpus, limit=30)
    agent = Odd(lambda *_: Lost("no answer"))
    with pytest.raises(UserError, match="of 30 episodes were lost"):
        play(environment, agent, tmp_path / "j.jsonl")
    assert agent.begun < 30


def test_failures_of_machines_are_played_again_on_request_and_others_stay(tmp_path):
    broken = [True]

    def does(number, _observation):
        if broken[0] and number in (1, 4):
            raise OSError
        return Failed("http: status 500") if broken[0] and number == 2 else Failed("odd: as told")

    path = tmp_path / "j.jsonl"
    first = ends(Odd(does, 1), path)
    assert sorted(set(first)) == ["crash: OSError", "http: status 500", "odd: as told"]
    broken[0] = False
    again = Odd(does, 1)
    assert ends(again, path) == first
    assert ends(again, path, retry=True) == ["odd: as told"] * 9
    assert again.begun == sum(end != "odd: as told" for end in first)


def test_the_name_of_an_episode_tells_nothing_of_its_goal():
    seen = [ENVIRONMENT.reset(goal, trial).user() for goal in ENVIRONMENT.goals for trial in range(2)]
    assert len({observation.episode for observation in seen}) == 18
    for goal in ENVIRONMENT.goals:
        assert not any(goal.id in str(observation) for observation in seen)
    assert isinstance(seen[0], Observation)


def test_agents_that_cannot_be_sent_to_other_processes_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"cannot be sent to other processes .*leave --workers and --backend out"):
        play(Environment(ENVIRONMENT.corpus), Odd(lambda *_: Say()), tmp_path / "j.jsonl", workers=2)


MODULE = """
from tod_bench.interact.agents import Agent
from tod_bench.interact.rule_policy import RulePolicy


class Mine(RulePolicy):
    pass


class Leaves(Mine):
    def __init__(self):
        raise SystemExit(2)


class Breaks(Mine):
    def __init__(self):
        raise ZeroDivisionError("no")


class Half(Agent):
    pass
"""


def test_classes_of_the_working_folder(tmp_path, monkeypatch):
    import sys

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "here_agents.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "leaves_agents.py").write_text("raise SystemExit(1)", encoding="utf-8")
    assert agent_of(AgentSection(agent="here_agents:Mine"), "acts").signature["agent"] == "rule"
    for name, match in [
        ("here_agents:Leaves", "its constructor raised SystemExit: 2"),
        ("here_agents:Breaks", "its constructor raised ZeroDivisionError: no"),
        ("here_agents:Half", "lacks signature, talk"),
        ("here_agents:Missing", "cannot be loaded"),
        ("leaves_agents:Any", "cannot be loaded: SystemExit"),
        ("tri", "did you mean 'trio'"),
    ]:
        with pytest.raises(UserError, match=match):
            agent_of(AgentSection(agent=name), "acts")
