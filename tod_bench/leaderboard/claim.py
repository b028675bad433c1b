"""The scores that a submission claims, and the comparison with those computed here."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tod_bench.errors import UserError
from tod_bench.files import write_json
from tod_bench.leaderboard.bounds import parse_json, read_text
from tod_bench.leaderboard.tracks import OpenTrack
from tod_bench.records import TaskName
from tod_bench.scores import Score

BIGGEST_CLAIM = 1 << 22
"""Bytes of a file of scores."""

TOLERANCE = 1e-6
"""How far two computations of one number may be apart: sums of another machine's linear algebra."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=600)]


class ClaimedScore(BaseModel):
    """A score as claimed; see `tod_bench.scores.Score` for the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Text
    protocol: Text
    domain: Text = ""
    value: Number | None
    low: Number | None
    high: Number | None
    n: int = Field(ge=0, le=10**9)
    signature: Text

    @property
    def name(self) -> str:
        """Metric, protocol and domain, for messages."""
        return f"{self.metric}@{self.protocol}" + (f" of {self.domain}" if self.domain else "")


class Claim(BaseModel):
    """All scores that a submission claims.

    Attributes:
        corpus: Name of the corpus that they were computed on.
        fingerprint: Its fingerprint.
        scores: Task -> scores.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    corpus: Text
    fingerprint: Text
    scores: dict[TaskName, tuple[ClaimedScore, ...]]


def claim_of(track: OpenTrack, scores: Mapping[TaskName, Sequence[Score]]) -> Claim:
    """The claim that computed scores make."""
    return Claim(
        corpus=track.corpus.name,
        fingerprint=track.corpus.fingerprint,
        scores={task: tuple(_claimed(score) for score in found) for task, found in scores.items()},
    )


def _claimed(score: Score) -> ClaimedScore:
    text = {"domain": str(score.slice or ""), "signature": str(score.signature)}
    return ClaimedScore.model_validate(
        {name: text[name] if name in text else getattr(score, name) for name in ClaimedScore.model_fields}
    )


def write_claim(claim: Claim, path: Path) -> None:
    """Writes a claim as JSON."""
    write_json(path, claim.model_dump(mode="json"))


def read_claim(path: Path) -> Claim:
    """Reads a claim.

    Raises:
        UserError: The file is unusable.
    """
    value: Any = parse_json(read_text(path, BIGGEST_CLAIM), path.name)
    try:
        return Claim.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise UserError(f"{path.name}, {place}: {first['msg']}; write it with `tod-bench submit prepare`") from None


def mismatches(claimed: Claim, computed: Claim) -> list[str]:
    """Every way in which a claim differs from what was computed, a sentence each."""
    found = []
    for task in sorted({*claimed.scores, *computed.scores}):
        theirs, ours = _by_name(claimed.scores.get(task, ())), _by_name(computed.scores.get(task, ()))
        found += [f"{task}, {name}: claimed, and no number of this track" for name in theirs if name not in ours]
        found += [f"{task}, {name}: not claimed" for name in ours if name not in theirs]
        for name in (name for name in ours if name in theirs):
            found += [f"{task}, {name}: {one}" for one in _differences(theirs[name], ours[name])]
        twice = len(claimed.scores.get(task, ())) - len(theirs)
        found += [f"{task}: {twice} numbers are claimed twice"] if twice else []
    if found and claimed.fingerprint != computed.fingerprint:
        found.insert(0, f"the claim is over other data than {computed.corpus} here (another fingerprint)")
    return found


def _by_name(scores: Sequence[ClaimedScore]) -> dict[str, ClaimedScore]:
    return {score.name: score for score in scores}


def _differences(theirs: ClaimedScore, ours: ClaimedScore) -> Iterator[str]:
    if theirs.signature != ours.signature:
        yield f"claimed under {theirs.signature}, computed under {ours.signature}"
    for what, a, b in (
        ("value", theirs.value, ours.value),
        ("lower end", theirs.low, ours.low),
        ("upper end", theirs.high, ours.high),
        ("n", theirs.n, ours.n),
    ):
        if (a is None) != (b is None) or (a is not None and b is not None and abs(a - b) > TOLERANCE):
            yield f"{what} claimed as {_written(a)}, computed as {_written(b)}"


def _written(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
