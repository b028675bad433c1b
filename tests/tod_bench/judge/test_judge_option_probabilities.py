"""Probabilities of a question's answers from the tokens that a server lists, and the numbers that rest on them."""

import math
import re

import pytest
from pydantic import ValidationError

from fault_server import FaultServer
from fault_server.faults import Fault
from tod_bench.judge.items import Query
from tod_bench.judge.markdown import markdown
from tod_bench.judge.option_probabilities import option_probabilities
from tod_bench.judge.own_questions import QuestionFile
from tod_bench.judge.run import reparse, report_of, run
from tod_bench.judge.store import read_judged
from tod_bench.llm.openai_client import OpenAIClient
from tod_bench.llm.records import ChatAnswer

NONCE = "bcdfghjk"
START = f'{{"check": "{NONCE}", "reason": "so", "experience":'
QUERY = Query("d1", ("a", "b"), ("Q5",))


def answer(tokens, start=START):
    """An answer: what comes first as one sure token, then (token, {token: probability}) one after the other."""
    logprobs, listed = [(start, 0.0)], [((start, 0.0),)]
    for token, others in tokens:
        logprobs.append((token, math.log(others[token])))
        listed.append(tuple((other, math.log(mass)) for other, mass in others.items()))
    text = "".join(token for token, _ in logprobs)
    return ChatAnswer(text, "stop", "m", "", None, 0.0, logprobs=tuple(logprobs), top_logprobs=tuple(listed))


SURE = ("}", {"}": 1.0})


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        pytest.param([(" 3", {" 3": 0.6, " 4": 0.3, " 2": 0.1}), SURE], (0, 0.1, 0.6, 0.3), id="one token"),
        pytest.param(
            [(" ", {" ": 0.5, "4": 0.5}), ("3", {"3": 0.8, "2": 0.2}), SURE],
            (0, 0.1, 0.4, 0.5),
            id="an answer that another token would have begun",
        ),
        pytest.param([(" 3", {" 3": 0.4, "3": 0.2, "\n3": 0.2, " 1": 0.2}), SURE], (0.2, 0, 0.8, 0), id="spellings"),
        pytest.param([(" 3}", {" 3}": 0.5, " 1": 0.25, " 2,": 0.25})], (0.25, 0.25, 0.5, 0), id="longer tokens"),
        pytest.param([(' "3"', {' "3"': 0.5, ' "1': 0.5}), SURE], (0.5, 0, 0.5, 0), id="quoted"),
        pytest.param(
            [(" 3", {" 3": 0.006, " 4": 0.002, " many": 0.991, " x": 0.00001}), SURE],
            (0, 0, 0.75, 0.25),
            id="what is no answer does not count, as where a schema forbids it",
        ),
        pytest.param([(" 3", {" 3": 0.9, " 10": 0.1}), SURE], (0, 0, 1, 0), id="10 is not 1"),
        pytest.param([(" 3", {" 3": 0.5}), SURE], None, id="half is not listed"),
        pytest.param([(" 3", {" 3": 0.97}), SURE], (0, 0, 1, 0), id="little is not listed"),
    ],
)
def test_the_probability_of_every_point(tokens, expected):
    found = option_probabilities(answer(tokens), QUERY, NONCE)
    if expected is None:
        assert found == {}
    else:
        assert found == {"Q5": pytest.approx(dict(zip("1234", expected, strict=True)))}


def labels(*words):
    file = QuestionFile.model_validate(
        {
            "name": "tones",
            "instruction": "Say.",
            "questions": {"tone": {"text": f"{words}?", "scale": dict.fromkeys(words, "")}},
        }
    )
    return file, Query("d1", ("a",), file.asked())


def test_a_label_of_several_tokens_is_told_by_the_one_that_tells_it():
    _, query = labels("positive", "possible", "none")
    start = f'{{"check": "{NONCE}", "reason": "😀", "tone":'
    told = [
        (' "', {' "': 1.0}),
        ("pos", {"pos": 0.8, "none": 0.2}),
        ("itive", {"itive": 0.5, "sible": 0.5}),
        ('"}', {'"}': 1.0}),
    ]
    (shares,) = option_probabilities(answer(told, start), query, NONCE).values()
    assert shares == pytest.approx({"positive": 0.4, "possible": 0.4, "none": 0.2})
    # Off the way that the answer took, the beginning of two labels is neither's.
    untold = [(' "', {' "': 1.0}), ("none", {"none": 0.8, "pos": 0.2}), ('"}', {'"}': 1.0})]
    assert option_probabilities(answer(untold, start), query, NONCE) == {}


