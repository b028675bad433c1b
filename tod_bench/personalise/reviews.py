"""What is written of venues: reviews, and sentences of encyclopedias, read from files.

    FOLDER/restaurants.json   {"curry garden": {"online": [{"review_text": "...", "review_rating": 4}, ...]}, ...}
    FOLDER/attractions.json   {"adc theatre": {"online": ["a sentence", "another", ...]}, ...}
    FOLDER/hotels.json        {"acorn guest house": ["a review", "another", ...], ...}

The first two are PicPersona's (``DB_review`` of MultiWOZ and ``SGD/DB``), the third is one's own. A file is a table;
its name is the domain's (``restaurant`` or ``restaurants``), and a file of another name is of venues of all domains.

Texts found by a search engine are often of another place, even one of the same name, so each is marked by whether it is
on topic. A review is where it names its venue or its city, and does not put the venue elsewhere ("Ashley Hotel in
Cork"). An article is where its first sentence names the venue, or the city and a word of the venue's name, and, if the
city is known, any sentence names that.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tod_bench.errors import DataError, UserError
from tod_bench.files import digest_of
from tod_bench.inputs import read_json
from tod_bench.personalise.styling import ReviewText

TextKind: TypeAlias = Literal["review", "wiki"]

WIKI_TABLES = ("attraction", "movie", "travel")
"""Tables whose plain texts are the sentences of an encyclopedia, one after the other."""

DOMAIN_TABLES = {"media": ("movie",), "movie": ("movie",), "travel": ("travel", "attraction")}
"""Tables of domains that are not called like their table."""

DOMAINS = frozenset({"restaurant", "hotel", "attraction", "movie", "travel", "media", "bar", "event", "music", "salon"})
"""Tables that speak of the venues of their own domain alone."""

CITY = "cambridge"
"""The city of every venue of MultiWOZ, whose files do not say it."""


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue and what is written of it.

    Attributes:
        table: Its table.
        name: Its name, as the file has it.
        kind: What the texts are.
        texts: The texts, in file order.
        on_topic: Whether each text is of this place, as far as it tells; see the head of this module.
    """

    table: str
    name: str
    kind: TextKind
    texts: tuple[ReviewText, ...]
    on_topic: tuple[bool, ...] = field(default=())

    @property
    def relevant(self) -> tuple[ReviewText, ...]:
        """The texts that are of this place, as far as they tell."""
        return tuple(text for text, of_it in zip(self.texts, self.on_topic, strict=True) if of_it)


class Reviews:
    """The tables of a folder.

    Args:
        venues: The venues, in the order of the files.
    """

    def __init__(self, venues: tuple[Venue, ...]) -> None:
        self.venues = venues
        self._raw = {(venue.table, venue.name): venue for venue in venues}

    @cached_property
    def _plain(self) -> Mapping[tuple[str, str], Venue]:
        found: dict[tuple[str, str], Venue] = {}
        for venue in self.venues:
            found.setdefault((table_name(venue.table), plain_name(venue.name)), venue)
        return found

    @cached_property
    def _general(self) -> tuple[str, ...]:
        """Tables that are not called like a domain."""
        return tuple(sorted({table for table, _ in self._plain} - DOMAINS))

    @cached_property
    def identity(self) -> str:
        """Digest of all names and texts."""
        return digest_of([[venue.table, venue.name, venue.kind, *_told(venue)] for venue in self.venues])

    def exact(self, table: str, name: str) -> Venue | None:
        """The venue of a name as the file spells it."""
        return self._raw.get((table, name))

    def find(self, domain: str, name: str) -> Venue | None:
        """The venue that a domain or service calls by a name, whatever the case, punctuation or article.

        Args:
            domain: A domain or service: ``restaurant``, ``Restaurants_1``.
            name: The venue's name.
        """
        own, plain = table_name(domain), plain_name(name)
        tables = (*DOMAIN_TABLES.get(own, (own,)), *self._general)
        return next((venue for table in tables if (venue := self._plain.get((table, plain)))), None)

    def off_topic(self) -> dict[str, dict[str, int]]:
        """Of each table: venues with texts, texts, and texts that name neither their venue nor its city."""
        counts: dict[str, dict[str, int]] = {}
        for venue in self.venues:
            row = counts.setdefault(venue.table, {"venues": 0, "texts": 0, "off_topic": 0})
            row["venues"] += bool(venue.texts)
            row["texts"] += len(venue.texts)
            row["off_topic"] += len(venue.texts) - sum(venue.on_topic)
        return counts


