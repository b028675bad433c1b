"""What an error of a server means: stop the run, try again, or give up on this one request.

Three answers, three types: `PermanentError` (a sentence for the user; going on is pointless), `TransientError` (try
again, perhaps after a while) and `ChatFailure` (this request has no answer; the others may).
"""

import email.utils
import math
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from tod_bench.errors import UserError
from tod_bench.llm.records import ChatFailure

NO_QUOTA_CODES = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated"}
)
TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
FILTER_CODES = frozenset({"content_filter", "content_policy_violation"})
KEPT = "every finished answer is in the cache, so the same command goes on where it stopped"

SHORTEST_KEY = 8
"""Shorter "keys" are placeholders such as ``none``, which are words of ordinary messages."""

_TOO_LONG = re.compile(
    r"context[_ ](length|size|window)|maximum context|prompt is too long|too many tokens|"
    r"max_(completion_)?tokens\b.*\b(too large|at most|exceeds?|less than|maximum)",
    re.I,
)
_BAD_KEY = re.compile(r"\bapi[ _-]?key\b", re.I)
_NO_CREDIT = re.compile(r"credit balance|insufficient (credit|quota|balance|funds)|billing", re.I)
_NO_MODEL = re.compile(
    r"\bmodel\b.{0,80}(not found|not exist|not available)|(unknown|invalid|unsupported) model\b", re.I
)
_FLAGGED = re.compile(r"\bflagged\b|\bmoderation\b", re.I)
_ODD_FIELDS = re.compile(
    r"\b(unexpected|unknown|unrecogni[sz]ed|unsupported|extra|additional)( \w+)? "
    r"(fields?|parameters?|arguments?|inputs?|propert(y|ies)|keys?)\b",
    re.I,
)
_PROMPT_WORDS = re.compile(r"\b(prompts?|messages?|contents?|inputs?|images?|roles?)\b", re.I)
_PROMPT_FIELDS = re.compile(r"^(body\.)?(messages?|prompt|input|contents?)\b", re.I)

SAMPLING_FIELDS = (
    *("temperature", "top_p", "top_k", "min_p", "seed", "logprobs", "top_logprobs"),
    *("presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias"),
)
"""Fields that only say how an answer is drawn: a request makes sense without them."""

TOKEN_FIELDS = ("max_tokens", "max_completion_tokens")
"""The names that servers have for the longest answer."""

_REQUEST_FIELDS = (*SAMPLING_FIELDS, *TOKEN_FIELDS, "response_format", "json_schema")
_SECRETS = re.compile(r"\b(?:sk|pk|rk)-[\w.*-]{4,}|(?<=Bearer )\S+|[\w.-]*\*{3,}[\w.*-]*")


class PermanentError(UserError):
    """Going on is pointless until the user has done something; the text says what."""


class BudgetReached(UserError):  # noqa: N818 - the name of an event, as StopIteration is
    """The next request could cost more than is left of the budget."""


class TransientError(Exception):
    """An attempt failed in a way that may pass.

    Args:
        detail: What happened, without secrets.
        retry_after: Seconds that the server asks to wait; None where it does not say.
        malformed: Whether there was a reply, and it could not be read.
    """

    def __init__(self, detail: str, *, retry_after: float | None = None, malformed: bool = False) -> None:
        super().__init__(detail)
        self.detail, self.retry_after, self.malformed = detail, retry_after, malformed


def redact(text: str, key: str = "") -> str:
    """One line of `text` without anything that looks like a key, whole, masked or in part.

    Servers echo keys in their messages (``Incorrect API key provided: sk-ab...wxyz``); even the two ends are taken out.
    """
    if len(key) >= SHORTEST_KEY:
        for length in range(len(key), 3, -1):
            text = text.replace(key[:length], "[key]") if length > 5 else text
            text = text.replace(key[-length:], "[key]")
    return " ".join(_SECRETS.sub("[key]", text).split())[:500]


def redact_key(text: str, key: str) -> str:
    """`text` without the key and without its longer beginnings and ends; all else, line breaks included, is kept."""
    if len(key) < SHORTEST_KEY:
        return text
    for length in range(len(key), SHORTEST_KEY - 1, -1):
        text = text.replace(key[:length], "[key]").replace(key[-length:], "[key]")
    return text


