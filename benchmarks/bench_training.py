"""Speed of training against the plain loop, on the same dialogues, both sides taking turns.

Ours is the trainer of `pptod` itself, from its examples to its optimizer steps, without checkpoints and evaluation; the
clock runs from its first batch to its last step. Rates count turns, of which all sides learn the same.

An epoch of a thousand dialogues would take the plain loop too long, so each side trains on a sample of its own epoch:

    batches of its epoch, by their longest source    |. . x . .|. . x . .|. . x . .|. . x . .|
    sampled                                               the middle of equal shares

A sample counts for as many turns as it has a share of the epoch's source tokens. The last row of a model is what its
turns cost at least in FLOP, forward and backward and without padding, as a share of what the machine can do in matrix
products: how near the default way comes to the limit.
"""

import tempfile
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import reference_loop
from benchmarks.data import Work, matmul_peak, middles, new_model, recipe_of, work_of, works
from benchmarks.reference_loop import session_batches
from benchmarks.report import Row, interleaved, rates
from tod_baselines.pptod.batches import BatchSampler
from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.generation import Generator
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.training_data import make_training_data
from tod_bench.records import Dialogue, Schema
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

REPEATS = 3
LOOP = {"t5-mini": 3, "t5-small": 2}
"""Model -> batches of the plain loop, of 16 turns."""


@dataclass(frozen=True, slots=True)
class Way:
    """One of our ways to train.

    Attributes:
        settings: What its recipe sets.
        batches: How many batches are sampled, by model.
        target: The ratio to reach, if one is asked for.
    """

    settings: dict[str, Any]
    batches: dict[str, int]
    target: float | None


OURS = {
    "batching: tokens": Way({}, {"t5-mini": 4, "t5-small": 2}, 3.5),
    "history: state+1": Way({"history": "state+1"}, {"t5-mini": 2}, None),
    "packing: dialogue": Way({"packing": "dialogue"}, {"t5-mini": 2, "t5-small": 1}, 10.0),
}


def run(*, smoke: bool, out: Path) -> list[Row]:
    """A row for each corpus, model and way of ours; T5-small on the last corpus alone."""
    del out
    limit = matmul_peak(256 if smoke else 2048, "float32")
    rows: list[Row] = []
    for work in works(smoke):
        rows += compare(work, recipe_of("t5-mini", smoke), limit, smoke)
    return rows if smoke else rows + compare(work, recipe_of("t5-small", smoke), limit, smoke)


def compare(work: Work, recipe: Recipe, limit: float, smoke: bool) -> list[Row]:
    """Ours in each way against the loop, interleaved; and how much of a limit, in FLOP a second, the first uses."""
    plain, tokenizer = new_model(recipe, work)
    examples = Examples(training_examples(work.dialogues, ("dst",), recipe), tokenizer, recipe)
    models = {name: deepcopy(plain) for name in OURS}
    plain.set_attn_implementation("eager")
    batches = sampled(session_batches(len(examples)), examples.lengths, 1 if smoke else LOOP[recipe.model])
    sides: dict[str, Callable[[], object]] = {"loop": lambda: reference_loop.train(plain, examples, batches)}
    epochs: dict[str, Epochs] = {}
    ways = {name: way for name, way in OURS.items() if recipe.model in way.batches}
    for name, way in ways.items():
        count = 1 if smoke else way.batches[recipe.model]
        settings = replace(recipe, **way.settings)
        epochs[name] = Epochs(models[name], tokenizer, work.dialogues, work.schema, settings, count)
        sides[name] = epochs[name].run
    seconds = interleaved(sides, 1 if smoke else REPEATS)
    turns = len(examples) * share(batches, examples.lengths)
    rows = [
        Row(
            f"training, {recipe.model}, {work.corpus}, `{name}`",
            "turns/s",
            rates(epochs[name].turns, epochs[name].seconds),
            rates(turns, seconds["loop"]),
            "plain loop",
            way.target,
        )
        for name, way in ways.items()
    ]
    flops = work_of(plain, examples) / len(examples) / limit
    used = tuple(100 * flops * speed for speed in rows[0].ours)
    return [*rows, Row(f"training, {recipe.model}, {work.corpus}, `{next(iter(ways))}`: FLOP utilisation", "%", used)]


def sampled(batches: Iterable[list[int]], lengths: "NDArray[np.int64]", count: int) -> list[list[int]]:
    """Some batches of an epoch, evenly spaced when ordered by their longest source."""
    return middles(sorted(batches, key=lambda batch: int(lengths[batch].max())), count)


def share(batches: Iterable[list[int]], lengths: "NDArray[np.int64]") -> float:
    """The share, 0 to 1, that some batches have of the source tokens."""
    return float(lengths[list(chain(*batches))].sum() / lengths.sum())


@dataclass(slots=True)
class Sample:
    """Batches in place of the sampler's."""

    batches: list[list[int]]

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer; every epoch is the same."""

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)


class Epochs:
    """Our trainer, on an epoch or a sample of one, again and again.

    Attributes:
        turns: Turns of a run, or as many as its sample counts for.
        seconds: Of each run, from the first batch to the last step.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        dialogues: list[Dialogue],
        schema: Schema,
        recipe: Recipe,
        batches: int | None = None,
    ) -> None:
        recipe = replace(recipe, epochs=1, select_by="last")
        self._training_data = make_training_data(model, tokenizer, dialogues, ("dst",), recipe)
        self._generator = Generator(model, tokenizer, recipe, 1, schema)
        data = self._training_data.dataset
        whole = BatchSampler(data.lengths, data.target_lengths, seed=1, batch_tokens=recipe.batch_tokens)
        self._sample = None if batches is None else Sample(sampled(whole, data.lengths, batches))
        sampler = whole if self._sample is None else self._sample
        self.turns = len(self._training_data.examples) * share(sampler, data.lengths)
        self.seconds: list[float] = []

    def run(self) -> None:
        """Trains once."""
        from tod_baselines.pptod.training import make_trainer

        with tempfile.TemporaryDirectory() as folder:
            context = FitContext("dst", self._generator.schema, 1, Path(folder))
            trainer = make_trainer(self._generator, ("dst",), self._training_data, [], context)
            trainer.args.save_strategy = "no"
            if self._sample is not None:
                trainer.sampler, trainer.args.max_steps = self._sample, len(self._sample)
            clock = _clock()
            trainer.add_callback(clock)
            trainer.train()
        self.seconds.append(clock.stopped - clock.started)


def _clock() -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Notes when a training begins and when its last step is done."""

        started = stopped = 0.0

        def on_train_begin(self, *_args: Any, **_rest: Any) -> None:
            self.started = perf_counter()

        def on_step_end(self, *_args: Any, **_rest: Any) -> None:
            self.stopped = perf_counter()

    return Clock()
