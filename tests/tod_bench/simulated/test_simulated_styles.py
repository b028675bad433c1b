"""Two renderings of the same dialogues: the same content, another style for each kind of persona."""

import re
from pathlib import Path
from string import Formatter

import pytest

from tod_bench import simulated
from tod_bench.records import Dialogue, Persona
from tod_bench.simulated import Simulated
from tod_bench.simulated.forms import forms
from tod_bench.simulated.marks import unmarked
from tod_bench.simulated.ontology import SEARCH_SLOTS
from tod_bench.simulated.styles import PLAIN, Style, style_of

SIZE = 500
PLAINLY = list(Simulated({"train": SIZE}).dialogues("train"))
STYLED = list(Simulated({"train": SIZE}, style="personalised").dialogues("train"))
PERSONAS = [
    Persona(age=age, formality=formality, gender=gender, emotion=emotion)
    for age, formality in (
        ("toddler", "casual"),
        ("child", "casual"),
        ("teenager", "casual"),
        ("adult", "casual"),
        ("adult", "formal"),
        ("senior", "casual"),
        ("senior", "formal"),
    )
    for gender in ("female", "male")
    for emotion in ("positive", "neutral", "negative")
]
STYLES = [PLAIN, *(style_of(persona) for persona in PERSONAS)]


def replies(dialogues: list[Dialogue], **wanted: str) -> list[str]:
    """What the system says to the personas that fit."""
    return [
        turn.system
        for one in dialogues
        if all(getattr(one.persona, key) == value for key, value in wanted.items())
        for turn in one.turns
    ]


def words_a_sentence(texts: list[str]) -> float:
    sentences = [sentence for text in texts for sentence in re.split(r"[.!?]+(?:\s|$)", text) if sentence.strip()]
    return sum(len(sentence.split()) for sentence in sentences) / len(sentences)


def long_words(texts: list[str]) -> float:
    words = [word for text in texts for word in re.findall(r"[a-z]+", text.lower())]
    return sum(len(re.findall(r"[aeiouy]+", word)) > 2 for word in words) / len(words)


def share(texts: list[str], pattern: str) -> float:
    return sum(bool(re.search(pattern, text, re.IGNORECASE)) for text in texts) / len(texts)


def test_both_renderings_share_acts_states_and_goals() -> None:
    for plain, styled in zip(PLAINLY, STYLED, strict=True):
        assert (plain.id, plain.goal, plain.persona) == (styled.id, styled.goal, styled.persona)
        for one, other in zip(plain.turns, styled.turns, strict=True):
            assert (one.state, one.acts, one.user_acts) == (other.state, other.acts, other.user_acts)
            assert (one.styled_user, one.styled_system) == (other.user, other.system)
            assert (other.styled_user, other.styled_system) == (other.user, other.system)


def test_both_renderings_spell_out_the_same_values() -> None:
    """The same values stand in the same turns; but an option can be picked by name in one and by place in the other."""
    for plain, styled in zip(PLAINLY, STYLED, strict=True):
        for one, other in zip(plain.turns, styled.turns, strict=True):
            told = [
                {(span.side, span.domain, span.slot, span.value) for span in turn.spans if span.slot != "name"}
                for turn in (one, other)
            ]
            assert told[0] == told[1]


def test_texts_differ_nearly_everywhere() -> None:
    pairs = [(turn.user, turn.styled_user) for one in PLAINLY for turn in one.turns]
    pairs += [(turn.system, turn.styled_system) for one in PLAINLY for turn in one.turns]
    assert sum(plain == styled for plain, styled in pairs) < 0.06 * len(pairs)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_every_style_has_every_sentence_with_the_same_parts(style: Style) -> None:
    for sentences, plain in ((style.user, PLAIN.user), (style.system, PLAIN.system)):
        assert set(sentences) == set(plain)
        for key, texts in sentences.items():
            allowed = {part for text in plain[key] for part in parts(text)}
            needed = {"the", "old"}
            for text in texts:
                assert text
                assert parts(text) <= allowed | needed, (key, text)
                assert parts(text) - needed == allowed - needed, (key, text)