def error_of(body: Any) -> dict[str, Any]:
    """``message``, ``code`` and ``param`` (empty where there is none) of an error, in any form that servers use."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(inner, list) and inner and isinstance(inner[0], Mapping):
        inner = inner[0].get("error", inner[0])  # Google's servers put the object into a list
    if not isinstance(inner, Mapping):
        return {"message": str(inner or "no details"), "code": "", "param": ""}
    message = inner.get("message") or inner.get("detail") or "no details"
    code = inner.get("code") if isinstance(inner.get("code"), str) else inner.get("type")
    return {"message": str(message), "code": str(code or ""), "param": str(inner.get("param") or "")}


def read_error(
    status: int, body: Any, *, url: str, model: str, key_variable: str, key: str = "", retry_after: float | None = None
) -> PermanentError | TransientError | ChatFailure:
    """What a reply with an error status means.

    Args:
        status: HTTP status.
        body: The reply's body: JSON values, or text.
        url: The server's base URL, for the message.
        model: The model asked for, for the message.
        key_variable: Environment variable that holds the key, for the message.
        key: The key, so that it can be taken out of the server's words.
        retry_after: The server's Retry-After in seconds.
    """
    error = error_of(body)
    detail, code = f"HTTP {status}: {redact(error['message'], key)}", error["code"]
    rejected = status in (400, 422)
    if status == 402 or code in NO_QUOTA_CODES or (rejected and _NO_CREDIT.search(error["message"])):
        return PermanentError(f"No quota is left at {url} ({detail}); add credit or raise the limit there; {KEPT}")
    if status in TRANSIENT_STATUSES or status >= 500:
        return TransientError(detail, retry_after=retry_after)
    if code in FILTER_CODES or (status == 403 and _FLAGGED.search(error["message"])):
        return ChatFailure("content_filter", detail)
    if status == 413 or (rejected and _TOO_LONG.search(f"{code} {error['message']}")):
        return ChatFailure("too_long", detail)
    if rejected:
        return _read_rejection(error, status, detail, (url, model, key_variable))
    return PermanentError(_advice(status, detail, url, model, key_variable))


def _read_rejection(
    error: Mapping[str, str], status: int, detail: str, names: tuple[str, str, str]
) -> PermanentError | ChatFailure:
    """What a 400 or 422 is about: everything that will be asked, or this one request."""
    message, param = error["message"], error["param"]
    if _PROMPT_FIELDS.match(param):
        return ChatFailure("bad_request", detail)
    if _BAD_KEY.search(message):
        return PermanentError(_advice(401, detail, *names))
    # A message that quotes the model and speaks of prompts or images is about this request: others may pass.
    quotes_model = re.search(rf"""['"`]{re.escape(names[1])}['"`]""", message)
    if param == "model" or _NO_MODEL.search(message) or (quotes_model and not _PROMPT_WORDS.search(message)):
        return PermanentError(_advice(404, detail, *names))
    if param or named_fields(error, _REQUEST_FIELDS) or _ODD_FIELDS.search(message):
        return PermanentError(_advice(status, detail, *names))
    return ChatFailure("bad_request", detail)


def named_fields(error: Mapping[str, str], fields: Iterable[str]) -> list[str]:
    """Those of the fields of a request's body that an error (see `error_of`) names as its cause."""
    if _PROMPT_FIELDS.match(error["param"]):
        return []
    words = f"{error['param']} {error['message']}"
    return [name for name in fields if re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", words)]


def _advice(status: int, detail: str, url: str, model: str, key_variable: str) -> str:
    if status == 401:
        return f"{url} does not accept the key in {key_variable} ({detail}); put a valid key there and run again"
    if status == 403:
        return f"{url} does not let this key use {model!r} ({detail}); ask for access there or choose another model"
    if 300 <= status < 400:
        return f"{url} redirects to another address ({detail}); give that address as the base URL"
    if status == 404:
        return f"{url} knows no model {model!r} ({detail}); check the model's name and the base URL"
    return f"{url} rejects the request ({detail}); change the model, its parameters or the prompt; {KEPT}"


def status_in(error: Any) -> int:
    """The HTTP status that an error in a reply with status 200 stands for; 502 where it does not say."""
    code = str(error.get("code") if isinstance(error, Mapping) else "")
    if re.fullmatch(r"[45]\d\d", code):
        return int(code)
    return 429 if "rate_limit" in code else 502


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds that a reply's headers ask to wait (``retry-after-ms``, or ``retry-after`` in seconds or as a date)."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        date = email.utils.parsedate_tz(headers.get("retry-after", ""))
        return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None
    except (ValueError, OverflowError, IndexError, TypeError):  # a date that no calendar has
        return None
