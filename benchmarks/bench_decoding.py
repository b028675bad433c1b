"""Speed of decoding against plain `generate` in data order, one turn at a time and sixteen at a time.

Ours decodes every turn of some dialogues, the plain way one turn in four, from the shortest source to the longest:

    sources, in order of length    1 2 3 4   5 6 7 8   9 ...
    the plain way's                    3         7

The mini model is trained for a while first, so that it ends its outputs where a state ends. T5-small is not trained:
each of its outputs is cut at the mean length of the gold. Beside the speed stands how many outputs differ from those of
`generate` at batch 1, which must be none in float32, and what int8 changes in JGA.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import reference_loop
from benchmarks.data import Work, middles, new_model, recipe_of, works
from benchmarks.report import Row, interleaved, rates
from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.fast.converted import load_converted
from tod_baselines.pptod.generation import decode, decode_tokens, spaced
from tod_baselines.pptod.recipe import Recipe
from tod_bench.linearize import parse_state
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_metrics import metric
from tod_metrics.items import StateItem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

REPEATS = 3
STEPS = 40
"""Of training the mini model on each corpus: about a minute."""

DIALOGUES = {"t5-mini": 8, "t5-small": 6}
PLAIN = 4
"""Turns of which the plain way decodes one."""

OURS = ("transformers, sorted batches", "ctranslate2 float32", "ctranslate2 int8")


@dataclass(frozen=True, slots=True)
class Tracker:
    """A model in its folder, and the turns that it is to track.

    Attributes:
        folder: The training's folder, with the model in it.
        model: The model.
        tokenizer: Its tokenizer.
        dialogues: The dialogues.
        examples: Their turns.
        max_new_tokens: Longest output.
    """

    folder: Path
    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    dialogues: list[Dialogue]
    examples: Examples
    max_new_tokens: int


def run(*, smoke: bool, out: Path) -> list[Row]:
    """Rows for each corpus with a trained mini model, and for T5-small's size."""
    del out
    rows: list[Row] = []
    for work in works(smoke):
        with tempfile.TemporaryDirectory() as folder:
            rows += compare(trained(work, Path(folder), smoke), f"t5-mini, {work.corpus}", smoke)
    if not smoke:
        with tempfile.TemporaryDirectory() as folder:
            rows += compare(untrained(work, Path(folder)), f"t5-small, {work.corpus}", smoke)[: 2 * len(OURS)]
    return rows


def trained(work: Work, folder: Path, smoke: bool) -> Tracker:
    """The mini model after a short training on dialogues that are not decoded."""
    from tod_baselines.pptod.training import train

    settings = {"optim": "adafactor", "optim_args": "scale_parameter=True", "learning_rate": 0.015, "dropout": 0.0}
    limit = 2 if smoke else STEPS
    recipe = replace(recipe_of("t5-mini", smoke), batching="tokens", epochs=1000, max_steps=limit, select_by="last")
    recipe = replace(recipe, **settings)
    shown = work.sample(2 if smoke else DIALOGUES["t5-mini"])
    ids = {dialogue.id for dialogue in shown}
    rest = [dialogue for dialogue in work.dialogues if dialogue.id not in ids]
    record = train(recipe, ("dst",), rest, [], FitContext("dst", work.schema, 1, folder))
    return _tracker(folder, recipe, shown, record["max_new_tokens"])


def untrained(work: Work, folder: Path) -> Tracker:
    """T5-small with random weights, its outputs cut at the mean length of the gold."""
    from tod_baselines.training.folder import save

    recipe = recipe_of("t5-small", smoke=False)
    model, tokenizer = new_model(recipe, work)
    save(folder / "model", model, tokenizer)
    tracker = _tracker(folder, recipe, work.sample(DIALOGUES["t5-small"]), 1)
    return replace(tracker, max_new_tokens=round(float(tracker.examples.target_lengths.mean())))


