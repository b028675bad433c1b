"""What stands in results/play/multiwoz: the config loads, and the page's numbers are those of the scores beside it."""

import json
from pathlib import Path

import pytest

from tod_bench.interact.config import load_play

FOLDER = Path(__file__).parents[1] / "results" / "play" / "multiwoz"
AGENTS = ("rule", "rule_match", "majority", "t5", "t5_100", "decoder", "smollm2")
EPISODES = {"smollm2": 50, "decoder": 1000}


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
