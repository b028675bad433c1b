"""Tables: the same numbers in every form, published values and differences beside them."""

import csv
import io
from dataclasses import replace

import pytest
from rich.console import Console

from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.results import Experiment, Result
from tod_bench.reports.numbers import Number, against_published, written
from tod_bench.reports.published import published_values
from tod_bench.reports.table import make_table
from tod_bench.reports.writers import print_table, to_csv, to_markdown, write_table
from tod_bench.scores import Score, Slice
from tod_metrics.base import Signature

CONFIG = EvalConfig.model_validate(
    {
        "name": "t",
        "corpora": {"plain": {"corpus": "simulated"}, "styled": {"corpus": "simulated"}},
        "systems": {"sys|tem": {"system": "oracle"}},
        "tasks": {"dst": {"metrics": ["jga", "domain_jga_all"]}},
        "table": {
            "columns": [
                {"label": "JGA", "task": "dst", "metric": "jga"},
                {"label": "taxi", "task": "dst", "metric": "domain_jga_all", "domain": "taxi"},
            ],
            "difference": {"corpus": "styled", "minus": "plain"},
        },
    }
)
PUBLISHED = {"source": "Somewhere, Table 1", "rows": [{"system": "sys|tem", "corpus": "plain", "values": {"JGA": 45}}]}


def result(corpus: str, value: float, seed: int = 1, option: str = "norm:detok") -> Result:
    signature = f"jga|corpus:{corpus}|split:test|n:9|{option}|v:1"
    scores = (
        Score("jga", "tod_bench", value, Signature.parse(signature), 9, low=value - 2, high=value + 2),
        Score("domain_jga_all", "tod_bench", 90.0, Signature.parse(f"domain_{signature}"), 9, Slice("domain", "taxi")),
    )
    return Result("t", Experiment(corpus, "sys|tem", "dst", seed), "key", scores, "p.jsonl")


def test_rows_differences_and_published_values():
    table = make_table(CONFIG, [result("plain", 44.0), result("styled", 50.0)], PUBLISHED)
    plain, styled, difference = table.rows
    assert plain.numbers[0] == Number(44.0, 42.0, 46.0, published=45.0)
    assert plain.numbers[0].inside is True
    assert styled.numbers[0].published is None
    assert difference.difference
    assert [number.value for number in difference.numbers] == [6.0, 0.0]
    assert table.signatures["JGA"] == ("jga|norm:detok|v:1",)
    assert table.warnings == ()


def test_seeds_become_mean_and_spread():
    number = make_table(CONFIG, [result("plain", 40.0, 1), result("plain", 50.0, 2)]).rows[0].numbers[0]
    assert number.value == 45.0
    assert number.spread == pytest.approx(7.0711, abs=1e-4)
    assert number.low is None


def test_unlike_signatures_in_one_column_are_warned_of():
    table = make_table(CONFIG, [result("plain", 40.0), result("styled", 50.0, option="norm:strict")])
    assert any("column JGA" in warning and "2 different signatures" in warning for warning in table.warnings)
    assert "**Warning**" in to_markdown(table)


def test_every_form_shows_the_same_numbers(tmp_path):
    table = make_table(CONFIG, [result("plain", 44.0), result("styled", 50.0)], PUBLISHED)
    console = Console(width=200, record=True, file=io.StringIO())
    print_table(table, console)
    terminal, markdown = console.export_text(), to_markdown(table)
    for form in (terminal, markdown):
        for expected in (
            "44.00",
            "[42.0, 46.0]",
            "+6.00",
            "45.00",
            "inside our interval",
            "jga|norm:detok|v:1",
            "Somewhere",
        ):
            assert expected in form
    assert "sys\\|tem" in markdown
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [float(row["value"]) for row in rows] == [44.0, 90.0, 50.0, 90.0, 6.0, 0.0]
    assert sorted(path.name for path in write_table(table, tmp_path)) == [
        *("table.csv", "table.json", "table.md", "table.tex")
    ]


def test_csv_cells_cannot_be_formulas():
    table = make_table(CONFIG, [result("plain", 44.0)])
    harmful = replace(table, rows=(replace(table.rows[0], system="=cmd()"),))
    assert "'=cmd()" in to_csv(harmful)


@pytest.mark.parametrize(
    ("number", "text", "published"),
    [
        (Number(), "—", "—"),
        (Number(50.0), "50.00", "—"),
        (Number(50.0, 40.0, 60.0, published=70.0), "50.00 [40.0, 60.0]", "70.00 (-20.00, outside our interval)"),
        (Number(50.0, spread=1.5, published=50.5), "50.00 ± 1.50", "50.50 (-0.50)"),
        (Number(published=70.0), "—", "70.00"),
    ],
)
def test_how_numbers_are_written(number, text, published):
    assert written(number) == text
    assert against_published(number) == published


def test_published_table6_is_the_papers():
    rows = {(row["system"], row["corpus"]): row["values"] for row in published_values("table6")["rows"]}
    assert rows["t5-small", "picpersona"]["JGA"] == 49.18
    assert rows["t5-base", "multiwoz"]["Entity F1"] == 44.19
    with pytest.raises(UserError, match="did you mean 'table6'"):
        published_values("table66")
