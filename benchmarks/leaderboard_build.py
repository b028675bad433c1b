"""How long a leaderboard takes to build, at first and again: submissions of a few simulated trackers, each with noise.

    python benchmarks/leaderboard_build.py --submissions 100 --folder /tmp/board

A tracker hears or misses each slot of a dialogue once and carries that on, as trackers do; a submission of it decides
one slot in twenty anew. Acts are right or left out. Everything is prepared as a stranger would prepare it.
"""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.command import help_text
from tod_bench.leaderboard import Tracks, load_tracks, prepare_submission, read_board, write_site
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.predictions import to_json
from tod_bench.records import Dialogue, Prediction, Turn
from tod_bench.tasks import gold_prediction

SYSTEMS = 12
TRACK = "simulated-plain"


def chance(*what: Any) -> float:
    """A number from 0 to 1 that is the same for the same things."""
    return int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:6], "big") / 2**48


def heard(system: int, noise: int, *what: Any) -> bool:
    """Whether a submission of a system has something right."""
    anew = chance("anew", system, noise, *what) < 0.05
    return chance(system, noise if anew else "", *what) < 0.6 + 0.3 * system / SYSTEMS


def answer(system: int, noise: int, dialogue: Dialogue, turn: Turn) -> Prediction:
    """What a submission of a system says in a turn."""
    gold = gold_prediction(dialogue, turn)
    state = {
        domain: {slot: value for slot, value in slots.items() if heard(system, noise, dialogue.id, domain, slot, value)}
        for domain, slots in (gold.state or {}).items()
    }
    acts = tuple(one for one in gold.acts or () if heard(system, noise, dialogue.id, turn.index, one))
    return Prediction(dialogue.id, turn.index, state=state, acts=acts)


def make(folder: Path, tracks: Tracks, count: int, track: str = TRACK) -> list[Path]:
    """Prepares submissions in a folder."""
    found, opened = [], tracks.open(track)
    work = folder.with_name(f"{folder.name}-work")
    work.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        card = {
            "system": f"tracker {number % SYSTEMS}, run {number // SYSTEMS}",
            "team": f"team {number % SYSTEMS}",
            "date": f"2026-{1 + number % 9:02}-{1 + number % 28:02}",
            **{"track": track, "tasks": ["dst", "policy"], "training_data": "none", "parameters": 0, "code": "1"},
        }
        (work / "card.json").write_text(json.dumps(card), encoding="utf-8")
        write(work / "predictions.jsonl", opened, number % SYSTEMS, number // SYSTEMS)
        found.append(prepare_submission(work / "card.json", [work / "predictions.jsonl"], folder, tracks))
    shutil.rmtree(work)
    return found


def write(path: Path, track: OpenTrack, system: int, noise: int) -> None:
    """Writes the predictions of a submission."""
    every = (answer(system, noise, dialogue, turn) for dialogue in track.dialogues for turn in dialogue.turns)
    path.write_text("".join(json.dumps(to_json(one)) + "\n" for one in every), encoding="utf-8")


def build(folder: Path, tracks: Tracks, site: Path, cache: Path, workers: int) -> tuple[float, float, Any]:
    """Builds the site; the seconds that it took, those of the processors, and the board."""
    began, spent = time.perf_counter(), processor_seconds()
    board = read_board(folder, tracks, cache=cache, workers=workers)
    write_site(board, site)
    return time.perf_counter() - began, processor_seconds() - spent, board


def processor_seconds() -> float:
    """What this process and those that it has waited for have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@click.command(help=help_text(__doc__))
@click.option("--submissions", default=100, show_default=True)
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, help="What is there already is taken as it is."
)
@click.option("--workers", default=os.cpu_count() or 1)
def main(submissions: int, folder: Path, workers: int) -> None:
    """Prints the seconds of a first build and of a second one."""
    tracks = load_tracks()
    if not (folder / "in").exists():
        make(folder / "in", tracks, submissions)
    shutil.rmtree(folder / "cache", ignore_errors=True)
    for which in ("first", "again"):
        # Tracks are opened anew, as in a process of its own.
        seconds, spent, board = build(folder / "in", load_tracks(), folder / "site", folder / "cache", workers)
        shown = sum(map(len, board.systems.values()))
        ranges = {place.rank for place in board.rankings[0].columns[0].places.values()}
        print(f"{which}: {seconds:.1f} s ({spent:.1f} s of processors)", end=", ")
        print(f"{shown} submissions, {len(board.refused)} refused, {len(ranges)} ranges of ranks")


if __name__ == "__main__":
    main()
