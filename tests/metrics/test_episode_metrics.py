"""Episode metrics: definitions worked by hand."""

from dataclasses import replace
from math import isnan

import pytest

from tod_metrics.episode import EPISODE_METRICS
from tod_metrics.episode.outcomes import FAULTS, DomainOutcome, EpisodeItem, Fault
from tod_metrics.episode.pass_k import GoalTrials, PassK
from tod_metrics.registry import metric, metric_names

TABLE = DomainOutcome(
    "restaurant",
    matched=True,
    wanted=True,
    counted=True,
    booked=True,
    details=True,
    requested=2,
    answered=2,
    told=3,
    true=3,
    named=True,
    consistent=True,
    unreferenced=(1, 1),
    communicated=2,
)
SIGHT = DomainOutcome(
    "attraction",
    matched=True,
    requested=1,
    answered=1,
    named=True,
    consistent=True,
    unreferenced=(1, 1),
    communicated=1,
)
TAXI = DomainOutcome("taxi", matched=True, wanted=True, booked=True, details=True, named=True, consistent=True)
WHOLE = EpisodeItem("g", 0, (TABLE, SIGHT, TAXI), turns=5, end="done")


def changed(**changes):
    return replace(WHOLE, domains=(replace(TABLE, **changes), SIGHT, TAXI))


def score(spec, *items):
    return metric(spec).score(items)


@pytest.mark.parametrize(
    ("item", "success", "strict", "completion", "convlab3", "tau2"),
    [
        (WHOLE, 100, 100, 100, 100, 100),
        (changed(matched=False, details=False, consistent=False), 0, 0, 100, 0, 0),
        (changed(details=False), 100, 0, 100, 0, 0),
        (changed(true=2), 100, 0, 100, 100, 100),
        (changed(others=1), 100, 0, 100, 100, 0),
        (replace(WHOLE, stray=1), 100, 0, 100, 100, 0),
        (changed(booked=False, matched=False, details=False), 0, 0, 0, 0, 0),
        (changed(answered=1, unreferenced=(1, 0), communicated=1), 0, 0, 0, 0, 0),
        (changed(communicated=1, true=2), 100, 0, 100, 100, 0),  # told, and not true
        (changed(answered=1), 0, 0, 0, 100, 100),  # of another entity last
        (changed(answered=1, communicated=1), 0, 0, 0, 100, 0),  # the reference, which ConvLab-3 does not ask for
        (changed(consistent=False), 100, 100, 100, 0, 100),
    ],
)
def test_what_a_success_is(item, success, strict, completion, convlab3, tau2):
    assert score("episode_success", item) == success
    assert score("episode_strict", item) == strict
    assert score("episode_completion", item) == completion
    assert score("episode_success@convlab3", item) == convlab3
    assert score("episode_success@tau2", item) == tau2


def test_convlab3_fails_an_episode_with_neither_bookings_nor_requests():
    only_named = EpisodeItem("g", 0, (replace(SIGHT, requested=0, answered=0, unreferenced=(0, 0), communicated=0),))
    assert score("episode_success", only_named) == 100
    assert score("episode_success@convlab3", only_named) == 0


def test_shares_are_over_domains_and_bookings():
    wrong = changed(matched=False, details=False)
    assert score("venue_match", WHOLE, wrong) == pytest.approx(100 * 5 / 6)
    assert score("book_rate", WHOLE, wrong) == 100  # taxis are in venue_match
    assert score("book_details", WHOLE, wrong) == 50
    assert isnan(score("book_rate", EpisodeItem("g", 0, (SIGHT, TAXI))))


def test_requests_are_micro_averaged():
    item = changed(answered=1, volunteered=2)  # 2 of 3 requested are answered, 2 were volunteered
    assert score("request_recall", item) == pytest.approx(100 * 2 / 3)
    assert score("request_precision", item) == pytest.approx(50)
    assert score("request_f1", item) == pytest.approx(2 * 50 * (200 / 3) / (50 + 200 / 3))


def test_truthful_and_turns():
    assert score("truthful", WHOLE, changed(true=0)) == 50
    assert score("episode_turns", WHOLE, replace(WHOLE, turns=8)) == 6.5
    assert score("episode_turns@convlab3", WHOLE) == 10


def test_a_domain_alone():
    wrong = replace(changed(matched=False), stray=1)
    assert metric("episode_success").of_domain("attraction").score([wrong]) == 100
    assert metric("episode_strict").of_domain("restaurant").score([wrong]) == 0
    assert isnan(metric("episode_success").of_domain("hotel").score([wrong]))
    assert str(metric("venue_match").of_domain("taxi").signature).startswith(
        "venue_match|protocol:tod_bench|domain:taxi"
    )


def test_pass_k_by_hand():
    trials = [GoalTrials("a", 4, 4), GoalTrials("b", 4, 2), GoalTrials("c", 4, 0)]
    assert PassK(1).score(trials) == pytest.approx(100 * (1 + 1 / 2 + 0) / 3)
    assert PassK(2).score(trials) == pytest.approx(100 * (1 + 1 / 6 + 0) / 3)
    assert PassK(4).score(trials) == pytest.approx(100 / 3)
    assert PassK(2).remarks(trials) == ()


def test_goals_with_too_few_trials_are_left_out_and_said():
    trials = [GoalTrials("a", 4, 4), GoalTrials("b", 1, 0)]
    assert PassK(2).score(trials) == 100
    assert PassK(2).remarks(trials) == ("1 of 2 goals have fewer than 2 trials and are left out",)


@pytest.mark.parametrize("options", [{"k": 0}, {"success": "maybe"}])
def test_pass_k_options(options):
    with pytest.raises(ValueError, match="pass_k"):
        PassK(**options)


def test_faults_by_kind_and_cause():
    faulty = replace(WHOLE, faults=(Fault(1, "repeated", "policy"), Fault(2, "ignored", "understanding")))
    assert score("simulator_faults", WHOLE, faulty) == 50
    assert score("simulator_faults(kind=left_early)", faulty) == 0
    assert score("simulator_faults(cause=understanding)", faulty) == 100
    assert score("simulator_faults(kind=repeated, cause=understanding)", faulty) == 0
    assert {fault.kind for fault in faulty.faults} <= set(FAULTS)
    with pytest.raises(ValueError, match="kind must be one of"):
        metric("simulator_faults(kind=rude)")


def test_every_episode_metric_is_listed():
    listed = dict(metric_names())
    for name in EPISODE_METRICS:
        assert listed[name]
        assert metric(name).name == name
