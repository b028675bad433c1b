"""The stages ``style``, ``semantic`` and ``natural``: a row a dialogue.

Rows hold what is true of one dialogue: its style vectors, a verdict. Thresholds are quartiles of a whole split, so
which dialogues style drops is found at the end (`tod_bench.personalise.filters.verdicts`): a further dialogue makes no
row of another one anew, and another reading of the style filters makes none.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tod_bench.embeddings import BM25, encode, version_of
from tod_bench.files import digest_of
from tod_bench.personalise.checks.stage import content_of
from tod_bench.personalise.checks.values import lost_values
from tod_bench.personalise.filters.asked import Filter, Verdict, filter_prompt, verdicts
from tod_bench.personalise.filters.offline import natural_verdict, semantic_verdict
from tod_bench.personalise.filters.vectors import cosines, style_vectors
from tod_bench.personalise.llm_options import style_model
from tod_bench.personalise.rows import Row, StageName, Unit
from tod_bench.personalise.styled import SIDES, StyledDialogue, styled_dialogues
from tod_bench.personalise.work import Work
from tod_metrics.style.displacement import Encode

VERSION = 2
"""Raised whenever a row comes out differently, so that older rows are made anew."""


def encoder_of(work: Work) -> str:
    """The encoder of styles: that of the options, or MiniLM where those rank reviews by their words."""
    return "minilm" if work.options.encoder == BM25 else work.options.encoder


class StyleStage:
    """Measures how far and which way restyling moved each dialogue."""

    @property
    def name(self) -> StageName:
        """``style``."""
        return "style"

    def units(self, work: Work) -> Iterator[Unit]:
        """A unit a dialogue."""
        return _units(work, [VERSION, version_of(encoder_of(work))])

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """Makes the rows."""
        name = encoder_of(work)
        provenance = {"encoder": name, "encoder_version": version_of(name), "version": VERSION}
        for unit, styled in _wanted(work, units):
            known = _of_one_dialogue(styled, partial(encode, name))
            value: dict[str, Any] = {}
            for side in SIDES:
                (vectors,) = style_vectors([styled], side, known)
                value[side] = {selection: vector and vector.to_json() for selection, vector in vectors.items()}
            value["cosines"] = {side: [round(one, 4) for one in cosines(styled, side, known)] for side in SIDES}
            yield Row(unit.key, unit.inputs, value, provenance)


def _of_one_dialogue(styled: StyledDialogue, encoding: Encode) -> Encode:
    """An encoder of a dialogue's texts, all of which are encoded in one batch.

    The other texts of a batch move a vector's last digits, so a batch of several dialogues would make rows differ with
    where a run was broken off.
    """
    texts = list(dict.fromkeys(text for side in SIDES for pair in styled.pairs(side) for text in pair))
    vectors = np.asarray(encoding(texts))
    rows = {text: row for row, text in enumerate(texts)}
    return lambda wanted: vectors[[rows[text] for text in wanted]]


@dataclass
class FilterStage:
    """A filter that gives a verdict on each dialogue: by a language model where one restyles, else by rules.

    Attributes:
        filter: Which one.
    """

    filter: Filter

    @property
    def name(self) -> StageName:
        """Its filter's name."""
        return self.filter

    def units(self, work: Work) -> Iterator[Unit]:
        """A unit a dialogue."""
        return _units(work, [VERSION, self._decides(work)])

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """Makes the rows."""
        wanted = {styled.key: (unit, styled) for unit, styled in _wanted(work, units)}
        if work.client is None:
            judge = self._judge(work)
            for unit, styled in wanted.values():
                yield _row(unit, judge(styled), {"by": "rules", "version": VERSION})
            return
        for styled, verdict, provenance in verdicts(work, self.filter, (styled for _, styled in wanted.values())):
            yield _row(wanted[styled.key][0], verdict, {"by": "llm", **provenance})

    def _judge(self, work: Work) -> Callable[[StyledDialogue], Verdict]:
        if self.filter == "natural":
            return natural_verdict
        return lambda styled: semantic_verdict(
            styled, lost_values, work.row("style", styled.split, styled.plain.id).value["cosines"]
        )

    def _decides(self, work: Work) -> list[Any]:
        if work.client is None:
            return ["rules", version_of(encoder_of(work)) if self.filter == "semantic" else ""]
        assert work.options.llm is not None
        model = style_model(work.options.llm)
        asked = [model.model, model.temperature, model.max_tokens, model.seed, model.extra, model.reasks]
        # What is read as a pass is the reading's, and so is what is asked for.
        return ["llm", work.client.base_url, *asked, filter_prompt(self.filter).digest, work.options.filters]


def SemanticStage() -> FilterStage:  # noqa: N802
    """The stage ``semantic``."""
    return FilterStage("semantic")


def NaturalStage() -> FilterStage:  # noqa: N802
    """The stage ``natural``."""
    return FilterStage("natural")


def _units(work: Work, decides: Sequence[Any]) -> Iterator[Unit]:
    shared = digest_of(decides)
    for styled in styled_dialogues(work):
        yield Unit(styled.split, styled.plain.id, None, digest_of([shared, content_of(styled)]))


def _wanted(work: Work, units: Iterable[Unit]) -> Iterator[tuple[Unit, StyledDialogue]]:
    wanted = {unit.key: unit for unit in units}
    for styled in styled_dialogues(work, wanted):
        yield wanted[styled.key], styled


def _row(unit: Unit, verdict: Verdict, provenance: dict[str, Any]) -> Row:
    value = {"passed": verdict.passed, "answer": verdict.answer, "reason": verdict.reason}
    return Row(unit.key, unit.inputs, value, provenance)
