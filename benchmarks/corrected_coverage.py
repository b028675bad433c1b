"""How often 95% intervals of a judge's score hold the truth: uncorrected, from the labels alone, and corrected.

Each study draws dialogues, people's answers and a judge's with a known fault, labels some at random, and computes what
`tod-bench judge correct` prints. It also holds the label planner's forecast against the width that studies of that size
then have. Writes results/judge_simulation/: corrected.md, corrected.json and corrected.svg.

    python -m benchmarks.corrected_coverage                          # 1,000 studies a row
    python -m benchmarks.corrected_coverage --studies 50 --out /tmp/c
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.command import help_text
from tod_bench.files import write_json, write_text
from tod_bench.markdown import table
from tod_bench.statistics.corrected import corrected_mean, naive_mean
from tod_bench.statistics.label_plan import plan_labels
from tod_bench.statistics.rogan_gladen import corrected_rate
from tod_metrics.base import FloatArray

ITEMS = 1000
LABELS = (30, 100, 300)
SIZES = {"dialogues of five items": 5}
"""Truths whose items come in dialogues; elsewhere each is one of its own."""


class Study(NamedTuple):
    """People's and the judge's answers to every item, and the dialogue of each."""

    people: FloatArray
    judge: FloatArray
    dialogues: NDArray[np.int64]


Maker = Callable[[np.random.Generator, int], Study]


def likert(shift: float, noise: float, together: int = 1) -> Maker:
    """Points by people, and by a judge that is lenient by `shift` and errs by `noise`; `together` items a dialogue."""

    def make(rng: np.random.Generator, items: int) -> Study:
        dialogues = np.arange(items) // together
        if together > 1:
            # What a dialogue's items share: how good it is, and how the judge sees it.
            good, seen = (rng.normal(0, size, items)[dialogues] for size in (0.6, 0.4))
        else:
            good = seen = np.zeros(items)
        true = 2.6 + good + rng.normal(0, 0.8 if together == 1 else 0.5, items)
        judged = true + shift + seen + rng.normal(0, noise, items)
        return Study(_points(true + rng.normal(0, 0.3, items)), _points(judged), dialogues)

    return make


def verdicts(rate: float, sensitivity: float, specificity: float) -> Maker:
    """Right or wrong by people, and by a judge with a sensitivity and a specificity."""

    def make(rng: np.random.Generator, items: int) -> Study:
        truth = (rng.random(items) < rate).astype(np.float64)
        chance = np.where(truth == 1, sensitivity, 1 - specificity)
        return Study(truth, (rng.random(items) < chance).astype(np.float64), np.arange(items))

    return make


MAKERS: Mapping[str, tuple[Maker, bool]] = {
    "Likert, fair judge": (likert(0.0, 0.5), False),
    "Likert, lenient judge": (likert(0.4, 0.5), False),
    "Likert, judge that guesses": (lambda rng, n: _shuffled(likert(0.4, 0.5)(rng, n), rng), False),
    "Likert, lenient, dialogues of five items": (likert(0.4, 0.3, 5), False),
    "rate 70%, lenient judge": (verdicts(0.7, 0.95, 0.7), True),
    "rate 30%, strict judge": (verdicts(0.3, 0.7, 0.95), True),
    "rate 90%, good judge": (verdicts(0.9, 0.97, 0.9), True),
    "rate 50%, judge near chance": (verdicts(0.5, 0.6, 0.55), True),
}
"""Studies by name, and whether answers are verdicts."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What 95% intervals did in all studies of one kind.

    Attributes:
        study: The kind of study.
        labels: Labelled items.
        estimate: The way to estimate.
        truth: The true mean, or rate.
        mean: Mean estimate over the studies that have one.
        covered: Share of intervals that hold the truth, in percent.
        width: Median width.
        studies: Studies.
        without: Studies without an estimate; their interval is the whole scale.
    """

    study: str
    labels: int
    estimate: str
    truth: float
    mean: float
    covered: float
    width: float
    studies: int
    without: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The planner's forecast from small studies against the studies that it asks for.

    Attributes:
        study: The kind of study.
        pilot: Labels that the forecast is made from.
        wanted: The width wanted.
        labels: Median of the labels it asks for.
        width: Median width of studies with as many labels as their own pilot asked for.
        within: Share of pilots whose range of 5% to 95% holds the median over pilots, in percent.
    """

    study: str
    pilot: int
    wanted: float
    labels: float
    width: float
    within: float


