"""What ``tod-bench data`` prints: counts beside the published ones, findings by kind, what a fetch did."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tod_bench.console import grid
from tod_bench.corpora.base import Corpus
from tod_bench.corpora.check import Finding, check
from tod_bench.corpora.counts import RULE, Counts, count
from tod_bench.corpora.extent import Extent, extents, unofficial_line
from tod_bench.corpora.fetch import Fetched
from tod_bench.corpora.opening import open_bound, reader_options
from tod_bench.errors import printable
from tod_bench.reports.published import published_values
from tod_bench.splits import signed_split, split_notes


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """A row of Table 1: a split as we count it, or the published row of the corpus.

    Attributes:
        corpus: The corpus's name and version; its title in the published row.
        split: The split; ``published`` in the published row.
        counts: Our counts; None in the published row.
        published: The published row; empty in ours.
        extents: In the first row of a corpus, how much of each of its splits is there.
    """

    corpus: str
    split: str
    counts: Counts | None
    published: Mapping[str, Any]
    extents: tuple[Extent, ...] = ()


def open_with(name: str, options: Sequence[str], **preset: Any) -> Corpus:
    """Opens a corpus with options as typed on a command line, ``key=value``.

    Raises:
        UserError: An option cannot be read, or the reader does not have it; every error is named.
    """
    return open_bound(name, {**preset, **reader_options(options)}, preset)


def corpus_rows(name: str, options: Sequence[str]) -> list[CorpusRow]:
    """Our counts of every split that there is, then the published row where there is one."""
    corpus = open_with(name, options)
    counts = {split: count(corpus.dialogues(split)) for split in corpus.splits}
    there = tuple(extents(corpus, {split: counted.dialogues for split, counted in counts.items()}))
    rows = [
        CorpusRow(corpus.name, signed_split(corpus, split), counted, {}, there if index == 0 else ())
        for index, (split, counted) in enumerate(counts.items())
    ]
    published = (row for row in published_values("table1")["rows"] if row["corpus"] == name)
    return [*rows, *(CorpusRow(row["title"], "published", None, row) for row in published)]


def rows_as_json(rows: Iterable[CorpusRow]) -> str:
    """The rows as JSON, with the rule by which we count, and how much of each split is there."""
    rows = list(rows)
    values = [
        {"corpus": row.corpus, "split": row.split, **(asdict(row.counts) if row.counts else row.published)}
        for row in rows
    ]
    there = [extent.as_json() for row in rows for extent in row.extents]
    return json.dumps({"rule": RULE, "rows": values, "completeness": there}, indent=2)


def print_rows(rows: Iterable[CorpusRow]) -> None:
    """Prints the rows as a table; below it how much of each split is there, the rule, and what the published are of."""
    from rich.console import Console

    rows = list(rows)
    columns = ("corpus", "split", "dialogues", "services", "domains", "turns/dialogue", "tokens/turn")
    console = Console(width=110)
    console.print(grid(columns, ((row.corpus, row.split, *_cells(row)) for row in rows), left=2, boxed=False))
    for line in _completeness_lines([extent for row in rows for extent in row.extents]):
        console.print(line, highlight=False, markup=False)
    console.print(f"Ours: {RULE}.", highlight=False)
    published = f"{published_values('table1')['source']}; what it calls services is what we call domains"
    console.print(f"Published: {published}.", highlight=False)


def _completeness_lines(there: Sequence[Extent]) -> list[str]:
    """How much of each split of known size is there, then which files are not those of the release."""
    known = [one for one in there if one.official is not None or one.total is not None or one.files]
    lines = [f"{one.corpus} {one.split}: {one}." for one in known]
    unofficial = dict.fromkeys(unofficial_line(one) for one in there if one.unofficial)
    return [printable(line) for line in (*lines, *(f"{line}." for line in unofficial))]


def _cells(row: CorpusRow) -> tuple[str, ...]:
    if row.counts:
        counts = row.counts
        means = (f"{counts.turns_a_dialogue:.2f}", f"{counts.tokens_a_turn:.2f}")
        return (f"{counts.dialogues:,}", str(counts.services), str(counts.domains), *means)
    values = row.published["values"]
    cells = [str(values.get(key, "-")) for key in ("services", "turns a dialogue", "tokens a turn")]
    return (f"{values['dialogues']:,}", "", *cells)


def check_lines(name: str, options: Sequence[str], splits: Sequence[str], listed: int) -> tuple[list[str], bool]:
    """The findings of a check, counted by kind, with the first of each kind.

    Returns:
        Lines to print, and whether a rule is broken.
    """
    corpus = open_with(name, options, skip_invalid=True, cache=False)
    lines, broken = [f"{corpus.name}"], False
    lines += [f"  not official: {file}" for file in corpus.unofficial[: listed or None]]
    for split in splits or corpus.splits:
        kinds: dict[tuple[bool, str], list[Finding]] = defaultdict(list)
        for finding in check(corpus, split):
            kinds[finding.serious, finding.kind].append(finding)
        broken = broken or any(serious for serious, _ in kinds)
        lacking = [f"  incomplete: {note}" for note in split_notes(corpus, split) if "is incomplete" in note]
        lines += [f"{split}: {'nothing found' if not kinds and not lacking else ''}".rstrip(), *lacking]
        for (serious, kind), findings in sorted(kinds.items(), key=lambda item: (not item[0][0], item[0][1])):
            lines.append(f"  {'problem' if serious else 'note'}: {kind}: {len(findings):,}")
            lines += [f"    {finding.place}" for finding in findings[:listed]]
            if 0 < listed < len(findings):
                lines.append(f"    ... and {len(findings) - listed:,} more")
    return lines, broken


def fetched_lines(done: Fetched) -> list[str]:
    """What a fetch did, a line each."""
    lines = [
        f"{done.folder}: {len(done.brought)} files brought, {len(done.in_place)} in place",
        f"licence: {done.release.licence} ({done.release.home})",
        *([done.release.note] if done.release.note else []),
    ]
    lines += [
        f"no checksum is known of {name}; the SHA-256 of what came is {found}" for name, found in done.unchecked.items()
    ]
    lines += [f"differs from the official file: {name}" for name in done.unlike]
    if done.missing:
        lines.append(f"not in this copy: {len(done.missing)} files: {', '.join(done.missing)}")
    return lines
