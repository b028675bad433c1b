"""How a prompt and its answer stand in the text of a model: what its chat template writes around them."""

from dataclasses import dataclass
from typing import Any, Final

from tod_bench.errors import MissingExtraError, UserError

ANSWER: Final = "<answer>"
"""In a tokenizer from scratch: what stands between a prompt and its answer."""

IMAGE: Final = "<image>"
"""In a tokenizer from scratch: what stands where a picture is seen."""

_TEXT, _SAID = "content0content", "content1content"


@dataclass(frozen=True, slots=True)
class Form:
    """What stands around the text of a prompt.

    Attributes:
        opening: Before the text, where no picture is shown.
        seeing: Before the text, with the place of the picture.
        closing: Behind the text, up to the answer.
        lead: Before the answer, as part of it; a blank, or nothing.
        end: The token that ends the answer.
    """

    opening: str
    seeing: str
    closing: str
    lead: str
    end: str


def form_of(processor: Any, model: str) -> Form:
    """The form of a model: its chat template, taken apart by where it puts the contents of a made-up dialogue.

    Args:
        processor: The model's processor.
        model: The name of the model, for messages.

    Raises:
        UserError: The template cannot be taken apart, or no token ends a text.
        MissingExtraError: The package with which templates are read is missing.
    """
    tokenizer = processor.tokenizer
    if not tokenizer.eos_token:
        raise UserError(f"pictor: the tokenizer of {model} has no token that ends a text")
    if not (processor.chat_template or tokenizer.chat_template):
        closing = ANSWER if ANSWER in tokenizer.get_vocab() else "\n"
        return Form("", processor.image_token, closing, "", tokenizer.eos_token)
    opening, closing = _around(_rendered(processor, seen=False), _TEXT)
    seeing, closing_when_seen = _around(_rendered(processor, seen=True), _TEXT)
    whole = _rendered(processor, seen=True, answered=True)
    prompt = f"{seeing}{_TEXT}{closing}"
    lead, tail = _around(whole.removeprefix(prompt), _SAID)
    if closing != closing_when_seen or seeing.count(processor.image_token) != 1 or not whole.startswith(prompt):
        raise UserError(f"pictor: the chat template of {model} cannot be taken apart; take another model")
    return Form(opening, seeing, closing, lead, _end(tail, tokenizer))


def _rendered(processor: Any, *, seen: bool, answered: bool = False) -> str:
    """The template's text of a prompt, with its answer or up to it."""
    asked = [*([{"type": "image"}] if seen else []), {"type": "text", "text": _TEXT}]
    messages = [{"role": "user", "content": asked}]
    if answered:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": _SAID}]})
    try:
        text: str = processor.apply_chat_template(messages, add_generation_prompt=not answered, tokenize=False)
    except ImportError:
        raise MissingExtraError("pictor", "jinja2", "train") from None
    return text


def _around(text: str, content: str) -> tuple[str, str]:
    before, _, after = text.partition(content)
    return before, after


def _end(tail: str, tokenizer: Any) -> str:
    """The special token that the template writes behind an answer, or else the one that ends a text."""
    special = [token for token in tokenizer.all_special_tokens if tail.lstrip().startswith(token)]
    return max(special, key=len, default=str(tokenizer.eos_token))
