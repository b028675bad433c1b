"""A user that a language model plays."""

import pytest

from fault_server import FaultServer
from tod_bench.errors import UserError
from tod_bench.interact.config import PlayConfig, agent_of, environment_of
from tod_bench.interact.episode import Environment
from tod_bench.interact.faults import faults_of
from tod_bench.interact.journal import read_journal
from tod_bench.interact.llm_user import LLMUsers, goal_text
from tod_bench.interact.play import play
from tod_bench.interact.run import score_journal
from tod_bench.interact.words.language import OwnWords, RulePolicyInWords
from tod_bench.simulated.corpus import Simulated

CORPUS = Simulated({"test": 4})


def test_the_seeded_user_behind_a_model_has_the_same_dialogues(tmp_path):
    seeded, played = (Environment(CORPUS, language=OwnWords(), **user) for user in ({}, {"user": LLMUsers("scripted")}))
    lines = [
        list(read_journal(play(one, RulePolicyInWords(), tmp_path / f"{name}.jsonl")))
        for name, one in (("seeded", seeded), ("llm", played))
    ]
    said = [[turn["user"]["text"] for one in records for turn in one["turns"]] for records in lines]
    assert said[0] == said[1]
    assert [one["ledger"] for one in lines[0]] == [one["ledger"] for one in lines[1]]
    assert all(one["user_usage"]["requests"] == len(one["turns"]) for one in lines[1])
    assert lines[1][0]["versions"]["user"] == "llm1"
    assert score_journal(tmp_path / "llm.jsonl", played.world).get("episode_success").score == 100


def records_with(answer, folder):
    with FaultServer(answer) as server:
        users = LLMUsers("any", base_url=server.base_url, retry={"attempts": 1, "backoff": [0.01, 0.02]})
        environment = Environment(CORPUS, language=OwnWords(), limit=1, user=users)
        return environment, list(read_journal(play(environment, RulePolicyInWords(), folder / "j.jsonl")))


def test_what_the_model_says_against_its_goal_is_a_fault_of_the_user(tmp_path):
    environment, (record,) = records_with(
        lambda _: "I need a restaurant. It should serve martian food. [done]", tmp_path
    )
    assert record["end"] == "done"
    assert "not in goal" in {fault.kind for fault in faults_of(record, environment.goals[0])}


def test_a_model_that_says_nothing_breaks_off(tmp_path):
    _, (record,) = records_with(lambda _: " ", tmp_path)
    assert record["end"] == "user: empty"
    assert record["user_usage"]["requests"] == 3
    assert record["user_usage"]["asked_again"] == 2


def test_a_goal_is_told_whole():
    for goal in CORPUS.interactive_goals("test"):
        told = goal_text(goal)
        for wish in goal.wishes:
            for values in (wish.inform, wish.first, wish.book, wish.first_book):
                assert all(value in told for value in values.values())
            assert all(slot in told for slot in wish.request)


def test_the_config_says_who_plays_the_user(tmp_path):
    raw = {"name": "x", "corpus": {"corpus": "simulated"}, "agents": {"rule": {"agent": "rule"}}}
    config = PlayConfig.model_validate({**raw, "user": {"llm": {"model": "scripted"}}})
    assert environment_of(config).user.signature["model"] == "scripted"
    wrong = PlayConfig.model_validate({**raw, "user": {"llm": {"modell": "scripted"}}})
    with pytest.raises(UserError, match="modell: unknown key"):
        environment_of(wrong)
    acts = environment_of(config.model_copy(update={"language": "acts"}))
    with pytest.raises(UserError, match="language: words"):
        play(acts, agent_of(config.agents["rule"], "acts"), tmp_path / "x.jsonl")
