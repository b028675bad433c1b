"""Examples for prompts: the training turns that they are taken from, and how those of a turn are chosen.

| `select`  | the examples of a turn                                                                              |
|-----------|-----------------------------------------------------------------------------------------------------|
| `fixed`   | the same for all: the pool's first, domain by domain                                                |
| `random`  | drawn anew for each turn, from the seed and the turn's id                                           |
| `nearest` | the most similar ones (IC-DST, Hu et al. 2022, retrieves by state and last exchange, too)           |
| `diverse` | similar ones that are unlike one another: maximal marginal relevance (Carbonell & Goldstein 1998), as |
|           | RefPyDST (King & Flanigan 2023) chooses them                                                        |

No turn gets an example of a dialogue with its own id: a corpus may be tested on its training dialogues.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from tod_baselines.chat.embeddings import BM25, Similarity, similarity_of, version_of
from tod_baselines.chat.kept_dialogues import read_dialogues, write_dialogues
from tod_baselines.chat.reading import changes_between
from tod_baselines.chat.recipe import Example, PlainState, example_of
from tod_baselines.training.data import few_shot
from tod_bench.errors import UserError
from tod_bench.files import digest_of, write_json
from tod_bench.inputs import read_json
from tod_bench.records import Dialogue, TaskName, first_values
from tod_bench.systems import Exchange, TurnInput

RECORD_FILE = "examples.json"
DIALOGUES_FILE = "examples.jsonl.gz"
VECTORS_FOLDER = "embeddings"

SELECTIONS = ("fixed", "random", "nearest", "diverse")

CANDIDATES = 100
"""Nearest turns that `diverse` chooses among."""

REDUNDANCY = 0.2
"""What `diverse` takes off a turn's similarity for each unit of its similarity to one that is chosen already."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How examples are chosen.

    Attributes:
        shots: How many a turn gets.
        select: One of `SELECTIONS`.
        pool: The dialogues that they are taken from, as the config says it.
        embedding: What ``nearest`` and ``diverse`` compare turns by.
        seed: Seed of the pool's dialogues and of ``random``.
    """

    shots: int
    select: str
    pool: str
    embedding: str
    seed: int


class Pool:
    """Training turns, and the choice of those that a prompt shows.

    Args:
        dialogues: The dialogues of the pool.
        choice: How examples are chosen.
        folder: Where vectors are kept.
        states: Whether DST compares turns by the state before them, too; not where none is predicted turn by turn.
    """

    def __init__(self, dialogues: Sequence[Dialogue], choice: Choice, folder: Path, *, states: bool = True) -> None:
        self.dialogues, self.choice, self._folder, self._states = list(dialogues), choice, folder, states
        self._indexes: dict[tuple[TaskName, bool], _Index] = {}

    @classmethod
    def make(
        cls,
        train: Sequence[Dialogue],
        *,
        folder: Path,
        shots: int,
        select: str = "nearest",
        pool: str = "all",
        embedding: str = BM25,
        seed: int = 0,
    ) -> "Pool":
        """Draws the pool from training dialogues, and writes it into a folder.

        Raises:
            UserError: The pool or the selection cannot be read, or there are too few dialogues.
        """
        choice = Choice(shots, select, str(pool), embedding, seed)
        for problem in problems(choice.pool, select):
            raise UserError(problem)
        made = cls(_drawn(train, choice.pool, seed), choice, folder)
        turns = sum(len(dialogue.turns) for dialogue in made.dialogues)
        if turns < shots:
            raise UserError(f"shots: {shots} examples were asked for, and the pool has {turns} turns; make it larger")
        write_dialogues(folder / DIALOGUES_FILE, made.dialogues)
        ids = [dialogue.id for dialogue in made.dialogues]
        write_json(folder / RECORD_FILE, {"choice": asdict(choice), "dialogues": ids})
        return made

    @classmethod
    def load(cls, folder: Path, *, states: bool = True) -> "Pool":
        """Opens the pool that `make` wrote into a folder; `states` as above.

        Raises:
            UserError: There is none.
        """
        if not (folder / RECORD_FILE).is_file():
            raise UserError(f"{folder} has no {RECORD_FILE}: the pool of examples was not prepared; run the experiment")
        choice = Choice(**read_json(folder / RECORD_FILE)["choice"])
        return cls(read_dialogues(folder / DIALOGUES_FILE), choice, folder, states=states)

    def examples(self, turn: TurnInput, previous: PlainState, task: TaskName) -> tuple[Example, ...]:
        """The examples for a turn, the most similar one last; fewer where the pool has no more of other dialogues.

        Args:
            turn: The turn; of its state only what the system is shown.
            previous: The state that was predicted for the turn before.
            task: The task; acts and responses are compared by the state that is shown, in place of `previous`.
        """
        index = self._index(task, states=self._states if task == "dst" else turn.state is not None)
        match self.choice.select:
            case "fixed":
                chosen = index.fixed(turn, self.choice.shots)
            case "random":
                chosen = index.drawn(turn, self.choice.shots, self.choice.seed)
            case "nearest":
                chosen = index.nearest(turn, index.query_text(turn, previous), self.choice.shots)
            case _:
                chosen = index.diverse(turn, index.query_text(turn, previous), self.choice.shots)
        return tuple(index.members[place] for place in reversed(chosen))

    def record(self) -> dict[str, Any]:
        """What a result says of the pool: its size, a digest of its ids, and what turns are compared by."""
        record: dict[str, Any] = {
            **asdict(self.choice),
            "pool_dialogues": len(self.dialogues),
            "pool_turns": sum(len(dialogue.turns) for dialogue in self.dialogues),
            "pool_ids_digest": digest_of(sorted(dialogue.id for dialogue in self.dialogues)),
        }
        if self.choice.select in ("fixed", "random"):
            del record["embedding"]
        else:
            record["embedding_version"] = version_of(self.choice.embedding)
            record["compared_by"] = "last exchange and state" if self._states else "last exchange"
        if self.choice.select == "diverse":
            record |= {"candidates": CANDIDATES, "redundancy": REDUNDANCY}
        return record

    def _index(self, task: TaskName, *, states: bool) -> "_Index":
        if (task, states) not in self._indexes:
            index = _Index(self, task, states=states)
            if not index.members:
                raise UserError(f"shots: no turn of the pool can be an example for the task {task}; make it larger")
            self._indexes[task, states] = index
        return self._indexes[task, states]

    def similarity(self, texts: Sequence[str]) -> Similarity:
        """How alike texts of this pool are, by its embedding."""
        return similarity_of(self.choice.embedding, texts, self._folder / VECTORS_FOLDER)


class _Index:
    """The turns of a pool that can be examples for a task; places are indices into `members`."""

    def __init__(self, pool: Pool, task: TaskName, *, states: bool) -> None:
        self.members = [example for dialogue in pool.dialogues for example in _examples_of(dialogue, task)]
        self._pool, self._task, self._states = pool, task, states

    @cached_property
    def similarity(self) -> Similarity:
        return self._pool.similarity([self._member_text(example) for example in self.members])

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
        return list(islice((place for place in self._spread if self._foreign(place, turn)), shots))

    def drawn(self, turn: TurnInput, shots: int, seed: int) -> list[int]:
        own = self._places.get(turn.dialogue_id, 0)
        count = min(len(self.members), shots + own)
        places = random.Random(f"{seed} {turn.dialogue_id} {turn.turn}").sample(range(len(self.members)), count)
        return [place for place in places if self._foreign(place, turn)][:shots]

    def nearest(self, turn: TurnInput, text: str, shots: int) -> list[int]:
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


def problems(pool: str, select: str) -> Iterator[str]:
    """A sentence for each setting that cannot be read."""
    if not re.fullmatch(r"all|[1-9]\d*|\d+(\.\d+)?%", pool) or _share(pool) == 0 or _share(pool) > 1:
        yield f"pool must be all, a share (5%) or a number of dialogues (200), not {pool!r}"
    if select not in SELECTIONS:
        yield f"select must be one of {', '.join(SELECTIONS)}, not {select!r}"


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


def _share(pool: str) -> float:
    return float(pool[:-1]) / 100 if pool.endswith("%") else 1.0


def _drawn(train: Sequence[Dialogue], pool: str, seed: int) -> list[Dialogue]:
    """The dialogues of a pool, in corpus order."""
    if pool == "all" or pool.endswith("%"):
        return few_shot(train, _share(pool), seed)
    if int(pool) > len(train):
        raise UserError(f"pool: {pool} dialogues were asked for, and train has {len(train)}; name fewer, or all")
    return few_shot(train, int(pool) / len(train), seed)
