"""Tests that need a browser, LaTeX or a parser: skipped where it is missing, failed in CI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import needed

ROOT = Path(__file__).parents[1]

MARKED = """
import pytest

@pytest.mark.{marker}
def test_that_needs_it():
    pass
"""


@pytest.mark.parametrize("marker", list(needed.NEEDED))
@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("false", "1 skipped"), ("true", "1 error")])
def test_what_is_missing_skips_a_test_and_fails_it_in_ci(
    marker: str, ci: str, outcome: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setitem(needed.NEEDED, marker, (lambda: False, "it is not there"))  # type: ignore[arg-type]
    pytester.makeconftest("from needed import check as pytest_runtest_setup")
    pytester.makeini(f"[pytest]\nmarkers =\n    {marker}: needs something")
    pytester.makepyfile(MARKED.format(marker=marker))
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rs")
    assert outcome in done.stdout.str()
    assert "it is not there" in done.stdout.str()


@pytest.mark.parametrize("marker", list(needed.NEEDED))
def test_what_is_there_lets_a_test_run(marker: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(needed.NEEDED, marker, (lambda: True, ""))  # type: ignore[arg-type]
    pytester.makeconftest("from needed import check as pytest_runtest_setup")
    pytester.makeini(f"[pytest]\nmarkers =\n    {marker}: needs something")
    pytester.makepyfile(MARKED.format(marker=marker))
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("test", "package"),
    [
        ("tests/tod_bench/reports/test_reports_latex.py::test_compiles", "texlive-latex-recommended"),
        (
            "tests/tod_bench/judge/test_judge_annotation_page.py::test_pairs_name_versions_again_whatever_the_seats",
            "chromium",
        ),
    ],
)
def test_a_machine_without_them_fails_the_suite_itself_in_ci(test: str, package: str) -> None:
    environment = {**os.environ, "PATH": "/nonexistent", "CI": "true"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", test]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stdout
    assert f"Debian's package is {package} (in CI every test has to run)" in done.stdout
