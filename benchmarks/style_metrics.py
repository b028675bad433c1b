"""How metrics of personalisation go together: controls of which it is known what they should score, and correlations.

Each control answers the test dialogues of the embedded corpus. Scores have 95% bootstrap intervals over dialogues;
correlations are Spearman's over dialogues, of all controls together and, as their mean, within those controls in which
both metrics vary.

    python -m benchmarks.style_metrics                              # two minutes, writes results/style_metrics/
    python -m benchmarks.style_metrics --train 60 --test 12 --out /tmp/s
"""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

import click
import numpy as np

from benchmarks.command import help_text
from tod_baselines.floors.majority import Majority
from tod_bench.files import atomic_writer
from tod_bench.markdown import table
from tod_bench.progress import progress
from tod_bench.records import Dialogue, Prediction
from tod_bench.scoring import ScoreSheet, score
from tod_bench.scoring.resources import Resources
from tod_bench.simulated import Simulated
from tod_bench.splits import read_all
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs
from tod_metrics.base import FloatArray

METRICS = ("style_strength", "style_direction", "style_accuracy", "persona_attribution", "copy_rate", "slots_said")
ENCODED = METRICS[:2]
ATTRIBUTES = ("age", "formality", "emotion")

Answers: TypeAlias = Callable[[Dialogue, int], str]


class Control(NamedTuple):
    """Something that answers, of which it is known what it does.

    Attributes:
        dialogues: The dialogues, with the users that responses are held against.
        answers: The response of a dialogue's turn.
    """

    dialogues: Sequence[Dialogue]
    answers: Answers


def controls(corpus: Simulated, seed: int = 0) -> dict[str, Control]:
    """The controls, by what they do."""
    test, train = read_all(corpus, "test"), read_all(corpus, "train")
    plain = {dialogue.id: dialogue for dialogue in read_all(corpus.plain, "test")}
    order = list(range(len(test)))
    Random(seed).shuffle(order)
    others = {test[one].id: test[other] for one, other in zip(order, [*order[1:], order[0]], strict=True)}
    strangers = [replace(dialogue, persona=others[dialogue.id].persona) for dialogue in test]

    def own(dialogue: Dialogue, turn: int) -> str:
        return dialogue.turns[turn].system

    def plainly(dialogue: Dialogue, turn: int) -> str:
        return plain[dialogue.id].turns[turn].system

    def parrot(dialogue: Dialogue, turn: int) -> str:
        said = plainly(dialogue, turn)
        return said if turn or dialogue.persona is None else f"{dialogue.persona.impression} {said}"

    return {
        "the corpus's own responses": Control(test, own),
        "the same, users shuffled": Control(strangers, own),
        "plain responses": Control(test, plainly),
        "plain, impression read out first": Control(test, parrot),
        "majority": Control(test, majority(train, test, corpus)),
    }


def majority(train: Sequence[Dialogue], test: Sequence[Dialogue], corpus: Simulated) -> Answers:
    """The most frequent response of training, as the system `majority` gives it."""
    with tempfile.TemporaryDirectory() as folder:
        system, context = Majority(), FitContext("response", corpus.schema, 0, Path(folder), corpus.database)
        system.fit(train, (), context)
        system.load(context)
        answers = list(system.predict("response", turn_inputs(test, "response")))
    said = {(answer.dialogue_id, answer.turn): answer.response or "" for answer in answers}
    return lambda dialogue, turn: said[dialogue.id, turn]


def scored(corpus: Simulated, control: Control, metrics: Sequence[str], draws: int) -> ScoreSheet:
    """The scores of a control."""
    predictions = [
        Prediction(dialogue.id, turn.index, response=control.answers(dialogue, turn.index))
        for dialogue in control.dialogues
        for turn in dialogue.turns
    ]
    return score(
        "response",
        control.dialogues,
        predictions,
        corpus_name=corpus.name,
        split="test",
        schema=corpus.schema,
        metrics=metrics,
        draws=draws,
        resources=Resources(corpus, "test"),
    )