def compare(tracker: Tracker, name: str, smoke: bool) -> list[Row]:
    """Ours in each way against both plain ways, interleaved."""
    found: dict[str, list[str]] = {}
    few = spread(tracker.examples.lengths)
    sides = {way: _noting(found, way, work) for way, work in ways(tracker, few).items()}
    seconds = interleaved(sides, 1 if smoke else REPEATS)
    turns = len(tracker.examples)
    speeds = {way: rates(turns if way in OURS else len(few), taken) for way, taken in seconds.items()}
    rows = [
        Row(f"decoding, {name}, {way}", "turns/s", speeds[way], speeds[plain], plain, target)
        for plain, target in (("generate, batch 1", 5.0), ("generate, batch 16", None))
        for way in OURS
    ]
    expected = found["generate, batch 1"]
    for way in OURS:
        count = float(differences(expected, [found[way][number] for number in few]))
        exact = 0.0 if way != "ctranslate2 int8" else None
        what = f"decoding, {name}, {way}: outputs unlike generate's"
        rows.append(Row(what, f"of {len(few)}", (count,), target=exact))
    float32, int8 = (jga(tracker.dialogues, found[way]) for way in OURS[1:])
    return [*rows, Row(f"decoding, {name}, JGA of int8 less that of float32", "points", (int8 - float32,))]


def spread(lengths: "NDArray[np.int64]") -> list[int]:
    """Numbers of a few examples, evenly spaced from the shortest to the longest, in their order."""
    return sorted(middles(lengths.argsort(kind="stable").tolist(), len(lengths) // PLAIN))


def ways(tracker: Tracker, few: Sequence[int]) -> dict[str, Callable[[], list[str]]]:
    """The plain ways, on a few examples, and ours, on all."""
    model, tokenizer, examples = tracker.model, tracker.tokenizer, tracker.examples
    longest = tracker.max_new_tokens
    budget = decode_tokens(Recipe())
    found: dict[str, Callable[[], list[str]]] = {
        f"generate, batch {size}": lambda size=size: reference_loop.decode(
            model, tokenizer, examples, few, size, longest
        )
        for size in (1, 16)
    }
    engines: list[Any] = [model, *(load_converted(tracker.folder, tokenizer, name) for name in ("float32", "int8"))]
    for way, engine in zip(OURS, engines, strict=True):
        found[way] = lambda engine=engine: decode(
            engine, tokenizer, examples, batch_tokens=budget, max_new_tokens=longest
        )
    return found


def differences(expected: Sequence[str], found: Sequence[str]) -> int:
    """How many outputs are not the expected ones."""
    return sum(1 for one, other in zip(expected, found, strict=True) if one != other)


def jga(dialogues: Sequence[Dialogue], texts: Sequence[str]) -> float:
    """JGA of the states that some texts say, in percent; a text for each turn, in order."""
    turns = [(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    items = [
        StateItem(dialogue.id, turn.index, turn.state, parse_state(spaced(text))[0])
        for (dialogue, turn), text in zip(turns, texts, strict=True)
    ]
    scorer = metric("jga")
    return float(scorer.aggregate(scorer.statistics(items).sum(axis=0)))


def _tracker(folder: Path, recipe: Recipe, dialogues: list[Dialogue], max_new_tokens: int) -> Tracker:
    from tod_baselines.pptod.models import pretrained_model
    from tod_baselines.pptod.tokenizers import load_tokenizer
    from tod_baselines.training.devices import device

    tokenizer = load_tokenizer(folder / "model")
    model = pretrained_model(folder / "model", tokenizer).to(device())
    examples = Examples(training_examples(dialogues, ("dst",), recipe), tokenizer, recipe)
    return Tracker(folder, model, tokenizer, dialogues, examples, max_new_tokens)


def _noting(found: dict[str, list[str]], way: str, work: Callable[[], list[str]]) -> Callable[[], None]:
    def noted() -> None:
        found[way] = work()

    return noted
