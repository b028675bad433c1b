"""Turn updates scored as states: recognised with their ceiling, added up on demand, never suspected in states."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from tod_bench.cli.main import command
from tod_bench.corpora.base import open_corpus
from tod_bench.importers import import_predictions
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.records import Dialogue, Prediction, SlotSpec, Turn, first_values
from tod_bench.scoring import pair, score, updates_remark
from tod_bench.scoring.recognising import gold_updates, kept_slots
from tod_bench.tasks import gold_prediction
from tod_bench.updates import accumulated


def one(turn, state, dialogue="d"):
    return Prediction(dialogue, turn, state=state)


@pytest.fixture(scope="module")
def corpus():
    return open_corpus("simulated")


@pytest.fixture(scope="module")
def dialogues(corpus):
    return list(corpus.dialogues("test"))[:60]


def remark(corpus, dialogues, predictions):
    return updates_remark(pair("dst", dialogues, predictions, partial=True), corpus.schema, "tod_bench", "toy test")


def jga(corpus, dialogues, predictions, spec="jga"):
    where = {"corpus_name": "toy", "split": "test", "schema": corpus.schema, "draws": 0, "partial": True}
    return score("dst", dialogues, predictions, metrics=[spec], **where)[0].value


def test_updates_add_up():
    given = [
        one(2, {"hotel": {"area": "none", "bookday": "friday"}}),
        one(0, {"hotel": {"area": "east", "book day": "monday"}}),
        one(1, {"taxi": {"leaveat": "10:00"}}),
        one(4, {"hotel": {"stars": "4"}, "taxi": {"leaveat": "not mentioned"}}),
        one(0, {"hotel": {"area": "west"}}, "other"),
        Prediction("d", 3, response="hello"),
    ]
    assert [(found.turn, found.state) for found in accumulated(given)] == [
        (2, {"hotel": {"book day": "friday"}, "taxi": {"leaveat": "10:00"}}),
        (0, {"hotel": {"area": "east", "book day": "monday"}}),
        (1, {"hotel": {"area": "east", "book day": "monday"}, "taxi": {"leaveat": "10:00"}}),
        (4, {"hotel": {"book day": "friday", "stars": "4"}}),
        (0, {"hotel": {"area": "west"}}),
        (3, None),
    ]


def test_gold_updates_are_recognised_with_their_ceiling(corpus, dialogues):
    updates = gold_updates(pair("dst", dialogues, [], partial=True))
    ceiling = jga(corpus, dialogues, updates)
    assert 0 < ceiling < 40
    found = remark(corpus, dialogues, updates)
    assert found.startswith("these predictions look like turn updates, not states: only ")
    assert f"the gold updates of toy test have a JGA of {ceiling:.2f} (tod_bench)" in found
    assert found.endswith("score with --updates")
    assert jga(corpus, dialogues, accumulated(updates.values())) > 99


def test_the_ceiling_is_that_of_the_split(corpus, dialogues):
    parts = [dialogues[:30], dialogues[30:]]
    said = {remark(corpus, part, gold_updates(pair("dst", part, [], partial=True))) for part in parts}
    assert len(said) == 2


def weaker(state, rng, *, lose, spoil):
    """A state with slots lost and values spoiled."""
    return {
        domain: {slot: "x" if rng.random() < spoil else value for slot, value in slots.items() if rng.random() >= lose}
        for domain, slots in state.items()
    }


@pytest.mark.parametrize(("lose", "spoil"), [(0, 0), (0.2, 0.1), (0.4, 0.3), (0.3, 1), (1, 0)])
def test_states_are_never_suspected(corpus, dialogues, lose, spoil):
    rng = random.Random(0)
    states = [
        one(turn.index, weaker(first_values(turn.state), rng, lose=lose, spoil=spoil), dialogue.id)
        for dialogue in dialogues
        for turn in dialogue.turns
    ]
    assert remark(corpus, dialogues, states) == ""


def test_neither_is_noise_or_what_is_missing(corpus, dialogues):
    rng = random.Random(0)
    slots = [(domain, slot) for domain, slots in corpus.schema.items() for slot in slots]
    noise = []
    for dialogue in dialogues:
        for turn in dialogue.turns:
            domain, slot = rng.choice(slots)
            noise.append(one(turn.index, {domain: {slot: "x"}}, dialogue.id))
    assert remark(corpus, dialogues, noise) == ""
    gold = [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    assert remark(corpus, dialogues, gold[::2]) == ""
    assert remark(corpus, dialogues, []) == ""


def test_weak_updates_are_recognised_too(corpus, dialogues):
    rng = random.Random(0)
    updates = gold_updates(pair("dst", dialogues, [], partial=True))
    weak = [one(key[1], weaker(found.state, rng, lose=0.2, spoil=0.1), key[0]) for key, found in updates.items()]
    assert "look like turn updates" in remark(corpus, dialogues, weak)


def test_frames_that_come_and_go_are_no_updates():
    """In SGD's frame view a turn has the states of its own services alone, and keeps them."""
    a, b = {"Bus_1": {"to": ("oak",)}}, {"Taxi_1": {"at": ("nine",)}}
    turns = tuple(Turn(n, "u", state=(a, b)[n % 2], services=tuple((a, b)[n % 2])) for n in range(60))
    dialogue = Dialogue("d", "sgd-frame", "dev", ("Bus_1", "Taxi_1"), turns)
    schema = {"Bus_1": {"to": SlotSpec()}, "Taxi_1": {"at": SlotSpec()}}
    pairing = pair("dst", [dialogue], [gold_prediction(dialogue, turn) for turn in turns])
    assert updates_remark(pairing, schema, "sgd", "toy") == ""


