"""What `packing: dialogue` costs or gains in joint goal accuracy: the same T5 from scratch, trained both ways.

    turn                     N steps
    dialogue, same steps     N steps, each of as many turns on average
    dialogue, same time      as many of these steps as take the wall time of the first

Packing gives another model: turns before the current one do not see what came after them. Every run has the settings
of the quickstart, and the same tokenizer, seed and test dialogues; its learning rate falls to 0 at its end. Differences
are paired over dialogues.

Example: python -m benchmarks.packing_quality --corpus simulated --steps 1800 --json packing.json
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.command import help_text
from benchmarks.report import machine
from tod_baselines.pptod.generation import Generator
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.training_data import make_training_data
from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.experiments.config import load_config
from tod_bench.files import write_json
from tod_bench.records import Dialogue, Prediction
from tod_bench.scores import Score
from tod_bench.scoring import score
from tod_bench.scoring.comparison import compare
from tod_bench.splits import read_all
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TRIAL = 20
"""Steps by which `--minutes` is turned into steps."""

OPTIONS: dict[str, dict[str, Any]] = {
    "simulated": {"style": "original", "dialogues": {"train": 4000, "test": 200}},
    "multiwoz": {"version": "2.2"},
}

# The steps end every run, and both packings are decoded by the same engine.
ALIKE = {"epochs": 1_000_000, "max_steps": None, "engine": "transformers"}
RECIPE = Recipe(**{**load_config("quickstart").systems["t5-tiny"].params, **ALIKE})
"""The settings of eval_configs/quickstart.yaml."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What is trained on, and tested on."""

    corpus: Corpus
    train: list[Dialogue]
    test: list[Dialogue]
    split: str
    tokenizer: "PreTrainedTokenizerBase"
    seed: int


@dataclass(frozen=True, slots=True)
class Run:
    """A training and what it led to."""

    name: str
    recipe: Recipe
    seconds: float
    predictions: dict[tuple[str, int], Prediction]
    jga: Score

    @property
    def step(self) -> float:
        """Seconds a step."""
        return self.seconds / (self.recipe.max_steps or 1)

    def to_json(self) -> dict[str, Any]:
        """Everything but the predictions."""
        return {
            "name": self.name,
            "recipe": self.recipe.to_json(),
            "train_seconds": round(self.seconds, 1),
            "jga": self.jga.to_json(),
        }


def trained(contest: Contest, recipe: Recipe) -> tuple[Generator, float]:
    """A model trained for `max_steps`, and the seconds that its steps took."""
    from transformers import set_seed

    from tod_baselines.pptod.models import scratch_model
    from tod_baselines.pptod.training import make_trainer, output_budget

    set_seed(contest.seed)
    model, schema = scratch_model(recipe, contest.tokenizer), contest.corpus.schema
    training_data = make_training_data(model, contest.tokenizer, contest.train, ("dst",), recipe)
    generator = Generator(model, contest.tokenizer, recipe, output_budget(training_data.examples, recipe), schema)
    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(
            generator, ("dst",), training_data, [], FitContext("dst", schema, contest.seed, Path(folder))
        )
        trainer.args.save_strategy = "no"
        return generator, float(trainer.train().metrics["train_runtime"])


def run(contest: Contest, name: str, recipe: Recipe) -> Run:
    """Trains, answers the test dialogues, and scores them."""
    generator, seconds = trained(contest, recipe)
    answers = generator.answers("dst", list(turn_inputs(contest.test, "dst")))
    (jga, *_) = score("dst", contest.test, answers, metrics=["jga"], **_place(contest))
    done = Run(name, recipe, seconds, {(one.dialogue_id, one.turn): one for one in answers}, jga)
    print(f"| {name} | {recipe.max_steps} | {seconds / 60:.1f} | {jga.value:.2f} | {jga.low:.2f} to {jga.high:.2f} |")
    return done


def packed(contest: Contest, recipe: Recipe) -> Recipe:
    """The recipe with packing, its batches holding as many turns on average."""
    from tod_baselines.pptod.models import scratch_model

    recipe = replace(recipe, packing="dialogue")
    model = scratch_model(recipe, contest.tokenizer)
    report = make_training_data(model, contest.tokenizer, contest.train, ("dst",), recipe).data.report()
    share = report["packed_source_tokens"] / report["source_tokens"]
    return replace(recipe, batch_tokens=round(recipe.batch_tokens * share))


def contest_of(corpus: str, train: str, test: str, seed: int) -> Contest:
    """Reads the dialogues, and trains the tokenizer that all runs share."""
    from tod_baselines.pptod.training import ready_tokenizer
    from tod_baselines.training.devices import silence_logging

    silence_logging()
    opened = open_corpus(corpus, **OPTIONS[corpus])
    dialogues = read_all(opened, train)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = ready_tokenizer(RECIPE, dialogues, FitContext("dst", opened.schema, seed, Path(folder)))
    return Contest(opened, dialogues, read_all(opened, test), test, tokenizer, seed)


def _place(contest: Contest) -> dict[str, Any]:
    return {"corpus_name": contest.corpus.name, "split": contest.split, "schema": contest.corpus.schema}


@click.command(help=help_text(__doc__), context_settings={"show_default": True})
@click.option("--corpus", type=click.Choice(sorted(OPTIONS)), default="simulated", help="What to train on.")
@click.option("--train", default="train", help="Split expression of the training dialogues.")
@click.option("--test", default="test", help="Split expression of the test dialogues.")
@click.option("--steps", type=click.IntRange(1), default=1800, help="Steps of the run without packing.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Minutes of it, instead of --steps.")
@click.option("--seed", default=1, help="Seed of everything random.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="File for everything measured.")
def main(
    *, corpus: str, train: str, test: str, steps: int, minutes: float | None, seed: int, file: Path | None
) -> None:
    """Trains the three, and prints what they reach."""
    contest = contest_of(corpus, train, test, seed)
    if minutes is not None:
        _, seconds = trained(contest, replace(RECIPE, max_steps=TRIAL))
        steps = max(1, round(60 * minutes * TRIAL / seconds))
    print("| packing | steps | minutes | JGA | 95% interval |\n|---|---:|---:|---:|---|")
    turn = run(contest, "turn", replace(RECIPE, max_steps=steps))
    recipe = packed(contest, RECIPE)
    same_steps = run(contest, "dialogue, same steps", replace(recipe, max_steps=steps))
    in_time = max(1, round(turn.seconds / same_steps.step))
    same_time = run(contest, "dialogue, same time", replace(recipe, max_steps=in_time))
    differences = {}
    for other in (same_steps, same_time):
        (found,) = compare("dst", contest.test, other.predictions, turn.predictions, metrics=["jga"], **_place(contest))
        differences[other.name] = found.to_json()
        print(f"{other.name}: {found.difference:+.2f} ({found.low:+.2f} to {found.high:+.2f}), {found.verdict}")
    if file is not None:
        runs = [one.to_json() for one in (turn, same_steps, same_time)]
        splits = {"train": train, "test": test, "seed": seed}
        write_json(
            file,
            {"corpus": contest.corpus.name, **splits, "machine": machine(), "runs": runs, "minus turn": differences},
        )


if __name__ == "__main__":
    main()
