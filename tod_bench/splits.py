"""Split expressions: which dialogues of a corpus a config trains, selects and tests on.

train            the whole split
dev[:800]        its first 800 dialogues, in file order
test[90%:]       its last tenth
train[::10]      every tenth, for files that are sorted by service
train+dev[:800]  one after the other
test{taxi}       those that are about a service (or domain), perhaps among others; {taxi}[:100] is its first 100
train{-taxi}     all but those: the dialogues that are not about it at all, for a training that never sees it

Where a config has several corpora, a training may name another one, by its label, or several:

multiwoz:train                      the train split of the corpus multiwoz, whatever corpus is tested
[multiwoz:train, mine:train[:100]]  both, one after the other
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.official import Completeness
from tod_bench.dialogue_ids import DialogueIds, dialogue_key
from tod_bench.errors import UserError, did_you_mean
from tod_bench.gc import gc_paused
from tod_bench.records import Dialogue

ALL_BUT = "-"
"""Before a service: the dialogues that are not about it."""

_PART = re.compile(
    r"(?P<split>[A-Za-z_][\w-]*(?:\{-?\w+\})?)(?:\[(?P<start>\d+%?)?:(?P<stop>\d+%?)?(?::(?P<step>[1-9]\d*))?\])?"
)

_LABELLED = re.compile(r"(?P<label>[^:\[\]{}+]+):(?P<expression>\s*[A-Za-z_].*)", re.DOTALL)

UNTESTED = "none"
"""The test split of a corpus that is only trained on."""


class SplitOf(NamedTuple):
    """Some dialogues of one of a config's corpora.

    Attributes:
        corpus: The corpus's label.
        expression: The split expression.
    """

    corpus: str
    expression: str

    def __str__(self) -> str:
        return f"{self.corpus}:{self.expression}"


def splits_of(label: str, setting: str | Sequence[str]) -> tuple[SplitOf, ...]:
    """The corpora and split expressions that a setting names to train or select on.

    Args:
        label: The corpus that the setting stands under, which expressions without a label are of.
        setting: An expression, or several.
    """
    found = []
    for text in [setting] if isinstance(setting, str) else setting:
        match = _LABELLED.fullmatch(text.strip())
        found.append(SplitOf(match["label"].strip(), match["expression"].strip()) if match else SplitOf(label, text))
    return tuple(found)


def own_split(label: str, setting: str | Sequence[str]) -> str:
    """The expression of a setting's dialogues of the corpus itself; empty where it has none of them."""
    return "+".join(expression for corpus, expression in splits_of(label, setting) if corpus == label)


def parse_split(expression: str) -> list[tuple[str, ...]]:
    """The parts of a split expression: split with its service, start and stop, which may be empty, and a step if given.

    Raises:
        UserError: The expression cannot be read.
    """
    parts = []
    for text in expression.split("+"):
        match = _PART.fullmatch(text.strip())
        if match is None:
            raise UserError(f"split {expression!r}: {text.strip()!r} cannot be read; write e.g. dev[:800] or train+dev")
        parts.append((match["split"], match["start"] or "", match["stop"] or "", *filter(None, [match["step"]])))
    return parts


def read_split(corpus: Corpus, expression: str) -> Iterator[Dialogue]:
    """Streams the dialogues of a split expression.

    Raises:
        UserError: The expression cannot be read, names a split that the corpus does not have, or leaves out a service
            that no dialogue of the corpus is about.
        DataError: A record of the corpus is unusable.
    """
    for part, start, stop, *step in parse_split(expression):
        split, service = split_and_service(part)
        if split not in corpus.splits:
            raise UserError(f"{corpus.name} has no split {split!r}; it has {', '.join(corpus.splits) or 'none'}")
        if service.startswith(ALL_BUT):
            _check_known(corpus, split, service.removeprefix(ALL_BUT))
        # A percentage needs the size first; streaming twice costs less memory than holding the split.
        size = sum(1 for _ in _about(corpus, split, service)) if "%" in start + stop else 0
        bounds = (_position(start, size) or 0, _position(stop, size), *map(int, step))
        yield from islice(_about(corpus, split, service), *bounds)


def find_dialogue(corpus: Corpus, name: str, splits: Sequence[str] = ()) -> Dialogue:
    """A dialogue by its id, in anybody's spelling (`tod_bench.dialogue_ids`).

    Args:
        corpus: The corpus.
        name: The id.
        splits: Split expressions to look in; all splits of the corpus where none is named. Ids are unique within a
            split alone, so that all of them are read to the end.

    Raises:
        UserError: There is no such dialogue, several splits have one, or an expression cannot be read.
        DataError: A record of the corpus is unusable.
    """
    wanted, found, known = dialogue_key(name), dict[str, Dialogue](), dict[str, None]()
    for expression in splits or corpus.splits:
        ids: dict[str, None] = {}
        alike: list[Dialogue] = []
        for dialogue in read_split(corpus, expression):
            ids[dialogue.id] = None
            if dialogue_key(dialogue.id) == wanted:
                alike.append(dialogue)
        known |= ids
        spelt = DialogueIds(ids).find(name)
        found |= {dialogue.split: dialogue for dialogue in alike if dialogue.id == spelt}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise UserError(f"{corpus.name} has a dialogue {name!r} in each of {', '.join(found)}; name one split")
    where = f"{corpus.name} {', '.join(splits)}".rstrip()
    raise UserError(f"{where} has no dialogue {name!r}{did_you_mean(name, known)}")


