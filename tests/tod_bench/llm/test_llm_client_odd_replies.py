"""What was paid for is kept and read as far as it can be: odd reasons, counts, times and contents; pages for people."""

import gzip
import json
import math
import time

import pytest
from llm_support import KEY, asks, told

from fault_server import BatchPlan, Fault, FaultServer, faults
from tod_bench.errors import UserError
from tod_bench.llm import AnswerCache, BatchClient, ChatAnswer, OpenAIClient, PermanentError
from tod_bench.llm.failures import retry_after_of


@pytest.fixture
def ask(connect):
    """Asks one request twice, of a server with a fault; returns the first outcome and the server."""

    def asked(fault, **options):
        with FaultServer(lambda body: "fine", faults=lambda _: fault) as server:
            client = connect(server, **options)
            ((_, outcome),) = client.complete(asks(1))
            list(client.complete(asks(1)))
            return outcome, server

    return asked


@pytest.mark.parametrize("reason", ["stop", "eos_token", "eos", "end_turn", "stop_sequence", "STOP", "COMPLETE", None])
def test_a_finished_answer_is_kept_whatever_its_reason_is_called(ask, reason):
    outcome, server = ask(Fault(finish_reason=reason))
    assert isinstance(outcome, ChatAnswer)
    assert outcome.text == "fine"
    assert server.billed == len(server.received) == 1


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
def test_a_cut_answer_is_cut_whatever_its_reason_is_called_and_its_words_are_kept(ask, reason):
    outcome, server = ask(Fault(finish_reason=reason, content="half of"))
    assert (outcome.reason, outcome.text) == ("length", "half of")
    # paid for, and it would come again
    assert server.billed == 1


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY"])
def test_a_withheld_answer_is_withheld(ask, reason):
    outcome, _ = ask(Fault(finish_reason=reason, content=""))
    assert outcome.reason == "content_filter"


@pytest.mark.parametrize(
    "usage",
    [
        *({}, None, [], "12", {"prompt_tokens": "many"}, {"total_tokens": 9}),
        {"prompt_tokens": -1, "completion_tokens": 3},
        {"prompt_tokens": 1, "completion_tokens": math.nan},
        {"prompt_tokens": 10**40, "completion_tokens": 1},
    ],
)
def test_usage_that_says_nothing_is_unknown_and_the_answer_is_paid_for_once(ask, usage):
    outcome, server = ask(Fault(fields={"usage": usage}), budget=1.0)
    assert isinstance(outcome, ChatAnswer)
    assert outcome.usage is None
    assert len(server.received) == 1


def test_usage_in_texts_and_with_too_many_cached_tokens_is_read(ask):
    details = {"prompt_tokens_details": {"cached_tokens": 99}}
    outcome, _ = ask(Fault(fields={"usage": {"prompt_tokens": "12", "completion_tokens": 3.0, **details}}))
    assert (outcome.usage.prompt_tokens, outcome.usage.completion_tokens, outcome.usage.cached_tokens) == (12, 3, 12)


@pytest.mark.parametrize(
    ("created", "seconds"),
    [
        *((1_700_000_000, 1_700_000_000), (1_700_000_000.5, 1_700_000_000.5), ("1700000000", 1_700_000_000)),
        *((1_700_000_000_000, 1_700_000_000), (1_700_000_000_000_000_000, 1_700_000_000)),
        *(("2023-11-14T22:13:20+00:00", 1_700_000_000), ("2023-11-14T22:13:20Z", 1_700_000_000)),
        *((None, None), ("soon", None), (-5, None), (math.inf, None), ({}, None)),
    ],
)
def test_the_time_of_an_answer_in_any_unit(ask, created, seconds):
    outcome, server = ask(Fault(fields={"created": created}))
    assert outcome.created == pytest.approx(seconds if seconds is not None else time.time(), abs=60)
    assert len(server.received) == 1


def test_a_cache_that_holds_milliseconds_is_read(tmp_path):
    with AnswerCache(tmp_path / "c.sqlite") as cache:
        cache.put("k", ChatAnswer("x", "stop", "m", "", None, 1_700_000_000_000), asked="m")
        assert cache.get("k").created == 1_700_000_000


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "fi"}, {"type": "text", "text": "ne"}], "fine"),
        ([{"type": "thinking", "text": "hm"}, {"type": "output_text", "text": "fine"}], "fine"),
        (["fi", "ne"], "fine"),
        ("half a pair \ud83d here", "half a pair \ufffd here"),
    ],
)
def test_contents_of_other_forms(ask, content, text):
    outcome, server = ask(Fault(content=content))
    assert outcome.text == text
    assert len(server.received) == 1


def test_reasoning_without_an_answer_is_empty_and_asked_again_by_the_next_run(ask):
    choice = {"index": 0, "message": {"content": None, "reasoning_content": "I think A"}, "finish_reason": "stop"}
    outcome, server = ask(Fault(fields={"choices": [choice]}))
    assert outcome.reason == "empty"
    assert len(server.received) == 2


ODD = {
    "no choices": Fault(fields={"choices": []}),
    "null": Fault(raw="null"),
    "a list": Fault(raw="[]"),
    "a number of 5,000 digits": Fault(raw="1" * 5000),
    "very deep": Fault(raw="[" * 100_000),
    "not UTF-8": Fault(raw=b"\xff\xfe\x00"),
    "a web page": faults.web_page(),
    "no gzip": Fault(raw=b"no gzip", headers={"Content-Encoding": "gzip"}),
    "an error that says 503": Fault(raw='{"error": {"code": 503, "message": "overloaded"}}'),
    "an error in a text": Fault(raw='{"error": "overloaded"}'),
    "redirected in a circle": Fault(307, headers={"Location": "/v1/chat/completions"}, raw=""),
}


