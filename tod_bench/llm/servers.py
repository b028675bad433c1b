"""How to reach a server: its address, and the key that the environment holds for it."""

import os
from urllib.parse import urlsplit

from tod_bench.errors import UserError
from tod_bench.llm.failures import SHORTEST_KEY, PermanentError
from tod_bench.llm.records import OPENAI_URL

KEY_VARIABLE = "OPENAI_API_KEY"
"""Environment variable that holds the key, unless another one is named."""

NO_KEY = "none"
"""Sent to servers other than OpenAI's where the environment holds no key: most want none but insist on a header."""


def resolve_url(base_url: str | None) -> str:
    """The address given, else the one in OPENAI_BASE_URL, else OpenAI's.

    Raises:
        UserError: It is no address, or holds a user, password or query, which would end in caches and results.
    """
    url = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        usable = False
    if not usable:
        raise UserError(f"The base URL {url!r} is no address; it should look like http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UserError(
            f"The base URL of {parts.hostname} holds a user, a password or a query; leave them out, and put the key "
            "into an environment variable"
        )
    return url.rstrip("/")


def read_key(variable: str, base_url: str) -> str:
    """The key in an environment variable.

    Raises:
        PermanentError: There is none and the server is OpenAI's; or it cannot be a key; or the URL holds it.
    """
    key = os.environ.get(variable, "").strip()
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        # An HTTP header cannot hold it, and the library's error would show it.
        raise PermanentError(
            f"{variable} holds a line break, a blank or a character outside of ASCII, which no key has; copy the key "
            "again and set the variable anew"
        )
    if len(key) >= SHORTEST_KEY and key in base_url:
        raise PermanentError(f"The base URL holds the key of {variable}; leave it out, the client sends it by itself")
    if key:
        return key
    if urlsplit(base_url).hostname == urlsplit(OPENAI_URL).hostname:
        raise PermanentError(
            f"{variable} holds no key for {base_url}; set it, or name another server as base URL, or replay a cache"
        )
    return NO_KEY
