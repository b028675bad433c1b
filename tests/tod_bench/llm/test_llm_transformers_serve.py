"""The client against a real server process: ``transformers serve`` with a small random model made on the spot."""

import json

import pytest
import requests
from llm_support import SCHEMA, asks

from benchmarks.model_server import serve, transformers_serve
from model_server import make_tiny_model, needs
from tod_bench.errors import UserError
from tod_bench.llm import AnswerCache, ChatAnswer, ChatFailure, OpenAIClient, RetryPolicy

pytestmark = [pytest.mark.slow, needs("transformers serve", "tokenizers")]

NUMBER = 20
"""Requests; the model answers most with nothing, and all of these hardly ever."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    model = make_tiny_model(tmp_path_factory.mktemp("model"))
    with serve(transformers_serve(model, threads=1)) as up:
        yield up


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_answers_are_finished_counted_and_paid_for_once(server, tmp_path):
    request = {"model": server.model, "max_tokens": 80, "temperature": 1.0}
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        first = OpenAIClient(server.base_url, cache=cache, concurrency=2, timeout=120)
        outcomes = {ask.tag: outcome for ask, outcome in first.complete(asks(NUMBER, **request))}
        answers = {tag: outcome.text for tag, outcome in outcomes.items() if isinstance(outcome, ChatAnswer)}
        assert len(outcomes) == NUMBER
        assert len(cache) == len(answers) >= 1
        assert all(outcome.usage.prompt_tokens > 10 for outcome in outcomes.values())
        assert {outcome.reason for outcome in outcomes.values() if isinstance(outcome, ChatFailure)} <= {"empty"}
        assert first.spending().usd == 0.0
        second = OpenAIClient(server.base_url, cache=cache, timeout=120)
        again = {ask.tag: outcome for ask, outcome in second.complete(asks(NUMBER, **request))}
        assert {tag: again[tag].text for tag in answers} == answers
        assert second.spending().requests == NUMBER - len(answers)


def test_the_prompt_is_counted_by_the_models_own_tokens(server):
    ((request, outcome),) = OpenAIClient(server.base_url, timeout=120).complete(
        asks(1, model=server.model, max_tokens=1)
    )
    assert outcome.usage.prompt_tokens == len(f"<user> {request.messages[0].content} <assistant>")
    assert outcome.usage.completion_tokens == 1


def test_an_answer_that_is_cut_is_told_and_greedy_decoding_is_accepted(server):
    ((_, outcome),) = OpenAIClient(server.base_url, timeout=120).complete(
        asks(1, model=server.model, max_tokens=1, seed=7)
    )
    assert isinstance(outcome, ChatFailure)
    assert outcome.reason == "length"
    assert outcome.usage.completion_tokens == 1


def test_a_seed_repeats_a_sampled_answer(server):
    request = {"model": server.model, "max_tokens": 60, "temperature": 1.0}
    client = OpenAIClient(server.base_url, concurrency=1, timeout=120)

    def drawn(seed):
        return [getattr(outcome, "text", "") for _, outcome in client.complete(asks(2, seed=seed, **request))]

    seeds = range(8)
    first = [drawn(seed) for seed in seeds]
    assert [drawn(seed) for seed in seeds] == first
    assert len({tuple(texts) for texts in first}) > 1


def test_a_schema_that_the_server_ignores_shows_in_the_answer_alone(server):
    """It is taken without a word, so `structured` is true: the parser has to find out, and does."""
    request = {"model": server.model, "max_tokens": 80, "temperature": 1.0, "schema": SCHEMA}
    outcomes = [outcome for _, outcome in OpenAIClient(server.base_url, timeout=120).complete(asks(NUMBER, **request))]
    answers = [outcome for outcome in outcomes if isinstance(outcome, ChatAnswer)]
    assert answers
    assert all(answer.structured for answer in answers)
    for answer in answers:
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer.text)


def test_a_model_that_the_server_does_not_have_stops_the_run(server):
    client = OpenAIClient(server.base_url, timeout=60, retry=RetryPolicy(attempts=2))
    with pytest.raises(UserError, match="no-such-model"):
        list(client.complete(asks(3, model="no-such-model")))


def asked(server, **fields):
    """The server's own reply, past our client."""
    body = {"model": server.model, "messages": [{"role": "user", "content": "Where?"}], "temperature": 0, **fields}
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{server.base_url}/chat/completions", json={"max_tokens": 16, **body}, timeout=600)


def test_what_the_page_on_servers_says_of_it(server):
    """The column of docs/servers.md, past our client."""
    plain = asked(server)
    assert plain.status_code == 200
    schema = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
    ignored = asked(server, response_format=schema, logprobs=True, top_logprobs=1, tool_choice="required")
    assert ignored.status_code == 200
    assert ignored.json()["choices"][0]["message"] == plain.json()["choices"][0]["message"]
    assert not ignored.json()["choices"][0].get("logprobs")
    assert asked(server, no_such_field=1).status_code == 422
    assert asked(server, model="other").status_code == 400
