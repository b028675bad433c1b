"""The tracer of a number's walk."""

import pytest
from click.testing import CliRunner

from benchmarks.hops import ENTRIES, main, trace, traced
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


def test_hops_tells_the_number_from_what_is_around_it(tmp_path):
    tracer = trace(ENTRIES["jga"](tmp_path))
    assert {"JGA.statistics", "JGA.aggregate"} <= tracer.number["tod_metrics/state/jga.py"]
    assert "score" in tracer.number["tod_bench/scoring/score.py"]
    assert "bootstrap_intervals" in {name for names in tracer.number.values() for name in names}
    assert "check_gold" in tracer.around["tod_bench/scoring/gold.py"]
    assert "pair" in tracer.around["tod_bench/scoring/pairing.py"]
    for file, names in tracer.functions.items():
        sections = (tracer.number.get(file, set()), tracer.around.get(file, set()))
        assert sections[0] | sections[1] == names
        assert not sections[0] & sections[1]


@pytest.mark.parametrize(
    ("entry", "functions"),
    [
        ("success", ("tod_metrics/dialogue/inform_success.py: ", "Success.aggregate")),
        ("win_rate", ("tod_metrics/judge/win_rate.py: ", "WinRate.aggregate", "parse_verdict", "_pair_rating")),
    ],
)
def test_hops_lists_an_entry(entry, functions):
    result = CliRunner().invoke(main, [entry], catch_exceptions=False)
    number, _, rest = result.output.partition("Around it: ")
    around, _, total = rest.partition("In all: ")
    assert number.startswith("The number: ")
    assert "_bias_corrected" in number  # a number that varies from dialogue to dialogue
    assert all(name in number for name in functions)
    assert not any(name in around for name in functions[1:])
    count = int(total.split()[0])
    files = {line.split(":")[0] for line in result.output.splitlines() if line.startswith("  ")}
    assert len(files) == count > 15
