"""The command line against a server over real sockets: faults, kills, the Batch API, replays, secrets."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from fault_server.faults import Fault, quota_exhausted, rate_limited, wrong_key
from fault_server.server import FaultServer
from tod_bench.cli.main import command, main
from tod_bench.judge.scripted import ScriptedJudge
from tod_bench.llm.records import ChatRequest, Message

KEY = "sk-test-0123456789abcdef"
JUDGE = ScriptedJudge()
CHILD = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import TinyCorpus
from tod_bench.judge import items
items.open_corpus = lambda name, **options: TinyCorpus(**options)
from tod_bench.cli.main import main
main(["judge", "likert", "small.yaml"])
"""


def answer(body):
    messages = tuple(Message(one["role"], one["content"]) for one in body["messages"])
    return JUDGE(ChatRequest(body["model"], messages))


@pytest.fixture
def place(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return tmp_path


def write_config(folder, server, **changes):
    config = {
        "name": "small",
        "task": "likert",
        "corpus": {"corpus": "tiny", "options": {"size": 12}},
        "versions": {"original": {}, "restyled": {"style": "personalised"}},
        "reference": "original",
        "bootstrap": {"draws": 100},
        "judge": {
            "model": "judge-x",
            "base_url": server.base_url if server else None,
            "limits": {"concurrency": 4, "poll": 0.05},
        },
        **changes,
    }
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def call(*arguments):
    return CliRunner().invoke(command, ["judge", *arguments], catch_exceptions=False)


def fails(capsys, *arguments):
    """Exit status and message of a command that a user's mistake stops."""
    with pytest.raises(SystemExit) as stop:
        main(["judge", *arguments])
    return stop.value.code, capsys.readouterr().err


def test_faults_are_ridden_out_and_nothing_is_paid_twice(place):
    faults = [rate_limited(0.05), Fault(raw="{half"), Fault(refusal="I will not.")]
    with FaultServer(answer, faults=faults) as server:
        config = write_config(place, server)
        done = call("likert", config)
        assert done.exit_code == 0, done.output
        assert "returned: judge-x-2024-08-06" in done.output
        report = json.loads((place / "runs/judge/small_judge-x/report.json").read_text())
        assert report["unscored_rate"] == 0
        assert report["provenance"]["reasked"] == 1
        asked = len(server.received)
        assert call("likert", config).exit_code == 0
        assert call("likert", config, "--reparse").exit_code == 0
        assert len(server.received) == asked


def test_an_interrupted_run_costs_nothing_that_was_paid(place):
    with FaultServer(answer, latency=0.1) as server:
        config = write_config(place, server, ask="apart")
        killed = subprocess.Popen([sys.executable, "-c", CHILD], cwd=place, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while server.billed < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        time.sleep(0.3)
        paid = server.billed
        assert 20 <= paid < 60
        assert call("likert", config).exit_code == 0
        # Twelve items and five questions; at most the four that were under way are asked again.
        assert 60 <= server.billed <= 60 + 4


def test_a_replay_needs_no_key_and_no_server(place, monkeypatch):
    with FaultServer(answer) as server:
        config = write_config(place, server)
        assert call("likert", config).exit_code == 0
        first = json.loads((place / "runs/judge/small_judge-x/report.json").read_text())["scores"]
    monkeypatch.delenv("OPENAI_API_KEY")
    again = call("likert", config, "--replay", "--output", "elsewhere")
    assert again.exit_code == 0, again.output
    assert json.loads((place / "elsewhere/report.json").read_text())["scores"] == first
    empty = call("likert", config, "--replay", "--output", "third", "--cache", "empty.sqlite")
    assert empty.exit_code == 1
    assert "100.0% of the verdicts are unscored" in empty.stderr


def test_the_batch_api_gives_the_same_numbers(place, monkeypatch):
    with FaultServer(answer) as server:
        config = write_config(place, server)
        assert call("likert", config, "--output", "one", "--cache", "one.sqlite").exit_code == 0
        asked = len(server.received)
        done = call("likert", config, "--batch", "--output", "two", "--cache", "two.sqlite")
        assert done.exit_code == 0, done.output
        assert len(server.received) == asked
        one, two = (json.loads((place / name / "report.json").read_text())["scores"] for name in ("one", "two"))
        assert one == two


@pytest.mark.parametrize(
    ("fault", "words"), [(quota_exhausted(), "quota"), (wrong_key(KEY), "key")], ids=["no quota", "wrong key"]
)
def test_what_waiting_cannot_mend_stops_at_once_and_the_key_is_nowhere(place, capsys, fault, words):
    with FaultServer(answer, faults=lambda received: fault if received.number >= 5 else None) as server:
        config = write_config(place, server)
        status, message = fails(capsys, "likert", config)
    assert status == 2
    assert words in message
    assert "Traceback" not in message
    assert len(server.received) < 12
    stored = [path for path in place.rglob("*") if path.is_file()]
    assert len(stored) > 3
    assert KEY not in message
    for path in stored:
        assert KEY.encode() not in path.read_bytes(), path


def test_a_dry_run_asks_nothing_and_needs_no_key(place, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    config = write_config(place, None, judge={"model": "gpt-4o"})
    done = call("likert", config, "--dry-run")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("12 requests")
    assert "USD" in done.output


def test_too_much_unscored_exits_with_1_after_everything_is_saved(place):
    with FaultServer(lambda body: "No comment.") as server:
        done = call("likert", write_config(place, server, reasks=0))
    assert done.exit_code == 1
    assert "everything is saved" in done.stderr
    assert len((place / "runs/judge/small_judge-x/judged.jsonl").read_text().splitlines()) == 12
    assert (place / "runs/judge/small_judge-x/report.md").is_file()


def test_the_wrong_verb_for_a_config(place, capsys):
    config = write_config(place, None)
    assert "is a config for `tod-bench judge likert`" in fails(capsys, "pairwise", config)[1]
    status, message = fails(capsys, "likert", config, "repeets=2", "ask=never")
    assert status == 2
    assert "did you mean 'repeats'" in message
    assert "has 2 errors" in message


def test_the_other_verbs(place):
    config = write_config(place, None, judge={"model": "scripted"})
    assert call("audit", config).exit_code == 0
    assert "Persona ablation" in call("report", "runs/judge/small_audit_scripted").output
    item = json.loads((place / "runs/judge/small_audit_scripted/items.json").read_text())["items"][0]["id"]
    assert call("show", item, "--run", "runs/judge/small_audit_scripted").output.count("## ") == 3
    assert call("form", config, "--output", "form.html").output.startswith("form.html: 12 items")
    (place / "ratings.csv").write_text(f"item,question,rater,value\n{item},Q1,ann,3\n{item},Q1,bob,4\n")
    done = call(
        "agreement", "--human", "ratings.csv", "--judge", "runs/judge/small_audit_scripted", "--json", "study.json"
    )
    assert "## Agreement" in done.output
    assert json.loads((place / "study.json").read_text())["raters"] == 2
