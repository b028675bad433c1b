"""What ships: configs that load and rehearse on the embedded corpus, published values, a scripted judge with cues."""

import pytest

from tod_bench.errors import UserError
from tod_bench.judge import Access, load_judge_config, markdown, open_client, run
from tod_bench.judge.markdown import published_emotions, published_section, read_published
from tod_bench.judge.questions import EMOTIONS
from tod_bench.judge.scripted import fit
from tod_bench.shipped import config_names
from tod_metrics.style.emotions import PUBLISHED_NAMES

SEVERAL = ("judge_arena", "judge_panel")
"""Configs of several runs; see test_judge_arena.py and test_judge_panel.py."""

CONFIGS = [name for name in config_names() if name.startswith("judge_") and name not in SEVERAL]
QUICK = ("sample.items=12", "bootstrap.draws=100", "corpus.options={dialogues: {train: 1, dev: 1, test: 40}}")


@pytest.mark.parametrize("name", CONFIGS)
def test_every_shipped_config_rehearses(name, tmp_path):
    config = load_judge_config(name, QUICK)
    assert config.name == name
    report = run(config, tmp_path, open_client(config, Access(tmp_path / "answers.sqlite")))
    assert report.trusted
    assert report.scores
    assert all(
        "judge:scripted" in str(score.signature) and "prompt:" in str(score.signature) for score in report.scores
    )
    text = markdown(report)
    assert not config.published or "NAACL 2025" in text or "(published)" in text
    assert ("> protocol picpersona:" in text) == (config.protocol == "picpersona")


@pytest.mark.parametrize("name", SEVERAL)
def test_a_config_of_several_runs_names_its_command(name):
    with pytest.raises(UserError, match=rf"`tod-bench judge {name.removeprefix('judge_')} {name}`"):
        load_judge_config(name)


def test_restyled_dialogues_win_and_the_persona_matters(tmp_path):
    changes = ("sample.items=100", "bootstrap.draws=2000", "corpus.options={}", "personas=[own,shuffled,blank]")
    config = load_judge_config("judge_pairwise", changes)
    report = run(config, tmp_path, open_client(config, Access(tmp_path / "answers.sqlite")))
    own, shuffled, blank = (report.row("win_rate", persona=persona).score.value for persona in config.personas)
    assert own > 80
    assert own > shuffled > blank == 50
    assert all(row.falls for row in report.ablation)
    assert report.row("position_consistency").score.value == 100


def test_published_labels_are_mapped_to_goemotions():
    assert set(PUBLISHED_NAMES.values()) <= set(EMOTIONS)
    columns = published_emotions("table2")
    assert columns["MultiWOZ, all (published)"]["remorse"] == 0.92
    assert {label for shares in columns.values() for label in shares} <= set(EMOTIONS)


@pytest.mark.parametrize("name", ["table2", "table3", "table4", "table5", "figure6", "figure7", "appendix_c"])
def test_published_values_have_a_source(name):
    assert "NAACL 2025" in read_published(name)["source"]
    assert published_section(name).startswith("## Published: PicPersona-TOD")


def test_shares_of_table_3_sum_to_100():
    rows = read_published("table3")["rows"]
    for against in {row["system"] for row in rows}:
        for group in rows[0]["values"]:
            shares = [row["values"][group] for row in rows if row["system"] == against]
            assert sum(shares) == pytest.approx(100, abs=0.02)


def test_no_such_published_table():
    with pytest.raises(UserError, match="did you mean 'table3'"):
        read_published("tabel3")


@pytest.mark.parametrize(
    ("text", "impression", "value"),
    [
        ("Certainly, sir.", "a man in a pressed suit", 2),
        ("Certainly, sir.", "a boy in a loose jumper", -2),
        ("Hey, cool!", "a boy in a loose jumper", 3),
        ("Hey, cool!", "", 0),
    ],
)
def test_cue_words(text, impression, value):
    assert fit(text, impression) == value
