"""Reading eval configs and their small variants."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

from tod_bench.config_files import SMALL, config_path, make_small, read_yaml, unshared, validated
from tod_bench.experiments.config.models import EvalConfig

ConfigSource: TypeAlias = str | Path | Mapping[str, Any] | EvalConfig
"""An eval config: the name of a shipped one, a path, its keys and values, or the config itself."""

_SMALL_TITLE = "[small: embedded corpus, scripted judge; says nothing of the paper]"


def load_config(source: ConfigSource, overrides: Sequence[str] = (), *, small: bool = False) -> EvalConfig:
    """Reads an eval config, or its small variant, and validates its shape; see `config_files.load_validated`.

    Raises:
        UserError: As there; or the small variant is wanted of a config that has none.
    """
    place = place_of(source)
    if isinstance(source, EvalConfig):
        raw = source.model_dump(mode="json", exclude_unset=True)
    else:
        raw = unshared(deepcopy(dict(source))) if isinstance(source, Mapping) else read_yaml(Path(place))
    if small:
        make_small(raw, place)
        raw["title"] = f"{raw.get('title', '')} {_SMALL_TITLE}".strip()
    return validated(EvalConfig, place, raw, overrides)


def place_of(source: ConfigSource) -> str:
    """What error messages call a config: its path, or its name where it is not read from a file.

    Raises:
        UserError: There is no such file and no shipped config of that name.
    """
    if isinstance(source, EvalConfig):
        return f"config {source.name}"
    return f"config {source.get('name', '')}".strip() if isinstance(source, Mapping) else str(config_path(str(source)))


def is_small(config: EvalConfig) -> bool:
    """Whether a config is a small variant, whose numbers cannot be held against published ones."""
    return config.name.endswith(SMALL) and config.title.endswith(_SMALL_TITLE)
