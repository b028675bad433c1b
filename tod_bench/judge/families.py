"""Families of models, by their names: a judge of the family of what it judges is warned about (self-preference)."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from tod_bench.judge.config import JudgeConfig

_FILE = Path(__file__).with_name("families.yaml")


def family_of(model: str, own: Mapping[str, str] | None = None) -> str | None:
    """The family of a model; None where its name says nothing.

    Args:
        model: The model's name, as a server knows it.
        own: Model name -> family, which comes before the shipped file.
    """
    if own and model in own:
        return own[model]
    whole = model.casefold()
    last = whole.rpartition("/")[2]
    for family, patterns in _families():
        if any(re.search(pattern, whole if "/" in pattern else last) for pattern in patterns):
            return family
    return None


@cache
def _families() -> tuple[tuple[str, tuple[str, ...]], ...]:
    read = yaml.safe_load(_FILE.read_text(encoding="utf-8"))["families"]
    return tuple((family, tuple(patterns)) for family, patterns in read.items())


def family_warnings(config: JudgeConfig) -> tuple[str, ...]:
    """A sentence for every judged version whose `model` is of the judge's family."""
    judge = config.judge.model
    family = family_of(judge, config.families)
    if family is None:
        return ()
    return tuple(
        f"the judge {judge} is of the family of {version.model}, which made {name!r} ({family}): judges favour their "
        "own family's answers, so let a judge of another family confirm this"
        for name, version in config.versions.items()
        if version.model and family_of(version.model, config.families) == family
    )
