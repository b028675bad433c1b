"""What the maintainers of a leaderboard have decided, in a file beside the submissions that no submission can write.

    # maintainers.yaml
    accepted:
    - submission: t5-tiny-6f850c-simulated-plain-20261121
      predictions: 5d0c9a3f
    cleared:
    - submission: strong-1a2b3c-simulated-plain-20270101
      predictions: 90ff12ab
      task: dst
      reason: Its makers ran it again before us on dialogues that are not public.

Accepted submissions come before all others, in the order of the file: what is like them in name or content gives way.
A decision is about certain predictions. Once these change, it no longer holds.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tod_bench.errors import UserError
from tod_bench.files import write_text
from tod_bench.leaderboard.bounds import parse_yaml, read_text
from tod_bench.leaderboard.names import check_text
from tod_bench.leaderboard.task_names import Task
from tod_bench.leaderboard.tracks import Tracks
from tod_bench.leaderboard.verify import verify_submission

LEDGER = "maintainers.yaml"

BIGGEST_LEDGER = 1 << 22
"""Bytes of the file."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Accepted(BaseModel):
    """A submission that the maintainers have accepted as the work of whom its card names.

    Attributes:
        submission: Name of its folder.
        predictions: Digest of its predictions, see `tod_bench.leaderboard.digests`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    submission: str
    predictions: Digest


class Cleared(Accepted):
    """A submission whose answers to a task were suspected of having been made from gold, and have been cleared.

    Attributes:
        task: The task.
        reason: Why, for readers.
    """

    task: Task
    reason: Annotated[str, Field(min_length=1, max_length=400), AfterValidator(check_text)]


class Ledger(BaseModel):
    """All decisions.

    Attributes:
        accepted: In the order of acceptance.
        cleared: Suspicions that are cleared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    accepted: tuple[Accepted, ...] = ()
    cleared: tuple[Cleared, ...] = ()

    def order(self, submission: str, predictions: str) -> int | None:
        """When a submission was accepted, from 0; None where it was not, or has other predictions now."""
        wanted = Accepted(submission=submission, predictions=predictions)
        return self.accepted.index(wanted) if wanted in self.accepted else None

    def clearance(self, submission: str, predictions: str, task: Task) -> str:
        """Why a suspicion is cleared; empty where it is not."""
        wanted = (submission, predictions, task)
        return next((one.reason for one in self.cleared if (one.submission, one.predictions, one.task) == wanted), "")


def read_ledger(folder: Path) -> Ledger:
    """The decisions about the submissions in a folder; none where there is no such file.

    Raises:
        UserError: The file is unusable; every error is in the message.
    """
    path = folder / LEDGER
    if not path.exists() and not path.is_symlink():
        return Ledger()
    value = parse_yaml(read_text(path, BIGGEST_LEDGER), str(path))
    try:
        return Ledger.model_validate({} if value is None else value)
    except ValidationError as error:
        problems = [f"{path}, {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors()]
        raise UserError("\n".join(problems)) from None


def accept_submission(folder: Path, tracks: Tracks) -> Path:
    """Verifies a submission and writes down that it is accepted.

    Returns:
        The file of decisions.

    Raises:
        UserError: It cannot be accepted.
    """
    entry = verify_submission(folder, tracks)
    ledger = read_ledger(folder.parent)
    new = Accepted(submission=folder.name, predictions=entry.submission.predictions)
    # With other predictions it keeps its place, but what was decided about the old ones is over.
    accepted = [new if one.submission == folder.name else one for one in ledger.accepted]
    if new not in accepted:
        accepted.append(new)
    return _write(folder.parent, ledger.model_copy(update={"accepted": tuple(accepted)}))


def clear_suspicion(folder: Path, tracks: Tracks, task: Task, reason: str) -> Path:
    """Verifies a submission and writes down that it is not suspected of gold any more.

    Returns:
        The file of decisions.

    Raises:
        UserError: It cannot be accepted, there is no such suspicion, or the reason cannot be shown.
    """
    entry = verify_submission(folder, tracks)
    if task not in entry.suspicions:
        raise UserError(f"{folder.name} is not suspected of gold in its answers to {task}; there is nothing to clear")
    try:
        new = Cleared(
            submission=folder.name, predictions=entry.submission.predictions, task=task, reason=check_text(reason)
        )
    except ValueError as error:
        raise UserError(f"--reason: {error}") from None
    ledger = read_ledger(folder.parent)
    others = [one for one in ledger.cleared if (one.submission, one.task) != (new.submission, task)]
    return _write(folder.parent, ledger.model_copy(update={"cleared": (*others, new)}))


def _write(folder: Path, ledger: Ledger) -> Path:
    import yaml

    text = yaml.safe_dump(ledger.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110)
    write_text(folder / LEDGER, f"# Written by `tod-bench leaderboard accept`, see docs/submit.md.\n{text}")
    return folder / LEDGER
