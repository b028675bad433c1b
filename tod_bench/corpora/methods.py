"""What every reader of tod-bench can do beside reading: count and show itself, and become datasets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from tod_bench.display import Grid, Tabular

if TYPE_CHECKING:
    from datasets import DatasetDict

    from tod_bench.corpora.base import Corpus


class CorpusMethods(Tabular):
    """Methods of a corpus that follow from what `tod_bench.corpora.base.Corpus` has."""

    def records(self) -> list[dict[str, Any]]:
        """One mapping a split: its dialogues, services, domains, turns and tokens. Reads the corpus."""
        # Counting knows the domains of SGD, whose reader has these methods.
        from tod_bench.corpora.counts import count

        corpus = cast("Corpus", self)
        records = []
        for split in corpus.splits:
            counts = count(corpus.dialogues(split))
            sizes = {"dialogues": counts.dialogues, "services": counts.services, "domains": counts.domains}
            records.append({"split": split, **sizes, "turns": counts.turns, "tokens": counts.tokens})
        return records

    def grids(self) -> list[Grid]:
        """The splits and their sizes."""
        from tod_bench.corpora.counts import RULE

        records = self.records()
        rows = tuple((record["split"], *(f"{record[name]:,}" for name in list(record)[1:])) for record in records)
        columns = ("split", "dialogues", "services", "domains", "turns", "tokens")
        return [Grid(cast("Corpus", self).name, columns, rows, notes=(RULE,))]

    def to_datasets(
        self, rows: Literal["dialogues", "turns"] = "dialogues", splits: Sequence[str] | None = None
    ) -> "DatasetDict":
        """The corpus as a Hugging Face `datasets.DatasetDict`; see `tod_bench.corpora.hub_datasets.to_datasets`."""
        from tod_bench.corpora.hub_datasets import to_datasets

        return to_datasets(cast("Corpus", self), rows, splits)