def test_points_that_begin_alike_and_a_pattern_at_the_end():
    file = QuestionFile.model_validate(
        {
            "name": "tens",
            "instruction": "Say.",
            "form": "[RESULT] points",
            "questions": {
                "tens": {"text": "?", "scale": dict.fromkeys(range(11), ""), "pattern": r"\[RESULT\]\s*(\d+)"}
            },
        }
    )
    query = Query("d1", ("a",), file.asked())
    ten = answer([("1", {"1": 0.9, "9": 0.1}), ("0", {"0": 0.75, "<|im_end|>": 0.25})], "[RESULT] 7, no: [RESULT] ")
    (shares,) = option_probabilities(ten, query, "", file).values()
    assert (shares["10"], shares["1"], shares["9"]) == pytest.approx((0.675, 0.225, 0.1))
    one = answer([("1", {"1": 0.9, "9": 0.1})], "[RESULT] ")
    (shares,) = option_probabilities(one, query, "", file).values()
    assert (shares["1"], shares["9"], shares["10"]) == pytest.approx((0.9, 0.1, 0))


def test_tokens_that_do_not_spell_the_answer_give_nothing():
    whole = answer([(" 3", {" 3": 0.6, " 4": 0.4}), SURE])
    broken = ChatAnswer(
        whole.text + "!", "stop", "m", "", None, 0.0, logprobs=whole.logprobs, top_logprobs=whole.top_logprobs
    )
    assert option_probabilities(broken, QUERY, NONCE) == {}
    # A picture is several tokens, which servers show as nothing; what comes after it can be read all the same.
    start = START.replace("so", "😀")
    read = ChatAnswer(
        *(start + " 3}", "stop", "m", "", None, 0.0),
        logprobs=((start.replace("😀", "")[:40], 0.0), (start[-14:], 0.0), (" 3}", math.log(0.6))),
        top_logprobs=((("", 0.0),), (("", 0.0),), ((" 3}", math.log(0.6)), (" 4}", math.log(0.4)))),
    )
    assert option_probabilities(read, QUERY, NONCE)["Q5"]["3"] == pytest.approx(0.6)
    assert option_probabilities(read, QUERY, "another") == {}


def verdict_start(prompt):
    check = re.findall(r'"check": "(\w+)"', prompt)[-1]
    return f'{{"check": "{check}", "reason": "", "experience":'


@pytest.fixture
def weighing(make_client):
    """A judge that says 3 with probability 0.6, and 4 with 0.4."""

    def judge(request):
        return answer([(" 3", {" 3": 0.6, " 4": 0.4}), SURE], verdict_start(request.messages[0].content))

    return make_client(judge)


def config_of(make_config, **judge):
    return make_config(questions=["Q5"], sample={"items": 8}, judge={"model": "judge-x", "top_logprobs": 5, **judge})


def test_expected_points_stand_beside_chosen_ones(tiny, make_config, weighing, tmp_path):
    report = run(config_of(make_config), tmp_path, weighing)
    assert weighing.asked[0].extra == {"logprobs": True, "top_logprobs": 5}
    chosen, expected = report.row("likert_experience"), report.row("likert_expected_experience")
    assert chosen.score.value == 3.0
    assert expected.score.value == pytest.approx(3.4)
    assert expected.score.signature.metric == "likert_expected"
    assert (expected.score.n, expected.count("unscored")) == (8, 0)
    assert report.row("likert_expected_experience", group="senior").score.n == 2
    assert "expected points" in markdown(report)
    assert "no probabilities" not in markdown(report)
    assert report.to_json()["expected"][0]["value"] == pytest.approx(3.4)
    # From what is stored, with and without reading the answers again.
    assert report_of(tmp_path).row("likert_expected_experience").score.value == pytest.approx(3.4)
    assert reparse(config_of(make_config), tmp_path).row("likert_expected_experience").score.value == pytest.approx(3.4)


def test_a_server_that_lists_nothing_is_named_once_and_chosen_points_stay(tiny, make_config, make_client, tmp_path):
    client = make_client(lambda request: verdict_start(request.messages[0].content) + " 3}")
    report = run(config_of(make_config), tmp_path, client)
    assert report.row("likert_experience").score.value == 3.0
    assert {row.metric.name for row in report.rows} == {"likert_experience"}
    assert markdown(report).count("8 of 8 answers have no probabilities") == 1


