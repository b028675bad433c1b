"""The section `judge` of a judge config: who judges, and how it is reached."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from tod_bench.llm.config import ChatModel


class JudgeModel(ChatModel):
    """Who judges; the fields that say how the server is reached are those of `tod_bench.llm.config.ChatModel`.

    Attributes:
        temperature: Sampling temperature; ``null`` leaves it to the server (some models take no other than their own);
            ``auto``, the default, is 0, or the server's own under ``picpersona``.
        max_tokens: Longest answer in tokens; a cut answer is asked again with twice as many. By default 600, or 300
            under ``picpersona``.
        schema_output: Whether to ask the server for JSON that meets the verdict's schema.
        certainty: Whether the judge also states how certain it is, 0 to 100.
        images: Folder of the personas' pictures, for a judge that sees images; it gets the impression as well. Without
            it the judge gets the impression alone.
        image_side: Longer side, in pixels, that pictures are scaled down to.
    """

    reserved_fields: ClassVar[dict[str, str]] = {
        **ChatModel.reserved_fields,
        **{name: f"is set by `judge.{name}`" for name in ("model", "temperature", "seed", "max_tokens")},
        "max_completion_tokens": "is set by `judge.max_tokens`",
        "messages": "is the prompt; see `prompt`",
        "response_format": "is set by `judge.schema_output`",
        "n": "cannot be used: set `repeats`",
    }

    temperature: float | Literal["auto"] | None = "auto"
    max_tokens: int | None = Field(default=None, ge=16)
    schema_output: bool = True
    certainty: bool = False
    images: str | None = None
    image_side: int = Field(default=512, ge=16)

    @field_validator("temperature", mode="before")
    @classmethod
    def _sampling(cls, given: Any) -> Any:
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if given in (None, "auto") or (number and 0 <= given <= 2):
            return given
        raise ValueError("give a number from 0 to 2, `null` for the server's own, or `auto`")