def evenly_spaced(dialogues: Sequence[Dialogue], count: int | None) -> list[Dialogue]:
    """At most `count` of the dialogues, spread over their order."""
    if count is None or count >= len(dialogues):
        return list(dialogues)
    return [dialogues[index * len(dialogues) // count] for index in range(count)]


def common_dialogues(corpus: Corpus, first: str, second: str) -> int:
    """How many dialogues two split expressions have in common.

    The corpus is read only where both name the same split, and not two parts of it that are plainly apart.
    """
    if not _may_share(first, second):
        return 0
    ids = [
        {(dialogue.split, dialogue.id) for dialogue in read_split(corpus, expression)} for expression in (first, second)
    ]
    return len(ids[0] & ids[1])


def has_same_dialogues(first: Corpus, expression: str, second: Corpus, other: str) -> bool:
    """Whether splits of two corpora have a dialogue in common: one in which the user says the same, word for word.

    Two corpora can be releases of one, or one may have been made of the other, so that ids tell nothing. Case, blanks
    and punctuation do not count, which releases differ in.
    """
    known = {_words_of(dialogue) for dialogue in read_split(first, expression)}
    return any(_words_of(dialogue) in known for dialogue in read_split(second, other))


def _words_of(dialogue: Dialogue) -> bytes:
    said = " ".join(turn.user for turn in dialogue.turns).lower()
    return hashlib.blake2b(re.sub(r"[\W_]+", "", said).encode(), digest_size=16).digest()


def _may_share(first: str, second: str) -> bool:
    return any(
        split_and_service(a[0])[0] == split_and_service(b[0])[0]
        and not (a[0] == b[0] and _apart(a[1:3], b[1:3]))
        and not _complementary(a[0], b[0])
        for a in parse_split(first)
        for b in parse_split(second)
    )


def _complementary(part: str, other: str) -> bool:
    """Whether one part has the dialogues about a service and the other all but those."""
    services = {split_and_service(part)[1], split_and_service(other)[1]}
    return any(service and f"{ALL_BUT}{service}" in services for service in services)


def _apart(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether one slice ends before the other starts, both being counted in the same unit."""
    for (_, stop), (start, _) in ((a, b), (b, a)):
        if stop and start and ("%" in stop) == ("%" in start) and int(stop.rstrip("%")) <= int(start.rstrip("%")):
            return True
    return False


@gc_paused()
def read_all(corpus: Corpus, expression: str) -> list[Dialogue]:
    """The dialogues of a split expression, three times as fast as a list of `read_split`; errors as there."""
    return list(read_split(corpus, expression))


def signed_split(corpus: Corpus, expression: str) -> str:
    """A split expression as signatures have it: ``test(31 of 34 files)`` where official files are not there."""
    lacking = _lacking(corpus, expression)
    if not lacking:
        return expression
    parts = [
        str(completeness) if split == expression else f"{split} {completeness}"
        for split, completeness in lacking.items()
    ]
    return f"{expression}({', '.join(parts)})"


def split_notes(corpus: Corpus, expression: str) -> tuple[str, ...]:
    """What must be said beside every number of a split whose files are not all, or not, the official ones."""
    notes = [
        f"{corpus.name} {split} is incomplete: {completeness} are there, and numbers of the whole split will differ"
        for split, completeness in _lacking(corpus, expression).items()
    ]
    if corpus.unofficial:
        others = f" and {len(corpus.unofficial) - 1} more are" if len(corpus.unofficial) > 1 else " is"
        notes.append(f"{corpus.name}: {corpus.unofficial[0]}{others} not of the release, or cannot be shown to be")
    return tuple(notes)


def _lacking(corpus: Corpus, expression: str) -> dict[str, Completeness]:
    """The splits of an expression that lack official files."""
    named = dict.fromkeys(split_and_service(part)[0] for part, *_ in parse_split(expression))
    return {split: completeness for split in named if (completeness := corpus.completeness(split))}


def whole_split(expression: str) -> str:
    """The expression without what makes a part of a split: ``test{hotel}[:10]`` becomes ``test``.

    Raises:
        UserError: The expression cannot be read.
    """
    return "+".join(dict.fromkeys(split_and_service(part)[0] for part, *_ in parse_split(expression)))


def split_and_service(part: str) -> tuple[str, str]:
    """``test{taxi}`` taken apart; the service is empty where none is named, and ``-taxi`` for all but that one."""
    split, _, service = part.rstrip("}").partition("{")
    return split, service


def _about(corpus: Corpus, split: str, service: str) -> Iterator[Dialogue]:
    """The dialogues of a split that are about a service, or that are not; all where none is named."""
    wanted, named = not service.startswith(ALL_BUT), service.removeprefix(ALL_BUT)
    return (dialogue for dialogue in corpus.dialogues(split) if not named or (named in dialogue.services) == wanted)


def _check_known(corpus: Corpus, split: str, service: str) -> None:
    """Refuses to leave out a service that the corpus does not have: a misspelt one would be trained on unnoticed."""
    if service in corpus.schema:
        return
    services = set(corpus.schema)
    for name in dict.fromkeys((split, *corpus.splits)):
        for dialogue in corpus.dialogues(name):
            if service in dialogue.services:
                return
            services.update(dialogue.services)
    raise UserError(
        f"{split}{{{ALL_BUT}{service}}}: no dialogue of {corpus.name} is about {service!r}, so none would be left out"
        f"{did_you_mean(service, sorted(services))}; it has {', '.join(sorted(services)) or 'no services'}"
    )


def _position(text: str, size: int) -> int | None:
    if not text:
        return None
    return size * int(text[:-1]) // 100 if text.endswith("%") else int(text)
