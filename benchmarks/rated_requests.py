"""The way from published human ratings to a judge's corrected score, on the Stanford Politeness Corpus and FED.

Politeness: requests on Wikipedia, rated 1 to 25 by five people each. The judge is ConvoKit's politeness strategies,
weighed by a ridge regression on requests of Stack Exchange. All requests have labels, so what a correction by a few of
them should give is known. FED: one of its five ratings an item as the judge of the other four.

    python -m benchmarks.rated_requests DATA                        # writes results/judges/ratings_*
    python -m benchmarks.rated_requests DATA --items 300 --draws 20 --out /tmp/r --work /tmp/w

DATA is a folder with stanford_politeness/ (the two *.annotated.csv) and fed/ (fed_data.json). The strategies' answers
(strategies.csv) and people's ratings (wikipedia.csv) are kept in --work; the judge card is made of these two.
"""

import csv
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.command import help_text
from tod_bench.csv_files import csv_text
from tod_bench.errors import UserError
from tod_bench.files import write_json, write_text
from tod_bench.judge.alternative import Replacement, may_replace, replacement_markdown
from tod_bench.judge.cards.card import FILE
from tod_bench.judge.cards.file_card import card_of_files
from tod_bench.judge.correction import correct, correction_markdown, plan, plan_markdown
from tod_bench.judge.open_ratings import Question, read_open_ratings
from tod_bench.judge.rating_sets import import_ratings
from tod_bench.reports.judge_cards import write_card_pages
from tod_bench.statistics.corrected import corrected_mean
from tod_bench.statistics.rogan_gladen import corrected_rate
from tod_metrics.base import FloatArray

POLITE = 13
"""The middle of the scale of 1 to 25; a mean above it is polite."""

PENALTY = 10.0
"""Of the ridge regression on politeness strategies."""


def strategies(texts: Sequence[str]) -> FloatArray:
    """Which of the 21 strategies each text uses, shape (texts, 21)."""
    from tod_metrics.style.politeness import Politeness, politeness_strategies

    measure = Politeness()
    found = politeness_strategies(texts, measure._pipeline)
    return np.array([[name in found[text.strip()] for name in measure.strategies] for text in texts], dtype=float)


def fitted(features: FloatArray, values: FloatArray) -> FloatArray:
    """Weights of a ridge regression, the intercept first and without a penalty."""
    design = np.hstack([np.ones((len(features), 1)), features])
    penalty = PENALTY * np.eye(design.shape[1])
    penalty[0, 0] = 0
    return np.asarray(np.linalg.solve(design.T @ design + penalty, design.T @ values))


def requests(path: Path, items: int) -> list[tuple[str, str]]:
    """The first items of a file: name as in the imported ratings, and text."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    named: dict[str, str] = {}
    for row in rows:
        # A post with several requests is left to its first.
        named.setdefault(f"{row[0]}|{row[1]}", row[2])
    return list(named.items())[:items]


def judged_requests(data: Path, items: int, folder: Path) -> tuple[Path, Path]:
    """Writes people's ratings of Wikipedia's requests, and the strategies' verdicts on them."""
    files = {name: data / "stanford_politeness" / f"{name}.annotated.csv" for name in ("stack-exchange", "wikipedia")}
    means, features = {}, {}
    for name, path in files.items():
        import_ratings("stanford_politeness", (path,), folder / f"{name}.csv")
        texts = dict(requests(path, items))
        merged = read_open_ratings(folder / f"{name}.csv")["politeness"].merged()
        means[name] = {item: float(merged[item]) for item in texts}
        features[name] = strategies(list(texts.values()))
    weights = fitted(features["stack-exchange"], np.array(list(means["stack-exchange"].values())))
    verdicts = weights[0] + features["wikipedia"] @ weights[1:]
    judge = folder / "strategies.csv"
    rows = [
        (item, "politeness", "strategies", round(float(one), 4))
        for item, one in zip(means["wikipedia"], verdicts, strict=True)
    ]
    write_text(judge, csv_text(("item", "question", "rater", "value"), rows))
    return folder / "wikipedia.csv", judge


def labels_of(question: Question, items: Iterable[str], path: Path) -> Path:
    """Writes the ratings of some items alone."""
    rows = [
        (item, question.name, rater, own[item], question.dialogues[item])
        for item in items
        for rater, own in question.answers.items()
        if item in own
    ]
    write_text(path, csv_text(("item", "question", "rater", "value", "dialogue"), rows))
    return path


def held(people: FloatArray, judge: FloatArray, labels: int, draws: int, *, binary: bool) -> dict[str, float]:
    """How often intervals from so many labels, drawn at random, hold the mean of all labels; in percent."""
    truth, found = float(people.mean()), []
    for draw in range(draws):
        order = np.random.default_rng([labels, draw]).permutation(len(people))
        some, rest = order[:labels], order[labels:]
        own = (people[some], judge[some], judge[rest])
        means = [corrected_mean(*own[:2], (), weight=0.0), corrected_mean(*own)]
        ends = [(mean.low or 0.0, mean.high or 0.0) for mean in means]
        if binary:
            rate = corrected_rate(*own)
            ends.append((rate.low, rate.high))
        found.append([(low <= truth <= high, high - low) for low, high in ends])
    table = np.array(found, dtype=float)
    names = ("labels alone", "PPI++", "Rogan-Gladen")
    shares = {
        name: round(100 * float(table[:, place, 0].mean()), 1) for place, name in enumerate(names[: table.shape[1]])
    }
    widths = {
        f"width, {name}": round(float(np.median(table[:, k, 1])), 4) for k, name in enumerate(names[: table.shape[1]])
    }
    return {**shares, **widths}


