"""A judge's verdicts in a page: named by version whatever the seats, and win rates by group."""

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tod_bench.cli.report import command
from tod_bench.errors import UserError
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.items import Query
from tod_bench.judge.run import run as judge
from tod_bench.judge.scripted import ScriptedJudge
from tod_bench.judge.store import Judged, to_json
from tod_bench.judge.verdicts import Unscored, Verdict
from tod_bench.llm.records import ChatAnswer, Spending, Usage
from tod_bench.records import Dialogue
from tod_bench.reports.judged import read_judge_runs

VERSIONS = {"original": {"style": "original"}, "restyled": {"style": "personalised"}}


class Client:
    base_url = "http://scripted.invalid/v1"

    def complete(self, requests):
        for request in requests:
            yield request, ChatAnswer(ScriptedJudge()(request), "stop", "scripted", "", Usage(10, 5), 0.0)

    def spending(self):
        return Spending()


@pytest.fixture(scope="module")
def judge_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    config = {
        "name": "pairs",
        "title": "Pairs",
        "task": "pairwise",
        "corpus": {"corpus": "simulated", "options": {"dialogues": {"train": 20, "dev": 5, "test": 12}}},
        "versions": VERSIONS,
        "bootstrap": {"draws": 100},
        "judge": {"model": "scripted"},
    }
    judge(JudgeConfig.model_validate(config), folder, Client())
    return folder


def test_win_rates_are_the_reports(judge_folder):
    rows = [row for row in json.loads((judge_folder / "report.json").read_text())["pairs"] if row["persona"] == "own"]
    rates, outcomes = read_judge_runs([judge_folder]).figures
    assert "|judge:scripted|" in rates.note
    drawn = [(datum.label, datum.series, datum.value, datum.low, datum.high) for datum in rates.data]
    assert drawn == [
        (row["group"], "restyled's win rate", *(row["ties_half"][name] for name in ("value", "low", "high")))
        for row in rows
    ]
    for row in rows:
        shares = [datum.value for datum in outcomes.data if datum.label == row["group"]]
        assert len(shares) == 4
        assert sum(shares) == pytest.approx(100)


def judged(order, outcome):
    return Judged("k" + order, Query("d1", ("original", "restyled"), ("winner",), order), outcome, (), "p" * 12, "x")


def test_seats_become_versions(judge_folder, tmp_path):
    (tmp_path / "report.json").write_text((judge_folder / "report.json").read_text())
    lines = [
        judged("ab", Verdict({"winner": "2"}, "warmer", ("greeting", "tone"))),
        judged("ba", Verdict({"winner": "2"})),
        judged("tie", Verdict({"winner": "tie"})),
    ]
    text = "".join(json.dumps(to_json(line)) + "\n" for line in lines)
    (tmp_path / "judged.jsonl").write_text(text)
    said = [verdict.shown for verdict in read_judge_runs([tmp_path]).verdicts["d1"]]
    assert [one["says"] for one in said] == [
        "winner: restyled, because of greeting and tone",
        "winner: original",
        "winner: tie",
    ]
    assert said[0]["about"] == "Pairs, original and restyled, order ab"
    assert said[0]["reason"] == "warmer"


def test_a_missing_verdict_is_shown_as_missing(judge_folder, tmp_path):
    (tmp_path / "report.json").write_text((judge_folder / "report.json").read_text())
    line = judged("ab", Unscored("unreadable", "no JSON in the answer"))
    (tmp_path / "judged.jsonl").write_text(json.dumps(to_json(line)) + "\n")
    said = read_judge_runs([tmp_path]).verdicts["d1"][0].shown
    assert said["says"] == "no verdict: unreadable"
    assert said["reason"] == "no JSON in the answer"


def test_the_page_shows_verdicts_beside_the_dialogues(floors_store, judge_folder, tmp_path):
    page = tmp_path / "page.html"
    arguments = [str(floors_store), "--html", str(page), "--judged", str(judge_folder)]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    html = page.read_text(encoding="utf-8")
    assert "Pairs: win rates by group" in html
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])
    assert all(len(dialogue["verdicts"]) == 2 for dialogue in data["dialogues"])  # both orders


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(UserError, match="is not the report of a judge run"):
        read_judge_runs([tmp_path])


def test_verdicts_go_with_dialogues_of_their_corpus_and_split(judge_folder):
    run = read_judge_runs([judge_folder])
    origin = json.loads((judge_folder / "run.json").read_text())
    name = next(iter(run.verdicts))
    own = Dialogue(name, origin["corpus"], origin["split"], (), ())
    assert len(run.verdicts_of(own)) == 2
    assert run.verdicts_of(replace(own, corpus="another")) == []
    assert run.verdicts_of(replace(own, split="train")) == []
