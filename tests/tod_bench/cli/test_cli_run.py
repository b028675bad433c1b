"""The verbs around configs, called as a user calls them."""

import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from tod_bench.cli.main import main

CONFIG = """
name: small
corpora: {plain: {corpus: simulated, options: {dialogues: {train: 10, dev: 3, test: 5}}}}
systems: {oracle: {system: oracle}, carry_over: {system: carry_over}}
tasks: {dst: {metrics: [jga]}, policy: {metrics: [act_f1]}}
bootstrap: {draws: 20}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config, where the test stands."""
    (tmp_path / "small.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command."""
    command = [Path(sys.executable).with_name("tod-bench"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def call(folder: Path):
    """Runs what the installed command runs, in this process: to start one takes a second."""

    def _call(*arguments: str) -> subprocess.CompletedProcess[str]:
        printed, said, code = StringIO(), StringIO(), 0
        with redirect_stdout(printed), redirect_stderr(said):
            try:
                main(list(arguments))
            except SystemExit as ended:
                code = ended.code or 0
        return subprocess.CompletedProcess(arguments, code, printed.getvalue(), said.getvalue())

    return _call


@pytest.mark.usefixtures("folder")
def test_run_prints_the_table_and_where_files_are(tmp_path):
    done = program("run", "small.yaml", "systems.carry_over.tasks=[dst]")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no progress where nobody watches
    assert "100.00" in done.stdout
    assert "jga|" in done.stdout
    assert "carry_over is shown gold: previous_state (in dst)" in done.stdout
    for name in ("table.md", "table.csv", "table.json"):
        assert (tmp_path / "runs/tables/small" / name).is_file()
        assert f"small/{name}" in done.stdout


def test_plan_runs_nothing_and_then_knows_what_is_cached(call, tmp_path):
    assert call("plan", "small.yaml").stdout.count("to do") == 6
    assert not (tmp_path / "runs").exists()
    call("run", "small.yaml")
    assert call("plan", "small.yaml").stdout.count("cached") == 6


def test_plan_names_the_folders_that_systems_are_trained_in(call, tmp_path):
    arguments = ("small.yaml", "systems.oracle.system=majority")
    told = call("plan", *arguments, "--folders").stdout.splitlines()
    assert call("run", *arguments).returncode == 0
    made = {str(place.relative_to(tmp_path)) for place in tmp_path.glob("runs/models/*/system")}
    assert made
    assert made == {line.partition(": ")[2] for line in told if ": runs" in line}


def test_errors_are_sentences_not_tracebacks(call):
    done = program("validate", "small.yaml", "systems.oracle.system=orcale")
    assert done.returncode == 2
    assert "there is no system 'orcale'; did you mean 'oracle'?" in done.stderr
    assert "Traceback" not in done.stderr
    missing = call("run", "nothing.yaml")
    assert missing.returncode == 2
    assert "there is no config nothing.yaml" in missing.stderr


def test_validate_says_that_a_config_is_valid(call):
    assert call("validate", "small.yaml").stdout.splitlines() == [
        "note: oracle is shown gold: gold (in dst, policy)",
        "note: carry_over is shown gold: previous_state (in dst)",
        "small is valid: 3 experiments",
    ]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("corpora", "simulated"), ("systems", "oracle"), ("metrics", "jga"), ("configs", "quickstart")],
)
def test_list(call, sort, expected):
    done = call("list", sort)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_version():
    assert program("--version").stdout.startswith("tod-bench, version 0.")


def test_the_small_variant_of_a_table_runs(call, tmp_path):
    done = call("run", "appendix_b", "--small", "bootstrap.draws=20")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "says nothing of the paper" in done.stdout
    assert "74.24" in done.stdout
    assert (tmp_path / "runs/tables/appendix_b_small/table.tex").is_file()
    assert "figure9" in call("list", "configs").stdout
    assert "(also --small)" in " ".join(call("list", "configs").stdout.split())


def test_what_is_missing_is_said_and_the_published_table_printed(call, monkeypatch, tmp_path):
    for name in ("TOD_BENCH_DATA", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    done = call("run", "table2")
    assert done.returncode == 1
    assert "corpora.MultiWOZ: " in done.stderr
    assert "`export OPENAI_API_KEY=...`" in done.stderr
    assert "nothing of table2 can be computed" in done.stderr
    assert "61.50" in done.stdout
    assert "no numbers: corpora.PicPersona: " in done.stdout
    planned = call("plan", "table2").stdout
    assert "missing: tasks.response.judge: gpt-4o cannot be asked without a key" in planned
    assert "to do" not in planned


def test_a_form_for_people(call, tmp_path):
    done = call(
        *("judge", "form", "table3", "--small", "--corpus", "picpersona", "--system", "oracle", "--output", "f.html")
    )
    assert done.returncode == 0, done.stderr
    assert "16 items" in done.stdout
    assert (tmp_path / "f.html").is_file()
