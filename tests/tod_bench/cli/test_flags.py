"""One flag has one meaning on every verb, and every help has an example and is quick."""

import re
import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tod_bench.cli.main import VERBS, command
from tod_bench.cli.options import CORPUS_OPTIONS, Option, Verb, format_option, output_option, workers_option

SHARED = {
    *(
        "--by-domain",
        "--corpus",
        "--draws",
        "--dry-run",
        "--format",
        "--metric",
        "--option",
        "--output",
        "--partial",
        "--quiet",
    ),
    *("--seed", "--small", "--split", "--store", "--updates", "--workers"),
}
"""Flags of `tod_bench.cli.options`: their help begins alike wherever they are."""

HEAVY = {
    *(
        "altair",
        "numpy",
        "pandas",
        "pydantic",
        "pyarrow",
        "rich",
        "scipy",
        "torch",
        "transformers",
        "vl_convert",
        "yaml",
    ),
}


def verbs(group: click.Command = command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every verb that is no group, with its name on the command line."""
    if not isinstance(group, click.Group):
        yield name.strip(), group
        return
    context = click.Context(group)
    for verb in group.list_commands(context):
        below = group.get_command(context, verb)
        assert below is not None
        if below.hidden:
            continue
        yield from verbs(below, f"{name} {verb}")


ALL = dict(verbs())


def options(verb: click.Command) -> Iterator[tuple[str, click.Option]]:
    """The flags of a verb that its help shows."""
    for option in verb.params:
        if isinstance(option, click.Option) and not option.hidden:
            yield from ((flag, option) for flag in option.opts)


def takes(option: click.Option) -> str:
    """What kind of value a flag takes."""
    if option.is_flag:
        return "flag"
    kind = option.type.name.removesuffix(" range")
    return {"file": "path", "directory": "path", "choice": "text"}.get(kind, kind)


def clause(option: click.Option) -> str:
    """The first clause of a flag's help; what is special to a verb follows a colon or semicolon."""
    return re.sub(r"\bfolder\b", "file", re.split(r"[:;] |\.$", option.help or "")[0])


def test_a_flag_takes_the_same_kind_of_value_and_is_explained_alike_wherever_it_is():
    meanings: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, verb in ALL.items():
        for flag, option in options(verb):
            meanings[flag][takes(option), clause(option) if flag in SHARED else ""].append(name)
    assert {flag: dict(kinds) for flag, kinds in meanings.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_flag_is_explained(name):
    assert [flag for flag, option in options(ALL[name]) if not option.help] == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_verb_has_an_example(name):
    help_text = CliRunner().invoke(command, [*name.split(), "--help"]).output
    assert f"tod-bench {name.split()[0]}" in help_text.partition("Example")[2]
    assert "\\b" not in help_text


@pytest.mark.parametrize("verb", ["", *sorted(VERBS)])
def test_help_is_quick_and_imports_nothing_heavy(verb):
    call = f"main([*{verb.split()}, '--help'])"
    code = f"import sys; from tod_bench.cli.main import main\ntry: {call}\nfinally: print(*sys.modules)"
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert loaded & HEAVY == set()
    # Processor time, which a busy machine does not stretch much: 0.3 s are allowed, and it takes 0.15 s.
    assert min(seconds) < 0.3


def invoke(arguments: list[str], *decorators) -> dict:
    """What a verb with these options is called with."""
    seen: dict = {}

    def run(**given):
        seen.update(given)

    for decorator in decorators:
        run = decorator(run)
    result = CliRunner().invoke(click.command(cls=Verb)(run), arguments)
    assert result.exit_code == 0, result.output
    return seen


def test_old_spellings_are_read_and_not_shown():
    options = (output_option("the site", "folder", old=("--out",)), workers_option(), CORPUS_OPTIONS)
    new = ["--output", "site", "--workers", "3", "--option", "a=1", "--option", "b={x: 2}"]
    old = ["--out", "site", "--jobs", "3", "-o", "a=1", "-o", "b={x: 2}"]
    expected = {"output": Path("site"), "workers": 3, "options": ("a=1", "b={x: 2}")}
    assert invoke(new, *options) == invoke(old, *options) == expected
    assert invoke(["-o", "site"], *options)["output"] == Path("site")
    shown = CliRunner().invoke(click.command()(workers_option()(lambda **_: None)), ["--help"]).output
    assert "--workers" in shown
    assert "--jobs" not in shown


def test_old_names_of_formats_are_read_and_not_shown():
    options = format_option("table", "markdown", old={"md": "markdown"})
    assert invoke(["--format", "md"], options) == invoke(["--format", "markdown"], options)
    assert invoke([], options) == {"output_format": "table"}
    shown = CliRunner().invoke(click.command()(options(lambda **_: None)), ["--help"]).output
    assert "[table|markdown]" in shown


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("judge people", "--judge", "--run"),
        ("judge people", "--json", "--output"),
        ("submit prepare", "--run", "--config"),
        ("submit prepare", "--out", "--output"),
        ("leaderboard build", "--jobs", "--workers"),
    ],
)
def test_verbs_read_their_old_flags(name, old, new):
    (option,) = {option for flag, option in options(ALL[name]) if flag == new}
    assert isinstance(option, Option)
    assert old in option.old


def test_list_metrics_marks_those_of_judges():
    lines = CliRunner().invoke(command, ["list", "metrics"], env={"COLUMNS": "200"}).output.splitlines()
    described = dict(line.strip().split(maxsplit=1) for line in lines if line.strip() and " " in line.strip())
    assert "(judge or people)" in described["win_rate"]
    assert "(judge or people)" not in described["jga"]


def test_an_old_spelling_is_named_by_its_new_one_in_errors():
    command_of_workers = click.command()(workers_option()(lambda **_: None))
    result = CliRunner().invoke(command_of_workers, ["--jobs", "0"])
    assert result.exit_code == 2
    assert "--workers" in result.output
    assert Option(["--new"], old=["--old"]).opts == ["--new"]
