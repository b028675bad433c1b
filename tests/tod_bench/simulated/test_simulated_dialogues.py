"""What every simulated dialogue must keep to, whatever the seed."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.records import Dialogue, Turn
from tod_bench.simulated import Simulated
from tod_bench.simulated.database import city_database
from tod_bench.simulated.forms import forms
from tod_bench.simulated.marks import located
from tod_bench.simulated.ontology import BOOK_SLOTS, DONTCARE, VENUES

DATABASE = city_database()
STYLES = ("original", "personalised", "personalised_system")
CORPORA = {style: Simulated({"train": 300, "dev": 100, "test": 300}, style=style) for style in STYLES}
DIALOGUES = {style: [one for split in ("train", "test") for one in CORPORA[style].dialogues(split)] for style in STYLES}
EVERY = DIALOGUES["original"]


def turns(dialogues: list[Dialogue]) -> Iterator[tuple[Dialogue, Turn]]:
    for dialogue in dialogues:
        for turn in dialogue.turns:
            yield dialogue, turn


def first_values(turn: Turn, domain: str) -> dict[str, str]:
    return {slot: values[0] for slot, values in turn.state.get(domain, {}).items()}


def surfaces(domain: str, slot: str, value: str) -> set[str]:
    """Every way to put a value in words, lower case."""
    found = {value.lower()}
    for place in ("pre", "head", "post", "answer", "chunk"):
        try:
            known = forms(domain, slot, value, place)
        except KeyError:
            continue
        for text in (known.canonical, *known.others, *known.unseen) if known else ():
            plain, spans = located(text, "user")
            found |= {plain[span.start : span.end].lower() for span in spans}
    return found


def check_dialogue(dialogue: Dialogue) -> None:
    """The invariants that hold turn by turn."""
    assert 4 <= len(dialogue.turns) <= 9
    assert [turn.index for turn in dialogue.turns] == list(range(len(dialogue.turns)))
    seen: list[Turn] = []
    for turn in dialogue.turns:
        for text in (turn.user, turn.system, turn.styled_user, turn.styled_system):
            assert text
            assert text == " ".join(text.split())
            assert not set("{}<>⟦⟧|*") & set(text), text
        check_traceable(turn, seen)
        check_spans(turn)
        check_counts(turn)
        check_answers(dialogue, turn)
        seen.append(turn)
    check_goal(dialogue)


def check_traceable(turn: Turn, seen: list[Turn]) -> None:
    """Every new value of the state stands in the text, was offered before, is carried over, or is no text at all."""
    before: Mapping[str, Mapping[str, tuple[str, ...]]] = seen[-1].state if seen else {}
    said = {(span.domain, span.slot, span.value) for span in turn.spans if span.side == "user"}
    offered = {(span.domain, span.slot, span.value) for old in seen for span in old.spans if span.side == "system"}
    for domain, slots in turn.state.items():
        for slot, (value,) in slots.items():
            if before.get(domain, {}).get(slot) == (value,) or (domain, slot, value) in said | offered:
                continue
            if value in (DONTCARE, "yes"):
                assert any((act.domain, act.slot, act.value) == (domain, slot, value) for act in turn.user_acts)
                continue
            elsewhere = {one for other, rest in turn.state.items() if other != domain for (one,) in rest.values()}
            assert value in elsewhere, (turn.user, domain, slot, value)


def check_spans(turn: Turn) -> None:
    told = {(act.domain, act.slot, act.value) for act in turn.user_acts}
    for span in turn.spans:
        text = turn.user if span.side == "user" else turn.system
        surface = text[span.start : span.end].lower()
        assert surface in surfaces(span.domain, span.slot, span.value), (text, span)
        if span.side == "user":
            assert (span.domain, span.slot, span.value) in told, (text, span)


def check_counts(turn: Turn) -> None:
    assert set(turn.db_matches) == set(turn.state) - {"taxi"}
    for domain, count in turn.db_matches.items():
        assert count == len(DATABASE.query(domain, first_values(turn, domain)))


def check_answers(dialogue: Dialogue, turn: Turn) -> None:
    """Offers meet the state, failures are true, and what is asked for is told as the database has it."""
    informed = {(act.domain, act.slot): act.value for act in turn.acts if act.act == "inform"}
    for act in turn.acts:
        state = first_values(turn, act.domain)
        if act.domain in VENUES and act.slot == "name" and act.act in ("recommend", "select"):
            wanted = {slot: value for slot, value in state.items() if slot != "name" or value == act.value}
            assert act.value in {entry["name"] for entry in DATABASE.query(act.domain, wanted)}
        elif act.act == "nooffer":
            assert not DATABASE.query(act.domain, state)
            assert state[act.slot] == act.value
        elif act.act == "book":
            assert set(BOOK_SLOTS[act.domain]) <= set(state)
        elif act.act == "request":
            assert act.slot not in state
    for act in turn.user_acts:
        if act.act == "request":
            value = informed[act.domain, act.slot]
            name = first_values(turn, act.domain).get("name")
            if act.domain in VENUES and name:
                assert DATABASE.query(act.domain, {"name": name})[0][act.slot] == value
    assert dialogue.services


def check_goal(dialogue: Dialogue) -> None:
    """The goal is what stood in the end, and all of it was met."""
    final = dialogue.turns[-1]
    assert dialogue.services == tuple(dialogue.goal)
    assert set(final.state) <= set(dialogue.goal)
    answered = {(act.domain, act.slot) for turn in dialogue.turns for act in turn.acts if act.value}
    for domain, goal in dialogue.goal.items():
        state = first_values(final, domain)
        assert {**state, **goal.inform, **goal.book} == state
        assert DONTCARE not in goal.inform.values()
        assert all((domain, slot) in answered for slot in goal.request)
        assert not goal.book or (set(goal.book) == set(BOOK_SLOTS[domain]) and "reference" in goal.request)
        if domain in VENUES:
            assert state["name"] in {entry["name"] for entry in DATABASE.query(domain, goal.inform)}
        if domain in ("train", "taxi"):
            assert {"departure", "destination"} <= set(state)
            assert len({"leaveat", "arriveby"} & set(state)) == 1


@pytest.mark.parametrize("style", STYLES)
def test_every_dialogue_keeps_to_the_rules(style: str) -> None:
    for dialogue in DIALOGUES[style]:
        check_dialogue(dialogue)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**64), style=st.sampled_from(STYLES), split=st.sampled_from(["train", "dev", "test"]))
def test_every_seed_keeps_to_the_rules(seed: int, style: str, split: str) -> None:
    corpus = Simulated({split: 2}, seed=seed, style=style, unseen=0.3)  # type: ignore[arg-type]
    for dialogue in corpus.dialogues(split):
        check_dialogue(dialogue)


def test_states_only_name_slots_and_values_of_the_schema() -> None:
    schema = CORPORA["original"].schema
    for _, turn in turns(EVERY):
        for domain, slots in turn.state.items():
            assert slots
            for slot, values in slots.items():
                assert values[0] == DONTCARE or values[0] in schema[domain][slot].values


def test_booking_details_need_a_venue() -> None:
    for _, turn in turns(EVERY):
        for domain in ("restaurant", "hotel"):
            state = first_values(turn, domain)
            assert "name" in state or not set(BOOK_SLOTS[domain]) & set(state)


def test_the_state_only_changes_where_the_user_speaks_of_it() -> None:
    for dialogue in EVERY:
        before: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
        for turn in dialogue.turns:
            spoken = {act.domain for act in turn.user_acts}
            changed = {domain for domain in turn.state if turn.state[domain] != before.get(domain)}
            assert changed <= spoken
            assert changed <= set(turn.services)
            before = turn.state


def test_a_dialogue_ends_in_thanks_and_a_farewell() -> None:
    for dialogue in EVERY:
        last = dialogue.turns[-1]
        assert [act.act for act in last.user_acts if act.domain == "general"] == ["thank", "bye"]
        assert [act.act for act in last.acts] == ["welcome", "bye"]
        assert not any(act.act == "bye" for turn in dialogue.turns[:-1] for act in turn.acts)