def read_reviews(folder: Path, city: str = "") -> Reviews:
    """Reads every ``*.json`` of a folder.

    Args:
        folder: The folder.
        city: The city of venues whose file does not name one; empty where there is none.

    Raises:
        UserError: There is no such folder, or it holds no such file.
        DataError: A file is of neither form.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; --reviews takes the folder of review files")
    files = sorted(folder.glob("*.json"))
    if not files:
        raise UserError(f"{folder} holds no JSON file of reviews, such as restaurants.json")
    return Reviews(tuple(venue for file in files for venue in _table(file, city)))


def table_name(name: str) -> str:
    """A table's, domain's or service's name without number and plural: ``Restaurants_1`` -> ``restaurant``."""
    return re.sub(r"_\d+$", "", name).lower().rstrip("s")


def plain_name(name: str) -> str:
    """A venue's name for comparing: lower case, words alone, ``and`` for ``&``, no leading article."""
    words = re.findall(r"\w+", name.lower().replace("&", " and ").replace("'", "").replace("’", ""))
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def names(text: str, *called: str) -> bool:
    """Whether a text has one of some names as whole words."""
    padded = f" {plain_name(text)} "
    return any(f" {plain} " in padded for name in called if (plain := plain_name(name)))


def _table(file: Path, city: str) -> Iterator[Venue]:
    content = read_json(file)
    if not isinstance(content, dict):
        raise DataError("the file is not an object of venues", file=str(file))
    for name, entry in content.items():
        said = entry if isinstance(entry, dict) else {"online": entry}
        texts = said.get("online")
        if not isinstance(texts, list | None) or "online" not in said:
            raise DataError(f"the venue {name!r} has no list of texts (`online`)", file=str(file))
        read = tuple(_text(file, name, number, one) for number, one in enumerate(texts or ()))
        read = tuple(text for text in read if text.text)
        plain = all(isinstance(one, str) for one in texts or ())
        kind: TextKind = "wiki" if plain and table_name(file.stem) in WIKI_TABLES else "review"
        called = [name, *(said[key] for key in ("name2",) if isinstance(said.get(key), str))]
        where = said["city"] if isinstance(said.get("city"), str) else city
        yield Venue(file.stem, name, kind, read, _on_topic(kind, read, called, where))


def _text(file: Path, name: str, number: int, one: Any) -> ReviewText:
    said = one if isinstance(one, dict) else {"text": one}
    text = said.get("text", said.get("review_text"))
    rating = said.get("rating", said.get("review_rating"))
    if not isinstance(text, str | None) or ("text" not in said and "review_text" not in said):
        raise DataError(f"text {number} of the venue {name!r} is no text", file=str(file))
    stars = float(rating) if isinstance(rating, int | float) and not isinstance(rating, bool) else None
    return ReviewText(f"{file.stem}/{name}/{number}", " ".join((text or "").split()), stars)


def _on_topic(kind: TextKind, texts: tuple[ReviewText, ...], called: list[str], city: str) -> tuple[bool, ...]:
    if kind == "review":
        return tuple(
            names(text.text, *called, city) and not (city and _elsewhere(text.text, called, city)) for text in texts
        )
    # An article opens with what it is of; a poet who once lived in the city is no venue there.
    first = texts[0].text if texts else ""
    of_it = {word for name in called for word in plain_name(name).split() if len(word) > 3} - {plain_name(city)}
    opens = names(first, *called) or (names(first, city) and names(first, *of_it))
    return (opens and (not city or any(names(text.text, city) for text in texts)),) * len(texts)


def _elsewhere(text: str, called: list[str], city: str) -> bool:
    """Whether a text says that a venue is in a place that is not its city, and never names the city."""
    if names(text, city):
        return False
    for name in called:
        words = r"\W+".join(map(re.escape, plain_name(name).split()))
        if re.search(rf"\b(?i:{words})(?:,| in| at)\s+(?!The\b|My\b|Our\b)[A-Z][a-z]+", text):
            return True
    return False


def _told(venue: Venue) -> list[Any]:
    return [[text.id, text.text, text.rating, of_it] for text, of_it in zip(venue.texts, venue.on_topic, strict=True)]
