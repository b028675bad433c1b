"""Tables in the layouts that the hub has of MultiWOZ 2.2 and SGD, made of dialogues in the layouts of the releases."""

from collections.abc import Sequence
from typing import Any

from datasets import ClassLabel, Dataset, Features, Value

TEXT, NUMBER = Value("string"), Value("int32")
SPEAKER = ClassLabel(names=["USER", "SYSTEM"])
ACTS = ClassLabel(names=sorted(["AFFIRM", "CONFIRM", "GOODBYE", "INFORM", "INFORM_INTENT", "OFFER", "REQUEST"]))


def multiwoz_features() -> Features:
    state = {
        "active_intent": TEXT,
        "requested_slots": [TEXT],
        "slots_values": [{"slots_values_name": TEXT, "slots_values_list": [TEXT]}],
    }
    slot = dict.fromkeys(("slot", "value", "copy_from"), TEXT)
    slots = [{**slot, "start": NUMBER, "exclusive_end": NUMBER, "copy_from_value": [TEXT]}]
    span = dict.fromkeys(("act_type", "act_slot_name", "act_slot_value"), TEXT)
    acts = {
        "dialog_act": [{"act_type": TEXT, "act_slots": [{"slot_name": TEXT, "slot_value": TEXT}]}],
        "span_info": [{**span, "span_start": NUMBER, "span_end": NUMBER}],
    }
    frames = [{"service": TEXT, "state": state, "slots": slots}]
    turn = {"turn_id": TEXT, "speaker": SPEAKER, "utterance": TEXT, "frames": frames, "dialogue_acts": acts}
    return Features({"dialogue_id": TEXT, "services": [TEXT], "turns": [turn]})


def multiwoz_row(dialogue: Any, acts: Any, *, active_only: bool = False) -> dict[str, Any]:
    turns = []
    for turn in dialogue["turns"]:
        annotated = acts.get(turn["turn_id"], {})
        act_list = [
            {"act_type": name, "act_slots": [{"slot_name": slot, "slot_value": value} for slot, value in pairs]}
            for name, pairs in annotated.get("dialog_act", {}).items()
        ]
        span_names = ("act_type", "act_slot_name", "act_slot_value", "span_start", "span_end")
        spans = [dict(zip(span_names, span, strict=True)) for span in annotated.get("span_info", [])]
        frames = [
            _multiwoz_frame(frame)
            for frame in turn["frames"]
            if not active_only or frame.get("state", {}).get("active_intent", "NONE") != "NONE"
        ]
        kept = {name: turn[name] for name in ("turn_id", "speaker", "utterance")}
        turns.append({**kept, "frames": frames, "dialogue_acts": {"dialog_act": act_list, "span_info": spans}})
    return {"dialogue_id": dialogue["dialogue_id"], "services": dialogue["services"], "turns": turns}


def _multiwoz_frame(frame: Any) -> dict[str, Any]:
    state = frame.get("state", {"active_intent": "", "requested_slots": [], "slot_values": {}})
    slots = [
        {
            "slot": slot["slot"],
            "value": "" if "copy_from" in slot else slot["value"],
            # As in the hub's script, which swaps them.
            "start": slot.get("exclusive_end", -1),
            "exclusive_end": slot.get("start", -1),
            "copy_from": slot.get("copy_from", ""),
            "copy_from_value": slot["value"] if "copy_from" in slot else [],
        }
        for slot in frame["slots"]
    ]
    values = [{"slots_values_name": name, "slots_values_list": listed} for name, listed in state["slot_values"].items()]
    kept = {"active_intent": state["active_intent"], "requested_slots": state["requested_slots"]}
    return {"service": frame["service"], "state": {**kept, "slots_values": values}, "slots": slots}


def sgd_features(acts: ClassLabel) -> Features:
    state = {
        "active_intent": TEXT,
        "requested_slots": [TEXT],
        "slot_values": [{"slot_name": TEXT, "slot_value_list": [TEXT]}],
    }
    result = {"service_results_list": [{"service_slot_name": TEXT, "service_canonical_value": TEXT}]}
    parameters = [{"parameter_slot_name": TEXT, "parameter_canonical_value": TEXT}]
    frame = {
        "service": TEXT,
        "slots": [{"slot": TEXT, "start": NUMBER, "exclusive_end": NUMBER}],
        "state": state,
        "actions": [{"act": acts, "slot": TEXT, "canonical_values": [TEXT], "values": [TEXT]}],
        "service_results": [result],
        "service_call": {"method": TEXT, "parameters": parameters},
    }
    turn = {"speaker": SPEAKER, "utterance": TEXT, "frames": [frame]}
    return Features({"dialogue_id": TEXT, "services": [TEXT], "turns": [turn]})


def sgd_row(dialogue: Any) -> dict[str, Any]:
    turns = [
        {
            "speaker": turn["speaker"],
            "utterance": turn["utterance"],
            "frames": [_sgd_frame(frame) for frame in turn["frames"]],
        }
        for turn in dialogue["turns"]
    ]
    return {"dialogue_id": dialogue["dialogue_id"], "services": dialogue["services"], "turns": turns}


def _sgd_frame(frame: Any) -> dict[str, Any]:
    state = frame.get("state", {"active_intent": "", "requested_slots": [], "slot_values": {}})
    values = [{"slot_name": name, "slot_value_list": listed} for name, listed in state["slot_values"].items()]
    call = frame.get("service_call", {"method": "", "parameters": {}})
    return {
        "service": frame["service"],
        "slots": [{name: slot[name] for name in ("slot", "start", "exclusive_end")} for slot in frame["slots"]],
        "state": {**{name: state[name] for name in ("active_intent", "requested_slots")}, "slot_values": values},
        "actions": [
            {
                "act": action["act"],
                "slot": action.get("slot", ""),
                "canonical_values": action.get("canonical_values", []),
                "values": action.get("values", []),
            }
            for action in frame["actions"]
        ],
        "service_results": [
            {
                "service_results_list": [
                    {"service_slot_name": name, "service_canonical_value": value} for name, value in result.items()
                ]
            }
            for result in frame.get("service_results", [])
        ],
        "service_call": {
            "method": call["method"],
            "parameters": [
                {"parameter_slot_name": name, "parameter_canonical_value": value}
                for name, value in call["parameters"].items()
            ],
        },
    }


def as_record_of_lists(value: Any, feature: Any) -> Any:
    """The same with each list of records as a record of lists, as older versions of `datasets` store and show it."""
    if isinstance(feature, dict):
        return {name: as_record_of_lists(value[name], inner) for name, inner in feature.items()}
    if isinstance(feature, list) and isinstance(feature[0], dict):
        whole = [as_record_of_lists(entry, feature[0]) for entry in value]
        return {name: [entry[name] for entry in whole] for name in feature[0]}
    return value


def features_of_lists(feature: Any) -> Any:
    """The features that go with `as_record_of_lists`."""
    if isinstance(feature, dict):
        return {name: features_of_lists(inner) for name, inner in feature.items()}
    if isinstance(feature, list):
        inner = features_of_lists(feature[0])
        return {name: [field] for name, field in inner.items()} if isinstance(inner, dict) else [inner]
    return feature


def table(rows: Sequence[Any], features: Features, *, lists: bool = False) -> Dataset:
    """A dataset of rows; ``lists`` stores records of lists."""
    if not lists:
        return Dataset.from_list(list(rows), features=features)
    encoded = Features(features_of_lists(dict(features)))
    return Dataset.from_list([as_record_of_lists(row, dict(features)) for row in rows], features=encoded)
