"""How many tokens and dollars requests will take, before they are sent.

Two counts of tokens: an estimate, for showing a price and for the rate limits; and a bound that the server's own count
cannot pass, for a budget that must hold. The estimate uses tiktoken where its vocabulary is already on this machine
(else it would be downloaded), or the rule of thumb of four bytes of UTF-8 a token. The bound counts a token for every
byte: the vocabularies are byte-level, so that each token covers at least one. What is bounded too high is given back as
soon as the server has counted.
"""

import base64
import hashlib
import io
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.prices import ImageRule, Price, load_prices
from tod_bench.llm.records import ChatRequest, ImagePart, Usage

BYTES_PER_TOKEN = 4
"""Rule of thumb for English text under OpenAI's vocabularies."""

MESSAGE_TOKENS = 4
"""Tokens around each message in the chat format, and at the start of the answer."""

LARGEST_IMAGE = (2048, 2048)
"""Size assumed for an image that cannot be measured, in pixels."""

_VOCABULARIES = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"


def estimate_tokens(request: ChatRequest, price: Price | None = None) -> int:
    """Tokens of the prompt, as near as can be known before the server counts."""
    count, _ = text_counter(request.model)
    return _total(request, price, count)


def bound_tokens(request: ChatRequest, price: Price | None = None) -> int:
    """Tokens that the prompt cannot have more of."""
    return _total(request, price, lambda text: len(text.encode()))


def _total(request: ChatRequest, price: Price | None, count: Callable[[str], int]) -> int:
    rule = price.image if price is not None and price.image is not None else ImageRule(rule="patches")
    total = MESSAGE_TOKENS
    for message in request.messages:
        total += MESSAGE_TOKENS
        total += sum(count(call.name) + count(call.arguments) + MESSAGE_TOKENS for call in message.calls)
        if isinstance(message.content, str):
            total += count(message.content)
            continue
        for part in message.content:
            total += image_tokens(part, rule) if isinstance(part, ImagePart) else count(part.text)
    for offered in (request.schema, request.extra.get("tools")):
        if offered is not None:
            total += count(json.dumps(offered)) + MESSAGE_TOKENS
    return total


@lru_cache(maxsize=32)
def text_counter(model: str) -> tuple[Callable[[str], int], str]:
    """A function that counts tokens of a text for a model, and its name for reports."""
    default = str(Path(tempfile.gettempdir()) / "data-gym-cache")
    folder = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR") or default
    try:
        import tiktoken

        name = tiktoken.encoding_name_for_model(model)
        # tiktoken names the files of its own cache after the SHA-1 of their address
        file = hashlib.sha1(_VOCABULARIES.format(name).encode(), usedforsecurity=False).hexdigest()
        if (Path(folder) / file).exists():
            encoding = tiktoken.get_encoding(name)
            return lambda text: len(encoding.encode(text, disallowed_special=())), f"tiktoken {name}"
    except (ImportError, KeyError, OSError, ValueError):
        pass
    return lambda text: math.ceil(len(text.encode()) / BYTES_PER_TOKEN), f"{BYTES_PER_TOKEN} bytes a token"


def image_tokens(image: ImagePart, rule: ImageRule) -> int:
    """Tokens that an image counts for under a model's rule (OpenAI's guide to images and vision)."""
    if rule.rule == "tiles" and image.detail == "low":
        return rule.base
    width, height = _size(image.url)
    if rule.rule == "patches":
        return math.ceil(min(1536, math.ceil(width / 32) * math.ceil(height / 32)) * rule.factor)
    shrink = min(1.0, 2048 / max(width, height))
    shrink *= min(1.0, 768 / (min(width, height) * shrink))
    tiles = math.ceil(width * shrink / 512) * math.ceil(height * shrink / 512)
    return rule.base + rule.tile * tiles


@lru_cache(maxsize=64)
def _size(url: str) -> tuple[int, int]:
    """Width and height in pixels of the image in a data URL; the largest where it cannot be measured."""
    header, _, data = url.partition(",")
    if not header.startswith("data:image/") or not header.endswith(";base64"):
        return LARGEST_IMAGE
    try:
        from PIL import Image

        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            return picture.size
    except (ImportError, ValueError, OSError):
        return LARGEST_IMAGE


@dataclass(frozen=True)
class Estimate:
    """What a run would take.

    Attributes:
        requests: Requests to be sent (those not in the cache).
        cached: Requests that the cache answers.
        prompt_tokens: Estimated tokens of the prompts to be sent.
        completion_tokens: Tokens of the answers at their longest.
        usd: US dollars at the longest answers; None where a model's price is not known.
        counter: How tokens were counted.
        as_of: Date of the price table.
        known: Whether every prompt is known; else prompts hold answers that are still to come, and `prompt_tokens` and
            `usd` are what they come to at most.
    """

    requests: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    counter: str
    as_of: date
    known: bool = True


def estimate(
    requests: Iterable[ChatRequest],
    base_url: str,
    *,
    cache: AnswerCache | None = None,
    prices: Path | None = None,
    batch: bool = False,
) -> Estimate:
    """What a run would take, without sending anything; a request that comes twice is counted once.

    Args:
        requests: The requests of the run.
        base_url: The server.
        cache: Answers that are already there.
        prices: The user's own price file.
        batch: Whether the Batch API's prices hold.
    """
    with_room = ((request, 0) for request in requests)
    return estimate_at_most(with_room, base_url, cache=cache, prices=prices, batch=batch)


def estimate_at_most(
    requests: Iterable[tuple[ChatRequest, int]],
    base_url: str,
    *,
    cache: AnswerCache | None = None,
    prices: Path | None = None,
    batch: bool = False,
) -> Estimate:
    """What a run would take at most, where prompts hold answers that are still to come.

    Args:
        requests: The requests of the run as far as they are known, each with the number of tokens that its prompt may
            have on top.
        base_url: The server.
        cache: Answers that are already there.
        prices: The user's own price file.
        batch: Whether the Batch API's prices hold.
    """
    table, seen = load_prices(prices), set[str]()
    sent = cached = prompt = completion = 0
    usd: float | None = 0.0
    counters: set[str] = set()
    known = True
    for request, room in requests:
        key = request.key(base_url)
        if key in seen or (cache is not None and cache.outcome(key) is not None):
            cached += 1
            continue
        seen.add(key)
        price = table.of(request.model, base_url)
        usage = Usage(estimate_tokens(request, price) + room, request.max_tokens)
        known = known and not room
        sent, prompt, completion = sent + 1, prompt + usage.prompt_tokens, completion + usage.completion_tokens
        usd = None if usd is None or price is None else usd + price.cost(usage, batch=batch)
        counters.add(text_counter(request.model)[1])
    return Estimate(sent, cached, prompt, completion, usd, ", ".join(sorted(counters)), table.as_of, known)
