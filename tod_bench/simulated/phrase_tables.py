"""The phrase tables: what is said, as YAML files in ``phrases/`` that can be read and edited without any code."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def phrase_table(name: str) -> Mapping[str, Any]:
    """A table, such as ``values`` or ``styles/teenager``."""
    import yaml

    # The loader in C, which PyYAML has on most machines, is eight times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (files("tod_bench.simulated") / "phrases" / f"{name}.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = yaml.load(text, Loader=loader)
    return table
