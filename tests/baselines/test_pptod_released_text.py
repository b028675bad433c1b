"""PPTOD's own format: text and tokens as its code makes them.

Expected texts of `cleaned` are what `clean_text` of UBAR-MultiWOZ's `clean_dataset.py` gives (without its file of word
pairs, where none is named); the rest is written out from the formats that PPTOD's `dataclass.py` documents.
"""

from typing import Any

import pytest
from released_format import RELEASED, TALK, Venues, released_tokenizer

from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.examples import (
    CONTEXT_TOKENS,
    ReleasedCollator,
    ReleasedExamples,
    readings,
    training_readings,
)
from tod_baselines.pptod.released.spans import Mentions, act_span, db_mark, read_acts, read_state, turn_domains
from tod_baselines.pptod.released.words import act_slot, cleaned, delexicalised, read_pairs, slot_word
from tod_baselines.pptod.system import PPTOD
from tod_bench.records import Act, Dialogue, Span, Turn
from tod_bench.tasks import turn_inputs


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return released_tokenizer()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am looking for a Restaurant .", "i am looking for a restaurant ."),
        ("Thanks .   I 'm also looking", "thanks . i am also looking"),
        ("at 9 am or 9:15 pm .", "at 09:00 or 21:15 ."),
        ("by 5pm ; 12 pm is late", "by 17:00 , 12pm is late"),
        ("a b & b or guesthouses", "a bed and breakfast or guest house"),
        ("the club and bar", "the clubed and breakfastar"),
        ("it wo n't do , i 'd say", "it will not do , i would say"),
        ("call tr1234.it leaves", "call tr1234.it leaves"),
        ("mail abc.def now", "mail abc . def now"),
        ("north/south \u2019tis", "north and south 'tis"),
        ("", ""),
    ],
)
def test_utterances_are_cleaned_as_pptods_data_was(text: str, expected: str) -> None:
    assert cleaned(text) == expected


def test_text_that_is_not_split_into_words_is_split() -> None:
    assert cleaned("No, I'm not picky. Is it the Meze's?") == "no , i am not picky . is it the meze 's ?"


def test_word_pairs_are_replaced_as_whole_words() -> None:
    pairs = read_pairs(["restaurants\trestaurant -s\n", "\n", "it 's\tit is"])
    assert cleaned("it 's one of many restaurants .", pairs) == "it is one of many restaurant -s ."
    with pytest.raises(ValueError, match="line 2 has no tab"):
        read_pairs(["a\tb", "c d"])


def test_annotated_values_of_the_system_become_placeholders() -> None:
    text = "Taj Tandoori, 64 Regent St, opens 9 AM; reference AB12CD34."
    spans = [
        Span("system", "restaurant", "name", "taj tandoori", 0, 12),
        Span("system", "restaurant", "address", "64 regent st", 14, 26),
        Span("system", "restaurant", "openhours", "9 am", 34, 38),
        Span("system", "booking", "ref", "AB12CD34", 50, 58),
        Span("user", "restaurant", "name", "x", 0, 3),
    ]
    assert delexicalised(text, spans) == "[value_name] , [value_address] , opens 09:00 , reference [value_reference] ."


@pytest.mark.parametrize(
    ("domain", "slot", "word"),
    [
        ("hotel", "book stay", "stay"),
        ("train", "leaveat", "leave"),
        ("train", "arriveby", "arrive"),
        ("taxi", "type", "car"),
        ("train", "trainid", "id"),
        ("train", "duration", "time"),
        ("attraction", "entrancefee", "price"),
        ("booking", "ref", "reference"),
        ("booking", "book day", "day"),
        ("train", "book people", "people"),
        ("restaurant", "food", "food"),
    ],
)
def test_slots_are_words_and_words_are_slots(domain: str, slot: str, word: str) -> None:
    assert slot_word(domain, slot) == word
    assert act_slot(domain, word) == slot


