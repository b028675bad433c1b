"""Several sources of dialogues as one: schemas joined, and each dialogue once."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from tod_bench.errors import DataError
from tod_bench.records import Dialogue, Schema, SlotSpec


def union(schemas: Sequence[Schema]) -> Schema:
    """Every domain and slot of some schemas; a slot that several have keeps its first description and all values."""
    if len(schemas) == 1:
        return schemas[0]
    joined: dict[str, dict[str, SlotSpec]] = {}
    for schema in schemas:
        for domain, slots in schema.items():
            known = joined.setdefault(domain, {})
            for name, spec in slots.items():
                known[name] = _merged(known[name], spec) if name in known else spec
    return joined


def _merged(first: SlotSpec, second: SlotSpec) -> SlotSpec:
    values = tuple(dict.fromkeys((*first.values, *second.values)))
    return SlotSpec(
        first.description or second.description,
        first.categorical and second.categorical,
        values,
        first.scored or second.scored,
    )


def each_once(
    sources: Iterable[tuple[str, Iterable[Dialogue | DataError]]],
) -> Iterator[Dialogue | DataError]:
    """The dialogues of several sources, one after the other, with an error in the place of an id that came before.

    Args:
        sources: Name and dialogues of each.
    """
    seen: dict[str, str] = {}
    for name, dialogues in sources:
        for read in dialogues:
            if isinstance(read, DataError):
                yield read
            elif seen.setdefault(read.id, name) != name:
                yield DataError(f"it is in {seen[read.id]} already; leave one out", file=name, dialogue=read.id)
            else:
                yield read


def corrected(
    sources: Iterable[Dialogue | DataError], corrections: Iterable[Dialogue | DataError], left_out: Sequence[str]
) -> Iterator[Dialogue | DataError]:
    """Dialogues with some of them corrected, and others that cannot be trusted left out.

    Args:
        sources: The dialogues.
        corrections: Dialogues that take the place of those of the same ids; an error stands for one that replaces none.
        left_out: Patterns of ids, as a shell has them; corrected dialogues are never left out.
    """
    waiting: dict[str, Dialogue] = {}
    for correction in corrections:
        if isinstance(correction, DataError):
            yield correction
        else:
            waiting[correction.id] = correction
    for read in sources:
        if isinstance(read, DataError):
            yield read
        elif read.id in waiting:
            yield waiting.pop(read.id)
        elif not any(fnmatchcase(read.id, pattern) for pattern in left_out):
            yield read
    for unused in waiting:
        yield DataError("it corrects a dialogue that is not in the folders read", file="corrections", dialogue=unused)
