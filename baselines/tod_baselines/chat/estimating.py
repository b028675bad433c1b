"""What asking takes before anything is asked: every prompt is made, and what is not known yet is taken at its longest.

Answers that the cache has are used. In place of others stands the program's answer (`tod_baselines.chat.scripted`), and
each prompt after it in the same conversation is given as many tokens on top as that answer might have had.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from tod_baselines.chat.scripted import rehearsed_outcome
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.config import Access
from tod_bench.llm.conversations import Talk
from tod_bench.llm.estimates import Estimate, estimate_at_most
from tod_bench.llm.prices import Price
from tod_bench.llm.records import ChatRequest


def estimated(talks: Iterable[Talk[Any]], base_url: str, access: Access, price: Price | None) -> Estimate:
    """What holding conversations takes.

    Args:
        talks: The conversations, whose requests carry the program's replies.
        base_url: The server.
        access: The cache, the prices, and whether the Batch API is used.
        price: The price, where no table has it.
    """
    cache = AnswerCache(access.cache) if access.cache.is_file() and price is None else None
    requests = (pair for talk in talks for pair in _requests(talk, base_url, cache))
    taken = estimate_at_most(requests, base_url, cache=cache, prices=access.prices, batch=access.batch)
    return taken if price is None or taken.usd is not None else replace(taken, usd=0.0)


def _requests(talk: Talk[Any], base_url: str, cache: AnswerCache | None) -> Iterator[tuple[ChatRequest, int]]:
    """Requests of a conversation, each with the tokens that answers before it may add to it."""
    room = 0
    try:
        request = next(talk)
        while True:
            yield request, room
            kept = cache.outcome(request.key(base_url)) if cache is not None else None
            room += 0 if kept is not None else request.max_tokens
            request = talk.send(kept if kept is not None else rehearsed_outcome(request))
    except StopIteration:
        return
