"""What every section of a config has in common: it cannot be changed, and unknown keys are errors.

YAML reads ``version: 2.2`` as a number and ``metrics: jga`` as one text; both are taken as meant.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def as_list(value: Any) -> Any:
    """One text or number as a list of one."""
    return [value] if isinstance(value, str | int | float) and not isinstance(value, bool) else value


def by_name(value: Any, key: str) -> Any:
    """Names, or a list of them, as a mapping from each name to a section in which `key` is that name."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: {key: name} if key else {} for name in value}
    return value


def shorthand(value: Any, key: str) -> Any:
    """A section that is given by the text of one of its keys alone."""
    return {key: value} if isinstance(value, str) and not isinstance(value, Mapping) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(as_list)]
"""A list of texts; one text alone is a list of one."""


class Section(BaseModel):
    """A section of a config."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)
