"""What Pictor reads of a turn, and what it learns from dialogues."""

from dataclasses import replace

import pytest
from conftest import toy_dialogues

from tod_baselines.pictor.controls import controlled
from tod_baselines.pictor.examples import Example, examples_of
from tod_baselines.pictor.prompting import CAPTION, INPUTS, prompt_text
from tod_bench.errors import UserError
from tod_bench.records import Act, Dialogue, Persona
from tod_bench.simulated.corpus import Simulated
from tod_bench.systems import TurnInput
from tod_bench.tasks import turn_inputs

SHOWN = TurnInput(
    "one",
    0,
    (),
    "A room\nin the  north, please.",
    acts=(Act("hotel", "inform", "name", "the (old) inn"), Act("hotel", "request", "area")),
    db_matches=(("hotel", 12),),
    persona=Persona("1/test/00000.png", "The picture shows a woman in a suit,  with a calm look."),
)


def with_personas(dialogues: list[Dialogue]) -> list[Dialogue]:
    return [
        replace(dialogue, persona=Persona(f"{number}.png", f"Impression {number}.", "adult"))
        for number, dialogue in enumerate(dialogues)
    ]


def test_a_prompt_has_a_line_for_each_input() -> None:
    assert prompt_text(SHOWN, INPUTS, impression="An old man.").splitlines() == [
        "acts: [hotel] [inform] (name) the %28old%29 inn [hotel] [request] (area)",
        "database: [hotel] many",
        "user: A room in the north, please.",
        "impression: An old man.",
    ]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [(("policy",), ["acts:"]), (("db", "image"), ["database:"]), (("utterance",), ["user:"]), (("image",), [])],
)
def test_what_is_no_input_leaves_no_trace(inputs: tuple[str, ...], expected: list[str]) -> None:
    lines = prompt_text(SHOWN, inputs, impression="An old man.").splitlines()
    assert [line.split()[0] for line in lines] == expected


def test_progress_is_told_only_where_it_is_shown() -> None:
    assert "progress" not in prompt_text(SHOWN, INPUTS)
    assert prompt_text(replace(SHOWN, progress="middle"), INPUTS).startswith("progress: middle\nacts:")


@pytest.mark.parametrize(("missing", "setting"), [({"acts": None}, "policy"), ({"db_matches": None}, "db")])
def test_an_input_that_the_corpus_lacks_is_refused(missing: dict[str, None], setting: str) -> None:
    with pytest.raises(UserError, match=f"dialogue one, turn 0.*leave {setting} out of inputs"):
        prompt_text(replace(SHOWN, **missing), INPUTS)


def test_dialogues_become_a_caption_and_a_response_a_turn() -> None:
    dialogues = with_personas(toy_dialogues(2))
    found = list(examples_of(dialogues, ("policy", "image", "impression")))
    acts = "acts: [restaurant] [recommend] (name) the copper ladle [restaurant] [request] (book day)"
    assert found[:2] == [
        Example(CAPTION, "0.png", "Impression 0."),
        Example(f"{acts}\nimpression: Impression 0.", "0.png", "The Copper Ladle (cheap). Book it?"),
    ]
    assert [example.text == CAPTION for example in found] == [True, False, False] * 2


@pytest.mark.parametrize("inputs", [("policy", "image"), ("policy", "impression"), ("policy",)])
def test_captions_are_learned_only_by_a_model_that_sees_and_writes(inputs: tuple[str, ...]) -> None:
    found = list(examples_of(with_personas(toy_dialogues(2)), inputs))
    assert len(found) == 4
    assert all(bool(example.picture) == ("image" in inputs) for example in found)


@pytest.mark.parametrize(
    ("persona", "expected"), [(None, "picture of the user"), (Persona("a.png", " "), "first impression of the user")]
)
def test_a_user_without_picture_or_impression_is_named(persona: Persona | None, expected: str) -> None:
    dialogues = [replace(dialogue, persona=persona) for dialogue in toy_dialogues(1)]
    with pytest.raises(UserError, match=f"dialogue train-0, turn 0: there is no {expected}"):
        list(examples_of(dialogues, ("image", "impression")))


def test_what_is_learned_is_what_is_asked() -> None:
    """Prompts of training are those of prediction: both are made of what the harness shows."""
    corpus = Simulated({"train": 3}, style="personalised")
    dialogues = list(corpus.dialogues("train"))
    shown = turn_inputs(dialogues, "response", states="gold", acts="gold", database=corpus.database)
    inputs = ("policy", "db", "utterance")
    texts = [prompt_text(turn, inputs) for turn in shown]
    examples = list(examples_of(dialogues, inputs, database=corpus.database))
    assert [example.text for example in examples] == texts
    assert [example.answer for example in examples] == [
        " ".join(turn.system.split()) for dialogue in dialogues for turn in dialogue.turns if turn.system
    ]


def turns_of(users: int) -> list[TurnInput]:
    return list(turn_inputs(with_personas(toy_dialogues(users)), "response", acts="gold"))


@pytest.mark.parametrize(
    ("control", "changed", "kept"),
    [("shuffled_images", "image", "impression"), ("shuffled_impressions", "impression", "image")],
)
def test_everybody_has_somebody_elses(control: str, changed: str, kept: str) -> None:
    turns = turns_of(7)
    found = controlled(turns, control, seed=3)
    before, after = ([getattr(turn.persona, changed) for turn in some] for some in (turns, found))
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert sorted(before) == sorted(after)
    assert len(set(zip(before, after, strict=True))) == 7, "the same in all turns of a dialogue"
    assert [getattr(turn.persona, kept) for turn in turns] == [getattr(turn.persona, kept) for turn in found]
    assert controlled(turns, control, seed=3) == found
    assert controlled(turns, control, seed=4) != found


@pytest.mark.parametrize("control", ["none", "gold_impression"])
def test_other_controls_change_no_persona(control: str) -> None:
    assert controlled(turns_of(2), control, seed=0) == turns_of(2)


def test_a_single_user_cannot_be_shuffled() -> None:
    with pytest.raises(UserError, match="needs two users"):
        controlled(turns_of(1), "shuffled_images", seed=0)
