"""From items and what is asked about them to requests: a draft first, the same in every run, then its nonce."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tod_bench.files import digest_of
from tod_bench.judge.asks import asks_of
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.forms import verdict_schema
from tod_bench.judge.images import image_url
from tod_bench.judge.items import Item, ItemSet, shuffled_personas
from tod_bench.judge.nonces import fresh_nonce
from tod_bench.judge.rendering import render
from tod_bench.judge.templates import Prompt
from tod_bench.judge.verdicts import Query
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.client import ChatClient
from tod_bench.llm.records import ChatRequest, Content, ImagePart, Message, TextPart
from tod_bench.records import Persona


@dataclass(frozen=True, slots=True)
class Asked:
    """An ask with its first request and what its verdict must carry.

    Attributes:
        ask: The ask.
        request: A draft of its first request: in place of the nonce stands a word that is the same in every run.
        check: That word; empty where verdicts carry none.
        material: What a nonce must not stand in.
    """

    ask: Query
    request: ChatRequest
    check: str
    material: str = field(default="", repr=False)

    def key(self, base_url: str) -> str:
        """Digest of everything that decides the answer, and of the ask: two asks can send the same request.

        The nonce does not decide the answer, so the key is that of the draft.
        """
        return digest_of([self.request.key(base_url), self.ask.id])

    def sealed(self, nonce: str) -> "Sealed":
        """The request to be sent, its verdict marked by a nonce."""
        if not self.check or nonce == self.check:
            return Sealed(self, self.request, self.check)
        (message,) = self.request.messages
        return Sealed(self, replace(self.request, messages=(_with_nonce(message, self.check, nonce),)), nonce)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An ask as it is sent: its draft, its first request, and the nonce that its verdict must carry."""

    draft: Asked
    request: ChatRequest
    check: str

    @property
    def ask(self) -> Query:
        """What is asked."""
        return self.draft.ask


def _with_nonce(message: Message, word: str, nonce: str) -> Message:
    # The material does not hold the word (see `check_word`), so the form of the answer alone changes.
    if isinstance(message.content, str):
        return replace(message, content=message.content.replace(word, nonce))
    parts = [
        replace(part, text=part.text.replace(word, nonce)) if isinstance(part, TextPart) else part
        for part in message.content
    ]
    return replace(message, content=tuple(parts))


def random_nonce(asked: Asked) -> str:
    """A nonce that nobody can foretell."""
    return fresh_nonce(asked.material)


def fixed_nonce(asked: Asked) -> str:
    """The draft's word, for judges that are programs with a chance of their own, which hangs on the prompt's text."""
    return asked.check


def requests_of(config: JudgeConfig, prompt: Prompt, items: ItemSet) -> Iterator[Asked]:
    """The first request of every ask, item by item."""
    others = shuffled_personas(items.items, config.sample.seed) if "shuffled" in config.personas else {}
    for item in items.items:
        for ask in asks_of(config, item):
            yield _asked(config, prompt, item, ask, others.get(item.id, Persona()))


def nonce_of(asked: Asked, key: str, client: ChatClient, draw: Callable[[Asked], str]) -> str:
    """The nonce of an ask: the one that its answers in the client's cache carry, or a new one, kept there."""
    cache: AnswerCache | None = getattr(client, "cache", None)
    if not asked.check or cache is None:
        return draw(asked) if asked.check else ""
    kept = cache.nonce(key)
    if kept is not None:
        return kept
    if cache.outcome(asked.request.key(client.base_url), replay=True) is not None:
        return asked.check  # answered for an earlier version, which had no secret
    return draw(asked) if getattr(client, "replay", False) else cache.put_nonce(key, draw(asked))


def _asked(config: JudgeConfig, prompt: Prompt, item: Item, ask: Query, other: Persona) -> Asked:
    persona = {"own": item.persona, "shuffled": other, "blank": Persona()}[ask.persona]
    rendered = render(config, prompt, item, ask, persona)
    content: Content = rendered.text
    if config.judge.images and persona.image and config.task != "emotions":
        url = image_url(Path(config.judge.images) / persona.image, config.judge.image_side)
        content = (TextPart(rendered.text), ImagePart(url, "low"))
    structured = config.judge.schema_output and config.protocol != "picpersona"
    request = ChatRequest(
        config.judge.model,
        (Message("user", content),),
        config.temperature,
        config.max_tokens,
        seed=config.judge.seed,
        extra=config.judge.extra,
        schema=verdict_schema(ask.questions, certainty=config.judge.certainty) if structured else None,
        schema_name=f"{config.task}_verdict" if structured else "",
        repeat=ask.repeat,
        tag=ask.id,
    )
    return Asked(ask, request, rendered.check, rendered.material)
