"""Floors and ceilings: what a rule policy reaches, what a deaf one does, and where planted faults show."""

import pytest

from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.rule_policy import DeafAgent, RulePolicy
from tod_bench.simulated.corpus import Simulated
from tod_metrics import metric

UNMOVED = ("episode_completion", "book_rate", "request_recall", "simulator_faults")


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 60}))


@pytest.fixture(scope="module")
def scores(environment):
    def of(agent):
        items = [
            episode_item(play_episode(environment, agent, goal, trial), environment.world)
            for goal in environment.goals
            # Wrong names are rejected where the goal has one, until the user's patience ends.
            if not any("name" in wish.inform for wish in goal.wishes)
            for trial in range(2)
        ]
        names = (*UNMOVED, "episode_success", "episode_strict", "venue_match", "book_details", "truthful")
        return {name: metric(name).score(items) for name in names}

    return of


@pytest.fixture(scope="module")
def sound(scores):
    return scores(RulePolicy())


def test_hearing_acts_a_rule_policy_gets_what_the_goal_wants(sound):
    assert sound["episode_success"] >= 99
    assert sound["episode_strict"] >= 99
    assert sound["simulator_faults"] == 0


def test_a_deaf_agent_gets_nothing(scores):
    deaf = scores(DeafAgent())
    assert deaf["episode_success"] == deaf["book_rate"] == deaf["venue_match"] == 0
    assert deaf["simulator_faults"] == 0


@pytest.mark.parametrize(
    ("fault", "falls", "stays"),
    [
        ("wrong_venue", {"episode_success", "episode_strict", "venue_match", "book_details"}, {"truthful"}),
        ("wrong_detail", {"episode_strict", "book_details"}, {"episode_success", "venue_match", "truthful"}),
        ("lie", {"episode_strict", "truthful"}, {"episode_success", "venue_match", "book_details"}),
    ],
)
def test_planted_faults_show_where_they_must_and_nowhere_else(scores, sound, fault, falls, stays):
    planted = scores(RulePolicy(**{fault: 0.4}))
    for name in falls:
        assert planted[name] < sound[name] - 3, name
    for name in {*stays, *UNMOVED}:
        assert planted[name] == sound[name], name
