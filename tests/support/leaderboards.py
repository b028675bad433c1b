"""Tracks, cards and submissions of a small leaderboard on the simulated corpus."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tod_bench.leaderboard import Tracks, prepare_submission
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.predictions import to_json
from tod_bench.records import Prediction
from tod_bench.tasks import gold_prediction

TRACKS = {
    "tracks": {
        "toy": {
            "title": "Toy corpus",
            "corpus": "simulated",
            "options": {"dialogues": {"test": 12}},
            "metrics": {"dst": ["jga", "jga@trade", "slot_f1"], "policy": ["act_f1"]},
            "bootstrap": {"draws": 60},
            "dialogues": 3,
            # What is submitted to it is gold with errors, which other tracks suspect.
            "suspicion": {"dst": {"same": 95}, "policy": {}},
        },
    }
}

EVIL_VALUE = "</script><script>window.hacked=1</script>"

CARD: dict[str, Any] = {
    "system": "sampler",
    "team": "A team",
    "link": "https://example.org/sampler?x=1",
    "date": "2026-03-01",
    "track": "toy",
    "tasks": ["dst"],
    "training_data": "none",
    "parameters": 0,
    "code": "1.0",
}


def answers(track: OpenTrack, wrong_every: int, value: str = EVIL_VALUE) -> list[dict[str, Any]]:
    """Gold states, with one slot too many in every n-th turn (never, for 0); gold acts."""
    every = [(dialogue, turn) for dialogue in track.dialogues for turn in dialogue.turns]
    found = []
    for number, (dialogue, turn) in enumerate(every):
        gold = gold_prediction(dialogue, turn)
        state = (
            {**(gold.state or {}), "hotel": {"name": value}}
            if wrong_every and number % wrong_every == 0
            else gold.state
        )
        found.append(to_json(replace(Prediction(dialogue.id, turn.index), state=state, acts=gold.acts)))
    return found


def write_lines(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def write_card(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump({**CARD, **changes}, allow_unicode=True), encoding="utf-8")
    return path


def submit(folder: Path, tracks: Tracks, wrong_every: int, value: str = EVIL_VALUE, **card: Any) -> Path:
    """A prepared submission in `folder`; `value` is what is said wrongly."""
    folder.mkdir(parents=True, exist_ok=True)
    predictions = write_lines(folder / "predictions.jsonl", answers(tracks.open("toy"), wrong_every, value))
    made = prepare_submission(write_card(folder / "card.yaml", **card), [predictions], folder, tracks)
    predictions.unlink()
    (folder / "card.yaml").unlink()
    return made
