"""``tod-bench submit``: a prediction file made into a submission to a leaderboard, and the checks that it must pass."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tod_bench.cli.options import FILE, STORE, Option, corpus_option, output_option

if TYPE_CHECKING:
    from tod_bench.leaderboard.task_names import Task

TRACKS = click.option(
    "--tracks",
    type=FILE,
    help="Tracks of another leaderboard, a YAML file; by default those of tod-bench.",
)
FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group()
def command() -> None:
    """Prepare, validate and verify a submission to a leaderboard.

    \b
    Example:
      tod-bench submit prepare predictions.jsonl --card card.yaml
    """


@command.command()
@click.argument("predictions", nargs=-1, type=FILE, metavar="[PREDICTIONS]...")
@click.option("--card", required=True, type=FILE, help="The card, YAML or JSON.")
@click.option(
    "--config", "-c", cls=Option, old=("--run",), help="Take the predictions of this config's run instead of files."
)
@STORE
@click.option("--system", help="With --config: the system's label in the config.")
@corpus_option("with --config, its label in the config")
@click.option("--seed", type=int, help="Seed of the random draws: with --config, of the run, where it has several.")
@output_option("the submission's folder is made in it", "folder", default=Path("submissions"), old=("--out",))
@TRACKS
def prepare(
    *,
    predictions: tuple[Path, ...],
    card: Path,
    config: str | None,
    store: Path,
    system: str | None,
    corpus: str | None,
    seed: int | None,
    output: Path,
    tracks: Path | None,
) -> None:
    """Make a submission folder of predictions and a card, with its scores.

    Several files are taken as one: a file for each task, or shards. Only the answers to the card's tasks are kept.
    A track that is played takes the journals of `tod-bench play` in place of predictions.

    \b
    Examples:
      tod-bench submit prepare predictions.jsonl --card card.yaml
      tod-bench submit prepare runs/play/simulated/rule.jsonl --card card.yaml
      tod-bench submit prepare --config quickstart --system t5-tiny --corpus plain --card card.yaml
    """
    from tod_bench.errors import UserError
    from tod_bench.leaderboard import load_tracks, prepare_submission
    from tod_bench.leaderboard.prepare import run_predictions

    if bool(predictions) == bool(config):
        raise UserError("give either prediction files or --config")
    if config and not (system and corpus):
        raise UserError("--config needs --system and --corpus, the labels in the config")
    files = run_predictions(config, store, str(system), str(corpus), seed) if config else predictions
    click.echo(f"Submission: {prepare_submission(card, files, output, load_tracks(tracks))}")


@command.command()
@FOLDER
@TRACKS
def validate(folder: Path, tracks: Path | None) -> None:
    """Check a submission: card, files, schema, coverage, and likeness to gold; every problem is named.

    Of a track that is played, users and world are replayed: an episode that was changed is named.

    \b
    Example:
      tod-bench submit validate submissions/my-system-3fa9c1-simulated-plain-20261121
    """
    from tod_bench.leaderboard import load_tracks, validate_submission

    submission = validate_submission(folder, load_tracks(tracks))
    _warn(submission.suspicions)
    click.echo(
        f"{submission.name} is valid: {submission.extent}, "
        f"{', '.join(submission.card.tasks)} of {submission.card.track}"
    )


@command.command()
@FOLDER
@TRACKS
def verify(folder: Path, tracks: Path | None) -> None:
    """Compute every number of a submission from its predictions, and fail where it reports another.

    \b
    Example:
      tod-bench submit verify submissions/my-system-3fa9c1-simulated-plain-20261121
    """
    from tod_bench.leaderboard import load_tracks, verify_submission

    entry = verify_submission(folder, load_tracks(tracks))
    _warn(entry.suspicions)
    count = sum(map(len, entry.scores.values()))
    click.echo(f"{entry.submission.name} is verified: all {count} numbers are as reported")


def _warn(suspicions: "Mapping[Task, str]") -> None:
    for task, why in suspicions.items():
        click.echo(f"Warning: {task}: {why}; it takes no rank until the leaderboard's maintainers clear it", err=True)
