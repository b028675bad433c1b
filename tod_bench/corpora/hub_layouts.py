"""Rows of the hub's MultiWOZ 2.2 and SGD (``multi_woz_v22``, ``schema_guided_dstc8``) in the layout of the releases.

The hub's tables have no mappings, and a list of records is either that or a record of lists, depending on the version
of `datasets` that made or opens it; both are read. Class labels are given by name.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

Layout: TypeAlias = Literal["multi_woz_v22", "schema_guided_dstc8"]
Raw: TypeAlias = dict[str, Any]


def layout_of(columns: Any) -> Layout | None:
    """The layout of a dataset, told by the fields of a turn; None where it is neither.

    Args:
        columns: The dataset's features, or anything that shows its nesting.
    """
    turns = columns.get("turns") if isinstance(columns, Mapping) else None
    fields = _record(turns)
    if not {"speaker", "utterance", "frames"} <= fields.keys():
        return None
    if "dialogue_acts" in fields:
        return "multi_woz_v22"
    return "schema_guided_dstc8" if "actions" in _record(fields["frames"]) else None


def named_labels(value: Any, feature: Any) -> Any:
    """A value with each class label, a number in the table, as its name.

    Args:
        value: A row, or a part of it.
        feature: The feature that describes it.
    """
    if value is None:
        return None
    if hasattr(feature, "int2str"):
        return feature.int2str(value) if isinstance(value, int) else value
    if isinstance(feature, Mapping):
        return {name: named_labels(value[name], inner) for name, inner in feature.items()}
    inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
    return value if inner is None else [named_labels(entry, inner) for entry in value]


def multiwoz_release(row: Raw) -> tuple[Raw, Raw]:
    """A dialogue as in ``dialogues_NNN.json`` of release 2.2, and its acts as in ``dialog_acts.json``."""
    turns, acts = [], {}
    for turn in _items(row["turns"]):
        frames = [_multiwoz_frame(frame, turn["speaker"]) for frame in _items(turn["frames"])]
        turns.append({**{name: turn[name] for name in ("turn_id", "speaker", "utterance")}, "frames": frames})
        annotated = turn["dialogue_acts"]
        acts[turn["turn_id"]] = {
            "dialog_act": {
                act["act_type"]: [[slot["slot_name"], slot["slot_value"]] for slot in _items(act["act_slots"])]
                for act in _items(annotated["dialog_act"])
            },
            "span_info": [
                [span[name] for name in ("act_type", "act_slot_name", "act_slot_value", "span_start", "span_end")]
                for span in _items(annotated["span_info"])
            ],
        }
    return {"dialogue_id": row["dialogue_id"], "services": row["services"], "turns": turns}, acts


def sgd_release(row: Raw) -> Raw:
    """A dialogue as in ``dialogues_NNN.json`` of SGD."""
    turns = [
        {
            "speaker": turn["speaker"],
            "utterance": turn["utterance"],
            "frames": [_sgd_frame(frame, turn["speaker"]) for frame in _items(turn["frames"])],
        }
        for turn in _items(row["turns"])
    ]
    return {"dialogue_id": row["dialogue_id"], "services": row["services"], "turns": turns}


def _multiwoz_frame(frame: Raw, speaker: str) -> Raw:
    slots = []
    for slot in _items(frame["slots"]):
        if slot["copy_from"]:
            slots.append({"slot": slot["slot"], "copy_from": slot["copy_from"], "value": slot["copy_from_value"]})
            continue
        # The hub's script writes the two ends the wrong way round, and -1 where there are none.
        start, end = sorted((slot["start"], slot["exclusive_end"]))
        places = {"start": start, "exclusive_end": end} if start >= 0 else {}
        slots.append({"slot": slot["slot"], "value": slot["value"], **places})
    state = _state(frame["state"], "slots_values", "slots_values_name", "slots_values_list")
    return {"service": frame["service"], "slots": slots, **({"state": state} if speaker == "USER" else {})}


def _sgd_frame(frame: Raw, speaker: str) -> Raw:
    released: Raw = {
        "service": frame["service"],
        "slots": [{name: slot[name] for name in ("slot", "start", "exclusive_end")} for slot in _items(frame["slots"])],
        "actions": [
            {name: action[name] for name in ("act", "slot", "values", "canonical_values")}
            for action in _items(frame["actions"])
        ],
    }
    if speaker == "USER":
        return {**released, "state": _state(frame["state"], "slot_values", "slot_name", "slot_value_list")}
    call = frame["service_call"]
    if not call["method"]:
        return released
    parameters = {
        parameter["parameter_slot_name"]: parameter["parameter_canonical_value"]
        for parameter in _items(call["parameters"])
    }
    results = [
        {pair["service_slot_name"]: pair["service_canonical_value"] for pair in _items(result["service_results_list"])}
        for result in _items(frame["service_results"])
    ]
    return {
        **released,
        "service_call": {"method": call["method"], "parameters": parameters},
        "service_results": results,
    }


def _state(state: Raw, field: str, name: str, values: str) -> Raw:
    return {
        "active_intent": state["active_intent"],
        "requested_slots": state["requested_slots"],
        "slot_values": {entry[name]: entry[values] for entry in _items(state[field])},
    }


def _items(value: Any) -> list[Raw]:
    """A list of records, whether it is one or a record of lists."""
    if not isinstance(value, Mapping):
        return list(value)
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def _record(feature: Any) -> Mapping[str, Any]:
    """The fields of a list of records (or of a record of lists) as a feature describes them."""
    if isinstance(feature, Mapping):
        return {
            name: inner[0] if isinstance(inner, list) else getattr(inner, "feature", inner)
            for name, inner in feature.items()
        }
    inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
    return inner if isinstance(inner, Mapping) else {}
