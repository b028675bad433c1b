"""The Batch API client against a server whose batches expire, fail and half-finish."""

import json

import pytest
from filelock import FileLock
from llm_support import KEY, asks, told

from fault_server import BatchPlan, FaultServer
from tod_bench.errors import UserError
from tod_bench.llm import BatchClient, BatchPending, BudgetReached, ChatAnswer, PermanentError, batch_state


@pytest.fixture
def connect(tmp_path):
    def make(server, **options):
        settings = {"poll_seconds": 0.01, **options}
        return BatchClient(tmp_path / "batches", tmp_path / "answers.sqlite", server.base_url, **settings)

    return make


def sent_ids(server):
    """custom_ids of each batch, in the order of the batches."""
    inputs = [server.batches.files[batch["input_file_id"]] for batch in server.batches.batches.values()]
    return [[json.loads(line)["custom_id"] for line in content.splitlines()] for content in inputs]


def keys(server, number, **fields):
    return [ask.key(server.base_url) for ask in asks(number, **fields)]


def test_answers_come_through_a_batch_under_their_content_hash(connect):
    with FaultServer() as server:
        client = connect(server)
        outcomes = list(client.complete(asks(5)))
        assert told(outcomes) == {str(n): f"question {n}" for n in range(5)}
        assert sent_ids(server) == [keys(server, 5)]
        assert server.received == []
        assert all(isinstance(outcome, ChatAnswer) and not outcome.cached for _, outcome in outcomes)
        (batch,) = server.batches.batches.values()
        assert (batch["endpoint"], batch["completion_window"]) == ("/v1/chat/completions", "24h")


def test_half_the_price(connect):
    with FaultServer() as server:
        client = connect(server)
        usages = [outcome.usage for _, outcome in client.complete(asks(5))]
        prompt, written = sum(u.prompt_tokens for u in usages), sum(u.completion_tokens for u in usages)
        assert client.spending().usd == pytest.approx((prompt * 2.5e-6 + written * 10e-6) / 2)
        assert (client.spending().prompt_tokens, client.spending().requests) == (prompt, 5)


def test_a_second_run_sends_nothing(connect):
    with FaultServer() as server:
        list(connect(server).complete(asks(5)))
        again = list(connect(server).complete(asks(5)))
        assert all(outcome.cached for _, outcome in again)
        assert len(server.batches.batches) == 1


def test_twins_are_sent_once_and_both_answered(connect):
    with FaultServer() as server:
        outcomes = list(connect(server).complete([*asks(2), *asks(2)]))
        assert len(outcomes) == 4
        assert len(sent_ids(server)[0]) == 2


def test_chunks_keep_the_limits_and_hold_one_model_each(connect):
    with FaultServer() as server:
        requests = [ask for n in range(7) for model in ("gpt-4o", "gpt-4.1") for ask in asks(1, model=model, repeat=n)]
        assert len(list(connect(server, chunk_requests=3).complete(requests))) == 14
        assert sorted(len(ids) for ids in sent_ids(server)) == [1, 1, 3, 3, 3, 3]
        for content in [server.batches.files[batch["input_file_id"]] for batch in server.batches.batches.values()]:
            assert len({json.loads(line)["body"]["model"] for line in content.splitlines()}) == 1


def test_chunks_keep_the_size_limit(connect):
    with FaultServer() as server:
        list(connect(server, chunk_bytes=700).complete(asks(6)))
        sizes = [len(server.batches.files[batch["input_file_id"]]) for batch in server.batches.batches.values()]
        assert len(sizes) > 1
        assert max(sizes) <= 700


@pytest.mark.parametrize("status", ["expired", "cancelled", "completed"])
@pytest.mark.parametrize("report_undone", [True, False])
def test_only_what_failed_is_sent_again(connect, status, report_undone):
    """Both files of whatever ended are read: of 6 lines, 2 were answered, 1 has a 500, 3 were never done."""
    fates = {0: 200, 3: 200, 4: 500}

    with FaultServer() as server:
        order = keys(server, 6)
        half = BatchPlan(0, status, lambda key, _body: fates.get(order.index(key)), report_undone=report_undone)
        server.batches._plans.append(half)
        client = connect(server)
        assert told(client.complete(asks(6))) == {str(n): f"question {n}" for n in range(6)}
        assert sent_ids(server) == [order, [order[n] for n in (1, 2, 4, 5)]]
        assert sorted(server.batches.billed) == sorted(order)
        assert client.spending().retries == 4


