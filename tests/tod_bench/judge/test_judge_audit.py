"""What an audit concludes of a judge: whether it uses the persona, only whether there is one, or neither."""

import re

import pytest
from test_judge_server import JUDGE

from tod_bench.judge.comparisons import PairedTest
from tod_bench.judge.run import run
from tod_bench.judge.validity import AblationRow, conclusion


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
