"""Scores of a journal: rows, slices, intervals over goals, pass^k."""

from math import comb, isnan

import pytest

from tod_bench.errors import DataError, UserError
from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.rule_policy import RulePolicy
from tod_bench.interact.scores import SLICED, goal_trials, score_episodes
from tod_bench.simulated.corpus import Simulated
from tod_bench.statistics import bootstrap_interval
from tod_metrics import metric

TRIALS = 4


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 25}))


@pytest.fixture(scope="module")
def records(environment):
    agent = RulePolicy(wrong_venue=0.3)
    return [play_episode(environment, agent, goal, trial) for goal in environment.goals for trial in range(TRIALS)]


@pytest.fixture(scope="module")
def scores(environment, records):
    return score_episodes(records, environment.world, draws=200)


@pytest.fixture(scope="module")
def items(environment, records):
    return [episode_item(record, environment.world) for record in records]


def test_scores_are_those_of_the_metrics(scores, items):
    for spec in ("episode_success", "episode_success@tau2", "venue_match", "request_f1"):
        assert scores.get(spec).score == pytest.approx(metric(spec).score(items))
    assert (scores.get("episode_success").episodes, scores.get("episode_success").goals) == (100, 25)


def test_what_is_resampled_are_goals_not_episodes(scores, items):
    chosen = metric("episode_success")
    naive = bootstrap_interval(chosen.statistics(items), chosen.aggregate, draws=200)
    ours = scores.get("episode_success").interval
    assert ours.high - ours.low != pytest.approx(naive.high - naive.low)


def test_pass_k(scores, items):
    successes = {}
    for item in items:
        successes[item.goal] = successes.get(item.goal, 0) + item.success
    for k in range(1, TRIALS + 1):
        expected = 100 * sum(comb(one, k) / comb(TRIALS, k) for one in successes.values()) / len(successes)
        assert scores.get(f"pass_k(k={k})").score == pytest.approx(expected)
    assert scores.get("pass_k(k=1)").score == pytest.approx(scores.get("episode_success").score)
    assert scores.get("pass_k(k=4)").score < scores.get("pass_k(k=1)").score


def test_slices_partition_the_episodes(scores, items):
    groups = {one.group: one.episodes for one in scores.scores if one.group.endswith(("domain", "domains"))}
    assert sum(groups.values()) == len(items)
    hotel = metric("venue_match").of_domain("hotel")
    assert scores.get("venue_match", "domain hotel").score == pytest.approx(hotel.score(items))
    assert not isnan(hotel.score(items))
    passes = {one.group for one in scores.scores if one.metric == "pass_k(k=4)"}
    assert passes == {"all", *(group for group in groups if group != "all")}


def test_scores_over_episodes_without_faults_stand_beside_those_over_all(environment, records):
    faulty = [dict(record) for record in records]
    first = faulty[0]
    again = [["hotel", "inform", "area", "nowhere"]]
    first["turns"] = [{**first["turns"][0], "user": {"text": "", "acts": again}}, *first["turns"][1:]]
    scores = score_episodes(faulty, environment.world, draws=100)
    assert scores.get("simulator_faults").score == 1
    assert {one.metric for one in scores.scores if one.group == "fault-free"} == set(SLICED)
    assert scores.get("episode_success", "fault-free").episodes == len(records) - 1


def test_too_few_trials_are_said(environment, records):
    scores = score_episodes(records[:-1], environment.world, draws=100)
    assert "1 of 25 goals have fewer than 4 trials and are left out" in scores.notes


def test_what_cannot_be_scored(environment, records):
    with pytest.raises(UserError, match="no episodes to score"):
        score_episodes([], environment.world)
    with pytest.raises(DataError, match="more than one run"):
        score_episodes([records[0], {**records[1], "agent": {"agent": "other"}}], environment.world)
    with pytest.raises(DataError, match="not laid out as expected"):
        score_episodes([{**records[0], "turns": [{}]}], environment.world)
    with pytest.raises(UserError, match="there is no score of 'x'"):
        score_episodes(records, environment.world, draws=100).get("x")


def test_trials_of_goals(items):
    trials = goal_trials(items, strict=True)
    assert {one.trials for one in trials} == {TRIALS}
    assert sum(one.successes for one in trials) == sum(item.strict for item in items)


def test_episodes_are_of_one_seed_and_each_is_there_once(environment, records):
    with pytest.raises(DataError, match="more than one run"):
        score_episodes([records[0], {**records[1], "seed": 2}], environment.world)
    with pytest.raises(DataError, match="trial 0 of this goal is there twice"):
        score_episodes([*records, records[0]], environment.world)
