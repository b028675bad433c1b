"""The arm of rules: determinism, protected values, gates, and what it says by persona."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.errors import UserError
from tod_bench.personalise.protected import find_lost, protected_values
from tod_bench.personalise.rules import RulesArm
from tod_bench.personalise.rules.tables import SITUATIONS, VOICES, load_tables
from tod_bench.personalise.styling import ReviewText, SystemRequest, UserRequest
from tod_bench.records import Act, Persona, Turn

ARM = RulesArm(0)
ADULT = Persona("a.png", "", "adult", "female", "casual", "neutral")
CHILD = replace(ADULT, age="child", image="c.png")
FORMAL = replace(ADULT, formality="formal", image="f.png")
TEENAGER = replace(ADULT, age="teenager", image="t.png")
EVERYONE = [
    Persona(f"{age}{formality}{emotion}", "", age, "male", formality, emotion)
    for age in ("toddler", "child", "teenager", "adult", "senior", "unknown", "")
    for formality in ("casual", "formal", "unknown")
    for emotion in ("positive", "neutral", "negative", "unknown")
]


def _user(text: str, persona: Persona = ADULT, key: str = "test/d/1", state: dict | None = None) -> UserRequest:
    protected = protected_values(Turn(0, text, state=state or {}), "user", None)
    return UserRequest(key, text, "", persona, persona.emotion, "middle", (), protected)


def _system(text: str, persona: Persona = ADULT, *acts: Act, strategy: str = "none", **more: object) -> SystemRequest:
    protected = protected_values(Turn(0, "", text, acts=acts), "system", None)
    return SystemRequest(
        "test/d/1", text, "", "", persona, persona.emotion, "middle", acts, protected, strategy=strategy, **more
    )


def _said(request: UserRequest | SystemRequest, arm: RulesArm = ARM) -> str:
    if isinstance(request, UserRequest):
        return next(arm.user([request]))[1].text
    return next(arm.system([request]))[1].text


@pytest.mark.parametrize(
    ("persona", "plain", "styled"),
    [
        (FORMAL, "I'm sure it's called that.", {"I am sure it is called that."}),
        (ADULT, "No, that is all I do not need it.", {"No, that's all I don't need it."}),
        (TEENAGER, "I would like to eat.", {"i wanna eat.", "i wanna eat!"}),
    ],
)
def test_rewrites(persona: Persona, plain: str, styled: set[str]) -> None:
    said = {_said(_user(plain, persona, f"test/d/{turn}")) for turn in range(40)}
    assert said & styled, said


@pytest.mark.parametrize("persona", EVERYONE, ids=lambda persona: persona.image)
def test_every_persona_keeps_what_is_protected(persona: Persona) -> None:
    text = "Yes, I would like a cheap hotel in the north, and I don't need it for 2. Can you book I would like for me?"
    state = {"hotel": {"area": ("north",), "price": ("cheap",), "people": ("2",), "name": ("I would like for",)}}
    for turn in range(8):
        request = _user(text, persona, f"test/d/{turn}", state)
        assert find_lost(request.protected, _said(request)) == ()


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60), st.sampled_from(EVERYONE))
def test_any_text_is_restyled(text: str, persona: Persona) -> None:
    said = _said(_user(text, persona))
    assert (said == text) if not text.strip() else said
    assert _said(_system(text, persona)) or not text.strip()


def test_same_seed_same_text_and_other_seeds_differ() -> None:
    requests = [_user("Can you help me? I am looking for a place to stay.", key=f"test/d/{n}") for n in range(20)]
    texts = [_said(request) for request in requests]
    assert [_said(request, RulesArm(0)) for request in reversed(requests)] == texts[::-1]
    assert [_said(request, RulesArm(1)) for request in requests] != texts


@pytest.mark.parametrize("act", ["nobook", "nooffer", "notify_failure"])
@pytest.mark.parametrize("persona", EVERYONE[::5], ids=lambda persona: persona.image)
def test_nothing_is_celebrated_after_a_failure(act: str, persona: Persona) -> None:
    for strategy in ("none", "greeting", "goodbye"):
        said = _said(_system("The table is taken.", persona, Act("restaurant", act), strategy=strategy))
        assert not any(word in said.lower() for word in ("yay", "hooray", "great", "good to go", "all set", "pleased"))


@pytest.mark.parametrize("persona", EVERYONE[::4], ids=lambda persona: persona.image)
def test_users_neither_greet_nor_thank_of_their_own(persona: Persona) -> None:
    for turn in range(20):
        said = _said(_user("I need a train to Ely.", persona, f"test/d/{turn}")).lower()
        assert "thank" not in said
        assert "hello" not in said


def test_nobody_is_given_a_title_that_is_not_known() -> None:
    unknown = replace(FORMAL, gender="")
    requests = [
        replace(_system("Which area?", unknown, strategy="greeting"), key=f"test/d{n}/0", progress="start")
        for n in range(40)
    ]
    said = [_said(request) for request in requests]
    assert any("Good day." in text for text in said)
    assert not any("sir" in text or "madam" in text or "{" in text for text in said)


def test_a_review_is_quoted_before_the_question() -> None:
    reviews = (ReviewText("restaurants/x/1", "It was 5 pounds. The staff were friendly and quick. Not bad!"),)
    offer = Act("restaurant", "recommend", "name", "Curry Garden")
    request = _system(
        "Curry Garden is nice. Shall I book it?", ADULT, offer, strategy="review", reviews=reviews, venue="curry garden"
    )
    styled = next(ARM.system([request]))[1]
    assert '"The staff were friendly and quick."' in styled.text
    assert styled.text.rstrip().endswith("?")
    assert styled.provenance["quoted"] == "restaurants/x/1"


def test_shipped_tables_are_whole() -> None:
    tables = load_tables()
    assert set(tables) == {(side, voice) for side in SITUATIONS for voice in VOICES}


def test_own_rules_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "child.yaml").write_text('rewrites: [{find: "I need", say: ["gimme"]}]\n', encoding="utf-8")
    arm = RulesArm(0, tmp_path)
    assert "imme a train" in _said(_user("I need a train.", CHILD), arm)
    assert arm.identity != ARM.identity
    assert _said(_user("I need a train.", FORMAL), arm) == _said(_user("I need a train.", FORMAL))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("user/child.yaml", "capitals: true\nrewrite: []\n", "child.yaml, rewrite: .*line 2"),
        ("user/child.yaml", "rewrites:\n  - {find: a, say: [b]}\n  - {find: a, say: []}\n", "rewrites 1 say: .*line 3"),
        ("user/child.yaml", "openers:\n  sometimes: {rate: 1}\n", "openers sometimes: there is no such .*line 2"),
        ("user/child.yaml", "split: 2\n", "split: .*line 1"),
        ("user/child.yaml", "rewrites: [\n", "child.yaml, line 2 cannot be read"),
        ("user/grownup.yaml", "split: 1\n", "grownup.yaml is no rules file"),
        ("user/child.yaml", "- 1\n", "is no table"),
        ("readme.txt", "", "has no rules file"),
    ],
)
def test_mistakes_name_file_line_and_key(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        RulesArm(0, tmp_path)
