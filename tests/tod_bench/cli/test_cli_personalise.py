"""``tod-bench personalise`` as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tod_bench.cli.main import command, main
from tod_bench.corpora.picpersona import PicPersona

SOURCE = ["simulated", "-o", "dialogues={train: 4, dev: 2, test: 3}"]


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["personalise", *arguments], catch_exceptions=False)


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path):
    done = typed(*SOURCE, "--output", str(tmp_path / "out"), "--split", "test[:2]", "--dry-run")
    assert done.exit_code == 0
    assert "test: 2 dialogues" in done.stdout
    assert "pairs: 2 rows" in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_what_is_there(tmp_path: Path):
    arguments = [*SOURCE, "--output", str(tmp_path / "out"), "--split", "test[:1]"]
    assert typed(*arguments, "--until", "user").exit_code == 0
    rows = len((tmp_path / "out/stages/user.jsonl").read_text().splitlines())
    assert f"user: {rows} rows, {rows} of them there already" in typed(*arguments, "--dry-run").stdout
    assert "there already" not in typed(*arguments, "--dry-run", "--seed", "1").stdout


def test_a_dry_run_of_a_model_counts_two_requests_a_turn_and_two_a_dialogue(tmp_path: Path):
    model = ["--arm", "llm", "--llm", "model=gpt-4o"]
    done = typed(*SOURCE, "--output", str(tmp_path / "out"), "--split", "test[:2]", "--dry-run", *model)
    assert done.exit_code == 0, done.output
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    turns = int(lines["user"].split()[0])
    asked = [line for line in done.stdout.splitlines() if "requests" in line]
    assert asked[0].startswith(f"user: {turns} requests")
    assert asked[1].startswith(f"system: {turns} requests")
    assert [line.split(" requests")[0] for line in asked[2:]] == ["semantic: 2", "natural: 2"]
    assert "plain texts stand in" in asked[1]
    assert "plain texts stand in" not in asked[0]
    assert lines["all stages"].endswith("USD")
    assert not (tmp_path / "out").exists()


def test_until_a_stage(tmp_path: Path):
    done = typed(*SOURCE, "--output", str(tmp_path / "out"), "--split", "test[:1]", "--until", "pairs")
    assert done.exit_code == 0
    assert "pairs: 1 rows, 1 made now" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--llm", "model=gpt-4o"], "give --arm llm too"),
        (["--split", "train+dev"], "say which it is written into"),
        (["-o", "seeds=1"], "did you mean 'seed'"),
        (["--personas", "no/such"], "there are no personas at no/such"),
    ],
)
def test_what_can_be_typed_wrong_is_one_sentence(tmp_path: Path, capsys, more: list[str], said: str):
    with pytest.raises(SystemExit) as ended:
        main(["personalise", *SOURCE, "--output", str(tmp_path / "out"), *more])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_no_folder_of_ours(tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["personalise", "report", str(tmp_path)])
    assert ended.value.code == 2
    assert "make it with tod-bench personalise" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_way(tmp_path: Path):
    folder = tmp_path / "out"
    done = typed(*SOURCE, "--output", str(folder), "--split", "test", "--planted", "2")
    assert done.exit_code in (0, 1)
    assert {"test.json", "manifest.json", "dropped.jsonl", "report.json", "report.md"} <= {
        path.name for path in folder.iterdir()
    }
    report = json.loads((folder / "report.json").read_text())
    assert report["sound"] is (done.exit_code == 0)
    dropped = len((folder / "dropped.jsonl").read_text().splitlines())
    assert len(list(PicPersona(folder, cache=False).dialogues("test"))) + dropped == 3
    before = (folder / "report.json").read_bytes()
    assert typed("report", str(folder), "--planted", "2").exit_code == done.exit_code
    assert (folder / "report.json").read_bytes() == before
