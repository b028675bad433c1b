"""Tables as Markdown, as CSV and on the terminal: one writer for each, and what texts may not do in them."""

import io

import pytest
from rich.console import Console

from tod_bench import markdown
from tod_bench.console import grid, print_line
from tod_bench.csv_files import csv_text, escape_formula, records_csv


def printed(table: object, width: int = 60) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(table)
    return file.getvalue()


def test_a_bar_or_a_line_break_does_not_end_a_markdown_cell():
    assert markdown.table(("a|b", "n"), [("x|y\nz", 1.5)]) == "| a\\|b | n |\n| --- | ---: |\n| x\\|y z | 1.5 |"
    assert markdown.table(("a", "b"), [], left=2) == "| a | b |\n| --- | --- |"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_formulas_are_neutralised(start):
    assert escape_formula(f"{start}1+1") == f"'{start}1+1"
    assert escape_formula(f"a{start}") == f"a{start}"
    assert csv_text([f"{start}A1"], [[f"{start}A1"]]).count("'") == 2


@pytest.mark.parametrize("number", ["-1", "+0.5", "-1e-05", "-12.25"])
def test_signed_numbers_are_no_formulas(number):
    assert escape_formula(number) == number
    assert escape_formula(f"{number}\n") == f"'{number}\n"


def test_csv_has_a_column_for_every_key_and_nothing_for_none():
    records = [{"name": "=1+1", "value": -1.5}, {"name": "b", "value": None, "note": "c"}]
    assert records_csv(records) == "name,value,note\n'=1+1,-1.5,\nb,,c\n"
    assert records_csv([]) == ""


def test_a_printed_table_reads_no_markup_and_steers_no_terminal():
    shown = printed(grid(("[bold]name", "n"), [("[red]x[/red]\x1b[2J", 12)], left=1, title="[i]title", boxed=False))
    assert shown.splitlines()[0].rstrip() == "[i]title"
    assert shown.splitlines()[1].split() == ["[bold]name", "n"]
    assert shown.splitlines()[2].split() == ["[red]x[/red]\\x1b[2J", "12"]


def test_numbers_are_set_to_the_right_and_long_words_are_broken_where_asked():
    table = grid(("system", "score"), [("a", "1"), ("b" * 30, "10.25")], left=1, boxed=False)
    assert printed(table).splitlines()[1].endswith("    1 ")
    folded = printed(grid(("system",), [("b" * 30,)], boxed=False, fold=True), width=20)
    assert folded.count("b") == 30


def test_a_line_is_left_to_the_terminal_to_wrap():
    file = io.StringIO()
    print_line(Console(file=file, width=10), "[x] " + "y" * 30)
    assert file.getvalue() == "[x] " + "y" * 30 + "\n"
