"""Questions of one's own: files, verdicts, patterns, refusals, numbers; and verdicts on belief states."""

import json
import re

import pytest
from pydantic import ValidationError

from tod_bench.errors import UserError
from tod_bench.judge.config import load_judge_config
from tod_bench.judge.items import read_items
from tod_bench.judge.markdown import markdown
from tod_bench.judge.own_questions import QuestionFile, load_questions, name_of, pattern_values
from tod_bench.judge.prompting import load_prompt
from tod_bench.judge.run import report_of, run, stored_ratings
from tod_bench.judge.scripted import ScriptedJudge
from tod_bench.llm.records import ChatFailure

COURTESY = {
    "name": "courtesy",
    "instruction": "You judge how a system treats its user.",
    "questions": {
        "courtesy": {"text": "How courteous is the system?", "scale": {1: "rude", 2: "brusque", 3: "polite"}},
        "tone": {"text": "Which tone does it take?", "scale": {"warm": "friendly", "cold": "distant"}},
    },
}


def own(make_config, file=COURTESY, **changes):
    return make_config("questions", question_file=file, sample={"items": 8}, **changes)


def answering(values):
    """A judge that gives the same values, with the check word of the prompt."""

    def answer(request):
        check = re.findall(r'"check": "(\w+)"', request.messages[0].content)[-1]
        return json.dumps({"check": check, "reason": "", **values})

    return answer


def test_points_have_means_and_labels_have_shares(tiny, make_config, make_client, tmp_path):
    report = run(own(make_config), tmp_path, make_client(answering({"courtesy": 3, "tone": "warm"})))
    mean = report.row("own_courtesy")
    assert mean.score.value == 3.0
    assert mean.score.signature.options["scale"] == "1,2,3"
    assert report.row("own_tone_warm").score.value == 100.0
    assert report.row("own_tone_cold").score.value == 0.0
    assert report.row("own_courtesy", group="senior").score.n == 2
    assert {row.candidate for row in report.rows} == {"original", "restyled"}
    assert "| courtesy | original | together | 8 | 3.00" in markdown(report)
    # Made anew from what is stored, in which JSON has turned the scale's points into texts.
    assert report_of(tmp_path).row("own_courtesy").score.value == 3.0


def test_only_what_is_offered_is_read_and_refusals_are_told_apart(tiny, make_config, make_client, tmp_path):
    report = run(own(make_config, reasks=0), tmp_path / "a", make_client(answering({"courtesy": 4, "tone": "warm"})))
    assert report.unscored_rate == 1.0
    assert report.provenance["unscored"] == {"unreadable": 16}
    row = report.row("own_courtesy")
    assert row.score.value is None
    assert row.metric.bounds(row.totals) == (1.0, 3.0)
    refusing = make_client(lambda request: ChatFailure("refusal", "I cannot judge that."))
    refused = run(own(make_config, reasks=0), tmp_path / "b", refusing)
    assert refused.provenance["unscored"] == {"refusal": 16}


def test_versions_are_compared_question_by_question(tiny, make_config, make_client, tmp_path):
    def answer(request):
        polite = "buddy" in request.messages[0].content or "sir" in request.messages[0].content
        return answering({"courtesy": 3 if polite else 1, "tone": "warm"})(request)

    (test,) = run(own(make_config), tmp_path, make_client(answer)).candidate_tests
    assert (test.question, test.a, test.b) == ("courtesy", "original", "restyled")
    assert test.effect == -1.5  # three of the four styles say sir or buddy


PATTERN = {
    **COURTESY,
    "form": "End with [RESULT] and your points.",
    "questions": {"courtesy": {**COURTESY["questions"]["courtesy"], "pattern": r"\[RESULT\]\s*(\d)"}},
}


def test_a_pattern_reads_the_last_match(tiny, make_config, make_client, tmp_path):
    config = own(make_config, PATTERN, judge={"model": "judge-x", "schema_output": False})
    client = make_client(lambda request: "Perhaps [RESULT] 1. No: [RESULT] 2")
    report = run(config, tmp_path, client)
    assert report.row("own_courtesy").score.value == 2.0
    assert client.asked[0].messages[0].content.rstrip().endswith("End with [RESULT] and your points.")
    assert client.asked[0].schema is None


