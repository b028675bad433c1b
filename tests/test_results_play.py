"""What stands in results/play/multiwoz: the config loads, and the page's numbers are those of the scores beside it."""

import json
from pathlib import Path

import pytest

from tod_bench.interact.config import load_play

FOLDER = Path(__file__).parents[1] / "results" / "play" / "multiwoz"
AGENTS = ("rule", "rule_match", "majority", "t5", "t5_100", "decoder", "smollm2")
EPISODES = {"smollm2": 50}


def test_the_config_plays_the_agents_of_the_page():
    config = load_play(str(FOLDER / "play.yaml"))
    assert tuple(sorted(config.agents)) == tuple(sorted(AGENTS))
    assert config.trials == 4


@pytest.mark.parametrize("agent", AGENTS)
def test_the_page_has_the_scores_beside_it(agent):
    scores = json.loads((FOLDER / f"{agent}.scores.json").read_text(encoding="utf-8"))["scores"]
    found = next(one for one in scores if (one["metric"], one["group"]) == ("episode_success", "all"))
    printed = f"| {found['score']:.1f} [{found['low']:.1f}, {found['high']:.1f}] |"
    assert printed in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert found["episodes"] == EPISODES.get(agent, 4000)


def test_the_page_has_the_static_scores_beside_it():
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    static = json.loads((FOLDER / "static.json").read_text(encoding="utf-8"))
    assert set(static) == set(AGENTS) - {"rule", "smollm2"}
    assert [one for one in static.values() if f"| {one['jga']:.1f} / {one['slot_f1']:.1f} |" not in page] == []


@pytest.mark.parametrize("agent", ["rule", "rule_match", "majority", "t5", "t5_100", "decoder"])
def test_the_page_says_how_many_goals_are_reached_in_all_trials(agent):
    scores = json.loads((FOLDER / f"{agent}.scores.json").read_text(encoding="utf-8"))["scores"]
    found = {(one["metric"], one["group"]): one["score"] for one in scores}
    shown = [found["episode_success", "all"], found["episode_strict", "all"], found["pass_k(k=4)", "all"]]
    success, *others = [f"{one:.1f}" for one in shown]
    rows = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    assert [row for row in rows if f"| {success} [" in row and f"] | {' | '.join(others)} |" in row]
