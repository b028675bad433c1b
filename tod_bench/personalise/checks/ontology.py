"""Values and venues that a restyled text has and its plain text does not.

    >>> lexicon = lexicon_of({"hotel": {"area": SlotSpec("", True, ("north", "south"))}}, venues=("Curry Garden",))
    >>> foreign_values("A cheap place in the north, like curry garden!", "A cheap place.", lexicon)
    ('north', 'curry garden')

What a text can say that its labels do not are values of the ontology, names of venues, and numbers (times, prices,
references). Booleans are none of them: "no problem" says no value.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tod_bench.corpora.base import Corpus
from tod_bench.records import Database, Schema

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NAME_SLOT = re.compile(r"(?:^|_)(?:name|title)$")

BOOLEAN = frozenset({"", "yes", "no", "true", "false", "free", "none", "dontcare", "any", "?", "unknown", "other"})
"""Values that name nothing."""

_LONGEST_VALUE = 3
"""Words of a database's value that is one of an ontology; longer ones are descriptions."""

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
COUNTING = {word: str(number) for number, word in enumerate(_NUMBERS)}

SET_PHRASES = re.compile(
    r"\b(?:good (?:morning|afternoon|evening|day|night)|feel free|(?:have|enjoy) (?:a|an|the|your) (?:\w+ ){0,2}"
    r"(?:day|morning|afternoon|evening|night|weekend)|(?:help|assist|serve) you (?:\w+ )?today|24 ?/ ?7)\b",
    re.IGNORECASE,
)
"""What is said of a time of day without meaning it."""

_ORDINARY = """
a about after again all also always am an and any are around as ask at away back bad be beautiful because been
before best better big but by call can car care city clear close cold come cool could country cute day dear did do
down dream each early easy eat end enjoy enough ever every excellent eyes face family far fast feel fine first five
food for four free fresh friend friends from fun gardens get gift give glad go good great had happy hard has have
he heart hello help her here hi him his home hope hot house how i if in inside into is it its joy just kind know
last late life light like little live long look lost love loved lovely lucky made make man many may maybe me meal
meet mind moment money more morning most much music must my name near need new next nice night no not now of off ok
on once one only open or other our out over park part people perfect picture place plan play please point pop rain
ready real rest right river run safe said same say see set she shine show side so some song soon spring star stars
start stay still stop sun sunny sure sweet table take talk team ten than thank thanks that the their them then
there they thing things think this those three time to today together too top town travel tree trip true try two
under up us use very visit wait walk want warm was watch water way we week well were what when where which while
who why will wish with word work world would year yes you young your
"""
ORDINARY = frozenset(_ORDINARY.split())
"""Words that a name may be made of and a sentence says all the same; such a name counts where it has capitals."""


