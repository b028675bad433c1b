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

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tod_baselines.chat.kept_dialogues import read_dialogues, write_dialogues
from tod_baselines.chat.recipe import Example, PlainState
from tod_baselines.chat.retrieval import CANDIDATES, REDUNDANCY, Retrieval
from tod_baselines.training.data import few_shot
from tod_bench.embeddings import BM25, Similarity, similarity_of, version_of
from tod_bench.errors import UserError
from tod_bench.files import digest_of, write_json
from tod_bench.inputs import read_json
from tod_bench.records import Dialogue, TaskName
from tod_bench.systems import TurnInput

RECORD_FILE = "examples.json"
DIALOGUES_FILE = "examples.jsonl.gz"
VECTORS_FOLDER = "embeddings"

SELECTIONS = ("fixed", "random", "nearest", "diverse")


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
        self._indexes: dict[tuple[TaskName, bool], Retrieval] = {}

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

    def _index(self, task: TaskName, *, states: bool) -> "Retrieval":
        if (task, states) not in self._indexes:
            index = Retrieval(self.dialogues, task, self.similarity, states=states)
            if not index.members:
                raise UserError(f"shots: no turn of the pool can be an example for the task {task}; make it larger")
            self._indexes[task, states] = index
        return self._indexes[task, states]

    def similarity(self, texts: Sequence[str]) -> Similarity:
        """How alike texts of this pool are, by its embedding."""
        return similarity_of(self.choice.embedding, texts, self._folder / VECTORS_FOLDER)


def problems(pool: str, select: str) -> Iterator[str]:
    """A sentence for each setting that cannot be read."""
    if not re.fullmatch(r"all|[1-9]\d*|\d+(\.\d+)?%", pool) or _share(pool) == 0 or _share(pool) > 1:
        yield f"pool must be all, a share (5%) or a number of dialogues (200), not {pool!r}"
    if select not in SELECTIONS:
        yield f"select must be one of {', '.join(SELECTIONS)}, not {select!r}"


def _share(pool: str) -> float:
    return float(pool[:-1]) / 100 if pool.endswith("%") else 1.0


def _drawn(train: Sequence[Dialogue], pool: str, seed: int) -> list[Dialogue]:
    """The dialogues of a pool, in corpus order."""
    if pool == "all" or pool.endswith("%"):
        return few_shot(train, _share(pool), seed)
    if int(pool) > len(train):
        raise UserError(f"pool: {pool} dialogues were asked for, and train has {len(train)}; name fewer, or all")
    return few_shot(train, int(pool) / len(train), seed)
