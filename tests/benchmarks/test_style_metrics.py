"""The benchmark of metrics of personalisation: its controls, what it counts, and that it runs."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("sklearn", reason="scikit-learn is in the extra: pip install 'tod-bench[style]'")

from benchmarks.style_metrics import controls, correlations, main, spearman, written
from tod_bench.simulated import Simulated


def test_controls_do_what_they_are_called() -> None:
    made = controls(Simulated(dialogues={"train": 4, "dev": 0, "test": 6}, style="personalised"))
    own, strangers, plain, parrot, majority = made.values()
    dialogue, stranger = own.dialogues[0], strangers.dialogues[0]
    assert own.answers(dialogue, 0) == strangers.answers(stranger, 0) == dialogue.turns[0].styled_system
    assert all(a.persona != b.persona for a, b in zip(own.dialogues, strangers.dialogues, strict=True))
    assert plain.answers(dialogue, 1) != own.answers(dialogue, 1)
    assert dialogue.persona is not None
    assert parrot.answers(dialogue, 0) == f"{dialogue.persona.impression} {plain.answers(dialogue, 0)}"
    assert parrot.answers(dialogue, 1) == plain.answers(dialogue, 1)
    said = {majority.answers(one, turn.index) for one in majority.dialogues for turn in one.turns}
    assert len(said) == 1


def test_correlations_are_over_all_and_within() -> None:
    up, down, flat = np.array([1.0, 2, 3, np.nan]), np.array([3.0, 2, 1, 9]), np.array([5.0, 5, 5, 5])
    assert spearman(up, down) == pytest.approx(-1)
    assert np.isnan(spearman(up, flat))
    rows = correlations({"x": {"a": up, "b": down}, "y": {"a": flat, "b": flat}}, ["a", "b"])
    assert rows == [["a", "b", "0.64", "-1.00 (1)"]] or rows[0][3] == "-1.00 (1)"
    assert [written(None, None, None), written(0.123, 0.1, 0.2), written(50.0, None, None)] == [
        "-",
        "0.12 [0.10, 0.20]",
        "50.0",
    ]


def test_it_runs_and_writes_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    given = ["--train", "40", "--test", "12", "--draws", "20", "--no-encoder", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, given, catch_exceptions=False)
    assert done.exit_code == 0
    lines = (tmp_path / "README.md").read_text(encoding="utf-8").splitlines()
    of_plain = next(line for line in lines if line.startswith("| plain responses"))
    parrot = next(line for line in lines if line.startswith("| plain, impression"))
    copied = [float(line.split("|")[4].split("[")[0]) for line in (of_plain, parrot)]
    assert copied[1] > 50 > copied[0]
    assert sum(line.startswith("| copy_rate | slots_said") for line in lines) == 1
