"""Asking, reading, and asking once more."""

import pytest

from fault_server import FaultServer, faults
from tod_bench.errors import UserError
from tod_bench.llm import (
    BatchClient,
    ChatFailure,
    ChatRequest,
    ImagePart,
    Message,
    OpenAIClient,
    RetryPolicy,
    ScriptedClient,
    TextPart,
)
from tod_bench.personalise.asking import Question, Unread, ask_each


def read_number(text):
    return int(text) if text.isdigit() else Unread("no number", f"{text!r} is no number. Write a number.")


def questions(*texts):
    return [Question(text, ChatRequest("m", (Message("user", text),), tag=text), read_number) for text in texts]


def asked(answer, *texts, reasks=1, **options):
    """Every reply by its question, and all requests."""
    sent = []

    def script(request):
        sent.append(request)
        return answer(request)

    replies = dict(ask_each(ScriptedClient(script, **options), questions(*texts), reasks=reasks))
    return {question.about: reply for question, reply in replies.items()}, sent


def test_what_can_be_read_is_asked_for_once():
    replies, sent = asked(lambda request: request.messages[0].content, "1", "2", "3")
    assert {about: reply.value for about, reply in replies.items()} == {"1": 1, "2": 2, "3": 3}
    assert len(sent) == 3
    assert replies["1"].rejected == ()
    assert replies["1"].provenance["model"] == "m"


def test_what_cannot_be_read_is_said_in_the_same_conversation():
    replies, sent = asked(lambda request: "seven" if len(request.messages) == 1 else "7", "x")
    assert replies["x"].value == 7
    assert (replies["x"].rejected, replies["x"].answers) == (("no number",), ("seven", "7"))
    assert [(message.role, message.content) for message in sent[1].messages] == [
        ("user", "x"),
        ("assistant", "seven"),
        ("user", "'seven' is no number. Write a number."),
    ]


@pytest.mark.parametrize("reasks", [0, 1, 3])
def test_there_is_an_end_to_asking(reasks):
    replies, sent = asked(lambda request: "no", "x", reasks=reasks)
    assert (replies["x"].value, replies["x"].reason) == (None, "no number")
    assert len(sent) == reasks + 1 == len(replies["x"].rejected)


@pytest.mark.parametrize(
    ("reason", "times"), [("refusal", 1), ("content_filter", 1), ("too_long", 1), ("bad_request", 1), ("empty", 2)]
)
def test_what_a_model_refuses_is_not_asked_twice(reason, times):
    replies, sent = asked(lambda request: ChatFailure(reason, "so it is"), "x")
    assert (replies["x"].value, replies["x"].reason) == (None, reason)
    assert len(sent) == times


def test_a_cut_answer_gets_twice_the_room():
    _, sent = asked(lambda request: ChatFailure("length", text="se"), "x")
    assert [request.max_tokens for request in sent] == [512, 1024]
    assert sent[1].messages[1] == Message("assistant", "se")


def test_after_an_empty_answer_the_question_grows():
    _, sent = asked(lambda request: ChatFailure("empty"), "x")
    assert [message.content for message in sent[1].messages] == ["x\n\nThe answer was empty."]


def test_a_question_with_a_picture_grows_by_a_text():
    parts = (TextPart("x"), ImagePart("data:image/png;base64,"))
    question = Question("x", ChatRequest("m", (Message("user", parts),)), read_number)
    sent = []

    def script(request):
        sent.append(request)
        return ChatFailure("empty")

    list(ask_each(ScriptedClient(script), [question]))
    assert sent[1].messages[0].content == (*parts, TextPart("The answer was empty."))


def test_a_server_that_is_down_is_no_reason_to_fall_back():
    def answer(request):
        return ChatFailure("transient", "no reply") if request.messages[0].content == "2" else "5"

    client = ScriptedClient(answer)
    replies = []
    with pytest.raises(
        UserError, match=r"1 requests got no answer \(the first, 2: transient, no reply\); run the same"
    ):
        replies.extend(ask_each(client, questions("1", "2", "3")))
    assert [question.about for question, _ in replies] == ["1", "3"]


def test_a_replay_without_the_answer_is_no_reason_to_fall_back(tmp_path):
    client = OpenAIClient("http://127.0.0.1:9/v1", cache=tmp_path / "answers.sqlite", replay=True)
    with pytest.raises(UserError, match="1: missing"):
        list(ask_each(client, questions("1")))


def test_side_by_side_over_a_server_with_faults(tmp_path):
    """Forty questions, half of which need a second attempt, over a server that limits and cuts."""

    def answer(body):
        first = body["messages"][0]["content"]
        return first if int(first) % 2 or len(body["messages"]) > 1 else "what?"

    wrong = {3: faults.rate_limited(0), 8: faults.cut(), 20: faults.server_error()}
    with FaultServer(answer, faults=lambda received: wrong.get(received.number)) as server:
        client = OpenAIClient(
            server.base_url, cache=tmp_path / "a.sqlite", concurrency=6, retry=RetryPolicy(backoff=(0.01, 0.05))
        )
        numbers = [str(number) for number in range(40)]
        replies = {question.about: reply for question, reply in ask_each(client, questions(*numbers))}
        assert {about: reply.value for about, reply in replies.items()} == {about: int(about) for about in numbers}
        assert {reply.rejected for about, reply in replies.items() if int(about) % 2 == 0} == {("no number",)}
        again = {question.about: reply for question, reply in ask_each(client, questions(*numbers))}
        assert again == replies  # provenance says nothing of caches and clocks
        assert server.billed == 61  # 40 + 20, and the one that was cut on its way


def words_first(body):
    first = body["messages"][0]["content"]
    return first if int(first) % 2 or len(body["messages"]) > 1 else "what?"


def test_a_replay_of_the_cache_gives_the_same_replies(tmp_path):
    with FaultServer(words_first) as server:
        client = OpenAIClient(server.base_url, cache=tmp_path / "a.sqlite")
        paid = {question.about: reply for question, reply in ask_each(client, questions("1", "2", "3"))}
        url = server.base_url
    replay = OpenAIClient(url, cache=tmp_path / "a.sqlite", replay=True)
    assert {question.about: reply for question, reply in ask_each(replay, questions("1", "2", "3"))} == paid


def test_through_the_batch_api_the_second_attempts_are_one_batch(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    with FaultServer(words_first) as server:
        client = BatchClient(tmp_path / "batches", tmp_path / "a.sqlite", server.base_url, poll_seconds=0.01)
        numbers = [str(number) for number in range(10)]
        replies = {question.about: reply.value for question, reply in ask_each(client, questions(*numbers))}
        assert replies == {number: int(number) for number in numbers}
        assert [len(batch.splitlines()) for batch in sent_batches(server)] == [10, 5]


def sent_batches(server):
    return [server.batches.files[batch["input_file_id"]] for batch in server.batches.batches.values()]
