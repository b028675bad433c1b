"""A language model as an agent: both forms, what cannot be read, servers that fail, runs that are killed."""

import json

import pytest

from fault_server import FaultServer, faults
from tod_bench.errors import UserError
from tod_bench.interact.config import AgentSection, agent_of
from tod_bench.interact.episode import Environment
from tod_bench.interact.journal import read_journal
from tod_bench.interact.llm_agent import LLMAgent
from tod_bench.interact.play import play
from tod_bench.interact.words.language import OwnWords, RulePolicyInWords
from tod_bench.simulated.corpus import Simulated


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 3}), language=OwnWords())


def records(environment, agent, folder, **options):
    return list(read_journal(play(environment, agent, folder / "j.jsonl", **options)))


@pytest.mark.parametrize("form", ["native", "json"])
def test_the_rule_policy_behind_a_model_says_what_it_says_itself(environment, tmp_path, form):
    rule = records(environment, RulePolicyInWords(), tmp_path / "rule")
    model = records(environment, LLMAgent("scripted", tools=form), tmp_path / "llm")
    assert [(one["end"], one["ledger"]) for one in rule] == [(one["end"], one["ledger"]) for one in model]
    said = [[turn.get("agent", {}).get("text") for one in played for turn in one["turns"]] for played in (rule, model)]
    assert said[0] == said[1]
    assert all(one["usage"]["requests"] > 0 for one in model)


def test_auto_takes_functions_where_the_model_calls_them(environment, tmp_path):
    agent = LLMAgent("scripted")
    records(environment, agent, tmp_path)
    assert agent.signature["tools"] == "native"


def asked(body):
    """Says nothing of use, in JSON, after one look."""
    if body["messages"][-1]["content"].startswith('{"result"'):
        return '{"say": "Is there anything else I can help you with?"}'
    return '{"call": {"name": "query", "arguments": {"domain": "hotel"}}}'


def agent_at(server, **params):
    limits = {"concurrency": 2, "timeout": 5}
    retry = {"attempts": 1, "backoff": [0.01, 0.02]}
    return LLMAgent("any", base_url=server.base_url, tools="json", limits=limits, retry=retry, **params)


def test_nothing_is_asked_twice_however_often_a_run_breaks_off(environment, tmp_path):
    with FaultServer(asked) as server:
        whole = play(environment, agent_at(server), tmp_path / "whole" / "j.jsonl").read_bytes()
        once = server.billed

    class Killed(BaseException):
        pass

    with FaultServer(asked) as server:
        url, path = server.base_url, tmp_path / "broken" / "j.jsonl"
        for kill in (3, 5, None):
            agent, steps = agent_at(server), 0
            answers = agent.answers

            def dying(questions, answers=answers, kill=kill):
                nonlocal steps
                steps += 1
                if steps == kill:
                    raise Killed
                return answers(questions)

            agent.answers = dying
            try:
                play(environment, agent, path)
            except Killed:
                continue
        assert server.billed == once
    own = json.loads(whole.splitlines()[0])["agent"]["base_url"]
    assert path.read_bytes().replace(url.encode(), own.encode()) == whole


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ("not JSON", "llm: unreadable"),
        ('{"say": 5}', "llm: unreadable"),
        ('{"call": {"name": "query", "arguments": "[1"}}', "llm: unreadable"),
        ('{"call": {"name": "fly", "arguments": {}}}', "calls"),
        (json.dumps({"say": "x" * 1_000_000}), "length"),
        ('{"call": {"name": "book", "arguments": {"domain": "hotel", "details": {}}}}', "calls"),
    ],
)
def test_answers_of_no_use_end_the_episode_with_a_reason(tmp_path, answer, end):
    environment = Environment(Simulated({"test": 1}), language=OwnWords())
    with FaultServer(lambda _: answer) as server:
        (record,) = records(environment, agent_at(server), tmp_path)
    assert record["end"] == end
    assert record["usage"]["asked_again"] == (2 if end == "llm: unreadable" else 0)


def test_an_answer_that_cannot_be_read_is_asked_for_again(environment, tmp_path):
    def answer(body):
        last = body["messages"][-1]["content"]
        return asked(body) if "cannot be used" in last or last.startswith('{"result"') else "Let me see."

    with FaultServer(answer) as server:
        played = records(environment, agent_at(server), tmp_path)
    assert {one["end"] for one in played} == {"left"}
    assert all(one["usage"]["asked_again"] for one in played)


def test_a_server_that_fails_is_not_the_models_fault(environment, tmp_path):
    with FaultServer(asked, faults=lambda got: faults.server_error() if got.number > 4 else None) as server:
        agent = agent_at(server)
        with pytest.raises(UserError, match=r"lost|answer"):
            play(environment, agent, tmp_path / "j.jsonl")
        assert len(list(read_journal(tmp_path / "j.jsonl"))) < 3


def test_settings_that_cannot_work():
    for params, match in [
        ({}, "model: this key is required"),
        ({"model": "x", "tools": "maybe"}, "tools"),
        ({"model": "x", "extra": {"messages": 1}}, "messages"),
        ({"model": "x", "colour": 1}, "unknown key"),
    ]:
        with pytest.raises(UserError, match=match):
            agent_of(AgentSection(agent="llm", params=params), "words")
