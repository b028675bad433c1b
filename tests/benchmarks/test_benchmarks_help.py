"""Every benchmark's `--help` shows its examples as they are typed."""

from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

FOLDER = Path(__file__).parents[2] / "benchmarks"
COMMANDS = sorted(path.stem for path in FOLDER.glob("*.py") if "@click.command(" in path.read_text(encoding="utf-8"))
COMMANDS.remove("command")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_examples_as_they_are_typed(name):
    module = import_module(f"benchmarks.{name}")
    examples = [line.strip() for line in module.__doc__.splitlines() if "python -m benchmarks" in line]
    examples += [line.strip() for line in module.__doc__.splitlines() if "python benchmarks/" in line]
    shown = CliRunner().invoke(module.main, ["--help"], catch_exceptions=False).output
    assert examples
    assert [line for line in examples if line not in shown] == []
