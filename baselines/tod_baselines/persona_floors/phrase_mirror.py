"""Mirroring the user's own phrases before a plain answer: our simple form, after Liu et al. 2024b.

A phrase is a sentence of at most four words that no user of the (plain) training dialogues has said, that asks nothing,
and that names no value or slot. The first one of the user's current utterance is said before the answer. Where most
of the user's sentences so far end on an exclamation mark, the answer's do, too. The persona is not looked at.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from tod_baselines.persona_floors.system import PersonaFloor
from tod_bench.files import write_json
from tod_bench.records import Dialogue, Schema
from tod_bench.systems import FitContext, TurnInput

PHRASES = "plain_phrases.json"

LONGEST = 4
"""Most words of a phrase."""

_SENTENCE = re.compile(r"[^.!?]+[.!?]+")
_FULL_STOP = re.compile(r"(?<=\w{3})\.(?=\s|$)")


class PhraseMirror(PersonaFloor):
    """Answers with a plain answer behind a phrase of the user's own."""

    def __init__(self) -> None:
        super().__init__()
        self._plain: frozenset[str] = frozenset()
        self._named: frozenset[str] = frozenset()

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        """Learns plain answers by acts, and which short sentences are nobody's own.

        Raises:
            UserError: The training dialogues are restyled to the user already.
        """
        learned = super().fit(train, dev, context)
        said = {_words(one) for dialogue in train for turn in dialogue.turns for one in _short_sentences(turn.user)}
        write_json(context.folder / PHRASES, sorted(said))
        return {**learned, "plain_phrases": len(said)}

    def load(self, context: FitContext) -> None:
        """Reads what was learned."""
        super().load(context)
        self._plain = frozenset(json.loads((context.folder / PHRASES).read_text(encoding="utf-8")))
        self._named = frozenset(_names(context.schema))

    def restyled(self, answer: str, shown: TurnInput) -> str:
        """The answer behind the user's phrase, with their exclamation marks."""
        phrase = next(filter(lambda one: self._is_own(one, shown), _short_sentences(shown.user)), "")
        if _exclaims([*(exchange.user for exchange in shown.history), shown.user]):
            answer = _FULL_STOP.sub("!", answer)
        return f"{phrase} {answer}".strip()

    def _is_own(self, sentence: str, shown: TurnInput) -> bool:
        words = _words(sentence)
        acts = shown.acts or ()
        named = {*self._named, *(name for act in acts for name in (act.slot.lower(), act.value.lower()) if name)}
        return words not in self._plain and not any(f" {name} " in f" {words} " for name in named)


def _short_sentences(text: str) -> Iterator[str]:
    """The sentences of an utterance that are short, without a digit and no question."""
    for found in _SENTENCE.finditer(text):
        sentence = found[0].strip()
        words = _words(sentence).split()
        if 0 < len(words) <= LONGEST and not re.search(r"[\d?]", sentence):
            yield sentence


def _words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))


def _names(schema: Schema) -> Iterator[str]:
    """The domains, slots and values of a schema, in the words of `_words`."""
    for domain, slots in schema.items():
        yield _words(domain)
        for slot, spec in slots.items():
            yield _words(slot)
            yield from filter(None, map(_words, spec.values))


def _exclaims(utterances: Iterable[str]) -> bool:
    ends = [found[0].strip()[-1] for text in utterances for found in _SENTENCE.finditer(text)]
    return ends.count("!") > len(ends) / 2
