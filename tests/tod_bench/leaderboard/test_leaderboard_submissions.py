"""Prepare, validate and verify: what is accepted, what is refused with every problem named, and what is reported."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from leaderboards import answers, submit, write_card, write_lines
from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.leaderboard import prepare_submission, validate_submission, verify_submission
from tod_bench.leaderboard.answers import BIGGEST_FILE, LONGEST_TEXT
from tod_bench.leaderboard.card import BIGGEST_CARD
from tod_bench.leaderboard.prepare import run_predictions
from tod_bench.leaderboard.submission import RefusedError
from tod_bench.scoring import score


def problems(folder, tracks, check=validate_submission):
    with pytest.raises(RefusedError) as raised:
        check(folder, tracks)
    return raised.value.problems


def lines_of(folder):
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_prepared_submission_is_valid_and_verified(prepared, tracks, toy):
    assert {path.name for path in prepared.iterdir()} == {"card.yaml", "predictions.jsonl.gz", "scores.json"}
    found = validate_submission(prepared, tracks)
    assert len(found.turns) == toy.turns
    assert found.suspicions == {}
    assert all(one.acts is None for one in found.turns.values())  # the card names dst alone
    entry = verify_submission(prepared, tracks)
    jga = entry.scores["dst"][0]
    # Every second turn is given a slot too many, which no gold state has.
    assert jga.value == pytest.approx(100 * (toy.turns // 2) / toy.turns)
    assert jga.low < jga.value < jga.high
    direct = score(
        "dst",
        toy.dialogues,
        found.turns,
        corpus_name="simulated1",
        split="test",
        schema=toy.corpus.schema,
        metrics=["jga", "jga@trade", "slot_f1"],
        draws=60,
    )
    assert entry.scores["dst"] == direct


def test_the_same_predictions_give_the_same_bytes(prepared, tracks, tmp_path):
    again = submit(tmp_path, tracks, 2)
    for name in ("card.yaml", "predictions.jsonl.gz", "scores.json"):
        assert (again / name).read_bytes() == (prepared / name).read_bytes()


def test_files_of_two_tasks_become_one_submission(tracks, toy, tmp_path):
    states = [{key: value for key, value in line.items() if key != "acts"} for line in answers(toy, 2)]
    acts = [{key: value for key, value in line.items() if key != "state"} for line in answers(toy, 2)]
    acts = [{**line, "raw": {"policy": "x"}, "notes": {"a": 1}} for line in acts]
    files = [write_lines(tmp_path / "s.jsonl", states), write_lines(tmp_path / "a.jsonl", acts)]
    folder = prepare_submission(write_card(tmp_path / "c.yaml", tasks=["dst", "policy"]), files, tmp_path, tracks)
    entry = verify_submission(folder, tracks)
    assert entry.scores["policy"][0].value == 100
    assert not any(one.raw or one.notes for one in entry.submission.turns.values())
    with pytest.raises(UserError, match="another file has a state for this turn"):
        prepare_submission(tmp_path / "c.yaml", [files[0], files[0]], tmp_path, tracks)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "turn": 0, "state": {}}', "the key 'turn' is given twice"),
        ('{"dialogue_id": "sim-test-00000", "turn": NaN}', "NaN is no number"),
        ('{"dialogue_id": "sim-test-00000", "turn": 1e999}', "too big"),
        ('{"dialogue_id": "sim-test-00000", "turn": true}', "turn: True is not of type 'integer'"),
        ('{"dialogue_id": "sim-test-00000", "turn": -1}', "turn: -1 is less than the minimum"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "gold": {}}', "'gold' was unexpected"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "notes": {}}', "'notes' was unexpected"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "raw": {"dst": "x"}}', "'raw' was unexpected"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "state": {"hotel": {"name": 1}}}', "1 is not of type 'string'"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "state": ' + '{"a":' * 5000, "nested more than 8 levels"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "state": {"' + "a" * 201 + '": {}}}', "is too long"),
        ('{"dialogue_id": "../../etc/passwd", "turn": 0, "state": {}}', "is no turn of the split"),
        ('{"dialogue_id": "sim-train-00000", "turn": 0, "state": {}}', "is no turn of the split"),
        ('{"dialogue_id": "sim-test-00000", "turn": 99, "state": {}}', "is no turn of the split"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0, "state": {}}', "is given twice"),
        ('{"dialogue_id": "sim-test-00000", "turn": 0.0, "state": {}}', "is given twice"),
        ("[1, 2]", "is not of type 'object'"),
        ("no json", "not JSON"),
    ],
)
def test_lines_that_are_refused(submission, tracks, toy, line, reason):
    with (submission / "predictions.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    found = problems(submission, tracks)
    assert len(found) == 1
    assert found[0].startswith(f"predictions.jsonl: line {toy.turns + 1}")
    assert reason in found[0]


def test_long_texts_are_refused(submission, tracks):
    lines = lines_of(submission)
    lines[0]["state"]["hotel"] = {"name": "x" * (LONGEST_TEXT + 1)}
    write_lines(submission / "predictions.jsonl", lines)
    assert [one for one in problems(submission, tracks) if "state.hotel.name" in one and "is too long" in one]


def test_every_problem_is_named_at_once(submission, tracks, toy):
    lines = lines_of(submission)
    del lines[3]["state"]
    strange = [{"dialogue_id": "nobody", "turn": number, "state": {}} for number in range(20)]
    write_lines(submission / "predictions.jsonl", [*lines[:-2], lines[0], *strange])
    (submission / "run.sh").write_text("echo", encoding="utf-8")
    assert problems(submission, tracks) == ("'run.sh' does not belong to a submission",)
    (submission / "run.sh").unlink()
    (submission / "scores.json").write_text("{}", encoding="utf-8")
    found = problems(submission, tracks)
    assert any(one.startswith("scores.json, corpus: Field required") for one in found)
    assert sum("is no turn of the split" in one for one in found) == 8
    assert "predictions.jsonl: and 12 more of this kind" in found
    assert any("is given twice" in one for one in found)
    first = f"dialogue {lines[3]['dialogue_id']}, turn {lines[3]['turn']}"
    assert f"dst: 3 of {toy.turns} turns have no predicted state, the first in {first}" in found


def test_a_huge_file_is_not_opened(submission, tracks):
    with (submission / "predictions.jsonl").open("r+b") as file:
        file.truncate(BIGGEST_FILE + 1)
    assert f"at most {BIGGEST_FILE:,} are accepted" in problems(submission, tracks)[0]
    with (submission / "card.yaml").open("r+b") as file:
        file.truncate(BIGGEST_CARD + 1)
    assert f"card.yaml has {BIGGEST_CARD + 1:,} bytes; at most {BIGGEST_CARD:,} are accepted" in problems(
        submission, tracks
    )


def test_problems_cannot_steer_a_terminal(submission, tracks):
    lines = lines_of(submission)
    lines[0]["state"]["\x1b[31m\u202e"] = {"name": 1}
    write_lines(submission / "predictions.jsonl", lines)
    found = problems(submission, tracks)
    assert all(one.isprintable() for one in found)
    assert any(r"\x1b[31m\u202e" in one for one in found)
    hidden = submission.with_name("a\x1b[31m")
    submission.rename(hidden)
    with pytest.raises(RefusedError) as raised:
        validate_submission(hidden, tracks)
    assert str(raised.value).startswith(r"a\x1b[31m cannot be accepted")


@pytest.mark.parametrize("filler", ['{"dialogue_id": "nobody", "turn": 0}\n', "\n"])
def test_a_file_without_end_is_not_read_to_its_end(submission, tracks, toy, filler):
    with (submission / "predictions.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(filler for _ in range(5 * toy.turns))
    assert any("give each turn once" in one for one in problems(submission, tracks))


def test_folders_that_are_refused(submission, tracks, tmp_path):
    assert problems(tmp_path / "nothing", tracks) == ("it is not a folder",)
    (tmp_path / "link").symlink_to(submission)
    assert problems(tmp_path / "link", tracks) == ("it is not a folder",)
    for name in ("Loud", "a..b", "-x", "a b", "x" * 121):
        shutil.copytree(submission, tmp_path / name)
        assert "the name of its folder may hold" in problems(tmp_path / name, tracks)[0]
    odd = tmp_path / "odd"
    odd.mkdir()
    os.mkfifo(odd / "card.yaml")
    (odd / "scores.json").symlink_to(submission / "scores.json")
    (odd / "predictions.zip").write_bytes(b"PK")
    (odd / "predictions.jsonl").mkdir()
    assert problems(odd, tracks) == (
        "card.yaml is not a regular file",
        "predictions.jsonl is not a regular file",
        "'predictions.zip' does not belong to a submission",
        "scores.json is not a regular file",
    )


def test_links_to_files_outside_are_refused(submission, tracks):
    path = submission / "predictions.jsonl"
    secret = submission.parent / "secret.jsonl"
    path.rename(secret)
    path.symlink_to(secret)
    assert problems(submission, tracks) == ("predictions.jsonl is not a regular file",)


def test_missing_and_doubled_files_are_named(submission, tracks):
    (submission / "predictions.jsonl.gz").write_bytes(b"")
    (submission / "card.yaml").unlink()
    assert problems(submission, tracks) == (
        "card.yaml is missing",
        "give either predictions.jsonl.gz or predictions.jsonl (where the track is played: episodes.jsonl.gz or "
        "episodes.jsonl)",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"track": "tois"}, "there is no track 'tois'"),
        ({"tasks": ["response"]}, "the track toy has no task response"),
        ({"link": "javascript:alert(1)"}, "card.yaml, link: a link begins with https:// or http://"),
    ],
)
def test_cards_that_are_refused(submission, tracks, changes, reason):
    write_card(submission / "card.yaml", **changes)
    assert any(reason in one for one in problems(submission, tracks))


def report(folder: Path, change) -> None:
    path = folder / "scores.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def test_every_number_that_is_reported_wrongly_is_named(submission, tracks):
    def change(value):
        first, second, third = (value["scores"]["dst"][place] for place in (0, 1, 2))
        first["value"] += 0.001
        first["high"] = 99.0
        second["signature"] = second["signature"].replace("none:", "nothing:")
        third["metric"] = "made_up"

    report(submission, change)
    found = problems(submission, tracks, verify_submission)
    assert len(found) == 5
    assert found[0].startswith("dst, made_up@tod_bench: reported, and no number of this track")
    assert found[1] == "dst, slot_f1@tod_bench: not reported"
    assert found[2].startswith("dst, jga@tod_bench: value reported as ")
    assert found[3].startswith("dst, jga@tod_bench: upper end reported as 99, computed as ")
    assert found[4].startswith("dst, jga@trade: reported under jga|corpus:simulated1|")


def test_scores_over_other_data_say_so(submission, tracks):
    report(submission, lambda value: value.update(fingerprint="0" * 64))
    assert verify_submission(submission, tracks).submission.reported.fingerprint == "0" * 64
    report(submission, lambda value: value["scores"]["dst"][0].update(n=1))
    found = problems(submission, tracks, verify_submission)
    assert found[0] == "the scores are over other data than simulated1 here (another fingerprint)"
    assert found[1].startswith("dst, jga@tod_bench: n reported as 1, computed as ")


def test_reported_scores_are_held_against_predictions_that_changed(submission, tracks):
    lines = lines_of(submission)
    right = next(line for number, line in enumerate(lines) if number % 2)
    right["state"] = {"hotel": {"name": "nowhere"}}
    write_lines(submission / "predictions.jsonl", lines)
    assert any(
        one.startswith("dst, jga@tod_bench: value reported as ")
        for one in problems(submission, tracks, verify_submission)
    )


@pytest.mark.parametrize(
    "text",
    ['{"corpus": NaN}', "[" * 5000, "x", '{"corpus": "a", "fingerprint": "b", "scores": {"dst": [{"value": "1"}]}}'],
)
def test_reported_scores_that_are_refused(submission, tracks, text):
    (submission / "scores.json").write_text(text, encoding="utf-8")
    assert problems(submission, tracks)[0].startswith("scores.json")


def test_two_metrics_under_one_name_are_not_one(submission, tracks):
    report(submission, lambda value: value["scores"]["dst"].append(value["scores"]["dst"][0]))
    assert problems(submission, tracks, verify_submission) == ("dst: 1 numbers are reported twice",)


def test_the_command_line_names_every_problem_and_exits_with_2(submission, tracks_file, prepared):
    def call(*arguments):
        return CliRunner().invoke(command, ["submit", *arguments, "--tracks", str(tracks_file)])

    done = call("verify", str(prepared))
    assert done.exit_code == 0
    assert "is verified: all 8 numbers are as reported" in done.output  # slot F1 of five domains, too
    report(submission, lambda value: value["scores"]["dst"][0].update(value=50.5, low=None))
    done = call("verify", str(submission))
    assert isinstance(done.exception, UserError)
    assert f"{submission.name} cannot be accepted, 2 problems:" in str(done.exception)
    done = call("prepare", "--card", "c.yaml")
    assert str(done.exception) == "give either prediction files or --config"


def test_warnings_are_printed_beside_the_verdict(tracks, tracks_file, tmp_path):
    folder = submit(tmp_path, tracks, 0)
    for verb in ("validate", "verify"):
        done = CliRunner().invoke(command, ["submit", verb, str(folder), "--tracks", str(tracks_file)])
        assert done.exit_code == 0
        assert "Warning: dst: 100.0% of its states are those of gold" in done.output


def test_predictions_of_a_finished_run(tracks, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {
        "name": "floor",
        "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"test": 12}}}},
        "systems": {"oracle": {"system": "oracle"}},
        "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}},
        "bootstrap": {"draws": 10},
    }
    Path("floor.yaml").write_text(json.dumps(config), encoding="utf-8")
    assert CliRunner().invoke(command, ["run", "floor.yaml", "--quiet"]).exit_code == 0
    files = run_predictions("floor", Path("runs"), "oracle", "plain")
    assert len(files) == 2
    card = write_card(tmp_path / "c.yaml", tasks=["dst", "policy"], gold_access=["gold"])
    folder = prepare_submission(card, files, tmp_path / "out", tracks)
    assert [verify_submission(folder, tracks).scores[task][0].value for task in ("dst", "policy")] == [100, 100]
    with pytest.raises(UserError, match="no finished predictions of majority on plain"):
        run_predictions("floor", Path("runs"), "majority", "plain")
    with pytest.raises(UserError, match="no finished predictions of oracle on plain"):
        run_predictions("floor", Path("runs"), "oracle", "plain", seed=7)
