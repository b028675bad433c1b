"""How a language model is asked to restyle."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from tod_bench.llm.config import ChatModel


class StyleModel(ChatModel):
    """A model that restyles utterances.

    Attributes:
        temperature: Sampling temperature; None leaves it to the server (the released code does).
        max_tokens: Longest answer in tokens; the released code's.
        images: Folder of the personas' pictures, for a model that sees; without, it reads of them.
        prompts: Folder with ``user.jinja`` or ``system.jinja`` of one's own.
        masked: Whether protected values are shown to the model as marks, ``[1]``, which are put back.
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
