"""The client and servers that differ in what they take: JSON schemas, and names of parameters."""

import pytest
from llm_support import SCHEMA, asks

from fault_server import FaultServer, faults
from tod_bench.llm import PermanentError


def test_a_server_without_schemas_is_remembered(connect, caplog):
    def rejects(received):
        return faults.bad_request("response_format is not supported") if "response_format" in received.body else None

    with FaultServer(lambda body: '{"v": "A"}', faults=rejects) as server:
        client = connect(server, concurrency=1)
        outcomes = [outcome for _, outcome in client.complete(asks(10, schema=SCHEMA))]
        assert {outcome.text for outcome in outcomes} == {'{"v": "A"}'}
        assert not any(outcome.structured for outcome in outcomes)
        assert len(server.received) == 11
        assert caplog.text.count("takes no JSON schema") == 1
        list(client.complete(asks(3, schema=SCHEMA, repeat=1)))
        assert len(server.received) == 14


def test_a_server_with_schemas_says_so(connect):
    with FaultServer() as server:
        ((_, answer),) = connect(server).complete(asks(1, schema=SCHEMA))
        assert answer.structured


def test_an_error_that_is_not_about_the_schema_does_not_switch_it_off(connect):
    with FaultServer(faults=[faults.bad_request("bad seed"), faults.bad_request("bad seed")]) as server:
        client = connect(server, concurrency=1)
        with pytest.raises(PermanentError, match="bad seed"):
            list(client.complete(asks(1, schema=SCHEMA)))
        ((_, answer),) = client.complete(asks(1, schema=SCHEMA))
        assert answer.structured


def test_models_that_call_the_longest_answer_otherwise(connect):
    def rejects(received):
        message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return faults.bad_request(message, "unsupported_parameter") if "max_tokens" in received.body else None

    with FaultServer(faults=rejects) as server:
        list(connect(server, concurrency=1).complete(asks(3, model="o3", schema=SCHEMA, max_tokens=77)))
        assert len(server.received) == 4
        assert all(received.body["max_completion_tokens"] == 77 for received in server.received[1:])
        assert all("response_format" in received.body for received in server.received)