def by_dialogue(sheet: ScoreSheet, metrics: Sequence[str]) -> dict[str, FloatArray]:
    """Metric -> the score of each dialogue alone; NaN where it is undefined."""
    rows = {row.score.metric: row.aggregate(row.sums) for row in sheet.rows}
    return {name: rows[name] for name in metrics}


def spearman(one: FloatArray, other: FloatArray) -> float:
    """Spearman's correlation over dialogues that have both; NaN where one of the two does not vary."""
    from scipy.stats import spearmanr

    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < 3 or len(set(one[both])) < 2 or len(set(other[both])) < 2:
        return float("nan")
    return float(spearmanr(one[both], other[both]).statistic)


def correlations(values: Mapping[str, Mapping[str, FloatArray]], metrics: Sequence[str]) -> list[list[str]]:
    """A row a pair of metrics: the correlation over all controls, and the mean of those within a control."""
    rows = []
    for one, other in combinations(metrics, 2):
        together = spearman(
            *(np.concatenate([of_control[name] for of_control in values.values()]) for name in (one, other))
        )
        within = [spearman(of_control[one], of_control[other]) for of_control in values.values()]
        varying = [value for value in within if np.isfinite(value)]
        mean = f"{np.mean(varying):.2f} ({len(varying)})" if varying else "-"
        rows.append([one, other, f"{together:.2f}" if np.isfinite(together) else "-", mean])
    return rows


def written(value: float | None, low: float | None, high: float | None) -> str:
    """A score with its interval; a dash where it is undefined."""
    if value is None:
        return "-"
    places = 2 if abs(value) < 2 and value != round(value) else 1
    return f"{value:.{places}f}" + ("" if low is None or high is None else f" [{low:.{places}f}, {high:.{places}f}]")


@click.command(help=help_text(__doc__))
@click.option("--train", default=1500, help="Training dialogues, of which classifier and directions are made.")
@click.option("--test", default=200, help="Test dialogues.")
@click.option("--draws", default=1000, help="Bootstrap draws.")
@click.option("--encoder/--no-encoder", default=True, help="Whether MiniLM is there, for strength and direction.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("results/style_metrics"), help="Folder to write to."
)
def main(train: int, test: int, draws: int, encoder: bool, out: Path) -> None:
    """Scores the controls and writes the tables."""
    began = time.perf_counter()
    corpus = Simulated(dialogues={"train": train, "dev": 0, "test": test}, style="personalised")
    metrics = METRICS if encoder else METRICS[len(ENCODED) :]
    specs = [*metrics, *(f"style_accuracy(attribute={name})" for name in ATTRIBUTES)]
    values: dict[str, dict[str, FloatArray]] = {}
    rows: list[list[str]] = []
    signatures: list[str] = []
    made = controls(corpus)
    with progress("scoring controls", len(made), unit="controls") as shown:
        for name, control in made.items():
            sheet = scored(corpus, control, specs, draws)
            values[name] = by_dialogue(sheet, metrics)
            rows.append([name, *(written(one.value, one.low, one.high) for one in sheet)])
            signatures = [str(one.signature) for one in sheet]
            shown.advance()
    parts = [
        "# Metrics of personalisation on controls",
        f"`python -m benchmarks.style_metrics`: {test} test dialogues of {corpus.name}, {train} training dialogues. "
        "What it shows is in [docs/metrics/personalisation.md](../../docs/metrics/personalisation.md).",
        table(["control", *specs], rows),
        "## Spearman's correlation, dialogue by dialogue",
        "Over all controls together, and the mean within the controls in which both vary (how many).",
        table(["metric", "and", "together", "within"], correlations(values, metrics), left=2),
        "Signatures:\n\n" + "\n".join(f"- `{signature}`" for signature in signatures),
    ]
    text = "\n\n".join(parts) + "\n"
    print(text)
    with atomic_writer(out / "README.md") as file:
        file.write(text)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