def test_rounds_are_bounded_and_failures_are_told(connect):
    def never(_key, body):
        return 500 if body["messages"][0]["content"] == "question 1" else 200

    with FaultServer(plans=[BatchPlan(0, fate=never)] * 9) as server:
        client = connect(server, rounds=2)
        assert told(client.complete(asks(3)))["1"] == "<transient>"
        assert [len(ids) for ids in sent_ids(server)] == [3, 1]
        assert len(client.cache) == 2
        assert client.spending().failed == 1


def test_a_line_that_is_turned_down_for_good_is_not_sent_again(connect):
    with FaultServer(plans=[BatchPlan(0, fate=lambda _key, _body: 400)]) as server:
        outcomes = told(connect(server).complete(asks(2)))
        assert set(outcomes.values()) == {"<bad_request>"}
        assert len(server.batches.batches) == 1


def test_a_model_without_schemas_is_asked_again_without_one(connect, monkeypatch):
    """The error's text names the field, as OpenAI's does for gpt-4."""
    from fault_server import batches

    def undone(asked, status):
        error = {"message": "Invalid parameter: 'response_format' of type 'json_schema' is not supported", "code": None}
        return {"custom_id": asked["custom_id"], "response": {"status_code": status, "body": {"error": error}}}

    monkeypatch.setattr(batches, "_undone", undone)
    plan = BatchPlan(0, fate=lambda _key, body: 400 if "response_format" in body else 200)
    with FaultServer(plans=[plan, plan]) as server:
        outcomes = list(connect(server).complete(asks(2, schema={"type": "object"})))
        assert all(isinstance(outcome, ChatAnswer) and not outcome.structured for _, outcome in outcomes)
        assert [len(ids) for ids in sent_ids(server)] == [2, 2]


def test_a_failed_batch_is_told_and_forgotten(connect):
    errors = ({"code": "model_not_found", "message": f"no access to gpt-4o with {KEY}", "line": None},)
    with FaultServer(plans=[BatchPlan(0, "failed", errors=errors)]) as server:
        with pytest.raises(PermanentError, match="model_not_found") as caught:
            list(connect(server).complete(asks(3)))
        assert KEY not in str(caught.value)
        assert len(told(connect(server).complete(asks(3)))) == 3
        assert len(server.batches.batches) == 2


def test_a_full_queue_waits_for_the_other_batches(connect):
    full = BatchPlan(0, "failed", errors=({"code": "token_limit_exceeded", "message": "Enqueued token limit"},))
    with FaultServer(plans=[BatchPlan(5), full]) as server:
        assert len(told(connect(server, chunk_requests=2).complete(asks(4)))) == 4
        assert len(set(server.batches.billed)) == len(server.batches.billed) == 4


def test_a_full_queue_without_other_batches_is_told(connect):
    full = BatchPlan(0, "failed", errors=({"code": "token_limit_exceeded", "message": "Enqueued token limit"},))
    with FaultServer(plans=[full]) as server:
        with pytest.raises(UserError, match="queue"):
            list(connect(server).complete(asks(2)))
        assert len(told(connect(server).complete(asks(2)))) == 2


def test_a_new_process_picks_up_what_runs(connect):
    """`wait` off: submit and leave; later the same requests, and one more, cost one more request."""
    with FaultServer(plans=[BatchPlan(3)]) as server:
        with pytest.raises(BatchPending, match="batch_"):
            list(connect(server, wait=False).complete(asks(4)))
        later = connect(server, wait=False)
        with pytest.raises(BatchPending):
            list(later.complete(asks(4)))
        assert len(told(connect(server).complete(asks(5)))) == 5
        assert [len(ids) for ids in sent_ids(server)] == [4, 1]


