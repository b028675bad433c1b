"""Simulated annotators: ratings by programs in the file that a study with people gives, to try a study without people.

Three scripted judges with some noise answer what the form asks. Their ratings say nothing about any system.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tod_bench.files import write_text
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import fixed_nonce
from tod_bench.judge.questions import WINNER
from tod_bench.judge.ratings_csv import FACTORS_QUESTION
from tod_bench.judge.run import run, stored_ratings
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.llm.scripted import ScriptedClient

RATERS = 3
_BIASES = Biases(noise=0.3)


def write_simulated_ratings(configs: Sequence[JudgeConfig], folder: Path) -> Path:
    """Lets scripted raters rate the items of judge configs, and writes their ratings.

    Args:
        configs: What is asked, each with its items and versions.
        folder: Where the raters' answers and the file are kept.

    Returns:
        The CSV file, one row a rating.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["item", "question", "rater", "value", "candidate"])
    for number, config in enumerate(configs):
        for seed in range(1, RATERS + 1):
            client = ScriptedClient(ScriptedJudge(_BIASES, seed=seed))
            of_rater = folder / f"{number}-{seed}"
            run(config.model_copy(update={"orders": "fixed"}), of_rater, client, draw=fixed_nonce)
            for rating in stored_ratings(of_rater)[0]:
                rater = f"scripted{seed}"
                writer.writerow([rating.item, rating.question, rater, str(rating.value or ""), rating.candidate])
                if rating.question == WINNER and rating.factors:
                    factors = ";".join(rating.factors)
                    writer.writerow([rating.item, FACTORS_QUESTION, rater, factors, rating.candidate])
    path = folder / "ratings.csv"
    write_text(path, buffer.getvalue())
    return path
