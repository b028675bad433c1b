"""The wheel holds what it needs: code, templates, configs, published values."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


PREFIXES = {
    "tod_bench/": "tod_bench/",
    "metrics/tod_metrics/": "tod_metrics/",
    "baselines/tod_baselines/": "tod_baselines/",
    "eval_configs/": "tod_bench/shipped/eval_configs/",
    "results/published/": "tod_bench/shipped/published/",
}
"""Folder of the repository -> where its files lie in the wheel."""


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_what_ships_with_them_and_nothing_else(wheel):
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    expected = {
        inside + name.removeprefix(folder)
        for name in tracked
        for folder, inside in PREFIXES.items()
        if name.startswith(folder) and (ROOT / name).exists()
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected
    assert {name.partition("/")[0] for name in packed} == {"tod_bench", "tod_metrics", "tod_baselines"}


@pytest.mark.slow
def test_the_wheel_says_where_the_project_lives_and_what_its_extras_need(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    text = archive.read(metadata).decode()
    assert "Project-URL: Documentation, https://" in text
    assert {"train", "style", "judge", "report", "sweep", "all"} <= set(re.findall(r"Provides-Extra: (\w+)", text))


@pytest.mark.slow
def test_the_wheel_holds_no_test_server(wheel):
    """The server that does wrong what it is told to do wrong is a tool of the tests, and nothing shipped imports it."""
    assert (ROOT / "tests" / "support" / "fault_server" / "server.py").is_file()
    with zipfile.ZipFile(wheel) as archive:
        code = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}
    assert [name for name in code if "testing" in name or "fault_server" in name] == []
    assert [name for name, text in code.items() if "fault_server" in text or "FaultServer" in text] == []


@pytest.mark.slow
def test_the_wheel_runs_outside_of_the_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    program = [sys.executable, "-m", "tod_bench.cli.main"]

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [*program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    origin = [sys.executable, "-c", "import tod_bench; print(tod_bench.__file__)"]
    where = subprocess.run(origin, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert where.startswith(str(tmp_path))
    assert "quickstart" in call("list", "configs")
    assert "quickstart is valid" in call("validate", "quickstart")
    assert "100 requests" in call("judge", "likert", "judge_likert", "--dry-run")
