"""The tracer of a number's walk."""

from benchmarks.hops import traced
from tod_bench.corpora.base import open_corpus
from tod_bench.predictions import write_predictions
from tod_bench.tasks import gold_prediction


def test_hops_counts_what_a_number_runs_through(tmp_path):
    dialogues = list(open_corpus("simulated", dialogues={"test": 4}).dialogues("test"))
    write_predictions(
        tmp_path / "made.jsonl", [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    )
    arguments = ["score", str(tmp_path / "made.jsonl"), "--corpus", "simulated", "-o", "dialogues={test: 4}"]
    functions = traced([*arguments, "--metric", "jga@tod_bench", "--draws", "10"])
    assert {"JGA.statistics", "JGA.aggregate"} <= functions["tod_metrics/state/jga.py"]
    assert "pair" in functions["tod_bench/scoring/pairing.py"]
    assert not any(file.startswith(("tod_bench/cli", "tod_bench/reports")) for file in functions)
    assert len(functions) <= 20
