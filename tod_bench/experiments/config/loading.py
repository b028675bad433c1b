"""Reading eval configs and their small variants."""

from collections.abc import Sequence

from tod_bench.config_files import config_path, load_validated, read_yaml, set_key, validated
from tod_bench.errors import UserError
from tod_bench.experiments.config.models import EvalConfig

SMALL = "_small"
"""Ends the names of small variants."""

_SMALL_TITLE = "[small: embedded corpus, scripted judge; says nothing of the paper]"


def load_config(name: str, overrides: Sequence[str] = (), *, small: bool = False) -> EvalConfig:
    """Reads an eval config, or its small variant, and validates its shape; see `load_validated`.

    Raises:
        UserError: As there; or the small variant is wanted of a config that has none.
    """
    if not small:
        return load_validated(EvalConfig, name, overrides)
    path = config_path(name)
    raw = read_yaml(path)
    settings = raw.pop("small", None)
    if not isinstance(settings, dict):
        raise UserError(f"{path} has no small variant (no key `small`); run it without --small")
    for key, value in settings.items():
        set_key(raw, str(key), value)
    raw["name"] = f"{raw.get('name')}{SMALL}"
    raw["title"] = f"{raw.get('title', '')} {_SMALL_TITLE}".strip()
    return validated(EvalConfig, path, raw, overrides)


def is_small(config: EvalConfig) -> bool:
    """Whether a config is a small variant, whose numbers cannot be held against published ones."""
    return config.name.endswith(SMALL) and config.title.endswith(_SMALL_TITLE)
