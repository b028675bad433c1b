"""Fields that a server does not take: left out, remembered, said once and noted; and rejections of single requests."""

import pytest
from llm_support import SCHEMA, asks, told

from fault_server import BatchPlan, FaultServer, faults
from tod_bench.llm import BatchClient, ChatAnswer, PermanentError

SAMPLING = {"temperature": 0.0, "top_p": 0.9, "seed": 7, "extra": {"logprobs": True, "top_logprobs": 3, "top_k": 5}}


def messages_of(caplog, field):
    return [record for record in caplog.records if f"takes no {field} for" in record.getMessage()]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("field", ["temperature", "top_p", "seed", "logprobs", "top_k"])
def test_a_sampling_field_that_a_server_names_is_left_out_and_remembered(connect, caplog, field, status):
    with FaultServer(faults=faults.turned_down(field, status)) as server:
        client = connect(server, concurrency=1)
        outcomes = [outcome for _, outcome in client.complete(asks(5, **SAMPLING))]
        assert len(server.received) == 6
        assert server.billed == 5
        left_out = {"logprobs", "top_logprobs"} if field == "logprobs" else {field}
        assert {frozenset(outcome.dropped) for outcome in outcomes} == {frozenset(left_out)}
        kept = {"temperature", "top_p", "seed", "logprobs", "top_logprobs", "top_k"} - left_out
        assert kept <= server.received[-1].body.keys()
        list(client.complete(asks(3, repeat=1, **SAMPLING)))
        assert len(server.received) == 9
        # what was sent stays with the answer
        again = [outcome for _, outcome in client.complete(asks(5, **SAMPLING))]
        assert len(server.received) == 9
        assert [outcome.dropped for outcome in again] == [outcome.dropped for outcome in outcomes]
    assert len(messages_of(caplog, field)) == 1


def test_a_reasoning_model_that_takes_nothing_of_it_can_be_asked(connect):
    """As OpenAI's: one field named at a time, in its words."""

    def rejects(received):
        words = {
            "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "temperature": "Unsupported value: 'temperature' does not support 0.0 with this model. "
            "Only the default (1) value is supported.",
            "seed": "Unknown parameter: 'seed'.",
            "response_format": "response_format is unavailable now",
        }
        field = next((name for name in words if name in received.body), None)
        return faults.bad_request(words[field], param=field) if field else None

    with FaultServer(faults=rejects) as server:
        ((_, outcome),) = connect(server).complete(asks(1, seed=1, schema=SCHEMA, max_tokens=77))
        assert isinstance(outcome, ChatAnswer)
        assert outcome.dropped == ("response_format", "seed", "temperature")
        assert server.received[-1].body["max_completion_tokens"] == 77
        assert (len(server.received), server.billed) == (5, 1)


@pytest.mark.parametrize(
    "body",
    [
        {
            "detail": [
                {"loc": ["body", "temperature"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}
            ]
        },
        {"error": "temperature: not supported"},
        {"object": "error", "message": "1 validation error: temperature", "code": 40001},
        [{"error": {"code": 400, "message": "Invalid JSON payload: unknown name 'temperature'"}}],
    ],
    ids=["FastAPI", "text", "vLLM", "Google"],
)
def test_every_form_of_an_error_is_understood(connect, body):
    import json

    def rejects(received):
        return faults.Fault(400, raw=json.dumps(body)) if "temperature" in received.body else None

    with FaultServer(faults=rejects) as server:
        ((_, outcome),) = connect(server).complete(asks(1))
        assert outcome.dropped == ("temperature",)


def test_the_longest_answer_is_renamed_and_never_left_out(connect):
    with (
        FaultServer(
            faults=lambda _: faults.bad_request("Unknown parameter: 'max_tokens'", param="max_tokens")
        ) as server,
        pytest.raises(PermanentError, match="max_tokens"),
    ):
        list(connect(server, concurrency=1).complete(asks(5)))
    assert [("max_tokens" in one.body, "max_completion_tokens" in one.body) for one in server.received] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    "fault",
    [
        faults.bad_request("Failed to parse grammar", param="response_format"),
        faults.server_error(500),
        faults.Fault(500, {"message": "[{'loc': ('body', 'response_format', 'type'), 'msg': 'unexpected value'}]"}),
        faults.Fault(501, {"message": "json_schema is not implemented"}),
    ],
    ids=["400", "500 without a word", "500 that names it", "501"],
)
def test_a_server_error_that_a_schema_brings_about_means_no_schemas(connect, fault, caplog):
    with FaultServer(faults=lambda received: fault if "response_format" in received.body else None) as server:
        client = connect(server, concurrency=1)
        outcomes = [outcome for _, outcome in client.complete(asks(4, schema=SCHEMA))]
        assert [outcome.structured for outcome in outcomes] == [False] * 4
        assert server.billed == 4
        assert sum("response_format" in one.body for one in server.received) <= 2
    assert caplog.text.count("takes no JSON schema") == 1