def coverage(name: str, labels: int, studies: int, seed: int = 0, items: int = ITEMS) -> list[Coverage]:
    """Runs the studies of one kind and size: one row a way to estimate."""
    make, binary = MAKERS[name]
    truth = _truth(make)
    found: dict[str, list[tuple[float | None, float, float]]] = {}
    for study in range(studies):
        rng = np.random.default_rng([seed, study, labels])
        drawn = make(rng, items)
        for way, estimate in _estimates(drawn, rng.permutation(items)[:labels], binary=binary).items():
            found.setdefault(way, []).append(estimate)
    return [
        Coverage(
            *(name, labels, way, truth, float(np.mean([value for value, *_ in rows if value is not None]))),
            covered=100 * float(np.mean([low <= truth <= high for _, low, high in rows])),
            width=float(np.median([high - low for _, low, high in rows])),
            studies=studies,
            without=sum(value is None for value, *_ in rows),
        )
        for way, rows in found.items()
    ]


def forecast(name: str, pilot: int, wanted: float, studies: int, seed: int = 0, items: int = ITEMS) -> Forecast:
    """Plans from pilots, then runs studies of the size that each pilot asked for."""
    make, _ = MAKERS[name]
    plans, widths = [], []
    for study in range(studies):
        rng = np.random.default_rng([seed, study, pilot, 1])
        drawn = make(rng, items)
        order = rng.permutation(items)
        first, rest = order[:pilot], order[pilot:]
        plan = plan_labels(drawn.people[first], drawn.judge[first], drawn.judge[rest], wanted, seed=study)
        count = plan.labels or items
        mean = corrected_mean(drawn.people[order[:count]], drawn.judge[order[:count]], drawn.judge[order[count:]])
        plans.append((count, plan.low or items, plan.high or items))
        widths.append((mean.high or 0.0) - (mean.low or 0.0))
    middle = float(np.median([count for count, *_ in plans]))
    within = 100 * float(np.mean([low <= middle <= high for _, low, high in plans]))
    return Forecast(name, pilot, wanted, middle, float(np.median(widths)), within)


def _estimates(
    study: Study, labelled: NDArray[np.int64], *, binary: bool
) -> dict[str, tuple[float | None, float, float]]:
    rest = np.setdiff1d(np.arange(len(study.people)), labelled)
    own = (study.people[labelled], study.judge[labelled], study.judge[rest])
    several = len(np.unique(study.dialogues)) < len(study.dialogues)
    sides = (study.dialogues[labelled], study.dialogues[rest])
    clusters = sides if several else None
    alone = (sides[0], sides[0][:0]) if several else None
    means = {
        "judge, uncorrected": naive_mean(study.judge, study.dialogues if several else None),
        "labels alone": corrected_mean(*own[:2], (), weight=0.0, clusters=alone),
        "PPI": corrected_mean(*own, weight=1.0, clusters=clusters),
        "PPI++": corrected_mean(*own, clusters=clusters),
    }
    if several:
        means["PPI++, items for independent"] = corrected_mean(*own)
    found: dict[str, tuple[float | None, float, float]] = {
        way: (mean.value, mean.low or 0.0, mean.high or 0.0) for way, mean in means.items()
    }
    if binary:
        rate = corrected_rate(*own)
        found["Rogan-Gladen"] = (rate.value, rate.low, rate.high)
    return found


def _points(values: FloatArray) -> FloatArray:
    return np.clip(np.round(values), 1, 4)


def _shuffled(study: Study, rng: np.random.Generator) -> Study:
    """A judge whose answers have nothing to do with the items."""
    return study._replace(judge=rng.permutation(study.judge))


def _truth(make: Maker) -> float:
    return float(make(np.random.default_rng(0), 400_000).people.mean())


