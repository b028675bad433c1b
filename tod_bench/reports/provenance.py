"""Where the numbers of a page come from: what all results share, and what each has of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from tod_bench.experiments.results import Result

LONGEST = 400
"""Characters of one entry that are shown; the store has the rest."""

Lines = list[tuple[str, str]]


def provenance_lines(results: Sequence[Result]) -> tuple[Lines, list[tuple[str, Lines]]]:
    """Provenance as lines (dotted key, text).

    Returns:
        The lines that all results share, and each result's name with the lines that are its own.
    """
    lines = [leaves({**result.provenance, "predictions_file": result.predictions}) for result in results]
    if not lines:
        return [], []
    shared = set(lines[0]).intersection(*lines[1:])
    rest = [
        (str(result.experiment), [line for line in of_result if line not in shared])
        for result, of_result in zip(results, lines, strict=True)
    ]
    return [line for line in lines[0] if line in shared], rest


def leaves(value: Mapping[str, Any], prefix: str = "") -> Lines:
    """Nested JSON values as lines, in order; what is empty is left out."""
    lines: Lines = []
    for key, item in value.items():
        if isinstance(item, Mapping):
            lines += leaves(item, f"{prefix}{key}.")
        elif item not in (None, "", [], ()):
            text = ", ".join(map(str, item)) if isinstance(item, list | tuple) else str(item)
            lines.append((f"{prefix}{key}", text if len(text) <= LONGEST else f"{text[:LONGEST]} …"))
    return lines
