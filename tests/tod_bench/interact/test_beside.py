"""Static scores beside played ones: correlations by hand, few systems, what is missing."""

import json

import pytest
from click.testing import CliRunner

from tod_baselines.floors.rule_match import RuleMatch
from tod_bench.cli.main import command
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import DataError, UserError
from tod_bench.interact import recorded
from tod_bench.interact.beside import beside, correlation_within, played_scores, static_scores
from tod_bench.interact.config import agent_of, environment_of, load_play
from tod_bench.interact.recorded import recorded_answers
from tod_bench.interact.run import run_play
from tod_bench.interact.sending import prepare, stage_of
from tod_bench.interact.static import beside_trackers
from tod_bench.predictions import read_predictions
from tod_bench.scoring.score import score
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs


def systems(values, metric="jga"):
    return {f"s{place}": {metric: value} for place, value in enumerate(values)}


def test_a_correlation_by_hand():
    (one,) = beside(systems([10, 20, 30, 40]), systems([0, 30, 20, 50], "episode_success")).correlations
    assert one.pearson == pytest.approx(0.8682, abs=1e-3)  # 700 / sqrt(500 * 1300)
    assert one.spearman == pytest.approx(0.8)
    assert one.systems == 4
    assert one.note.startswith("4 systems are few")
    assert one.note.endswith("an interval needs at least 5")
    assert (one.pearson_interval.low, one.spearman_interval.high) == (None, None)


def test_an_interval_needs_five_systems_since_three_in_a_row_would_look_certain():
    (three,) = beside(systems([1, 2, 4]), systems([1, 3, 4], "x")).correlations
    assert three.pearson_interval.low is None
    (five,) = beside(systems([10, 20, 30, 40, 50]), systems([0, 30, 20, 50, 40], "x")).correlations
    assert -1 <= five.pearson_interval.low < five.pearson < five.pearson_interval.high <= 1


def test_lines_and_constants():
    many = range(12)
    (line,) = beside(systems(many), systems([3 * one + 7 for one in many], "x")).correlations
    assert line.pearson == line.spearman == pytest.approx(1)
    assert line.note == ""
    (flat,) = beside(systems(many), systems([5] * 12, "x")).correlations
    assert (flat.pearson, flat.spearman) == (None, None)


def test_two_systems_have_no_correlation_and_none_is_an_error():
    (two,) = beside(systems([1, 2]), systems([1, 2], "x")).correlations
    assert (two.pearson, two.systems) == (None, 2)
    assert "needs at least 3 systems" in two.note
    with pytest.raises(UserError, match="no system has both kinds of scores"):
        beside({"a": {"jga": 1}}, {"b": {"x": 1}})
    assert beside(systems([1, 2, 3, 4]), systems([1, 2, 3], "x")).left_out == ("s3",)


def test_within_systems_their_means_play_no_part():
    """Hand-worked: system a is right with goals 1 and 2, b with none of what it succeeds in; b is better in all."""
    static = {"a": {"g1": 100, "g2": 100, "g3": 0, "g4": 0}, "b": {"g1": 100, "g2": 90, "g3": 100, "g4": 90}}
    success = {"a": {"g1": 1, "g2": 1, "g3": 0, "g4": 0, "g5": 1}, "b": {"g1": 1, "g2": 1, "g3": 1, "g4": 1}}
    alone = correlation_within("jga", {"a": static["a"]}, success)
    assert (alone.pearson, alone.goals, alone.systems) == (pytest.approx(1), 4, 1)
    # a: 4 pairs (±50, ±0.5), b: (±5, 0): 100 / sqrt((10,000 + 100) * 1)
    both = correlation_within("jga", static, success)
    assert both.pearson == pytest.approx(100 / 10_100**0.5)
    assert (both.goals, both.systems, both.over) == (4, 2, "4 goals, within 2")
    opposite = correlation_within("jga", {"a": {goal: 100 - value for goal, value in static["a"].items()}}, success)
    assert opposite.pearson == pytest.approx(-1)
    none = correlation_within("jga", {"a": {"g1": 1, "g9": 0}}, success)
    assert (none.pearson, none.goals) == (None, 1)
    assert "needs at least 3 goals" in none.note


PLAY = """
name: trackers
corpus: {corpus: simulated, options: {dialogues: {train: 60, dev: 2, test: 25}}}
goals: 20
agents:
  rule: {agent: rule}
  untaught: {agent: trio, dst: {system: rule_match, train: "train[:1]"}}
  taught: {agent: trio, dst: rule_match}
  majority: {agent: trio, dst: majority}
"""