def test_own_questions_have_expected_points_and_probabilities(tiny, make_config, make_client, tmp_path):
    file = {
        "name": "courtesy",
        "instruction": "Judge.",
        "questions": {
            "courtesy": {"text": "How courteous?", "scale": {1: "rude", 2: "polite"}},
            "tone": {"text": "Which tone?", "scale": {"warm": "", "cold": ""}},
        },
    }

    def judge(request):
        check = re.findall(r'"check": "(\w+)"', request.messages[0].content)[-1]
        tokens = [
            (" 2", {" 2": 0.75, " 1": 0.25}),
            (', "tone": "', {', "tone": "': 1.0}),
            ("warm", {"warm": 0.9, "cold": 0.1}),
            ('"}', {'"}': 1.0}),
        ]
        return answer(tokens, f'{{"check": "{check}", "reason": "", "courtesy":')

    config = make_config(
        "questions", question_file=file, sample={"items": 8}, judge={"model": "judge-x", "top_logprobs": 5}
    )
    report = run(config, tmp_path, make_client(judge))
    assert report.row("own_courtesy").score.value == 2.0
    assert report.row("own_expected_courtesy").score.value == pytest.approx(1.75)
    assert report.row("own_tone_cold").score.value == 0.0
    assert report.row("own_expected_tone_cold").score.value == pytest.approx(10.0)
    assert report.row("own_expected_tone_cold").score.signature.metric == "own_expected_share"
    assert "| tone cold by probabilities | original | together | 8 | 10.00" in markdown(report)


def test_probabilities_come_over_the_wire_and_from_the_cache(tiny, make_config, monkeypatch, tmp_path):
    """A server's own JSON, with the token that ends the answer, as vLLM lists it; then the cache alone."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def reply(request):
        start = verdict_start(request.body["messages"][0]["content"])
        content = [entry(start), entry(" 3", {" 3": 0.6, " 4": 0.4}), entry("}"), entry("<|im_end|>")]
        choice = {"message": {"content": start + " 3}"}, "finish_reason": "stop", "logprobs": {"content": content}}
        return Fault(fields={"choices": [choice]})

    config = config_of(make_config)
    with FaultServer(faults=reply) as server:
        clients = (OpenAIClient(server.base_url, cache=tmp_path / "answers.sqlite") for _ in range(2))
        first, again = (run(config, tmp_path / name, next(clients)) for name in ("first", "again"))
        assert server.received[0].body["top_logprobs"] == 5
        assert len(server.received) == 8
    for report in (first, again):
        assert report.row("likert_expected_experience").score.value == pytest.approx(3.4)
    assert all(len(judged.attempts) == 1 for judged in read_judged(tmp_path / "again"))


def entry(token, others=None):
    listed = [{"token": other, "logprob": math.log(mass)} for other, mass in (others or {token: 1.0}).items()]
    return {**next(one for one in listed if one["token"] == token), "top_logprobs": listed}


def test_a_server_that_refuses_log_probabilities_is_asked_without(tiny, make_config, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def reply(request):
        if "logprobs" in request.body:
            return Fault(400, {"message": "logprobs is not supported with this model", "param": "logprobs"})
        start = verdict_start(request.body["messages"][0]["content"])
        return Fault(fields={"choices": [{"message": {"content": start + " 3}"}, "finish_reason": "stop"}]})

    with FaultServer(faults=reply) as server:
        client = OpenAIClient(server.base_url, cache=tmp_path / "answers.sqlite")
        report = run(config_of(make_config), tmp_path / "run", client)
    assert report.row("likert_experience").score.value == 3.0
    assert "logprobs" in report.row("likert_experience").score.signature.options["left_out"]
    assert "8 of 8 answers have no probabilities" in markdown(report)


@pytest.mark.parametrize(("task", "more"), [("pairwise", {}), ("emotions", {}), ("likert", {"protocol": "picpersona"})])
def test_where_there_are_no_probabilities_the_setting_is_refused(make_config, task, more):
    with pytest.raises(ValidationError, match=r"log-probabilities|top_logprobs"):
        make_config(task, judge={"model": "judge-x", "top_logprobs": 5}, **more)
