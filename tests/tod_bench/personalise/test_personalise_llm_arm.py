"""The arm of a language model: what it is asked, what is taken, and what the rules write instead."""

from dataclasses import replace

import pytest
from llm_arm_support import PERSONA, Rules, find_lost, protected, system, user

from tod_bench.errors import UserError
from tod_bench.llm import ChatFailure, ImagePart, ScriptedClient
from tod_bench.personalise.answers import nothing_foreign
from tod_bench.personalise.llm_arm import BANNED, open_llm_arm
from tod_bench.personalise.llm_options import StyleModel, read_style_model, style_model
from tod_bench.personalise.pictures import in_words
from tod_bench.personalise.styling import ReviewText
from tod_bench.records import Persona

pytest.importorskip("jinja2")

PNG = b"\x89PNG\r\n\x1a\n"


def arm_of(answer, foreign=nothing_foreign, **fields):
    """An arm over a script, and the requests that the script gets."""
    sent = []

    def script(request):
        sent.append(request)
        return answer(request) if callable(answer) else answer

    model = StyleModel(model="m", **fields)
    return open_llm_arm(model, ScriptedClient(script), Rules(), find_lost, foreign), sent


def text_of(request):
    *above, last = (message.content for message in request.messages if message.role in ("system", "user"))
    return "\n".join([*map(str, above), last if isinstance(last, str) else last[0].text])


def styled(arm, request):
    ((about, made),) = (arm.user if hasattr(request, "before") else arm.system)([request])
    assert about is request
    return made


def test_a_good_answer_is_the_models():
    arm, sent = arm_of("yo, a [1] hotel up [2]")
    made = styled(arm, user("I want a cheap hotel in the north", "cheap", "the north"))
    assert (made.text, made.by, made.fallback) == ("yo, a cheap hotel up the north", "llm", "")
    assert made.provenance["prompt"] == arm.user_prompt.digest
    assert made.provenance["rejected"] == []
    assert text_of(sent[0]).endswith("Rewrite: I want a [1] hotel in [2]")
    assert len(sent) == 1


def test_a_lost_value_is_asked_for_again_and_then_the_rules_write():
    arm, sent = arm_of("yo, a hotel", masked=False)
    made = styled(arm, user("I want a cheap hotel", "cheap"))
    assert (made.text, made.by, made.fallback) == ("<I want a cheap hotel>", "rules", "value lost")
    assert made.provenance["rejected"] == ["value lost", "value lost"]
    assert made.provenance["seed"] == 3  # and what the rules say of themselves
    assert "these words: cheap" in sent[1].messages[-1].content
    assert "Keep these words exactly as they are: cheap\n" in text_of(sent[0])


def test_words_are_kept_by_name_where_no_mark_stands_for_them():
    arm, sent = arm_of("no, [1]")
    text = "No, no preference"
    kept = (*protected(text, "no preference"), *protected(text, "No", kind="polarity"))
    styled(arm, replace(user(text), protected=kept))
    assert "Keep these words exactly as they are: No\n" in text_of(sent[0])
    styled(arm, replace(user("No preference"), protected=protected("No preference", "No preference", "No")))
    assert "Keep these words" not in text_of(sent[1])


def test_a_second_answer_is_taken():
    arm, _ = arm_of(lambda request: "yo, a hotel" if len(request.messages) == 2 else "yo, a cheap hotel", masked=False)
    made = styled(arm, user("I want a cheap hotel", "cheap"))
    assert (made.text, made.by, made.provenance["rejected"]) == ("yo, a cheap hotel", "llm", ["value lost"])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty"),
        ("Sure! Here is the rewritten line: a [1] hotel", "meta text"),
        ("a hotel", "mark lost"),
        ("a [1] hotel " * 12, "too long"),
        ("a [1] hotel like Acorn House", "foreign value"),
        (ChatFailure("refusal", "I cannot"), "refusal"),
        (ChatFailure("content_filter"), "content_filter"),
        (ChatFailure("length", text="a"), "length"),
        (ChatFailure("too_long"), "too_long"),
    ],
)
def test_why_the_rules_had_to_write_is_said(answer, reason):
    arm, _ = arm_of(answer, foreign=lambda text, allowed: ("Acorn House",) if "Acorn" in text else ())
    made = styled(arm, user("I want a cheap hotel", "cheap"))
    assert (made.by, made.fallback, made.text) == ("rules", reason, "<I want a cheap hotel>")


def test_what_the_user_is_asked_with():
    arm, sent = arm_of("yes, [1]")
    styled(arm, user("yes, 3 nights", "3 nights", before="How long will you stay?", emotion="negative"))
    text = text_of(sent[0])
    for part in ("yes, [1]", "How long will you stay?", "A cheerful woman in a red hat.", "female adult", "negative"):
        assert part in text
    styled(arm, user("yes, 3 nights", "3 nights"))
    assert "has just said" not in text_of(sent[1])


