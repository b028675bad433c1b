"""Votes of an arena: from pairwise judge runs, and from CSV files of votes by anybody.

A file of votes has a row a vote:

    item,first,second,winner,rater
    dlg_7,t5,pictor,pictor,anna
    dlg_8,t5,pictor,tie,anna

``winner`` is a system's name, ``first``, ``second`` or ``tie``; ``rater`` and ``repeat`` may be left out. A file of
features (lengths, counts of words of a style) has a row an item and system, and a column a feature:

    item,system,exclamations,words
    dlg_7,t5,2,81
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tod_bench.errors import DataError, UserError
from tod_bench.inputs import finite, read_json
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.families import family_warnings
from tod_bench.judge.ratings_csv import read_table
from tod_bench.judge.run import stored_ratings
from tod_metrics.judge.ratings import WINNER

_SIDES = ("first", "second", "tie")
LENGTH = "length"
"""The feature that judge runs have themselves: words that the system says in a dialogue."""

Features = dict[tuple[str, str], dict[str, float]]
"""(Item, system) -> feature -> value."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote: which of two systems did better in a dialogue; `outcome` is ``first``, ``second`` or ``tie``."""

    item: str
    first: str
    second: str
    outcome: str


@dataclass
class VoteSet:
    """Votes from any number of places.

    Attributes:
        votes: The votes.
        features: What is known of systems' answers.
        unscored: Pairs without a verdict, which are no votes.
        inconsistent: Pairs on which the two orders disagree, each counted as a tie.
        voters: Who voted -> votes.
        versions: System -> what stands under its name in the judge runs.
        warnings: What a reader must know of the runs.
    """

    votes: list[Vote] = field(default_factory=list)
    features: Features = field(default_factory=dict)
    unscored: int = 0
    inconsistent: int = 0
    voters: Counter[str] = field(default_factory=Counter)
    versions: dict[str, tuple[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_votes(places: Sequence[Path], features: Path | None = None) -> VoteSet:
    """Reads the votes of judge runs (folders) and of CSV files.

    Args:
        places: Where they are.
        features: A CSV file with further features.

    Raises:
        UserError: A place holds no votes, or one system's name stands for different things in two runs.
        DataError: A row of a file cannot be read.
    """
    found = VoteSet()
    for place in places:
        _add_run(found, place) if place.is_dir() else _add_file(found, place)
    if not found.votes:
        raise UserError("there are no votes: give folders of pairwise judge runs, or CSV files of votes")
    if features is not None:
        _add_features(found, features)
    return found


def _add_run(found: VoteSet, folder: Path) -> None:
    ratings, _, pair = stored_ratings(folder)
    plan, listed = read_json(folder / "run.json"), read_json(folder / "items.json")
    if not pair:
        raise UserError(f"{folder} holds no pairwise run, so there are no votes in it")
    source = plan["fingerprint"]
    for name in pair:
        _same_system(found, name, (source, plan["config"]["versions"][name]), folder)
    for item in listed["items"]:
        for name in pair:
            found.features.setdefault((f"{source}/{item['id']}", name), {})[LENGTH] = float(item["words"][name])
    found.warnings += family_warnings(JudgeConfig.model_validate(plan["config"]))
    first, second = pair
    voter = plan["config"]["judge"]["model"]
    for rating in ratings:
        if rating.question != WINNER or rating.persona != "own":
            continue
        if rating.value is None:
            found.unscored += 1
            continue
        found.inconsistent += rating.value == "inconsistent"
        outcome = str(rating.value) if rating.value in _SIDES else "tie"
        found.votes.append(Vote(f"{source}/{rating.item}", first, second, outcome))
        found.voters[voter] += 1


def _same_system(found: VoteSet, name: str, version: Any, folder: Path) -> None:
    """Refuses a name that stands for other responses, or another style, over the same corpus in an earlier run."""
    earlier = found.versions.setdefault(name, version)
    if earlier[0] == version[0] and earlier[1] != version[1]:
        raise UserError(
            f"{folder}: {name!r} is another version there than in an earlier run ({version[1]}, not {earlier[1]}); "
            "give systems that differ different names"
        )


def _rows(path: Path, needed: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    head, rows = read_table(path)
    if missing := [name for name in needed if name not in head]:
        raise UserError(f"{path}: there is no column {', '.join(missing)}; the first line names the columns")
    for line, row in rows:
        yield line, {name: value.strip() for name, value in row.items()}


def _add_file(found: VoteSet, path: Path) -> None:
    seen: set[tuple[str, ...]] = set()
    for line, row in _rows(path, ("item", "first", "second", "winner")):
        vote = _vote(path, line, row)
        rater = row.get("rater") or path.stem
        key = (vote.item, *sorted((vote.first, vote.second)), rater, row.get("repeat", ""))
        if key in seen:
            raise DataError(
                f"{path}, line {line}: {rater} votes twice on {vote.first} and {vote.second} in {vote.item}; a "
                "column `repeat` tells votes apart that were asked for again"
            )
        seen.add(key)
        found.votes.append(vote)
        found.voters[rater] += 1


def _vote(path: Path, line: int, row: Mapping[str, str]) -> Vote:
    first, second, winner = row["first"], row["second"], row["winner"]
    if not row["item"] or not first or not second or first == second or {first, second} & set(_SIDES):
        raise DataError(f"{path}, line {line}: a vote needs an item and two different systems, none called a side")
    sides = {first: "first", second: "second", **{side: side for side in _SIDES}}
    if winner not in sides:
        raise DataError(f"{path}, line {line}: the winner {winner!r} is neither system, nor first, second or tie")
    return Vote(row["item"], first, second, sides[winner])


def _add_features(found: VoteSet, path: Path) -> None:
    # Items of judge runs are known by their corpus, too; files of people know the dialogue's id alone.
    by_name: dict[str, list[str]] = {}
    for item in {vote.item for vote in found.votes}:
        by_name.setdefault(item.rpartition("/")[2], []).append(item)
        by_name.setdefault(item, []).append(item)
    for line, row in _rows(path, ("item", "system")):
        for name in row.keys() - {"item", "system"}:
            try:
                value = finite(row[name])
            except ValueError:
                value = -1.0
            if value < 0:
                raise DataError(f"{path}, line {line}: {name} is {row[name]!r}; a feature is a number from 0 upwards")
            for item in by_name.get(row["item"], ()):
                found.features.setdefault((item, row["system"]), {})[name] = value
