"""Functions that a model calls, and the probabilities of its tokens: read, kept, and refused where they are odd."""

import pytest

from fault_server import FaultServer
from fault_server.faults import Fault
from tod_bench.llm import AnswerCache, ChatAnswer, ChatFailure, ChatRequest, Message, ToolCall
from tod_bench.llm.api_format import MalformedReply, read_completion
from tod_bench.llm.estimates import bound_tokens, estimate_at_most, estimate_tokens
from tod_bench.llm.records import answer_from_json

TOOLS = {"tools": [{"type": "function", "function": {"name": "book", "parameters": {}}}]}


def reply(*, finish="tool_calls", content=None, calls=(), logprobs=None):
    message = {"role": "assistant", "content": content, "tool_calls": list(calls)}
    return {"choices": [{"message": message, "finish_reason": finish, "logprobs": logprobs}]}


def call(name="book", arguments='{"day": "monday"}'):
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}


def test_a_call_is_an_answer_where_functions_were_offered():
    answer = read_completion(reply(calls=[call(), call("find", {"area": "north"})]), structured=False, tools=True)
    assert isinstance(answer, ChatAnswer)
    assert answer.tool_calls == (ToolCall("book", '{"day": "monday"}'), ToolCall("find", '{"area": "north"}'))
    assert answer.text == ""


def test_a_call_that_was_forced_ends_with_stop():
    assert read_completion(reply(finish="stop", calls=[call()]), structured=False, tools=True).tool_calls


@pytest.mark.parametrize("calls", [[], [call()]])
def test_a_call_of_what_was_not_offered_is_no_answer(calls):
    outcome = read_completion(reply(calls=calls), structured=False)
    assert isinstance(outcome, ChatFailure)
    assert outcome.reason == "malformed"


def test_a_call_without_a_name_is_no_completion():
    with pytest.raises(MalformedReply):
        read_completion(reply(calls=[call(name=None)]), structured=False, tools=True)


def entries(*logprobs):
    return {"content": [{"token": f"t{n}", "logprob": logprob} for n, logprob in enumerate(logprobs)]}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (entries(-0.5, 0), (("t0", -0.5), ("t1", 0.0))),
        (entries(-0.5, 1e-9), (("t0", -0.5), ("t1", 0.0))),
        (entries(-0.5, None), ()),
        (entries(-0.5, 0.7), ()),
        (entries(True), ()),
        (None, ()),
        ({"content": None}, ()),
        ({"content": ["x"]}, ()),
        ("none", ()),
    ],
)
def test_log_probabilities_are_all_there_or_none(given, read):
    answer = read_completion(reply(finish="stop", content="t0t1", logprobs=given), structured=False)
    assert answer.logprobs == read


def test_both_are_in_the_cache_and_entries_of_before_are_read(connect, tmp_path):
    request = ChatRequest("gpt-4o", (Message("user", "hello"),), extra={**TOOLS, "logprobs": True})
    choice = reply(calls=[call()], content="t0", logprobs=entries(-1.5))["choices"]
    with FaultServer(faults=lambda _: Fault(fields={"choices": choice})) as server:
        client = connect(server)
        ((_, paid),) = client.complete([request])
        ((_, kept),) = client.complete([request])
    assert kept.cached
    assert paid.tool_calls == kept.tool_calls == (ToolCall("book", '{"day": "monday"}'),)
    assert paid.logprobs == kept.logprobs == (("t0", -1.5),)
    exported = tmp_path / "answers.jsonl"
    client.cache.export(exported)
    assert AnswerCache(exported).get(request.key(server.base_url)).tool_calls == paid.tool_calls
    before = {"text": "x", "finish_reason": "stop", "model": "m", "fingerprint": "", "usage": None, "created": 1.0}
    assert answer_from_json(before, cached=True).tool_calls == ()


def test_offered_functions_count_as_prompt():
    plain = ChatRequest("gpt-4o", (Message("user", "hello"),))
    offering = ChatRequest("gpt-4o", (Message("user", "hello"),), extra=TOOLS)
    assert estimate_tokens(offering) > estimate_tokens(plain)
    assert bound_tokens(offering) >= bound_tokens(plain) + len(str(TOOLS["tools"])) - 10


def test_an_estimate_with_room_for_what_is_to_come_says_that_it_is_a_bound():
    request = ChatRequest("gpt-4o", (Message("user", "hello"),), max_tokens=100)
    exact = estimate_at_most([(request, 0)], "https://api.openai.com/v1")
    bound = estimate_at_most([(request, 40)], "https://api.openai.com/v1")
    assert (exact.known, bound.known) == (True, False)
    assert bound.prompt_tokens == exact.prompt_tokens + 40
    assert bound.usd > exact.usd
