"""ABCD and TOAD, in files made by hand, and what is at hand of the real ones."""

import gzip
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tod_bench.corpora.abcd import ABCD, NO_VALUES
from tod_bench.corpora.check import check
from tod_bench.corpora.extent import extents
from tod_bench.corpora.toad import TOAD
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, Frame

Write = Callable[[str, Any], Path]

ACTIONS = {"kb_query": {"verify-identity": ["name", "zip"], "make-password": []}, "faq_policy": {"try-again": []}}
ABCD_ONTOLOGY = {"intents": {"flows": ["account_access", "order_issue"], "subflows": {}}, "actions": ACTIONS}
SAID = [
    ("agent", "Hello!", None, []),
    ("agent", "Your name?", None, []),
    ("customer", "Ann Lee", None, []),
    ("action", "Identity verified.", "verify-identity", ["Ann Lee", "94301"]),
    ("customer", "I need a password.", None, []),
    ("agent", "One moment.", None, []),
    ("action", "A password was made.", "make-password", []),
    ("action", "Identity verified.", "verify-identity", ["Ann Lee"]),
    ("customer", "Thanks.", None, []),
]
CONVERSATION: dict[str, Any] = {
    "convo_id": 17,
    "scenario": {"flow": "account_access", "subflow": "recover_password"},
    "original": [[speaker, text] for speaker, text, _, _ in SAID],
    "delexed": [
        {
            "speaker": speaker,
            "text": text.lower(),
            "turn_count": number,
            "targets": ["recover_password", "take_action" if action else None, action, values, -1],
            "candidates": [],
        }
        for number, (speaker, text, action, values) in enumerate(SAID, start=1)
    ],
}


def _abcd(write: Write, conversation: Any = CONVERSATION) -> Path:
    write("abcd/ontology.json", ABCD_ONTOLOGY)
    return write("abcd/abcd_v1.1.json", {"train": [conversation], "dev": [], "test": []}).parent


def test_abcd_has_its_actions_as_states_and_acts(write: Write) -> None:
    corpus = ABCD(_abcd(write))
    assert (corpus.name, corpus.splits) == ("abcd", ("train", "dev", "test"))
    (dialogue,) = corpus.dialogues("train")
    assert [(turn.user, turn.system) for turn in dialogue.turns] == [
        ("", "Hello!"),
        ("", "Your name?"),
        ("Ann Lee", ""),
        ("I need a password.", "One moment."),
        ("Thanks.", ""),
    ]
    verified = {"account_access": {"verify-identity": ("Ann Lee, 94301",)}}
    both = {"account_access": {"verify-identity": ("Ann Lee",), "make-password": (NO_VALUES,)}}
    assert [turn.state for turn in dialogue.turns] == [{}, {}, verified, both, both]
    assert dialogue.turns[2].acts == (
        Act("account_access", "verify-identity", "", "Ann Lee"),
        Act("account_access", "verify-identity", "", "94301"),
    )
    assert dialogue.turns[3].acts[0] == Act("account_access", "make-password")
    assert {turn.frames for turn in dialogue.turns} == {(Frame("account_access", "recover_password"),)}
    assert set(corpus.schema["order_issue"]) == {"verify-identity", "make-password", "try-again"}
    assert not [one for one in check(corpus, "train") if one.serious]
    assert [(one.split, one.official) for one in extents(corpus, {"train": 1, "dev": 0, "test": 0})] == [
        ("train", 8034),
        ("dev", 1004),
        ("test", 1004),
    ]


def test_abcd_packed_and_delexicalised(write: Write) -> None:
    folder = _abcd(write)
    packed = gzip.compress((folder / "abcd_v1.1.json").read_bytes())
    (folder / "abcd_v1.1.json").unlink()
    (folder / "abcd_v1.1.json.gz").write_bytes(packed)
    corpus = ABCD(folder, text="delexicalised")
    assert corpus.name == "abcd-delexicalised"
    (dialogue,) = corpus.dialogues("train")
    assert dialogue.turns[3].user == "i need a password."
    assert list(corpus.dialogues("dev")) == []


@pytest.mark.parametrize("damage", ["action", "flow", "length", "speaker"])
def test_abcd_says_what_cannot_be_read(write: Write, damage: str) -> None:
    broken = deepcopy(CONVERSATION)
    problem = {
        "action": "the action is 'hang-up', which the ontology lacks",
        "flow": "the flow is 'weather'",
        "length": "8 original turns stand beside 9",
        "speaker": "turn 1 is of the bot and of the agent",
    }[damage]
    if damage == "action":
        broken["delexed"][3]["targets"][2] = "hang-up"
    elif damage == "flow":
        broken["scenario"]["flow"] = "weather"
    elif damage == "length":
        broken["original"].pop()
    else:
        broken["original"][0][0] = "bot"
    with pytest.raises(DataError, match=problem):
        list(ABCD(_abcd(write, broken)).dialogues("train"))


def test_abcd_needs_its_ontology(write: Write) -> None:
    folder = _abcd(write)
    (folder / "ontology.json").unlink()
    with pytest.raises(UserError, match=r"lacks abcd_v1\.1\.json\(\.gz\) or ontology\.json"):
        ABCD(folder)


