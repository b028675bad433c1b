"""Preparing again: a failure leaves what was there, a success takes its place whole."""

import pytest

from leaderboards import answers, submit, write_card, write_lines
from tod_bench.errors import UserError
from tod_bench.files import replaced_folder
from tod_bench.leaderboard import prepare, prepare_submission, verify_submission


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spoilt(lines, how):
    if how == "uncovered":
        return lines[:-1]
    if how == "unknown":
        return [*lines, {"dialogue_id": "nobody", "turn": 0, "state": {}}]
    if how == "twice":
        return [*lines, lines[0]]
    if how == "no state":
        return [{key: value for key, value in line.items() if key != "state"} for line in lines]
    return [*lines, "no prediction"]


@pytest.mark.parametrize("how", ["uncovered", "unknown", "twice", "no state", "not an object"])
def test_a_failed_preparation_leaves_the_good_submission(tracks, toy, tmp_path, how):
    out = tmp_path / "out"
    good = submit(out, tracks, 2)
    before = contents(out)
    predictions = write_lines(tmp_path / "p.jsonl", spoilt(answers(toy, 3), how))
    with pytest.raises(UserError):
        prepare_submission(write_card(tmp_path / "c.yaml"), [predictions], out, tracks)
    assert contents(out) == before
    assert [path.name for path in out.iterdir()] == [good.name]
    verify_submission(good, tracks)


def test_a_kill_at_any_moment_leaves_a_whole_submission(tracks, tmp_path, monkeypatch):
    """Whatever step fails, the folder is the old submission or the new one, never a part of either."""
    out = tmp_path / "out"
    good = submit(out, tracks, 2)
    before = contents(good)
    for step in ("write_card", "merged", "write_reported", "validate_submission", "computed_scores"):
        with monkeypatch.context() as patch:
            patch.setattr(prepare, step, failing)
            with pytest.raises(KeyboardInterrupt):
                submit(out, tracks, 3)
        assert contents(good) == before
    (out / "predictions.jsonl").unlink()
    (out / "card.yaml").unlink()
    submit(out, tracks, 3)
    assert contents(good) != before
    verify_submission(good, tracks)
    assert [path.name for path in out.iterdir()] == [good.name]


def failing(*_arguments, **_options):
    raise KeyboardInterrupt


def test_the_old_folder_comes_back_where_the_new_one_cannot_be_put(tmp_path, monkeypatch):
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "card.yaml").write_text("old", encoding="utf-8")
    rename = type(folder).rename

    def refusing(path, target):
        if path.name == "one" and path != folder and target == folder:
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(type(folder), "rename", refusing)
    with (
        pytest.raises(UserError, match="could not be written: Permission denied"),
        replaced_folder(folder, replaceable=["card.yaml"]) as draft,
    ):
        (draft / "card.yaml").write_text("new", encoding="utf-8")
    assert contents(tmp_path) == {"one/card.yaml": b"old"}


def test_what_is_no_submission_is_not_replaced(tracks, tmp_path):
    good = submit(tmp_path / "out", tracks, 2)
    (good / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"is there already, and holds 'notes\.txt'; remove it"):
        submit(tmp_path / "out", tracks, 3)
    assert (good / "notes.txt").read_text(encoding="utf-8") == "mine"
    for other in ("file", "link"):
        out = tmp_path / other
        out.mkdir()
        if other == "file":
            (out / good.name).write_text("mine", encoding="utf-8")
        else:
            (out / good.name).symlink_to(good)
        with pytest.raises(UserError, match="is there already, and is not a folder"):
            submit(out, tracks, 3)
    assert (tmp_path / "file" / good.name).read_text(encoding="utf-8") == "mine"