def test_a_state_is_written_by_domain_and_by_first_mention() -> None:
    mentions = Mentions()
    first = {"train": {"departure": ("Cambridge",), "day": ("wednesday",)}}
    assert mentions.span(first) == "[train] day wednesday departure cambridge"
    second = {
        "restaurant": {"book time": ("9:15",), "food": ("do n't care",)},
        "train": {**first["train"], "leaveat": ("12:45",), "destination": ("peterborough", "ely")},
        "hotel": {},
    }
    expected = "[train] day wednesday departure cambridge leave 12:45 destination peterborough"
    assert mentions.span(second) == f"{expected} [restaurant] food dontcare time 09:15"


@pytest.mark.parametrize(
    ("text", "state", "problems"),
    [
        ("", {}, []),
        (
            "[restaurant] food north american people 4",
            {"restaurant": {"food": "north american", "book people": "4"}},
            [],
        ),
        ("[train] leave 12:45 day dont care", {"train": {"leaveat": "12:45", "day": "dontcare"}}, []),
        ("[restaurant] food", {}, ["'[restaurant] food'"]),
        ("so [hotel] area north", {"hotel": {"area": "north"}}, ["'so'"]),
    ],
)
def test_a_state_is_read_and_what_is_left_over_is_said(text: str, state: Any, problems: list[str]) -> None:
    found, said = read_state(text)
    assert found == state
    assert [sentence.partition(" is in")[0] for sentence in said] == problems


def test_acts_are_written_with_bookings_in_their_domain() -> None:
    acts = (
        Act("booking", "request", "book day"),
        Act("restaurant", "inform", "choice", "3"),
        Act("restaurant", "inform", "area", "north"),
        Act("general", "reqmore"),
        Act("restaurant", "request", "food"),
    )
    # Requests come last in their domain, in the order in which their acts came.
    assert act_span(acts, ["restaurant"]) == "[restaurant] [inform] choice area [request] day food [general] [reqmore]"
    booked = (Act("booking", "book", "ref", "x"), Act("restaurant", "inform", "name", "y"), Act("general", "greet"))
    assert act_span(booked, ["restaurant"]) == "[general] [greet] [restaurant] [offerbooked] reference name"
    assert act_span((), ["restaurant"]) == ""


def test_acts_are_read_as_multiwoz_annotates_them() -> None:
    words = "[restaurant] [offerbooked] reference [request] day food [nobook]"
    text = f"{words} [train] [inform] id time price [general] [bye]"
    acts, problems = read_acts(text)
    assert problems == []
    assert acts == (
        Act("booking", "book", "ref"),
        Act("booking", "request", "book day"),
        Act("restaurant", "request", "food"),
        Act("booking", "nobook"),
        Act("train", "inform", "trainid"),
        Act("train", "inform", "duration"),
        Act("train", "inform", "price"),
        Act("general", "bye"),
    )
    assert read_acts("food [restaurant] [inform] area")[1] == ["'food' is in no slot or act"]


def test_matches_are_counted_for_the_domain_of_the_turn() -> None:
    before, state = {"hotel": {"area": ("north",)}}, {"hotel": {"area": ("north",)}, "train": {"day": ("friday",)}}
    assert turn_domains({}, before, (), []) == ["hotel"]
    assert turn_domains(before, state, (), ["hotel"]) == ["train"]
    assert turn_domains(state, state, (), ["train"]) == ["train"]
    assert turn_domains(before, state, (Act("hotel", "inform"), Act("booking", "book")), ["hotel"]) == [
        "hotel",
        "train",
    ]
    assert turn_domains(state, state, (Act("general", "bye"),), ["train"]) == ["general"]
    marks = [db_mark(["hotel"], {"hotel": count}) for count in (0, 1, 2, 3, 4)]
    assert marks == ["[db_0]", "[db_1]", "[db_2]", "[db_2]", "[db_3]"]
    assert [db_mark(["train"], {"train": n}) for n in (0, 5, 6, 10, 11)] == [f"[db_{k}]" for k in (0, 1, 2, 2, 3)]
    assert db_mark(["hotel", "train"], {"hotel": 1, "train": 0}) == "[db_0]"
    assert db_mark(["taxi"], {}) == db_mark([], {}) == db_mark(["hotel"], {}) == "[db_nores]"


