"""Options that several verbs share: one flag has one name, one type and one meaning everywhere.

A verb takes them as decorators::

    @click.command()
    @corpus_option(required=True)
    @CORPUS_OPTIONS
    @output_option("the scores")
    def command(corpus: str, options: tuple[str, ...], output: Path | None) -> None: ...
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


class Option(click.Option):
    """An option whose spellings of an earlier version are still read, and shown nowhere."""

    def __init__(self, *args: Any, old: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.old = tuple(old)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Registers the option under its shown and its old spellings."""
        shown = self.opts
        self.opts = [*shown, *self.old]
        super().add_to_parser(parser, ctx)
        self.opts = shown


class Choice(click.Choice[str]):
    """A choice whose spellings of an earlier version are still read, and shown nowhere."""

    def __init__(self, choices: Sequence[str], old: Mapping[str, str]) -> None:
        super().__init__(choices)
        self.old = old

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checks a value, an old spelling as the one of today."""
        return super().convert(self.old.get(value, value), param, ctx)


class RunByDefault(click.Group):
    """A group whose first argument may be what its command ``run`` takes, which is then run."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Takes what is no command for the argument of ``run``."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["run", *args])


class Verb(click.Command):
    """A verb that reads ``-o KEY=VALUE`` as ``--option KEY=VALUE``, as earlier versions spelt it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the command line."""
        for index, (flag, value) in enumerate(pairwise(args)):
            if flag == "-o" and re.match(r"[A-Za-z_]\w*=", value):
                args[index] = "--option"
        return super().parse_args(ctx, args)


def corpus_option(what: str = "a name of `tod-bench list corpora`", *, required: bool = False) -> Decorator[Any]:
    """``--corpus NAME``, passed as ``corpus``; `what` says for the help which names it takes."""
    return click.option("--corpus", required=required, metavar="NAME", help=f"The corpus: {what}.")


CORPUS_OPTIONS = click.option(
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the corpus's reader, such as path=FOLDER or version=2.1; may be repeated.",
)
"""``--option KEY=VALUE``, passed as ``options``: a tuple of texts."""

SPLIT = click.option("--split", default="test", show_default=True, help="The split, such as test or dev[:200].")
"""``--split``, passed as ``split``: one split expression."""

SPLITS = click.option(
    "--split", "splits", multiple=True, help="The split, such as test or dev[:200]; all if none is given."
)
"""``--split`` of verbs that read every split unless some are named, passed as ``splits``."""

METRICS = click.option(
    "--metric",
    "-m",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="A metric: name, name@protocol or 'name(option=value)@protocol'; may be repeated.",
)
"""``-m/--metric``, passed as ``metrics``: a tuple of texts."""

