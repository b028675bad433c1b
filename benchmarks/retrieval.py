"""How well the examples of `chat` fit the turns that they are shown for, by selection and embedding.

A turn's examples fit where they change the state in the same way. The score is the F1 of the slots (and of the slots
with their values) that the retrieved turns change against those that the turn itself changes, over all of its examples,
in percent, with a 95% bootstrap interval over dialogues. The query has the gold state of the turn before, as that of a
perfect tracker has.

    python benchmarks/retrieval.py                                          # the embedded corpus, a minute
    python benchmarks/retrieval.py --corpus multiwoz --pool dev --test test # needs TOD_BENCH_DATA
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np

from benchmarks.command import help_text
from tod_baselines.chat.examples import SELECTIONS, Pool
from tod_baselines.chat.reading import changes_between
from tod_baselines.chat.recipe import PlainState
from tod_bench.corpora.base import open_corpus
from tod_bench.markdown import table
from tod_bench.progress import progress
from tod_bench.records import Dialogue, first_values
from tod_bench.splits import read_split
from tod_bench.statistics import bootstrap_interval
from tod_bench.tasks import turn_inputs
from tod_metrics.base import FloatArray, percentage

Change: TypeAlias = set[tuple[str, ...]]


def f1(sums: FloatArray) -> FloatArray:
    """F1 of true positives, false positives and false negatives, in percent."""
    return percentage(2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1] + sums[..., 2])


def changes(before: PlainState, after: PlainState, *, values: bool) -> Change:
    """What a turn changes: (domain, slot), or (domain, slot, value); what it takes away has an empty value."""
    changed, removed = changes_between(before, after)
    pairs = {(d, s): value for d, slots in changed.items() for s, value in slots.items()} | dict.fromkeys(removed, "")
    return {(*place, value) if values else place for place, value in pairs.items()}


def fit_of(pool: Pool, dialogues: Sequence[Dialogue]) -> dict[bool, FloatArray]:
    """True and false positives and false negatives of each dialogue, shape (dialogues, 3), without and with values."""
    counts = {values: np.zeros((len(dialogues), 3)) for values in (False, True)}
    with progress("retrieving", len(dialogues), unit="dialogues") as shown:
        for row, dialogue in enumerate(dialogues):
            before: PlainState = {}
            for turn, asked in zip(dialogue.turns, turn_inputs([dialogue], "dst"), strict=True):
                after = first_values(turn.state)
                for example in pool.examples(asked, before, "dst"):
                    for values, sums in counts.items():
                        gold = changes(before, after, values=values)
                        found = changes(example.previous, example.state, values=values)
                        sums[row] += len(gold & found), len(found - gold), len(gold - found)
                before = after
            shown.advance()
    return counts


@click.command(help=help_text(__doc__))
@click.option("--corpus", "name", default="simulated", help="The corpus.")
@click.option("--pool", default="train[:500]", help="Split that examples are taken from.")
@click.option("--test", default="test[:100]", help="Split that they are retrieved for.")
@click.option("--shots", default=3, help="Examples a turn.")
@click.option(
    "--embedding", "embeddings", multiple=True, default=("bm25", "minilm"), help="What turns are compared by."
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Markdown file to write.")
def main(name: str, pool: str, test: str, shots: int, embeddings: tuple[str, ...], out: Path | None) -> None:
    """Measures each selection with each embedding."""
    corpus = open_corpus(name)
    train, asked = list(read_split(corpus, pool)), list(read_split(corpus, test))
    blind = [select for select in SELECTIONS if select in ("fixed", "random")]
    pairs = [(select, embeddings[0]) for select in blind]
    pairs += [(select, embedding) for embedding in embeddings for select in SELECTIONS if select not in blind]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for select, embedding in pairs:
            made = Pool.make(train, folder=Path(folder), shots=shots, select=select, embedding=embedding, seed=0)
            cells = []
            for sums in fit_of(made, asked).values():
                interval = bootstrap_interval(sums, f1)
                cells.append(f"{float(f1(sums.sum(axis=0))):.1f} [{interval.low:.1f}, {interval.high:.1f}]")
            version = made.record().get("embedding_version", "")
            rows.append([select, "" if select in blind else f"{embedding} ({version})", *cells])
    head = (
        f"{corpus.name}: {len(train)} dialogues of {pool}, {shots} examples a turn of {len(asked)} dialogues of {test}"
    )
    text = f"{head}\n\n{table(['select', 'embedding', 'F1 of slots', 'F1 of slots with values'], rows)}\n"
    print(text)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
