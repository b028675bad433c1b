"""The confidence of values: the probability of their tokens, computed by hand on a small model."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import LEARNED, TOY_SCHEMA

from tod_baselines.pptod.confidence import confidence_of
from tod_baselines.pptod.examples import Examples, source_of
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.decoding import value_places as released_places
from tod_baselines.pptod.system import PPTOD
from tod_bench.errors import UserError
from tod_bench.linearize import linearize_state, parse_state, value_places
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs


def test_places_of_values() -> None:
    text = "so [hotel] (area) north (stars) 4 [taxi] (leave at) 12:45(area)x [hotel] (area) south (name)"
    places = value_places(text)
    assert {key: text[start:end] for key, (start, end) in places.items()} == {
        ("hotel", "area"): "north",
        ("hotel", "stars"): "4",
        ("taxi", "leave at"): "12:45",
        ("taxi", "area"): "x",
    }
    assert value_places("") == value_places("nothing") == {}
    state = {"a%b": {"x(y)": "1 (2)"}, "c": {"d": "e f"}}
    span = linearize_state(state)
    assert {slot for _, slot in value_places(span)} == {"x(y)", "d"}
    assert set(value_places(span)) == {(d, s) for d, slots in parse_state(span)[0].items() for s in slots}


def test_places_of_values_in_pptods_format() -> None:
    state = {
        "restaurant": {"food": "north american", "area": "north"},
        "hotel": {"area": "north", "book day": "friday"},
    }
    text = "[restaurant] food north american area north [hotel] area north day friday"
    found = released_places(text, state)
    assert {key: (start, text[start:end]) for key, (start, end) in found.items()} == {
        ("restaurant", "food"): (18, "north american"),
        ("restaurant", "area"): (38, "north"),
        ("hotel", "area"): (57, "north"),
        ("hotel", "book day"): (67, "friday"),
    }


def test_the_probability_of_a_value_is_that_of_its_tokens() -> None:
    words = ["[hotel]", " (area)", " no", "rth", " (stars)", " ", "4", ""]
    log_probs = [-9.0, -9.0, -0.1, -0.2, -9.0, -0.3, -0.4, -9.0]
    text = "".join(words)
    found = confidence_of(
        {"hotel": {"area": "north", "stars": "4", "name": "x"}},
        value_places(text),
        range(len(words)),
        log_probs,
        lambda ids: "".join(words[number] for number in ids),
    )
    assert found == {"hotel": {"area": pytest.approx(math.exp(-0.3)), "stars": pytest.approx(math.exp(-0.7))}}


RELEASED: dict[str, Any] = {**LEARNED, "multitask": False, "epochs": 12, "probe": False, "format": "pptod"}


@pytest.fixture
def recipe(request: pytest.FixtureRequest, learned: Path, toy_train: list[Dialogue], context: FitContext) -> Any:
    """The settings of a trained model, in our format or in PPTOD's; `context` is its."""
    if request.param == "pptod":
        PPTOD(**RELEASED).fit(toy_train, [], context)
        return RELEASED
    request.getfixturevalue("learned_context")
    return LEARNED


@pytest.mark.parametrize("recipe", ["tod_bench", "pptod"], indirect=True)
def test_confidence_is_what_the_model_gives_by_hand(
    recipe: Any, toy_train: list[Dialogue], context: FitContext
) -> None:
    system = PPTOD(**recipe, confidence=True)
    system.load(context)
    shown = list(turn_inputs(toy_train[:3], "dst", gold_access=system.gold_access))
    sure = list(system.predict("dst", shown))
    plain = PPTOD(**recipe)
    plain.load(context)
    assert [replace(answer, confidence=None) for answer in sure] == list(plain.predict("dst", shown))
    generator = system._generator
    assert generator is not None
    values = 0
    for turn, answer in zip(shown, sure, strict=True):
        assert answer.confidence is not None
        assert {(d, s) for d, slots in answer.confidence.items() for s in slots} == {
            (d, s) for d, slots in (answer.state or {}).items() for s in slots
        }
        for domain, slots in answer.confidence.items():
            for slot, probability in slots.items():
                expected = by_hand(generator, turn, answer, domain, slot)
                if expected is not None:
                    values += 1
                    assert probability == pytest.approx(expected, rel=1e-4)
    assert values > 3
    assert all(answer.confidence is None for answer in plain.predict("dst", shown))


def by_hand(generator: Any, turn: Any, answer: Any, domain: str, slot: str) -> float | None:
    """Product of the softmax of the value's tokens, each given the source and the raw text before it.

    None where the model did not write the text by the tokens that the tokenizer would take.
    """
    from tod_baselines.pptod.released.examples import ReleasedExamples, readings

    tokenizer, model, recipe = generator.tokenizer, generator.model, generator.recipe
    raw = answer.raw["dst"]
    if recipe.format == "pptod":
        return by_hand_released(generator, turn, raw, domain, slot, ReleasedExamples, readings)
    source = Examples([(source_of("dst", turn, recipe), None)], tokenizer, recipe)[0]["input_ids"]
    places = value_places(raw)
    start, end = places[domain, slot]
    before = tokenizer(raw[:start], add_special_tokens=False).input_ids
    value = tokenizer(raw[start:end], add_special_tokens=False).input_ids
    return product(model, source, [model.config.decoder_start_token_id, *before], value)


def by_hand_released(
    generator: Any, turn: Any, raw: str, domain: str, slot: str, examples: Any, readings: Any
) -> float | None:
    tokenizer, model = generator.tokenizer, generator.model
    source = examples(readings("dst", [turn], generator.recipe), tokenizer)[0]["input_ids"]
    start, end = released_places(raw, parsed(raw))[domain, slot]
    before = tokenizer(raw[:start], add_special_tokens=False).input_ids
    value = tokenizer(raw[start:end], add_special_tokens=False).input_ids
    return product(model, source, [tokenizer.convert_tokens_to_ids("<sos_b>"), *before], value)


def parsed(raw: str) -> Any:
    from tod_baselines.pptod.released.spans import read_state

    return read_state(raw)[0]


def product(model: Any, source: Any, before: list[int], value: list[int]) -> float | None:
    written = [*before, *value]
    with torch.inference_mode():
        ids = torch.tensor([source.tolist()])
        logits = model(input_ids=ids, decoder_input_ids=torch.tensor([written])).logits[0]
    if logits[:-1].argmax(-1).tolist() != written[1:]:
        return None
    chances = torch.softmax(logits.double(), dim=-1)
    first = len(before) - 1
    return math.prod(float(chances[first + place, token]) for place, token in enumerate(value))


def test_both_engines_are_equally_sure(learned_context: FitContext, toy_train: list[Dialogue]) -> None:
    shown = list(turn_inputs(toy_train[:3], "dst"))
    found = []
    for engine in ("transformers", "ctranslate2"):
        system = PPTOD(**LEARNED, confidence=True, engine=engine)
        system.load(learned_context)
        found.append([answer.confidence for answer in system.predict("dst", shown)])
    for first, second in zip(*found, strict=True):
        assert first is not None
        assert second is not None
        for domain in {*first, *second}:
            assert second[domain] == pytest.approx(first[domain], rel=1e-3)
    assert any(found[0])


def test_what_has_no_confidence_is_refused() -> None:
    assert TOY_SCHEMA
    with pytest.raises(UserError, match="num_beams: 1"):
        Recipe(confidence=True, num_beams=2)
    with pytest.raises(UserError, match="packing: dialogue"):
        Recipe(confidence=True, packing="dialogue")
