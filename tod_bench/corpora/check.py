"""Validating every record of a corpus: what a reader lets pass, but a careful user wants to know of."""

from collections.abc import Iterator
from dataclasses import dataclass

from tod_bench.corpora.annotations import NAMES, Annotation, not_found
from tod_bench.corpora.base import Corpus
from tod_bench.corpora.personas import AGES, EMOTIONS, FORMALITIES, GENDERS
from tod_bench.errors import DataError
from tod_bench.records import Dialogue, Persona, Schema, Span, Turn

_FREE_VALUES = {"dontcare", "dont care", "don't care", "do n't care", "do not care", "doesn't care", "none"}
"""Values that a closed list need not have: no preference, and ``none``, of which protocols differ in the reading."""


_EXPECTED: tuple[Annotation, ...] = ("states", "acts", "responses")
"""Annotations of which a split lacks none without a note."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found in a record.

    Attributes:
        kind: What sort of thing; findings of one kind are counted together.
        serious: Whether the record breaks a rule; otherwise it is only worth knowing.
        place: Where, and what.
    """

    kind: str
    serious: bool
    place: DataError


def check(corpus: Corpus, split: str) -> Iterator[Finding]:
    """Checks every record of a split.

    Serious are: records that cannot be used (for a corpus opened with ``skip_invalid``; they are raised without), ids
    that are not unique, turns out of order, slots and values outside of the schema, spans outside of the text, persona
    attributes outside of their lists. Worth knowing are: spans whose text has another form than the value, utterances
    that are empty, annotations that the split does not have, and what the reader warns of.
    """
    before = {str(error) for error in (*corpus.skipped, *corpus.warnings)}
    seen: set[str] = set()
    schema = corpus.schema
    unseen: frozenset[Annotation] = frozenset(_EXPECTED)
    any_turn = False
    for dialogue in corpus.dialogues(split):
        yield from _check_dialogue(dialogue, schema, twice=dialogue.id in seen)
        seen.add(dialogue.id)
        if dialogue.turns:
            unseen, any_turn = not_found([dialogue], unseen), True
    declared = corpus.missing_annotations(split)
    for annotation in (expected for expected in _EXPECTED if expected in declared or (any_turn and expected in unseen)):
        reason = declared.get(annotation, "no dialogue of the split has one")
        yield Finding("not annotated", False, DataError(f"{NAMES[annotation]}: {reason}; what needs them is undefined"))
    for kind, serious, errors in (("unusable", True, corpus.skipped), ("warning", False, corpus.warnings)):
        yield from (Finding(kind, serious, error) for error in errors if str(error) not in before)


def _check_dialogue(dialogue: Dialogue, schema: Schema, *, twice: bool) -> Iterator[Finding]:
    if twice:
        yield Finding("repeated id", True, DataError("another dialogue has the same id", dialogue=dialogue.id))
    if not dialogue.turns:
        yield Finding("no turns", True, DataError("it has no turns", dialogue=dialogue.id))
    if dialogue.persona:
        yield from _check_persona(dialogue.id, dialogue.persona)
    for position, turn in enumerate(dialogue.turns):
        last = position == len(dialogue.turns) - 1
        for kind, serious, problem in _problems(turn, position, schema, last=last):
            yield Finding(kind, serious, DataError(problem, dialogue=dialogue.id, turn=turn.index))


def _problems(turn: Turn, position: int, schema: Schema, *, last: bool) -> Iterator[tuple[str, bool, str]]:
    if turn.index != position:
        yield "turn order", True, f"it stands at position {position}"
    if not turn.user.strip():
        yield "empty utterance", False, "the user's utterance is empty"
    if not turn.system.strip() and not last:
        yield "empty utterance", False, "the system's utterance is empty"
    yield from _state_problems(turn, schema)
    for span in turn.spans:
        yield from _span_problems(turn, span)


def _state_problems(turn: Turn, schema: Schema) -> Iterator[tuple[str, bool, str]]:
    for domain, slots in turn.state.items():
        for slot, values in slots.items():
            spec = schema.get(domain, {}).get(slot)
            if spec is None:
                yield "unknown slot", True, f"the state has {domain}-{slot}, which the schema does not know"
            elif spec.categorical and spec.values:
                for value in values:
                    if value not in spec.values and value.lower() not in _FREE_VALUES:
                        yield "unlisted value", True, f"{domain}-{slot} is {value!r}, which the schema does not list"


def _span_problems(turn: Turn, span: Span) -> Iterator[tuple[str, bool, str]]:
    utterance = turn.user if span.side == "user" else turn.system
    # With style=personalised the utterances are the restyled ones, which spans do not speak of.
    if utterance in (turn.styled_user, turn.styled_system):
        return
    where = f"the span {span.domain}-{span.slot} {span.value!r} [{span.start}:{span.end}] of the {span.side}"
    if not 0 <= span.start < span.end <= len(utterance):
        yield "span out of text", True, f"{where} is outside of the utterance, which has {len(utterance)} characters"
    elif _letters(utterance[span.start : span.end]) != _letters(span.value):
        yield "span of another form", False, f"{where} stands for the text {utterance[span.start : span.end]!r}"


def _check_persona(dialogue: str, persona: Persona) -> Iterator[Finding]:
    lists = (("age", AGES), ("emotion", EMOTIONS), ("formality", FORMALITIES), ("gender", GENDERS))
    for attribute, choices in lists:
        value = getattr(persona, attribute)
        if value and value not in (*choices, "unknown"):
            problem = f"the persona's {attribute} is {value!r}, not one of {', '.join(choices)}"
            yield Finding("persona", True, DataError(problem, dialogue=dialogue))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
