"""Panels: how verdicts are combined, who is missing, what each judge costs, and whose family it is."""

import json
import re

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.judge.config import Resampling, load_judge_config
from tod_bench.judge.families import family_of, family_warnings
from tod_bench.judge.panel import PanelConfig, panel_markdown, run_panel
from tod_bench.judge.panel.comparing import judges_agree, left_out
from tod_bench.judge.panel.rules import RULES, combine
from tod_bench.judge.run import report_of, run
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.judge.several import Purse, load_study, spent_in
from tod_metrics.judge.ratings import Rating


def ratings(values, question="Q1", judge="judge"):
    return [Rating(f"d{place}", question, value, "ours", judge) for place, value in enumerate(values)]


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ("mean", [1, 2, 4], 7 / 3),
        ("mean", [2, 4], 3),
        ("median", [1, 2, 4], 2),
        ("median", [2, 3], 2.5),
        ("minimum", [1, 2, 4], 1),
        ("maximum", [1, 2, 4], 4),
        ("majority", [4, 4, 1], 4),
        ("majority", [4, 1], None),
        ("majority", ["joy", "joy", "fear"], "joy"),
        ("unanimous", [3, 3], 3),
        ("unanimous", [3, 4], None),
    ],
)
def test_rules(rule, values, expected):
    assert RULES[rule](values) == (pytest.approx(expected) if isinstance(expected, float) else expected)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=7))
def test_rules_stay_within_the_values_and_ignore_the_order(values):
    for rule, combined in RULES.items():
        value = combined(values)
        assert value is None or min(values) <= value <= max(values), rule
        assert combined(sorted(values)) == pytest.approx(value)


def test_a_judge_without_a_verdict_is_never_passed_over():
    by_judge = {"a": ratings([1, 4]), "b": ratings([3, None]), "c": ratings([2, 4])}
    whole = combine(by_judge, "mean")
    assert [rating.value for rating in whole] == [2, None]
    assert whole[1].problem == "2 of 3 judges have a verdict"
    assert [rating.value for rating in combine(by_judge, "mean", quorum=2)] == [2, 4]
    assert combine(by_judge, "majority", quorum=2)[0].problem == "no value by the rule majority"


def test_a_judge_that_was_not_asked_is_not_missed():
    by_judge = {"a": [*ratings([1]), *ratings([2], "Q3")], "b": ratings([4], "Q3")}
    assert {rating.question: rating.value for rating in combine(by_judge, "mean")} == {"Q1": 1, "Q3": 3}


def test_pairs_without_a_majority_are_inconsistent():
    def pairs(*values):
        return [Rating(f"d{place}", "winner", value, "a|b") for place, value in enumerate(values)]

    by_judge = {"x": pairs("first", "tie"), "y": pairs("second", "tie"), "z": pairs("tie", "first")}
    assert [rating.value for rating in combine(by_judge, "majority")] == ["inconsistent", "tie"]


def test_agreement_and_the_panel_without_a_judge_show_the_odd_one_out():
    alike = [1, 2, 3, 4] * 10
    by_judge = {"a": ratings(alike), "b": ratings(alike), "odd": ratings([4] * 40)}
    by = Resampling(draws=200)
    found = {one.judges: one for one in judges_agree(by_judge, by)}
    assert found["a", "b"].alpha == pytest.approx(1.0)
    assert found["a", "b"].same == 100.0
    assert found["a", "odd"].alpha < 0.1
    assert found["a", "b", "odd"].units == 40
    without = {one.judge: one for one in left_out(by_judge, "mean", None, by)}
    assert without["odd"].test.effect == pytest.approx(0.5)
    assert without["odd"].alpha == pytest.approx(1.0)
    assert without["a"].test.effect == pytest.approx(-0.25)


STUDY = {
    "task": "likert",
    "corpus": {"corpus": "tiny"},
    "versions": {"original": {"style": "original"}, "restyled": {"style": "personalised", "model": "gpt-4o"}},
    "reference": "original",
    "sample": {"items": 8},
    "bootstrap": {"draws": 100},
    "judge": {"model": "scripted"},
}


def panel(judges, **changes):
    return PanelConfig.model_validate({"name": "mine", "title": "Mine", "study": STUDY, "judges": judges, **changes})


