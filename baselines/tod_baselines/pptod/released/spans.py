"""Belief states, acts and database matches in PPTOD's words, and back.

state      [restaurant] food indian pricerange expensive
acts       [restaurant] [inform] choice [request] area
database   [db_2]
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tod_baselines.pptod.released.words import Pairs, act_slot, cleaned, slot_word
from tod_bench.importers.pptod import parse_act_span, parse_belief_span
from tod_bench.records import Act, State

DOMAINS = ("taxi", "police", "hospital", "hotel", "attraction", "train", "restaurant")
"""The order of domains in a state: that of a goal in MultiWOZ's files."""

SLOTS: Mapping[str, tuple[str, ...]] = {
    "restaurant": ("food", "pricerange", "name", "area", "time", "day", "people"),
    "hotel": ("name", "area", "parking", "pricerange", "stars", "internet", "type", "stay", "day", "people"),
    "attraction": ("type", "name", "area"),
    "train": ("leave", "destination", "day", "arrive", "departure", "people"),
    "taxi": ("leave", "destination", "departure", "arrive"),
    "hospital": ("department",),
}
"""The order of slots that come up in the same turn: that of a turn's metadata in MultiWOZ's files."""

SEARCHED = ("restaurant", "hotel", "attraction", "train")
"""Domains whose tables are searched."""

_DONTCARE = frozenset({"dontcare", "dont care", "do n't care", "do nt care", "don't care"})
_BOOKING = {"inform": "offerbook", "book": "offerbooked"}
_BOOKING_READ = {"offerbook": "inform", "offerbooked": "book", "nobook": "nobook"}
_LAST = ("request", "reqmore", "bye", "offerbook")
"""Acts that come last in their domain."""


class Mentions:
    """In which order a dialogue's slots are written: by the turn in which each came up first."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, str], int] = {}
        self._turn = 0

    def span(self, state: State, pairs: Pairs = ()) -> str:
        """The belief span of the dialogue's next turn, with the first of several values."""
        self._turn += 1
        words: list[str] = []
        for domain in sorted(filter(state.get, state), key=lambda name: _place(name, DOMAINS)):
            values = {slot_word(domain, slot): values[0] for slot, values in state[domain].items()}
            words.append(f"[{domain}]")
            for slot in sorted(values, key=lambda slot, domain=domain: self._order(domain, slot)):  # type: ignore[misc]
                words += [slot, _value(values[slot], pairs)]
        return " ".join(words)

    def _order(self, domain: str, slot: str) -> tuple[int, tuple[int, str]]:
        return self._turns.setdefault((domain, slot), self._turn), _place(slot, SLOTS.get(domain, ()))


def _place(name: str, known: Sequence[str]) -> tuple[int, str]:
    return (known.index(name) if name in known else len(known)), name


def _value(value: str, pairs: Pairs) -> str:
    return "dontcare" if value.lower() in _DONTCARE else cleaned(value, pairs)


def act_span(acts: Iterable[Act], domains: Sequence[str]) -> str:
    """The act span of a turn.

    Acts of booking are the first domain's: ``booking inform`` is ``offerbook``, ``booking book`` is ``offerbooked``,
    and takes over the slots of an ``inform`` beside it.

    Args:
        acts: The acts, in annotation order.
        domains: The domains of the turn, the first the one that a booking is of (see `turn_domains`).
    """
    by_domain: dict[str, dict[str, list[str]]] = {domain: {} for domain in domains}
    last: list[tuple[str, str]] = []
    greeting = False
    for act in acts:
        domain, name = act.domain, act.act
        if (domain, name) == ("general", "greet"):
            greeting = True
            continue
        if domain == "booking":
            domain, name = (domains[0] if domains else "general"), _BOOKING.get(name, name)
        slots = by_domain.setdefault(domain, {}).setdefault(name, [])
        if name in _LAST and (domain, name) not in last:
            last.append((domain, name))
        word = slot_word(domain, act.slot)
        if word and word not in slots:
            slots.append(word)
    for domain, name in last:
        by_domain[domain][name] = by_domain[domain].pop(name)
    words = ["[general]", "[greet]"] if greeting else []
    for domain, named in by_domain.items():
        if "inform" in named and "offerbooked" in named:
            named["offerbooked"] += named.pop("inform")
        words += [f"[{domain}]"] if named else []
        for name, slots in named.items():
            words += [f"[{name}]", *slots]
    return " ".join(words)


