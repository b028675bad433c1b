"""Rule match: ontology values that stand in what the user has said so far, the longest match first.

A tracker without learning. The values of the schema and of the training states are looked up word by word. A value
goes to the domain that the user named last (the value's most frequent domain while none was named), and there to the
slot that has it most often in training. What is said later replaces what was said before. It knows neither negation
nor what a system utterance offered.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, TypeAlias

from tod_bench.files import write_json
from tod_bench.records import Dialogue, Prediction, Schema, TaskName
from tod_bench.systems import FitContext, System, TurnInput

FILE = "ontology.json"
SILENT = frozenset({"", "none", "not mentioned", "dontcare", "dont care", "don't care", "true", "false", "yes", "no"})
"""Values that stand for themselves in no utterance."""

Entry: TypeAlias = tuple[str, str, str]
"""(domain, slot, value as written)."""

Ontology: TypeAlias = dict[str, list[Entry]]
"""Words of a value -> its entries, the most frequent first."""


class RuleMatch(System):
    """Answers with the ontology values found in the user's utterances."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst"})

    def __init__(self) -> None:
        self._ontology: Ontology = {}
        self._longest = 0
        self._domains: dict[str, tuple[str, ...]] = {}

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """The ontology serves the one task."""
        return (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:  # noqa: ARG002
        """Collects the ontology from the schema and the training states."""
        ontology = _ontology(train, context.schema)
        write_json(context.folder / FILE, ontology)
        return {"values": len(ontology)}

    def load(self, context: FitContext) -> None:
        """Reads the ontology."""
        entries = json.loads((context.folder / FILE).read_text(encoding="utf-8"))
        self._ontology = {key: [(entry[0], entry[1], entry[2]) for entry in found] for key, found in entries.items()}
        self._longest = max((key.count(" ") + 1 for key in self._ontology), default=0)
        self._domains = _domain_words(context.schema)

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:  # noqa: ARG002
        """The values found so far, turn by turn."""
        found_in = lru_cache(maxsize=1024)(self._found)
        for shown in inputs:
            state: dict[str, dict[str, str]] = {}
            named: tuple[str, ...] = ()
            for text in (*(exchange.user for exchange in shown.history), shown.user):
                for domains, entries in found_in(text):
                    named = domains or named
                    _place(entries, named, state)
            yield Prediction(shown.dialogue_id, shown.turn, state=state)

    def _found(self, text: str) -> list[tuple[tuple[str, ...], list[Entry]]]:
        """What an utterance names, left to right: (domains, []) or ((), entries of a value)."""
        words = _words(text)
        matches: dict[int, list[Entry]] = {}
        taken: set[int] = set()
        for size in range(min(self._longest, len(words)), 0, -1):
            for start in range(len(words) - size + 1):
                span = range(start, start + size)
                entries = self._ontology.get(" ".join(words[start : start + size]))
                if entries and taken.isdisjoint(span):
                    matches[start] = entries
                    taken.update(span)
        # A domain may be named after its first value ("a cheap restaurant"), so an utterance's domains come first.
        free = [word for place, word in enumerate(words) if place not in taken and word in self._domains]
        return [*((self._domains[word], []) for word in free), *(((), matches[start]) for start in sorted(matches))]


def _place(entries: list[Entry], named: tuple[str, ...], state: dict[str, dict[str, str]]) -> None:
    fitting = [entry for entry in entries if entry[0] in named] or (entries if not named else [])
    if fitting:
        domain, slot, value = fitting[0]
        state.setdefault(domain, {})[slot] = value


def _ontology(train: Iterable[Dialogue], schema: Schema) -> Ontology:
    counts: dict[str, Counter[Entry]] = defaultdict(Counter)
    for domain, slots in schema.items():
        for slot, spec in slots.items():
            for value in spec.values:
                _count(counts, (domain, slot, value), 0)
    for dialogue in train:
        for turn in dialogue.turns:
            for domain, values in turn.state.items():
                for slot, accepted in values.items():
                    _count(counts, (domain, slot, accepted[0]), 1)
    return {key: sorted(found, key=lambda entry: (-found[entry], entry)) for key, found in sorted(counts.items())}


def _count(counts: Mapping[str, Counter[Entry]], entry: Entry, times: int) -> None:
    key = " ".join(_words(entry[2]))
    if entry[2].lower() not in SILENT and key:
        counts[key][entry] += times


def _domain_words(schema: Schema) -> dict[str, tuple[str, ...]]:
    """The word that names a domain -> its domains: ``restaurants`` and ``restaurant`` -> ``Restaurants_1``, ..."""
    found: dict[str, tuple[str, ...]] = {}
    for domain in schema:
        stem = re.sub(r"_\d+$", "", domain).lower().removesuffix("s")
        for word in (stem, stem + "s"):
            found[word] = (*found.get(word, ()), domain)
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+(?:[:'.&-]\w+)*", text.lower())
