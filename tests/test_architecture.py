"""The layering of docs/architecture.md, and start-up that imports nothing heavy."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tod_bench.cli.main import VERBS, command

ROOT = Path(__file__).parents[1]
HEAVY = {
    "torch",
    "transformers",
    "datasets",
    "spacy",
    "openai",
    "ray",
    "nltk",
    "convokit",
    "scipy",
    "matplotlib",
    "altair",
    "vl_convert",
    "pandas",
    "evaluate",
}


def test_imports_only_point_down():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_help_is_quick_and_imports_nothing_heavy():
    code = "\n".join(
        [
            "import sys",
            "from tod_bench.cli.main import main",
            "try: main(['--help'])",
            "except SystemExit: pass",
            "print(*sys.modules)",
        ]
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert not loaded & HEAVY
    # Ten times what it takes on an idle core, so that a busy machine does not fail it.
    assert seconds < 3


def helps(*verbs: str):
    """The help of a verb and of what is below it."""
    result = CliRunner().invoke(command, [*verbs, "--help"])
    assert result.exit_code == 0, (verbs, result.output)
    yield " ".join(verbs), result.output
    for line in result.output.partition("Commands:\n")[2].splitlines():
        if line.startswith("  ") and line[2] != " ":
            yield from helps(*verbs, line.split()[0])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb):
    for name, text in helps(verb):
        assert "Commands:" in text or "tod-bench " in text.partition("Example")[2], name
        assert "\\b" not in text, name