@pytest.mark.realdata
def test_the_real_sample_of_abcd(realdata: Path) -> None:
    corpus = ABCD(realdata / "abcd/data", cache=False)
    assert (corpus.name, corpus.splits) == ("abcd-unofficial", ("train",))
    dialogues = list(corpus.dialogues("train"))
    spoken = sum(bool(turn.user) + bool(turn.system) for one in dialogues for turn in one.turns)
    raw = json.loads((realdata / "abcd/data/abcd_sample.json").read_text(encoding="utf-8"))
    actions = [turn["targets"][2] for one in raw for turn in one["delexed"] if turn["speaker"] == "action"]
    assert (len(dialogues), spoken) == (3, 72 - len(actions))
    last = [set(one.turns[-1].state.get(one.services[0], {})) for one in dialogues]
    assert set().union(*last) == set(actions)
    assert not [one for one in check(corpus, "train") if one.serious]


def _action(name: str, **rest: Any) -> dict[str, Any]:
    return {"action_name": name, "service_prefix": None, "attribute": None, "referral_action": None, **rest}


TOAD_DIALOGUE: dict[str, Any] = {
    "phenomena": "compound",
    "services": ["alarms", "reminders"],
    "intents": ["create", "modify"],
    "user_intro": "I teach biology.",
    "dialog_action_user": [
        [
            _action(
                "create",
                arguments={"time": "09:00", "name": None},
                attribute=_action("self_correction", arguments={"time": "10:00"}),
            ),
            _action(
                "modify",
                service_prefix="reminders",
                arguments={"date": _action("get_alarms", arguments={"index": 2}, attribute="date")},
                referral_action=_action("get_reminders", arguments={"name": "lab"}),
            ),
        ],
        [_action("inform_value", arguments={"name": "wake", "recurring": ["mon", "tue"]})],
    ],
    "dialog_action_system": [
        [{"default_action": _action("ask_user_for", arguments={"name": None})}],
        [{"default_action": _action("notify_done", arguments={"": _action("create", arguments={"time": "10:00"})})}],
    ],
    "conversation": [
        '{"actions": ["x"], "utterance": "Alarm at 9, no, 10."}',
        '{"message": "Which name?"}',
        "Wake.",
        "Done {that}.",
    ],
    "response_options": [{"verbosity_low mirroring": "Name?"}, {"verbosity_low mirroring": "Ok."}],
}
TOAD_SCHEMA = [
    {
        "service_name": name,
        "slots": [{"name": slot, "description": slot, "potential_values": [], "alias": []} for slot in slots],
    }
    for name, slots in (("alarms", ("time", "recurring", "name")), ("reminders", ("name", "date")))
]


def _toad(write: Write, *dialogues: Any) -> Path:
    write("data/schema.json", TOAD_SCHEMA)
    lines = "".join(json.dumps(one) + "\n" for one in dialogues)
    return write("data/dialogs/compound.jsonl", lines).parents[1]


def test_toad_accumulates_what_the_user_gives(write: Write) -> None:
    corpus = TOAD(_toad(write, TOAD_DIALOGUE), cache=False)
    (dialogue,) = corpus.dialogues("all")
    assert (dialogue.id, dialogue.services) == ("compound-0", ("alarms", "reminders"))
    assert dialogue.persona is not None
    assert dialogue.persona.impression == "I teach biology."
    first, second = dialogue.turns
    assert (first.user, first.system) == ("Alarm at 9, no, 10.", "Which name?")
    assert (second.user, second.system) == ("Wake.", "Done {that}.")
    assert first.state == {"alarms": {"time": ("10:00",)}}
    assert second.state == {"alarms": {"time": ("10:00",), "name": ("wake",), "recurring": ("mon, tue",)}}
    assert first.services == ("alarms", "reminders")
    assert first.acts == (Act("alarms", "ask_user_for", "name"),)
    assert second.acts == (Act("alarms", "notify_done"), Act("alarms", "create", "time", "10:00"))
    assert Act("reminders", "get_reminders", "name", "lab") in first.user_acts
    assert Act("alarms", "self_correction", "time", "10:00") in first.user_acts
    assert [str(one).rpartition("turn 0: ")[2] for one in corpus.warnings] == [
        "reminders-date refers to something else and has no value of its own"
    ]
    assert extents(corpus, {"all": 1})[0].total == 8087
    assert not [one for one in check(corpus, "all") if one.serious]


def test_toad_has_responses_of_another_style(write: Write) -> None:
    folder = _toad(write, TOAD_DIALOGUE)
    corpus = TOAD(folder, style="verbosity_low mirroring", cache=False)
    assert corpus.name == "toad-verbosity_low-mirroring"
    assert [turn.system for turn in next(corpus.dialogues("all")).turns] == ["Name?", "Ok."]
    with pytest.raises(DataError, match="no response of style 'loud'; there are verbosity_low mirroring"):
        list(TOAD(folder, style="loud", cache=False).dialogues("all"))


def test_toad_names_what_the_generator_gave_up(write: Write) -> None:
    folder = _toad(write, {"id": "x"}, TOAD_DIALOGUE)
    with pytest.raises(DataError, match="the generator gave it up"):
        list(TOAD(folder, cache=False).dialogues("all"))
    lenient = TOAD(folder, skip_invalid=True, cache=False)
    assert [one.id for one in lenient.dialogues("all")] == ["compound-1"]
    assert len(lenient.skipped) == 1


@pytest.mark.realdata
def test_the_released_schema_of_toad(realdata: Path, write: Write) -> None:
    folder = _toad(write, TOAD_DIALOGUE)
    (folder / "schema.json").write_bytes((realdata / "toad/data/schema.json").read_bytes())
    schema = TOAD(folder, cache=False).schema
    assert len(schema) == 11
    assert {"time", "recurring", "name"} <= set(schema["alarms"])
