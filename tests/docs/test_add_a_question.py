"""docs/add_a_question.md, followed literally."""

import json

import yaml

from guides import blocks, follow
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build


def test_the_question_of_the_page_is_asked_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, config, table = blocks("add_a_question.md", "yaml")
    (tmp_path / "repair.yaml").write_text(file, encoding="utf-8")
    (tmp_path / "repair_study.yaml").write_text(config, encoding="utf-8")
    assert len(file.splitlines()) <= 30
    planned, report, page = follow("add_a_question.md")
    assert "24 requests" in planned
    assert "| repair | original | together | 12 |" in report
    kept = json.loads((tmp_path / "runs" / "judge" / "repair" / "report.json").read_text())
    assert {row["question"] for row in kept["questions"]} == {"repair", "fault"}
    assert kept["trusted"]
    assert "page.html: 24 items" in page

    corpora = {"plain": {"corpus": "simulated", "options": {"dialogues": {"test": 4}}}}
    made = {"name": "repairs", "corpora": corpora, "systems": "oracle", **yaml.safe_load(table)}
    build(EvalConfig.model_validate(made | {"judge": {"model": "scripted"}}))
