"""Shared fixtures: small hand-made records, and where the real corpora are."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import needed
from once import made_once, shared_folder
from tod_bench.records import Act, Dialogue, DomainGoal, Turn

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]

# Where bytecode is not kept, each of the many commands that tests start would compile all of our modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A job that a shell starts in the background ignores Ctrl-C, and so would the commands that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, and in CI fails, a test that lacks the browser, LaTeX or parser that its marker asks for."""
    needed.check(item)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: what is left when workers run out of other work is short."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of the unpacked real corpora."""
    folder = os.environ.get("TOD_BENCH_DATA")
    if not folder:
        pytest.skip("TOD_BENCH_DATA is not set to a folder of real corpora")
    return Path(folder)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built once for all workers."""

    def build(folder: Path) -> None:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return next(made_once(tmp_path_factory, "wheel", build).glob("*.whl"))


@pytest.fixture(scope="session")
def small_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that the tests which run the small variants of tables and figures share: each is computed once."""
    return shared_folder(tmp_path_factory, "small-runs")


@pytest.fixture(scope="session")
def board_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of those that build the board of results/leaderboard: the first computes it, the others read it."""
    return shared_folder(tmp_path_factory, "board-cache")


@pytest.fixture
def dialogue() -> Dialogue:
    """Two turns about a restaurant and a taxi."""
    first = Turn(
        index=0,
        user="A cheap place in the centre, please.",
        system="The Copper Ladle is cheap. Shall I book it?",
        state={"restaurant": {"pricerange": ("cheap",), "area": ("centre", "center")}},
        acts=(Act("restaurant", "recommend", "name", "the copper ladle"), Act("booking", "inform")),
        services=("restaurant",),
    )
    second = Turn(
        index=1,
        user="No, just a taxi there at 17:15.",
        system="Booked.",
        state={
            "restaurant": {"pricerange": ("cheap",), "area": ("centre", "center")},
            "taxi": {"destination": ("the copper ladle",), "leaveat": ("17:15",)},
        },
        acts=(Act("booking", "book"),),
        services=("taxi",),
    )
    goal = {"restaurant": DomainGoal({"pricerange": "cheap"}), "taxi": DomainGoal({"leaveat": "17:15"})}
    return Dialogue("d1", "toy", "test", ("restaurant", "taxi"), (first, second), goal)
