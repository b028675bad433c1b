"""The judge's commands against faults of servers, disks and users: what is asked again, what is kept, what is said."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_judge_server import JUDGE, answer, call, fails, place, write_config  # noqa: F401

from fault_server import Fault, FaultServer, faults
from tod_bench.errors import UserError
from tod_bench.judge.comparisons import PairedTest
from tod_bench.judge.config import JudgeConfig, load_judge_config
from tod_bench.judge.drafts import fixed_nonce
from tod_bench.judge.items import Query
from tod_bench.judge.run import default_folder, reparse, report_of, run
from tod_bench.judge.validity import AblationRow, conclusion
from tod_bench.judge.verdicts import Unscored, Verdict, parse_verdict
from tod_bench.llm import ChatFailure

FOLDER = "runs/judge/small_judge-x"
CHILD = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import TinyCorpus
from tod_bench.judge import items
items.open_corpus = lambda name, **options: TinyCorpus(**options)
from tod_bench.cli.main import main
main(sys.argv[1:])
"""


def report(folder):
    return json.loads((folder / "report.json").read_text())


def lines(folder):
    return [json.loads(line) for line in (folder / "judged.jsonl").read_text().splitlines()]


def judge_section(server, **changes):
    limits = {"concurrency": 4, "poll": 0.05}
    return {"model": "judge-x", "base_url": server.base_url, "limits": limits, **changes}


def child(place, *arguments, **options):  # noqa: F811
    command = [sys.executable, "-c", CHILD, *arguments]
    return subprocess.Popen(command, cwd=place, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)


# D1


def test_a_model_that_takes_no_temperature_judges_and_the_signature_says_so(place):  # noqa: F811
    with FaultServer(answer, faults=faults.turned_down("temperature")) as server:
        done = call("likert", write_config(place, server))
        assert done.exit_code == 0, done.output
        assert server.billed == 12
        assert len(server.received) <= 12 + 4
    assert "not sent, since the server does not take it for this model: temperature (12 answers)" in done.output
    assert all("|temperature:server|" in score["signature"] for score in report(place / FOLDER)["scores"])
    assert {tuple(line["attempts"][0]["dropped"]) for line in lines(place / FOLDER)} == {("temperature",)}


def test_no_temperature_is_sent_where_none_is_wanted(place):  # noqa: F811
    extra = {"reasoning_effort": "low"}
    with FaultServer(answer) as server:
        section = judge_section(server, temperature=None, extra=extra, key_variable="MY_KEY", retry={"attempts": 1})
        os.environ["MY_KEY"] = "sk-mine-0123456789"
        try:
            assert call("likert", write_config(place, server, judge=section)).exit_code == 0
        finally:
            del os.environ["MY_KEY"]
        assert not any("temperature" in one.body for one in server.received)
        assert all(one.body["reasoning_effort"] == "low" for one in server.received)
        assert {one.authorization for one in server.received} == {"Bearer sk-mine-0123456789"}
    signature = report(place / FOLDER)["scores"][0]["signature"]
    assert "temperature:server" in signature
    assert 'extra:reasoning_effort="low"' in signature


def test_temperatures_stay_what_they_are_when_a_config_is_stored(make_config):
    for given, sent in ((None, None), ("auto", 0.0), (0.7, 0.7)):
        config = make_config(judge={"model": "m", "temperature": given})
        assert JudgeConfig.model_validate(config.model_dump(mode="json")).temperature == sent
    assert make_config().temperature == 0.0
    assert make_config(protocol="picpersona").temperature is None


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"temprature": 1}, "did you mean 'temperature'"),
        ({"retry": {"atempts": 1}}, "did you mean 'attempts'"),
        ({"retry": {"backoff": [5, 1]}}, "the first and the longest pause"),
        ({"temperature": "hot"}, "a number from 0 to 2, `null`"),
        ({"temperature": 3}, "a number from 0 to 2, `null`"),
        ({"extra": {"temperature": 1}}, "is set by `judge.temperature`"),
        ({"extra": {"api_key": "x"}}, "looks like a secret"),
        ({"extra": {"stream": True}}, "cannot be used"),
        ({"key_variable": "no name"}, "judge.key_variable"),
    ],
)
def test_the_judge_section_is_checked(place, capsys, section, words):  # noqa: F811
    status, message = fails(capsys, "likert", write_config(place, None, judge={"model": "m", **section}))
    assert status == 2
    assert words in message
    assert "has 1 error:" in message


# D2


