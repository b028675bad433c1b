"""Published values: data files of ``results/published``, each number with its source.

source: "Table 6 of ..."
rows:
  - {system: t5-small, corpus: multiwoz, values: {JGA: 47.17}}

A row stands beside ours of the same system, corpus and label (``row``); what it does not name fits all.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from tod_bench.errors import UserError, did_you_mean
from tod_bench.shipped import shipped_folder


def published_values(name: str) -> dict[str, Any]:
    """The published values of a table or figure.

    Raises:
        UserError: There is no such file, or it names no source.
    """
    folder = shipped_folder("published")
    path = folder / f"{name}.yaml"
    if not path.is_file():
        names = sorted(found.stem for found in folder.glob("*.yaml"))
        raise UserError(f"there are no published values {name!r}{did_you_mean(name, names)}")
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict) or not value.get("source") or not isinstance(value.get("rows"), list):
        raise UserError(f"{path}: published values need `source` (where they were printed) and `rows`")
    return value


def is_of(printed: Mapping[str, Any], system: str, corpus: str, label: str) -> bool:
    """Whether a published row is of a system, corpus and label of a row."""
    return all(printed.get(key, ours) == ours for key, ours in (("system", system), ("corpus", corpus), ("row", label)))


def published_row(published: Mapping[str, Any] | None, system: str, corpus: str, label: str) -> dict[str, float]:
    """The published values beside one of our rows, by the column's label; empty where there are none."""
    for printed in (published or {}).get("rows", ()):
        if is_of(printed, system, corpus, label):
            return {name: float(value) for name, value in printed["values"].items()}
    return {}
