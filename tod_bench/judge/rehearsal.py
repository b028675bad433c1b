"""Ratings by raters that are programs, in the file that a study with people gives: to rehearse a study without people.

Three scripted judges with some noise answer what the form asks. Their ratings say nothing about any system.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tod_bench.files import write_text
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import fixed_nonce
from tod_bench.judge.questions import WINNER
from tod_bench.judge.ratings import Rating
from tod_bench.judge.ratings_csv import FACTORS_QUESTION
from tod_bench.judge.run import run, stored_ratings
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.llm.scripted import ScriptedClient

RATERS = 3
_HABITS = Biases(noise=0.3)


def write_rehearsal(configs: Sequence[JudgeConfig], folder: Path) -> Path:
    """Lets scripted raters rate the items of judge configs, and writes their ratings.

    Args:
        configs: What is asked, each with its items and versions.
        folder: Where the raters' answers and the file are kept.

    Returns:
        The CSV file, one row a rating.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["item", "question", "rater", "value", "arm"])
    for number, config in enumerate(configs):
        for seed in range(1, RATERS + 1):
            client = ScriptedClient(ScriptedJudge(_HABITS, seed=seed))
            place = folder / f"{number}-{seed}"
            run(config.model_copy(update={"orders": "fixed"}), place, client, draw=fixed_nonce)
            for rating in stored_ratings(place)[0]:
                writer.writerows(_lines(replace(rating, rater=f"scripted{seed}")))
    path = folder / "ratings.csv"
    write_text(path, buffer.getvalue())
    return path


def _lines(rating: Rating) -> Iterator[list[str]]:
    yield [rating.item, rating.question, rating.rater, str(rating.value or ""), rating.arm]
    if rating.question == WINNER and rating.factors:
        yield [rating.item, FACTORS_QUESTION, rating.rater, ";".join(rating.factors), rating.arm]
