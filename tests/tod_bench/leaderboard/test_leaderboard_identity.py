"""Who is listed under which name: copies, look-alikes, namesakes, invisible names and days to come."""

import datetime
import gzip
import json
import shutil

import pytest

from leaderboards import CARD, answers, submit, write_card, write_lines
from tod_bench.errors import UserError
from tod_bench.leaderboard import prepare_submission, read_board, validate_submission, write_site
from tod_bench.leaderboard.card import card_of, folder_name
from tod_bench.leaderboard.digests import task_digest
from tod_bench.leaderboard.ledger import accept_submission
from tod_bench.leaderboard.names import check_name, look_alike
from tod_bench.leaderboard.submission import RefusedError
from tod_bench.predictions import from_json

REAL = {"system": "oracle", "team": "The makers"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "submissions"


def refusals(folder, tracks):
    board = read_board(folder, tracks)
    return board, {one.name: " ".join(one.problems) for one in board.refused}


def test_a_copy_under_another_folder_name_is_refused(folder, tracks):
    real = submit(folder, tracks, 2, **REAL)
    shutil.copytree(real, folder / "zzz-copy")
    board, refused = refusals(folder, tracks)
    assert [entry.submission.name for entry in board.newest_first] == [real.name]
    assert refused == {"zzz-copy": f"its folder must be called {real.name}, which follows from its card"}


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda lines: lines,
        lambda lines: lines[::-1],
        lambda lines: [dict(reversed(line.items())) for line in lines],
        lambda lines: [{**line, "state": {**line["state"], "nowhere": {"slot": "none"}}} for line in lines],
        lambda lines: [json.loads(json.dumps(line).replace("hotel", "Hotel")) for line in lines],
        lambda lines: [
            {
                **line,
                "state": {
                    domain: {slot: f"  {value.upper()} ." for slot, value in reversed(slots.items())}
                    for domain, slots in reversed(line["state"].items())
                },
            }
            for line in lines
        ],
    ],
)
def test_predictions_that_are_listed_already_are_refused(folder, tracks, toy, tmp_path, rewrite):
    real = submit(folder, tracks, 2, **REAL)
    lines = [{key: value for key, value in line.items() if key != "acts"} for line in answers(toy, 2)]
    copied = write_lines(tmp_path / "copy.jsonl", rewrite(lines))
    card = write_card(tmp_path / "card.yaml", system="mine", team="A thief", date="2026-09-01")
    thief = prepare_submission(card, [copied], folder, tracks)
    board, refused = refusals(folder, tracks)
    assert [entry.submission.name for entry in board.newest_first] == [real.name]
    assert refused[thief.name] == f"dst: the predictions are those of {real.name}, which is listed already"


def test_an_accepted_submission_stays_and_a_backdated_copy_gives_way(folder, tracks):
    real = submit(folder, tracks, 2, **REAL)
    thief = submit(folder, tracks, 2, system="mine", team="A thief", date="2020-01-01")
    # Nobody but the keepers of a leaderboard can know which day is true.
    assert set(refusals(folder, tracks)[1]) == {real.name}
    accept_submission(real, tracks)
    assert set(refusals(folder, tracks)[1]) == {thief.name}


def test_digests_tell_answers_apart_that_differ(toy):
    lines = answers(toy, 2)
    turns = {(line["dialogue_id"], line["turn"]): from_json(line) for line in lines}
    found = {task: task_digest(task, turns) for task in ("dst", "policy", "response")}
    assert len(set(found.values())) == 3
    first = dict(lines[1], state={"hotel": {"name": "elsewhere"}})
    changed = {**turns, (first["dialogue_id"], first["turn"]): from_json(first)}
    assert task_digest("dst", changed) != found["dst"]
    assert task_digest("policy", changed) == found["policy"]


@pytest.mark.parametrize("name", ["0racle", "orac1e", "oracIe", "Oracle", "ORACLE"])
def test_names_that_look_like_a_listed_one_are_refused(folder, tracks, name):
    real = submit(folder, tracks, 2, **REAL)
    copy = submit(folder, tracks, 3, system=name, team="Somebody", date="2026-09-01")
    _, refused = refusals(folder, tracks)
    assert refused == {copy.name: f"the system's name {name!r} looks like 'oracle' ({real.name}); choose another"}
    for one in (real, copy):
        accept_submission(one, tracks)
    assert refusals(folder, tracks)[1] == {}


def test_a_team_is_not_imitated_either(folder, tracks):
    submit(folder, tracks, 2, **REAL)
    copy = submit(folder, tracks, 3, system="another", team="The rnakers", date="2026-09-01")
    assert "the team's name 'The rnakers' looks like 'The makers'" in refusals(folder, tracks)[1][copy.name]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oracle", "оracle"),  # Cyrillic o
        ("coco", "сосо"),  # all Cyrillic
        ("PPTOD", "РРТОD"),
        ("a", "α"),
        ("t5-tiny", "t5‐tiny"),
        ("model", "rnodel"),
    ],
)
def test_look_alikes(one, other):
    assert look_alike(one, other)
    assert look_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("t5", "t6"), ("t5-small", "t5-base"), ("same", "same"), ("système", "systeme")]
)
def test_names_that_can_be_told_apart(one, other):
    assert not look_alike(one, other)


