"""The form of an answer: a filled-in example that favours no value, whose copy is no verdict, and tight schemas."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from tod_bench.judge.drafts import drafts_of
from tod_bench.judge.items import Query, read_items
from tod_bench.judge.prompting import load_prompt
from tod_bench.judge.run import run
from tod_bench.judge.verdicts import Unscored, Verdict, example_verdict, parse_verdict, tight_schema, verdict_schema

PAIR = Query("d1", ("a", "b"), ("winner",))
FIVE = Query("d1", ("a", "b"), ("Q1", "Q2", "Q3", "Q4", "Q5"))
LABEL = Query("d1", ("a",), ("emotion",), turn=0)


@pytest.mark.parametrize("query", [PAIR, FIVE, LABEL])
@pytest.mark.parametrize("certainty", [True, False])
def test_the_example_is_a_verdict_that_the_schema_lets_pass_and_the_parser_does_not(query, certainty):
    from jsonschema import ValidationError, validate

    example = example_verdict(query, "kqzxwvbd", certainty=certainty)
    for schema in (
        verdict_schema(query.questions, certainty=certainty),
        verdict_schema(query.questions, certainty=certainty, nonce="kqzxwvbd"),
    ):
        validate(example, schema)
    tight = tight_schema(query.questions, "kqzxwvbd", certainty=certainty)
    validate({**example, "reason": "short words"}, tight)
    with pytest.raises(ValidationError):
        validate(example, tight)  # a judge that is held to it cannot copy the example
    copied = parse_verdict(json.dumps(example), query, "kqzxwvbd", certainty=certainty)
    assert isinstance(copied, Unscored)
    assert "copied" in copied.detail
    own = parse_verdict(json.dumps({**example, "reason": "mine"}), query, "kqzxwvbd", certainty=certainty)
    assert isinstance(own, Verdict)


def test_no_value_is_favoured_by_the_example():
    drawn = Counter(
        example_verdict(replace(PAIR, item=f"d{n}", order=order), "x", certainty=False)["winner"]
        for n in range(600)
        for order in ("ab", "ba")
    )
    assert set(drawn) == {"1", "2", "tie"}
    assert all(340 < count < 460 for count in drawn.values()), drawn


def test_the_example_is_the_same_for_every_persona_and_differs_between_repeats():
    def values(**changes):
        return example_verdict(replace(FIVE, **changes), "x", certainty=False)

    assert values(persona="shuffled") == values() == values(persona="blank")
    assert len({json.dumps(values(repeat=n)) for n in range(8)}) > 4


def test_a_grammar_knows_the_check_word_of_the_request_that_is_sent(tiny, make_config):
    config = make_config("pairwise", judge={"model": "judge-x", "schema_output": "json_object"})
    draft = next(drafts_of(config, load_prompt("pairwise"), read_items(config)))
    assert draft.request.schema is None
    assert draft.key("u") == draft.key("u")
    sent = draft.sealed("qqqqwwww").request
    asked = sent.extra["response_format"]
    assert asked["type"] == "json_object"
    assert asked["schema"]["properties"]["check"]["enum"] == ["qqqqwwww"]
    assert '"check": "qqqqwwww"' in sent.messages[0].content
    assert "maxLength" in asked["schema"]["properties"]["reason"]


def test_a_re_ask_is_held_to_the_check_word(tiny, make_config, make_client, tmp_path):
    config = make_config(sample={"items": 1, "by": []}, questions=["Q1"], reasks=1)
    client = make_client(lambda request: "I cannot say.")
    report = run(config, tmp_path, client)
    first, again = client.asked
    assert "enum" not in first.schema["properties"]["check"]
    (word,) = again.schema["properties"]["check"]["enum"]
    assert f'"check": "{word}"' in first.messages[0].content
    assert report.unscored_rate == 1


def test_a_judge_that_copies_the_form_is_unread_and_never_a_number(tiny, make_config, make_client, tmp_path):
    def copied(request):
        return next(line for line in request.messages[0].content.splitlines() if line.startswith('{"check"'))

    report = run(make_config(sample={"items": 4, "by": []}, reasks=0), tmp_path, make_client(copied))
    assert report.provenance["unscored"] == {"unreadable": 4}
    assert "copied" in report.provenance["commonest_problem"]
