"""The recipes ``tools`` and ``pipeline``: what they ask, and what they read."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_baselines.chat.recipe import Answer, Example, Query, Recipe, Reply, Shown, ToolCall
from tod_baselines.chat.recipes.pipeline import Pipeline
from tod_baselines.chat.recipes.tools import (
    DOMAINS_TOKENS,
    Tools,
    ToolsAsText,
    function_name,
    read_domains,
    tool_of,
    written_calls,
)
from tod_bench.errors import UserError
from tod_bench.records import SlotSpec
from tod_bench.systems import Exchange, TurnInput

SCHEMA = {
    "hotel": {
        "area": SlotSpec("where it is", categorical=True, values=("north", "south")),
        "price range": SlotSpec(),
        "name": SlotSpec("its name"),
    },
    "restaurant": {"food": SlotSpec("the cuisine"), "name": SlotSpec()},
    "Buses_1": {"from_location": SlotSpec("where it leaves")},
}
TURN = TurnInput("d", 1, (Exchange("a hotel please", "Which area?"),), "the north, and {{ braces }}")
SHOWN = Shown("dst", TURN, {"hotel": {"name": "inn", "price range": "cheap"}}, (), SCHEMA)


def ask(recipe: Recipe, replies: Sequence[Reply], shown: Shown = SHOWN) -> tuple[list[Query], Answer]:
    """The queries of a conversation with these replies, and its answer."""
    conversation, queries = recipe.ask(shown), []
    try:
        queries.append(next(conversation))
        for reply in replies:
            queries.append(conversation.send(reply))  # noqa: PERF401 - its end must be seen, which `extend` swallows
    except StopIteration as done:
        return queries, done.value
    raise AssertionError("the recipe asks for more")


def texts(query: Query) -> str:
    return "\n".join(str(message.content) for message in query.messages)


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(name, json.dumps(arguments))


def test_tools_asks_for_the_domains_and_then_offers_their_functions_alone() -> None:
    queries, answer = ask(Tools(), [Reply("Hotel"), Reply("", (call("find_hotel", area="North"),))])
    assert "hotel, restaurant, Buses_1" in texts(queries[0])
    assert "{{ braces }}" in texts(queries[0])
    (tool,) = queries[1].fields["tools"]
    assert tool == tool_of("hotel", SCHEMA["hotel"])
    assert tool["function"]["parameters"]["properties"]["area"]["enum"] == ["north", "south", "dontcare", ""]
    assert answer.state == {"hotel": {"name": "inn", "price range": "cheap", "area": "north"}}
    assert answer.readable
    assert answer.unread == answer.unknown == ()


def test_tools_reads_calls_that_are_written_as_text() -> None:
    text = 'Sure.\n<tool_call>{"name": "find_hotel", "arguments": {"area": "south", "price_range": ""}}</tool_call>'
    _, answer = ask(Tools(), [Reply("hotel"), Reply(text)])
    assert answer.state == {"hotel": {"name": "inn", "area": "south"}}
    _, answer = ask(Tools(), [Reply("hotel"), Reply('{"name": "find_hotel", "arguments": {"stars": "4"}}')])
    assert answer.unknown == ("hotel stars",)
    assert (answer.state or {})["hotel"]["stars"] == "4"


@pytest.mark.parametrize(
    ("replies", "unread"),
    [
        ([Reply("I think it is a hotel.")], "domains: none is named"),
        ([Reply("hotel", failure="length")], "domains: no whole answer: length"),
        ([Reply("hotel"), Reply("find_hotel(area=north)")], "calls: no call in"),
        (
            [Reply("hotel"), Reply("", (ToolCall("find_hotel", '{"area": "nor'),))],
            "arguments of find_hotel are no JSON",
        ),
        ([Reply("hotel"), Reply('<tool_call>{"name": "find_hotel", "argu</tool_call>')], "calls: no call in"),
        ([Reply("hotel"), Reply("", (call("find_hotel", area="north"),), failure="length")], "no whole answer"),
        ([Reply("")], "domains: the answer is empty"),
    ],
)
def test_what_tools_cannot_read_is_an_empty_answer_and_said(replies: list[Reply], unread: str) -> None:
    _, answer = ask(Tools(), replies)
    assert answer.state == {}
    assert not answer.readable
    assert unread in answer.unread[0]


def test_no_domain_and_no_call_leave_the_state_as_it_was() -> None:
    for replies in ([Reply("none")], [Reply("hotel"), Reply("none")]):
        _, answer = ask(Tools(), replies)
        assert answer.state == SHOWN.previous
        assert answer.readable


def test_domains_are_read_as_names_alone() -> None:
    assert read_domains("hotel, Restaurant", SCHEMA) == ("hotel", "restaurant")
    assert read_domains("- buses 1\n- hotel", SCHEMA) == ("Buses_1", "hotel")
    assert read_domains("None.", SCHEMA) == ()
    assert read_domains("the hotel in the north", SCHEMA) is None
    assert read_domains("spa", SCHEMA) is None


def test_names_of_functions_fit_the_api() -> None:
    assert function_name("Hotels 1/é" + "x" * 80).isascii()
    assert len(function_name("x" * 99)) == 64


values = st.text(min_size=1).filter(lambda text: text.strip())
slots = {
    domain: st.dictionaries(st.sampled_from([slot for slot in specs if slot != "area"]), values)
    for domain, specs in SCHEMA.items()
}
states = st.fixed_dictionaries({}, optional=slots).map(
    lambda state: {domain: slots for domain, slots in state.items() if slots}
)


RECIPES = {whole: Tools(state="whole" if whole else "changes") for whole in (False, True)}
"""Loaded once: compiling a template takes longer than asking."""


@settings(deadline=None)  # a busy machine is no wrong answer
@given(before=states, after=states, whole=st.booleans())
def test_tools_reads_its_own_examples_back(before: dict, after: dict, whole: bool) -> None:
    recipe = RECIPES[whole]
    shown = replace(SHOWN, previous={} if whole else before)
    example = Example("d", 0, (), "", shown.previous, after, (), "")
    replies = [
        recipe.rehearse(Query((), max_tokens=DOMAINS_TOKENS), shown, example),
        recipe.rehearse(Query(()), shown, example),
    ]
    nothing = replies[0].text == "none"
    _, answer = ask(recipe, replies[:1] if nothing else replies, shown)
    assert answer.state == after


def test_written_calls_are_read_from_lists_and_openai_objects() -> None:
    assert written_calls('[{"function": {"name": "f", "arguments": "{}"}}]') == [("f", "{}")]
    assert written_calls('{"name": 3}') == []
    assert written_calls("[]") == []


def test_pipeline_asks_for_the_domain_and_then_for_its_slots() -> None:
    queries, answer = ask(Pipeline(), [Reply("hotel"), Reply('{"area": "north", "stars": 4}')])
    assert "where it is" in texts(queries[1])
    assert "the cuisine" not in texts(queries[1])
    assert answer.state == {"hotel": {"area": "north", "stars": "4"}}  # the whole of its domain
    assert answer.unknown == ("hotel stars",)
    _, answer = ask(Pipeline(), [Reply("restaurant"), Reply('{"restaurant": {"food": "thai"}}')])
    assert answer.state == {**SHOWN.previous, "restaurant": {"food": "thai"}}
    _, answer = ask(Pipeline(), [Reply("hotel"), Reply("area north")])
    assert (answer.state, answer.readable) == ({}, False)


def test_pipeline_responds_with_what_the_harness_shows() -> None:
    entries = {"hotel": [{"name": "inn", "phone": "1"}, {"name": "lodge"}, {"name": "b"}, {"name": "c"}]}
    turn = replace(TURN, state={"hotel": {"area": ("north",)}}, db_entries=entries)
    (query,), answer = ask(
        Pipeline(), [Reply("The inn\n is in the north.")], replace(SHOWN, task="response", input=turn)
    )
    assert answer.response == "The inn is in the north."
    assert "hotel: 4 entries fit" in texts(query)
    assert '"phone": "1"' in texts(query)
    assert '"name": "c"' not in texts(query)
    assert "area = north" in texts(query)
    (query,), _ = ask(Pipeline(prompt="pipeline_delexicalised"), [Reply("x")], replace(SHOWN, task="response"))
    assert "[hotel_name]" in texts(query)


def test_pipeline_takes_no_whole_state() -> None:
    with pytest.raises(UserError, match="takes no state: whole"):
        Pipeline(state="whole")


def test_names_of_no_domain_are_counted() -> None:
    _, answer = ask(Tools(), [Reply("hotel, spa"), Reply("", (call("find_hotel", area="north"),))])
    assert answer.unread == ("domains: 'spa' is no domain",)
    assert (answer.state or {})["hotel"]["area"] == "north"
    _, answer = ask(Pipeline(), [Reply("hotel, spa, restaurant"), Reply('{"area": "north"}')])
    assert answer.unread == (
        "domain: 'spa' is no domain",
        "domain: restaurant is named after hotel, which alone is asked about",
    )


def test_a_call_that_is_not_closed_leaves_none() -> None:
    whole = '<tool_call>{"name": "find_hotel", "arguments": {"area": "south"}}</tool_call>'
    assert written_calls(whole) == [("find_hotel", {"area": "south"})]
    assert written_calls(f'{whole}\n<tool_call>{{"name": "find_restaurant", "argu') == []
    _, answer = ask(Tools(), [Reply("hotel"), Reply(f"{whole}<tool_call>")])
    assert (answer.state, answer.readable) == ({}, False)


def test_the_schema_of_a_state_is_one_that_strict_servers_take() -> None:
    queries, answer = ask(Pipeline(), [Reply("hotel"), Reply('{"area": "north", "name": null, "price range": null}')])
    schema = queries[1].json_schema or {}
    assert schema["required"] == list(schema["properties"]) == list(SCHEMA["hotel"])
    assert schema["additionalProperties"] is False
    assert answer.state == {"hotel": {"area": "north"}}
    assert answer.unread == ()


def test_tools_as_text_sends_no_functions_and_shows_the_same_prompt() -> None:
    written = '<tool_call>{"name": "find_hotel", "arguments": {"area": "north"}}</tool_call>'
    offered, answer = ask(Tools(), [Reply("hotel"), Reply(written)])
    plain, same = ask(ToolsAsText(), [Reply("hotel"), Reply(written)])
    assert "tools" in offered[1].fields
    assert all(not query.fields for query in plain)
    assert [query.messages for query in plain] == [query.messages for query in offered]
    assert "find_hotel" in texts(plain[1])
    assert same == answer


def test_placeholders_and_examples_do_not_go_together() -> None:
    example = Example("d", 0, (), "hello", {}, {}, (), "The inn is nice.")
    shown = replace(SHOWN, task="response", examples=(example,))
    with pytest.raises(UserError, match="set shots: 0"):
        ask(Pipeline(prompt="pipeline_delexicalised"), [Reply("x")], shown)
    (query,), _ = ask(Pipeline(), [Reply("x")], shown)
    assert "The inn is nice." in texts(query)


def test_placeholders_are_asked_for_by_their_template_alone() -> None:
    shown = replace(SHOWN, task="response")
    ((mine,), _), ((theirs,), _) = (
        ask(Pipeline(prompt=prompt), [Reply("x")], shown) for prompt in (None, "pipeline_delexicalised")
    )
    assert "[hotel_name]" not in texts(mine)
    more = [line for line in texts(theirs).splitlines() if line not in texts(mine)]
    assert len(more) == 1
    assert "[hotel_name]" in more[0]
    dst = [ask(Pipeline(prompt=prompt), [Reply("none")])[0] for prompt in (None, "pipeline_delexicalised")]
    assert dst[0] == dst[1]
    assert Pipeline().template.digest != Pipeline(prompt="pipeline_delexicalised").template.digest


@pytest.mark.parametrize("recipe", [Tools(), ToolsAsText(), Pipeline()])
def test_the_word_for_nothing_is_asked_for_as_examples_write_it(recipe: Recipe) -> None:
    nothing = replace(SHOWN, examples=(Example("e", 0, (), "hello", {}, {}, (), ""),))
    queries, _ = ask(recipe, [Reply("none")], nothing)
    assert '"none"' in str(queries[0].messages[0].content)
    assert "None" not in texts(queries[0])
    assert [m.content for m in queries[0].messages if m.role == "assistant"] == ["none"]


@pytest.mark.parametrize("state", ["changes", "whole"])
def test_examples_of_tools_show_what_their_answers_are_made_of(state: str) -> None:
    history = (Exchange("a cheap hotel", "Which area?"), Exchange("the south", "Anything else?"))
    before = {"hotel": {"price range": "cheap", "area": "south"}}
    after = {"hotel": {**before["hotel"], "name": "lodge"}}
    shown = replace(SHOWN, previous={}, examples=(Example("e", 2, history, "the lodge", before, after, (), ""),))
    queries, _ = ask(Tools(state=state), [Reply("hotel"), Reply("none")], shown)  # type: ignore[arg-type]
    for query in queries:
        (question,) = [m.content for m in query.messages if m.role == "user" and "the lodge" in m.content]
        assert ("a cheap hotel" in question) == (state == "whole")
        assert ('So far the customer wants: {"hotel": {"price range": "cheap"' in question) == (state == "changes")
    answer = next(m.content for m in queries[1].messages if m.role == "assistant")
    assert ("cheap" in answer) == (state == "whole")
