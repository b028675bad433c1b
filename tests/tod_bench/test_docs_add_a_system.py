"""docs/add_a_system.md, followed to the letter."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from guides import blocks
from tod_bench.cli.main import command as tod_bench
from tod_bench.errors import UserError
from tod_bench.predictions import write_predictions
from tod_bench.simulated.corpus import Simulated
from tod_bench.tasks import gold_prediction

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What a reader has after doing all that the guide says; the install is a dist-info folder on the path."""
    (code,) = blocks("add_a_system.md", "python")
    (tmp_path / "my_tracker.py").write_text(code, encoding="utf-8")
    (points,) = blocks("add_a_system.md", "toml")
    entries = tomllib.loads(points)["project"]["entry-points"]["tod_bench.systems"]
    info = tmp_path / "my_tracker-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-tracker\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{name} = {target}" for name, target in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[tod_bench.systems]", *lines]) + "\n", encoding="utf-8")
    for config in blocks("add_a_system.md", "yaml"):
        name = re.search(r"^name: (\w+)", config)
        assert name is not None
        (tmp_path / f"{name[1]}.yaml").write_text(config, encoding="utf-8")
    (predictions,) = blocks("add_a_system.md", "jsonl")
    (tmp_path / "mine.jsonl").write_text(predictions, encoding="utf-8")
    return tmp_path


@pytest.fixture
def installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same, installed in this process."""
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(project)
    monkeypatch.setenv("COLUMNS", "200")
    yield project
    sys.modules.pop("my_tracker", None)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process of its own."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    command = [sys.executable, "-m", "tod_bench.cli.main", *command]
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_example_is_short() -> None:
    (code,) = blocks("add_a_system.md", "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 30


def test_the_system_is_found_by_a_process_that_has_it_on_its_path(project: Path) -> None:
    assert "keyword" in run(["list", "systems"], project).stdout


def test_every_command_of_the_guide_works(installed: Path) -> None:
    commands = [shlex.split(line)[1:] for block in blocks("add_a_system.md", "bash") for line in block.splitlines()]
    assert [command[:2] for command in commands] == [
        ["run", "tracker.yaml"],
        ["score", "mine.jsonl"],
        ["run", "file.yaml"],
    ]
    # The second config wants a file that answers every turn, which is the reader's to make.
    dialogues = list(islice(Simulated().dialogues("test"), 5))
    answers = [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    write_predictions(installed / "plain-dst.jsonl", answers)
    for command, row in zip(commands, ("keyword", "jga", "mine"), strict=True):
        done = CliRunner().invoke(tod_bench, command, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        assert row in done.stdout
    assert re.search(r"mine.*100\.0", done.stdout), done.stdout


def test_a_wrong_parameter_is_refused(installed: Path) -> None:
    config = installed / "tracker.yaml"
    config.write_text(config.read_text().replace("params: {words:", "params: {wrods:"), encoding="utf-8")
    with pytest.raises(UserError, match="did you mean 'words'"):
        CliRunner().invoke(tod_bench, ["validate", "tracker.yaml"], catch_exceptions=False)
