"""Belief states and acts as text spans, and back; the input spans of the three tasks.

    state   [hotel] (book day) friday (name) alexander bed and breakfast [train] (day) monday
    acts    [hotel] [inform] (area) (name) [hotel] [request] (price) [general] [reqmore]
    source  dialogue to acts: <user> a room please <system> which area? <user> the north <state> [hotel] (area) north

The form is PPTOD's (Su et al., ACL 2022), ``[domain] slot value`` and ``[domain] [act] slot``, with three changes that
make it unambiguous without a list of slots: a slot's name stands in parentheses, so that neither a name of two words
nor a value that contains the name of a slot can be misread; every act names its domain; and the five characters
``[ ] ( ) %`` are written as in a URL (``%28``) inside of names and values. Domains, slots and acts are in alphabetical
order. A span is opened by one mark (``<user>``) where PPTOD has a pair (``<sos_u> ... <eos_u>``).

Reading is total: any string gives a state (or acts) and a list of what could not be read; nothing raises.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tod_bench.records import Act, TaskName

USER, SYSTEM, STATE, ACTS, DB = "<user>", "<system>", "<state>", "<acts>", "<db>"
"""Marks that open a span of the source."""

PREFIXES: Mapping[TaskName, str] = {
    "dst": "dialogue to state:",
    "policy": "dialogue to acts:",
    "response": "dialogue to response:",
}
"""What opens the source of each task."""

MARKS: tuple[str, ...] = (*PREFIXES.values(), USER, SYSTEM, STATE, ACTS, DB)
"""Every fixed mark, for tokenizers that are to keep each in one piece."""

MANY = 3
"""Database counts above this one are written ``many``."""

_MARK = re.compile(r"\[(?P<bracket>[^\[\]()]*)\]|\((?P<slot>[^\[\]()]*)\)|(?P<open>[\[(])")
_CODES = {character: f"%{ord(character):02X}" for character in "%[]()"}
_ESCAPED = re.compile("|".join(_CODES.values()), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """The input of a task, in the pieces that cutting must keep whole.

    Attributes:
        head: The task's prefix.
        turns: The turns before the current one, each as its segments (user, system), oldest first.
        current: The current user utterance.
        tail: What the task is conditioned on beside the dialogue: state, acts, database.
    """

    head: str
    turns: tuple[tuple[str, ...], ...]
    current: str
    tail: tuple[str, ...] = ()

    def segments(self, cut: int = 0) -> Iterator[str]:
        """The segments in order, without the oldest `cut` turns. Every segment but the first opens with a mark."""
        yield self.head
        for turn in self.turns[cut:]:
            yield from turn
        yield self.current
        yield from self.tail

    def text(self, cut: int = 0) -> str:
        """The source as one text."""
        return " ".join(self.segments(cut))


def source(
    task: TaskName,
    history: Iterable[tuple[str, str]],
    user: str,
    *,
    state: Mapping[str, Mapping[str, str]] | None = None,
    acts: Iterable[Act] | None = None,
    db_matches: Iterable[tuple[str, int]] | None = None,
    act_values: bool = False,
) -> Source:
    """The input of a task.

    Args:
        task: The task.
        history: (user, system) utterances of the turns before, oldest first.
        user: The current user utterance.
        state: The state to condition on; None leaves its span out.
        acts: The acts to condition on; None leaves their span out.
        db_matches: (domain, number of matching entries); None leaves the span out.
        act_values: Whether acts are written with their values.
    """
    tail = []
    if state is not None:
        tail.append(_span(STATE, linearize_state(state)))
    if db_matches is not None:
        tail.append(_span(DB, linearize_db(db_matches)))
    if acts is not None:
        tail.append(_span(ACTS, linearize_acts(acts, values=act_values)))
    turns = tuple((_span(USER, said), _span(SYSTEM, answer)) for said, answer in history)
    return Source(PREFIXES[task], turns, _span(USER, user), tuple(tail))


def bracket_mark(name: str) -> str:
    """The mark of a domain or act type: ``[hotel]``."""
    return f"[{_escape(name)}]"


def slot_mark(name: str) -> str:
    """The mark of a slot: ``(book day)``."""
    return f"({_escape(name)})"


def linearize_state(state: Mapping[str, Mapping[str, str]]) -> str:
    """A state with one value a slot as text; domains without slots leave no trace."""
    words: list[str] = []
    for domain in sorted(domain for domain, slots in state.items() if slots):
        words.append(bracket_mark(domain))
        for slot in sorted(state[domain]):
            words += [slot_mark(slot), _escape(state[domain][slot])]
    return " ".join(words)


def linearize_acts(acts: Iterable[Act], *, values: bool = False) -> str:
    """Acts as text, sorted, each once.

    Args:
        acts: The acts.
        values: Whether to write their values too, as ``[hotel] [inform] (area) north``.
    """
    words: list[str] = []
    opened: tuple[str, str] | None = None
    for act in sorted_acts(acts, values=values):
        item = bool(act.slot or act.value)
        if not item or opened != (act.domain, act.act):
            words += [bracket_mark(act.domain), bracket_mark(act.act)]
        # A slotless act owns no items, so that the next act of its kind opens a pair of brackets of its own.
        opened = (act.domain, act.act) if item else None
        words += [word for word in (slot_mark(act.slot) if item else "", _escape(act.value)) if word]
    return " ".join(words)


def sorted_acts(acts: Iterable[Act], *, values: bool = False) -> tuple[Act, ...]:
    """The acts in the order of their span, each once: what `parse_acts` gives back."""
    kept = {act if values else Act(act.domain, act.act, act.slot) for act in acts}
    return tuple(sorted(kept, key=lambda act: (act.domain, act.act, act.slot, act.value)))


def linearize_db(matches: Iterable[tuple[str, int]]) -> str:
    """How many database entries match, by domain: ``[hotel] 2 [train] many``."""
    return " ".join(f"{bracket_mark(domain)} {count if count <= MANY else 'many'}" for domain, count in sorted(matches))


def parse_state(text: str) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Reads a state span; the inverse of `linearize_state` for values without stray blanks.

    Returns:
        The state, and a sentence for each piece of the text that could not be read. Of a slot given twice the first
        value counts.
    """
    state: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    domain = ""
    slots_of: dict[str, int] = {}
    for kind, name, value in _pieces(text, problems):
        if kind == "bracket":
            domain = name
            slots_of.setdefault(domain, 0)
            if value:
                problems.append(f"{value!r} belongs to no slot")
            continue
        slots_of[domain] = slots_of.get(domain, 0) + 1
        if not domain or not name or not value:
            lacks = "domain" if not domain else "name" if not name else "value"
            problems.append(f"slot {name!r} has no {lacks}")
        elif state.setdefault(domain, {}).setdefault(name, value) != value:
            problems.append(f"{domain} {name!r} is given twice; {value!r} was left out")
    problems += [f"domain {name!r} has no slots" for name, slots in slots_of.items() if not slots]
    return state, problems


