"""A full disk: a sentence that says where and what to do, nothing finished is lost, and with room again it goes on."""

import errno
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from stores import FLOORS, LONGER_FLOORS, TOD_BENCH, at_each_write, content
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.files import full_disk_explained


def test_a_disk_that_fills_up_at_any_write_loses_nothing_finished(tmp_path):
    plan = build(EvalConfig.model_validate({**FLOORS, "systems": {"majority": {"system": "majority"}}}))
    moments: list[int] = []
    with at_each_write(moments.append):
        run(plan, Store(tmp_path / "whole"))
    whole = content(tmp_path / "whole")
    for moment in moments:
        store = tmp_path / str(moment)

        def fill(now: int, moment: int = moment) -> None:
            if now >= moment:
                raise OSError(errno.ENOSPC, "No space left on device")

        with at_each_write(fill), pytest.raises(UserError) as caught:
            run(plan, Store(store))
        said = str(caught.value)
        assert "\n" not in said
        assert str(store) in said
        assert "No space left on device; make room in" in said
        before = content(store)
        assert before.items() <= whole.items(), "finished files, and nothing of the one that did not fit"
        assert len(before) == moment // 2
        run(plan, Store(store))
        assert content(store) == whole


RUST = "Error while serializing: I/O error: No space left on device (os error 28)"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"),
        RuntimeError(RUST),
    ],
    ids=lambda error: str(error)[:20],
)
def test_whatever_a_library_raises_on_a_full_disk_is_one_sentence(error, tmp_path):
    with pytest.raises(UserError) as caught, full_disk_explained(tmp_path):
        raise error
    assert str(caught.value).startswith(f"the disk of {tmp_path} is full (")
    assert "; make room there and run the same command again" in str(caught.value)
    later = ValueError("raised while the first error was being dealt with")
    later.__context__ = error
    with pytest.raises(UserError, match="is full"), full_disk_explained(tmp_path):
        raise later


def test_an_error_that_says_nothing_counts_when_nothing_is_free(tmp_path, monkeypatch):
    error = RuntimeError("unexpected pos 11200 vs 11092\nand a backtrace")
    with pytest.raises(RuntimeError), full_disk_explained(tmp_path):
        raise error
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 4096))
    with pytest.raises(UserError, match=r"is full \(unexpected pos 11200 vs 11092\); "), full_disk_explained(tmp_path):
        raise error


def test_other_errors_are_left_alone(tmp_path):
    for error in (
        ValueError("no"),
        FileNotFoundError(errno.ENOENT, "none"),
        UserError("mend this"),
        KeyboardInterrupt(),
    ):
        with pytest.raises(type(error)) as caught, full_disk_explained(tmp_path):
            raise error
        assert caught.value is error


def test_a_store_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    lock = Store(tmp_path / "file" / "runs").lock("key")
    with pytest.raises(UserError, match="cannot be written to: Not a directory; make room there, or choose another"):
        lock.__enter__()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "floors.yaml"
    path.write_text(yaml.safe_dump(LONGER_FLOORS), encoding="utf-8")
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_command_that_may_write_no_more_stops_with_a_sentence_and_goes_on(config, tmp_path, jobs):
    """A limit on the size of files stands for the full disk, since anybody may set it."""
    command = [TOD_BENCH, "run", config, "--quiet", "--store", str(tmp_path / "runs")]
    limit = 100_000  # bytes; the states that majority predicts take less, all other predictions more

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    # Under the limit Python would leave half of a compiled module behind.
    plain = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    full = subprocess.run(
        [*command, "--jobs", jobs], capture_output=True, text=True, check=False, preexec_fn=limited, env=plain
    )
    assert full.returncode == 2
    assert "Traceback" not in full.stderr
    sentences = [line for line in full.stderr.splitlines() if "File too large" in line]
    assert len(sentences) == int(jobs)
    assert all(f"make room in {tmp_path}/runs/predictions and run the same command" in line for line in sentences)
    assert full.stdout == ""
    finished = content(tmp_path / "runs")
    assert len([path for path in finished if path.startswith("results/")]) == 1
    assert not [path for path in finished if path.endswith(".part")]
    subprocess.run(command, capture_output=True, check=True)
    done = content(tmp_path / "runs")
    assert finished.items() <= done.items()
    assert len([path for path in done if path.startswith("results/")]) == 4


ON_A_SMALL_DISK = """
disk=$1; store=$1/runs; kept=$2; shift 2
mount -t tmpfs -o size=256k tmpfs "$disk" || exit 99
"$@" --store "$store" 2> "$kept/said"
echo $? > "$kept/status"
cp -r "$store" "$kept/full"
mount -o remount,size=16m "$disk" && "$@" --store "$store" > /dev/null && cp -r "$store" "$kept/done"
"""


@pytest.mark.slow
def test_a_real_disk_fills_up_and_is_given_room(config, tmp_path):
    (tmp_path / "disk").mkdir()
    shell = ["unshare", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh", tmp_path / "disk", tmp_path]
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    done = subprocess.run([*shell, TOD_BENCH, "run", config, "--quiet"], capture_output=True, text=True, check=False)
    if not (tmp_path / "said").exists():
        pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "status").read_text() == "2\n"
    (sentence,) = (tmp_path / "said").read_text().splitlines()
    assert sentence.startswith(f"tod-bench: {tmp_path}/disk/runs")
    assert "No space left on device; make room in" in sentence
    finished, whole = content(tmp_path / "full"), content(tmp_path / "done")
    assert [path for path in finished if path.startswith("results/")]
    assert finished.items() <= whole.items()
    assert len([path for path in whole if path.startswith("results/")]) == 4