def politeness(data: Path, items: int, draws: int, folder: Path) -> tuple[str, dict[str, Any]]:
    """The page and the numbers of the politeness judge."""
    ratings, judge = judged_requests(data, items, folder)
    question = read_open_ratings(ratings)["politeness"]
    verdicts = read_open_ratings(judge)["politeness"].merged()
    tests = may_replace(ratings, str(judge), epsilon=0.1, standardised=True)
    plain = may_replace(ratings, str(judge), epsilon=0.1)
    order = [list(verdicts)[place] for place in np.random.default_rng(0).permutation(len(verdicts))]
    labels = labels_of(question, order[: min(200, len(order) // 2)], folder / "labels.csv")
    corrections, plans = correct(judge, labels), plan(judge, labels, 0.5)
    merged = question.merged()
    people, judged = (np.array([float(one[item]) for item in verdicts]) for one in (merged, verdicts))
    coverage = {f"mean, {n} labels": held(people, judged, n, draws, binary=False) for n in (50, 200)}
    verdict = (judged > np.median(judged)).astype(float)
    coverage |= {
        f"rate above {POLITE}, {n} labels": held((people > POLITE) * 1.0, verdict, n, draws, binary=True)
        for n in (50, 200)
    }
    truth = {"mean of all labels": float(people.mean()), f"rate above {POLITE}": float((people > POLITE).mean())}
    truth |= {"mean of the judge": float(judged.mean()), "rate of the judge's verdict": float(verdict.mean())}
    truth |= {"correlation of judge and mean rating": float(np.corrcoef(people, judged)[0, 1])}
    found = {"truth": truth, "alt_test": _summed_up(tests[0]), "alt_test_not_standardised": _summed_up(plain[0])}
    found |= {"correction": corrections[0].to_json(), "coverage": coverage, "draws": draws, "items": len(people)}
    rows = "\n".join(f"- {name}: {number:.3f}" for name, number in truth.items())
    sections = [
        "# Politeness of requests: ConvoKit's strategies as a judge",
        "Truth, as all requests have labels:\n\n" + rows,
        _replaced("Standardised by rater", tests),
        _replaced("Numbers as they are", plain),
        _deeper(correction_markdown(corrections)),
        _deeper(plan_markdown(plans)),
        _coverage(coverage, draws),
    ]
    return "\n\n".join(sections), found


def fed(data: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    """The page and the numbers of FED's fifth ratings as the judge of the other four."""
    ratings = folder / "fed.csv"
    import_ratings("fed", (data / "fed" / "fed_data.json",), ratings)
    tests = may_replace(ratings, "place 5", epsilon=0.1)
    page = replacement_markdown(tests, "FED's fifth ratings").split("\n## ")[0]
    return page, {"alt_test": [_summed_up(one) for one in tests]}


def _summed_up(test: Replacement) -> dict[str, Any]:
    """The test without what it says of each rater."""
    return {name: value for name, value in test.to_json().items() if name not in ("comparisons", "left_out")}


def _replaced(title: str, tests: list[Replacement]) -> str:
    page = replacement_markdown(tests, title)
    head, _, section = page.partition("\n## ")
    notes = "\n".join(line for line in section.splitlines() if line.startswith("- "))
    return f"#{head.strip()}\n\n{notes}"


def _deeper(page: str) -> str:
    return f"#{page.strip()}"


def _coverage(coverage: Mapping[str, Mapping[str, float]], draws: int) -> str:
    lines = [f"## How often the intervals hold the truth, in {draws:,} random draws of labels", ""]
    for name, row in coverage.items():
        shown = "; ".join(f"{way} {value:g}{'' if way.startswith('width') else '%'}" for way, value in row.items())
        lines.append(f"- {name}: {shown}")
    return "\n".join(lines)


@click.command(help=help_text(__doc__))
@click.argument("data", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--items", type=int, default=2000, show_default=True, help="Requests a file, at most.")
@click.option("--draws", type=int, default=1000, show_default=True, help="Random draws of labels.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/judges"), help="Folder to write into.")
@click.option(
    "--work", type=click.Path(path_type=Path), help="Folder of the files of ratings; a temporary one if not given."
)
def main(data: Path, items: int, draws: int, out: Path, work: Path | None) -> None:
    """Runs both."""
    command = "python -m benchmarks.rated_requests DATA"
    command += "".join(
        f" --{name} {value}"
        for name, value, usual in (("items", items, 2000), ("draws", draws, 1000))
        if value != usual
    )
    try:
        with nullcontext(work) if work else tempfile.TemporaryDirectory() as opened:
            make(data, items, draws, out, Path(opened), command)
    except UserError as error:
        raise click.ClickException(str(error)) from None


def make(data: Path, items: int, draws: int, out: Path, folder: Path, command: str) -> None:
    """Writes both pages, their numbers and the card.

    Args:
        data: The folder of ratings.
        items: Requests to judge.
        draws: Simulated studies.
        out: Where the pages go.
        folder: Where answers and ratings are kept.
        command: The command, for the pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, (page, found) in {
        "ratings_fed": fed(data, folder),
        "ratings_politeness": politeness(data, items, draws, folder),
    }.items():
        write_text(out / name / "README.md", f"{page.strip()}\n\n`{command}`\n")
        write_json(out / name / "numbers.json", found)
        print(out / name / "README.md")
    write_card(folder, out / "ratings_politeness")


def write_card(folder: Path, out: Path) -> None:
    """Writes the judge card of the strategies, from the files that `judged_requests` wrote into a folder."""
    command = f"tod-bench judge card strategies.csv --labels wikipedia.csv -o results/judges/{out.name}"
    card = card_of_files(folder / "strategies.csv", folder / "wikipedia.csv", command=command)
    write_json(out / FILE, card.to_json())
    write_card_pages(card, out)
    print(out / "card.md")


if __name__ == "__main__":
    main()
