"""Prompt templates: the shipped ones, and those of one's own."""

import pytest

from tod_bench.errors import UserError
from tod_bench.llm import ImagePart, TextPart
from tod_bench.personalise.prompting import load_prompt, read_own

EXAMPLE = {"text": "an utterance", "keep": ["yes"]}


def own(folder, text, name="user"):
    (folder / f"{name}.jinja").write_text(text, encoding="utf-8")
    return load_prompt(name, EXAMPLE, folder)


def test_a_prompt_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path):
    prompt = own(tmp_path, "Say {{ text }} so that {{ keep|join(', ') }} stays.\n")
    (message,) = prompt.messages(text="{{ keep }}", keep=["a", "b"])
    assert (message.role, message.content) == ("user", "Say {{ keep }} so that a, b stays.")
    other = own(tmp_path, "Say {{ text }}.")
    assert prompt.digest != other.digest


def test_what_stands_above_the_dashes_is_the_system_message(tmp_path):
    prompt = own(tmp_path, "Rewrite.\n---\n{{ text }}\n")
    image = ImagePart("data:image/png;base64,")
    above, last = prompt.messages(image, text="a\n---\nb", keep=[])
    assert prompt.render(text="a", keep=[]) == "Rewrite.\n\na"
    assert (above.role, above.content) == ("system", "Rewrite.")
    assert (last.role, last.content) == ("user", (TextPart("a\n---\nb"), image))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ text }", "user.jinja, line 1: unexpected"),
        ("{{ text }} {{ txt }}", "user.jinja: .*'txt' is undefined"),
        ("Say something.", "the prompt needs {{ text }}"),
        ("{{ text }} {{ ''.__class__.__mro__ }}", "user.jinja: .*unsafe"),
        ("{% include 'system.jinja' %}{{ text }}", "user.jinja: .*loader"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_sent(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        own(tmp_path, text)


def test_a_folder_is_checked(tmp_path):
    with pytest.raises(UserError, match="there is no folder"):
        load_prompt("user", EXAMPLE, tmp_path / "nowhere")
    (tmp_path / "users.jinja").write_text("{{ text }}", encoding="utf-8")
    with pytest.raises(UserError, match="there is no prompt users; name it user or system"):
        read_own(tmp_path, ("user", "system"))
