"""Protocol ``mwzeval`` beside the script itself, dialogue by dialogue, on every prediction file of its repository.

``TOD_BENCH_MWZEVAL`` names a checkout of MultiWOZ_Evaluation, and its requirements (fuzzywuzzy, sacremoses,
lexical_diversity) are installed. Goals are taken from its file, or made of MultiWOZ 2.1 where the checkout lacks it.
"""

import json
import os
import random
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tod_metrics.dialogue.inform_success import Inform
from tod_metrics.dialogue.partial_ratio import partial_ratio, reaches
from tod_metrics.items import DialogueItem
from tod_metrics.normalization.mwzeval_script import KNOWN_NAMES, script_response, script_text, script_value
from tod_metrics.response.delex_bleu import DelexBleu

CHECKOUT = os.environ.get("TOD_BENCH_MWZEVAL", "")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.slow,
    pytest.mark.skipif(not CHECKOUT, reason="TOD_BENCH_MWZEVAL is not set to a checkout of MultiWOZ_Evaluation"),
    pytest.mark.filterwarnings("ignore:Using slow pure-python SequenceMatcher"),
]
FILES = sorted(path.name for path in Path(CHECKOUT, "predictions").glob("*.json")) if CHECKOUT else []
RELEASE = "multiwoz/MultiWOZ_2.2_converted_from_2.1/data/MultiWOZ_2.2"
LOG = "multiwoz/convlab3/data/multiwoz"


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    """The script's modules, its partial ratio kept for pairs that come again."""
    fuzz = pytest.importorskip("fuzzywuzzy.fuzz")
    pytest.importorskip("lexical_diversity")
    sys.path.insert(0, CHECKOUT)
    original = fuzz.partial_ratio
    fuzz.partial_ratio = cache(original)
    from mwzeval import metrics as found

    yield found
    fuzz.partial_ratio = original
    sys.path.remove(CHECKOUT)


@pytest.fixture(scope="module")
def corpus(realdata: Path) -> Any:
    from tod_bench.corpora.multiwoz import MultiWOZ

    return MultiWOZ(realdata / RELEASE, goals=realdata / LOG, cache=False)


@pytest.fixture(scope="module")
def dialogues(corpus: Any) -> list[Any]:
    return list(corpus.dialogues("test"))


@pytest.fixture(scope="module")
def goals(dialogues: list[Any], script: Any) -> Mapping[str, Any]:
    if Path(CHECKOUT, "mwzeval/data/goals.json").exists():
        found: Mapping[str, Any] = script.load_goals()
        return found
    return {
        dialogue.id.lower(): {name: _goal(name, wish) for name, wish in dialogue.goal.items()} for dialogue in dialogues
    }


def _goal(domain: str, wish: Any) -> dict[str, Any]:
    slots = {"arriveby": "arrive", "leaveat": "leave"}
    kinds = (
        {"trainid": "TRAINID"} if domain == "train" else {"phone": "PHONE", "address": "ADDRESS", "postcode": "POST"}
    )
    requests = [kinds[slot] for slot in wish.request if slot in kinds] + (["REFERENCE"] if wish.book else [])
    return {
        "informable": {slots.get(slot, slot): value for slot, value in wish.inform.items()},
        "requestable": requests,
    }


def _items(name: str, corpus: Any, dialogues: list[Any]) -> list[DialogueItem]:
    from tod_bench.importers import import_predictions
    from tod_bench.scoring.items import build_items
    from tod_bench.scoring.pairing import pair

    imported = import_predictions(Path(CHECKOUT, "predictions", name), dialogues, format="mwzeval", partial=True)
    assert not imported.mismatches
    pairing = pair("response", dialogues, imported.predictions, partial=True)
    return list(build_items(DialogueItem, pairing, corpus.schema, {}))


def _outcomes(
    script: Any, name: str, goals: Mapping[str, Any], dialogues: list[Any], monkeypatch: Any
) -> dict[str, Any]:
    """The script's own outcomes: dialogue -> informed, succeeded."""
    from mwzeval import normalization, utils

    class Unchanged:
        """Undoing tokenisation takes minutes, and touches no placeholder and no state."""

        def __init__(self, **options: Any) -> None: ...
        def tokenize(self, text: str) -> str:
            return text

        detokenize = tokenize

    monkeypatch.setattr(normalization, "MosesTokenizer", Unchanged)
    monkeypatch.setattr(normalization, "MosesDetokenizer", Unchanged)
    data = json.loads(Path(CHECKOUT, "predictions", name).read_text(encoding="utf-8"))
    if not utils.has_state_predictions(data):
        by_id = {dialogue.id.lower(): dialogue for dialogue in dialogues}
        for key, turns in data.items():
            for turn, gold in zip(turns, by_id[key].turns, strict=True):
                turn["state"] = _gold(gold.state)
    normalization.normalize_data(data)
    if not utils.has_domain_predictions(data):
        utils.get_domain_estimates_from_state(data)
    booked, database = utils.load_booked_domains(), script.MultiWOZVenueDatabase()
    found = {}
    for key, turns in data.items():
        sides = ([turn[field] for turn in turns] for field in ("response", "state", "active_domains"))
        match, success = script.get_dialog_success(goals[key], booked[key], *sides, database)
        found[key] = (bool(match["total"]), bool(success.get("total")))
    return found


