"""The judge's commands against faults of servers: what is asked again, what is kept, what is said."""

import json
import os
import re

import pytest
from judge_folders import FOLDER, judge_section, lines, report
from test_judge_server import JUDGE, answer, call, fails, place, write_config  # noqa: F401

from fault_server import Fault, FaultServer, faults
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.run import run
from tod_bench.llm import ChatFailure


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
