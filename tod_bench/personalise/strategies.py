"""What a system turn adds: a greeting, a closing, why a venue suits the user, or nothing; in three readings.

``tod_bench``
    Greeting at the first turn, unless it tells of a failure. Closing where the system says goodbye, or at the last
    turn. Else a venue, where just one is recommended, offered or told of by name, nothing failed, and texts of it are
    there that name it or its city.
``picpersona``
    As the released code chooses (``dataset_generation/sys.py``, commit 82a1e26), oddities included, see `picpersona`.
``paper_text``
    As the paper prints it: greeting first, closing last, and "recommendation-related" acts draw on what is written of
    the venue: reviews of restaurants and hotels, sentences of Wikipedia for attractions, films and travel.

A turn has one strategy.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tod_bench.personalise.options import StrategyReading
from tod_bench.personalise.reviews import Reviews, Venue
from tod_bench.personalise.styling import StrategyKind
from tod_bench.records import Act, Dialogue, Turn

VERSION = 1
"""Goes up when a reading chooses otherwise, so that rows are made anew."""

FAILURES = frozenset({"nobook", "nooffer", "notify_failure"})
GOODBYES = frozenset({"bye", "goodbye"})
NAMING = frozenset({"recommend", "offer", "inform"})
"""Acts that tell of a venue in such a way that a reason why it suits is in place."""

RECOMMENDING = frozenset({"recommend", "offer"})


@dataclass(frozen=True, slots=True)
class Choice:
    """What a turn adds.

    Attributes:
        kind: The strategy.
        venue: The venue that it speaks of; None without.
        why_not: Why no venue was taken where one is named: ``no reviews``, ``several venues``, ``off topic``; else
            empty.
    """

    kind: StrategyKind
    venue: Venue | None = None
    why_not: str = ""


NOTHING = Choice("none")


def choose(reading: StrategyReading, dialogue: Dialogue, turn: Turn, reviews: Reviews | None) -> Choice:
    """What a turn adds, under a reading.

    Args:
        reading: Whose rules.
        dialogue: The dialogue.
        turn: One of its turns.
        reviews: What is written of venues; None for nothing.
    """
    return _READINGS[reading](dialogue, turn, reviews or Reviews(()))


def tod_bench(dialogue: Dialogue, turn: Turn, reviews: Reviews) -> Choice:
    """Ours, see the head of this module."""
    said = {act.act for act in turn.acts}
    failed = bool(said & FAILURES)
    if turn.index == 0:
        return NOTHING if failed else Choice("greeting")
    if said & GOODBYES or turn.index == len(dialogue.turns) - 1:
        return Choice("goodbye")
    return NOTHING if failed else _of_the_venue(turn, reviews, NAMING, on_topic=True)


def paper_text(dialogue: Dialogue, turn: Turn, reviews: Reviews) -> Choice:
    """The paper's, as far as it is printed; nothing is said there of failures, nor of texts about other places."""
    if turn.index == 0:
        return Choice("greeting")
    if turn.index == len(dialogue.turns) - 1:
        return Choice("goodbye")
    return _of_the_venue(turn, reviews, RECOMMENDING, on_topic=False)


def picpersona(dialogue: Dialogue, turn: Turn, reviews: Reviews) -> Choice:
    """The released code's.

    Dialogues of one turn are passed over there and here (see `tod_bench.personalise.work.Work.read`), and have no
    strategy. Acts are read back from a text that joins them by commas, so values are cut at ``-`` and at ``, ``.

    MultiWOZ (and any corpus whose domains are lower case): the first that fits of turn 0; a general bye; an *inform*
    (never a recommend) of just one restaurant, attraction or hotel by a name that is, in lower case, in the files.
    SGD: turn 0, which an *offer* of just one restaurant, film or attraction overrides, a later one of these overriding
    an earlier; never a goodbye, since the code looks for a domain that is empty; a name that is not in the files ends
    the released program (KeyError), and here has no reviews.
    """
    if len(dialogue.turns) < 2:
        return NOTHING
    of_sgd = any(act.domain != act.domain.lower() for each in dialogue.turns for act in each.acts)
    return (_released_sgd if of_sgd else _released_multiwoz)(turn, reviews)


def _released_multiwoz(turn: Turn, reviews: Reviews) -> Choice:
    if turn.index == 0:
        return Choice("greeting")
    if any((act.domain, act.act) == ("general", "bye") for act in turn.acts):
        return Choice("goodbye")
    why_not = ""
    for domain, table in (("restaurant", "restaurants"), ("attraction", "attractions"), ("hotel", "hotels")):
        values = _as_released(turn.acts, domain, "inform", "name", without_commas=True)
        if not values:
            continue
        venue = reviews.exact(table, values[0].lower()) if len(values) == 1 else None
        if venue is not None and venue.texts:
            return Choice("wiki" if table == "attractions" else "review", venue)
        why_not = why_not or ("no reviews" if len(values) == 1 else "several venues")
    return Choice("none", why_not=why_not)


_SGD_OFFERS: tuple[tuple[str, str, str, StrategyKind], ...] = (
    ("Restaurants", "restaurant_name", "restaurants", "review"),
    ("Movies", "movie_name", "movies", "wiki"),
    ("Media", "title", "movies", "wiki"),
    ("Travel", "attraction_name", "travels", "wiki"),
)


def _released_sgd(turn: Turn, reviews: Reviews) -> Choice:
    chosen, why_not = (Choice("greeting") if turn.index == 0 else None), ""
    for domain, slot, table, kind in _SGD_OFFERS:
        values = _as_released(turn.acts, domain, "offer", slot, without_commas=False)
        venue = reviews.exact(table, values[0]) if len(values) == 1 else None
        if venue is not None and venue.texts:
            chosen = Choice(kind, venue)
        elif values:
            why_not = "no reviews" if len(values) == 1 else "several venues"
    return chosen or Choice("none", why_not=why_not)


def _as_released(acts: Iterable[Act], domain: str, name: str, slot: str, *, without_commas: bool) -> list[str]:
    """The values of an act, as they come out of the released text of acts."""
    values = []
    for act in acts:
        if (re.sub(r"_\d+$", "", act.domain), act.act, act.slot) == (domain, name, slot):
            piece = act.value.split(", ")[0]
            values.append((piece.replace(",", "") if without_commas else piece).split("-")[-1])
    return values


def _of_the_venue(turn: Turn, reviews: Reviews, acts: frozenset[str], *, on_topic: bool) -> Choice:
    """The strategy that speaks of the only venue that a turn names."""
    named = {(act.domain, act.value): None for act in turn.acts if act.act in acts and act.value and _is_name(act.slot)}
    if not named:
        return NOTHING
    found: dict[tuple[str, str], Venue] = {}
    for domain, value in named:
        venue = reviews.find(domain, value)
        found |= {(venue.table, venue.name): venue} if venue is not None and venue.texts else {}
    if len({value.casefold() for _, value in named}) > 1:
        return Choice("none", why_not="several venues")
    venue = next(iter(found.values()), None)
    if venue is None:
        return Choice("none", why_not="no reviews")
    if on_topic and not venue.relevant:
        return Choice("none", why_not="off topic")
    return Choice(venue.kind, venue)


def _is_name(slot: str) -> bool:
    return slot in ("name", "title") or slot.endswith(("_name", " name"))


_READINGS: Mapping[StrategyReading, Callable[[Dialogue, Turn, Reviews], Choice]] = {
    "tod_bench": tod_bench,
    "picpersona": picpersona,
    "paper_text": paper_text,
}
