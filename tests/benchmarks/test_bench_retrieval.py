"""The benchmark of retrieval: what it counts, and that it runs."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.retrieval import changes, f1, fit_of, main
from tod_baselines.chat.examples import Pool
from tod_bench.records import Dialogue, State, Turn


def dialogue(name: str, *states: State) -> Dialogue:
    turns = tuple(Turn(index, f"turn {index}", "fine", state=state) for index, state in enumerate(states))
    return Dialogue(name, "mine", "train", (), turns)


def test_changes_are_slots_with_or_without_values() -> None:
    before, after = {"hotel": {"area": "north", "stars": "4"}}, {"hotel": {"area": "south"}, "taxi": {"day": "x"}}
    slots = {("hotel", "area"): "south", ("taxi", "day"): "x", ("hotel", "stars"): ""}
    assert changes(before, after, values=False) == set(slots)
    assert changes(before, after, values=True) == {(*place, value) for place, value in slots.items()}


def test_what_examples_change_is_counted_against_what_the_turn_changes(tmp_path: Path) -> None:
    pool = [dialogue("a", {"hotel": {"area": ("north",), "stars": ("4",)}})]
    made = Pool.make(pool, folder=tmp_path, shots=1, select="fixed")
    sums = fit_of(made, [dialogue("b", {"hotel": {"area": ("south",)}}, {"hotel": {"area": ("south",)}})])
    # Its first turn changes one of the example's two slots, to another value; its second turn changes nothing.
    assert sums[False].tolist() == [[1, 3, 0]]
    assert sums[True].tolist() == [[0, 4, 1]]
    assert float(f1(sums[False][0])) == pytest.approx(40)


def test_it_runs_and_writes_its_table(tmp_path: Path) -> None:
    out = tmp_path / "r.md"
    given = ["--pool", "train[:6]", "--test", "test[:2]", "--shots", "1", "--embedding", "bm25", "--out", str(out)]
    done = CliRunner().invoke(main, given, catch_exceptions=False)
    assert done.exit_code == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines if line.startswith("|")][2:] == [
        "fixed",
        "random",
        "nearest",
        "diverse",
    ]
