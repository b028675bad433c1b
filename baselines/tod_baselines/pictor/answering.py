"""Answers: from turns to predictions, by a model that sees.

pictures  ->  first impressions, once a picture  ->  responses, `decode_rows` of like length side by side
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tod_baselines.decoder.answering import CUT_NOTE
from tod_baselines.pictor.apart import Learned
from tod_baselines.pictor.controls import controlled
from tod_baselines.pictor.prompting import CAPTION, impression_of, one_line, picture_of, prompt_text
from tod_baselines.pictor.settings import Settings
from tod_baselines.training.devices import computes_in_bf16
from tod_baselines.training.rollout import whole_dialogues
from tod_bench.errors import UserError
from tod_bench.images import Images
from tod_bench.progress import track
from tod_bench.records import Prediction
from tod_bench.systems import TurnInput

if TYPE_CHECKING:
    from tod_baselines.pictor.seeing import Prompt, SeeingModel

CHUNK = 4096
"""Turns (and the rest of their last dialogue) that are sorted by length and answered together."""

IMPRESSION_NOTE = "impression"
"""The note of the model's own first impression of the user, with which a response was written."""

CONTROL_IMPRESSION_NOTE = "control_impression"
"""The note of the first impression under a control: the corpus's, another user's, or of another user's picture."""

IMPRESSION_CUT_NOTE = "impression_cut"
"""The note on a first impression that did not end within the longest answer allowed."""


class Written(NamedTuple):
    """An answer of the model.

    Attributes:
        text: It, on one line.
        ended: Whether it ended; otherwise it was cut.
    """

    text: str
    ended: bool


class Answerer:
    """A model that answers turns.

    Args:
        model: The model, on its device.
        settings: What it was trained by, and the control.
        max_new_tokens: Longest answer, with the token that ends it.
        images: The corpus's pictures; None where it has none.
        seed: Seed of the controls.
    """

    def __init__(
        self, model: "SeeingModel", settings: Settings, max_new_tokens: int, images: Images | None, seed: int
    ) -> None:
        self._model, self._settings, self._limit = model, settings, max_new_tokens
        self._images, self._seed = images, seed
        self._impressions: dict[str, Written] = {}
        self._learned = Learned.of(settings.pretraining) if settings.init == "scratch" else None

    def stream(self, turns: Iterable[TurnInput]) -> Iterator[Prediction]:
        """The predictions for turns of whole dialogues, in their order.

        Raises:
            UserError: A turn lacks what the model is to be given.
        """
        if self._settings.control != "none":
            turns = controlled(list(turns), self._settings.control, self._seed)
        for chunk in whole_dialogues(turns, CHUNK):
            yield from self._answers(chunk)

    def _answers(self, turns: Sequence[TurnInput]) -> list[Prediction]:
        inputs = self._settings.inputs
        if self._learned is not None:
            self._learned.refuse((shown.persona for shown in turns), self._images)
        pictures = [picture_of(shown) if "image" in inputs else "" for shown in turns]
        self._look(pictures)
        impressions = self._first_impressions(turns, pictures)
        texts = [
            prompt_text(shown, inputs, impression=impression.text)
            for shown, impression in zip(turns, impressions, strict=True)
        ]
        prompts = [self._model.prompt(text, picture) for text, picture in zip(texts, pictures, strict=True)]
        answers = self._write(prompts, "responses")
        note = IMPRESSION_NOTE if self._settings.control == "none" else CONTROL_IMPRESSION_NOTE
        return list(map(partial(_prediction, note), turns, answers, impressions))

    def _look(self, pictures: Iterable[str]) -> None:
        names = list(dict.fromkeys(filter(None, pictures)))
        if names and self._images is None:
            raise UserError("pictor: the corpus has no pictures; leave image out of inputs")
        if names and self._images is not None:
            self._model.show(names, self._images)

    def _first_impressions(self, turns: Sequence[TurnInput], pictures: Sequence[str]) -> list[Written]:
        """The impression that each turn's response is written with; an empty one where it is written without."""
        if "impression" not in self._settings.inputs:
            return [Written("", ended=True)] * len(turns)
        if not self._settings.writes_impressions:
            return [Written(impression_of(shown), ended=True) for shown in turns]
        new = [name for name in dict.fromkeys(pictures) if name not in self._impressions]
        written = self._write([self._model.prompt(CAPTION, name) for name in new], "first impressions")
        self._impressions.update(zip(new, written, strict=True))
        return [self._impressions[name] for name in pictures]

    def _write(self, prompts: Sequence["Prompt"], what: str) -> list[Written]:
        """The answers to prompts, in their order."""
        order = sorted(range(len(prompts)), key=lambda number: -len(prompts[number].ids))
        rows = self._settings.decode_rows
        batches = [order[start : start + rows] for start in range(0, len(order), rows)]
        found: dict[int, Written] = {}
        for batch in track(batches, f"decoding {what}", len(batches), unit="batches"):
            found.update(zip(batch, self._generate([prompts[number] for number in batch]), strict=True))
        return [found[number] for number in range(len(prompts))]

    def _generate(self, prompts: Sequence["Prompt"]) -> list[Written]:
        import torch

        model, network = self._model, self._model.network
        longest = max(len(prompt.ids) for prompt in prompts)
        if longest + self._limit > model.longest:
            raise UserError(
                f"pictor: a prompt has {longest} tokens, and {self._settings.model} reads {model.longest} with the "
                f"{self._limit} of an answer; lower max_new_tokens, or take another model"
            )
        bf16 = computes_in_bf16(self._settings.precision)
        inputs = model.inputs(prompts)
        network.eval()
        with torch.inference_mode(), torch.autocast(network.device.type, torch.bfloat16, enabled=bf16):
            written = network.generate(
                **inputs,
                do_sample=False,
                num_beams=1,
                max_new_tokens=self._limit,
                eos_token_id=sorted(model.ends),
                pad_token_id=model.pad,
            )
        return [self._read(ids) for ids in written[:, inputs["input_ids"].shape[1] :].tolist()]

    def _read(self, ids: Sequence[int]) -> Written:
        stop = next((place for place, token in enumerate(ids) if token in self._model.ends), None)
        return Written(one_line(self._model.read(ids[:stop])), ended=stop is not None)


def _prediction(impression_note: str, shown: TurnInput, answer: Written, impression: Written) -> Prediction:
    notes = {
        impression_note: impression.text,
        IMPRESSION_CUT_NOTE: not impression.ended,
        CUT_NOTE: not answer.ended,
    }
    return Prediction(
        shown.dialogue_id,
        shown.turn,
        response=answer.text,
        raw={"response": answer.text},
        notes={name: value for name, value in notes.items() if value},
    )
