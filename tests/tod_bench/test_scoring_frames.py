"""SGD's official set from files to scores: what corpora, predictions and imports carry, and what is said where not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.corpora.cache import decode, encode, layout
from tod_bench.errors import UserError
from tod_bench.importers import import_predictions
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.records import Dialogue, Frame, Prediction, SlotSpec, Turn
from tod_bench.reports.side_by_side import Request, make_sheet
from tod_bench.scoring import score
from tod_bench.tasks import gold_prediction

SCHEMA = {"Hotels_1": {"stars": SlotSpec(categorical=True), "city": SlotSpec()}, "Taxis_2": {"to": SlotSpec()}}
OFFICIAL = (
    *("jga@sgd", "average_goal_accuracy@sgd", "joint_categorical_accuracy", "joint_noncategorical_accuracy"),
    *("active_intent_accuracy", "requested_slots_f1"),
)
FIRST = Turn(
    0,
    "a hotel in Oslo, and its phone number",
    state={"Hotels_1": {"city": ("Oslo",)}},
    services=("Hotels_1",),
    frames=(Frame("Hotels_1", "SearchHotel", ("phone",)),),
)
SECOND = Turn(
    1,
    "and a taxi",
    state={"Hotels_1": {"city": ("Oslo",)}, "Taxis_2": {"to": ("Oslo",)}},
    services=("Hotels_1", "Taxis_2"),
    frames=(Frame("Hotels_1", "NONE"), Frame("Taxis_2", "GetRide")),
)
DIALOGUE = Dialogue("1_00000", "sgd-frame", "dev", ("Hotels_1", "Taxis_2"), (FIRST, SECOND))
GOLD = [gold_prediction(DIALOGUE, turn) for turn in DIALOGUE.turns]
WHERE = {"corpus_name": "toy", "split": "dev", "schema": SCHEMA, "draws": 0}


class Toy(Corpus):
    name, schema, splits, seen_services, fingerprint = "toy", SCHEMA, ("dev",), frozenset({"Hotels_1"}), "0"

    def dialogues(self, split):
        return iter([DIALOGUE])


def sheet(predictions, protocols=("tod_bench", "sgd"), dialogues=(DIALOGUE,), **request):
    answers = {(one.dialogue_id, one.turn): one for one in predictions}
    return make_sheet("dst", Toy(), "dev", dialogues, answers, Request((), protocols, draws=0, **request))


def test_gold_scores_100_for_every_service_and_for_seen_and_unseen_ones():
    scores = score("dst", [DIALOGUE], GOLD, metrics=OFFICIAL, **WHERE, seen_services={"Hotels_1"})
    rows = {(one.metric, str(one.slice or "")): one.value for one in scores}
    for metric in ("jga", "joint_noncategorical_accuracy", "active_intent_accuracy", "requested_slots_f1"):
        for domain in ("", "Hotels_1", "Taxis_2", "seen services", "unseen services"):
            assert rows[metric, domain] == 100, (metric, domain)
    assert rows["joint_categorical_accuracy", "Hotels_1"] == 100
    assert rows["joint_categorical_accuracy", "Taxis_2"] is None  # it has no such slot


def test_a_wrong_frame_counts_in_its_own_service():
    answers = [GOLD[0], replace(GOLD[1], active_intent={"Hotels_1": "NONE"}, requested={"Taxis_2": ("price",)})]
    scores = score("dst", [DIALOGUE], answers, metrics=OFFICIAL[4:], **WHERE)
    rows = {(one.metric, str(one.slice or "")): (one.value, one.n) for one in scores}
    assert rows["active_intent_accuracy", ""] == (pytest.approx(200 / 3), 3)
    assert rows["active_intent_accuracy", "Taxis_2"] == (0, 1)
    assert rows["requested_slots_f1", ""] == (pytest.approx(200 / 3), 3)
    assert rows["requested_slots_f1", "Hotels_1"] == (100, 2)


def test_the_default_set_of_a_sheet_has_them_where_the_predictions_do():
    whole = sheet(GOLD)
    assert {"active_intent_accuracy", "requested_slots_f1", "joint_categorical_accuracy"} <= {
        one.metric for one in whole.scores
    }
    assert not whole.remarks
    bare = sheet([replace(one, active_intent=None, requested=None) for one in GOLD])
    assert "joint_categorical_accuracy" in {one.metric for one in bare.scores}
    assert "requested_slots_f1" not in {one.metric for one in bare.scores}
    (remark,) = bare.remarks
    assert remark.startswith("active_intent_accuracy and requested_slots_f1 of SGD's official set need predictions")
    assert not sheet(GOLD, protocols=("tod_bench",)).remarks
    assert "joint_categorical_accuracy" not in {one.metric for one in sheet(GOLD, protocols=("tod_bench",)).scores}


def test_what_is_not_annotated_or_not_predicted_is_a_sentence():
    plain = replace(DIALOGUE, turns=tuple(replace(turn, frames=()) for turn in DIALOGUE.turns))
    with pytest.raises(
        UserError, match="toy dev has no frames of intents and requested slots, so requested_slots_f1 is"
    ):
        score("dst", [plain], GOLD, metrics=["requested_slots_f1"], **WHERE)
    bare = [replace(one, active_intent=None) for one in GOLD]
    with pytest.raises(UserError, match="scores the field 'active_intent' of predictions, and no turn has it"):
        score("dst", [DIALOGUE], bare, metrics=["active_intent_accuracy"], **WHERE)


def test_every_frame_counts_also_of_a_service_that_is_not_active():
    """The second turn's hotel has no active intent: its frame is scored all the same."""
    forgotten = [GOLD[0], replace(GOLD[1], state={"Taxis_2": {"to": "Oslo"}})]
    turns = (FIRST, replace(SECOND, services=("Taxis_2",)))
    (whole, *_) = score("dst", [replace(DIALOGUE, turns=turns)], forgotten, metrics=["jga@sgd"], **WHERE)
    assert (whole.value, whole.n) == (pytest.approx(200 / 3), 3)


