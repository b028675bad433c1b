"""``tod-bench play``: a play from its config, scored and shown again."""

import json

import pytest
from click.testing import CliRunner

from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent
from tod_bench.interact.config import AgentSection, agent_of, load_play

CONFIG = """
name: small
corpus: {corpus: simulated, options: {dialogues: {test: 8}}}
trials: 2
language: acts
agents:
  rule: {agent: rule}
  deaf: {agent: deaf}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "small.yaml").write_text(CONFIG, encoding="utf-8")
    return "small.yaml"


def call(*arguments):
    done = CliRunner().invoke(command, ["play", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_play(config, tmp_path):
    printed = call(config)
    assert "note: deaf: episodes ended: left 16" in printed
    folder = tmp_path / "runs" / "play" / "small"
    journal = folder / "rule.jsonl"
    before = journal.read_bytes()
    assert len(before.splitlines()) == 16
    scores = json.loads((folder / "rule.scores.json").read_text(encoding="utf-8"))["scores"]
    assert next(one["score"] for one in scores if one["metric"] == "episode_success") == 100
    call(config)
    assert journal.read_bytes() == before

    (folder / "rule.scores.json").unlink()
    assert "pass_k(k=2)" in call("score", str(journal))
    assert json.loads((folder / "rule.scores.json").read_text(encoding="utf-8"))["scores"] == scores

    shown = call("show", str(journal), "sim-test-00001/1")
    assert "sim-test-00001/1, ended: done" in shown
    assert "success: yes; strict: yes" in shown


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["agents.rule.agent=rul"], "there is no agent 'rul'; did you mean 'rule'?"),
        (["agents.rule.agent=no_such_package:A"], "cannot be loaded"),
        (["agents.rule.agent=builtins:dict"], "does not derive from"),
        (["agents.rule.params={lies: 1}"], "agent rule.lies: unknown key; did you mean 'lie'?"),
        (["agents.rule.params={lie: 2}"], "lie must be a share, 0 to 1, not 2"),
        (["split=tset"], "has no split 'tset'; did you mean 'test'?"),
        (["goals=9"], "has 8 goals, not 9"),
        (["trails=2"], "did you mean 'trials'?"),
        (["user.patience=0"], "user.patience"),
        (["agents={'a/b': {agent: rule}}"], "cannot be the name of a file"),
    ],
)
def test_errors_are_a_sentence(config, overrides, message):
    done = CliRunner().invoke(command, ["play", config, *overrides])
    assert isinstance(done.exception, UserError)
    assert message in str(done.exception)


def test_only_what_the_config_names_is_scored(config, tmp_path):
    call(config)
    printed = call(config, "trials=1", "goals=5")
    assert (
        "note: rule: 11 episodes of goals or trials that the config does not name are there, and not scored" in printed
    )
    scores = json.loads((tmp_path / "runs/play/small/rule.scores.json").read_text(encoding="utf-8"))["scores"]
    assert {one["episodes"] for one in scores if one["group"] == "all"} == {5}
    assert "fault-free success" in printed


def test_episodes_that_are_not_there_are_said(config, tmp_path):
    call(config)
    journal = tmp_path / "runs" / "play" / "small" / "rule.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-3]))
    assert "note: 3 of the 16 episodes that the config names are not there" in call("score", str(journal))


def test_an_agent_with_goals_and_trials_of_its_own_lacks_nothing(config, tmp_path):
    agents = "agents={rule: {agent: rule, goals: 3, trials: 1}, deaf: {agent: deaf, goals: 2, trials: 3}}"
    assert "not there" not in call(config, agents)
    folder = tmp_path / "runs" / "play" / "small"
    for agent, episodes in (("rule", 3), ("deaf", 6)):
        journal = folder / f"{agent}.jsonl"
        assert len(journal.read_bytes().splitlines()) == episodes
        scores = (folder / f"{agent}.scores.json").read_bytes()
        assert "the config" not in call("score", str(journal))
        assert (folder / f"{agent}.scores.json").read_bytes() == scores

    people = (folder / "rule.jsonl").rename(folder / "rule.people.jsonl")
    assert "the config" not in call("score", str(people))
    other = people.rename(folder / "other.jsonl")
    assert "note: 13 of the 16 episodes that the config names are not there" in call("score", str(other))


def test_episodes_of_another_world_are_not_scored(config, tmp_path):
    call(config)
    journal = tmp_path / "runs" / "play" / "small" / "rule.jsonl"
    journal.write_text(journal.read_text().replace('"world":"', '"world":"0'), encoding="utf-8")
    done = CliRunner().invoke(command, ["play", "score", str(journal)])
    assert "played in another world" in str(done.exception)


def test_what_is_not_there(config, tmp_path):
    call(config)
    journal = tmp_path / "runs" / "play" / "small" / "rule.jsonl"
    done = CliRunner().invoke(command, ["play", "show", str(journal), "nobody"])
    assert "has no episode 'nobody'; its names are like sim-test-00000/0" in str(done.exception)
    journal.with_name("play.json").unlink()
    done = CliRunner().invoke(command, ["play", "score", str(journal)])
    assert "there is no play.json beside" in str(done.exception)


def test_a_class_of_ones_own():
    name = "tod_bench.interact.rule_policy:DeafAgent"
    assert isinstance(agent_of(AgentSection(agent=name), "words"), Agent)


def test_the_shipped_config_loads():
    config = load_play("play_quickstart")
    assert config.name == "play_quickstart"
    assert {section.agent for section in config.agents.values()} == {"rule", "deaf"}


def test_a_refused_play_leaves_the_config_of_the_one_that_is_there(config, tmp_path):
    call(config)
    written = tmp_path / "runs" / "play" / "small" / "play.json"
    before = written.read_bytes()
    done = CliRunner().invoke(command, ["play", config, "user.patience=5"])
    assert "has episodes of another run" in str(done.exception)
    assert written.read_bytes() == before
    call(config, "trials=3")
    assert json.loads(written.read_text(encoding="utf-8"))["trials"] == 3