def test_passing_server_errors_do_not_switch_schemas_off(connect):
    plan = [None, *[faults.server_error()] * 4]
    with FaultServer(faults=plan) as server:
        outcomes = [outcome for _, outcome in connect(server, concurrency=1).complete(asks(3, schema=SCHEMA))]
        assert [outcome.structured for outcome in outcomes] == [True] * 3
        assert all("response_format" in one.body for one in server.received)


@pytest.mark.parametrize(
    ("message", "param", "reason"),
    [
        ("Invalid 'messages[0].content': string holds a NUL", "messages[0].content", "bad_request"),
        ("Could not process the image in the prompt", None, "bad_request"),
        ("The model 'gpt-4o' takes no image of this kind", None, "bad_request"),
        ("the input holds a special token", "input", "bad_request"),
        ("temperature of the dialogue is not allowed in a prompt", "messages", "bad_request"),
        ("max_tokens is too large: 9999. This model supports at most 4096 completion tokens", "max_tokens", "too_long"),
    ],
)
def test_a_rejection_of_one_prompt_is_that_prompts_failure(connect, message, param, reason):
    def rejects(received):
        bad = received.body["messages"][-1]["content"] == "question 3"
        return faults.bad_request(message, param=param) if bad else None

    with FaultServer(faults=rejects) as server:
        client = connect(server)
        got = told(client.complete(asks(30, schema=SCHEMA)))
        assert got.pop("3") == f"<{reason}>"
        assert len(got) == 29
        assert server.billed == 29
        assert client.spending().failed == 1


def test_rejections_without_end_stop_the_run(connect):
    with FaultServer(faults=lambda _: faults.bad_request("no")) as server:
        with pytest.raises(PermanentError, match=r"turned 10 requests in a row down .*HTTP 400: no.*change the model"):
            list(connect(server, concurrency=2).complete(asks(1000)))
        assert len(server.received) < 20
        assert server.billed == 0


@pytest.mark.parametrize(
    ("status", "message", "word"),
    [
        (400, "API key not valid. Please pass a valid API key.", "OPENAI_API_KEY"),
        (400, "Your credit balance is too low to access the API", "add credit"),
        (400, "The model `gpt-9` does not exist", "check the model's name"),
        (400, "Server is pinned to 'tiny'; requested 'gpt-4o'.", "check the model's name"),
        (307, "moved", "give that address"),
    ],
)
def test_what_concerns_every_request_stops_at_once(connect, status, message, word):
    with FaultServer(faults=lambda _: faults.Fault(status, {"message": message})) as server:
        with pytest.raises(PermanentError, match=word):
            list(connect(server, concurrency=1).complete(asks(100, schema=SCHEMA)))
        assert len(server.received) <= 2


def test_a_batch_is_sent_again_without_what_was_named(tmp_path):
    def fate(_custom_id, body):
        return 400 if "temperature" in body else 200

    def complete(server):
        client = BatchClient(tmp_path / "b", tmp_path / "c.sqlite", server.base_url, poll_seconds=0.01)
        return [outcome for _, outcome in client.complete(asks(3))]

    said = "Unsupported value: 'temperature'"
    with FaultServer(plans=[BatchPlan(fate=fate, message=said)]) as server:
        outcomes = complete(server)
        assert [outcome.dropped for outcome in outcomes] == [("temperature",)] * 3
        assert [outcome.dropped for outcome in complete(server)] == [("temperature",)] * 3
        assert len(server.batches.billed) == 3


def test_a_batch_is_sent_as_often_as_fields_are_named(tmp_path):
    """A reasoning model turns down one field a batch; three of them leave rounds for passing failures."""
    order = ("max_tokens", "temperature", "seed", "top_p")

    def plan(number):
        said = f"Unsupported parameter: '{order[number]}' is not supported with this model."
        return BatchPlan(fate=lambda _custom_id, body: 400 if order[number] in body else 200, message=said)

    with FaultServer(plans=[plan(number) for number in range(4)]) as server:
        client = BatchClient(tmp_path / "b", tmp_path / "c.sqlite", server.base_url, poll_seconds=0.01)
        outcomes = [outcome for _, outcome in client.complete(asks(2, top_p=0.5, seed=1, max_tokens=50))]
        assert [outcome.dropped for outcome in outcomes] == [("seed", "temperature", "top_p")] * 2
        assert len(server.batches.batches) == 5
        assert len(server.batches.billed) == 2


@pytest.mark.parametrize("attempts", [2, 3, 6])
def test_few_attempts_are_enough_to_find_out_that_there_are_no_schemas(connect, attempts):
    fault = faults.server_error(500)
    with FaultServer(faults=lambda received: fault if "response_format" in received.body else None) as server:
        ((_, outcome),) = connect(server, attempts=attempts).complete(asks(1, schema=SCHEMA))
        assert isinstance(outcome, ChatAnswer)
        assert server.billed == 1
