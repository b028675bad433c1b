"""The command line's entry: a group whose verbs are imported only when they are called.

Each verb is a module of this package that defines ``command``, a `click.Command` (or group of them).
"""

import re
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from tod_bench import __version__
from tod_bench.errors import UserError, printable

VERBS: Mapping[str, str] = {
    "data": "Fetch, check, count and show corpora.",
    "judge": "Ask an LLM judge: Likert, pairwise, emotions, agreement.",
    "compare": "Say which of two prediction files is better, and with what p.",
    "import": "Turn another tool's prediction file into ours.",
    "leaderboard": "Build the site of a leaderboard from submissions.",
    "list": "List installed corpora, systems, metrics and configs.",
    "personalise": "Make a personalised corpus, stage by stage.",
    "plan": "Say what a config would run and what is cached.",
    "play": "Play agents against a simulated user.",
    "report": "Write tables of finished runs.",
    "run": "Run an eval config and print its table.",
    "score": "Score a prediction file under every protocol.",
    "submit": "Prepare, validate and verify a submission to a leaderboard.",
    "sweep": "Run the variants of a config and print the ablation table.",
    "validate": "Check an eval config and report every error at once.",
}
"""Verb -> its line in ``tod-bench --help``; the module is ``tod_bench.cli.<verb>`` (``import`` is ``import_``)."""


INTERRUPTED = "interrupted; finished work is kept, and the same command goes on from there"
"""What is said at Ctrl-C."""


class LazyGroup(click.Group):
    """A group that lists its verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the verbs, sorted."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a verb."""
        if cmd_name not in VERBS:
            return None
        module = import_module(f"tod_bench.cli.{cmd_name + '_' if cmd_name in ('import', 'list') else cmd_name}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a verb; click itself would call Ctrl-C an abort, with status 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(f"\ntod-bench: {INTERRUPTED}", err=True)
            ctx.exit(130)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of verbs from `VERBS` alone."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(VERBS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tod-bench")
def command() -> None:
    """Benchmark suite and evaluation harness for task-oriented dialogue.

    \b
    Examples:
      tod-bench run quickstart
      tod-bench score predictions.jsonl --corpus multiwoz --split test
    """


def main(arguments: list[str] | None = None) -> Any:
    """Runs the command line; errors that a user can cause become one line and exit status 2."""
    try:
        return command.main(args=arguments, prog_name="tod-bench", standalone_mode=True)
    except UserError as error:
        click.echo(f"tod-bench: {printable(str(error))}", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        extra = _extra_of(error)
        if not extra:
            raise
        click.echo(f"tod-bench: this needs {error.name}: pip install 'tod-bench[{extra}]'", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo(f"tod-bench: {INTERRUPTED}", err=True)
        sys.exit(130)


def _extra_of(error: ModuleNotFoundError) -> str:
    """The extra that brings a module which is not installed; empty where none does, which is a fault of ours."""
    from importlib.metadata import requires

    package = (error.name or "").partition(".")[0].lower()
    for requirement in requires("tod-bench") or ():
        needed = re.match(r"([\w-]+).*; extra == ['\"](?!all|dev)(\w+)['\"]", requirement)
        if needed and needed[1].lower().replace("-", "_") == package:
            return needed[2]
    return ""


if __name__ == "__main__":
    main()
