"""Which turns of a pool are nearest to a turn, or drawn for it."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

from tod_baselines.chat.reading import changes_between
from tod_baselines.chat.recipe import Example, PlainState, example_of
from tod_bench.embeddings import Similarity
from tod_bench.records import Dialogue, TaskName, first_values
from tod_bench.systems import Exchange, TurnInput

CANDIDATES = 100
"""Nearest turns that `diverse` chooses among."""

REDUNDANCY = 0.2
"""What `diverse` takes off a turn's similarity for each unit of its similarity to one that is chosen already."""


class Retrieval:
    """The turns of a pool that can be examples for a task; its answers are places in `members`, the best first.

    Args:
        dialogues: The pool's dialogues.
        task: The task.
        similarity: How alike some texts are; asked for only where a selection needs it.
        states: Whether turns are compared by their states, too.
    """

    def __init__(
        self,
        dialogues: Iterable[Dialogue],
        task: TaskName,
        similarity: Callable[[Sequence[str]], Similarity],
        *,
        states: bool,
    ) -> None:
        self.members = [example for dialogue in dialogues for example in _examples_of(dialogue, task)]
        self._similarity_of, self._task, self._states = similarity, task, states

    @cached_property
    def similarity(self) -> Similarity:
        """How alike the members are."""
        return self._similarity_of([self._member_text(example) for example in self.members])

    def query_text(self, turn: TurnInput, previous: PlainState) -> str:
        """What a turn is compared by: what the user said, what the system had said, and the state known so far."""
        return self._text(turn.user, turn.history, previous if self._task == "dst" else first_values(turn.state or {}))

    def _member_text(self, example: Example) -> str:
        state = example.previous if self._task == "dst" else example.state
        return self._text(example.user, example.history, state)

    def _text(self, user: str, history: Sequence[Exchange], state: PlainState) -> str:
        """The user's words come first: encoders read the beginning of what is long."""
        slots = [
            f"{domain} {slot} {value}" for domain in sorted(state) for slot, value in sorted(state[domain].items())
        ]
        return "\n".join([user, history[-1].system if history else "", ", ".join(slots) if self._states else ""])

    def fixed(self, turn: TurnInput, shots: int) -> list[int]:
        """The first places, domain by domain."""
        return list(islice((place for place in self._spread if self._foreign(place, turn)), shots))

    def drawn(self, turn: TurnInput, shots: int, seed: int) -> list[int]:
        """Places drawn from the seed and the turn's id."""
        own = self._places.get(turn.dialogue_id, 0)
        count = min(len(self.members), shots + own)
        places = random.Random(f"{seed} {turn.dialogue_id} {turn.turn}").sample(range(len(self.members)), count)
        return [place for place in places if self._foreign(place, turn)][:shots]

    def nearest(self, turn: TurnInput, text: str, shots: int) -> list[int]:
        """The most similar places; of equals the one that is earlier in the pool."""
        ranked = (-self.similarity.to_query(text)).argsort(kind="stable").tolist()
        return list(islice((place for place in ranked if self._foreign(place, turn)), shots))

    def diverse(self, turn: TurnInput, text: str, shots: int) -> list[int]:
        """Maximal marginal relevance, highest first; of equals the one that is earlier in the pool."""
        relevance = self.similarity.to_query(text)
        candidates = self.nearest(turn, text, max(CANDIDATES, shots))
        highest = dict.fromkeys(candidates, 0.0)
        chosen: list[int] = []
        while candidates and len(chosen) < shots:
            best = max(candidates, key=lambda place: (relevance[place] - REDUNDANCY * highest[place], -place))
            candidates.remove(best)
            chosen.append(best)
            alike = self.similarity.to_member(best)
            highest = {place: max(highest[place], float(alike[place])) for place in candidates}
        return sorted(chosen, key=lambda place: (-relevance[place], place))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Dialogue -> how many members it has."""
        counts: dict[str, int] = {}
        for example in self.members:
            counts[example.dialogue_id] = counts.get(example.dialogue_id, 0) + 1
        return counts

    @cached_property
    def _spread(self) -> list[int]:
        """All places, domain by domain in turn; a second turn of a dialogue only after a first one of all."""
        buckets: dict[str, list[int]] = {}
        for place, example in enumerate(self.members):
            changed, _ = changes_between(example.previous, example.state)
            buckets.setdefault(next(iter(changed or example.services), ""), []).append(place)
        rounds = list(_round_robin([buckets[domain] for domain in sorted(buckets, key=lambda name: (not name, name))]))
        seen: set[str] = set()
        first: list[int] = []
        later: list[int] = []
        for place in rounds:
            (later if self.members[place].dialogue_id in seen else first).append(place)
            seen.add(self.members[place].dialogue_id)
        return first + later

    def _foreign(self, place: int, turn: TurnInput) -> bool:
        return self.members[place].dialogue_id != turn.dialogue_id


def _examples_of(dialogue: Dialogue, task: TaskName) -> Iterator[Example]:
    """The turns of a dialogue that have an answer to a task to show."""
    history: tuple[Exchange, ...] = ()
    previous: PlainState = {}
    for turn in dialogue.turns:
        if task == "dst" or (turn.system.strip() and (turn.acts or task == "response")):
            yield example_of(dialogue.id, turn, history, previous)
        history = (*history, Exchange(turn.user, turn.system))
        previous = first_values(turn.state)


def _round_robin(lists: Sequence[list[int]]) -> Iterator[int]:
    for row in range(max(map(len, lists), default=0)):
        yield from (each[row] for each in lists if row < len(each))
