"""Full disks, kills, Ctrl-C, budgets and folders that were written before: the judge's commands go on from there."""

import json
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from judge_folders import FOLDER, lines
from test_judge_server import JUDGE, answer, call, fails, place, write_config  # noqa: F401

from fault_server import FaultServer
from tod_bench.errors import UserError
from tod_bench.judge.config import load_judge_config
from tod_bench.judge.drafts import fixed_nonce
from tod_bench.judge.run import default_folder, reparse, report_of, run

CHILD = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import TinyCorpus
from tod_bench.judge import items
items.open_corpus = lambda name, **options: TinyCorpus(**options)
from tod_bench.cli.main import main
main(sys.argv[1:])
"""


def child(place, *arguments, **options):  # noqa: F811
    # Without compiled modules: under a limit on the size of files, Python would leave half of one behind.
    command = [sys.executable, "-B", "-c", CHILD, *arguments]
    return subprocess.Popen(command, cwd=place, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)


def test_a_full_disk_is_one_sentence_and_the_command_goes_on(place):  # noqa: F811
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, 16_000))

    config = write_config(place, None, judge={"model": "scripted"}, corpus={"corpus": "tiny", "options": {"size": 40}})
    full = child(place, "judge", "likert", config, preexec_fn=limited)
    _, said = full.communicate(timeout=120)
    assert full.returncode == 2, said
    assert "Traceback" not in said
    assert "make room in" in said
    kept = (place / "runs/judge/small_scripted/judged.jsonl").read_bytes()
    assert kept.endswith(b"\n")
    assert 0 < len(lines(place / "runs/judge/small_scripted")) < 40
    assert call("likert", config).exit_code == 0
    assert (place / "runs/judge/small_scripted/judged.jsonl").read_bytes().startswith(kept)


@pytest.mark.parametrize("limit", [36_000, 120_000])
def test_a_disk_that_fills_while_a_server_answers(place, limit):  # noqa: F811
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with FaultServer(answer) as server:
        changes = {"ask": "apart", "corpus": {"corpus": "tiny", "options": {"size": 40}}}
        config = write_config(place, server, **changes)
        full = child(place, "judge", "likert", config, preexec_fn=limited)
        _, said = full.communicate(timeout=120)
        assert full.returncode == 2, said
        assert "Traceback" not in said
        assert "never awaited" not in said
        assert re.search("free space|make room", said)
        paid = server.billed
        assert call("likert", config).exit_code == 0
        # what was under way when the disk was full is the most that is paid for again
        assert server.billed <= 200 + 4
        assert paid < 200


def test_ctrl_c_says_that_the_same_command_goes_on(place):  # noqa: F811
    with FaultServer(answer, latency=0.1) as server:
        config = write_config(place, server, ask="apart")
        running = child(place, "judge", "likert", config)
        deadline = time.monotonic() + 60
        while server.billed < 8 and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 130, said
        assert "interrupted; finished work is kept, and the same command goes on from there" in said
        assert "Aborted" not in said
        assert "Traceback" not in said
        paid = server.billed
        assert call("likert", config).exit_code == 0
        assert 60 <= server.billed <= 60 + 4
        assert paid < 60


@pytest.mark.parametrize("verb", ["run", "sweep", "score"])
def test_ctrl_c_in_any_verb(verb, monkeypatch):
    from click.testing import CliRunner

    from tod_bench.cli import main

    def interrupted(*_args, **_fields):
        raise KeyboardInterrupt

    monkeypatch.setattr(main.LazyGroup, "resolve_command", interrupted)
    done = CliRunner().invoke(main.command, [verb, "x"])
    assert done.exit_code == 130
    assert "the same command goes on" in done.stderr


def test_a_budget_is_that_of_the_folder_and_outlives_a_kill(place, capsys):  # noqa: F811
    (place / "prices.yaml").write_text("as_of: 2026-01-01\nmodels: {judge-x: {input: 1.0, output: 10.0}}\n")
    arguments = ("--prices", "prices.yaml", "--budget", "0.08")
    with FaultServer(answer, latency=0.05) as server:
        config = write_config(place, server, ask="apart", corpus={"corpus": "tiny", "options": {"size": 40}})
        killed = child(place, "judge", "likert", config, *arguments)
        deadline = time.monotonic() + 60
        while server.billed < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        killed.kill()
        killed.communicate()
        status, message = fails(capsys, "likert", config, *arguments)
        assert status == 2
        assert "by earlier runs" in message
        paid = server.billed
        status, _ = fails(capsys, "likert", config, *arguments)
        assert status == 2
        assert server.billed <= paid + 1
        used = [
            message["usage"] for message in (attempt for line in lines(place / FOLDER) for attempt in line["attempts"])
        ]
        spent = sum(usage["prompt_tokens"] * 1.0 + usage["completion_tokens"] * 10.0 for usage in used) / 1e6
        assert 0.02 < spent <= 0.08
    noted = json.loads((place / FOLDER / "run.json").read_text())["spent"]
    assert [entry.get("killed", False) for entry in noted] == [True, False, False]
    assert sum(entry["requests"] for entry in noted) >= len(used)


def test_a_budget_in_python_is_that_of_the_cache(place):  # noqa: F811
    from tod_bench.judge import Access, open_client

    (place / "prices.yaml").write_text("as_of: 2026-01-01\nmodels: {judge-x: {input: 1.0, output: 10.0}}\n")
    with FaultServer(answer) as server:
        corpus = {"corpus": "tiny", "options": {"size": 40}}
        config = load_judge_config(write_config(place, server, ask="apart", corpus=corpus))
        access = Access(place / "answers.sqlite", budget=0.05, prices=place / "prices.yaml")
        paid = []
        for repeat in range(3):
            changed = config.model_copy(update={"repeats": repeat + 1})
            with pytest.raises(UserError, match=r"The budget of \$0\.05"):
                run(changed, place / f"run{repeat}", open_client(changed, access))
            paid.append(server.billed)
        assert paid[0] > 10
        assert paid[2] <= paid[0] + 2


def test_every_judge_has_a_folder_of_its_own(place, make_config):  # noqa: F811
    def folder(model, **options):
        return default_folder(make_config(judge={"model": model}), **options).as_posix()

    assert folder("gpt-4o") == "runs/judge/tiny_likert_gpt-4o"
    assert folder("gpt-4o", ablation=True) == "runs/judge/tiny_likert_audit_gpt-4o"
    assert folder("org/a b").startswith("runs/judge/tiny_likert_org-a-b-")
    assert len({folder("a/b"), folder("a-b"), folder("a b")}) == 3
    assert ".." not in folder("../../x").split("/")


def test_a_folder_of_an_earlier_version_goes_on(place, make_client):  # noqa: F811
    config = load_judge_config(write_config(place, None, judge={"model": "judge-x"}))
    old = place / "runs/judge/small"
    run(config, old, make_client(JUDGE), draw=fixed_nonce)
    plan = json.loads((old / "run.json").read_text())
    plan["format"] = 1
    plan["config"]["judge"] = {"model": "judge-x", "temperature": None}
    (old / "run.json").write_text(json.dumps(plan))
    written = [
        {**line, "attempts": [{k: v for k, v in one.items() if k != "dropped"} for one in line["attempts"]]}
        for line in lines(old)
    ]
    (old / "judged.jsonl").write_text("".join(json.dumps(line) + "\n" for line in written))
    assert default_folder(config) == Path("runs/judge/small")
    found = report_of(old)
    assert "temperature:0" in str(found.scores[0].signature)
    assert "12 queries carry a check word that a dialogue could foretell" in (old / "report.md").read_text()
    again = make_client(JUDGE)
    run(config, old, again)
    assert not again.asked
    assert reparse(config, old).scores == found.scores


@pytest.mark.parametrize(
    "line", ['{"id": "x"}', "[]", "null", '{"key": 1', '{"key": "k", "ask": {}, "attempts": 3}', "[" * 9999]
)
def test_a_damaged_line_of_the_store_is_one_sentence(tiny, make_config, make_client, tmp_path, line):
    run(make_config(), tmp_path, make_client(JUDGE))
    with (tmp_path / "judged.jsonl").open("a") as file:
        file.write(line + "\n")
    for read in (lambda: report_of(tmp_path), lambda: run(make_config(), tmp_path, make_client(JUDGE))):
        with pytest.raises(UserError, match=r"line 41 is .*; delete the line to ask again"):
            read()
