"""Guides that tests follow: the code that stands in a page of docs/, and what its commands print."""

import re
from pathlib import Path

from click.testing import CliRunner

from tod_bench.cli.main import command

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a language in a page, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def follow(page: str) -> list[str]:
    """Runs the tod-bench commands of a page's console blocks where the test stands, and gives the output of each."""
    outputs = []
    for line in "".join(blocks(page, "console")).splitlines():
        result = CliRunner().invoke(command, line.split()[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        outputs.append(result.output)
    return outputs