def test_a_panel_runs_every_judge_and_resumes(tiny, tmp_path):
    config = panel(
        {
            "one": {"judge": {"seed": 1}},
            "two": {"judge": {"seed": 2, "extra": {"noise": 0.4}}},
            "part": {"judge": {}, "questions": ["Q3"]},
        }
    )
    purse = Purse(tmp_path / "cache.sqlite")
    found = run_panel(config, tmp_path, purse)
    assert [member.asked for member in found.members] == [8, 8, 8]
    singles = [report_of(tmp_path / name).row("likert_system_personalisation").score.value for name in config.judges]
    assert found.report.row("likert_system_personalisation").score.value == pytest.approx(sum(singles) / 3)
    signature = found.report.row("likert_user_style").score.signature
    assert signature.options["judge"] == "panel(mean,quorum=all:scripted+scripted+scripted)"
    assert {one.judges for one in found.agreements if one.question == "Q1"} == {("one", "two")}
    assert "## Without one judge" in panel_markdown(found)
    asked: list[int] = []
    again = run_panel(config, tmp_path, purse, started=asked.append)
    assert asked == [0, 0, 0]
    assert again.to_json()["agreements"] == found.to_json()["agreements"]
    assert spent_in(tmp_path / "one")[0] == 0.0


def test_unread_verdicts_of_one_judge_are_unscored_by_the_panel(tiny, tmp_path):
    judges = {"good": {"judge": {}}, "bad": {"judge": {"extra": {"failure": 1.0}}}}
    strict = run_panel(panel(judges), tmp_path, Purse(tmp_path / "cache.sqlite"))
    assert strict.report.unscored_rate == 1.0
    assert not strict.report.trusted
    assert strict.members[1].unscored == 1.0
    lenient = run_panel(panel(judges, quorum=1), tmp_path, Purse(tmp_path / "cache.sqlite"))
    assert lenient.report.unscored_rate == 0.0


def test_panels_that_make_no_sense_are_refused(tiny, tmp_path):
    with pytest.raises(ValidationError, match="so 3 can never have a verdict"):
        panel({"a": {"judge": {}}}, quorum=3)
    with pytest.raises(UserError, match="asked 'Q9', which the study does not ask"):
        panel({"a": {"judge": {}, "questions": ["Q9"]}}).configs()
    pairs = panel({"a": {"judge": {}}}, change={"task": "pairwise", "reference": None})
    with pytest.raises(UserError, match="the rule mean needs points"):
        pairs.configs()
    with pytest.raises(UserError, match=r"judge\.extra\.nois: a scripted judge has no such fault"):
        run_panel(panel({"a": {"judge": {"extra": {"nois": 1}}}}), tmp_path, Purse(tmp_path / "cache.sqlite"))


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4o-2024-08-06", "openai"),
        ("o3-mini", "openai"),
        ("olmo-2", "ai2"),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta"),
        ("Qwen/Qwen3-32B", "alibaba"),
        ("claude-sonnet-4", "anthropic"),
        ("my-own", None),
    ],
)
def test_families_by_name(model, family):
    assert family_of(model) == family


def test_a_judge_of_the_family_of_the_judged_is_warned_about(tiny, make_config, make_client, tmp_path):
    versions = {"original": {}, "restyled": {"style": "personalised", "model": "gpt-4o"}}
    config = make_config(versions=versions, judge={"model": "o3-mini"}, sample={"items": 4})
    (warning,) = family_warnings(config)
    assert "o3-mini is of the family of gpt-4o, which made 'restyled' (openai)" in warning
    assert warning in run(config, tmp_path, make_client(ScriptedJudge(Biases()))).notes
    assert family_warnings(config.model_copy(update={"families": {"o3-mini": "ours"}})) == ()
    assert family_warnings(make_config(versions=versions, judge={"model": "claude-x"})) == ()


def test_what_others_have_spent_is_taken_from_the_budget(tmp_path):
    for name, usd in (("a", 2.0), ("b", 0.5)):
        (tmp_path / name).mkdir()
        spent = [{"usd": usd, "prompt_tokens": 10, "completion_tokens": 5, "unsure_usd": 0.0}]
        (tmp_path / name / "run.json").write_text(json.dumps({"spent": spent}))
    folders = [tmp_path / name for name in ("a", "b", "c")]
    purse = Purse(tmp_path / "cache", budget=3.0)
    assert [purse.access(folder, folders).budget for folder in folders] == [2.5, 1.0, 0.5]


def test_the_command_prints_the_panel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = ["--small", "change={judge.model: scripted, sample.items: 4, bootstrap.draws: 100}", "-o", "out"]
    planned = CliRunner().invoke(command, ["judge", "panel", "judge_panel", *overrides, "--dry-run"])
    assert re.findall(r"^(\w+): 4 requests", planned.output, re.MULTILINE) == ["first", "second", "third"]
    assert not (tmp_path / "out").exists()
    result = CliRunner().invoke(command, ["judge", "panel", "judge_panel", *overrides], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "Combined by mean" in result.output
    assert (tmp_path / "out" / "panel.json").is_file()


def test_the_shipped_panel_is_one_of_a_shipped_judge_config():
    config = load_study(PanelConfig, "judge_panel")
    assert config.configs()["third"].questions == ("Q3", "Q5")
    assert config.configs()["first"].questions == load_judge_config("judge_likert").questions
