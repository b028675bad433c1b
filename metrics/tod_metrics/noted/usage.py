"""What a turn took: requests, tokens, dollars, seconds. Means over the turns that note it.

What came from a cache counts as what it took when it was made (`tod_bench.predictions.USAGE_NOTE`), so that a number
does not depend on what was in a cache.
"""

from collections.abc import Sequence
from typing import ClassVar

from tod_metrics.items import NotedItem
from tod_metrics.noted.noted_metric import NotedMetric


class UsagePerTurn(NotedMetric):
    """A mean over turns of some fields of the note of usage, which must all be there."""

    percent: ClassVar[bool] = False
    fields: ClassVar[tuple[str, ...]]

    def noted(self, items: Sequence[NotedItem]) -> list[float | None]:
        """The sum of the fields of each turn."""
        return [
            sum(item.usage[name] for name in self.fields)
            if item.answered and all(name in item.usage for name in self.fields)
            else None
            for item in items
        ]


class RequestsPerTurn(UsagePerTurn):
    """Mean number of requests to a model by turn, of the turns that note it."""

    name: ClassVar[str] = "requests_per_turn"
    what: ClassVar[str] = "its requests"
    fields: ClassVar[tuple[str, ...]] = ("requests",)


class TokensPerTurn(UsagePerTurn):
    """Mean number of tokens by turn, those of prompts and of answers together, of the turns that note them."""

    name: ClassVar[str] = "tokens_per_turn"
    what: ClassVar[str] = "its tokens"
    fields: ClassVar[tuple[str, ...]] = ("prompt_tokens", "completion_tokens")


class UsdPerTurn(UsagePerTurn):
    """Mean price by turn in US dollars, of the turns that note one; undefined where no price is known."""

    name: ClassVar[str] = "usd_per_turn"
    what: ClassVar[str] = "its price"
    fields: ClassVar[tuple[str, ...]] = ("usd",)


class SecondsPerTurn(UsagePerTurn):
    """Mean seconds by turn from question to answer, of the turns that note them."""

    name: ClassVar[str] = "seconds_per_turn"
    what: ClassVar[str] = "its seconds"
    fields: ClassVar[tuple[str, ...]] = ("seconds",)
