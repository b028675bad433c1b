"""What every section of a config has in common: it cannot be changed, and unknown keys are errors."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a config."""

    model_config = ConfigDict(extra="forbid", frozen=True)
