"""Every module, file and name of ours that a page mentions exists."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *(folder / "README.md" for folder in (ROOT, ROOT / "metrics", ROOT / "baselines", ROOT / "benchmarks")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PACKAGES = "tod_bench|tod_metrics|tod_baselines|benchmarks"
FOLDERS = (ROOT, ROOT / "metrics", ROOT / "baselines", ROOT / "tests")
DOTTED = re.compile(rf"(?<![\w./-])(?:{PACKAGES})(?:\.[A-Za-z_]\w*)+")
SLASHED = re.compile(rf"(?<![\w.-])(?:{PACKAGES})(?:/[\w.-]*\w)+")
ENTRY_POINTS = {"tod_bench.corpora", "tod_bench.metrics", "tod_bench.systems"}
"""Groups of entry points, which are written like modules."""

TO_BE_WRITTEN = {"tod_metrics.response.overlong"}
"""Modules that a guide has its reader write."""


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or what can be reached from one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_of_ours_exist(page):
    names = set(DOTTED.findall(page.read_text(encoding="utf-8"))) - ENTRY_POINTS - TO_BE_WRITTEN
    assert [name for name in sorted(names) if not exists(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_of_ours_exist(page):
    paths = set(SLASHED.findall(page.read_text(encoding="utf-8")))
    assert [path for path in sorted(paths) if not any((folder / path).exists() for folder in FOLDERS)] == []


def test_the_rooms_of_the_architecture_exist():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = text.partition("## Rooms")[2].partition("```\n")[2].partition("```")[0]
    heads = [line.strip().partition("  ")[0] for line in rooms.splitlines() if line.startswith("  ")]
    names = [name for head in heads for name in head.split()]
    assert len(names) > 15
    assert [name for name in names if not (ROOT / "tod_bench" / name).exists()] == []


def test_a_name_that_is_gone_is_found():
    assert exists("tod_metrics.base.Metric")
    assert not exists("tod_metrics.base.Statistic.nothing")
    assert not exists("tod_bench.cells")
    assert DOTTED.findall("see `tod_bench.cells.Cell`, a.tod_bench.x") == ["tod_bench.cells.Cell"]
    assert SLASHED.findall("in `tod_bench/cells.py`.") == ["tod_bench/cells.py"]