@pytest.mark.parametrize("fault", ODD.values(), ids=ODD.keys())
def test_what_is_no_answer_is_retried_and_stops_the_run_when_it_is_all_there_is(connect, fault):
    with FaultServer(lambda body: "fine", faults=lambda received: fault if received.number < 1 else None) as server:
        assert told(connect(server, concurrency=1).complete(asks(1))) == {"0": "fine"}
    with FaultServer(faults=lambda _: fault) as server:
        client = connect(server, concurrency=4, attempts=1, backoff=(0.0, 0.0))
        with pytest.raises(PermanentError, match="10 requests in a row without an answer"):
            list(client.complete(asks(1000)))
        assert len(server.received) < 20 * 21  # a circle is followed twenty times


def test_an_error_in_a_good_reply_means_what_it_says(connect):
    quota = Fault(raw='{"error": {"code": "insufficient_quota", "message": "no credit"}}')
    with FaultServer(faults=lambda _: quota) as server:
        with pytest.raises(PermanentError, match="add credit"):
            list(connect(server, concurrency=1).complete(asks(50)))
        assert len(server.received) == 1


def test_a_redirect_to_another_server_does_not_take_the_key_along(connect):
    with FaultServer(lambda body: "elsewhere") as other:
        address = f"{other.base_url}/chat/completions"
        away = Fault(307, headers={"Location": address}, raw="")
        with FaultServer(faults=lambda _: away) as server:
            assert told(connect(server).complete(asks(1))) == {"0": "elsewhere"}
        assert [received.authorization for received in other.received] == [""]


def test_an_error_in_gzip_is_read(connect):
    body = gzip.compress(json.dumps({"error": {"message": "gpt-4o is gone"}}).encode())
    fault = Fault(404, raw=body, headers={"Content-Encoding": "gzip"})
    with FaultServer(faults=lambda _: fault) as server, pytest.raises(PermanentError, match="gpt-4o is gone"):
        list(connect(server).complete(asks(1)))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("-5", 0), ("0", 0), ("1e3", 1000), ("nan", None), ("inf", None), ("", None)),
        *(("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 99 Oct 99999 07:28:00 GMT", None), ("Wed, 21 Oct", None)),
    ],
)
def test_odd_values_of_retry_after(header, seconds):
    assert retry_after_of({"retry-after": header}) == seconds


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 503])
def test_a_pause_of_a_day_ends_the_run_and_a_past_one_does_not(connect, status):
    day = Fault(status, {"message": "later"}, {"Retry-After": str(10**9)})
    with FaultServer(faults=lambda _: day) as server, pytest.raises(PermanentError, match="asks to wait"):
        list(connect(server).complete(asks(3)))
    past = Fault(status, {"message": "later"}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    with FaultServer(
        lambda body: "fine", faults=[past, Fault(status, {"message": "x"}, {"Retry-After": "-7"})]
    ) as server:
        assert told(connect(server).complete(asks(1))) == {"0": "fine"}
        assert server.billed == 1


@pytest.mark.parametrize("echoed", ["before", "after"])
def test_a_batch_answer_outweighs_an_error_under_the_same_id(tmp_path, echoed):
    with FaultServer(lambda body: "fine", plans=[BatchPlan(echo_errors=echoed)]) as server:
        client = BatchClient(tmp_path / "b", tmp_path / "c.sqlite", server.base_url, poll_seconds=0.01)
        assert set(told(client.complete(asks(5))).values()) == {"fine"}
        assert len(server.batches.billed) == 5


@pytest.mark.parametrize(
    "key", ["sk-proj-ключ-0123456789", "sk-proj-01234\n56789abcd", "sk-proj-0123 456789abcd", "sk-\x00abcdefgh"]
)
def test_a_key_that_is_none_is_named_and_never_shown(monkeypatch, key):
    if "\x00" in key:
        monkeypatch.setattr("os.environ", {"OPENAI_API_KEY": key})
    else:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(PermanentError, match="OPENAI_API_KEY holds a line break, a blank or a character") as caught:
        OpenAIClient("http://127.0.0.1:1/v1")
    assert key[-5:] not in str(caught.value)


def test_a_key_in_the_address_is_refused_without_being_shown():
    with pytest.raises(UserError, match="holds the key of OPENAI_API_KEY") as caught:
        OpenAIClient(f"http://127.0.0.1:1/{KEY}/v1")
    assert KEY not in str(caught.value)


def test_a_key_that_a_server_echoes_is_in_no_file(connect, tmp_path):
    echoes = [
        Fault(content=f"Your key is {KEY}, and it begins with {KEY[:12]}."),
        Fault(content="cut", finish_reason="length", fields={"model": f"gpt-4o-{KEY}", "system_fingerprint": KEY}),
        Fault(content=f"half {KEY}", finish_reason="length"),
        Fault(finish_reason=KEY),
        Fault(refusal=f"not with {KEY}"),
        faults.bad_request(f"the prompt holds {KEY}", param="messages"),
        Fault(500, {"message": KEY}, {"x-key": KEY, "Location": f"/{KEY}"}),
        Fault(raw=f'{{"error": {{"code": 502, "message": "{KEY}"}}}}'),
    ]
    with FaultServer(lambda body: "fine", faults=echoes) as server:
        outcomes = list(connect(server, concurrency=1).complete(asks(8)))
    assert "[key]" in repr(outcomes)
    assert KEY[-8:] not in repr(outcomes)
    assert KEY[:12] not in repr(outcomes)
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY[:12].encode() not in path.read_bytes()
