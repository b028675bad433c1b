"""STAR, SIMMC 2.0 and the corpora in ConvLab-3's unified format; and that readers raise their version."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tod_bench.corpora import multiwoz, picpersona, sgd, simmc2, star, unified
from tod_bench.corpora.cache import encode
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.corpora.sgd import SGD
from tod_bench.corpora.simmc2 import SIMMC2
from tod_bench.corpora.star import STAR
from tod_bench.corpora.unified import CamRest
from tod_bench.errors import DataError, UserError
from tod_bench.records import Act, DomainGoal, Span

UNIFIED: dict[str, Any] = {
    "dataset": "camrest",
    "data_split": "validation",
    "dialogue_id": "camrest-validation-0",
    "domains": ["restaurant"],
    "goal": {"inform": {"restaurant": {"price range": "cheap"}}, "request": {"restaurant": {"phone": ""}}},
    "turns": [
        {
            "speaker": "user",
            "utterance": "Cheap food please.",
            "dialogue_acts": {
                "binary": [{"intent": "request", "domain": "restaurant", "slot": "phone"}],
                "categorical": [
                    {
                        "intent": "inform",
                        "domain": "restaurant",
                        "slot": "price range",
                        "value": "cheap",
                        "start": 0,
                        "end": 5,
                    }
                ],
                "non-categorical": [],
            },
            "state": {"restaurant": {"price range": "cheap", "area": ""}},
        },
        {"speaker": "system", "utterance": "Here.", "db_results": {"restaurant": [{}, {}]}},
    ],
}
ONTOLOGY = {
    "domains": {
        "restaurant": {
            "slots": {
                name: {"description": "", "is_categorical": name != "phone", "possible_values": ["cheap"]}
                for name in ("price range", "area", "phone")
            }
        }
    },
    "state": {"restaurant": {"price range": "", "area": ""}},
}


def _unified(folder: Path, dialogue: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "data.zip", "w") as archive:
        archive.writestr("data/dialogues.json", json.dumps([dialogue]))
        archive.writestr("data/ontology.json", json.dumps(ONTOLOGY))
    return folder


def test_the_unified_format(tmp_path: Path) -> None:
    corpus = CamRest(_unified(tmp_path / "camrest", UNIFIED))
    assert list(corpus.schema["restaurant"]) == ["pricerange", "area"]
    assert list(corpus.dialogues("train")) == []
    (dialogue,) = corpus.dialogues("dev")
    (turn,) = dialogue.turns
    assert dialogue.goal == {"restaurant": DomainGoal({"pricerange": "cheap"}, ("phone",))}
    assert turn.state == {"restaurant": {"pricerange": ("cheap",)}}
    assert turn.user_acts == (Act("restaurant", "request", "phone"), Act("restaurant", "inform", "pricerange", "cheap"))
    assert turn.spans == (Span("user", "restaurant", "pricerange", "cheap", 0, 5),)
    assert (turn.system, turn.acts, turn.db_matches) == ("Here.", (), {"restaurant": 2})


def test_a_bad_unified_record(tmp_path: Path) -> None:
    bad = json.loads(json.dumps(UNIFIED).replace('"area": ""', '"view": "sea"'))
    with pytest.raises(DataError, match=r"camrest-validation-0, turn 0: the state has a value for slot 'view'"):
        list(CamRest(_unified(tmp_path / "camrest", bad)).dialogues("dev"))
    with pytest.raises(UserError, match=r"no dialogues\.json"):
        CamRest(tmp_path)


def _star_release(write: Any, folder: Path) -> Path:
    events = [
        {"Agent": "UserGuide", "Action": "instruct", "Text": "Be nice."},
        {"Agent": "User", "Action": "utter", "Text": "Hi."},
        {"Agent": "User", "Action": "utter", "Text": "A ride please."},
        {"Agent": "Wizard", "Action": "pick_suggestion", "ActionLabel": "ask_name", "Text": "Your name?"},
        {"Agent": "Wizard", "Action": "utter", "Text": "Please?"},
        {"Agent": "User", "Action": "utter", "Text": "Jo."},
    ]
    for number, level in (("10", "Complete"), ("9", "Complete"), ("11", "DisconnectDuringDialogue")):
        domains = ["ride"] if number == "9" else [None]
        write(
            f"star/dialogues/{number}.json",
            {"CompletionLevel": level, "Scenario": {"Domains": domains}, "Events": events},
        )
    return folder / "star"


def test_star(write: Any, tmp_path: Path) -> None:
    corpus = STAR(_star_release(write, tmp_path))
    first, second = corpus.dialogues("all")
    assert (first.id, second.id) == ("9", "10")
    assert (first.services, second.services) == (("ride",), ())
    assert [(turn.user, turn.system) for turn in first.turns] == [
        ("Hi.", ""),
        ("A ride please.", "Your name?"),
        ("", "Please?"),
        ("Jo.", ""),
    ]
    assert (first.turns[1].acts, second.turns[1].acts) == ((Act("ride", "ask_name"),), (Act("general", "ask_name"),))
    assert [error.dialogue for error in corpus.warnings] == ["10"]
    assert len(list(STAR(corpus.root, complete=False).dialogues("all"))) == 3


def _simmc_release(write: Any, folder: Path) -> Path:
    acts = {
        "act": "INFORM:GET",
        "act_attributes": {"slot_values": {"type": "hat", "price": 3}, "request_slots": ["size"]},
    }
    turn = {"transcript": "A hat?", "system_transcript": "This one.", "transcript_annotated": acts}
    hidden = {"transcript": "A hat?", "transcript_annotated": {"act_attributes": {}}}
    for name, turns in (("dev", [turn]), ("teststd_public", [hidden])):
        data = {"dialogue_data": [{"dialogue_idx": 5, "domain": "fashion", "dialogue": turns}]}
        write(f"simmc/simmc2_dials_dstc10_{name}.json", data)
    return folder / "simmc"


def test_simmc2(write: Any, tmp_path: Path) -> None:
    corpus = SIMMC2(_simmc_release(write, tmp_path))
    assert corpus.splits == ("dev", "teststd")
    (dialogue,) = corpus.dialogues("dev")
    assert (dialogue.id, dialogue.services) == ("5", ("fashion",))
    assert dialogue.turns[0].user_acts == (
        Act("fashion", "inform:get", "type", "hat"),
        Act("fashion", "inform:get", "size"),
    )
    (hidden,) = corpus.dialogues("teststd")
    assert (hidden.turns[0].system, hidden.turns[0].user_acts) == ("", ())


READERS: dict[str, tuple[Any, int, str]] = {
    "multiwoz22": (multiwoz, 2, "c8ec2ddc33a64082"),
    "multiwoz_log": (multiwoz, 2, "d9156e9ef3daa969"),
    "sgd": (sgd, 2, "2fe04811f8bc55cf"),
    "picpersona": (picpersona, 1, "b05a4b03f105c8f1"),
    "unified": (unified, 1, "a89b79b49ce2ead0"),
    "star": (star, 1, "4c19bf666ac3e3c5"),
    "simmc2": (simmc2, 1, "91a3e6e7a4bad546"),
}
"""Reader -> its module, its version, and a digest of what it makes of the small releases."""


@pytest.mark.parametrize("name", READERS)
def test_a_reader_whose_dialogues_change_raises_its_version(
    name: str,
    release22: Path,
    release_log: Path,
    release_sgd: Path,
    release_picpersona: Path,
    write: Any,
    tmp_path: Path,
) -> None:
    module, version, digest = READERS[name]
    corpora: dict[str, Any] = {
        "multiwoz22": lambda: MultiWOZ(release22),
        "multiwoz_log": lambda: MultiWOZ(release_log, version="2.1"),
        "sgd": lambda: SGD(release_sgd),
        "picpersona": lambda: PicPersona(release_picpersona),
        "unified": lambda: CamRest(_unified(tmp_path / "camrest", UNIFIED)),
        "star": lambda: STAR(_star_release(write, tmp_path)),
        "simmc2": lambda: SIMMC2(_simmc_release(write, tmp_path)),
    }
    corpus = corpora[name]()
    lines = [encode(dialogue) for split in corpus.splits for dialogue in corpus.dialogues(split)]
    found = hashlib.sha256(b"".join(lines)).hexdigest()[:16]
    assert (module._READER, found) == (version, digest), (
        f"the {name} reader makes other dialogues: raise its _READER, so that caches of the old ones are not used, and "
        "pin the new version and digest here"
    )
