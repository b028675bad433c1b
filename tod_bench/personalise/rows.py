"""The rows that stages make, and the files that keep them.

    FOLDER/stages/user.jsonl    one line a row, appended as soon as it is made

Of two lines with one key the later one holds. A row holds for the inputs that it was made of: it has their digest.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, TypeAlias, get_args

from tod_bench.errors import UserError
from tod_bench.files import whole_lines

StageName: TypeAlias = Literal["pairs", "user", "reviews", "system", "checks", "style", "semantic", "natural"]
"""The stages that make rows, in their order."""

STAGES: tuple[StageName, ...] = get_args(StageName)


@dataclass(frozen=True, slots=True)
class Unit:
    """A dialogue or a turn that a stage makes a row of.

    Attributes:
        split: Its split.
        dialogue: Id of the dialogue.
        turn: Index of the turn; None for a row of a whole dialogue.
        inputs: Digest of everything that decides the row: texts, settings, versions, rows of earlier stages.
    """

    split: str
    dialogue: str
    turn: int | None
    inputs: str

    @property
    def key(self) -> str:
        """What the unit is called, the same in every stage."""
        return row_key(self.split, self.dialogue, self.turn)


def row_key(split: str, dialogue: str, turn: int | None = None) -> str:
    """``train/PMUL0001`` or, of a turn, ``train/PMUL0001/3``."""
    return f"{split}/{dialogue}" if turn is None else f"{split}/{dialogue}/{turn}"


@dataclass(frozen=True, slots=True)
class Row:
    """What a stage made of a unit.

    Attributes:
        key: The unit.
        inputs: Digest of what it was made of.
        value: What was made, as JSON values; what each stage puts there is said where the stage is.
        provenance: How: arm and its version, seed, model, prompt digest, strategy, review ids with cosines, protected
            values, why the rules were fallen back on.
    """

    key: str
    inputs: str
    value: Mapping[str, Any]
    provenance: Mapping[str, Any] = field(default_factory=dict)


class StageFile:
    """The rows of a stage, opened by one process for reading and appending.

    Lines stay on disk; memory holds where the row of each key starts, and its inputs. A last line that was cut off by a
    kill is taken away.

    Args:
        path: The file; it need not be there yet.

    Raises:
        UserError: Another process has it open, or a line is no row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, tuple[int, str]] = {}
        self._held = ExitStack()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._held.enter_context(FileLock(f"{self.path}.lock", timeout=0))
        except Timeout:
            raise UserError(f"{self.path} is being written by another process; wait for it to end") from None
        self._file = self._held.enter_context(self.path.open("a+b"))
        self._index()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()
        self._file = None

    def __len__(self) -> int:
        return len(self._places)

    def has(self, unit: Unit) -> bool:
        """Whether there is a row of a unit, made of the same inputs."""
        place = self._places.get(unit.key)
        return place is not None and place[1] == unit.inputs

    def get(self, key: str) -> Row | None:
        """The row of a key, whatever it was made of; None where there is none."""
        place = self._places.get(key)
        if place is None:
            return None
        file = self._opened()
        file.seek(place[0])
        return Row(**json.loads(file.readline()))

    def add(self, row: Row) -> None:
        """Appends a row; it is on disk when this returns."""
        file = self._opened()
        start = file.seek(0, 2)
        file.write(json.dumps(asdict(row), ensure_ascii=False).encode() + b"\n")
        file.flush()
        self._places[row.key] = (start, row.inputs)

    def __iter__(self) -> Iterator[Row]:
        for key in list(self._places):
            row = self.get(key)
            assert row is not None
            yield row

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise RuntimeError(f"{self.path} is not open")
        return self._file

    def _index(self) -> None:
        file = self._opened()
        file.seek(0)
        for number, start, line in whole_lines(file):
            try:
                row = json.loads(line)
                self._places[row["key"]] = (start, row["inputs"])
            except (ValueError, KeyError, TypeError):
                raise UserError(
                    f"{self.path}, line {number} is no row of a stage; remove the line or the file"
                ) from None
