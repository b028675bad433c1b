"""Speed of training against the plain loop, on the same dialogues, both sides taking turns.

Ours is the trainer of `pptod` itself, from its examples to its optimizer steps, without checkpoints and evaluation; the
clock runs from its first batch to its last step. Rates count target tokens, of which both sides learn the same. The
sample is small, so that the plain loop ends: a full corpus has more examples of each length, and batches with less
padding still.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from baselines.pptod.answers import Writer
from baselines.pptod.examples import Examples, training_examples
from baselines.pptod.feed import training_feed
from baselines.pptod.recipe import Recipe
from benchmarks import reference_loop
from benchmarks.data import Work, new_model, recipe_of, works
from benchmarks.rows import Row, interleaved, rates
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

REPEATS = 3
SAMPLES = {"t5-mini": 16, "t5-small": 6}
"""Model -> dialogues."""

OURS: dict[str, tuple[dict[str, Any], float]] = {
    "batching: tokens": ({"batching": "tokens"}, 3.5),
    "packing: dialogue": ({"batching": "tokens", "packing": "dialogue"}, 10.0),
}
"""Settings of the recipe, and the ratio to reach."""


def run(*, smoke: bool, out: Path) -> list[Row]:
    """A row for each corpus, model and way of ours."""
    del out
    models = ["t5-mini"] if smoke else list(SAMPLES)
    return [row for work in works(smoke) for model in models for row in compare(work, recipe_of(model, smoke), smoke)]


def compare(work: Work, recipe: Recipe, smoke: bool) -> list[Row]:
    """Ours in each way against the loop, interleaved."""
    plain, tokenizer = new_model(recipe, work)
    dialogues = work.sample(4 if smoke else SAMPLES[recipe.model])
    examples = Examples(training_examples(dialogues, ("dst",), recipe), tokenizer, recipe)
    plain.set_attn_implementation("eager")
    sides: dict[str, Callable[[], object]] = {"loop": lambda: reference_loop.train(plain, examples)}
    epochs = {}
    for name, (settings, _) in OURS.items():
        epochs[name] = Epochs(new_model(recipe, work)[0], tokenizer, dialogues, work, replace(recipe, **settings))
        sides[name] = epochs[name].run
    seconds = interleaved(sides, 1 if smoke else REPEATS)
    tokens = int(examples.target_lengths.sum())
    return [
        Row(
            f"training, {recipe.model}, {work.corpus}, `{name}`",
            "target tokens/s",
            rates(tokens, epochs[name].seconds),
            rates(tokens, seconds["loop"]),
            "plain loop",
            target,
        )
        for name, (_, target) in OURS.items()
    ]


class Epochs:
    """Our trainer, an epoch at a time.

    Attributes:
        seconds: Of each epoch that was run, from the first batch to the last step.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        dialogues: list[Any],
        work: Work,
        recipe: Recipe,
    ) -> None:
        recipe = replace(recipe, epochs=1, select_by="last")
        self._feed = training_feed(model, tokenizer, dialogues, ("dst",), recipe)
        self._writer = Writer(model, tokenizer, recipe, 1, work.schema)
        self.seconds: list[float] = []

    def run(self) -> None:
        """One epoch."""
        from baselines.pptod.training import make_trainer

        with tempfile.TemporaryDirectory() as folder:
            context = FitContext("dst", self._writer.schema, 1, Path(folder))
            trainer = make_trainer(self._writer, ("dst",), self._feed, [], context)
            trainer.args.save_strategy = "no"
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
