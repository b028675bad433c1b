"""docs/metrics/personalisation.md: its command runs, and its numbers are those that the benchmark wrote."""

import re
import shlex

import pytest
from click.testing import CliRunner

pytest.importorskip("sklearn", reason="scikit-learn is in the extra: pip install 'tod-bench[style]'")

from guides import DOCS, blocks
from tod_bench.cli.main import command
from tod_bench.predictions import write_predictions
from tod_bench.records import Prediction
from tod_bench.simulated import Simulated
from tod_bench.simulated import corpus as simulated_corpus

PAGE = "metrics/personalisation.md"
RESULTS = DOCS.parent / "results" / "style_metrics" / "README.md"


def rows(text: str) -> dict[str, list[str]]:
    """First cell of each row of Markdown tables -> its other cells; of several rows, the first."""
    found: dict[str, list[str]] = {}
    for line in re.findall(r"^\| (.*) \|$", text, flags=re.MULTILINE):
        name, *cells = line.split(" | ")
        found.setdefault(name, cells)
    return found


def test_the_command_of_the_page_scores_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(simulated_corpus, "SIZES", {"train": 80, "dev": 1, "test": 10})
    corpus = Simulated(style="personalised")
    answers = [
        Prediction(one.id, turn.index, response=turn.system) for one in corpus.dialogues("test") for turn in one.turns
    ]
    write_predictions(tmp_path / "answers.jsonl", answers)
    (line,) = blocks(PAGE, "console")
    done = CliRunner().invoke(command, shlex.split(line)[1:], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    for shown in ("style_accuracy(attribute=age)", "persona_attribution", "copy_rate", "slots_said", "age:adult"):
        assert shown in done.output
    assert "ceiling" in done.output


def test_the_numbers_of_controls_are_those_of_the_benchmark():
    page, results = rows((DOCS / PAGE).read_text(encoding="utf-8")), rows(RESULTS.read_text(encoding="utf-8"))
    compared = 0
    for name, cells in page.items():
        control = name.partition(" (")[0]
        if control in results and control != "control":
            written = [float(cell.split()[0]) for cell in results[control][:6]]
            assert [float(cell) for cell in cells] == pytest.approx(written, abs=0.051), name
            compared += 1
    assert compared == 5


def test_the_correlations_are_those_of_the_benchmark():
    text = (DOCS / PAGE).read_text(encoding="utf-8").partition("## They correlate little")[2]
    names = ["style_strength", "style_direction", "style_accuracy", "persona_attribution", "copy_rate", "slots_said"]
    within = re.findall(
        r"^\| (\w+) \| (\w+) \| \S+ \| (\S+) \(\d\) \|$", RESULTS.read_text(encoding="utf-8"), re.MULTILINE
    )
    wanted = {(one, other): float(value) for one, other, value in within}
    shown = {}
    for line, one in zip(re.findall(r"^\| [a-z ]+ \|.*\|$", text, re.MULTILINE), names, strict=False):
        cells = [cell.strip() for cell in line.strip("|").split("|")][1:]
        for other, cell in zip(names[1:], cells, strict=True):
            if cell:
                shown[one, other] = float(cell.replace("−", "-"))
    assert shown == wanted
