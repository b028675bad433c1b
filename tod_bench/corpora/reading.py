"""What every reader shares: raw records that know where they stand, and their conversion into dialogues.

A reader yields a `DataError` in the place of a record that it cannot use; what becomes of it (raised, or listed) is
decided in `tod_bench.corpora.file_corpus`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from tod_bench.corpora.jsonstream import RawFile, array_items
from tod_bench.errors import DataError, UserError
from tod_bench.records import Dialogue, Values

Warn = Callable[[DataError], None]
"""Takes what is odd in a record and worth reporting, though it does not make the record unusable."""

SPLITS = ("train", "dev", "test")


def check_option(corpus: str, option: str, value: str, choices: Any) -> None:
    """Checks a reader's option against the `Literal` that lists its values.

    Raises:
        UserError: It is none of them.
    """
    if value not in get_args(choices):
        raise UserError(f"{corpus} has no {option} {value!r}; choose from {', '.join(get_args(choices))}")


def listed(given: str | Path | Sequence[str | Path]) -> list[str]:
    """What an option that takes one thing or several was given."""
    return [str(one) for one in ([given] if isinstance(given, str | Path) else given)]


@dataclass(slots=True)
class Record:
    """A raw dialogue and where it stands; the reader moves `turn` along as it goes.

    Attributes:
        file: The file it came from.
        dialogue: Its id.
        data: The raw record.
        report: Takes what is odd in it.
        turn: Index of the user/system pair being read; None outside of turns.
    """

    file: str
    dialogue: str
    data: Any
    report: Warn
    turn: int | None = None

    def error(self, problem: str) -> DataError:
        """An error that names this place."""
        return DataError(problem, file=self.file, dialogue=self.dialogue, turn=self.turn)

    def warn(self, problem: str) -> None:
        """Reports something odd at this place."""
        self.report(self.error(problem))

    def text(self, value: Any) -> str:
        """An utterance, which must be a text.

        Raises:
            DataError: It is something else.
        """
        if isinstance(value, str):
            return value
        raise self.error(f"an utterance is {value!r:.80}, not a text")

    def values(self, values: Any, what: str) -> Values:
        """A non-empty list of texts as acceptable values.

        Raises:
            DataError: It is something else.
        """
        if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
            return tuple(values)
        raise self.error(f"the values of {what} are not a list of texts but {values!r:.80}")


def convert_all(
    records: Iterable[Record | DataError], convert: Callable[[Record], Dialogue]
) -> Iterator[Dialogue | DataError]:
    """Converts record by record; a record that does not convert becomes an error that names file, dialogue and turn."""
    for record in _until_broken(records):
        if isinstance(record, DataError):
            yield record
            continue
        try:
            yield convert(record)
        except DataError as error:
            yield error
        except KeyError as error:
            yield record.error(f"the key {error} is missing")
        except (AttributeError, IndexError, TypeError, ValueError, RecursionError) as error:
            yield record.error(f"the record is not laid out as expected ({error})")


def dialogue_files(root: Path) -> dict[str, tuple[RawFile, ...]]:
    """Split -> its ``dialogues_NNN.json`` files in order, in the layout of SGD and MultiWOZ 2.2."""
    of_splits = {
        split: tuple(RawFile(path) for path in sorted((root / split).glob("dialogues_*.json"))) for split in SPLITS
    }
    return {split: files for split, files in of_splits.items() if files}


def split_files(root: Path) -> dict[str, tuple[RawFile, ...]]:
    """Split -> its file, ``test.json`` or ``test.jsonl``, gzipped (``.gz``) or not; splits without one are left out.

    Raises:
        UserError: A split has several such files.
    """
    of_splits: dict[str, tuple[RawFile, ...]] = {}
    for split in SPLITS:
        names = [f"{split}.{ending}" for ending in ("json", "jsonl", "json.gz", "jsonl.gz")]
        present = [root / name for name in names if (root / name).exists()]
        if len(present) > 1:
            raise UserError(f"{root} has {' and '.join(path.name for path in present)}; keep one of them")
        if present:
            of_splits[split] = (RawFile(present[0]),)
    return of_splits


def records(
    files: Iterable[RawFile], warn: Warn, key: str = "dialogue_id", plain_id: Callable[[str], str] = str
) -> Iterator[Record | DataError]:
    """Raw dialogues of files that are arrays of them, in file order; a file that breaks off ends with an error.

    Args:
        files: The files, JSON arrays or (``.jsonl``) a dialogue a line.
        warn: Takes what is odd in a record.
        key: The key of a dialogue's id.
        plain_id: Turns an id as released into the one that the dialogue gets.
    """
    for file in files:
        try:
            for position, data in enumerate(array_items(file)):
                name = data.get(key) if isinstance(data, dict) else None
                yield Record(str(file), plain_id(str(name or f"number {position}")), data, warn)
        except DataError as error:
            yield error


def pairs(record: Record, utterances: Sequence[Any]) -> Iterator[tuple[Any, Any | None]]:
    """The utterances as (user, system) pairs; the system's is None where a dialogue ends on the user.

    Raises:
        DataError: The speakers do not take turns.
    """
    for index in range(0, len(utterances), 2):
        record.turn = index // 2
        pair = utterances[index : index + 2]
        for utterance, expected in zip(pair, ("USER", "SYSTEM"), strict=False):
            if utterance["speaker"] != expected:
                raise record.error(f"{expected} should speak, but {utterance['speaker']!r} does")
        yield pair[0], pair[1] if len(pair) > 1 else None
    record.turn = None


def _until_broken(records: Iterable[Record | DataError]) -> Iterator[Record | DataError]:
    try:
        yield from records
    except DataError as error:
        yield error
