"""Greedy decoding that reads every token of a dialogue once: kept caches, many dialogues side by side.

A dialogue is a generator: it asks with the whole text so far and how much may be written, is sent what was written, and
asks again. Only what the text has beyond the kept cache is read: a history that goes on is never read twice, an answer
that is not kept is cut off, and a text whose beginning was left out is read anew. So the outputs are those of decoding
each text from its beginning. Caches outlive a run: a dialogue begun again goes to the row that knows most of it.

    dialogue a   [turn 1]>>[turn 2]>>>[turn 3]>         one step: a token of each that writes,
    dialogue b   [turn 1]>>>>[turn 2]>  dialogue d ...  and all new tokens of each that reads
    dialogue c   [turn 1]>[turn 2]>>[turn 3]>>

Importing this imports torch and transformers.
"""

import inspect
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import torch
from transformers import PreTrainedModel

from tod_baselines.decoder.kept import ATTENTION, KeptCache, Step
from tod_baselines.decoder.linears import PackedLinears
from tod_bench.errors import UserError

READ_AT_ONCE = 2048
"""Tokens that a step reads at most, so that its activations fit anywhere."""

TRIED = 24
"""Tokens of the text on which `Decoding` compares a model's kept cache with its own reading."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a dialogue wants written.

    Attributes:
        ids: All tokens before the answer, the dialogue's first one among them.
        limit: Most tokens to write, the one that ends the answer among them.
    """

    ids: Sequence[int]
    limit: int


@dataclass(frozen=True, slots=True)
class Written:
    """An answer.

    Attributes:
        ids: Its tokens, without the one that ends it.
        log_probabilities: Natural logarithm of the probability of each.
        ended: Whether it ended; otherwise it was cut at the limit.
    """

    ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    ended: bool


T = TypeVar("T")
Conversation: TypeAlias = Generator[Ask, Written, T]


@dataclass(slots=True)
class _Row(Generic[T]):
    """A dialogue in its row: the tokens of its kept cache, those to read next, and the answer so far."""

    conversation: Conversation[T]
    kept: list[int]
    unread: list[int] = field(default_factory=list)
    limit: int = 0
    ids: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)

    def turn_to(self, ask: Ask) -> None:
        """Keeps what the cache has of a text, but for the last token, whose outcome is wanted."""
        same = _shared(self.kept, ask.ids[:-1])
        del self.kept[same:]
        self.unread, self.limit = list(ask.ids[same:]), ask.limit
        self.ids, self.log_probabilities = [], []