@dataclass(frozen=True)
class Lexicon:
    """What the dialogues of a corpus are about, by name.

    Attributes:
        values: Words of a value of a closed list, in lower case -> the value.
        names: Words of a name, in lower case -> the name: venues, titles, and the example values of open slots.
    """

    values: Mapping[tuple[str, ...], str]
    names: Mapping[tuple[str, ...], str]

    @cached_property
    def digest(self) -> str:
        """Hex digest of its content."""
        content = repr((sorted(self.values.items()), sorted(self.names.items())))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @cached_property
    def _longest(self) -> int:
        return max(map(len, (*self.values, *self.names)), default=0)

    def found(self, text: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """What a text names, in its order, the longest name at each place: words and value."""
        cleared = SET_PHRASES.sub(lambda phrase: "." * len(phrase[0]), text)
        tokens = list(_WORD.finditer(cleared))
        words = [_plain(token[0]) for token in tokens]
        at = 0
        while at < len(tokens):
            size = next(
                (
                    size
                    for size in range(min(self._longest, len(tokens) - at), 0, -1)
                    if self._has(cleared, tokens[at : at + size], words[at : at + size])
                ),
                0,
            )
            if size:
                key = tuple(words[at : at + size])
                yield key, self.values.get(key) or self.names[key]
            at += size or 1

    def _has(self, text: str, tokens: Sequence[re.Match[str]], words: Sequence[str]) -> bool:
        key = tuple(words)
        if key in self.values:
            return True
        if key not in self.names:
            return False
        return not ORDINARY.issuperset(key) or (_capitals(tokens) and not _opens_sentence(text, tokens[0].start()))


def lexicon_of(schema: Schema, database: Database | None = None, venues: Iterable[str] = ()) -> Lexicon:
    """The lexicon of a schema, the names in a database, and further names.

    Args:
        schema: The schema; closed lists and example values.
        database: The database, asked for all entries of each domain.
        venues: Further names of venues.
    """
    values: dict[tuple[str, ...], str] = {}
    names: dict[tuple[str, ...], str] = {}
    for slots in schema.values():
        for spec in slots.values():
            for value in spec.values:
                _keep(values if spec.categorical else names, value, schema)
    for domain, slots in schema.items():
        entries = database.query(domain, {}) if database else ()
        columns = ((slot, value) for entry in entries for slot, value in entry.items() if isinstance(value, str))
        for slot, value in dict.fromkeys(columns):
            if _NAME_SLOT.search(slot):
                _keep(names, value, schema)
            elif slot in slots and len(value.split()) <= _LONGEST_VALUE:
                _keep(values, value, schema)
    for name in venues:
        _keep(names, name, schema)
    return Lexicon(values, names)


def _keep(found: dict[tuple[str, ...], str], value: str, schema: Schema) -> None:
    """Adds a value, unless it names nothing: a boolean, a number or time, or a domain ("hotel" is a type of hotel)."""
    key = words_of(value)
    if not key or value.casefold() in BOOLEAN or value.casefold() in schema:
        return
    if any(character.isdigit() for word in key for character in word) and len(key) < 3:
        return
    found.setdefault(key, value)
    if key[0] == "the" and len(key) > 2:
        found.setdefault(key[1:], value)


def corpus_lexicon(corpus: Corpus, venues: Iterable[str] = ()) -> Lexicon:
    """The lexicon of a corpus: its schema, its database where it has one, and further names, those of reviews, say."""
    return lexicon_of(corpus.schema, corpus.database, venues)


def foreign_values(text: str, plain: str, lexicon: Lexicon, allowed: Iterable[str] = ()) -> tuple[str, ...]:
    """What a restyled text names that its plain text does not: values, venues, and numbers.

    Args:
        text: The restyled text, or a review that may be quoted in it.
        plain: The plain text.
        lexicon: What there is to name.
        allowed: What may be named beside: the turn's own values, the venue that a review is of.

    Returns:
        Each value once, in the order of the text, as the text spells it (in lower case).
    """
    licence = [words_of(part) for part in (plain, *allowed)]
    known = {word for words in licence for word in words}
    known |= {COUNTING[word] for word in known if word in COUNTING}
    foreign = [
        " ".join(key) for key, _ in lexicon.found(text) if not _licensed(key, licence) and not known.issuperset(key)
    ]
    cleared = SET_PHRASES.sub(" ", text)
    numbers = [word for word in words_of(cleared) if any(map(str.isdigit, word)) and word not in known]
    return tuple(dict.fromkeys([*foreign, *numbers]))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, numbers among them, punctuation left out."""
    return tuple(_plain(word) for word in _WORD.findall(text))


def _plain(word: str) -> str:
    lower = word.lower().replace("’", "'")
    return {"center": "centre"}.get(lower, lower)


def _licensed(key: tuple[str, ...], licence: Iterable[tuple[str, ...]]) -> bool:
    """Whether the words stand together in a licensed text, or, of one word, in another form ("northern", "north")."""
    for words in licence:
        if any(words[at : at + len(key)] == key for at in range(len(words) - len(key) + 1)):
            return True
        if len(key) == 1 and len(key[0]) >= 4 and any(_same_stem(key[0], word) for word in words):
            return True
    return False


def _same_stem(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and long.startswith(short)


def _capitals(tokens: Sequence[re.Match[str]]) -> bool:
    return all(token[0][:1].isupper() or (token[0].islower() and len(token[0]) < 4) for token in tokens) and any(
        token[0][:1].isupper() for token in tokens
    )


def _opens_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \"'“‘(")
    return not before or before[-1] in ".!?…:;\n"
