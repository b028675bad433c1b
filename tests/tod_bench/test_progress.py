"""Progress: lines where stderr is no terminal, a bar where it is one, nothing where it is unwanted."""

import io
import re
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tod_bench import progress as module
from tod_bench.cli.main import command
from tod_bench.progress import Progress, duration, progress, quietly, track

LINE = re.compile(r"^\d\d:\d\d:\d\d (.*)$", re.MULTILINE)


class Log:
    """What is written to stderr, which is no terminal here."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured, self._text = captured, ""

    @property
    def text(self) -> str:
        self._text += self._captured.readouterr().err
        return self._text

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 10
        while text not in self.text:
            assert time.monotonic() < deadline, self.text[:2000]
            time.sleep(0.005)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Log:
    """A log with a line every 20 ms."""
    monkeypatch.setattr(module, "SECONDS", 0.02)
    return Log(capsys)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00 min"), (93_900, "26 h 05 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_line_says_what_how_far_since_when_and_how_long_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    shown = Progress("training", 1800, "steps")
    assert str(shown) == "training: 0 of 1800 steps, 0 s"
    now[0] += 240
    shown.reach(600)  # a training that goes on: the steps before the first that is seen took no time
    assert str(shown).startswith("training: 600 of 1800 steps (33%), 4 min, about")
    fresh = Progress("decoding", 100, "turns")
    fresh.advance(25)
    now[0] += 60
    assert str(fresh) == "decoding: 25 of 100 turns (25%), 1 min, about 3 min left"
    fresh.advance(75)
    assert str(fresh) == "decoding: 100 of 100 turns (100%), 1 min"
    unknown = Progress("leaderboard", unit="submissions")
    unknown.advance()
    unknown.now("computing x")
    assert str(unknown) == "leaderboard: 1 submissions, computing x, 0 s"


def test_a_log_has_lines_and_what_is_inside_is_on_the_same_line(log: Log) -> None:
    with progress("table6", 10, unit="experiments", bar=False) as outer:
        outer.advance(2)
        outer.now("t5 on plain: training")
        log.wait_for("table6: 2 of 10 experiments (20%), t5 on plain: training, 0 s")
        for number in track([1, 2], "decoding", 2, unit="turns"):
            log.wait_for(f"; decoding: {number - 1} of 2 turns")
    before = log.text
    time.sleep(0.1)
    assert log.text == before


def test_what_is_quick_or_quiet_or_not_the_first_process_writes_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with quietly(), progress("a", 3), quietly(False), progress("b"):
        time.sleep(0.1)
    monkeypatch.setenv("RANK", "1")
    with progress("c", 3):
        time.sleep(0.1)
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setattr(module, "SECONDS", 60.0)
    with progress("d", 3) as shown:
        shown.advance()
    assert log.text == ""


def test_progress_ends_with_an_error_and_a_closed_log_stops_nothing(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError), progress("a"):
        log.wait_for(f"a: {1 // 0} s")
    before = log.text
    time.sleep(0.1)
    assert log.text == before
    closed = io.StringIO()
    closed.close()
    with progress("b"):
        monkeypatch.setattr(sys, "stderr", closed)
        time.sleep(0.1)
        monkeypatch.undo()


def test_a_terminal_has_one_display_of_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    screen = io.StringIO()
    monkeypatch.setattr(module, "_console", lambda: Console(file=screen, force_terminal=True, width=100))
    with progress("sweep [1]", 2, unit="trials") as outer:
        with progress("decoding") as inner:
            inner.expect(7)
            inner.advance(7)
            assert inner._bar is outer._bar is not None
            assert [(task.description, task.completed, task.total) for task in inner._bar.tasks] == [
                ("sweep [1]", 0, 2),
                ("decoding", 7, 7),
            ]
            outer.note("[1/2] a: done")
        outer.advance()
        assert [task.completed for task in outer._bar.tasks] == [1]
    assert "sweep [1]" in screen.getvalue()
    assert "[1/2] a: done" in screen.getvalue()
    with progress("again", 1):
        pass
    assert "again" in screen.getvalue()


def in_log(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(module, "SECONDS", 0.005)
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    return LINE.findall(done.stderr)


def test_a_run_tells_its_experiments_and_steps(
    tmp_path: Path, floors_config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = "\n".join(in_log(["run", floors_config, "--store", str(tmp_path / "runs")], monkeypatch))
    assert re.search(r"floors: \d of 4 experiments.*: (predicting|scoring|training)", found)
    assert in_log(["run", floors_config, "--store", str(tmp_path / "quiet"), "--quiet"], monkeypatch) == []


def test_a_sweep_tells_its_trials(tmp_path: Path, floors_config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path(floors_config).read_text() + (
        "\nsweep:\n  factors:\n    draws:\n"
        "      levels: {few: {bootstrap.draws: 20}, more: {bootstrap.draws: 30}}\n"
        "table:\n  columns: [{label: JGA, task: dst, metric: jga}]\n"
    )
    path = tmp_path / "swept.yaml"
    path.write_text(text)
    found = "\n".join(in_log(["sweep", str(path), "--store", str(tmp_path / "runs")], monkeypatch))
    assert re.search(r"running: [01] of 2 trials.*; floors", found)


@pytest.fixture
def floors_config(tmp_path: Path) -> str:
    import yaml

    from stores import FLOORS

    path = tmp_path / "floors.yaml"
    path.write_text(yaml.safe_dump(FLOORS))
    return str(path)
