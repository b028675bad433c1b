"""What a client may spend, has spent, and would spend.

A request's greatest possible price is reserved before it is sent and settled when the server has counted, so that the
budget holds whatever the model writes and however many requests are in flight. A request whose reply was lost may have
been billed: its reserve stays taken.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.failures import KEPT, BudgetReached
from tod_bench.llm.ledger import Ledger
from tod_bench.llm.prices import Price, Prices, load_prices
from tod_bench.llm.records import ChatRequest, Spending, Usage
from tod_bench.llm.tokens import bound_tokens, estimate_tokens, text_counter


@dataclass(frozen=True)
class Reserve:
    """Money held back for one request.

    Attributes:
        usd: How much; 0 where the price is not known.
        price: The model's price; None where not known.
        entry: Its entry in the ledger; None where there is no ledger.
    """

    usd: float
    price: Price | None
    entry: int | None = None


class Meter:
    """Reserves, settles and counts; safe to use from several threads.

    Args:
        base_url: The server, for models that cost nothing because they run on this machine.
        budget: US dollars that may be spent by this client; None for no limit.
        prices: The prices.
        batch: Whether the Batch API's prices hold.
        ledger: Where spending is remembered beyond this process; None for nowhere.
    """

    def __init__(
        self,
        base_url: str,
        budget: float | None,
        prices: Prices,
        *,
        batch: bool = False,
        ledger: Ledger | None = None,
    ) -> None:
        self._ledger, self._before = ledger, ledger.before() if ledger is not None else 0.0
        self._base_url, self._budget, self._prices, self._batch = base_url, budget, prices, batch
        self._lock = threading.Lock()
        self._held = 0.0
        self._spending = Spending()

    def reserve(self, request: ChatRequest) -> Reserve | None:
        """Holds back what a request can cost at most; None where the budget has not so much left.

        Raises:
            UserError: There is a budget and the model's price is not known.
        """
        price = self.price_of(request.model)
        if price is None and self._budget is not None:
            problem = f"The price of {request.model!r} is not known, so a budget cannot be kept"
            raise UserError(f"{problem}; add it to a price file (see docs/llm.md) or leave the budget away")
        worst = 0.0
        if price is not None:
            worst = price.cost(Usage(bound_tokens(request, price), request.max_tokens), batch=self._batch)
        return self.hold(worst, price)

    def price_of(self, model: str) -> Price | None:
        """A model's price; None where it is not known."""
        return self._prices.of(model, self._base_url)

    def commit(self, usd: float, model: str) -> Reserve:
        """Holds back an amount for something that is under way already, whatever the budget says."""
        with self._lock:
            self._held += usd
        return Reserve(usd, self.price_of(model))

    def hold(self, usd: float, price: Price | None) -> Reserve | None:
        """Holds back an amount; None where the budget has not so much left."""
        with self._lock:
            if self._budget is not None and self._taken() + usd > self._budget + 1e-12:
                return None
            self._held += usd
        # A batch is remembered by its folder until it is collected; a request only by this entry.
        entry = None if self._ledger is None or self._batch else self._ledger.hold(usd)
        return Reserve(usd, price, entry)

    def _taken(self) -> float:
        return self._before + self._held + (self._spending.usd or 0.0) + self._spending.unsure_usd

    def reached(self) -> BudgetReached:
        """The error to raise where the budget has not enough left for the next request."""
        with self._lock:
            spent, unsure = self._spending.usd or 0.0, self._spending.unsure_usd
        lost = f" and ${unsure:.4f} for requests whose reply was lost" if unsure else ""
        told = (
            f"The budget of ${self._budget:.2f} has too little left for the next request: ${spent:.4f} are spent{lost}"
            + (f", and ${self._before:.4f} by earlier runs" if self._before else "")
        )
        return BudgetReached(f"{told}; {KEPT}, with a higher budget")

    def settle(self, reserve: Reserve, usage: Usage | None) -> None:
        """Replaces a reserve by what the server counted; without a count, the whole reserve is taken as spent."""
        counted = usage or Usage(0, 0)
        cost: float | None = reserve.usd
        if reserve.price is None:
            cost = None
        elif usage is not None:
            cost = reserve.price.cost(usage, batch=self._batch)
        with self._lock:
            self._held -= reserve.usd
            before = self._spending
            self._spending = replace(
                before,
                prompt_tokens=before.prompt_tokens + counted.prompt_tokens,
                completion_tokens=before.completion_tokens + counted.completion_tokens,
                usd=None if cost is None or before.usd is None else before.usd + cost,
            )
        if self._ledger is not None:
            self._ledger.settle(reserve.entry, cost, counted)

    def release(self, reserve: Reserve) -> None:
        """Frees a reserve: the request was not billed."""
        with self._lock:
            self._held -= reserve.usd
        if self._ledger is not None:
            self._ledger.release(reserve.entry)

    def write_off(self, reserve: Reserve) -> None:
        """Keeps a reserve for good: nobody knows whether the request was billed."""
        with self._lock:
            self._held -= reserve.usd
            self._spending = replace(self._spending, unsure_usd=self._spending.unsure_usd + reserve.usd)
        if self._ledger is not None:
            self._ledger.write_off(reserve.entry, reserve.usd)

    def count(self, *, requests: int = 0, cached: int = 0, failed: int = 0, retries: int = 0) -> None:
        """Adds to the counters."""
        with self._lock:
            now = self._spending
            self._spending = replace(
                now,
                requests=now.requests + requests,
                cached=now.cached + cached,
                failed=now.failed + failed,
                retries=now.retries + retries,
            )

    def spending(self) -> Spending:
        """What has been used so far."""
        with self._lock:
            return self._spending


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
    """

    requests: int
    cached: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    counter: str
    as_of: date


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
    table, seen = load_prices(prices), set[str]()
    sent = cached = prompt = completion = 0
    usd: float | None = 0.0
    counters: set[str] = set()
    for request in requests:
        key = request.key(base_url)
        if key in seen or (cache is not None and cache.outcome(key) is not None):
            cached += 1
            continue
        seen.add(key)
        price = table.of(request.model, base_url)
        usage = Usage(estimate_tokens(request, price), request.max_tokens)
        sent, prompt, completion = sent + 1, prompt + usage.prompt_tokens, completion + usage.completion_tokens
        usd = None if usd is None or price is None else usd + price.cost(usage, batch=batch)
        counters.add(text_counter(request.model)[1])
    return Estimate(sent, cached, prompt, completion, usd, ", ".join(sorted(counters)), table.as_of)
