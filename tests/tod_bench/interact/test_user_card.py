"""The user card: planted faults are found again, people and users compared, agents ranked."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.interact.config import load_play
from tod_bench.interact.episode import Environment, play_episode, played
from tod_bench.interact.rule_policy import DeafAgent, RulePolicy
from tod_bench.interact.user_card.alignment import aligned
from tod_bench.interact.user_card.divergence import divergences
from tod_bench.interact.user_card.planting import FaultySettings
from tod_bench.interact.user_card.recovery import AskingAgent, recovered
from tod_bench.interact.user_card.standings import Setting, Standing, agreement
from tod_bench.records import Act
from tod_bench.simulated.corpus import Simulated
from tod_bench.statistics import Interval
from tod_metrics.episode.outcomes import FAULTS


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 120}), user=FaultySettings(rate=0.3))


def test_planted_faults_are_found_again(environment):
    recovery = recovered(environment, [RulePolicy(), AskingAgent(), DeafAgent()])
    assert [one.kind for one in recovery] == [*FAULTS, "all"]
    counts = [one.to_json() for one in recovery]
    assert all(one.planted >= 5 for one in recovery), counts
    assert all(one.recall >= 95 for one in recovery), counts
    assert all(one.precision >= 95 for one in recovery), counts


def test_without_planted_faults_none_are_found(environment):
    sound = environment.with_users(FaultySettings(rate=0.0), None)
    assert recovered(sound, [RulePolicy(), AskingAgent(), DeafAgent()])[-1].found == 0


def test_faults_that_are_not_looked_for_are_missed(environment, monkeypatch):
    monkeypatch.setattr("tod_bench.interact.user_card.recovery.faults_of", lambda *_: ())
    done = recovered(replace(environment, limit=10), [RulePolicy()])[-1]
    assert (done.found, done.precision, done.recall) == (0, None, 0)


def test_a_user_of_planted_faults_repeats_itself_with_its_seed(environment):
    goal = environment.goals[3]
    one, other = (environment.reset(goal, 0) for _ in range(2))
    assert played(one, environment, RulePolicy()) == played(other, environment, RulePolicy())
    assert one.simulated.planted == other.simulated.planted
    assert environment.signature["planted"] == 0.3
    with pytest.raises(UserError, match=r"user\.rate must be a probability"):
        FaultySettings(rate=2)


def test_alignment_by_hand(environment):
    sound = environment.with_users(FaultySettings(rate=0.0), None)
    record = play_episode(sound, RulePolicy(), sound.goals[0], 0)
    assert [one.share for one in aligned([record])] == [100, 100, 100]
    silent = {**record, "turns": [{"user": {"text": "", "acts": [["hotel", "inform", "area", "nowhere"]]}}]}
    assert [one.share for one in aligned([silent])] == [0, 0, 0]


def test_divergence_of_the_same_and_of_what_has_nothing_in_common():
    people = {str(number): [("in the north", (Act("hotel", "inform", "area", "north"),))] for number in range(8)}
    assert {one.bits for one in divergences(people, people)} == {0.0}
    others = {name: [("yes", ()), ("no", ())] for name in people}
    found = {one.what: one for one in divergences(people, others)}
    assert found["words"].bits == found["turns a dialogue"].bits == pytest.approx(1)
    assert (found["turns a dialogue"].people, found["turns a dialogue"].simulated) == (1, 2)
    assert found["words"].halves == 0
    plain = {name: [(text, ()) for text, _ in turns] for name, turns in people.items()}
    assert not any("act" in one.what for one in divergences(plain, others))
    assert divergences({}, others) == []


def test_agreement_of_rankings():
    def of(*successes):
        setting, none = Setting("acts", 3), Interval(None, None)
        return [Standing(setting, str(place), "", success, none, 0, ()) for place, success in enumerate(successes)]

    assert agreement(of(1, 2, 3), of(4, 5, 6)) == pytest.approx(1)
    assert agreement(of(1, 2, 3), of(6, 5, 4)) == pytest.approx(-1)
    assert agreement(of(1, 2, 3), of(4, 6, 5)) == pytest.approx(1 / 3)
    assert agreement(of(1, 2, 3), of(4, 4, 4)) is None


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr("tod_bench.interact.user_card.standings.PATIENCES", (1,))
    overrides = ["corpus.options.dialogues.test=12", "agents={rule: {agent: rule}, deaf: {agent: deaf}}"]
    done = CliRunner().invoke(
        command, ["play", "user-card", "play_quickstart", *overrides, "-o", str(tmp_path)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    card = json.loads((tmp_path / "user_card.json").read_text(encoding="utf-8"))
    parts = Counter(one["part"] for one in card["numbers"])
    assert (parts["recovery"], parts["alignment"], parts["divergence"]) == (6, 3, 5)
    standings = [one for one in card["numbers"] if one["part"] == "standing"]
    assert {(one["language"], one["patience"]) for one in standings} >= {("acts", 3), ("words", 1)}
    assert {one["rank"] for one in standings if one["agent"] == "rule"} == {1}
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "tod-bench play user-card play_quickstart" in page
    assert load_play("play_quickstart").title
    assert "## Agents under each user: strict" in page
