"""What verbs write: lines on the terminal, results as JSON, CSV and Markdown."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tod_bench.errors import printable

if TYPE_CHECKING:
    from tod_bench.display import Tabular
    from tod_bench.llm.estimates import Estimate


def say(line: str) -> None:
    """Writes a line to standard error; text from files in it cannot steer the terminal."""
    click.echo(printable(line), err=True)


def print_tables(result: "Tabular") -> None:
    """Prints a result's tables, each with its notes below it."""
    from rich.console import Console

    from tod_bench.console import grid

    for table in result.grids():
        Console().print(grid(table.columns, [[str(cell) for cell in row] for row in table.rows]))
        for note in table.notes:
            click.echo(f"note: {note}")


def formatted(result: "Tabular", output_format: str, values: Any) -> str:
    """A result as text.

    Args:
        result: The result.
        output_format: ``json``, ``csv`` or ``markdown``.
        values: What is written as JSON.
    """
    if output_format == "csv":
        return result.to_csv()
    if output_format == "markdown":
        return result.to_markdown()
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def print_page(page: str, values: Any, output_format: str) -> None:
    """Prints a page of Markdown, or its numbers where ``json`` is asked for."""
    click.echo(json.dumps(values, indent=1) + "\n" if output_format == "json" else page, nl=False)


def write_result(path: Path, result: "Tabular", values: Any) -> None:
    """Writes a result to a file: CSV or Markdown where the name ends so, else JSON."""
    from tod_bench.files import write_text

    output_format = {".csv": "csv", ".md": "markdown"}.get(path.suffix, "json")
    write_text(path, formatted(result, output_format, values))


def in_words(estimate: "Estimate") -> str:
    """What asking a model takes, in a sentence."""
    price = "price not known (give --prices)" if estimate.usd is None else f"at most {estimate.usd:.2f} USD"
    prompt = "about" if estimate.known else "with the longest answers before them at most"
    return (
        f"{estimate.requests} requests ({estimate.cached} more are in the cache), {prompt} {estimate.prompt_tokens} "
        f"prompt tokens{f' ({estimate.counter})' if estimate.counter else ''}, at most {estimate.completion_tokens} "
        f"answer tokens; {price}, prices of {estimate.as_of}"
    )
