from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.llm import ChatRequest, ImagePart, Message, TextPart
from tod_bench.llm.batch_state import SpillFile
from tod_bench.llm.records import normal_url

ASK = ChatRequest("m", (Message("system", "judge"), Message("user", (TextPart("look"), ImagePart("data:,x", "low")))))


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"messages": (Message("user", "judge"),)},
        {"messages": (ASK.messages[0], Message("user", (TextPart("look"), ImagePart("data:,x", "high"))))},
        {"temperature": 0.1},
        {"temperature": None},
        {"max_tokens": 7},
        {"top_p": 0.5},
        {"seed": 0},
        {"schema": {"type": "object"}},
        {"schema_name": "verdict"},
        {"extra": {"reasoning_effort": "low"}},
        {"repeat": 1},
    ],
)
def test_key_changes_with_whatever_can_change_the_answer(change):
    assert replace(ASK, **change).key() != ASK.key()


def test_key_does_not_change_with_the_tag_or_the_order_of_a_schema():
    assert replace(ASK, tag="item 7").key() == ASK.key()
    one, other = {"a": {"x": 1, "y": 2}, "b": 1}, {"b": 1, "a": {"y": 2, "x": 1}}
    assert replace(ASK, schema=one).key() == replace(ASK, schema=other).key()


def test_key_changes_with_the_server_but_not_with_its_spelling():
    assert ASK.key("http://localhost:8000/v1") != ASK.key("http://localhost:8001/v1")
    assert ASK.key("http://LOCALHOST:8000/v1/") == ASK.key("http://localhost:8000/v1")


def test_key_is_pinned():
    """Caches that people share hold these hashes: changing what goes into a key needs a new KEY_VERSION."""
    plain = ChatRequest("gpt-4o", (Message("user", "hello"),))
    assert plain.key() == "29a60723a2bdc1a26e5d61a6a4cee94ba9a488fe0ea07669459ec042993accaa"


def test_a_key_in_a_url_does_not_reach_the_normal_form():
    assert normal_url("https://me:secret@Host:1/v1?api-key=secret") == "https://host:1/v1"


def test_requests_can_be_dictionary_keys():
    assert {replace(ASK, schema={"a": 1}, extra={"b": 2}): 1}[replace(ASK, schema={"a": 1}, extra={"b": 2})] == 1


contents = st.one_of(
    st.text(),
    st.lists(st.one_of(st.builds(TextPart, st.text()), st.builds(ImagePart, st.text())), min_size=1).map(tuple),
)


@given(
    st.builds(
        ChatRequest,
        model=st.text(),
        messages=st.lists(st.builds(Message, st.sampled_from(["system", "user"]), contents)).map(tuple),
        temperature=st.one_of(st.none(), st.floats(0, 2)),
        seed=st.one_of(st.none(), st.integers(0)),
        schema=st.one_of(st.none(), st.just({"type": "object"})),
        repeat=st.integers(0, 9),
        tag=st.text(),
    )
)
def test_a_request_put_aside_comes_back(request_):
    with SpillFile() as spilled:
        spilled.add(request_)
        spilled.add(ASK)
        assert list(spilled) == [request_, ASK]
        spilled.add(request_)
        assert [request.key() for request in spilled] == [request_.key(), ASK.key(), request_.key()]