def test_what_the_system_is_asked_with():
    arm, sent = arm_of("[1] would be just right")
    request = system(
        "I recommend curry garden.",
        "curry garden",
        next_user="book it please",
        strategy="review",
        venue="curry garden",
        reviews=(ReviewText("a/0", "Great for a night out."), ReviewText("a/1", "Go for the naan.")),
    )
    assert styled(arm, request).text == "curry garden would be just right"
    text = text_of(sent[0])
    for part in (
        "Rewrite: I recommend [1].",
        "need a room!",
        "book it please",
        "A cheerful woman in a red hat.",
        "- Great for a night out.\n- Go for the naan.\n",
        "do not celebrate",
        ", ".join(BANNED),
        "staff",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("strategy", "progress", "there", "absent"),
    [
        ("greeting", "start", "short welcome", "farewell"),
        ("goodbye", "end", "short farewell", "welcome"),
        ("none", "middle", "middle of the dialogue", "welcome"),
        ("wiki", "middle", "An encyclopedia says about adc theatre", "Guests have written"),
    ],
)
def test_each_strategy_has_its_words(strategy, progress, there, absent):
    arm, sent = arm_of("fine")
    styled(arm, system("ok", strategy=strategy, progress=progress, venue="adc theatre"))
    assert there in text_of(sent[0])
    assert absent not in text_of(sent[0])


def test_reviews_may_be_drawn_on_and_the_users_words_may_not():
    allowed = []
    arm, _ = arm_of("fine", foreign=lambda text, may: allowed.append(may) or ())
    styled(arm, system("ok", strategy="review", venue="curry garden", reviews=(ReviewText("a/0", "Nice naan."),)))
    styled(arm, user("thanks", before="Shall I book Acorn House?"))
    assert allowed == ["ok\ncurry garden\nNice naan.", "thanks\n"]


def test_a_picture_is_sent_where_it_is_there(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    arm, sent = arm_of("fine", images=tmp_path)
    assert styled(arm, user("ok")).provenance["picture"] is True
    styled(arm, system("ok"))
    elsewhere = Persona("b.png", "A man with a tie.", "senior", "male", "formal", "neutral")
    assert styled(arm, user("ok", persona=elsewhere)).provenance["picture"] is False
    seen, seen_system, read = sent
    assert isinstance(seen.messages[-1].content[1], ImagePart)
    assert seen.messages[-1].content[1].url.startswith("data:image/png;base64,iVBOR")
    assert "A picture of the user is attached." in text_of(seen)
    assert "red hat" not in text_of(seen)  # of the user, the picture or the impression
    assert "red hat" in text_of(seen_system)  # of the system, both
    assert "tie" in text_of(read)


def test_a_persona_in_words():
    assert (
        in_words(PERSONA)
        == "Age, dress and mood: female adult, casual in dress and manners, in a positive mood on the picture."
    )
    assert in_words(Persona(age="unknown", gender="male")) == "Age, dress and mood: male."
    assert in_words(Persona()) == ""


def test_the_identity_has_what_decides_an_utterance(tmp_path):
    (tmp_path / "user.jinja").write_text("Say {{ text }}.", encoding="utf-8")
    known = arm_of("x")[0].identity
    assert known["fallback"] == {"rules": 1}
    for fields in (
        {"temperature": 0.5},
        {"masked": False},
        {"seed": 3},
        {"reasks": 0},
        {"prompts": tmp_path},
        {"images": tmp_path},
        {"extra": {"reasoning_effort": "low"}},
    ):
        assert arm_of("x", **fields)[0].identity != known
    assert arm_of("x", limits={"concurrency": 2})[0].identity == known
    assert str(tmp_path) not in str(arm_of("x", prompts=tmp_path, images=tmp_path)[0].identity)


def test_a_plain_section_gets_the_defaults():
    from tod_bench.llm.config import ChatModel

    model = style_model(ChatModel(model="m", seed=4))
    assert (model.model, model.seed, model.max_tokens, model.reasks) == ("m", 4, 300, 1)
    assert style_model(model) is model
    with pytest.raises(ValueError, match="temperature is set by `temperature`"):
        StyleModel(model="m", extra={"temperature": 1})


def test_a_model_as_the_command_line_names_it(tmp_path):
    file = tmp_path / "model.yaml"
    file.write_text("model: mine\nlimits: {concurrency: 2}\n", encoding="utf-8")
    model = read_style_model(["seed=4", "limits.concurrency=16"], file)
    assert (model.model, model.seed, model.limits.concurrency) == ("mine", 4, 16)
    with pytest.raises(UserError, match="--llm has 2 errors") as raised:
        read_style_model(["modell=x", "masked=perhaps"])
    assert "did you mean" in str(raised.value)
