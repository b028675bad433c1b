"""Specs of metrics: what can be written in a line, what it comes to, and what is refused in a sentence."""

from typing import Any

import pytest

from tod_metrics import canonical, check_spec, metric, metric_class, parse_spec
from tod_metrics.dialogue.inform_success import Inform
from tod_metrics.response.bleu import NltkBleu


class Nothing:
    def query(self, domain: str, constraints: Any) -> list[Any]:
        return []


@pytest.mark.parametrize(
    ("text", "label", "protocol", "written"),
    [
        ("jga", "jga", "", "jga"),
        ("jga@trade+dropnone", "jga", "trade+dropnone", "jga@trade+dropnone"),
        ("jga@tod_bench", "jga", "tod_bench", "jga"),
        ("inform()", "inform", "", "inform"),
        ("inform(state=gold)", "inform(state=gold)", "", "inform(state=gold)"),
        (
            " inform( text = lexicalised , state=gold ) @mwzeval ",
            "inform(state=gold,text=lexicalised)",
            "mwzeval",
            None,
        ),
        ("inform(text=lexicalised,state=gold)@tod_bench", "inform(state=gold,text=lexicalised)", "tod_bench", None),
    ],
)
def test_parts(text: str, label: str, protocol: str, written: str | None) -> None:
    spec = parse_spec(text)
    assert (spec.label, spec.protocol) == (label, protocol)
    assert canonical(text) == (written or f"{label}@{protocol}".removesuffix("@tod_bench"))
    assert parse_spec(str(spec)) == spec


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("inform(state=gold", "names no metric; write name\\(option=value, ...\\)@protocol, in quotes"),
        ("text=lexicalised)", "names no metric"),
        ("", "names no metric"),
        ("inform(gold)", "'gold' is no option=value"),
        ("inform(state=gold,)", "'' is no option=value"),
        ("inform(state=gold,state=predicted)", "the option 'state' is given twice"),
        ("infrom(state=gold)", "there is no metric 'infrom'; did you mean 'inform'"),
        ("inform(sate=gold)", "'inform' has no option 'sate' to set in a spec; did you mean 'state'"),
        ("inform(state=golden)", "state cannot be 'golden'; it takes auto, predicted, gold; did you mean 'gold'"),
        ("inform(database=x)", "has no option 'database' to set in a spec; it has state, active, text"),
        ("inform(protocol=mwzeval)", "written after the options: inform\\(...\\)@mwzeval"),
        ("inform@trade", "has no protocol 'trade'; choose one of tod_bench, mwzeval"),
        ("bleu(lowercase=2)", "lowercase cannot be '2'; it takes true, false"),
        ("distinct_ratio(order=two)", "order cannot be 'two'; it takes a whole number"),
        ("flexible_goal_accuracy(decay=x)", "decay cannot be 'x'; it takes a number"),
        ("act_match(x=1)", "has no option 'x' to set in a spec; it has none"),
        ("bleu@trade", "has no protocols"),
        ("entity_f1@trade", "has no protocol 'trade'; choose one of tod_bench, glmp, maker"),
    ],
)
def test_refusals(spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        check_spec(spec)
    assert "\n" not in str(caught.value)


def test_options_reach_the_metric() -> None:
    database = Nothing()
    assert metric("inform(state=gold, active=slot_names)@mwzeval", database=database) == Inform(
        database, state="gold", active="slot_names", protocol="mwzeval"
    )
    assert metric("bleu(smoothing=method2,lowercase=true)") == NltkBleu(smoothing="method2", lowercase=True)
    assert metric("distinct_ratio(order=2)").order == 2  # type: ignore[attr-defined]
    assert metric("flexible_goal_accuracy(decay=0.25)").decay == 0.25  # type: ignore[attr-defined]
    assert metric_class("bleu(lowercase=true)@x") is NltkBleu


def test_keyword_arguments_are_checked_as_well() -> None:
    with pytest.raises(
        ValueError, match="text cannot be 'lexical'; it takes auto, delexicalised, lexicalised; did you"
    ):
        metric("inform", database=Nothing(), text="lexical")


def test_what_is_no_spec_stays_as_it_is() -> None:
    assert canonical("turns a dialogue") == "turns a dialogue"
