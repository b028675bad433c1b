"""Persona floors: plain answers by acts, the user's phrases, templates by age and gender."""

from dataclasses import replace

import pytest

from tod_baselines.persona_floors.phrase_mirror import PhraseMirror
from tod_baselines.persona_floors.plain import Plain
from tod_baselines.persona_floors.plain_answers import PlainAnswers
from tod_baselines.persona_floors.profile_templates import ProfileTemplates
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.records import Act, Dialogue, Persona, SlotSpec, Turn
from tod_bench.splits import read_all
from tod_bench.systems import Exchange, FitContext, TurnInput
from tod_bench.tasks import turn_inputs

SCHEMA = {"hotel": {"area": SlotSpec(values=("north", "south"))}}


def acts(**values):
    return tuple(Act("hotel", "inform", slot, value) for slot, value in values.items())


def turn(system, said=(), user="Hi.", index=0):
    return Turn(index, user, system, acts=said)


def dialogue(*turns):
    return Dialogue("d", "c", "train", ("hotel",), turns)


TRAIN = (
    dialogue(
        turn("Alder Manor is in the north.", acts(name="alder manor", area="north")),
        turn("The Birch House is in the south.", acts(area="south", name="birch house")),
        turn("In the north there is Alder Manor.", acts(name="alder manor", area="north")),
        turn("Elm Inn is in the south.", acts(name="elm inn", area="south")),
        turn("Somewhere central is Elm Inn.", acts(name="elm inn", area="centre")),  # its area stands in other words
        turn("Call 555 12.", acts(phone="555 12")),
        turn("Goodbye.", (Act("general", "bye"),), user="Thanks, bye."),
        turn("", acts(phone="1")),
    ),
)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (acts(area="south", name="old mill"), "Old Mill is in the south."),  # said twice, in either order of the acts
        (acts(phone="777"), "Call 777."),
        ((Act("general", "bye"),), "Goodbye."),
        # Acts that training never had: the nearest whose values are there; none of the area's alone.
        ((*acts(phone="777"), Act("general", "bye")), "Call 777."),
        (acts(area="south"), "Goodbye."),
        ((), "Goodbye."),
    ],
)
def test_plain_answers_worked_by_hand(shown, expected):
    learned = PlainAnswers.learned(TRAIN)
    assert learned.answer(shown) == expected
    assert PlainAnswers.from_json(learned.to_json()) == learned


def test_yes_and_no_have_answers_of_their_own():
    said = [turn("It has parking.", acts(parking="yes"))] * 2 + [turn("It has no parking.", acts(parking="no"))]
    learned = PlainAnswers.learned([dialogue(*said, turn("There is parking.", acts(parking="Yes")))])
    assert learned.answer(acts(parking="yes")) == learned.answer(acts(parking="YES")) == "It has parking."
    assert learned.answer(acts(parking="no")) == "It has no parking."
    assert PlainAnswers.from_json(learned.to_json()) == learned


def test_a_template_has_a_hole_for_each_value_and_for_nothing_else():
    said = "TR1 leaves at 10:15, 10 pounds, platform 1."
    values = {"trainid": "tr1", "leaveat": "10:15", "price": "10 pounds", "platform": "1"}
    shown = {"trainid": "tr2", "leaveat": "11:00", "price": "12 pounds", "platform": "10"}
    learned = PlainAnswers.learned([dialogue(turn(said, acts(**values)))])
    assert learned.answer(acts(**shown)) == "TR2 leaves at 11:00, 12 pounds, platform 10."
    both = (Act("hotel", "select", "name", "elm inn"), Act("hotel", "select", "name", "old mill"))
    learned = PlainAnswers.learned([dialogue(turn("Elm Inn or Old Mill?", both))])
    assert (
        learned.answer([replace(act, value=name) for act, name in zip(both, ("a b", "c d"), strict=True)])
        == "A B or C D?"
    )


def test_every_value_is_said_on_the_embedded_corpus():
    corpus = open_corpus("simulated", dialogues={"train": 150, "test": 20})
    learned = PlainAnswers.learned(read_all(corpus, "train"))
    unsaid = [
        (act, answer)
        for one in read_all(corpus, "test")
        for turn in one.turns
        if learned.knows(turn.acts)
        for answer in [learned.answer(turn.acts)]
        for act in turn.acts
        if act.value and act.value.lower() not in answer.lower()
    ]
    assert unsaid == []


