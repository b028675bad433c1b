"""docs/add_a_metric.md, followed literally: its file is a package of its own, its line the package's entry point."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import tod_metrics
from guides import blocks
from tod_bench.cli.main import command
from tod_bench.corpora.base import open_corpus
from tod_bench.predictions import write_predictions
from tod_bench.splits import read_split
from tod_bench.tasks import gold_prediction
from tod_metrics.items import ResponseItem

PAGE = "add_a_metric.md"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The page's package, installed as a wheel would be: a module and its entry points."""
    (tmp_path / "overlong.py").write_text(blocks(PAGE, "python")[0], encoding="utf-8")
    ((group, points),) = tomllib.loads(blocks(PAGE, "toml")[0])["project"]["entry-points"].items()
    info = tmp_path / "overlong-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: overlong\nVersion: 1.0\n", encoding="utf-8")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{lines}", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    tod_metrics.registry.registered.cache_clear()
    yield tmp_path
    tod_metrics.registry.registered.cache_clear()
    sys.modules.pop("overlong", None)


def test_the_page_works_as_written(installed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (split,) = re.findall(r"--split (\S+)", "".join(blocks(PAGE, "console")))
    dialogues = list(read_split(open_corpus("simulated"), split))
    turns = [(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    write_predictions(Path("predictions.jsonl"), [gold_prediction(*one) for one in turns])
    outputs = []
    for line in "".join(blocks(PAGE, "console")).splitlines():
        result = CliRunner().invoke(command, [*line.split()[1:]], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        outputs.append(result.output)
    listed, scored = outputs
    assert "overlong" in listed
    assert "Overlong responses: share of responses" in listed
    expected = 100 * np.mean([len(turn.system.split()) > 20 for _, turn in turns])
    assert f"{expected:.2f} [" in scored
    assert "limit:20|words:blank-separated" in scored


def test_the_metric_of_the_page_follows_its_own_rules(installed):
    scored = tod_metrics.metric("overlong", limit=2)
    items = [ResponseItem("d", number, "", text) for number, text in enumerate(("", "one two", "one two three"))]
    assert scored.statistics(items).tolist() == [[0, 1], [0, 1], [1, 1]]
    assert scored.aggregate(scored.statistics(items).sum(axis=0)) == pytest.approx(100 / 3)
    assert np.isnan(scored.aggregate(scored.statistics([]).sum(axis=0)))


def test_the_line_for_this_repository_has_the_form_of_the_registry():
    name, _, path = blocks(PAGE, "python")[1].strip().strip(",").partition(": ")
    assert name.strip('"') == "overlong"
    assert all(
        re.fullmatch(r"tod_metrics\.[\w.]+:\w+", known) for known in (path.strip('"'), *tod_metrics.METRICS.values())
    )