@dataclass(slots=True)
class _Memory:
    """What the rows have read, from one run to the next.

    Attributes:
        cache: Their caches.
        kept: The tokens of each row's cache.
        given: When each row was last given to a dialogue, counted in dialogues.
    """

    cache: KeptCache
    kept: list[list[int]]
    given: list[int]

    def place_for(self, ask: Ask, free: Sequence[int]) -> int:
        """The free row that has most of a text; of several the one that nobody has used for longest."""
        place = max(free, key=lambda row: (_shared(self.kept[row], ask.ids[:-1]), -self.given[row]))
        self.given[place] = max(self.given) + 1
        return place


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two texts have in common before they differ."""
    for place, (ours, theirs) in enumerate(zip(one, other, strict=False)):
        if ours != theirs:
            return place
    return min(len(one), len(other))


class Decoding:
    """A model that writes into many dialogues at once.

    Args:
        model: A causal language model on its device; its attention and, on a CPU, its linear layers are switched over
            while it decodes. Its weights must stay as they are.
        ends: Tokens that end an answer.
        rows: Dialogues side by side.
        bf16: Whether to compute in bf16.
        together: Whether rows that read a token each are answered together, see `kept`; None for yes except on a CPU.

    Raises:
        UserError: The model's attention is of a kind whose caches cannot be kept.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        ends: Collection[int],
        *,
        rows: int,
        bf16: bool = False,
        together: bool | None = None,
    ) -> None:
        self._model = model.eval()
        self._ends = frozenset(ends)
        self._rows = rows
        self._bf16 = bf16
        self._together = model.device.type != "cpu" if together is None else together
        self._linears = PackedLinears(model, bf16=bf16)
        self._memory: _Memory | None = None
        self._keeps_some = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._try()

    def run(self, conversations: Iterable[Conversation[T]]) -> Iterator[T]:
        """What each conversation returns, in the order in which they end."""
        memory, self._memory = self._memory, None  # so that a run beside this one has a memory of its own
        if memory is None:
            memory = _Memory(self._cache(self._rows), [[] for _ in range(self._rows)], [0] * self._rows)
        try:
            yield from self._run(memory, iter(conversations))
        finally:
            self._memory = memory

    def _run(self, memory: _Memory, waiting: Iterator[Conversation[T]]) -> Iterator[T]:
        rows: list[_Row[T] | None] = [None] * self._rows
        while True:
            while free := [place for place, row in enumerate(rows) if row is None]:
                if (asking := (yield from self._next(waiting))) is None:
                    break
                conversation, ask = asking
                place = memory.place_for(ask, free)
                rows[place] = row = _Row(conversation, memory.kept[place])
                row.turn_to(ask)
            if not any(rows):
                return
            ended: list[T] = []
            # Switched back whenever somebody else has the word; at every step it would cost a tenth of the time.
            with self._switched():
                while not ended:
                    ended = self._go_on(memory.cache, rows)
            yield from ended

    def _go_on(self, cache: KeptCache, rows: list[_Row[T] | None]) -> list[T]:
        """A step of every row; what those return that end with it, whose rows are free then."""
        ended = []
        for place, token, log_probability in self._step(cache, rows):
            row = rows[place]
            assert row is not None
            row.ids.append(token)
            row.log_probabilities.append(log_probability)
            if token not in self._ends and len(row.ids) < row.limit:
                row.unread = [token]
                continue
            try:
                row.turn_to(row.conversation.send(self._written(row)))
            except StopIteration as end:
                ended.append(end.value)
                rows[place] = None
        return ended

    def _next(self, waiting: Iterator[Conversation[T]]) -> Generator[T, None, tuple[Conversation[T], Ask] | None]:
        """The next conversation that asks for anything, and what it asks; None when there are no more."""
        for conversation in waiting:
            try:
                return conversation, next(conversation)
            except StopIteration as end:
                yield end.value
        return None

    def _written(self, row: _Row[Any]) -> Written:
        ended = row.ids[-1] in self._ends
        stop = len(row.ids) - ended
        return Written(tuple(row.ids[:stop]), tuple(row.log_probabilities[:stop]), ended)

    def _step(self, cache: KeptCache, rows: Sequence[_Row[Any] | None]) -> list[tuple[int, int, float]]:
        """Reads on in every row: (row, next token, its log-probability) for those that have read all."""
        left = READ_AT_ONCE
        counts = []
        for row in rows:
            counts.append(min(left, len(row.unread)) if row else 0)
            left -= counts[-1]
        lengths = [len(row.kept) if row else 0 for row in rows]
        read = [row.unread[:count] if row else [] for row, count in zip(rows, counts, strict=True)]
        done = [place for place, row in enumerate(rows) if row and row.unread and len(row.unread) == counts[place]]
        last = [sum(counts[: place + 1]) - 1 for place in done]
        logits = self._logits(cache, [token for tokens in read for token in tokens], counts, lengths, last)
        for row, tokens in zip(rows, read, strict=True):
            if row:
                row.kept += tokens
                del row.unread[: len(tokens)]
        if not done:
            return []
        best = logits.argmax(dim=-1)
        log_probabilities = logits.log_softmax(dim=-1, dtype=torch.float32).gather(1, best[:, None])[:, 0]
        return list(zip(done, best.tolist(), log_probabilities.tolist(), strict=True))

    def _logits(
        self, cache: KeptCache, ids: list[int], counts: Sequence[int], lengths: Sequence[int], wanted: list[int]
    ) -> torch.Tensor:
        """(wanted, vocabulary): the logits after the wanted ones of the tokens that the rows read."""
        device = self._model.device
        step = cache.step = Step.of(counts, lengths, device, together=self._together)
        kept = torch.tensor(wanted, dtype=torch.long, device=device)
        options = {"logits_to_keep": kept} if self._keeps_some else {}
        with (
            torch.inference_mode(),
            torch.autocast(device.type, torch.bfloat16, enabled=self._bf16),
        ):
            logits = self._model(
                input_ids=torch.tensor([ids], device=device),
                position_ids=step.positions[None],
                past_key_values=cache,
                use_cache=True,
                step=step,
                **options,
            ).logits[0]
        return logits if self._keeps_some else logits[kept]

    def _try(self) -> None:
        """Compares what the model makes of a short text with and without kept caches."""
        text = [7919 * number % self._model.config.get_text_config().vocab_size for number in range(1, TRIED + 1)]
        cache, half = self._cache(2), TRIED // 2
        if not getattr(self._model, "_supports_attention_backend", False) or getattr(
            self._model, "_is_stateful", False
        ):
            raise UserError(f"decoder: {self._kind} models cannot be decoded with kept caches; take another model")
        try:
            # Row 1 reads in two runs and a token; row 0 another text beside it, which must not be seen.
            with self._switched():
                self._logits(cache, text[:3] + text[:half], [3, half], [0, 0], [])
                self._logits(cache, text[half:-1], [0, TRIED - 1 - half], [3, half], [])
                ours = self._logits(cache, [text[5], text[-1]], [1, 1], [3, TRIED - 1], [1])[0]
        except (TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
            raise UserError(f"decoder: {self._kind} models cannot be decoded with kept caches ({error})") from None
        with torch.inference_mode(), torch.autocast(self._model.device.type, torch.bfloat16, enabled=self._bf16):
            theirs = self._model(input_ids=torch.tensor([text], device=self._model.device)).logits[0, -1]
        difference = (ours.float() - theirs.float()).abs().max().item()
        spread = theirs.float().std().item()
        if not difference <= (0.2 if self._half else 1e-3) * max(spread, 1e-6):
            raise UserError(
                f"decoder: {self._kind} models cannot be decoded with kept caches (their logits differ by "
                f"{difference:.2g}, with a spread of {spread:.2g}, from those of reading the text at once)"
            )

    def _cache(self, rows: int) -> KeptCache:
        return KeptCache(rows, torch.bfloat16 if self._bf16 else None)

    @contextmanager
    def _switched(self) -> Iterator[None]:
        """The model with our attention and our linear layers for a while."""
        with _attention(self._model, ATTENTION), self._linears.used():
            yield

    @property
    def _kind(self) -> str:
        return str(self._model.config.model_type)

    @property
    def _half(self) -> bool:
        return self._bf16 or self._model.dtype != torch.float32


def longest_text(model: PreTrainedModel) -> int:
    """The most tokens with which a model reads every token of a text with the same attention and positions."""
    config = model.config.get_text_config()
    scaling = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    bounds = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "sliding_window")]
    if isinstance(scaling, dict) and scaling.get("rope_type") in {"dynamic", "longrope"}:
        bounds.append(scaling.get("original_max_position_embeddings"))
    return min((bound for bound in bounds if isinstance(bound, int) and bound > 0), default=10**6)


@contextmanager
def _attention(model: PreTrainedModel, name: str) -> Iterator[None]:
    """The model with another attention for a while."""
    before = model.config._attn_implementation
    model.set_attn_implementation(name)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
