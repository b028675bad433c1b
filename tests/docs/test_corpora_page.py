"""docs/corpora.md: its commands run, and its table has every corpus and what its readers say."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from guides import blocks, follow
from tod_bench.corpora.extent import release_sizes
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.inputs import parse_yaml

ROOT = Path(__file__).parents[2]


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path))
    _, stats, check, shown = follow("corpora.md")
    assert "simulated" in stats
    assert check.startswith("simulated1\ntest:")
    assert "problem" not in check
    assert shown.startswith("sim-test-00003 (simulated1, test: ")
    picture = next(line for line in shown.splitlines() if line.startswith("picture: "))
    assert Path(picture.removeprefix("picture: ")).is_file()


def test_every_corpus_has_a_row() -> None:
    text = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert named | {"huggingface"} == set(points["tod_bench.corpora"])


def test_the_numbers_are_those_of_the_data() -> None:
    text = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert f"of {release_sizes()['sgd'].splits['train']:,} dialogues" in text


def test_the_config_has_options_of_the_reader() -> None:
    (block,) = blocks("corpora.md", "yaml")
    options = parse_yaml(block, "corpora.md")["corpora"]["multiwoz"]["options"]
    assert set(options) <= set(inspect.signature(MultiWOZ).parameters)
