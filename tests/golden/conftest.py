"""The options that write the golden files and hold to every digit, and a cache folder of the tests' own."""

from pathlib import Path

import pytest
from golden_compare import Golden

from once import shared_folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-write", action="store_true", help="write the golden files anew instead of comparing")
    parser.addoption("--golden-exact", action="store_true", help="ask for the last digit of BLEU and the like, too")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """What compares numbers with a golden file, or writes it under ``--golden-write``."""
    write, exact = (
        bool(request.config.getoption(name, default=False)) for name in ("--golden-write", "--golden-exact")
    )
    return Golden(write=write, exact=exact)


@pytest.fixture(scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that no other version has written into; all workers share it."""
    return shared_folder(tmp_path_factory, "cache")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOD_BENCH_CACHE", str(own_cache))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path
