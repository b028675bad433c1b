"""Answers: from turns to predictions, by a model with its tokenizer and its settings.

A dialogue goes on in its row of `Decoding`: what is new is added to its text, the model writes, what it wrote is read.
"""

from array import array
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tod_baselines.decoder.sequence import Answer, Piece, Transcript, encode, marks_of, read_answer, turns_to_drop
from tod_baselines.decoder.settings import Settings
from tod_baselines.pptod.confidence import confidence_of
from tod_baselines.training.devices import computes_in_bf16
from tod_bench.errors import UserError
from tod_bench.linearize import value_places
from tod_bench.predictions import UNKNOWN_NOTE, UNREAD_NOTE
from tod_bench.progress import track
from tod_bench.records import Prediction, Schema, TaskName
from tod_bench.systems import TurnInput

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from tod_baselines.decoder.decoding import Ask, Decoding, Written

CUT_NOTE = "answer_cut"
"""The name of the note on an answer that did not end within the longest one allowed."""


ANSWERS_KEPT = 10_000
"""Answers that a model remembers at most; some 20 MB."""


class Answerer:
    """A model that answers turns.

    Args:
        model: The model, on its device, or one with a LoRA adapter.
        tokenizer: Its tokenizer.
        settings: What it was trained by.
        max_new_tokens: Longest answer, with the token that ends it.
        schema: What can be tracked; slots that it does not have are left out of predictions.
        fixed: Whether the weights stay as they are. Then what was read and answered is kept from call to call, so that
            a dialogue that is asked for turn by turn, from its beginning each time, costs its last turn alone.

    Raises:
        UserError: The model cannot read `max_tokens` tokens, or its caches cannot be kept.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        settings: Settings,
        max_new_tokens: int,
        schema: Schema,
        *,
        fixed: bool = False,
    ) -> None:
        from tod_baselines.decoder.decoding import longest_text

        # An adapter's layers are part of the model that it wraps.
        self._model = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._tokenizer, self._settings, self._schema = tokenizer, settings, schema
        self._limit, self._fixed = max_new_tokens, fixed
        self._lasting: Decoding | None = None
        self._answered: dict[bytes, Written] = {}
        self._marks = marks_of(tokenizer, settings)
        self._end: int = tokenizer.convert_tokens_to_ids(self._marks.end)
        if settings.max_tokens > (longest := longest_text(self._model)):
            raise UserError(
                f"decoder: {settings.model} reads {longest} tokens at most; set max_tokens: {longest} or less, not "
                f"{settings.max_tokens}"
            )

    def answers(self, task: TaskName, turns: Sequence[TurnInput]) -> list[Prediction]:
        """The predictions for turns of whole dialogues, in their order."""
        answers = track(self.stream(task, turns), "decoding", len(turns), unit="turns")
        found = {(answer.dialogue_id, answer.turn): answer for answer in answers}
        return [found[shown.dialogue_id, shown.turn] for shown in turns]

    def stream(self, task: TaskName, turns: Iterable[TurnInput]) -> Iterator[Prediction]:
        """The predictions for turns of whole dialogues, a dialogue at a time, in the order in which they end."""
        dialogues = groupby(turns, key=lambda shown: shown.dialogue_id)
        for predictions in self._decoding().run(self._dialogue(task, list(turns)) for _, turns in dialogues):
            yield from predictions

    def _decoding(self) -> "Decoding":
        from tod_baselines.decoder.decoding import Decoding

        if self._lasting is not None:
            return self._lasting
        bf16 = computes_in_bf16(self._settings.precision)
        decoding = Decoding(self._model, {self._end}, rows=self._settings.decode_rows, bf16=bf16)
        self._lasting = decoding if self._fixed else None
        return decoding

    def _ask(self, ids: Sequence[int]) -> Generator["Ask", "Written", "Written"]:
        """The answer to a text: the one that it was given before, or else the model's."""
        from tod_baselines.decoder.decoding import Ask

        if not self._fixed:
            return (yield Ask(ids, self._limit))
        text = array("i", ids).tobytes()
        written = self._answered.pop(text, None) or (yield Ask(ids, self._limit))
        self._answered[text] = written  # last, so that those that nobody asks for are forgotten first
        if len(self._answered) > ANSWERS_KEPT:
            del self._answered[next(iter(self._answered))]
        return written

    def _dialogue(self, task: TaskName, turns: Sequence[TurnInput]) -> Generator["Ask", "Written", list[Prediction]]:
        """A dialogue's conversation with the model, turn by turn."""
        transcript = Transcript(task, self._settings, self._marks)
        text, sure = _Text(self._settings.max_tokens - self._limit), _Sure()
        previous: Mapping[str, Mapping[str, str]] = {}
        predictions = []
        for shown in turns:
            text.add(pieces := transcript.context(shown), encode(self._tokenizer, pieces))
            ids, cut = text.fitting()
            written = yield from self._ask(ids)
            if task != "response":
                end = [Piece("", shown.turn), Piece(self._marks.end, shown.turn)]
                text.add(end, [list(written.ids), [self._end]])
                transcript.answered()
            said = self._read(written.ids)
            answer = read_answer(task, said, previous, self._settings, self._schema)
            previous = answer.state or {}
            confidence = sure.of(previous, said, written, self._read) if task == "dst" else None
            notes: dict[str, object] = {
                "turns_truncated": text.first,
                "utterance_tokens_truncated": cut,
                CUT_NOTE: not written.ended,
            }
            predictions.append(_prediction(task, shown, answer, said, notes, confidence))
        return predictions

    def _read(self, ids: Sequence[int]) -> str:
        # Special tokens stay: one in an answer is a mistake that the reader is to see.
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


