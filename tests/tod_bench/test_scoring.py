"""Scoring: pairing, rows, intervals, signatures, groups, shards."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.corpora.multiwoz_names import schema
from tod_bench.errors import DataError, UserError
from tod_bench.predictions import write_predictions
from tod_bench.records import Act, Dialogue, Persona, Prediction, SlotSpec, Turn
from tod_bench.scores import Score
from tod_bench.scoring import (
    check_metric,
    default_metrics,
    explain,
    pair,
    predictions_by_turn,
    read_scores,
    score,
    score_rows,
    specs,
    task_protocols,
    write_scores,
)
from tod_bench.scoring.gold import undefined_metrics
from tod_bench.tasks import gold_prediction
from tod_metrics import METRICS, Metric, Signature, registry
from tod_metrics.base import percentage
from tod_metrics.items import StateItem
from tod_metrics.state.state_metric import StateMetric

SCHEMA = schema()
WHERE = {"corpus_name": "toy", "split": "test", "schema": SCHEMA}


def make(number, age="adult", turns=3):
    state = {}
    built = []
    for index in range(turns):
        state = {**state, "restaurant": {"area": ("centre",), "food": (f"food {index}",)}}
        if index == 2:
            state = {**state, "taxi": {"leaveat": ("17:15",)}}
        built.append(Turn(index, "hi", "bye", state=state, acts=(Act("restaurant", "request", "food"),)))
    return Dialogue(f"d{number}", "toy", "test", ("restaurant",), tuple(built), persona=Persona(age=age))


DIALOGUES = [make(0), make(1, "child"), make(2), make(3, "child")]
GOLD = [gold_prediction(dialogue, turn) for dialogue in DIALOGUES for turn in dialogue.turns]


def whole(scores, name, domain="", protocol="tod_bench"):
    (found,) = [one for one in scores if (one.metric, str(one.slice or ""), one.protocol) == (name, domain, protocol)]
    return found


def test_gold_scores_100_under_every_default_metric():
    for task in ("dst", "policy"):
        scores = score(task, DIALOGUES, GOLD, **WHERE, draws=50)
        assert {one.metric for one in scores} == set(default_metrics(task))
        assert all(one.value in (100.0, None) and one.coverage == 1.0 for one in scores)
        assert all(one.value == 100.0 for one in scores if not one.slice)


def test_signature_says_everything_and_n_is_the_denominator():
    scores = score("dst", DIALOGUES, GOLD, **WHERE, metrics=["jga", "domain_jga_active"], draws=0)
    assert str(whole(scores, "jga").signature) == (
        "jga|corpus:toy|split:test|domains:5|slots:30|n:12|protocol:tod_bench|norm:detok|match:exact|values:any|"
        "none:drop|dontcare:value|bookings:yes|unit:turn|v:0.2.0"
    )
    taxi = whole(scores, "domain_jga_active", "taxi")
    assert (taxi.n, taxi.value) == (4, 100.0)
    assert "|domain:taxi|" in str(taxi.signature)
    assert [str(one.slice or "") for one in scores if one.metric == "domain_jga_active"] == ["", "restaurant", "taxi"]
    assert taxi.low is None


def test_missing_turns_are_an_error_and_with_partial_count_as_empty():
    some = [prediction for prediction in GOLD if prediction.dialogue_id != "d3"]
    with pytest.raises(DataError, match=r"dialogue d3, turn 0: the first of 3 turns of toy test \(of 12\).*--partial"):
        score("dst", DIALOGUES, some, **WHERE)
    scores = score("dst", DIALOGUES, some, **WHERE, metrics=["jga"], partial=True, draws=0)
    assert whole(scores, "jga").value == 75.0
    assert whole(scores, "jga").coverage == 0.75
    assert whole(scores, "jga").notes == ("9 of 12 turns are predicted; the others count as wrong",)


def test_leaving_out_hard_dialogues_never_pays():
    wrong = [replace(one, state={}) if one.dialogue_id == "d3" else one for one in GOLD]
    scored = score("dst", DIALOGUES, wrong, **WHERE, metrics=["jga", "slot_f1"], draws=0)
    left_out = score("dst", DIALOGUES, wrong[:9], **WHERE, metrics=["jga", "slot_f1"], draws=0, partial=True)
    assert [one.value for one in scored] == [one.value for one in left_out]


def test_a_field_that_was_not_asked_for_is_missing():
    with pytest.raises(DataError, match="without a predicted acts"):
        score("policy", DIALOGUES, [replace(one, acts=None) for one in GOLD], **WHERE)


@pytest.mark.parametrize(
    ("prediction", "message"),
    [
        (Prediction("d9", 0, {}), "dialogue d9: there is no such dialogue in toy test"),
        (
            Prediction("d0", 3, {}),
            r"dialogue d0, turn 3: the dialogue has 3 turns \(user/system pairs\), numbered from 0",
        ),
        (Prediction("d0", -1, {}), "dialogue d0, turn -1: the dialogue has 3 turns"),
        (Prediction("d0", 0, {}), "dialogue d0, turn 0: this turn is predicted twice"),
        (Prediction("d0_dev", 0, {}), "predictions of another split or corpus are scored apart"),
    ],
)
def test_predictions_that_do_not_fit(prediction, message):
    with pytest.raises(DataError, match=message):
        score("dst", DIALOGUES, [*GOLD, prediction], **WHERE, partial=True)


def test_a_corpus_with_a_dialogue_twice_is_an_error():
    with pytest.raises(DataError, match="the corpus has this dialogue twice"):
        score("dst", [*DIALOGUES, DIALOGUES[0]], GOLD, **WHERE)


def test_a_slot_predicted_twice_is_a_data_error():
    broken = [replace(GOLD[0], state={"hotel": {"book day": "monday", "bookday": "friday"}}), *GOLD[1:]]
    with pytest.raises(DataError, match="dialogue d0, turn 0: hotel-book day is predicted twice"):
        score("dst", DIALOGUES, broken, **WHERE)


def test_invented_slots_count_as_wrong_and_are_named():
    invented = [replace(GOLD[0], state={**GOLD[0].state, "restaurant": {**GOLD[0].state["restaurant"], "mood": "x"}})]
    found = whole(score("dst", DIALOGUES, [*invented, *GOLD[1:]], **WHERE, metrics=["jga"], draws=0), "jga")
    assert found.value == pytest.approx(100 * 11 / 12)
    assert found.notes == ("1 predicted slots are in no schema and count as wrong, e.g. restaurant-mood",)


def test_intervals_hold_the_value_and_are_reproducible():
    wrong = [replace(one, state={}) if one.dialogue_id in ("d1", "d3") and one.turn else one for one in GOLD]
    first, second = (
        whole(score("dst", DIALOGUES, wrong, **WHERE, metrics=["jga"], draws=200), "jga") for _ in range(2)
    )
    assert first == second
    assert first.low <= first.value <= first.high
    assert first.low < first.high


def test_groups_add_rows_from_the_same_statistics():
    wrong = [replace(one, state={}) if one.dialogue_id == "d1" else one for one in GOLD]
    scores = score("dst", DIALOGUES, wrong, **WHERE, metrics=["jga", "domain_jga_active"], groups=["age"], draws=20)
    assert (whole(scores, "jga", "age:child").value, whole(scores, "jga", "age:child").n) == (50.0, 6)
    assert whole(scores, "jga", "age:adult").value == 100.0
    assert "|group:age=child|n:6|" in str(whole(scores, "jga", "age:child").signature)
    with pytest.raises(UserError, match="there is no grouping 'mood'; users can be grouped by age"):
        score("dst", DIALOGUES, wrong, **WHERE, groups=["mood"])


def test_seen_and_unseen_services_get_rows():
    schema = {"Hotels_1": {"stars": SlotSpec(categorical=True)}, "Music_1": {"song": SlotSpec()}}
    turns = (
        Turn(0, "", state={"Hotels_1": {"stars": ("4",)}}, services=("Hotels_1",)),
        Turn(1, "", state={"Music_1": {"song": ("x",)}}, services=("Music_1",)),
    )
    dialogue = Dialogue("s", "sgd", "dev", ("Hotels_1", "Music_1"), turns)
    answers = [Prediction("s", 0, {"Hotels_1": {"stars": "4"}}), Prediction("s", 1, {})]
    scores = score(
        "dst", [dialogue], answers, corpus_name="sgd", split="dev", schema=schema, metrics=["jga@sgd"],
        seen_services={"Hotels_1"}, draws=0,
    )  # fmt: skip
    assert {str(one.slice or ""): (one.value, one.n) for one in scores} == {
        "": (50.0, 2),
        "Hotels_1": (100.0, 1),
        "Music_1": (0.0, 1),
        "seen services": (100.0, 1),
        "unseen services": (0.0, 1),
    }
    assert task_protocols("dst", schema)[-2:] == ("sgd", "sgd_turn")


def test_shards_score_like_one_file(tmp_path):
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "all.jsonl"]
    wrong = [replace(one, state={}) if one.dialogue_id == "d1" else one for one in GOLD]
    write_predictions(paths[0], wrong[5:])
    write_predictions(paths[1], wrong[:5])
    write_predictions(paths[2], wrong)
    metrics = specs("dst", default_metrics("dst"), task_protocols("dst", SCHEMA))
    together, single = (
        score("dst", DIALOGUES, predictions_by_turn(chosen), **WHERE, metrics=metrics, draws=20)
        for chosen in (paths[:2], paths[2:])
    )
    assert together == single
    with pytest.raises(DataError, match="another file has this turn already"):
        predictions_by_turn([paths[2], paths[0]])
    with pytest.raises(DataError, match="dialogue d1: there is no such dialogue in the split"):
        predictions_by_turn(paths[2:], known=["d0"])


def test_scores_survive_json(tmp_path):
    scores = score("dst", DIALOGUES, GOLD, **WHERE, draws=20)
    write_scores(tmp_path / "scores.json", scores, predictions="x.jsonl")
    assert read_scores(tmp_path / "scores.json") == scores
    (tmp_path / "other.json").write_text('{"a": 1}')
    with pytest.raises(UserError, match="holds no scores"):
        read_scores(tmp_path / "other.json")
    with pytest.raises(UserError, match="there is no such file"):
        read_scores(tmp_path / "none.json")


def test_check_metric():
    check_metric("dst", "jga@trade")
    check_metric("policy", "act_f1@values")
    for task, spec, message in (
        ("dst", "act_f1", "does not score the task dst; these do: active_intent_accuracy, aurc, auroc, average_goal"),
        ("policy", "jga", "does not score the task policy; these do: act_f1"),
        ("dst", "jgaa", "did you mean 'jga'"),
        ("dst", "jga@trad", "did you mean 'trade'"),
        ("policy", "act_f1@trade", "no protocol 'trade'"),
    ):
        with pytest.raises(UserError, match=message):
            check_metric(task, spec)


def test_specs_lay_out_what_is_defined():
    assert specs("dst", ["jga", "slot_f1", "joint_f1@trade"], ["tod_bench", "sgd"]) == [
        *("jga@tod_bench", "jga@sgd", "slot_f1@tod_bench", "joint_f1@trade"),
    ]
    with pytest.raises(UserError, match="there is no protocol 'x'"):
        specs("dst", ["jga"], ["x"])


def test_explain_names_the_slot_and_both_values():
    tokenised = [
        replace(one, state={**one.state, "taxi": {"leaveat": "17 : 15"}}) if "taxi" in one.state else one
        for one in GOLD
    ]
    found = list(explain(pair("dst", DIALOGUES, tokenised), SCHEMA, "tod_bench", "trade"))
    assert [(one.dialogue_id, one.turn) for one in found] == [(f"d{number}", 2) for number in range(4)]
    assert str(found[0]) == (
        "dialogue d0, turn 2: right under tod_bench, wrong under trade: taxi-leaveat, gold '17:15', predicted '17 : 15'"
    )
    assert not list(explain(pair("dst", DIALOGUES, GOLD), SCHEMA, "tod_bench", "trade"))
    with pytest.raises(UserError, match="no protocol 'x'"):
        list(explain(pair("dst", DIALOGUES, GOLD), SCHEMA, "tod_bench", "x"))


def test_scores_are_plain_records():
    assert isinstance(score("policy", DIALOGUES, GOLD, **WHERE, draws=0)[0], Score)


def test_metrics_of_the_corpus_as_one_stand_among_the_others():
    said = [replace(one, response="a b c" if one.dialogue_id == "d0" else "a a") for one in GOLD]
    names = ["distinct_ratio", "mean_length", "token_entropy"]
    scores = score("response", DIALOGUES, said, **WHERE, metrics=names, groups=["age"], draws=20)
    assert [(one.metric, str(one.slice or "")) for one in scores] == [
        (name, domain) for name in names for domain in ("", "age:adult", "age:child")
    ]
    distinct = whole(scores, "distinct_ratio")
    assert distinct.value == pytest.approx(100 * 3 / 27)  # a, b and c in 3 * 3 + 9 * 2 tokens
    assert (distinct.n, distinct.low) == (12, None)
    assert whole(scores, "distinct_ratio", "age:child").value == pytest.approx(100 / 12)
    entropy = whole(scores, "token_entropy")
    assert entropy.low < entropy.value < entropy.high
    assert "the interval is a jackknife over dialogues" in entropy.notes
    rows = score_rows("response", DIALOGUES, said, **WHERE, metrics=names)
    assert [row.score.metric for row in rows] == ["mean_length"]


def test_rows_hold_what_tests_need():
    (row,) = score_rows("dst", DIALOGUES, GOLD, **WHERE, metrics=["jga"])
    assert row.sums.tolist() == [[3, 3]] * 4
    assert row.score.value is None
    assert row.aggregate(row.sums.sum(axis=0)) == 100


def test_slots_that_the_corpus_leaves_out_are_named():
    hospital = replace(DIALOGUES[0].turns[0], state={"hospital": {"department": ("a",)}, "hotel": {"area": ("east",)}})
    gold = Dialogue("h", "toy", "test", ("hospital",), (hospital,))
    (one, *_) = score("dst", [gold], [gold_prediction(gold, hospital)], **WHERE, metrics=["jga"], draws=0)
    assert (one.value, one.notes) == (
        100.0,
        ("slots that the corpus leaves out and gold has values for: hospital-department",),
    )


class Filled(Metric[StateItem]):
    """A user's metric of states that knows nothing of protocols."""

    item = StateItem
    name = "filled"
    columns = ("filled", "turns")

    @property
    def signature(self):
        return Signature(self.name, {})

    def statistics(self, items):
        return np.array([[bool(item.predicted), 1] for item in items], dtype=float).reshape(-1, 2)

    def aggregate(self, sums):
        return percentage(sums[..., 0], sums[..., 1])


