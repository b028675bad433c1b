"""docs/submit.md, followed literally: a stranger's prediction file becomes a row of a leaderboard."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import yaml

from guides import DOCS, blocks, follow
from tod_bench.interact.config import PlayConfig
from tod_bench.leaderboard import load_tracks
from tod_bench.leaderboard.card import Card

PAGE = "submit.md"


def test_a_stranger_appears_on_the_leaderboard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("predict.py").write_text(blocks(PAGE, "python")[0], encoding="utf-8")
    Path("card.yaml").write_text(blocks(PAGE, "yaml")[0], encoding="utf-8")
    subprocess.run([sys.executable, "predict.py"], check=True)
    prepared, validated, verified, built = follow(PAGE)
    name = prepared.split("/")[-1].strip()
    assert f"{name} is valid: 1,169 turns, dst of simulated-plain" in validated
    assert f"{name} is verified" in verified
    assert "(1 submission)" in built
    index = Path("site/index.html").read_text(encoding="utf-8")
    assert "word spotter" in index
    rows = list(csv.DictReader(Path("site/scores.csv").read_text(encoding="utf-8").splitlines()))
    jga = next(row for row in rows if (row["metric"], row["protocol"]) == ("jga", "tod_bench"))
    assert 0 < float(jga["low"]) < float(jga["value"]) < float(jga["high"]) < 30
    assert f">{float(jga['value']):.2f}</button>" in index


def test_the_page_names_every_key_of_a_card():
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    table = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE))))
    assert table == set(Card.model_fields)
    assert set(yaml.safe_load(blocks(PAGE, "yaml")[0])) <= table


def test_the_play_config_of_the_page_is_that_of_its_track():
    config = PlayConfig.model_validate(yaml.safe_load(blocks(PAGE, "yaml")[1]))
    track = load_tracks().settings["simulated-play"]
    assert (config.corpus.corpus, config.corpus.options, config.split) == (track.corpus, track.options, track.split)
    assert track.play is not None
    for name in type(track.play).model_fields:
        assert getattr(config, name) == getattr(track.play, name)
