"""The stage ``checks``: a row a dialogue, with what of it does not hold."""

import hashlib
from collections.abc import Iterable, Iterator

from tod_bench.files import digest_of
from tod_bench.personalise.checks.dialogue import failures
from tod_bench.personalise.checks.rules import work_rules
from tod_bench.personalise.rows import Row, StageName, Unit
from tod_bench.personalise.styled import StyledDialogue, styled_dialogues
from tod_bench.personalise.work import Work

VERSION = 1
"""Raised whenever a check finds something else, so that older rows are made anew."""


class ChecksStage:
    """Checks what the stages made of each dialogue."""

    @property
    def name(self) -> StageName:
        """``checks``."""
        return "checks"

    def units(self, work: Work) -> Iterator[Unit]:
        """A unit a dialogue."""
        rules = work_rules(work)
        decides = [VERSION, rules.lexicon.digest, rules.city, sorted(rules.off_topic)]
        rules_digest = digest_of(decides)
        for styled in styled_dialogues(work):
            yield Unit(styled.split, styled.plain.id, None, digest_of([rules_digest, content_of(styled)]))

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """Makes the rows."""
        rules, wanted = work_rules(work), {unit.key: unit for unit in units}
        for styled in styled_dialogues(work, wanted):
            unit = wanted[styled.key]
            yield Row(unit.key, unit.inputs, {"failed": failures(styled, rules)}, {"version": VERSION})


def content_of(styled: StyledDialogue) -> str:
    """Digest of a restyled dialogue: both texts, labels, persona, strategies."""
    content = repr((styled.plain.turns, styled.turns, styled.persona, styled.emotion))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
