"""The sweep of a config: what it varies."""

from typing import Any, Literal

from pydantic import Field, model_validator

from tod_bench.experiments.config.sections import Section


class Factor(Section):
    """What a sweep varies: one key over several values, or levels that set several keys at once.

    Attributes:
        key: Dotted key of the config (``systems.t5.params.epochs``).
        values: The values it takes.
        levels: Label of a level -> dotted key -> value, in place of `key` and `values`.
    """

    key: str | None = None
    values: tuple[Any, ...] = ()
    levels: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> "Factor":
        if bool(self.levels) == bool(self.key and self.values):
            raise ValueError("give either `key` and `values`, or `levels`")
        return self

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """Label of each level -> the keys that it sets."""
        return self.levels or {str(value): {str(self.key): value} for value in self.values}


class SweepConfig(Section):
    """Variants of a config, a trial each.

    Attributes:
        factors: Name -> what it varies.
        method: ``grid`` (every combination), ``list`` (the `trials`) or ``random`` (`samples` of the grid).
        trials: For ``list``: factor -> label of its level; a factor left out takes its first level.
        samples: For ``random``: how many different combinations.
        seed: For ``random``: the seed of the draw.
    """

    factors: dict[str, Factor] = Field(min_length=1)
    method: Literal["grid", "list", "random"] = "grid"
    trials: tuple[dict[str, str], ...] = ()
    samples: int = Field(default=0, ge=0)
    seed: int = 0
