"""How a language model is asked to restyle."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from tod_bench.config_files import read_yaml, validated
from tod_bench.llm.config import ChatModel


class StyleModel(ChatModel):
    """A model that restyles utterances.

    Attributes:
        temperature: Sampling temperature; None leaves it to the server (the released code does).
        max_tokens: Longest answer in tokens; the released code's.
        images: Folder of the personas' pictures, for a model that sees; without, it reads of them.
        prompts: Folder with ``user.jinja`` or ``system.jinja`` of one's own.
        masked: Whether protected values are shown to the model as marks, ``[1]``, which are put back. What is put back
            cannot come out changed, which decides for it; how often small models keep the marks or the words differs
            too little to (SmolLM2-135M, first answers: 5 of 16 utterances with marks, 6 without).
        reasks: How often it is asked again where an answer cannot be taken.
    """

    reserved_fields: ClassVar[Mapping[str, str]] = {
        **ChatModel.reserved_fields,
        **{name: f"is set by `{name}`" for name in ("temperature", "max_tokens")},
        "max_completion_tokens": "is set by `max_tokens`",
        "response_format": "cannot be used: an answer is the utterance alone",
        "tools": "cannot be used: an answer is the utterance alone",
    }

    temperature: float | None = Field(default=0.0, ge=0)
    max_tokens: int = Field(default=300, ge=16)
    images: Path | None = None
    prompts: Path | None = None
    masked: bool = True
    reasks: int = Field(default=1, ge=0, le=5)


def style_model(model: ChatModel) -> StyleModel:
    """A model's section with the fields of this one, at their defaults where it does not have them."""
    return model if isinstance(model, StyleModel) else StyleModel.model_validate(model.model_dump())


def read_style_model(settings: Sequence[str], file: Path | None = None) -> StyleModel:
    """A model as the command line names it.

    Args:
        settings: ``key=value`` pairs: ``model=gpt-4o``, ``limits.concurrency=16``.
        file: A YAML file with such keys, which the pairs are laid over.

    Raises:
        UserError: The file cannot be read, or there are errors; all of them are in the message.
    """
    return validated(StyleModel, str(file or "--llm"), {} if file is None else read_yaml(file), settings)
