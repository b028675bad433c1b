"""The layouts of other tools' files: each is read by name and by `auto`, and what is wrong in one is a sentence."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from layouts import CORPUS, LAYOUTS, STATE
from tod_bench.cli.import_ import command
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import DataError, UserError
from tod_bench.importers import AUTO, FORMATS, import_predictions
from tod_bench.importers.pptod import parse_belief_span
from tod_bench.records import Act, Dialogue, Turn
from tod_bench.scoring import score
from tod_bench.splits import read_all
from tod_metrics.normalization.slots import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED


def saved(folder: Path, content: Any) -> Path:
    path = folder / "file.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_every_format_has_a_case_and_its_layout_in_the_help():
    assert LAYOUTS.keys() == FORMATS.keys()
    said = CliRunner().invoke(command, ["--help"]).output
    for name in FORMATS:
        assert f"\n  {name}: " in said
    assert said.count("\n    {") + said.count("\n    [") == len(FORMATS)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("named", [True, False])
def test_each_layout_is_read_and_recognised(tmp_path, form, named):
    found = import_predictions(saved(tmp_path, LAYOUTS[form]), CORPUS, format=form if named else AUTO)
    assert not found.mismatches
    assert [(one.dialogue_id, one.turn, one.state) for one in found.predictions] == [
        ("SNG0073", 0, {}),
        ("SNG0073", 1, STATE),
    ]
    assert found.notices == (() if named else (f"the format was recognised as {form}",))


@pytest.mark.parametrize("form", FORMATS)
def test_each_layout_is_read_gzipped(tmp_path, form):
    path = tmp_path / "file.json.gz"
    path.write_bytes(gzip.compress(json.dumps(LAYOUTS[form]).encode()))
    assert import_predictions(path, CORPUS).predictions[1].state == STATE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "in no format that is known"),
        ("dialogue,turn\n", "in no format that is known"),
        ("[]", "in no format that is known"),
        ("{}", "in no format that is known"),
        ([1, 2], "in no format that is known"),
        ({"a": [{"b": "c"}]}, "in no format that is known"),
        ('{"dialogue_id": "a", "turn": 0}\n{"dialogue_id": "a", "turn": 1}', "a prediction file of tod-bench already"),
    ],
)
def test_what_is_not_recognised(tmp_path, content, said):
    with pytest.raises(UserError, match=said):
        import_predictions(saved(tmp_path, content), CORPUS)


@pytest.mark.parametrize(
    ("form", "content", "said"),
    [
        ("slots", {"a": 1}, "neither turns by number nor a list"),
        ("slots", {"a": {"x": {}}}, "'x' is not the number of a turn"),
        ("slots", {"a": {"²": {}}}, "is not the number of a turn"),
        ("slots", {"a": {"9" * 5000: {}}}, "is not the number of a turn"),
        ("slots", {"a": [["hotel-area"]]}, "turn 0: the turn is a list, but must be an object"),
        ("slots", {"a": [{"hotel area": "east"}]}, "turn 0: 'hotel area' is not domain-slot"),
        ("slots", {"a": [{"hotel-area": 4}]}, "the value of hotel-area is a number, but must be text"),
        ("slots", {"a": [{"hotel-area": ["a", "b"]}]}, "the value of hotel-area is a list"),
        ("slots", {"a": [{"hotel-bookday": "a", "hotel-book day": "b"}]}, "is given twice, in two spellings"),
        ("slots", {"": [{}]}, "a dialogue has an empty id"),
        ("simpletod", {"a": []}, "the dialogue has none of generated_turn_belief"),
        (
            "simpletod",
            {"a": {"generated_turn_belief": [[], []], "generated_response": [""]}},
            "generated_response has 1",
        ),
        (
            "simpletod",
            {"a": {"generated_turn_belief": [["hotel area east", 1]]}},
            "an entry of generated_turn_belief is a number",
        ),
        ("simpletod", {"a": {"generated_response": [None]}}, None),
        ("convlab3", [{"utt_idx": "0"}], "entry 0 has no utt_idx"),
        ("convlab3", [1], "entry 0 has no utt_idx"),
        ("convlab3", [{"utt_idx": 0, "dialogue_id": "a"}], "the utterance has no predictions"),
        ("convlab3", [{"utt_idx": 0, "dialogue_id": "a", "predictions": {"state": []}}], "the state is a list"),
        (
            "convlab3",
            [{"utt_idx": 1, "dialogue_id": "a", "predictions": {"dialogue_acts": {"x": []}}}],
            "no kind of dialogue act",
        ),
        ("convlab3", [{"utt_idx": 0, "predictions": {"state": {}}}], "give the --corpus that was answered"),
    ],
)
def test_mistakes_are_sentences_with_their_place(tmp_path, form, content, said):
    found = import_predictions(saved(tmp_path, content), format=form)
    if said is None:
        assert not found.mismatches
        return
    assert any(said in one for one in found.mismatches), found.mismatches
    assert all(one.startswith(str(tmp_path)) and "\n" not in one for one in found.mismatches)


def test_simpletod_in_full(tmp_path):
    content = {
        "a": {
            "generated_turn_belief": [
                ["hotel type guesthouse", "hotel area none", "taxi leaveat", "the nice place", "train arrive by 10:00"]
            ],
            "generated_action": [
                ["restaurant inform name", "general reqmore none", "booking book", "hotel inform price"]
            ],
            "generated_response": ["[restaurant_name] is nice <|endoftext|>"],
        }
    }
    found = import_predictions(saved(tmp_path, content), format="simpletod")
    (one,) = found.predictions
    # What no corpus has stays in the state, where it counts as wrong.
    assert one.state == {"hotel": {"type": "guesthouse"}, "the": {"nice": "place"}, "train": {"arriveby": "10:00"}}
    assert one.acts == (
        Act("restaurant", "inform", "name"),
        Act("general", "reqmore"),
        Act("booking", "book"),
        Act("hotel", "inform", "pricerange"),
    )
    assert "1 belief entries without a value are left out" in found.notices


def test_convlab3_finds_dialogues_by_what_the_user_says(tmp_path):
    turns = [("Hello.", "Hi."), ("A taxi!", "Booked.")]
    corpus = [
        Dialogue("B", "multiwoz2.1", "test", (), tuple(Turn(i, *texts) for i, texts in enumerate(turns))),
        *CORPUS,
        Dialogue("C", "multiwoz2.1", "test", (), (Turn(0, *turns[0]),)),
    ]
    acts = {"categorical": [{"domain": "taxi", "intent": "Inform", "slot": "car", "value": "red"}], "binary": []}
    samples = [
        {"utt_idx": 0, "utterance": "hello", "predictions": {"state": {}}},
        {"utt_idx": 1, "utterance": "hi", "predictions": {"dialogue_acts": acts, "response": "hey"}},
        {"utt_idx": 0, "utterance": "I want a place", "predictions": {"state": {}}},
        {"utt_idx": 2, "utterance": "And a room", "predictions": {"state": {"hotel": {"area": "east"}}}},
        {"utt_idx": 0, "utterance": "hello", "predictions": {"state": {}}},
        {"utt_idx": 2, "utterance": "a taxi", "predictions": {"state": {"taxi": {"leave at": "10:00"}}}},
    ]
    found = import_predictions(saved(tmp_path, samples), corpus, format="convlab3")
    assert not found.mismatches
    assert [(one.dialogue_id, one.turn) for one in found.predictions] == [
        ("B", 0),
        ("B", 1),
        ("SNG0073", 0),
        ("SNG0073", 1),
        ("C", 0),
    ]
    assert found.predictions[1].state == {"taxi": {"leaveat": "10:00"}}
    assert found.predictions[-1].acts == (Act("taxi", "inform", "type", "red"),)
    assert found.predictions[-1].response == "hey"
    samples[0]["utterance"] = "something else"
    found = import_predictions(saved(tmp_path, samples), corpus, format="convlab3")
    assert any("says what no dialogue of the split says" in one for one in found.mismatches)


@pytest.mark.parametrize("again", ["file.json", "./file.json", "link.json", "hard.json"])
def test_the_source_is_not_overwritten(tmp_path, monkeypatch, again):
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path, LAYOUTS["slots"])
    before = path.read_bytes()
    Path("link.json").symlink_to(path)
    Path("hard.json").hardlink_to(path)
    result = CliRunner().invoke(command, ["slots", "file.json", "-o", again])
    assert isinstance(result.exception, UserError)
    assert "would be overwritten" in str(result.exception)
    assert path.read_bytes() == before


SLOTS = {
    domain: {slot: {"leaveat": "leave", "arriveby": "arrive"}.get(slot, slot.removeprefix("book ")) for slot in slots}
    for domain, slots in {**MULTIWOZ_SLOTS, **MULTIWOZ_UNSCORED}.items()
    if slots
}
EVERY_WORD = sorted(
    {word for slots in SLOTS.values() for word in slots.values()} | {"pricerange", "leaveat", "arriveby"}
)


def belief_span(state) -> str:
    return " ".join(
        " ".join([f"[{domain}]", *(f"{SLOTS[domain][slot]} {value}" for slot, value in slots.items())])
        for domain, slots in state.items()
    )


@st.composite
def states(draw):
    """States whose values may have slot words of any domain but their own."""
    found = {}
    for domain in draw(st.lists(st.sampled_from(sorted(SLOTS)), unique=True, max_size=3)):
        own = {*SLOTS[domain], *SLOTS[domain].values()}
        words = st.sampled_from([word for word in (*EVERY_WORD, "the", "of", "a", "whale", "10:00") if word not in own])
        slots = draw(st.lists(st.sampled_from(sorted(SLOTS[domain])), unique=True, min_size=1))
        found[domain] = {slot: " ".join(draw(st.lists(words, min_size=1, max_size=4))) for slot in slots}
    return found


@given(states())
def test_a_belief_span_is_read_back(state):
    assert parse_belief_span(belief_span(state)) == state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (
            "[attraction] name whale of a time area centre",
            {"attraction": {"name": "whale of a time", "area": "centre"}},
        ),
        ("[attraction] area time out", {"attraction": {"area": "time out"}}),
        ("[restaurant] name food food italian", {"restaurant": {"name": "food", "food": "italian"}}),
        ("[restaurant] name the name inn", {"restaurant": {"name": "the name inn"}}),
        ("[hotel] name a good stay", {"hotel": {"name": "a good stay"}}),
        ("[taxi] food italian", {"taxi": {"food": "italian"}}),
        ("[taxi] leave 10:00 [value_name] departure x", {"taxi": {"leaveat": "10:00"}}),
        ("[hotel] [hotel] area", {}),
    ],
)
def test_words_of_slots_inside_of_values(text, state):
    assert parse_belief_span(text) == state


@pytest.mark.realdata
@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_gold_in_pptods_form_is_read_back(realdata, version):
    corpus = open_corpus("multiwoz", version=version)
    turns = [turn for dialogue in read_all(corpus, "test") for turn in dialogue.turns]
    assert len(turns) > 7_000
    for turn in turns:
        state = {
            domain: {slot: " ".join(values[0].lower().split()) for slot, values in slots.items()}
            for domain, slots in turn.state.items()
            if slots
        }
        assert parse_belief_span(belief_span(state)) == state


def test_a_file_with_a_key_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="the key 'hotel-area' is given twice"):
        import_predictions(saved(tmp_path, '{"a": [{"hotel-area": "east", "hotel-area": "west"}]}'), format="slots")


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["camrest", "kvret"])
def test_gold_as_convlab3_writes_it_is_right(realdata, tmp_path, name):
    corpus = open_corpus(name)
    dialogues = read_all(corpus, "test")
    samples = [
        {
            "speaker": "user",
            "utt_idx": 2 * turn.index,
            "utterance": turn.user,
            "predictions": {
                "state": {domain: {slot: v[0] for slot, v in found.items()} for domain, found in turn.state.items()}
            },
        }
        for dialogue in dialogues
        for turn in dialogue.turns
    ]
    found = import_predictions(saved(tmp_path, samples), dialogues, format="convlab3")
    assert not found.mismatches
    (jga,) = [
        one
        for one in score(
            "dst",
            dialogues,
            found.predictions,
            corpus_name=name,
            split="test",
            schema=corpus.schema,
            metrics=["jga"],
            draws=0,
        )
        if not one.slice
    ]
    assert jga.value == 100