def test_one_prompt_that_is_turned_down_is_one_unscored_ask(place):  # noqa: F811
    def rejects(received):
        bad = "Your reference is X5." in received.body["messages"][0]["content"]
        return faults.bad_request("Invalid 'messages[0].content'", param="messages[0].content") if bad else None

    with FaultServer(answer, faults=rejects) as server:
        config = write_config(place, server, max_unscored=0.2)
        done = call("likert", config)
        assert done.exit_code == 0, done.output
        assert server.billed == 11
        assert report(place / FOLDER)["provenance"]["unscored"] == {"rejected": 1}
        assert "commonest reason of an unscored query: rejected: HTTP" in done.output
        call("likert", config)
        assert server.billed == 11


# D3


@pytest.mark.parametrize(
    "fault",
    [faults.empty(), faults.refusal(), faults.truncated('{"check'), faults.truncated(""), faults.filtered()],
    ids=["empty", "refused", "cut", "cut before a word", "withheld"],
)
@pytest.mark.parametrize("times", [1, 2])
def test_roles_alternate_whatever_went_before(place, fault, times):  # noqa: F811
    seen = {}

    def strict(received):
        roles = [message["role"] for message in received.body["messages"]]
        if roles != [("user", "assistant")[number % 2] for number in range(len(roles))]:
            return faults.Fault(400, {"message": "Conversation roles must alternate user/assistant/user/assistant/..."})
        item = re.search(r"Your reference is (X\d+)", received.body["messages"][0]["content"])[1]
        seen[item] = seen.get(item, 0) + 1
        return fault if seen[item] <= times else None

    with FaultServer(answer, faults=strict) as server:
        done = call("likert", write_config(place, server))
        assert done.exit_code == 0, done.output
        assert report(place / FOLDER)["provenance"]["unscored"] == {}
        assert report(place / FOLDER)["provenance"]["reasked"] == 12 * times
        assert server.billed == len(server.received) == 12 * (times + 1)
        sent = [json.dumps(one.body) for one in server.received]
        assert len(set(sent)) == len(sent)


# D4


@pytest.mark.parametrize(
    "fault", [faults.refusal(), faults.truncated(), faults.empty(), faults.filtered(), Fault(content="I like it.")]
)
def test_a_replay_gives_the_run_whose_first_answers_failed(place, fault, monkeypatch):  # noqa: F811
    def first_fails(received):
        again = "held no readable verdict" in received.body["messages"][-1]["content"]
        third = int(re.search(r"reference is X(\d+)", received.body["messages"][0]["content"])[1]) % 3 == 0
        return None if again and not third else fault

    with FaultServer(answer, faults=first_fails) as server:
        config = write_config(place, server, max_unscored=1.0)
        assert call("likert", config).exit_code == 0
        first = report(place / FOLDER)
        paid = server.billed
        assert first["unscored_rate"] == pytest.approx(4 / 12)
        again = call("likert", config, "--replay", "--output", "elsewhere")
        assert again.exit_code == 0, again.output
        assert server.billed == len(server.received) == paid
        replayed = report(place / "elsewhere")
        assert replayed["scores"] == first["scores"]
        for name in ("unscored", "reasked", "usage", "commonest_problem"):
            assert replayed["provenance"][name] == first["provenance"][name]
        # the settled part of a run costs nothing in another folder either
        monkeypatch.chdir(place)
        call("likert", config, "--output", "third")
        assert server.billed <= paid + (0 if fault.finish_reason == "length" or fault.refusal else 12 * 3)


def test_an_exported_cache_replays_it_too(place):  # noqa: F811
    from tod_bench.llm import AnswerCache

    with FaultServer(answer, faults=lambda received: faults.refusal() if received.number < 12 else None) as server:
        config = write_config(place, server)
        assert call("likert", config).exit_code == 0
    with AnswerCache(place / "runs/judge/answers.sqlite") as cache:
        cache.export(place / "shared.jsonl")
    done = call("likert", config, "--replay", "--output", "elsewhere", "--cache", "shared.jsonl")
    assert done.exit_code == 0, done.output
    assert report(place / "elsewhere")["scores"] == report(place / FOLDER)["scores"]


# D6

PAIR = Query("d1", ("a", "b"), ("winner",))
DRAFT = '{"check": "kqzxwv", "reason": "r", "factors": [], "winner": "1"}'
LAST = DRAFT.replace('"1"', '"2"')


