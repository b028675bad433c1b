"""Messages of conversations with calls of functions, as the API takes them."""

from tod_bench.llm.estimates import bound_tokens
from tod_bench.llm.records import ChatRequest, Message, ToolCall

CALL = ToolCall("query", '{"domain": "hotel"}')


def test_calls_and_their_results_have_the_same_ids():
    asked = Message("assistant", "", (CALL, CALL), first_call=3).to_api()
    answered = [Message("tool", "{}", answers=number).to_api() for number in (3, 4)]
    assert [call["id"] for call in asked["tool_calls"]] == [one["tool_call_id"] for one in answered]
    assert len({call["id"] for call in asked["tool_calls"]}) == 2
    assert asked["content"] is None
    assert asked["tool_calls"][0]["function"] == {"name": "query", "arguments": CALL.arguments}
    assert answered[0] == {"role": "tool", "tool_call_id": "call00003", "content": "{}"}


def test_calls_count_in_what_a_budget_rests_on_and_in_keys():
    plain, calling = (ChatRequest("any", (Message("assistant", "", calls),)) for calls in ((), (CALL,)))
    assert bound_tokens(calling) >= bound_tokens(plain) + len(CALL.name) + len(CALL.arguments)
    assert plain.key() != calling.key()


def test_messages_without_calls_are_what_they_were():
    assert Message("user", "Hello.").to_api() == {"role": "user", "content": "Hello."}
