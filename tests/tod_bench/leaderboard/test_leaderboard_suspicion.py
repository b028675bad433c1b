"""No gold inside: what is too much like gold takes no rank, however it is dressed up; what a tracker does is not."""

import random
from dataclasses import replace

import pytest
from click.testing import CliRunner

from leaderboards import answers, submit, write_card, write_lines
from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.leaderboard import Tracks, prepare_submission, read_board, validate_submission, write_site
from tod_bench.leaderboard.ledger import accept_submission, clear_suspicion
from tod_bench.leaderboard.numbers import to_csv
from tod_bench.leaderboard.suspicion import LIMITS, Likeness, likeness, suspicion
from tod_bench.leaderboard.tracks import Track
from tod_bench.records import Act, Prediction
from tod_bench.tasks import gold_prediction


@pytest.fixture(scope="module")
def track():
    """A track with turns enough, and the limits of every track."""
    options = {"style": "original", "dialogues": {"test": 120}}
    metrics = {"dst": ("jga",), "policy": ("act_f1",), "response": ("bleu",)}
    return Tracks({"big": Track(title="Big", corpus="simulated", options=options, metrics=metrics)}).open("big")


def golden(track):
    return {
        (dialogue.id, turn.index): replace(gold_prediction(dialogue, turn), response=turn.system)
        for dialogue in track.dialogues
        for turn in dialogue.turns
    }


def why(track, task, turns, gold_access=()):
    return suspicion(task, likeness(task, track.dialogues, turns), track.settings.limits(task), gold_access)


def each(track, change):
    """Gold with every prediction changed."""
    return {key: change(key, one) for key, one in golden(track).items()}


def without(state, share, seed):
    """A state that lacks a share of its slots."""
    generator = random.Random(repr(seed))
    return {
        domain: {slot: value for slot, value in slots.items() if generator.random() >= share}
        for domain, slots in state.items()
    }


@pytest.mark.parametrize("task", ["dst", "policy", "response"])
def test_gold_is_suspected_and_declared_gold_is_not(track, task):
    assert "gold" in why(track, task, golden(track))
    assert why(track, task, golden(track), ["gold"]) == ""
    assert "gold" in why(track, task, golden(track), ["previous_state"])


@pytest.mark.parametrize("wrong", [1, 5, 20])
def test_gold_with_a_few_turns_changed_is_suspected(track, wrong):
    turns = golden(track)
    for key in random.Random(wrong).sample(sorted(turns), wrong):
        turns[key] = replace(turns[key], state={}, acts=(), response="")
    for task in ("dst", "policy", "response"):
        assert why(track, task, turns)


def test_case_blanks_and_punctuation_hide_nothing(track):
    def dressed(_key, one):
        state = {
            domain.upper(): {slot: f" {value.upper()}!" for slot, value in slots.items()}
            for domain, slots in one.state.items()
        }
        acts = tuple(replace(act, act=act.act.upper()) for act in reversed(one.acts))
        return replace(one, state=state, acts=acts, response=f"Well,  {one.response.upper()} ...")

    turns = each(track, dressed)
    for task in ("dst", "policy", "response"):
        assert why(track, task, turns)


def test_gold_with_something_added_to_every_turn_is_suspected(track):
    turns = each(
        track,
        lambda _key, one: replace(
            one, state={**one.state, "nowhere": {"slot": "x"}}, acts=(*one.acts, Act("nowhere", "inform", "slot", "x"))
        ),
    )
    found = likeness("dst", track.dialogues, turns)
    assert found.same == 0
    assert found.found_share == 100
    assert "of what gold has is in its states" in why(track, "dst", turns)
    assert "of what gold has is in its acts" in why(track, "policy", turns)


@pytest.mark.parametrize("share", [0.03, 0.1, 0.2, 0.3])
def test_gold_with_errors_strewn_in_is_suspected(track, share):
    turns = each(track, lambda key, one: replace(one, state=without(one.state, share, key)))
    assert why(track, "dst", turns)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_gold_with_whole_turns_spoilt_is_suspected(track, share):
    turns = each(track, lambda key, one: replace(one, state={}) if random.Random(repr(key)).random() < share else one)
    assert "a right state follows a wrong one" in why(track, "dst", turns)


def test_every_second_turn_spoilt_is_suspected(track):
    turns = each(track, lambda key, one: replace(one, state={}) if key[1] % 2 else one)
    assert why(track, "dst", turns)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.3, 0.6])
