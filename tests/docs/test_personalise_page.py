"""docs/personalise.md: its commands run, and what it says of options and readings is so."""

import csv
import io
import re
from pathlib import Path
from typing import get_args

import pytest

from guides import DOCS, blocks, follow
from tod_bench.corpora.personas import AGES, EMOTIONS, FORMALITIES, GENDERS
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.personalise.options import FilterReading, StrategyReading
from tod_bench.personalise.rows import STAGES
from tod_bench.personalise.rules import tables
from tod_bench.records import Persona

GUIDE = (DOCS / "personalise.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_work_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    _, planned = follow("personalise.md")
    assert "missing" not in planned
    assert "oracle" in planned
    plain, styled = (list(PicPersona("made", style=style).dialogues("test")) for style in ("original", "personalised"))
    assert len(plain) == len(styled) > 0
    assert [turn.state for one in plain for turn in one.turns] == [turn.state for one in styled for turn in one.turns]
    assert [turn.user for one in plain for turn in one.turns] != [turn.user for one in styled for turn in one.turns]


def test_the_rules_of_the_page_can_be_laid_over_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user/senior.yaml").write_text(blocks("personalise.md", "yaml")[0], encoding="utf-8")
    laid_over, shipped = tables.load_tables(tmp_path)["user", "senior"], tables.load_tables()["user", "senior"]
    assert laid_over.rewrites[0].say[0] == "I should like to find"
    assert laid_over.rewrites[1:] == shipped.rewrites
    assert laid_over.openers["start"].rate == 0.4
    assert laid_over.tags == shipped.tags


def test_the_stages_and_readings_are_those_of_the_code() -> None:
    drawn = GUIDE.partition("    pairs ─▶")[2].partition("\n")[0]
    assert ("pairs", *re.findall(r"\b[a-z]+\b", drawn)[:7]) == STAGES
    table = GUIDE.partition("| reading | what it is |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(get_args(FilterReading))
    assert get_args(FilterReading) == get_args(StrategyReading)


def test_the_personas_of_the_page_have_the_fields_of_a_persona() -> None:
    (example,) = csv.DictReader(io.StringIO(blocks("personalise.md", "csv")[0]))
    persona = Persona(**example)
    assert persona.age in AGES
    assert persona.gender in GENDERS
    assert persona.formality in FORMALITIES
    assert persona.emotion in EMOTIONS
    assert all(word in GUIDE for word in (*AGES, *EMOTIONS, *FORMALITIES))