def turn_domains(before: State, state: State, acts: Iterable[Act], earlier: Sequence[str]) -> list[str]:
    """The domains that a turn is about: those whose slots it changes, then those of its acts.

    Args:
        before: The state of the turn before.
        state: The state.
        acts: The system's acts; none where they are to be predicted.
        earlier: The domains of the turn before, which are the turn's where it has none of its own.
    """
    found = [domain for domain in _changed(before, state) if domain != "booking"]
    named = list(dict.fromkeys(act.domain for act in acts))
    found += [domain for domain in named if domain not in ("booking", *found)]
    specific = [domain for domain in found if domain != "general"]
    found = specific or found or list(earlier)
    if len(found) == 2 and list(earlier) == found[1:]:
        found.reverse()
    return found


def _changed(before: State, state: State) -> Iterator[str]:
    for domain in sorted(filter(state.get, state), key=lambda name: _place(name, DOMAINS)):
        if dict(before.get(domain, {})) != dict(state[domain]):
            yield domain


def db_mark(domains: Sequence[str], matches: Mapping[str, int]) -> str:
    """How many entries match: ``[db_0]`` to ``[db_3]``, ``[db_nores]`` where nothing was searched.

    Args:
        domains: The domains of the turn; of two or more the second counts, as in PPTOD's reader.
        matches: Domain -> number of entries that the state matches.
    """
    domain = (domains[0] if len(domains) == 1 else domains[1]) if domains else ""
    if domain not in SEARCHED or domain not in matches:
        return "[db_nores]"
    bounds = (0, 5, 10) if domain == "train" else (0, 1, 3)
    return f"[db_{sum(matches[domain] > bound for bound in bounds)}]"


def read_state(text: str) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The state of a belief span, and what of the text is in none of its slots."""
    state = {
        domain: {slot: "dontcare" if value in _DONTCARE else value for slot, value in slots.items()}
        for domain, slots in parse_belief_span(text).items()
    }
    written = [
        word
        for domain, slots in parse_belief_span(text).items()
        for word in (
            f"[{domain}]",
            *(part for slot, value in slots.items() for part in (slot_word(domain, slot), *value.split())),
        )
    ]
    return state, _left_out(text, written)


def read_acts(text: str) -> tuple[tuple[Act, ...], list[str]]:
    """The acts of an act span, bookings as MultiWOZ annotates them, and what of the text is in none of them."""
    parsed = parse_act_span(text)
    acts = (_read_act(act) for act in parsed)
    written = [word for act in parsed for word in (f"[{act.domain}]", f"[{act.act}]", slot_word(act.domain, act.slot))]
    prices = ["price"] if "pricerange" in written else []  # the canonical name of both
    return tuple(dict.fromkeys(acts)), _left_out(text, {*written, *prices})


def _read_act(act: Act) -> Act:
    # `parse_act_span` spells slots canonically already, so both spellings are taken back to PPTOD's word.
    word = slot_word(act.domain, act.slot)
    if act.slot == "pricerange" and act.domain in ("attraction", "train"):
        word = "price"
    booked = act.domain in ("restaurant", "hotel") and word in ("day", "people", "stay", "time")
    if act.domain in ("restaurant", "hotel") and (act.act in _BOOKING_READ or (booked and act.act == "request")):
        return Act("booking", _BOOKING_READ.get(act.act, act.act), act_slot("booking", word))
    return Act(act.domain, act.act, act_slot(act.domain, word))


def _left_out(text: str, written: Iterable[str]) -> list[str]:
    """A sentence that names the words of a text, each once, that are not among those written; empty where all are."""
    words = text.lower().split()
    if isinstance(written, set):
        missing = [word for word in dict.fromkeys(words) if word not in written]
    else:
        rest = Counter(words) - Counter(written)
        missing = [word for word in dict.fromkeys(words) if rest[word] > 0]
    return [f"{' '.join(missing)!r} is in no slot or act"] if missing else []