def test_what_is_there_is_yielded_before_pending_is_raised(connect):
    with FaultServer(plans=[BatchPlan(0), BatchPlan(9)]) as server:
        got = []
        with pytest.raises(BatchPending):
            got.extend(connect(server, chunk_requests=3, wait=False).complete(asks(5)))
        assert sorted(told(got)) == ["0", "1", "2"]


@pytest.mark.parametrize("step", ["upload", "create", "submitted", "collected"])
def test_a_kill_at_any_step_submits_nothing_twice(connect, monkeypatch, step):
    """The write of the state fails, as if the process had died there; the next process goes on."""

    class Killed(BaseException):
        pass

    true_write = batch_state.write_json
    stage = {"upload": "prepared", "create": "uploaded", "submitted": "submitted", "collected": "collected"}[step]

    def dying_write(path, state):
        if state["chunks"] and state["chunks"][0]["status"] == stage:
            raise Killed
        true_write(path, state)

    with FaultServer() as server:
        monkeypatch.setattr(batch_state, "write_json", dying_write)
        with pytest.raises(Killed):
            list(connect(server).complete(asks(4)))
        monkeypatch.setattr(batch_state, "write_json", true_write)
        assert len(told(connect(server).complete(asks(4)))) == 4
        assert len(server.batches.billed) == 4
        assert len(server.batches.batches) == 1


def test_a_batch_whose_creation_got_no_reply_is_found_again(connect, monkeypatch):
    """The server makes the batch and drops the connection; blindly asking again would pay twice."""
    with FaultServer() as server:
        true_handle, dropped = server._handle, []

        async def drop_first_creation(request):
            reply = await true_handle(request)
            if request.path == "/v1/batches" and request.method == "POST" and not dropped:
                dropped.append(request)
                return type(reply)(reply.status, reply.body, cut="before")
            return reply

        server._server._handler = drop_first_creation
        assert len(told(connect(server).complete(asks(4)))) == 4
        assert dropped
        assert len(server.batches.batches) == 1


def test_a_collected_chunk_leaves_its_id_and_no_prompts(connect, tmp_path):
    with FaultServer() as server:
        list(connect(server).complete(asks(4)))
        (state,) = [json.loads(path.read_text()) for path in (tmp_path / "batches").glob("*.json")]
        assert state["chunks"][0]["batch_id"] == next(iter(server.batches.batches))
        assert state["chunks"][0]["ended"] == "completed"
        assert sorted(path.name for path in (tmp_path / "batches").iterdir()) in (
            ["batches.json"],
            ["batches.json", "lock"],
        )


def test_the_budget_limits_what_is_submitted(connect):
    # at most 18 bytes' worth of prompt tokens and 100 written, at half price: 0.0005225 a request
    with FaultServer() as server:
        got = []
        client = connect(server, budget=0.0053)
        with pytest.raises(BudgetReached, match="budget"):
            got.extend(client.complete(asks(50, max_tokens=100)))
        assert len(got) == len(server.batches.billed) == 10
        assert client.spending().usd < 0.0053


def test_a_folder_serves_one_process_and_one_server(connect, tmp_path):
    with FaultServer() as server, FaultServer() as other:
        list(connect(server).complete(asks(1)))
        with FileLock(tmp_path / "batches" / "lock"), pytest.raises(UserError, match="Another process"):
            list(connect(server).complete(asks(1)))
        with pytest.raises(UserError, match="another folder"):
            list(connect(other).complete(asks(1)))


def test_lines_with_odd_characters_survive(connect):
    text = 'line\u2028separator \x85 and \u2029 «quotes» \\ " \n end'
    with FaultServer(lambda body: text) as server:
        assert set(told(connect(server).complete(asks(3))).values()) == {text}


def test_the_key_is_in_no_file(connect, tmp_path):
    with FaultServer() as server:
        list(connect(server).complete(asks(3)))
        connect(server).cache.export(tmp_path / "export.jsonl")
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert KEY.encode() not in path.read_bytes()