def markdown(rows: list[Coverage], forecasts: list[Forecast], command: str) -> str:
    """The results as a page."""
    ways = list(dict.fromkeys(row.estimate for row in rows))
    by_key = {(row.study, row.labels, row.estimate): row for row in rows}
    head = ["study", "labels", *ways]
    kinds = list(dict.fromkeys((row.study, row.labels) for row in rows))

    def cells(show: Callable[[Coverage], str]) -> list[list[str]]:
        return [
            [study, str(labels), *(show(one) if (one := by_key.get((study, labels, way))) else "-" for way in ways)]
            for study, labels in kinds
        ]

    studies = rows[0].studies
    error = 100 * float(np.sqrt(0.95 * 0.05 / studies))
    sections = [
        "# Corrected scores: how often 95% intervals hold the truth",
        f"`{command}`",
        (
            f"{studies:,} studies a row of {ITEMS:,} judged items, of which some have a label; standard deviation of a "
            f"coverage of 95% over so many: {error:.1f} points. What is estimated is the people's mean over items of "
            "this kind, not over the ones drawn."
        ),
        "![Coverage by study](corrected.svg)",
        "## Coverage, %",
        table(head, cells(lambda row: f"{row.covered:.1f}"), left=1),
        "## Mean estimate less the truth",
        table(head, cells(lambda row: f"{row.mean - row.truth:+.3f}"), left=1),
        "## Median width of the interval",
        table(head, cells(lambda row: f"{row.width:.3f}"), left=1),
        "## The label planner: forecasts from a pilot, and what studies of that size then gave",
        table(
            [
                "study",
                "labels of the pilot",
                "width wanted",
                "labels it asks for",
                "width then",
                "pilot's range holds it, %",
            ],
            [
                [one.study, one.pilot, f"{one.wanted:g}", f"{one.labels:g}", f"{one.width:.3f}", f"{one.within:.0f}"]
                for one in forecasts
            ],
        ),
    ]
    return "\n\n".join(sections) + "\n"


def chart(rows: list[Coverage], labels: int) -> Any:
    """Coverage of each way to estimate, a line of points a study."""
    from tod_bench.reports.styles import PALETTE
    from tod_bench.reports.vega import QUIET, WIDTH, Chart

    ways = ("judge, uncorrected", "labels alone", "PPI++", "Rogan-Gladen")
    values = [
        {"study": row.study, "way": row.estimate, "covered": row.covered}
        for row in rows
        if row.labels == labels and row.estimate in ways
    ]
    colour = {
        **{"field": "way", "type": "nominal", "legend": {"orient": "bottom", "title": None, "columns": 2}},
        "scale": {"domain": list(ways), "range": list(PALETTE[: len(ways)])},
    }
    points = {
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "size": 60},
        "encoding": {
            "x": {
                "field": "covered",
                "type": "quantitative",
                "title": "intervals that hold the truth, %",
                "scale": {"domain": [0, 100]},
            },
            "y": {"field": "study", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 260}},
            "color": colour,
            "shape": {"field": "way", "type": "nominal", "scale": {"domain": list(ways)}, "legend": None},
        },
    }
    rule = {"data": {"values": [{"x": 95}]}, "mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 3]}}
    rule["encoding"] = {"x": {"field": "x", "type": "quantitative"}}
    return Chart(
        "Dot plot", {"width": WIDTH, "layer": [rule, points]}, f"Coverage of 95% intervals with {labels} labels"
    )


@click.command(help=help_text(__doc__))
@click.option("--studies", type=click.IntRange(min=2), default=1000, show_default=True, help="Studies a row.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the studies.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("results/judge_simulation"), help="Folder to write into."
)
def main(studies: int, seed: int, out: Path) -> None:
    """Runs every study."""
    began = time.perf_counter()
    rows = [row for name in MAKERS for labels in LABELS for row in coverage(name, labels, studies, seed)]
    forecasts = [
        forecast(name, pilot, wanted, max(2, studies // 5), seed)
        for name, wanted in (("Likert, lenient judge", 0.2), ("rate 70%, lenient judge", 0.1))
        for pilot in (30, 100)
    ]
    command = "python -m benchmarks.corrected_coverage"
    command += "".join([f" --studies {studies}" if studies != 1000 else "", f" --seed {seed}" if seed else ""])
    found = {"command": command, "studies": studies, "items": ITEMS, "seed": seed}
    write_json(
        out / "corrected.json", {**found, "coverage": [*map(asdict, rows)], "forecasts": [*map(asdict, forecasts)]}
    )
    write_text(out / "corrected.md", markdown(rows, forecasts, command))
    write_text(out / "corrected.svg", chart(rows, LABELS[1]).svg())
    print(f"{out / 'corrected.md'}: {len(rows)} rows, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