BY_DOMAIN = click.option("--by-domain", is_flag=True, help="Also show every metric by domain or service.")
PARTIAL = click.option(
    "--partial", is_flag=True, help="Accept missing turns; they count as wrong (responses: as empty)."
)
UPDATES = click.option(
    "--updates", is_flag=True, help="States are what each turn changes; add them up into whole states."
)
SEED = click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random draws.")
QUIET = click.option("--quiet", is_flag=True, help="Print the result only.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
SMALL = click.option(
    "--small", is_flag=True, help="The config's small variant: embedded corpus, scripted judge, seconds."
)
STORE = click.option(
    "--store", type=FOLDER, default=Path("runs"), show_default=True, help="The folder where results are kept."
)
"""``--store``, passed as ``store``: the folder of trainings, predictions and results."""


def draws_option(default: int, minimum: int = 0) -> Decorator[Any]:
    """``--draws``, passed as ``draws``: how often dialogues are drawn for an interval or a test."""
    return click.option(
        "--draws",
        type=click.IntRange(minimum),
        default=default,
        show_default=True,
        help=f"Bootstrap draws{'; 0 for no intervals' if minimum == 0 else ''}.",
    )


def output_option(
    what: str,
    kind: Literal["file", "folder"] = "file",
    *,
    default: Path | None = None,
    required: bool = False,
    old: Sequence[str] = (),
) -> Decorator[Any]:
    """``-o/--output``, passed as ``output``: the file or folder that a verb writes.

    Args:
        what: What is written there, for the help: ``the scores as JSON``.
        kind: Whether it is a file or a folder.
        default: Where it is written if nothing is given; None for nowhere, or for a place that `what` explains.
        required: Whether it must be given.
        old: Spellings of an earlier version, such as ``--out``.
    """
    return click.option(
        "--output",
        "-o",
        "output",
        cls=Option,
        old=old,
        type=FILE if kind == "file" else FOLDER,
        default=default,
        show_default=default is not None,
        required=required,
        help=f"The {kind} to write: {what}.",
    )


def format_option(*formats: str, old: Mapping[str, str] | None = None) -> Decorator[Any]:
    """``--format``, passed as ``output_format``: one of the formats, by default the first.

    Args:
        formats: The formats.
        old: Names of formats in an earlier version, and what they are called now.
    """
    return click.option(
        "--format",
        "output_format",
        type=Choice(formats, old or {}),
        default=formats[0],
        show_default=True,
        help="The format of the output.",
    )


CACHE = click.option("--cache", type=FILE, help="Where answers of models are kept; by default STORE/answers.sqlite.")
REPLAY = click.option("--replay", is_flag=True, help="Answer from the cache alone; needs no key.")
PRICES = click.option("--prices", type=FILE, help="Your own price file.")
PLAYED_WITH = click.option("--config", help="The play's config; by default play.json beside the episodes.")
BATCH = click.option("--batch", is_flag=True, help="Ask models through the Batch API; the same command goes on.")


def access_options(function: Function) -> Function:
    """How systems that ask a model reach it: ``budget``, ``replay``, ``batch``, ``prices``, ``cache``."""
    options = (
        click.option(
            "--budget",
            type=click.FloatRange(min=0),
            metavar="USD",
            help="Stop before the runs of this store spend more on systems' answers.",
        ),
        REPLAY,
        BATCH,
        PRICES,
        CACHE,
    )
    for option in reversed(options):
        function = option(function)
    return function


def cluster_options(job: str) -> Decorator[Any]:
    """What a backend gives each job: ``cpus``, ``gpus``, ``address``.

    Args:
        job: What a job is, for the help: ``trial``, ``worker``.
    """

    def decorated(function: Function) -> Function:
        options = (
            click.option("--cpus", default=1.0, show_default=True, help=f"Processors a {job}, elsewhere than here."),
            click.option("--gpus", default=0.0, show_default=True, help=f"GPUs a {job}; a fraction shares one (ray)."),
            click.option("--address", help="Address of a running Ray cluster."),
        )
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


def answers_option(whose: str = "the judge's") -> Decorator[Any]:
    """``--cache``: the one file in which all judged runs keep answers, whichever verb asks."""
    return click.option(
        "--cache",
        type=FILE,
        default=Path("runs/judge/answers.sqlite"),
        show_default=True,
        help=f"Where {whose} answers are kept.",
    )


JSON_FLAG = click.option("--json", "as_json", is_flag=True, hidden=True)
"""``--format json`` as earlier versions spelt it, passed as ``as_json``."""


def workers_option(default: int | None = 1, shown: str = "", what: str = "processes") -> Decorator[Any]:
    """``--workers``, passed as ``workers``: how much is done at a time.

    Args:
        default: The number if none is given; None where a config says it.
        shown: How the help names that number, e.g. ``all cores``.
        what: What is done at a time, for the help: ``processes``, ``requests``.
    """
    return click.option(
        "--workers",
        cls=Option,
        old=("--jobs",),
        type=click.IntRange(min=1),
        default=default,
        show_default=shown or True,
        help=f"How much is done at a time: {what}.",
    )
