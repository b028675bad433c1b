"""A small finished run of floors on the simulated corpus, and a corpus of dialogues that try to break a page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tod_bench.corpora.base import Corpus
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.experiments.runner import run
from tod_bench.predictions import to_json
from tod_bench.records import Act, Dialogue, Persona, Prediction, SlotSpec, Turn
from tod_bench.reports.runs import Run, read_runs, save_run
from tod_bench.scores import Score
from tod_metrics.base import Signature

FLOORS = {
    "name": "floors",
    "title": "Floors",
    "corpora": {
        "plain": {"corpus": "simulated", "options": {"dialogues": {"train": 20, "dev": 5, "test": 12}}},
    },
    "systems": {"rule_match": {"system": "rule_match"}, "oracle": {"system": "oracle"}},
    "tasks": {
        "dst": {"metrics": ["jga", "jga@trade", "domain_jga_all"]},
        "policy": {"metrics": ["act_f1"]},
        "response": {"metrics": ["bleu"]},
    },
    "table": {
        "columns": [
            {"label": "JGA", "task": "dst", "metric": "jga"},
            {"label": "Entity F1", "task": "policy", "metric": "act_f1"},
        ]
    },
    "bootstrap": {"draws": 50},
}


@pytest.fixture(scope="session")
def floors_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("floors") / "runs"
    config = EvalConfig.model_validate(FLOORS)
    save_run(store, config, run(build(config), Store(store)))
    return store


@pytest.fixture
def floors(floors_store: Path) -> Run:
    return read_runs(["floors"], floors_store)[0]


NASTY = (
    "</script><script>window.hacked = 1</script>",
    "<!-- <img src=x onerror=window.hacked=1> -->",
    "\u2028\u2029 {{ 7*7 }} ${window.hacked=1} \"'`&amp;",
    "=cmd|' /C calc'!A0",
    "\ud800 half a pair",
)


class NastyCorpus(Corpus):
    """Dialogues whose every text tries to be code."""

    name, fingerprint, splits, skipped, database = "nasty", "f" * 64, ("test",), (), None
    schema: ClassVar = {"hotel": {"area": SlotSpec(), NASTY[0]: SlotSpec()}}

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        for number, text in enumerate(NASTY):
            state = {"hotel": {"area": (text,), NASTY[0]: (text,)}}
            turns = (
                Turn(0, text, text, state={}, acts=(Act("hotel", text, "area", text),)),
                Turn(1, f"{text} again", text, state=state, acts=()),
            )
            persona = Persona(formality=text) if number else Persona(formality="casual")
            # No corpus has an id with half of a surrogate pair, and prediction files are refused with one.
            yield Dialogue(
                f"{text}{number}".replace("\ud800", "half"), self.name, split, ("hotel", text), turns, persona=persona
            )


@pytest.fixture
def nasty(tmp_path: Path) -> tuple[Run, dict[str, NastyCorpus]]:
    """A run of a system and a corpus with names as bad as their texts, and the corpus opened."""
    system, corpus = NASTY[0], f"{NASTY[1]}{NASTY[2]}"
    config = EvalConfig.model_validate(
        {
            "name": "nasty",
            "title": NASTY[0],
            "corpora": {corpus: {"corpus": "nasty"}},
            "systems": {system: {"system": "oracle"}, "quiet": {"system": "oracle"}},
            "tasks": {"dst": {"metrics": ["jga"]}, "response": {"metrics": ["bleu"]}},
            "bootstrap": {"draws": 20},
        }
    )
    opened = NastyCorpus()
    predictions = [
        Prediction(
            dialogue.id,
            turn.index,
            {"hotel": {"area": f"{turn.user} x"}, NASTY[4]: {NASTY[0]: "x"}} if turn.index else {},
            (Act("hotel", turn.user),),
            f"{turn.user} {NASTY[0]}",
        )
        for dialogue in opened.dialogues("test")
        for turn in dialogue.turns
    ]
    write_predictions_ascii(tmp_path / "predictions" / "p.jsonl", predictions)
    results = [
        Result(
            "nasty",
            Experiment(corpus, name, task, 1),
            f"{name}{task}",
            (Score("jga", "tod_bench", 50.0, Signature.parse(f"jga|{NASTY[0]}|\"'"), 9, low=40.0, high=60.0),),
            "predictions/p.jsonl",
            {"corpus": {"name": NASTY[1], "fingerprint": "f" * 64}, NASTY[0]: NASTY[1]},
        )
        for name in config.systems
        for task in ("dst", "response")
    ]
    return Run(config, tuple(results), {result.key: tmp_path for result in results}), {corpus: opened}


def write_predictions_ascii(path: Path, predictions: list[Prediction]) -> None:
    """A prediction file as other tools write it: ASCII alone, so that half a surrogate pair can stand in it."""
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(to_json(one)) + "\n" for one in predictions), encoding="ascii")
