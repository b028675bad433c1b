"""Who answers the judge's requests: a server, its Batch API, a cache, a classifier, or the scripted judge."""

from tod_bench.errors import UserError
from tod_bench.judge.classifier import is_classifier, load_classifier
from tod_bench.judge.classifier_client import ClassifierClient
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import Draft, drafts_of
from tod_bench.judge.run import prepare
from tod_bench.judge.scripted import ScriptedJudge
from tod_bench.llm import config as llm_config
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.client import ChatClient
from tod_bench.llm.config import Access
from tod_bench.llm.estimates import Estimate, estimate
from tod_bench.llm.records import ChatRequest
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.llm.servers import resolve_url

__all__ = ["SCRIPTED", "Access", "dry_run", "needs_no_server", "open_client"]

SCRIPTED = "scripted"
"""Model name of the judge that is a program; see `tod_bench.judge.scripted`."""


def needs_no_server(model: str) -> bool:
    """Whether a judge runs within this process: no key, no network, no cost."""
    return model == SCRIPTED or is_classifier(model)


def open_client(config: JudgeConfig, access: Access) -> ChatClient:
    """The client that a config and the command line ask for.

    Raises:
        UserError: No usable address, key, cache or price file; or the options exclude each other.
    """
    if config.judge.model == SCRIPTED:
        llm_config.check_access(access)
        return ScriptedClient(ScriptedJudge())
    if is_classifier(config.judge.model):
        llm_config.check_access(access)
        if config.task != "emotions":
            raise UserError(f"{config.judge.model} labels emotions and nothing else; {config.name} asks {config.task}")
        return ClassifierClient(load_classifier(config.judge.model, config.judge.trained_on))
    return llm_config.open_client(config.judge, access)


def dry_run(config: JudgeConfig, access: Access) -> Estimate:
    """What a run would take, without sending anything: first requests only, since nobody knows the re-asks.

    Raises:
        UserError: The items, the prompt or the price file cannot be read.
    """
    prompt, items = prepare(config)
    local = needs_no_server(config.judge.model)
    within = (
        ClassifierClient.base_url if is_classifier(config.judge.model) else ScriptedClient(ScriptedJudge()).base_url
    )
    url = within if local else resolve_url(config.judge.base_url)
    cache = AnswerCache(access.cache) if access.cache.is_file() and not local else None

    def known(draft: Draft) -> ChatRequest:
        nonce = cache.nonce(draft.key(url)) if cache is not None else None
        return draft.sealed(nonce or draft.placeholder).request

    requests = (known(draft) for draft in drafts_of(config, prompt, items))
    return estimate(requests, url, cache=cache, prices=access.prices, batch=access.batch)