def _gold(state: Any) -> dict[str, dict[str, str]]:
    found = {
        domain: {slot: values[0] for slot, values in slots.items() if "dontcare" not in values}
        for domain, slots in state.items()
    }
    return {domain: slots for domain, slots in found.items() if slots}


@pytest.mark.parametrize("name", FILES)
def test_every_outcome_is_the_script_s(
    name: str, script: Any, corpus: Any, dialogues: list[Any], goals: Mapping[str, Any], monkeypatch: Any
) -> None:
    expected = _outcomes(script, name, goals, dialogues, monkeypatch)
    items = _items(name, corpus, dialogues)
    rows = Inform(corpus.database, protocol="mwzeval").statistics(items)
    ours = {item.dialogue_id.lower(): (bool(row[0]), bool(row[1])) for item, row in zip(items, rows, strict=True)}
    different = {key: (ours[key], outcome) for key, outcome in expected.items() if ours[key] != outcome}
    assert not different


RATES = {"damd.json": (57.9, 47.6), "mintl.json": (73.7, 65.4), "labes.json": (68.5, 58.1), "pptod.json": (83.1, 72.7)}
"""File with missing turns -> Inform and Success of the dialogues that it has, as the script gives them."""


@pytest.mark.parametrize("name", RATES)
def test_a_file_with_missing_turns_is_scored_by_its_own_states(name: str, corpus: Any, dialogues: list[Any]) -> None:
    items = _items(name, corpus, dialogues)
    settled = Inform(corpus.database, protocol="mwzeval").resolved(items)
    assert settled.state == "predicted"
    assert any("turns have no predicted state; theirs counts as empty" in note for note in settled.notes)
    present = [item for item in items if any(turn.response is not None for turn in item.turns)]
    rows = settled.statistics(present)
    assert (100 * rows[:, :2].mean(axis=0)).round(1).tolist() == pytest.approx(list(RATES[name]), abs=0.051)


def test_values_placeholders_and_ratios_are_the_script_s(script: Any, corpus: Any) -> None:
    from fuzzywuzzy import fuzz
    from mwzeval import normalization

    assert all(script_text(f"[{name}]") == normalization.normalize_slot_name(name) for name in KNOWN_NAMES)
    values: dict[str, set[str]] = {}
    for file in FILES:
        for turns in json.loads(Path(CHECKOUT, "predictions", file).read_text(encoding="utf-8")).values():
            for slots in (state for turn in turns for state in turn.get("state", {}).values()):
                for slot, value in slots.items():
                    values.setdefault(slot, set()).add(value)
    ours = {"arrive": "arriveby", "leave": "leaveat", "time": "book time"}
    for slot, found in values.items():
        for value in found:
            assert script_value(ours.get(slot, slot), value) == normalization.normalize_state_slot_value(slot, value)
    names = sorted(
        {
            entry["name"]
            for domain in ("restaurant", "hotel", "attraction")
            for entry in corpus.database.query(domain, {})
        }
    )
    asked, generator = sorted(values["name"] | values["destination"]), random.Random(0)
    for _ in range(5000):
        one, other = generator.choice(names), generator.choice(asked)
        assert partial_ratio(one, other) == fuzz.partial_ratio(one, other)
        assert reaches(one, other, 90) == (fuzz.partial_ratio(one, other) >= 90)


def test_bookings_are_the_script_s_list_taxi_apart(script: Any, dialogues: list[Any]) -> None:
    booked = script.load_booked_domains()
    for dialogue in dialogues:
        ours = [set(turn.booked or ()) - {"taxi"} for turn in dialogue.turns]
        assert ours == [set(domains) for domains in booked[dialogue.id.lower()]]


@pytest.mark.parametrize("name", FILES[:2])
def test_bleu_is_the_script_s(name: str, script: Any, corpus: Any, dialogues: list[Any]) -> None:
    from mwzeval import normalization
    from sacrebleu import corpus_bleu

    items = _items(name, corpus, dialogues)[:150]
    raw = {item.dialogue_id: [{"response": turn.response or ""} for turn in item.turns] for item in items}
    spelt = {item.dialogue_id: [{"response": _spelt(turn)} for turn in item.turns] for item in items}
    for data in (raw, spelt):
        normalization.normalize_data(data)
    sides = [[turn["response"] for turns in data.values() for turn in turns] for data in (raw, spelt)]
    assert sides[0] == [script_response(turn.response or "") for item in items for turn in item.turns]
    scored = DelexBleu("mwzeval")
    ours = float(scored.aggregate(scored.statistics(items).sum(axis=0)))
    assert ours == pytest.approx(corpus_bleu(sides[0], [sides[1]]).score, abs=1e-9)


def _spelt(turn: Any) -> str:
    """The reference delexicalised as the script does it, from its annotated spans in order."""
    text, done = "", 0
    for _, slot, value, start, end in sorted(turn.spans, key=lambda span: span[3]):
        if start >= done and value != "dontcare":
            text += f"{turn.reference[done:start]}[{slot.replace(' ', '')}]"
            done = end
    return text + turn.reference[done:]
