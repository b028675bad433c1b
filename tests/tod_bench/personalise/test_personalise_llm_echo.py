"""The arm with the protected values of the rules: what is echoed is taken, and what drops a value is not."""

import random
from itertools import islice

import pytest
from llm_arm_support import PERSONA, Rules

from tod_bench.corpora.base import open_corpus
from tod_bench.llm import ScriptedClient
from tod_bench.personalise.llm_arm import open_llm_arm
from tod_bench.personalise.llm_options import StyleModel
from tod_bench.personalise.styling import SystemRequest, UserRequest

pytest.importorskip("jinja2")
values = pytest.importorskip("tod_bench.personalise.protected")


def requests_of(dialogues):
    for dialogue in islice(open_corpus("simulated").dialogues("test"), dialogues):
        before = None
        for turn in dialogue.turns:
            key = f"test/{dialogue.id}/{turn.index}"
            rest = (PERSONA, "neutral", "middle")
            kept = values.protected_values(turn, "user", before)
            yield UserRequest(key, turn.user, "", *rest, turn.user_acts, kept)
            kept = values.protected_values(turn, "system", before)
            yield SystemRequest(key, turn.system, turn.user, "", *rest, turn.acts, kept)
            before = turn


def restyled(requests, answer, **fields):
    arm = open_llm_arm(StyleModel(model="m", **fields), ScriptedClient(answer), Rules(), values.find_lost)
    for request in requests:
        yield from (arm.user if isinstance(request, UserRequest) else arm.system)([request])


@pytest.mark.parametrize("masked", [True, False])
def test_an_echo_is_taken(masked):
    def echo(request):
        return request.messages[-1].content.removeprefix("Rewrite: ")

    made = list(restyled(requests_of(10), echo, masked=masked))
    assert len(made) > 80
    assert [styled.fallback for _, styled in made if styled.fallback] == []
    assert all(styled.text == " ".join(request.text.split()) for request, styled in made)


def test_an_answer_without_one_of_the_values_is_not_taken():
    chance = random.Random(0)
    with_values = [
        request
        for request in requests_of(10)
        if any(one.kind != "polarity" and request.text.count(one.text) == 1 for one in request.protected)
    ]
    dropped = {}
    for request in with_values:
        once = [one for one in request.protected if one.kind != "polarity" and request.text.count(one.text) == 1]
        gone = chance.choice(once)
        dropped[request.text] = request.text[: gone.start] + "something" + request.text[gone.end :]

    def answer(request):
        plain = next(message.content for message in request.messages if message.content.startswith("Rewrite: "))
        return dropped[plain.removeprefix("Rewrite: ")]

    made = list(restyled(with_values, answer, masked=False))
    assert len(made) > 30
    # What is said a second time in another form ("two" and "2") is not lost.
    assert {styled.fallback for _, styled in made} <= {"value lost", ""}
    assert sum(styled.fallback == "value lost" for _, styled in made) > 0.95 * len(made)
