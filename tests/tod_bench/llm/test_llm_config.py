"""The config section that says which model is asked, and the client that follows from it and the command line."""

import pytest
from llm_support import asks
from pydantic import ValidationError

from fault_server import FaultServer, faults
from tod_bench.errors import UserError
from tod_bench.llm import BatchClient, ChatAnswer, OpenAIClient, PermanentError, RetryPolicy
from tod_bench.llm.config import Access, ChatModel, open_client


def model_of(server, **fields):
    return ChatModel(model="gpt-4o", base_url=server.base_url, **fields)


def test_a_section_makes_a_client_that_answers(tmp_path):
    with FaultServer() as server:
        client = open_client(model_of(server, limits={"concurrency": 3}), Access(tmp_path / "answers.sqlite"))
        assert isinstance(client, OpenAIClient)
        assert client.concurrency == 3
        assert all(isinstance(outcome, ChatAnswer) for _, outcome in client.complete(asks(5)))
        assert client.budget.file is None


def test_the_section_bounds_the_attempts(tmp_path):
    retry = {"attempts": 2, "backoff": [0.0, 0.0]}
    with FaultServer(faults=[faults.server_error()] * 9) as server:
        client = open_client(model_of(server, retry=retry), Access(tmp_path / "answers.sqlite"))
        ((_, outcome),) = client.complete(asks(1))
        assert outcome.reason == "transient"
        assert len(server.received) == 2


def test_a_budget_without_a_file_is_that_of_all_runs_with_the_same_cache(tmp_path):
    with FaultServer() as server:
        access = Access(tmp_path / "answers.sqlite", budget=1.0)
        client = open_client(model_of(server), access)
        list(client.complete(asks(2)))
        assert client.budget.file.path == tmp_path / "answers.spending.sqlite"
        assert access.open_budget().spent_elsewhere() == pytest.approx(client.spending().usd) != 0
        named = Access(tmp_path / "answers.sqlite", budget=1.0, spending=tmp_path / "mine.sqlite")
        assert named.open_budget().file.path == tmp_path / "mine.sqlite"


def test_batches_are_kept_beside_the_cache_and_a_replay_needs_no_server(tmp_path):
    with FaultServer() as server:
        batch = open_client(model_of(server, limits={"poll": 0.01}), Access(tmp_path / "a.sqlite", batch=True))
        assert isinstance(batch, BatchClient)
        assert len(list(batch.complete(asks(2)))) == 2
        assert (tmp_path / "batches" / "batches.json").is_file()
        model = model_of(server)
    replayed = open_client(model, Access(tmp_path / "a.sqlite", replay=True, spending=tmp_path / "spent.sqlite"))
    assert all(outcome.cached for _, outcome in replayed.complete(asks(2)))
    assert not (tmp_path / "spent.sqlite").exists()


def test_a_replay_through_batches_is_refused(tmp_path):
    with pytest.raises(UserError, match="leave one out"):
        open_client(ChatModel(), Access(tmp_path / "answers.sqlite", replay=True, batch=True))


def test_a_missing_key_is_told_before_any_file_is_made(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(PermanentError, match="OPENAI_API_KEY"):
        open_client(ChatModel(), Access(tmp_path / "runs" / "answers.sqlite", budget=1.0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"extra": {"model": "x"}}, "is set by `model`"),
        ({"extra": {"stream": True}}, "answers are read whole"),
        ({"extra": {"api_key": "x"}}, "looks like a secret"),
        ({"extra": {"top_p": float("nan")}}, "those that JSON has"),
        ({"retry": {"backoff": [5, 1]}}, "the first and the longest pause"),
        ({"retry": {"attempts": 0}}, "attempts"),
        ({"limits": {"concurrency": 0}}, "concurrency"),
        ({"key_variable": "not a name"}, "key_variable"),
        ({"modell": "gpt-4o"}, "modell"),
    ],
)
def test_what_a_section_may_not_hold(fields, message):
    with pytest.raises(ValidationError, match=message):
        ChatModel(**fields)


def test_the_same_policy_serves_a_config_and_a_client():
    assert ChatModel(retry={"attempts": 3}).retry == RetryPolicy(attempts=3)