def test_trackers_that_played_are_scored_on_the_recorded_dialogues(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "trackers.yaml").write_text(PLAY, encoding="utf-8")
    config = load_play("trackers.yaml")
    folder = tmp_path / "runs" / "play" / "trackers"
    run_play(config, folder)
    done = CliRunner().invoke(command, ["play", "beside", str(folder)], catch_exceptions=False)
    assert "20 goals, within 3" in done.output
    assert "only on one side, and left out: rule" in done.output
    assert done.output.endswith(f"predictions: {folder / 'recorded'}; their scores: {folder / 'static.json'}\n")
    assert len(list((folder / "recorded").iterdir())) == 3

    # The same numbers as of an experiment with the same dialogues and training.
    corpus = open_corpus("simulated", dialogues={"train": 60, "dev": 2, "test": 25})
    dialogues = list(corpus.dialogues("test"))[:20]
    system = RuleMatch()
    context = FitContext("dst", corpus.schema, 1, tmp_path)
    system.fit(list(corpus.dialogues("train")), [], context)
    system.load(context)
    predictions = list(system.predict("dst", list(turn_inputs(dialogues, "dst"))))
    sheet = score("dst", dialogues, predictions, corpus_name="x", split="test", schema=corpus.schema, draws=0)
    jga = next(one.value for one in sheet if (one.metric, one.slice) == ("jga", None))
    static = static_scores(folder / "static.json")
    assert static["taught"]["jga"] == pytest.approx(jga)
    assert set(static) == {"untaught", "taught", "majority"}

    with pytest.raises(UserError, match="no folder of a play"):
        CliRunner().invoke(command, ["play", "beside", str(tmp_path)], catch_exceptions=False)
    with pytest.raises(UserError, match="no agent with a tracker"):
        beside_trackers(config.model_copy(update={"agents": {"rule": config.agents["rule"]}}), folder)


@pytest.fixture
def tracker(tmp_path):
    """A tracker that is ready, where it plays, and the dialogues that it is asked for, four at once."""
    (tmp_path / "trackers.yaml").write_text(PLAY, encoding="utf-8")
    config = load_play(str(tmp_path / "trackers.yaml"))
    environment, agent = environment_of(config), agent_of(config.agents["taught"], "words")
    stage = stage_of(environment, tmp_path / "models")
    prepare(environment, agent, stage)
    return environment, agent, stage, list(environment.corpus.dialogues("test"))


@pytest.mark.slow
def test_processes_answer_recorded_dialogues_as_one_does(tracker, tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "DIALOGUES", 4)
    environment, agent, stage, dialogues = tracker
    alone, several = (
        recorded_answers(environment, agent, dialogues, tmp_path / name / "taught", stage, workers=workers)
        for name, workers in (("alone", 1), ("several", 2))
    )
    assert alone == several
    turns = list(turn_inputs(dialogues, "dst"))
    assert [(one.dialogue_id, one.turn) for one in alone] == [(one.dialogue_id, one.turn) for one in turns]
    assert [one.state for one in alone] == [one.state for one in agent.tracker.answers("dst", turns)]


def test_no_dialogue_is_answered_twice(tracker, tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "DIALOGUES", 4)
    environment, agent, stage, dialogues = tracker
    asked, real = [], agent.tracker.answers
    failing = {"at": 3}

    def answers(task, inputs):
        if len(asked) == failing["at"]:
            raise KeyboardInterrupt
        asked.append({one.dialogue_id for one in inputs})
        return real(task, inputs)

    monkeypatch.setattr(agent.tracker, "answers", answers)
    path = tmp_path / "recorded" / "taught"
    with pytest.raises(KeyboardInterrupt):
        recorded_answers(environment, agent, dialogues, path, stage)
    failing["at"] = None
    first = recorded_answers(environment, agent, dialogues, path, stage)
    assert sorted(name for some in asked for name in some) == sorted(one.id for one in dialogues)
    assert recorded_answers(environment, agent, dialogues, path, stage) == first
    assert len(asked) == 7
    (kept,) = path.parent.iterdir()
    assert list(read_predictions(kept)) == first
    # Other dialogues are another file.
    assert len(recorded_answers(environment, agent, dialogues[:2], path, stage)) < len(first)
    assert len(list(path.parent.iterdir())) == 2


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for place, success in enumerate([10, 40, 30, None]):
        scores = [{"metric": "episode_success", "group": group, "score": success} for group in ("all", "1 domain")]
        (tmp_path / f"s{place}.scores.json").write_text(json.dumps({"scores": scores}), encoding="utf-8")
    (tmp_path / "static.json").write_text(json.dumps(systems([1, 2, 3, 4])), encoding="utf-8")
    done = CliRunner().invoke(
        command, ["play", "beside", str(tmp_path), str(tmp_path / "static.json")], catch_exceptions=False
    )
    assert done.exit_code == 0
    assert "3 systems are few" in done.output
    assert played_scores(tmp_path)["s3"] == {}
    (tmp_path / "static.json").write_text('{"s0": 3}', encoding="utf-8")
    with pytest.raises(DataError, match="laid out as"):
        static_scores(tmp_path / "static.json")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        static_scores(tmp_path / "missing.json")
    with pytest.raises(UserError, match="has no scores of agents"):
        played_scores(tmp_path / "nowhere")
