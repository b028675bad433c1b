"""An ablation table as Markdown, CSV and JSON, and as a plot."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tod_bench import markdown
from tod_bench.csv_files import csv_text
from tod_bench.display import Cell, Undefined
from tod_bench.errors import MissingExtraError
from tod_bench.files import write_json, write_text
from tod_bench.numerals import DIGITS, decimal, interval
from tod_bench.reports.charts import Datum, grouped_bars
from tod_bench.reports.numbers import written
from tod_bench.sweeps.ablation import Ablation, Effect


def write_ablation(table: Ablation, folder: Path) -> list[Path]:
    """Writes ``ablation.md``, ``.csv``, ``.json`` and, where vl-convert is installed, ``.svg``; returns the paths."""
    paths = [folder / f"ablation.{suffix}" for suffix in ("md", "csv", "json")]
    write_text(paths[0], to_markdown(table))
    write_text(paths[1], to_csv(table))
    write_json(paths[2], asdict(table))
    try:
        return [*paths, plot(table, folder / "ablation.svg")]
    except MissingExtraError:
        return paths


def to_markdown(table: Ablation) -> str:
    """The trials, then the effects of the factors."""
    trials = [[*row.levels.values(), row.corpus, row.system, *map(written, row.numbers)] for row in table.rows]
    lines = [
        f"## {table.title}",
        "",
        *_markdown_table([*table.factors, "corpus", "system", *table.columns], trials),
        "",
        "### Effect of each factor",
        "",
        "Difference over matched trials and seeds pooled, 95% bootstrap interval over dialogues, p of a paired "
        "randomisation test (10,000 swaps) after Holm's correction over all effects.",
        "",
        *_markdown_table(
            ["factor", "change", "corpus", "system", "score", "difference", "p (Holm)", "pairs"],
            list(map(_effect_texts, table.effects)),
        ),
        "",
        "Signatures:",
        "",
        *(f"- `{signature}`" for signature in table.signatures),
        *(["", "Notes:", "", *(f"- {note}" for note in table.notes)] if table.notes else []),
    ]
    return "\n".join(lines) + "\n"


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    # A rule without sides: a factor's levels are names in one sweep and numbers in the next.
    return [markdown.line(head), "|" + "---|" * len(head), *map(markdown.line, rows)]


def _effect_texts(effect: Effect) -> list[str]:
    """The row of an effect."""
    change = f"{effect.baseline} → {effect.level}"
    tested = (str(difference(effect)), str(corrected_p(effect)), str(effect.pairs))
    return [effect.factor, change, effect.corpus, effect.system, effect.column, *tested]


def difference(effect: Effect) -> Cell:
    """The difference that a level makes, with its interval; why there is none where there is none."""
    if effect.difference is None:
        return Undefined(effect.note)
    text = decimal(effect.difference, signed=True)
    if effect.low is None or effect.high is None:
        return text
    return f"{text} {interval(effect.difference, effect.low, effect.high, digits=DIGITS, signed=True)}"


def corrected_p(effect: Effect) -> Cell:
    """The corrected p-value of an effect."""
    return Undefined() if effect.corrected is None else f"{effect.corrected:.4f}"


def to_csv(table: Ablation) -> str:
    """One line a trial, corpus, system and column."""
    rows = [
        [*row.levels.values(), row.corpus, row.system, label, number.value, number.low, number.high, number.spread]
        for row in table.rows
        for label, number in zip(table.columns, row.numbers, strict=True)
    ]
    return csv_text([*table.factors, "corpus", "system", "column", "value", "low", "high", "spread"], rows)


def plot(table: Ablation, path: Path) -> Path:
    """Draws the trials as bars under a heading for each column, with intervals, or spreads over seeds.

    Raises:
        MissingExtraError: vl-convert is not installed.
    """
    data = []
    for index, column in enumerate(table.columns):
        for row in table.rows:
            number = row.numbers[index]
            low, high = number.low, number.high
            if number.value is not None and number.spread is not None:
                low, high = number.value - number.spread, number.value + number.spread
            label = ", ".join([*row.levels.values(), row.corpus, row.system])
            data.append(Datum(row.system, number.value, low, high, label, column))
    write_text(path, grouped_bars(data, title=table.title).svg())
    return path
