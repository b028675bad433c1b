"""MultiWOZ, every release: 2.2 in its own layout, the others as ``data.json`` or as ConvLab's file for each split."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal

from tod_bench.corpora.annotations import Annotation
from tod_bench.corpora.database import VenueDatabase, database_files, read_database
from tod_bench.corpora.extent import ReleaseSize, release_sizes
from tod_bench.corpora.file_corpus import FileCorpus
from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.corpora.joined import corrected, each_once, union
from tod_bench.corpora.jsonstream import RawFile
from tod_bench.corpora.multiwoz22 import Layout22
from tod_bench.corpora.multiwoz_goals import GoalAndBookings, goal_files, read_goals
from tod_bench.corpora.multiwoz_log import LogLayout
from tod_bench.corpora.multiwoz_wishes import interactive_goal, raw_goals
from tod_bench.corpora.official import UNOFFICIAL, Completeness, completeness, unlike_archive, unlike_release
from tod_bench.corpora.places import bytes_of, corpus_root, files_in, find_corpus
from tod_bench.corpora.reading import SPLITS, Warn, check_option, dialogue_files, listed
from tod_bench.corpora.release import release
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Schema

Version = Literal["2.0", "2.1", "2.2", "2.3", "2.4"]


_READER = 2
"""Raised whenever dialogues come out differently, so that older caches are not used."""


class MultiWOZ(FileCorpus):
    """MultiWOZ 2.0 to 2.4: human-human dialogues over seven domains, with goals and databases.

    Args:
        path: Folder or zip of the release; None looks in TOD_BENCH_DATA and in what was fetched. Several folders in a
            list are read one after the other, as one corpus; a dialogue may be in one of them only.
        version: The release; it picks the files where there is no `path`, and is part of the corpus's name. Files that
            are not the official ones, or cannot be shown to be, add ``-unofficial`` to the name. Those of 2.2 are known
            one by one; ``data.json`` is compared with the release's zip, to be kept beside its folder.
        goals: A ``data.json`` release (folder or zip) to take the user goals and what was booked from, which the 2.2
            layout lacks; None looks beside the dialogues and, where there is no `path` either, as for `path`.
        corrections: Folder of a release in the 2.2 layout, or several, whose dialogues take the place of those of the
            same ids.
        leave_out: Patterns of ids (``WOZ20*``) of dialogues that are left out, corrected ones excepted. It says which
            dialogues cannot be trusted; `unofficial` repeats it.
        skip_invalid, cache: As for every corpus that is read from files; see `FileCorpus`.
    """

    def __init__(
        self,
        path: str | Path | list[str | Path] | None = None,
        version: Version = "2.2",
        *,
        goals: str | Path | None = None,
        corrections: str | Path | Sequence[str | Path] = (),
        leave_out: str | Sequence[str] = (),
        skip_invalid: bool = False,
        cache: bool = True,
    ) -> None:
        check_option("MultiWOZ", "version", version, Version)
        self._version = version
        if path == []:
            raise UserError("path names no folder")
        first, *others = path if isinstance(path, list) else [path]
        self.root = corpus_root(first, f"multiwoz{version}", lambda at: _match_size(at, version))
        self._files = files_in(self.root)
        self._layout = _layout(self.root, self._files)
        self._goal_root = self._find_goals(goals, search=path is None)
        self._others = tuple(MultiWOZ(other, version, goals=goals, cache=False) for other in others)
        self._corrections = tuple(_layout(folder, files_in(folder)) for folder in map(Path, listed(corrections)))
        self._left_out = tuple(listed(leave_out))
        more = [f"{len(others) + 1} folders read as one"] if others else []
        changed = [f"dialogues corrected by {Path(folder).name}" for folder in listed(corrections)]
        changed += [f"dialogues {pattern} left out" for pattern in self._left_out]
        self.unofficial = (*more, *changed, *self._unofficial_files(version))
        self.name = f"multiwoz{version}{UNOFFICIAL if self.unofficial else ''}"
        own = {split: (*files, *self._shared_files) for split, files in self._layout.splits().items()}
        each = [own, *(other._sources for other in self._others), *(some.splits() for some in self._corrections)]
        present = [split for split in dict.fromkeys([*SPLITS, *chain(*each)]) if any(split in files for files in each)]
        files = {split: tuple(chain(*(files.get(split, ()) for files in each))) for split in present}
        options = {"reader": _READER, "corpus": self.name}
        if changed:
            options |= {"corrections": len(self._corrections), "leave_out": list(self._left_out)}
        self._set_files(files, options, skip_invalid=skip_invalid, cache=cache)

    def missing_annotations(self, split: str) -> Mapping[Annotation, str]:
        """Acts and goals where the files that have them are not there."""
        others = [other.missing_annotations(split) for other in self._others if split in other.splits]
        goals = self._goal_root or isinstance(self._layout, LogLayout)
        return {
            "personas": "MultiWOZ does not say who its users are",
            **self._layout.missing_annotations(),
            **({} if goals else {"goals": "the 2.2 layout has none; give `goals`, a folder or zip of release 2.1"}),
            **{annotation: reason for missing in others for annotation, reason in missing.items()},
        }

    @property
    def schema(self) -> Schema:
        """Every domain and slot that a state can hold."""
        return union([self._layout.schema, *(other.schema for other in self._others)])

    @cached_property
    def database(self) -> VenueDatabase | None:
        """The venues, where the release's ``*_db.json`` files are there."""
        found = [read_database(self._database_files), *(other.database for other in self._others)]
        return next((database for database in found if database is not None), None)

    def interactive_goals(self, split: str) -> Iterator[InteractiveGoal]:
        """The goals of a split, in the order of its dialogues.

        Raises:
            UserError: The goals or the database are not there, or there is no such split.
            DataError: A goal is unusable.
        """
        files = files_in(self._goal_root) if self._goal_root else self._files
        if self.database is None or not goal_files(files):
            lacks = "goals; give `goals`, a folder or zip of release 2.1" if self.database else "database (*_db.json)"
            raise UserError(f"{self.name}: a simulated user needs the goals and the database, and it has no {lacks}")
        raw = {dialogue: (goal, file) for dialogue, goal, file in raw_goals(files)}
        for dialogue in self.dialogues(split):
            if dialogue.goal and dialogue.id in raw:
                goal, file = raw[dialogue.id]
                yield interactive_goal(dialogue.id, goal, self.database, file)

    def _read(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        if not self._corrections and not self._left_out:
            return self._read_every(split, warn)
        corrections = chain(*(self._completed(some, split, warn) for some in self._corrections))
        return corrected(self._read_every(split, warn), corrections, self._left_out)

    def _read_every(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        if not self._others:
            return self._read_own(split, warn)
        own = [(str(self.root), self._read_own(split, warn))]
        others = ((str(other.root), other._read(split, warn)) for other in self._others if split in other.splits)
        return (
            replace(read, corpus=self.name) if isinstance(read, Dialogue) else read
            for read in each_once(chain(own, others))
        )

    def _read_own(self, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        return self._completed(self._layout, split, warn)

    def _completed(self, layout: Layout22 | LogLayout, split: str, warn: Warn) -> Iterator[Dialogue | DataError]:
        goals, database = self._goals, self.database
        for read in layout.read(split, warn, self.name) if split in layout.splits() else ():
            yield read if isinstance(read, DataError) else _completed(read, goals, database)

    @cached_property
    def _goals(self) -> Mapping[str, GoalAndBookings]:
        return read_goals(files_in(self._goal_root)) if self._goal_root else {}

    @cached_property
    def _database_files(self) -> Mapping[str, RawFile]:
        """Databases beside the dialogues, or above them as in the official repository."""
        above = [self.root.absolute().parent, self.root.absolute().parent.parent] if self.root.is_dir() else []
        every = [self._files, *({path.name: RawFile(path) for path in folder.glob("db/*_db.json")} for folder in above)]
        return next((tables for files in every if (tables := database_files(files))), {})

    @property
    def _shared_files(self) -> tuple[RawFile, ...]:
        goals = goal_files(files_in(self._goal_root)) if self._goal_root else ()
        return (*goals, *self._database_files.values())

    def _find_goals(self, given: str | Path | None, *, search: bool) -> Path | None:
        if given is not None or isinstance(self._layout, LogLayout):
            return Path(given) if given is not None else None
        beside = [self.root, self.root.parent / "MultiWOZ_2.1", self.root.parent / "MultiWOZ_2.1.zip"]
        root = next((candidate for candidate in beside if candidate.exists() and goal_files(files_in(candidate))), None)
        if root or not search:
            return root
        try:
            return find_corpus("multiwoz2.1", lambda at: _match_size(at, "2.1"))
        except UserError:
            return None

    def completeness(self, split: str) -> Completeness | None:
        """How many of a split's official files of release 2.2 are there; None where all are, or none is official."""
        if self.unofficial or not isinstance(self._layout, Layout22):
            return None
        return completeness(self._names_22(), release("multiwoz2.2"), "data/MultiWOZ_2.2/", [split])

    @property
    def release_size(self) -> ReleaseSize:
        """The dialogues of each split of the release, whatever is corrected or left out."""
        return release_sizes()[f"multiwoz{self._version}"]

    def _unofficial_files(self, version: Version) -> list[str]:
        if isinstance(self._layout, LogLayout):
            files = {file for files in self._layout.splits().values() for file in files}
            return unlike_archive(f"multiwoz{version}", sorted(files))
        names = self._names_22()
        databases = {f"db/{file.path.name}": file.path for file in self._database_files.values()}
        return unlike_release("multiwoz2.2", names | databases) if version == "2.2" else sorted(names)

    def _names_22(self) -> dict[str, Path]:
        """The files of a release in the 2.2 layout: path in the official repository -> file."""
        files = {file for files in self._layout.splits().values() for file in files}
        folder = f"data/MultiWOZ_{self._version}"
        return {f"{folder}/{file.path.relative_to(self.root).as_posix()}": file.path for file in files}


def _layout(root: Path, files: Mapping[str, RawFile]) -> Layout22 | LogLayout:
    if root.is_dir() and dialogue_files(root):
        if "schema.json" not in files:
            raise UserError(f"{root} has no schema.json; give the folder of the release that has it")
        return Layout22(root)
    if goal_files(files):
        return LogLayout(files, str(root))
    raise UserError(
        f"{root} has neither {{train,dev,test}}/dialogues_NNN.json (MultiWOZ 2.2) nor data.json nor "
        "{train,val,test}.json"
    )


def _completed(dialogue: Dialogue, goals: Mapping[str, GoalAndBookings], database: VenueDatabase | None) -> Dialogue:
    """The dialogue with the goal, and with bookings and the number of database matches in each turn, where known."""
    goal, turns = dialogue.goal, dialogue.turns
    annotated = goals.get(dialogue.id)
    if annotated:
        goal = annotated.goal
        # The last turn of a dialogue that ends on the user has no answer that could book anything.
        booked = [*annotated.booked, *annotated.booked[-1:]][: len(turns)]
        if len(booked) == len(turns):
            turns = tuple(replace(turn, booked=by_now) for turn, by_now in zip(turns, booked, strict=True))
    if database:
        turns = tuple(replace(turn, db_matches=database.matches(turn.state)) for turn in turns)
    return replace(dialogue, goal=goal, turns=turns)


def _match_size(folder: Path, version: Version) -> int:
    """Bytes of dialogues of a release in a folder; the nearest folder that names a release decides which it is."""
    named = next((set(versions) for part in reversed(folder.parts) if (versions := _RELEASE.findall(part))), set[str]())
    if version not in (named or {"2.2", "2.1"}):
        return 0
    # The 2.2 layout is that of other releases, too, where they are converted into it and a folder says so.
    if version == "2.2" or (named and (folder / "schema.json").exists()):
        if not (folder / "schema.json").exists() or (folder / "train" / "schema.json").exists():
            return 0
        return bytes_of(file for files in dialogue_files(folder).values() for file in files)
    if not any(folder.glob("[vV]alListFile*")):
        return 0
    files = files_in(folder)
    return bytes_of(iter(goal_files(files))) if "data.json" in files or "multiwoz" in str(folder).lower() else 0


_RELEASE = re.compile(r"(?<!\d)2[._][0-4](?!\d)")