def test_score_and_import_add_up(tmp_path: Path, corpus, dialogues):
    updates = gold_updates(pair("dst", dialogues, [], partial=True))
    write_predictions(tmp_path / "updates.jsonl", updates.values())
    run = ["score", str(tmp_path / "updates.jsonl"), "--corpus", "simulated", "--split", "test[:60]", "-m", "jga"]
    plain = CliRunner().invoke(command, [*run, "--draws", "0"], catch_exceptions=False).output
    assert "look like turn updates" in plain
    summed = CliRunner().invoke(command, [*run, "--draws", "0", "--updates"], catch_exceptions=False).output
    assert "taken for turn updates and added up" in summed
    assert "look like turn updates" not in summed
    flat = {
        dialogue.id: {
            str(turn.index): [
                f"{domain}-{slot}-{value}"
                for domain, slots in updates[dialogue.id, turn.index].state.items()
                for slot, value in slots.items()
            ]
            for turn in dialogue.turns
        }
        for dialogue in dialogues
    }
    source, out = tmp_path / "updates.json", tmp_path / "states.jsonl"
    source.write_text(json.dumps(flat))
    line = [
        "import",
        "trade",
        str(source),
        "-o",
        str(out),
        "--corpus",
        "simulated",
        "--split",
        "test[:60]",
        "--updates",
    ]
    assert CliRunner().invoke(command, line, catch_exceptions=False).exit_code == 0
    assert jga(corpus, dialogues, list(read_predictions(out))) > 99


@pytest.mark.realdata
@pytest.mark.parametrize(("protocol", "ceiling"), [("tod_bench", "15.25"), ("mwzeval", "15.08")])
def test_the_ceiling_on_multiwoz(realdata, protocol, ceiling):
    corpus = open_corpus("multiwoz")
    if "unofficial" not in corpus.name:
        pytest.skip("measured on the 2.2 that is converted from 2.1")
    dialogues = list(corpus.dialogues("test"))
    updates = gold_updates(pair("dst", dialogues, [], partial=True))
    found = updates_remark(pair("dst", dialogues, updates), corpus.schema, protocol, "it")
    assert f"have a JGA of {ceiling} ({protocol})" in found
    gold = pair(
        "dst", dialogues, [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    )
    assert kept_slots(gold, gold=False).share > 0.99


def test_importing_keeps_states_as_they_are_without_the_option(tmp_path: Path):
    source = tmp_path / "states.json"
    source.write_text('{"a": {"0": ["hotel-area-east"], "1": ["hotel-stars-4"]}}')
    plain, summed = (
        import_predictions(source, format="trade", updates=updates).predictions for updates in (False, True)
    )
    assert plain[1].state == {"hotel": {"stars": "4"}}
    assert summed[1].state == {"hotel": {"area": "east", "stars": "4"}}
