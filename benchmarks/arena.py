"""How long an arena takes: strengths, intervals and ranks of ten systems with planted strengths, from 100,000 votes.

    python -m benchmarks.arena                     # writes results/bench/arena.json and arena.md
    python -m benchmarks.arena --smoke --out /tmp/b

Two shapes: five votes on each of 20,000 dialogues, and one on each of 100,000. Both give processor seconds, since that
is what the work costs on a busy machine, beside wall time; the aim is 10 seconds.
"""

import os
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.command import help_text
from tod_bench.files import write_json, write_text
from tod_bench.markdown import table
from tod_bench.statistics.strengths import Votes, bootstrap_strengths, fit_strengths, rank_ranges

SYSTEMS = 10


def planted(votes: int, dialogues: int, seed: int = 0) -> tuple[np.ndarray[Any, Any], Votes]:
    """Strengths, and votes drawn from them, three in ten of equal systems ties."""
    generator = np.random.default_rng(seed)
    strengths = np.sort(generator.normal(0, 0.7, SYSTEMS))[::-1]
    strengths = strengths - strengths.mean()
    first = generator.integers(0, SYSTEMS, votes)
    second = (first + generator.integers(1, SYSTEMS, votes)) % SYSTEMS
    lead = strengths[first] - strengths[second]
    weights = np.stack([np.exp(lead / 2), np.exp(-lead / 2), np.full(votes, 6 / 7)])
    drawn = generator.random(votes) * weights.sum(axis=0)
    outcome = np.where(drawn < weights[0], 0, np.where(drawn < weights[0] + weights[1], 1, 2))
    clusters = np.arange(votes) * dialogues // votes
    return strengths, Votes(SYSTEMS, clusters, first, second, outcome, np.zeros((votes, 0)))


def measured(votes: int, dialogues: int, draws: int) -> dict[str, Any]:
    """One arena: what it took, and how far the strengths are from those planted."""
    strengths, given = planted(votes, dialogues)
    processor, wall = time.process_time(), time.perf_counter()
    fitted = fit_strengths(given)
    drawn = bootstrap_strengths(given, fitted, draws, 0)
    ranks = rank_ranges(fitted.strengths[0], drawn.strengths)
    low, high = np.quantile(drawn.strengths, [0.025, 0.975], axis=0)
    return {
        "votes": votes,
        "dialogues": dialogues,
        "draws": draws,
        "processor_seconds": round(time.process_time() - processor, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "largest_error": round(float(np.abs(fitted.strengths[0] - strengths).max()), 4),
        "in_interval": int(((low < strengths) & (strengths < high)).sum()),
        "ranks_hold": all(best <= place <= worst for place, (best, worst) in enumerate(ranks, 1)),
    }


@click.command(help=help_text(__doc__))
@click.option("--smoke", is_flag=True, help="Tiny inputs: shows that everything runs, and measures nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/bench"), help="Folder to write into.")
def main(smoke: bool, out: Path) -> None:
    """Measures both shapes."""
    shapes = [(400, 100), (400, 400)] if smoke else [(100_000, 20_000), (100_000, 100_000)]
    rows = [measured(votes, dialogues, 100 if smoke else 1000) for votes, dialogues in shapes]
    load, cores = round(os.getloadavg()[0], 1), os.cpu_count()
    about = {"command": "python -m benchmarks.arena", "load_average": load, "cores": cores}
    write_json(out / "arena.json", {**about, "rows": rows})
    head = ["votes", "dialogues", "draws", "processor s", "wall s", "largest error", "in interval", "ranks hold"]
    text = table(head, [[str(value) for value in row.values()] for row in rows], left=0)
    busy = f"{cores} cores at a load average of {load}: above {cores}, wall time is that of waiting for other work."
    write_text(out / "arena.md", f"# Arena of {SYSTEMS} systems\n\n`python -m benchmarks.arena`\n\n{text}\n\n{busy}\n")
    print(text)


if __name__ == "__main__":
    main()
