"""Who answers: a server, its Batch API, a cache, or the scripted judge."""

from dataclasses import dataclass
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import Draft, drafts_of
from tod_bench.judge.run import prepare
from tod_bench.judge.scripted import ScriptedJudge
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.client import ChatClient
from tod_bench.llm.meter import Estimate, estimate
from tod_bench.llm.records import ChatRequest
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.llm.servers import resolve_url

SCRIPTED = "scripted"
"""Model name of the judge that is a program; see `tod_bench.judge.scripted`."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a judge is reached.

    Attributes:
        cache: File of the cache of answers.
        budget: US dollars that may be spent; None for no limit.
        replay: Whether the cache alone answers.
        batch: Whether requests go through the Batch API.
        prices: The user's own price file.
        ledger: File that remembers what was spent (see `tod_bench.llm.ledger`): the budget is that of all runs that
            name it. A budget without one is that of all runs with the same cache.
    """

    cache: Path
    budget: float | None = None
    replay: bool = False
    batch: bool = False
    prices: Path | None = None
    ledger: Path | None = None

    @property
    def spending(self) -> Path | None:
        """The ledger that a client gets; None where nobody asks what was spent before."""
        beside = self.cache.with_name(f"{self.cache.stem}.spending.sqlite")
        return self.ledger or (beside if self.budget is not None else None)


def open_client(config: JudgeConfig, access: Access) -> ChatClient:
    """The client that a config and the command line ask for.

    Raises:
        UserError: No usable address, key, cache or price file; or the options exclude each other.
    """
    if access.replay and access.batch:
        raise UserError("--replay sends nothing, so there is nothing for --batch to send; leave one out")
    if config.judge.model == SCRIPTED:
        return ScriptedClient(ScriptedJudge())
    limits = config.judge.limits
    if access.batch:
        from tod_bench.llm.batch import BatchClient

        folder = access.cache.with_name("batches")
        return BatchClient(
            folder,
            access.cache,
            config.judge.base_url,
            config.judge.key_variable,
            budget=access.budget,
            ledger=access.spending,
            prices=access.prices,
            poll_seconds=limits.poll,
        )
    from tod_bench.llm.openai_client import OpenAIClient

    return OpenAIClient(
        config.judge.base_url,
        config.judge.key_variable,
        requests_per_minute=limits.requests_per_minute,
        tokens_per_minute=limits.tokens_per_minute,
        concurrency=limits.concurrency,
        timeout=limits.timeout,
        attempts=config.judge.retry.attempts,
        backoff=config.judge.retry.backoff,
        budget=access.budget,
        ledger=access.spending,
        cache=access.cache,
        replay=access.replay,
        prices=access.prices,
    )


def dry_run(config: JudgeConfig, access: Access) -> Estimate:
    """What a run would take, without sending anything: first requests only, since nobody knows the re-asks.

    Raises:
        UserError: The items, the prompt or the price file cannot be read.
    """
    prompt, items = prepare(config)
    scripted = config.judge.model == SCRIPTED
    url = ScriptedClient(ScriptedJudge()).base_url if scripted else resolve_url(config.judge.base_url)
    cache = AnswerCache(access.cache) if access.cache.is_file() and not scripted else None

    def known(draft: Draft) -> ChatRequest:
        nonce = cache.nonce(draft.key(url)) if cache is not None else None
        return draft.sealed(nonce or draft.placeholder).request

    requests = (known(draft) for draft in drafts_of(config, prompt, items))
    return estimate(requests, url, cache=cache, prices=access.prices, batch=access.batch)