@dataclass(slots=True)
class _Text:
    """The tokens of a dialogue so far, by turn, without those of the oldest turns where there is no room.

    Attributes:
        room: Most tokens before an answer.
        first: The first turn that is shown.
    """

    room: int
    first: int = 0
    _start: list[int] = field(default_factory=list)
    _turns: list[list[int]] = field(default_factory=list)

    def add(self, pieces: Sequence[Piece], ids: Sequence[Sequence[int]]) -> None:
        """Adds the tokens of some pieces."""
        for piece, tokens in zip(pieces, ids, strict=True):
            while piece.turn >= len(self._turns):
                self._turns.append([])
            (self._turns[piece.turn] if piece.turn >= 0 else self._start).extend(tokens)

    def fitting(self) -> tuple[list[int], int]:
        """The tokens that fit, and how many of a last turn that is too long by itself were cut off its beginning."""
        lengths = [len(tokens) for tokens in self._turns[self.first :]]
        room = self.room - len(self._start)
        self.first += turns_to_drop(lengths, room)
        shown = [token for turn in self._turns[self.first :] for token in turn]
        cut = max(0, len(shown) - room)
        return self._start + shown[cut:], cut


@dataclass(slots=True)
class _Sure:
    """How sure a model is of each value of its state: as it was when it wrote the value."""

    _known: dict[tuple[str, str, str], float] = field(default_factory=dict)

    def of(
        self, state: Mapping[str, Mapping[str, str]], text: str, written: "Written", read: Any
    ) -> dict[str, dict[str, float]]:
        """Domain -> slot -> probability, for the state after a turn."""
        places = value_places(text)
        new = confidence_of(state, places, written.ids, written.log_probabilities, read)
        for domain, values in new.items():
            self._known.update({(domain, slot, state[domain][slot]): sure for slot, sure in values.items()})
        found: dict[str, dict[str, float]] = {}
        for domain, slots in state.items():
            for slot, value in slots.items():
                if (known := self._known.get((domain, slot, value))) is not None:
                    found.setdefault(domain, {})[slot] = known
        return found


def _prediction(
    task: TaskName,
    shown: TurnInput,
    answer: Answer,
    said: str,
    notes: dict[str, object],
    confidence: dict[str, dict[str, float]] | None,
) -> Prediction:
    notes |= {UNREAD_NOTE: list(answer.unread), UNKNOWN_NOTE: list(answer.unknown)}
    return Prediction(
        shown.dialogue_id,
        shown.turn,
        answer.state,
        answer.acts,
        answer.response,
        raw={task: said},
        notes={name: value for name, value in notes.items() if value},
        confidence=confidence,
    )
