"""What the stages share, and what a stage is.

The values of rows, by stage, keyed by dialogue (d) or turn (t):

    pairs     d  image, impression, age, gender, formality, image_emotion, emotion (the dialogue's)
    user      t  text, by, fallback
    reviews   t  strategy, venue, reviews (each as `ReviewText`)
    system    t  text, by, fallback
    checks    d  failed: check -> what is wrong, a clause for each place
    style     d  user, system: strength, direction and turns by selection (`filters.vectors`); cosines by side
    semantic  d  passed, answer, reason
    natural   d  passed, answer, reason
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.extent import Extent, extent
from tod_bench.llm.client import ChatClient
from tod_bench.personalise.options import Options
from tod_bench.personalise.rows import Row, StageFile, StageName, Unit, row_key
from tod_bench.personalise.styling import Arm
from tod_bench.records import Dialogue, Persona


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A corpus that is being personalised.

    Attributes:
        options: What with.
        corpus: The corpus.
        personas: Every persona that may be paired, by image.
        arm: What restyles utterances.
        client: Who answers what a language model is asked; None with the rules alone.
        files: The rows, by stage.
    """

    options: Options
    corpus: Corpus
    personas: Mapping[str, Persona]
    arm: Arm
    client: ChatClient | None
    files: Mapping[StageName, StageFile]

    def row(self, stage: StageName, split: str, dialogue: str, turn: int | None = None) -> Row:
        """A row of an earlier stage.

        Raises:
            KeyError: It has not been made.
        """
        found = self.files[stage].get(row_key(split, dialogue, turn))
        if found is None:
            raise KeyError(row_key(split, dialogue, turn))
        return found

    def dialogues(self) -> Iterator[tuple[str, Dialogue]]:
        """Every dialogue to personalise, with the split that it is written into."""
        for split in self.options.splits:
            for dialogue in self.of_split(split):
                yield split, dialogue

    def of_split(self, split: str) -> Iterator[Dialogue]:
        """The dialogues to personalise that are written into a split."""
        return self.read(self.options.splits[split])

    def read(self, expression: str) -> Iterator[Dialogue]:
        """The dialogues of a split expression, but for those that the reading of strategies passes over."""
        return (dialogue for dialogue in self._selected(expression) if not self._is_passed_over(dialogue))

    def passed_over(self, split: str) -> Iterator[Dialogue]:
        """The dialogues that would be written into a split, had they turns enough for the reading of strategies."""
        if self.options.fewest_turns:
            yield from filter(self._is_passed_over, self._selected(self.options.splits[split]))

    def _selected(self, expression: str) -> Iterator[Dialogue]:
        from tod_bench.splits import read_split

        return read_split(self.corpus, expression)

    def _is_passed_over(self, dialogue: Dialogue) -> bool:
        return len(dialogue.turns) < self.options.fewest_turns

    def extents(self) -> list[Extent]:
        """How much of its release is there of each split of the plain corpus that dialogues are taken from."""
        from tod_bench.splits import parse_split, split_and_service

        parts = (part for expression in self.options.splits.values() for part in parse_split(expression))
        splits = dict.fromkeys(split_and_service(part[0])[0] for part in parts)
        return [extent(self.corpus, split, sum(1 for _ in self.corpus.dialogues(split))) for split in splits]


class Stage(Protocol):
    """A stage: which rows it makes, and how. The runner asks it for those that are not there yet."""

    @property
    def name(self) -> StageName:
        """Which one it is."""
        ...

    def units(self, work: Work) -> Iterator[Unit]:
        """Every dialogue or turn that there is to be a row of, with the digest of what decides it."""
        ...

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """Makes the rows of some units, in any order; each is kept as soon as it is yielded."""
        ...