def parts(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_styles_tell_personas_apart() -> None:
    assert len({style.name for style in STYLES}) == 8
    for kind in ("offer", "booked", "more", "bye", "nooffer", "offerbook"):
        assert len({style.system[kind] for style in STYLES}) >= 6, kind


def test_children_get_simpler_text_than_adults_and_formal_adults_the_hardest() -> None:
    groups = {
        "child": replies(STYLED, age="child") + replies(STYLED, age="toddler"),
        "casual": replies(STYLED, age="adult", formality="casual"),
        "formal": replies(STYLED, age="adult", formality="formal"),
    }
    lengths = {name: words_a_sentence(texts) for name, texts in groups.items()}
    hard = {name: long_words(texts) for name, texts in groups.items()}
    assert lengths["child"] < lengths["casual"] < lengths["formal"]
    assert hard["child"] < hard["formal"]
    assert hard["casual"] < hard["formal"]


def test_formal_personas_are_addressed_more_politely() -> None:
    courtesies = r"\b(may i|would you|could you|please|thank you|pleasure|apologise|would)\b"
    formal = share(replies(STYLED, formality="formal"), courtesies)
    casual = share(replies(STYLED, formality="casual"), courtesies)
    assert formal > 2 * casual
    assert formal > 2 * share(replies(PLAINLY), courtesies)


def test_moods_are_answered() -> None:
    glad = r"(spirits|exciting|delighted|wonderful|awesome|energy|fun!|smile|what a pleasure)"
    sorry = r"(a break|don't worry|don't be sad|it will be ok|hang in|don't stress|as easy|assured|your time|rest,)"
    first = {
        emotion: [one.turns[0].system for one in STYLED if one.persona and one.persona.emotion == emotion]
        for emotion in ("positive", "neutral", "negative")
    }
    assert share(first["positive"], glad) > share(first["neutral"], glad) + 0.3
    assert share(first["negative"], sorry) > share(first["neutral"], sorry) + 0.3


def test_formal_users_are_greeted_by_title() -> None:
    for one in STYLED:
        title = re.search(r"\b(madam|sir)\b", " ".join(turn.system for turn in one.turns))
        if title and one.persona:
            assert one.persona.formality == "formal"
            assert title[0] == ("madam" if one.persona.gender == "female" else "sir")


def test_offers_carry_a_personal_remark() -> None:
    for kind, pattern in (
        ("teenager", r"friends|photos|hang out|chill|exploring"),
        ("senior", r"unhurried|your time|pace"),
    ):
        offers = [
            turn.system
            for one in STYLED
            if one.persona and one.persona.age == kind and one.persona.formality == "casual"
            for turn in one.turns
            if any(act.act == "recommend" for act in turn.acts)
        ]
        assert share(offers, pattern) > 0.15


def test_held_out_forms_are_heard_in_test_and_never_in_train() -> None:
    rare = held_out()
    assert len(rare) > 20
    train = " ".join(turn.user + turn.system for one in PLAINLY for turn in one.turns).lower()
    test = " ".join(
        turn.user + turn.system for one in Simulated({"test": SIZE}, unseen=0.3).dialogues("test") for turn in one.turns
    ).lower()
    assert not [text for text in rare if text in train]
    assert sum(text in test for text in rare) > 0.8 * len(rare)


def held_out() -> set[str]:
    schema = Simulated().schema
    found: set[str] = set()
    for domain, slots in SEARCH_SLOTS.items():
        for slot in slots:
            for value in schema[domain][slot].values:
                for place in ("pre", "head", "post", "answer"):
                    known = forms(domain, slot, value, place)
                    found |= {unmarked(text).lower() for text in known.unseen} if known else set()
    return found


def test_the_impression_fits_the_persona_and_the_name_of_the_picture_says_nothing() -> None:
    for one in STYLED:
        persona = one.persona
        assert persona is not None
        assert not [value for value in (persona.age, persona.gender, persona.emotion) if value in persona.image]
        woman = re.search(r"\b(girl|woman)\b", persona.impression) is not None
        assert woman == (persona.gender == "female")
        assert persona.impression.count(".") == 1


def test_every_table_of_a_style_is_the_style_of_somebody() -> None:
    tables = (Path(simulated.__file__).parent / "phrases" / "styles").glob("*.yaml")
    assert {path.stem for path in tables} == {style.name for style in STYLES}


def test_every_value_of_the_schema_has_words() -> None:
    wordless = {
        (slot, value)
        for domain, slots in Simulated().schema.items()
        for slot, spec in slots.items()
        for value in spec.values
        if not any(forms(domain, slot, value, place) for place in ("pre", "head", "post", "answer", "chunk"))
    }
    assert wordless == set()