@pytest.mark.parametrize(
    "name",
    [
        "оracle",  # Cyrillic o among Latin letters
        "ｏracle",  # full width
        "ﬁne",
        "𝗈racle",
        "a\u0301\u0302\u0303",
        "\u0301a",
        "e\u0301",  # not composed
        "a\u034fb",
        "\u3164",
        "\u2800",
        "a\ufe0f",
        "a\u00adb",
        "a\u200db",
        "\u2066a\u2069",
        "a\U000e0041",
        "a  b",
        "a\u00a0b",
        "...",
        "—",
    ],
)
def test_names_that_are_not_what_they_show_are_refused(name):
    with pytest.raises(UserError, match=r"card.yaml, system: "):
        card_of({**CARD, "system": name}, "card.yaml")
    with pytest.raises(UserError, match=r"card.yaml, team: "):
        card_of({**CARD, "team": name}, "card.yaml")


@pytest.mark.parametrize(
    "name", ["T5 (ours)", "系统", "Модель 2", "נתונים", "Ünïcödé", "α-UMi", "SOLOIST+", "ट्रैकर", "GPT-4o"]
)
def test_names_of_all_scripts_are_accepted(name):
    assert check_name(name) == name


def test_invisible_characters_are_refused_in_every_text():
    for key in ("training_data", "code", "description"):
        with pytest.raises(UserError, match=f"card.yaml, {key}: "):
            card_of({**CARD, key: "a\u034fb"}, "card.yaml")


def test_a_day_to_come_is_refused(tracks, tmp_path):
    later = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=2)
    with pytest.raises(RefusedError, match=f"{later} lies in the future"):
        submit(tmp_path, tracks, 2, date=later.isoformat())
    assert list(tmp_path.glob("sampler-*")) == []
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert validate_submission(submit(tmp_path, tracks, 2, date=today), tracks).card.date.isoformat() == today


@pytest.mark.parametrize("date", [20260301, 1.5, "2026-3-1", "yesterday", "2026-02-30", True, None, 1772323200])
def test_a_date_is_a_day(date):
    with pytest.raises(UserError, match=r"card.yaml, date: "):
        card_of({**CARD, "date": date}, "card.yaml")


def test_a_stranger_does_not_join_the_page_of_a_system(folder, tracks, tmp_path):
    real = submit(folder, tracks, 2, **REAL)
    stranger = submit(folder, tracks, 3, date="2026-09-01", **REAL)
    assert folder_name(validate_submission(stranger, tracks).card) == stranger.name
    board = read_board(folder, tracks)
    pages = {name: [one.submission.name for one in entries] for name, entries in board.systems.items()}
    assert sorted(pages.values()) == sorted([[real.name], [stranger.name]])
    index = write_site(board, tmp_path / "site")
    assert f"not confirmed to be by the makers of {real.name}" in index.read_text(encoding="utf-8")
    (page,) = [name for name, names in pages.items() if names == [real.name]]
    assert stranger.name not in (tmp_path / "site" / "systems" / f"{page}.html").read_text(encoding="utf-8")

    accept_submission(real, tracks)
    accept_submission(stranger, tracks)
    (entries,) = read_board(folder, tracks).systems.values()
    assert [one.submission.name for one in entries] == [real.name, stranger.name]


def test_what_was_accepted_does_not_hold_for_other_predictions(folder, tracks):
    submit(folder, tracks, 2, **REAL)
    other = submit(folder, tracks, 3, date="2026-09-01", **REAL)
    for one in folder.iterdir():
        accept_submission(one, tracks) if one.is_dir() else None
    assert len(read_board(folder, tracks).systems) == 1
    submit(folder, tracks, 5, date="2026-09-01", **REAL)  # in the place of the accepted one
    assert len(read_board(folder, tracks).systems) == 2
    accept_submission(other, tracks)
    assert len(read_board(folder, tracks).systems) == 1


def test_one_name_of_two_teams_is_two_systems(folder, tracks):
    submit(folder, tracks, 2, **REAL)
    submit(folder, tracks, 3, system="oracle", team="Others")
    board, refused = refusals(folder, tracks)
    assert len(board.systems) == 2
    assert refused == {}
    assert not any(entry.namesake for entry in board.newest_first)


@pytest.mark.parametrize(
    "text", ["accepted: 3", "accept: []", "accepted:\n- {submission: a}", "accepted: !!set {}", "a: [", "- b"]
)
def test_a_file_of_decisions_that_cannot_be_read_is_a_sentence(folder, tracks, text):
    folder.mkdir()
    (folder / "maintainers.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"maintainers\.yaml"):
        read_board(folder, tracks)


def test_the_file_of_decisions_is_no_link(folder, tracks, tmp_path):
    folder.mkdir()
    (tmp_path / "elsewhere").write_text("accepted: []", encoding="utf-8")
    (folder / "maintainers.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="it is a link"):
        read_board(folder, tracks)


def test_a_packed_file_says_the_same(folder, tracks, toy):
    real = submit(folder, tracks, 2, **REAL)
    text = gzip.decompress((real / "predictions.jsonl.gz").read_bytes())
    digest = validate_submission(real, tracks).predictions
    (real / "predictions.jsonl.gz").unlink()
    (real / "predictions.jsonl").write_bytes(text)
    assert validate_submission(real, tracks).predictions == digest