def test_a_tracker_that_carries_its_errors_on_is_not_suspected(track, share):
    """A slot that is missed once stays missed, as it does in a tracker."""
    turns = each(track, lambda key, one: replace(one, state=missed(one.state, share, key[0])))
    found = likeness("dst", track.dialogues, turns)
    assert found.same_share < 95
    assert found.recovery < LIMITS["dst"].recovery / 2
    assert suspicion("dst", found, LIMITS["dst"].model_copy(update={"found": None})) == ""


def missed(state, share, dialogue):
    return {
        domain: {
            slot: value
            for slot, value in slots.items()
            if random.Random(f"{dialogue} {domain} {slot}").random() >= share
        }
        for domain, slots in state.items()
    }


def test_nothing_is_concluded_from_nothing(track):
    for task in ("dst", "policy", "response"):
        empty = likeness(task, track.dialogues, {})
        assert (empty.same, empty.found, empty.recovery) == (0, 0, 0)
        assert suspicion(task, empty, LIMITS[task]) == ""
        assert suspicion(task, Likeness(), LIMITS[task]) == ""


def test_answers_without_gold_beside_them_do_not_count(track):
    dialogue = track.dialogues[0]
    bare = replace(dialogue, turns=tuple(replace(one, state={}, acts=(), system="Yes.") for one in dialogue.turns))
    turns = {
        (bare.id, one.index): Prediction(bare.id, one.index, state={}, acts=(), response="Yes.") for one in bare.turns
    }
    for task in ("dst", "policy", "response"):
        assert likeness(task, [bare], turns) == Likeness()


def test_a_suspect_takes_no_rank_and_is_listed_apart(tracks, tmp_path):
    folder = tmp_path / "submissions"
    cheat = submit(folder, tracks, 10**6, system="cheat")  # one turn of gold is changed
    submit(folder, tracks, 2, system="honest")
    submit(folder, tracks, 0, system="ceiling", gold_access=["gold"])
    board = read_board(folder, tracks)
    (ranking,) = board.rankings
    assert [entry.card.system for entry in ranking.suspects] == ["cheat"]
    assert [entry.card.system for entry in ranking.ranked] == ["honest"]
    assert cheat.name not in ranking.columns[0].places
    index = write_site(board, tmp_path / "site").read_text(encoding="utf-8")
    assert [entry.card.system for entry in ranking.unranked] == ["ceiling", "cheat"]
    assert (
        index.index(">cheat<") > index.index("Without a rank: shown gold, or under suspicion") > index.index(">honest<")
    )
    assert "98.7% of its states are those of gold; from 95% on, gold is suspected inside." in index
    assert "a ceiling, no rank: shown gold" in index
    line = next(line for line in to_csv(board).splitlines() if ",cheat," in line)
    assert "98.7% of its states" in line

    with pytest.raises(UserError, match="not suspected of gold in its answers to policy"):
        clear_suspicion(cheat, tracks, "policy", "No.")
    with pytest.raises(UserError, match=r"--reason: "):
        clear_suspicion(cheat, tracks, "dst", "two\nlines")
    clear_suspicion(cheat, tracks, "dst", "Run before us on other dialogues.")
    board = read_board(folder, tracks)
    assert board.rankings[0].suspects == ()
    assert board.rankings[0].columns[0].places[cheat.name].rank == "1"
    assert "cleared: Run before us on other dialogues." in write_site(board, tmp_path / "site").read_text(
        encoding="utf-8"
    )


def test_a_clearance_does_not_hold_for_other_predictions(tracks, toy, tmp_path):
    folder = tmp_path / "submissions"
    cheat = submit(folder, tracks, 10**6, system="cheat")
    clear_suspicion(cheat, tracks, "dst", "Run before us on other dialogues.")
    card = write_card(tmp_path / "card.yaml", system="cheat")
    prepare_submission(card, [write_lines(tmp_path / "p.jsonl", answers(toy, 0))], folder, tracks)
    assert len(read_board(folder, tracks).rankings[0].suspects) == 1


def test_the_command_line_accepts_and_clears(tracks, tracks_file, tmp_path):
    cheat = submit(tmp_path, tracks, 10**6, system="cheat")

    def call(*arguments):
        return CliRunner().invoke(command, ["leaderboard", "accept", *arguments, "--tracks", str(tracks_file)])

    assert f"Accepted: {cheat.name}" in call(str(cheat)).output
    assert f"Cleared: dst of {cheat.name}" in call(str(cheat), "--clear", "dst", "--reason", "It is ours.").output
    assert "--clear and --reason belong together" in str(call(str(cheat), "--clear", "dst").exception)
    assert isinstance(call(str(tmp_path / "nothing")).exception, UserError)
    accept_submission(cheat, tracks)
    text = (tmp_path / "maintainers.yaml").read_text(encoding="utf-8")
    assert text.count(validate_submission(cheat, tracks).predictions) == 2
