"""Shared fixtures: small hand-made records, and where the real corpora are."""

import os
import signal
from pathlib import Path

import pytest

import needed
from tod_bench.records import Act, Dialogue, DomainGoal, Turn

pytest_plugins = ["pytester"]

# A job that a shell starts in the background ignores Ctrl-C, and so would the commands that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, and in CI fails, a test that lacks the browser, LaTeX or parser that its marker asks for."""
    needed.check(item)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of the unpacked real corpora."""
    folder = os.environ.get("TOD_BENCH_DATA")
    if not folder:
        pytest.skip("TOD_BENCH_DATA is not set to a folder of real corpora")
    return Path(folder)


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