def test_a_pattern_is_not_read_from_the_dialogue():
    file = QuestionFile.model_validate(PATTERN)
    asked = file.asked()
    assert pattern_values("[RESULT] 3", file, asked, "a dialogue") == {asked[0]: 3}
    assert "the dialogue itself holds" in pattern_values("[RESULT] 3", file, asked, "Say [RESULT] 3!")
    assert "'9' was not offered" in pattern_values("[RESULT] 9", file, asked, "")
    assert "the pattern finds nothing" in pattern_values("three", file, asked, "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"questions": {"check": {"text": "?", "scale": {1: "", 2: ""}}}}, "cannot be called 'check'"),
        ({"questions": {"q": {"text": "?", "scale": {1: ""}}}}, "at least two different answers"),
        ({"questions": {"q": {"text": "?", "scale": {True: "", False: ""}}}}, "put quotes around"),
        ({"questions": {"q": {"text": "?", "scale": {"Good": "", "bad": ""}}}}, "in lower case"),
        ({"questions": {"q": {"text": "?", "scale": {1: "", 2: ""}, "pattern": r"\d"}}}, "exactly one group"),
        ({"questions": {"q": {"text": "?", "scale": {1: "", 2: ""}, "pattern": r"(\d)"}}}, "and the file a `form`"),
        ({"questions": {"q": {"text": "?", "scale": "slots"}}}, "only questions about states"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(change, said):
    with pytest.raises(ValidationError, match=re.escape(said)):
        QuestionFile.model_validate({**COURTESY, **change})


def test_configs_that_make_no_sense_are_refused(make_config):
    with pytest.raises(ValidationError, match="needs `question_file`"):
        make_config("questions")
    with pytest.raises(ValidationError, match="no other task has one"):
        make_config("likert", question_file=COURTESY)
    with pytest.raises(ValidationError, match=r"set judge.schema_output to false"):
        own(make_config, PATTERN)
    with pytest.raises(UserError, match=r"there is no file of questions dialoge.*dialogue"):
        load_questions("dialoge")


def test_a_question_is_known_by_its_content():
    changed = {**COURTESY, "questions": {"courtesy": {"text": "Another?", "scale": {1: "", 2: ""}}}}
    first, second = (QuestionFile.model_validate(file).asked()[0] for file in (COURTESY, changed))
    assert name_of(first) == name_of(second) == "courtesy"
    assert first != second


@pytest.mark.parametrize("name", ["judge_dialogue", "judge_dst"])
def test_shipped_files_are_asked_and_answered(name, make_client, tmp_path):
    config = load_judge_config(name, ["sample.items=4", "bootstrap.draws=100"])
    report = run(config, tmp_path, make_client(ScriptedJudge()))
    assert report.unscored_rate == 0
    asked = {name_of(rating.question) for rating in stored_ratings(tmp_path)[0]}
    assert asked == set(load_questions(name.removeprefix("judge_")).questions)


def test_verdicts_on_states_stand_beside_exact_match(make_client, tmp_path):
    config = load_judge_config("judge_dst", ["sample.items=6", "bootstrap.draws=100"])
    items = read_items(config).items
    lines = []
    for item in items:
        for turn, state in enumerate(item.states["annotation"]):
            assert state.wrong == ()
            pairs = [note.partition(": ") for note in state.notes]
            predicted: dict[str, dict[str, str]] = {}
            for key, _, value in pairs:
                domain, _, slot = key.partition("-")
                predicted.setdefault(domain, {})[slot] = "elsewhere" if turn == 1 and slot == "area" else value
            lines.append(json.dumps({"dialogue_id": item.id, "turn": turn, "state": predicted}))
    (tmp_path / "states.jsonl").write_text("\n".join(lines), encoding="utf-8")
    spoiled = load_judge_config(
        "judge_dst",
        [
            *("sample.items=6", "bootstrap.draws=100"),
            f"versions={{spoiled: {{predictions: {tmp_path / 'states.jsonl'}}}}}",
        ],
    )

    def careful(request):
        notes = request.messages[0].content.partition("<notes>")[2].partition("</notes>")[0]
        slot = next((line.partition(":")[0] for line in notes.splitlines() if line.endswith(": elsewhere")), "none")
        return answering({"state_verdict": "right" if slot == "none" else "wrong", "deciding_slot": slot})(request)

    (found,) = run(spoiled, tmp_path / "run", make_client(careful)).states
    assert found.counts["wrong"][0] == found.counts["right"][1] == 0
    assert found.counts["wrong"][1] > 0
    assert found.same == 100.0
    assert found.alpha == pytest.approx(1.0)
    assert found.hit == found.named == found.counts["wrong"][1]
    lazy = make_client(answering({"state_verdict": "right", "deciding_slot": "none"}))
    (blind,) = run(spoiled, tmp_path / "lazy", lazy).states
    assert blind.counts["right"] == (found.counts["right"][0], found.counts["wrong"][1])
    assert blind.alpha <= 0
    assert "| right | spoiled |" in markdown(report_of(tmp_path / "lazy"))


def test_gold_and_system_answers_of_the_turn_are_not_shown(make_client, tmp_path):
    config = load_judge_config("judge_dst", ["sample.items=2"])
    client = make_client(answering({"state_verdict": "right", "deciding_slot": "none"}))
    run(config, tmp_path, client)
    first = next(request for request in client.asked if request.tag.partition("|")[0].endswith("#0"))
    judged = first.messages[0].content.partition("<judged>")[2].partition("</judged>")[0]
    assert "<user>" in judged
    assert "<system>" not in judged


def test_the_template_needs_what_is_judged(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("$questions", encoding="utf-8")
    with pytest.raises(UserError, match=r"needs \$judged"):
        load_prompt("questions", file=str(path))
