"""From items and queries to requests, pictures included: a draft first, the same in every run, then its nonce."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tod_bench.errors import MissingExtraError, UserError, extra_needed
from tod_bench.files import digest_of
from tod_bench.images import Images
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.items import ItemSet, Query, queries_of, shuffled_personas
from tod_bench.judge.option_probabilities import logprob_fields
from tod_bench.judge.prompting import Prompt, Rendered, fresh_nonce, render
from tod_bench.judge.verdicts import tight_schema, verdict_schema
from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.client import ChatClient
from tod_bench.llm.records import ChatRequest, Content, ImagePart, Message, TextPart
from tod_bench.records import Persona

_FORMAT = "response_format"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A query as it is sent: its first request, and the nonce that its verdict must carry (empty where none is).

    Where there is no nonce, `material` is what the judge is shown, which must not be read as its answer.
    """

    query: Query
    request: ChatRequest
    nonce: str
    material: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A query with a draft of its first request.

    Attributes:
        query: The query.
        request: Its first request: in place of the nonce it has a word that is the same in every run.
        placeholder: That word; empty where verdicts carry no nonce.
        material: What a nonce must not be found in.
    """

    query: Query
    request: ChatRequest
    placeholder: str
    material: str = field(default="", repr=False)

    def key(self, base_url: str) -> str:
        """Digest of everything that decides the answer, and of the query: two queries can send the same request.

        The nonce does not decide the answer, so the key is that of the draft.
        """
        return digest_of([self.request.key(base_url), self.query.id])

    def sealed(self, nonce: str) -> Sealed:
        """The request to be sent, its verdict marked by a nonce."""
        if not self.placeholder or nonce == self.placeholder:
            return Sealed(self.query, self.request, self.placeholder, self.material)
        (message,) = self.request.messages
        # The material does not hold the placeholder, so the form of the answer alone changes.
        content: Content
        if isinstance(message.content, str):
            content = message.content.replace(self.placeholder, nonce)
        else:
            content = tuple(
                replace(part, text=part.text.replace(self.placeholder, nonce)) if isinstance(part, TextPart) else part
                for part in message.content
            )
        request = replace(self.request, messages=(replace(message, content=content),))
        return Sealed(self.query, held_to(request, self.query, nonce), nonce)


def held_to(request: ChatRequest, query: Query, nonce: str) -> ChatRequest:
    """A request whose schema lets another nonce pass, where it names one."""
    if _FORMAT not in request.extra:
        return request
    certainty = "certainty" in request.extra[_FORMAT]["schema"]["properties"]
    return replace(request, extra={**request.extra, **_grammar(query, nonce, certainty=certainty)})


def _grammar(query: Query, nonce: str, *, certainty: bool) -> dict[str, Any]:
    """The field of a request by which llama.cpp's Python server is held to a schema."""
    return {_FORMAT: {"type": "json_object", "schema": tight_schema(query.questions, nonce, certainty=certainty)}}


def drafts_of(config: JudgeConfig, prompt: Prompt, items: ItemSet) -> Iterator[Draft]:
    """The draft of every query, item by item."""
    others = shuffled_personas(items.items, config.sample.seed) if "shuffled" in config.personas else {}
    for item in items.items:
        personas = {"own": item.persona, "shuffled": others.get(item.id, Persona()), "blank": Persona()}
        for query in queries_of(config, item):
            persona = personas[query.persona]
            rendered = render(config, prompt, item, query, persona)
            content: Content = rendered.text
            if items.images is not None and persona.image:
                url = image_url(items.images, persona.image, config.judge.image_side)
                content = (TextPart(rendered.text), ImagePart(url, "low"))
            yield draft_of(config, query, rendered, content)


def draft_of(config: JudgeConfig, query: Query, rendered: Rendered, content: Content) -> Draft:
    """The draft of one query, from its prompt and what is sent of it, pictures included."""
    how = config.judge.schema_output if config.protocol != "picpersona" else False
    certainty, extra = config.judge.certainty, {**logprob_fields(config.judge.top_logprobs), **config.judge.extra}
    if how == "json_object":
        extra = {**extra, **_grammar(query, rendered.nonce, certainty=certainty)}
    request = ChatRequest(
        config.judge.model,
        (Message("user", content),),
        config.temperature,
        config.max_tokens,
        seed=config.judge.seed,
        extra=extra,
        schema=verdict_schema(query.questions, certainty=certainty) if how is True else None,
        schema_name=f"{config.task}_verdict" if how is True else "",
        repeat=query.repeat,
        tag=query.id,
    )
    return Draft(query, request, rendered.nonce, rendered.material)


def random_nonce(draft: Draft) -> str:
    """A nonce that nobody can foretell."""
    return fresh_nonce(draft.material)


def fixed_nonce(draft: Draft) -> str:
    """The draft's placeholder, for judges that are programs with a chance of their own, which hangs on the prompt."""
    return draft.placeholder


def nonce_of(draft: Draft, key: str, client: ChatClient, draw: Callable[[Draft], str]) -> str:
    """The nonce of a query: the one that its answers in the client's cache carry, or a new one, kept there."""
    cache: AnswerCache | None = getattr(client, "cache", None)
    if not draft.placeholder or cache is None:
        return draw(draft) if draft.placeholder else ""
    kept = cache.nonce(key)
    if kept is not None:
        return kept
    if cache.outcome(draft.request.key(client.base_url), replay=True) is not None:
        return draft.placeholder  # answered for an earlier version, which had no secret
    return draw(draft) if getattr(client, "replay", False) else cache.put_nonce(key, draw(draft))


@lru_cache(maxsize=64)
def image_url(images: Images, name: str, side: int) -> str:
    """A picture as a data URL, as `Images.scaled_url` makes it.

    Args:
        images: The pictures.
        name: The picture, as the persona names it.
        side: Longest side in pixels; smaller pictures are left at their size.

    Raises:
        UserError: There is no such picture, or it cannot be read; or Pillow is not installed.
    """
    with extra_needed("judge", "a judge that sees images"):
        try:
            return images.scaled_url(name, side)
        except MissingExtraError:
            raise
        except UserError as error:
            raise UserError(f"{error}; leave out judge.images to judge by the impression") from None
