"""The stage ``pairs``: what a dialogue's user feels, and who they become."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tod_bench.files import digest_of
from tod_bench.personalise.emotions import Emotion, EmotionSource
from tod_bench.personalise.pairing import VERSION, Pair, Pool, pair
from tod_bench.personalise.rows import Row, StageFile, StageName, Unit, row_key
from tod_bench.personalise.work import Work
from tod_bench.progress import progress
from tod_bench.records import Dialogue
from tod_bench.splits import whole_split

EMOTIONS_FILE = "emotions.jsonl"
"""Emotions of dialogues, beside the rows of the stages: pairs of a part of a split need those of the whole split."""


class PairsStage:
    """Pairs dialogues with personas; dialogues that have one keep it where no others are given.

    Args:
        emotions: What labels dialogues.
        pool: Who they can be paired with; None keeps the personas of the corpus.
    """

    def __init__(self, emotions: EmotionSource, pool: Pool | None) -> None:
        self._emotions, self._pool = emotions, pool
        self._made: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self._sizes: dict[str, int] = {}

    @property
    def name(self) -> StageName:
        """``pairs``."""
        return "pairs"

    def units(self, work: Work) -> Iterator[Unit]:
        """A unit a dialogue. The pairs are cheap, so that the digest is that of the pair."""
        how = {"version": VERSION, "emotions": dict(self._emotions.identity)}
        for split, expression in work.options.splits.items():
            pairs, labels = self._pairs(work, split, expression)
            for dialogue in work.read(expression):
                value, notes = _value(work, dialogue, pairs.get(dialogue.id), labels[_place(dialogue)])
                key = row_key(split, dialogue.id)
                self._made[key] = (value, {**how, **notes})
                yield Unit(split, dialogue.id, None, digest_of([how, value, notes]))

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """The rows of units, which are paired first where `units` has not gone through them."""
        wanted = list(units)
        if any(unit.key not in self._made for unit in wanted):
            for _ in self.units(work):
                pass
        for unit in wanted:
            value, provenance = self._made[unit.key]
            seed = {"seed": work.options.seed} if self._pool else {}
            yield Row(unit.key, unit.inputs, value, {"stage": self.name, **provenance, **seed})

    def _pairs(self, work: Work, split: str, expression: str) -> tuple[dict[str, Pair], dict[str, Emotion]]:
        """The pairs by id, and the emotions by place; without a pool no pairs."""
        if self._pool is None:
            return {}, self._labels(work, split, expression)
        whole = whole_split(expression) if self._pool.reading == "tod_bench" else expression
        labels = self._labels(work, split, whole)
        sizes = {**self._sizes_of(work), split: len(labels)} if self._pool.reading == "tod_bench" else {}
        found = pair(self._pool, work.options.seed, split, labels, sizes)
        wanted = {_place(dialogue): dialogue.id for dialogue in work.read(expression)}
        return {name: found[place] for place, name in wanted.items()}, labels

    def _sizes_of(self, work: Work) -> dict[str, int]:
        """Split of the corpus -> number of its dialogues, whatever part of it is personalised."""
        if not self._sizes:
            self._sizes = {split: sum(1 for _ in work.corpus.dialogues(split)) for split in work.corpus.splits}
        return self._sizes

    def _labels(self, work: Work, split: str, expression: str) -> dict[str, Emotion]:
        """Place of each dialogue -> emotion; those that were found before are not looked for again."""
        identity = digest_of(dict(self._emotions.identity))
        labels: dict[str, Emotion] = {}
        file = work.options.output / "stages" / EMOTIONS_FILE
        with StageFile(file) as kept, progress(f"emotions of {split}", unit="dialogues") as shown:
            for dialogue in work.read(expression):
                place = _place(dialogue)
                inputs = digest_of([identity, [turn.user for turn in dialogue.turns]])
                unit = Unit(dialogue.split, dialogue.id, None, inputs)
                if not kept.has(unit):
                    (label,) = self._emotions.emotions([dialogue])
                    kept.add(Row(unit.key, inputs, {"emotion": label}))
                row = kept.get(unit.key)
                assert row is not None
                labels[place] = row.value["emotion"]
                shown.advance()
        return labels


def _value(
    work: Work, dialogue: Dialogue, found: Pair | None, emotion: Emotion
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    notes: dict[str, Any]
    if found is None:
        persona, notes = dialogue.persona, {"from": "corpus"}
    else:
        persona = work.personas[found.image]
        notes = {"from": work.options.strategies, "reused": found.reused, "other_emotion": found.other_emotion}
    assert persona is not None
    fields = asdict(persona)
    return {**fields, "image_emotion": fields.pop("emotion"), "emotion": emotion}, notes


def _place(dialogue: Dialogue) -> str:
    return f"{dialogue.split}/{dialogue.id}"