@pytest.mark.parametrize(
    ("task", "turn", "source", "target"),
    [
        (
            "dst",
            0,
            "translate dialogue to belief state: <sos_context> <sos_u> i would like thai food . <eos_u> <eos_context>",
            "<sos_b> [restaurant] food thai <eos_b>",
        ),
        (
            "dst",
            1,
            "translate dialogue to belief state: <sos_context> <sos_u> i would like thai food . <eos_u> "
            "<sos_r> [value_name] serves [value_food] . <eos_r> <sos_u> friday , please . <eos_u> <eos_context>",
            "<sos_b> [restaurant] food thai day friday <eos_b>",
        ),
        (
            "policy",
            0,
            "translate dialogue to dialogue action: <sos_context> <sos_u> i would like thai food . <eos_u> "
            "<eos_context> <sos_db> [db_2] <eos_db>",
            "<sos_a> [restaurant] [recommend] name [request] day <eos_a>",
        ),
        (
            "response",
            0,
            "translate dialogue to system response: <sos_context> <sos_u> i would like thai food . <eos_u> "
            "<eos_context> <sos_db> [db_2] <eos_db>",
            "<sos_r> [value_name] serves [value_food] . <eos_r>",
        ),
    ],
)
def test_source_and_target_token_for_token(task: Any, turn: int, source: str, target: str, tokenizer: Any) -> None:
    examples = ReleasedExamples(training_readings([TALK], [task], RELEASED, Venues()), tokenizer)
    found = examples[turn]
    # The original tokenises whole spans, marks and all.
    assert found["input_ids"].tolist() == tokenizer(source, add_special_tokens=False).input_ids
    assert found["labels"].tolist() == tokenizer(target, add_special_tokens=False).input_ids
    assert examples.lengths[turn] == len(found["input_ids"])
    assert examples.target_lengths[turn] == len(found["labels"]) - 1
    batch = ReleasedCollator(0)([found])
    assert batch["decoder_input_ids"][0].tolist() == found["labels"].tolist()[:-1]
    assert batch["labels"][0].tolist() == found["labels"].tolist()[1:]


def test_the_last_900_tokens_of_the_context_are_read(tokenizer: Any) -> None:
    turns = tuple(Turn(index, "thai food please " * 30, "thai food .") for index in range(12))
    long = Dialogue("long", "toy", "train", (), turns)
    examples = ReleasedExamples(training_readings([long], ["dst"], RELEASED, None), tokenizer)
    whole = " ".join(
        [f"<sos_u> {'thai food please ' * 30}<eos_u> <sos_r> thai food . <eos_r>"] * 11
        + [f"<sos_u> {'thai food please ' * 30}<eos_u>"]
    )
    context = tokenizer(whole, add_special_tokens=False).input_ids
    prefix = tokenizer("translate dialogue to belief state: <sos_context>", add_special_tokens=False).input_ids
    end = tokenizer("<eos_context>", add_special_tokens=False).input_ids
    assert len(context) > CONTEXT_TOKENS
    assert examples[11]["input_ids"].tolist() == [*prefix, *context[-900:], *end]
    assert examples.items[11].tokens_truncated == len(context) - 900
    assert examples.report()["context_tokens_truncated"] > 0


def test_without_spans_earlier_answers_are_shown_as_they_are(tokenizer: Any) -> None:
    plain = Recipe(format="pptod", delexicalised=False)
    shown = list(turn_inputs([TALK], "dst"))
    assert [text for _, text in list(readings("dst", shown, plain))[1].context][1] == "the copper ladle serves thai ."
    assert PPTOD(format="pptod").gold_access == {"system_spans"}
    assert PPTOD(format="pptod", delexicalised=False).gold_access == PPTOD().gold_access == frozenset()
    assert [exchange.spans for exchange in shown[1].history] == [()]
    (allowed,) = list(turn_inputs([TALK], "dst", gold_access=frozenset({"system_spans"})))[1].history
    assert {span.side for span in allowed.spans} == {"system"}