@dataclass(frozen=True)
class Counted(Filled):
    """A user's metric of states with protocols of its own."""

    protocol: str = "mine"

    name = "counted"
    protocols = ("mine", "yours")


class Touched(StateMetric):
    """A user's metric of states that follows the protocols."""

    name = "touched"
    columns = ("right", "slots")

    def statistics(self, items):
        aligned = self.aligned(items)
        rows = aligned.rows(self.domain)
        return np.column_stack([aligned.count(rows & (aligned.score == 1.0)), aligned.count(rows)])

    def aggregate(self, sums):
        return percentage(sums[..., 0], sums[..., 1])


@pytest.fixture
def users_metrics(monkeypatch):
    for known in (Filled, Counted, Touched):
        monkeypatch.setitem(METRICS, known.name, f"{__name__}:{known.__name__}")
    registry.registered.cache_clear()
    yield
    registry.registered.cache_clear()


def test_a_users_metric_of_states_is_scored_like_any_other(users_metrics):
    assert specs("dst", ["filled", "touched"], ["tod_bench", "trade", "pptod"]) == [
        *("filled", "touched@tod_bench", "touched@trade")
    ]
    wrong = [replace(one, state={"hotel": {"area": "north"}}) if one.turn == 0 else one for one in GOLD]
    scores = score("dst", DIALOGUES, wrong, **WHERE, metrics=["filled", "touched@trade"], draws=0)
    (filled,) = [one for one in scores if one.metric == "filled"]
    assert (filled.value, filled.n, str(filled.signature)) == (100.0, 12, "filled|corpus:toy|split:test|n:12|v:0.2.0")
    touched = whole(scores, "touched", protocol="trade")
    assert touched.value == 100 * 20 / 32  # 4 dialogues: 0 of 3, 2 of 2 and 3 of 3 slots of either side
    assert "|domains:5|slots:30|" in str(touched.signature)
    with pytest.raises(UserError, match="the protocol 'pptod' does not define 'touched'; these do: tod_bench, trade"):
        score("dst", DIALOGUES, GOLD, **WHERE, metrics=["touched@pptod"])


def test_a_users_protocols_are_its_own(users_metrics):
    assert specs("dst", ["counted"], ["tod_bench", "yours"]) == ["counted@yours"]
    corpus = open_corpus("simulated", dialogues={"test": 1})
    assert undefined_metrics(corpus, "test", "dst", ["counted@yours", "filled"]) == {}
    (found,) = score("dst", DIALOGUES, GOLD, **WHERE, metrics=["counted@yours"], draws=0)
    assert (found.protocol, found.value) == ("yours", 100.0)
    with pytest.raises(UserError, match="counted has no protocol 'trade'; choose one of mine, yours"):
        check_metric("dst", "counted@trade")