@pytest.mark.parametrize(
    "broken",
    [
        LAST[:-1] + ",}",
        LAST[:-1],
        LAST.replace('"r"', '"a\nb"'),
        LAST.replace('"r"', '"she said "hi""'),
        LAST.replace('"', "'"),
        LAST.replace('"winner"', "winner"),
        '{"final": ' + LAST + "}",
        LAST.replace('"check"', '"word"'),
        LAST.replace("[]", "[age]"),
        LAST.replace('"2"', "NaN2"),
    ],
)
def test_a_draft_is_not_taken_for_a_broken_last_verdict(broken):
    found = parse_verdict(f"First: {DRAFT}\nOn reflection: {broken}", PAIR, "kqzxwv")
    assert isinstance(found, Unscored)
    assert found.reason == "unreadable"
    whole = parse_verdict(f"First: {broken}\nOn reflection: {LAST}", PAIR, "kqzxwv")
    assert isinstance(whole, Verdict)
    assert whole.values == {"winner": "2"}


def test_the_word_alone_after_a_verdict_is_no_verdict():
    found = parse_verdict(f"{LAST}\nI copied kqzxwv as it stands, (and no more).", PAIR, "kqzxwv")
    assert isinstance(found, Verdict)


# D7, D8


def test_empty_answers_are_asked_again_by_the_next_run(place):  # noqa: F811
    with FaultServer(answer, faults=lambda received: faults.empty() if received.number < 36 else None) as server:
        config = write_config(place, server)
        assert call("likert", config).exit_code == 1
        assert report(place / FOLDER)["provenance"]["unscored"] == {"empty": 12}
        assert server.billed == 36
        assert call("likert", config).exit_code == 0
        assert server.billed == 48
        call("likert", config)
        assert server.billed == 48


def test_a_web_page_in_place_of_every_answer_stops_the_run(place, capsys):  # noqa: F811
    with FaultServer(answer, faults=lambda _: faults.web_page()) as server:
        section = judge_section(server, retry={"attempts": 2, "backoff": [0, 0]})
        config = write_config(place, server, judge=section, corpus={"corpus": "tiny", "options": {"size": 200}})
        status, message = fails(capsys, "likert", config)
        assert status == 2
        assert "is the base URL right?" in message
        assert len(server.received) < 60


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


# D9


def row(persona, falls, question="Q3", tested=True):
    test = PairedTest(question, "own", persona, 1.0 if falls else 0.0, 0.0, 0.0, 0.01, 0.01 if falls else 0.9, 40)
    if not tested:
        test = PairedTest(question, "own", persona, None, None, None, None, None, 0)
    return AblationRow("restyled", persona, test, question in ("Q1", "Q3", "Q5"))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row("shuffled", True), row("blank", True)], "The judge uses the persona: every score"),
        ([row("shuffled", False), row("blank", True)], "does not use the persona, only whether there is one"),
        ([row("shuffled", False), row("blank", False)], "The judge does not use the persona: no score falls"),
        ([row("shuffled", True), row("blank", False)], r"in part: no fall was found for Q3 \(blank\)"),
        ([row("shuffled", True), row("shuffled", False, "Q1")], r"in part: no fall was found for Q1 \(shuffled\)"),
        ([row("shuffled", False), row("shuffled", False, "Q1"), row("blank", True)], "only whether there is one"),
        ([row("blank", True)], "another user's was not tried"),
        ([row("shuffled", True, "Q2")], "nothing is known"),
        ([row("shuffled", False, tested=False), row("blank", True)], "another user's was not tried"),
    ],
)
def test_what_an_audit_concludes(rows, words):
    assert re.search(words, conclusion(rows))


def test_a_judge_that_reacts_to_blank_personas_alone_is_found_out(tiny, make_config, make_client, tmp_path):
    def reacts(request):
        from dataclasses import replace

        text = request.messages[0].content
        if "(nothing is known)" not in text:
            text = re.sub("<impression>.*</impression>", "<impression>a girl, smiling</impression>", text)
        return JUDGE(replace(request, messages=(replace(request.messages[0], content=text),)))

    config = make_config(personas=["own", "shuffled", "blank"], bootstrap={"draws": 2000})
    run(config, tmp_path, make_client(reacts))
    assert "only whether there is one" in (tmp_path / "report.md").read_text()


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


def test_the_commonest_reason_of_failure_is_said(tiny, make_config, make_client, tmp_path):
    def reply(request):
        number = int(request.tag[1:4])
        if number % 4 == 0:
            return ChatFailure("transient", f"HTTP 500: overloaded, request {number} at 12:{number}")
        return ChatFailure("refusal", "No.") if number == 1 else JUDGE(request)

    found = run(make_config(reasks=0), tmp_path, make_client(reply))
    assert found.provenance["unscored"] == {"failed": 10, "refusal": 1}
    assert found.provenance["commonest_problem"].startswith("failed: HTTP 500: overloaded, request …")
    assert found.provenance["commonest_problem"].endswith("(10 of 11)")
    assert "commonest reason of an unscored query: failed" in (tmp_path / "report.md").read_text()


# D10


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