def value_places(text: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Where the values that `parse_state` finds stand in a state span.

    Returns:
        (domain, slot) -> first character of the value and one past its last; of a slot given twice, its first value.
    """
    places: dict[tuple[str, str], tuple[int, int]] = {}
    domain = ""
    marks = list(_MARK.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)]
    for mark, end in zip(marks, ends[1:], strict=True):
        if mark.lastgroup == "bracket":
            domain = _plain(mark["bracket"])
        elif mark.lastgroup == "slot":
            name, written = _plain(mark["slot"]), text[mark.end() : end]
            if domain and name and written.strip():
                start = mark.end() + len(written) - len(written.lstrip())
                places.setdefault((domain, name), (start, start + len(written.strip())))
    return places


def parse_acts(text: str) -> tuple[tuple[Act, ...], list[str]]:
    """Reads an act span; the inverse of `linearize_acts`.

    Returns:
        The acts in the order of the text, each once, and a sentence for each piece that could not be read.
    """
    acts: list[Act] = []
    problems: list[str] = []
    names: tuple[str, ...] = ()  # the last pair of brackets: (domain,) while its act is still to come
    bare = False  # whether the last act has no items so far
    for kind, name, value in _pieces(text, problems):
        if kind == "slot" and len(names) == 2:
            if bare:
                acts.pop()
            acts.append(Act(*names, name, value))
            bare = False
        elif kind == "slot":
            problems.append(f"slot {name!r} has no act")
        else:
            bare = len(names) == 1
            names = (*names, name) if bare else (name,)
            if bare:
                acts.append(Act(*names))
            if value:
                problems.append(f"{value!r} belongs to no slot")
    if len(names) == 1:
        problems.append(f"domain {names[0]!r} has no act")
    problems += [f"an act lacks a name: {act}" for act in acts if not (act.domain and act.act)]
    return tuple(dict.fromkeys(act for act in acts if act.domain and act.act)), problems


def _pieces(text: str, problems: list[str]) -> Iterator[tuple[str, str, str]]:
    """(``bracket`` or ``slot``, name, text up to the next mark) for each mark; the rest goes to `problems`."""
    marks = list(_MARK.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)]
    if before := text[: ends[0]].strip():
        problems.append(f"{_plain(before)!r} stands before the first mark")
    for mark, end in zip(marks, ends[1:], strict=True):
        rest = _plain(text[mark.end() : end])
        kind = mark.lastgroup or ""
        if kind == "open":
            problems.append(f"{mark[0] + rest!r} is a mark that does not end")
        else:
            yield kind, _plain(mark[kind]), rest


def _span(mark: str, text: str) -> str:
    return " ".join([mark, *text.split()])


def _escape(text: str) -> str:
    return re.sub(r"[%\[\]()]", lambda found: _CODES[found[0]], " ".join(text.split()))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda code: chr(int(code[0][1:], 16)), " ".join(text.split()))
