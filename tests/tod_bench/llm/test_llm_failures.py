import email.utils
import time

import pytest
from llm_support import KEY

from tod_bench.llm import ChatFailure, PermanentError
from tod_bench.llm.failures import TransientError, read_error, redact, retry_after_of


def read(status, error):
    return read_error(
        status, {"error": error}, url="http://host/v1", model="gpt-x", key_variable="MY_KEY", key=KEY, retry_after=None
    )


@pytest.mark.parametrize(
    ("status", "error", "word"),
    [
        (401, {"message": "Incorrect API key"}, "MY_KEY"),
        (402, {"message": "Insufficient credits"}, "No quota"),
        (403, {"message": "Country not supported"}, "another model"),
        (404, {"message": "no such model", "code": "model_not_found"}, "'gpt-x'"),
        (429, {"message": "You exceeded your quota", "code": "insufficient_quota"}, "add credit"),
        (429, {"message": "Hard limit", "code": "billing_hard_limit_reached"}, "add credit"),
        (400, {"message": "temperature is not supported"}, "temperature"),
        (422, {"detail": "Unexpected fields"}, "Unexpected fields"),
    ],
)
def test_permanent_errors_say_what_to_do(status, error, word):
    meaning = read(status, error)
    assert isinstance(meaning, PermanentError)
    assert word in str(meaning)
    assert "\n" not in str(meaning)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_transient_statuses(status):
    assert isinstance(read(status, {"message": "later", "code": "rate_limit_exceeded"}), TransientError)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (400, {"message": "too big", "code": "context_length_exceeded"}, "too_long"),
        (400, {"message": "This model's maximum context length is 10 tokens"}, "too_long"),
        (400, {"message": "x", "type": "exceed_context_size_error"}, "too_long"),
        (413, {"message": "Payload too large"}, "too_long"),
        (400, {"message": "flagged", "code": "content_filter"}, "content_filter"),
    ],
)
def test_errors_of_one_request_do_not_stop_the_others(status, error, reason):
    meaning = read(status, error)
    assert isinstance(meaning, ChatFailure)
    assert meaning.reason == reason


@pytest.mark.parametrize("body", ["plain text", None, {"error": "text"}, {"detail": "text"}, [], {"error": None}, {}])
def test_any_body_can_be_read(body):
    assert isinstance(
        read_error(500, body, url="u", model="m", key_variable="K"),
        TransientError,
    )


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}. You can find your key at ...",
        f"Incorrect API key provided: {KEY[:8]}***************{KEY[-4:]}.",
        f"key ****{KEY[-4:]} is unknown",
        f"header 'Authorization: Bearer {KEY}'",
        f"bad key sk-...{KEY[-4:]}",
        f"{KEY[:8]}…{KEY[-4:]}",
    ],
)
def test_redact_takes_out_keys_whole_and_in_part(text):
    cleaned = redact(text, KEY)
    assert KEY[-4:] not in cleaned
    assert KEY[3:8] not in cleaned


def test_redact_keeps_ordinary_words():
    text = "The model `gpt-4o-mini-2024-07-18` does not exist (**risk**-based, key-value); see https://platform.openai.com."
    assert redact(text, KEY) == text


def test_retry_after_in_all_its_forms():
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert retry_after_of({"retry-after": "7"}) == 7
    assert retry_after_of({"retry-after": "0.5"}) == 0.5
    assert retry_after_of({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after_of({"retry-after": date}) == pytest.approx(30, abs=2)
    assert retry_after_of({"retry-after": "soon"}) is None
    assert retry_after_of({}) is None