def ready(system, folder, train=TRAIN):
    context = FitContext("response", SCHEMA, 1, folder)
    system.fit(train, (), context)
    fresh = type(system)()
    fresh.load(context)
    return fresh


CALL = acts(phone="777")


def asked(user="Hello.", persona=None, history=(), shown=CALL):
    return TurnInput("d", len(history), tuple(history), user, acts=shown, persona=persona)


def response(system, one):
    (prediction,) = system.predict("response", [one])
    assert (prediction.dialogue_id, prediction.turn) == (one.dialogue_id, one.turn)
    return prediction.response


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("Good day to you. A room, please.", "Good day to you. Call 777."),
        ("Hi. A room, please!", "A room, please! Call 777."),  # nobody's own; the sentence after it is short, too
        ("Thanks, bye.", "Call 777."),
        ("The north! Which phone? My phone! In 2 days!", "Call 777!"),  # a value, a question, a slot, a digit
        ("I would like to have a room for two. Yay!", "Yay! Call 777."),
        ("", "Call 777."),
    ],
)
def test_the_users_own_phrase_is_mirrored(tmp_path, user, expected):
    assert response(ready(PhraseMirror(), tmp_path), asked(user)) == expected


def test_exclamation_marks_are_those_of_most_sentences_so_far(tmp_path):
    system = ready(PhraseMirror(), tmp_path)
    history = [Exchange("Hi! Hi! Hi!", "Hello.")]
    bye = (Act("general", "bye"),)
    assert response(system, asked("Thanks, bye.", history=history, shown=bye)) == "Goodbye!"
    assert response(system, asked("Hi. Hi. Hi. Hi.", history=history, shown=bye)) == "Goodbye."


@pytest.mark.parametrize(
    ("age", "gender", "first", "later"),
    [
        ("child", "female", "Hi there, superstar! Call 777.", "Cool, superstar! Call 777."),
        ("adult", "male", "Hello, sir. Call 777.", "Sure, sir. Call 777."),
        ("adult", "", "Hello, my friend. Call 777.", "Sure, my friend. Call 777."),
        (
            *("senior", "female", "Welcome, dear lady. Call 777. Take all the time you need."),
            "Gladly, dear lady. Call 777. Take all the time you need.",
        ),
        ("unknown", "female", "Call 777.", "Call 777."),
    ],
)
def test_templates_by_age_and_gender(tmp_path, age, gender, first, later):
    system, persona = ready(ProfileTemplates(), tmp_path), Persona(age=age, gender=gender)
    assert response(system, asked(persona=persona)) == first
    assert response(system, asked(persona=persona, history=[Exchange("Hi.", "Hello.")])) == later
    assert response(system, asked()) == "Call 777."


def test_the_plain_floor_and_what_is_noted_of_it(tmp_path):
    system = ready(Plain(), tmp_path)
    answers = [one.response for one in system.predict("response", [asked(), asked(shown=acts(phone="1", stars="4"))])]
    assert answers == ["Call 777.", "Call 1."]
    assert system.record() == {
        "unseen_acts": 1,
        "notes": ["1 of 2 answers are those to the nearest acts, since training never had theirs"],
    }
    list(system.predict("response", [asked()]))
    assert system.record() == {}


@pytest.mark.parametrize("system", [Plain, PhraseMirror, ProfileTemplates])
def test_restyled_training_answers_are_refused_and_any_corpus_is_answered(system, tmp_path):
    sizes = {"train": 12, "test": 4}
    styled = open_corpus("simulated", style="personalised", dialogues=sizes)
    with pytest.raises(UserError, match=r"train it on the plain form of the corpus .*splits.train: plain:train"):
        system().fit(read_all(styled, "train"), (), FitContext("response", styled.schema, 1, tmp_path))
    plain = read_all(open_corpus("simulated", dialogues=sizes), "train")
    inputs = list(turn_inputs(read_all(styled, "test"), "response", acts="gold"))
    answers = list(ready(system(), tmp_path, plain).predict("response", inputs))
    assert [(one.dialogue_id, one.turn) for one in answers] == [(one.dialogue_id, one.turn) for one in inputs]
    assert all(one.response for one in answers)