def test_predictions_and_caches_keep_them(tmp_path: Path):
    write_predictions(tmp_path / "p.jsonl", GOLD)
    assert list(read_predictions(tmp_path / "p.jsonl")) == GOLD
    assert decode(encode(DIALOGUE)) == DIALOGUE
    assert isinstance(decode(encode(DIALOGUE)).turns[0].frames[0], Frame)


def test_sgds_layout_brings_them(tmp_path: Path):
    def frame(service, intent, requested, **slots):
        return {
            "service": service,
            "state": {"active_intent": intent, "requested_slots": requested, "slot_values": slots},
        }

    turns = [
        {"speaker": "USER", "utterance": "", "frames": [frame("Hotels_1", "SearchHotel", ["phone"], city=["Oslo"])]},
        {"speaker": "SYSTEM", "utterance": "", "frames": []},
        {
            "speaker": "USER",
            "utterance": "",
            "frames": [frame("Hotels_1", "NONE", [], city=["Oslo"]), frame("Taxis_2", "GetRide", [], to=["Oslo"])],
        },
    ]
    (tmp_path / "dialogues_001.json").write_text(json.dumps([{"dialogue_id": "1_00000", "turns": turns}]))
    imported = import_predictions(tmp_path, [DIALOGUE], format="sgd")
    assert not imported.mismatches
    fields = [(one.state, one.active_intent, one.requested) for one in imported.predictions]
    assert fields == [(one.state, one.active_intent, one.requested) for one in GOLD]
    turns[0]["frames"][0]["state"]["requested_slots"] = [1]
    (tmp_path / "dialogues_001.json").write_text(json.dumps([{"dialogue_id": "1_00000", "turns": turns}]))
    assert "a requested slot is a number" in import_predictions(tmp_path, [DIALOGUE], format="sgd").mismatches[0]


def test_a_cache_is_named_after_every_field_of_every_record_in_it():
    """So a cache that an older version wrote is not read as if it had no frames."""
    fields = layout(Dialogue)
    assert fields.keys() >= {"Dialogue", "Turn", "Frame", "Act", "Span", "Persona", "DomainGoal"}
    assert fields["Frame"] == ["service", "active_intent", "requested"]
    assert "frames" in fields["Turn"]


@pytest.mark.parametrize("line", [{"active_intent": {"a": 1}}, {"requested": {"a": "phone"}}, {"requested": ["phone"]}])
def test_fields_of_another_form_are_refused(tmp_path: Path, line):
    (tmp_path / "p.jsonl").write_text(json.dumps({"dialogue_id": "a", "turn": 0, **line}))
    with pytest.raises(UserError, match=next(iter(line))):
        list(read_predictions(tmp_path / "p.jsonl"))


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "options", "split"), [("sgd", {}, "dev"), ("multiwoz", {"version": "2.2"}, "test")])
def test_gold_is_the_ceiling_on_real_frames(realdata, name, options, split):
    corpus = open_corpus(name, **options)
    dialogues = list(corpus.dialogues(split))[:100]
    gold = [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    empty = [Prediction(one.dialogue_id, one.turn, {}, active_intent={}, requested={}) for one in gold]
    where = {"corpus_name": name, "split": split, "schema": corpus.schema, "draws": 0}
    for found in score("dst", dialogues, gold, metrics=OFFICIAL, **where):
        assert found.value in (100, None), found
        assert found.slice or found.value == 100
    for found in score("dst", dialogues, empty, metrics=OFFICIAL, **where):
        assert found.slice or found.value < 100
