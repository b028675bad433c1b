"""Runs of AutoTOD (Xu et al. 2024) as episodes, as far as their fields exist.

A run on MultiWOZ has the goal with its message, the dialogue as text, and for each domain what the authors' evaluation
asked a language model and looked up: the venue, the values requested, the booking under the reference that was told.
It has no calls. So an episode gets

- the goal, made of the raw goal as the corpus's own are;
- the texts, and as acts what our user and agent understand of them by keywords and the values of the database;
- as ledger the bookings that the authors found; bookings that nobody asked about, and taxis, are not known.

A run on SGD has neither goal nor booking, only text and what was logged.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.database import plain
from tod_bench.corpora.multiwoz_names import plain_id
from tod_bench.corpora.multiwoz_wishes import interactive_goal
from tod_bench.errors import DataError, UserError
from tod_bench.interact.acts import as_lists
from tod_bench.interact.episode import RECORD
from tod_bench.interact.words.language import agent_words, domain_of, user_words
from tod_bench.interact.words.understanding import VERSION
from tod_bench.interact.world import TAXI, Table, World

IMPORTED: Final = "autotod1"
"""What the versions of an imported episode name as its source; moves whenever a file would be read otherwise."""

_DETAILS: Final = {"people": "book people", "tickets": "book people", "day": "book day", "time": "book time"}
_STAY: Final = {"stay": "book stay"}

_SHORTEST: Final = 5
"""Letters that a name must have beyond this to be found within a longer one."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What the authors logged of one domain (or intent) of a run.

    Attributes:
        inform: Whether the venue is one that the user wants; None where it was not asked.
        success: Whether the values requested are those of the venue; None where none were.
        book: Whether the booking is as wanted; None where none was.
        venue: The venue that their language model read out of the dialogue; empty for none.
        found: Whether they found it in their database.
    """

    inform: bool | None
    success: bool | None
    book: bool | None = None
    venue: str = ""
    found: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A run of AutoTOD.

    Attributes:
        id: Id of the dialogue that the goal is of.
        record: The episode; None on SGD, where there is no goal.
        logged: Domain (on SGD: service and intent) -> what the authors logged.
        turns: Turns that the agent answered.
    """

    id: str
    record: Mapping[str, Any] | None
    logged: Mapping[str, Logged]
    turns: int

    @property
    def has_taxi(self) -> bool:
        """Whether the goal wants a taxi, whose booking was not logged."""
        return self.record is not None and any(wish["domain"] == TAXI for wish in self.record["goal"]["wishes"])


def read_autotod(path: Path, corpus: Corpus | None) -> tuple[Run, ...]:
    """Reads a file of runs, on MultiWOZ or on SGD.

    Args:
        path: The file, one run a line.
        corpus: The corpus whose database the runs on MultiWOZ are held against.

    Raises:
        UserError: The file has runs on MultiWOZ, and no corpus is given.
        DataError: A line is no run.
    """
    runs = []
    world = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            run = json.loads(line)
            if isinstance(run["run_result"], Mapping):
                world = world or _Ears(_needed(corpus, path))
                runs.append(_multiwoz(run, world))
            else:
                runs.append(_sgd(run))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"this is no run of AutoTOD ({error!r})", file=f"{path}, line {number}") from None
    if not runs:
        raise DataError("there are no runs in it", file=str(path))
    return tuple(runs)


def _needed(corpus: Corpus | None, path: Path) -> Corpus:
    if corpus is None:
        raise UserError(f"{path} has runs on MultiWOZ; give --corpus, whose database their goals are held against")
    return corpus


class _Ears:
    """What is understood of both sides of a dialogue."""

    def __init__(self, corpus: Corpus) -> None:
        self.world = World(corpus)
        assert corpus.database is not None
        self.corpus, self.database = corpus, corpus.database
        self._user, self._agent = user_words(self.world), agent_words(self.world)

    def turns(self, dialogue: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The turns of a dialogue with what is understood of them."""
        about = ""
        turns = []
        for turn in dialogue:
            said = self._user.acts(turn["user"], about)
            about = domain_of(said) or about
            heard = self._agent.acts(turn["agent"], about)
            about = domain_of(heard) or about
            turns.append(
                {
                    "user": {"text": turn["user"], "acts": as_lists(said)},
                    "agent": {"text": turn["agent"], "acts": []},
                    "heard": as_lists(heard),
                }
            )
        return turns


def _multiwoz(run: Mapping[str, Any], ears: _Ears) -> Run:
    result, evaluated = run["run_result"], run["eval_results"]
    name = plain_id(run["dialog_id"])
    goal = interactive_goal(name, {**result["goals"], "message": result["goal_messages"]}, ears.database)
    turns = ears.turns(result["dialog_pred"])
    ledger = [one for domain, of in evaluated.items() if (one := _booking(domain, of, ears.world))]
    record = {
        "goal": goal.to_json(),
        "trial": 0,
        "seed": None,
        "versions": {
            "record": RECORD,
            "imported": IMPORTED,
            "corpus": ears.corpus.name,
            "world": ears.world.digest[:16],
            "user": "AutoTOD's, a language model",
            "language": {"understanding": VERSION},
        },
        "agent": {"agent": "AutoTOD"},
        "turns": turns,
        "ledger": ledger,
        "end": result.get("finish_status") or "not logged",
    }
    logged = {domain: _logged(of) for domain, of in evaluated.items()}
    return Run(name, record, logged, len(turns))


def _logged(of: Mapping[str, Any]) -> Logged:
    inform, success, book = (_flag(of[name].get("complete")) for name in ("inform", "success", "book"))
    found = isinstance(of["inform"].get("venue_info"), Mapping)
    return Logged(inform, success, book, str(of["inform"].get("venue_name") or ""), found)


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)


def _booking(domain: str, of: Mapping[str, Any], world: World) -> dict[str, Any] | None:
    """The booking that the authors found under the reference that was told; None where they found none."""
    made = of["book"].get("book_record")
    table = world.tables.get(domain)
    if not isinstance(made, Mapping) or table is None:
        return None
    name = str(made.get("name") or made.get("trainID") or "")
    slots = _DETAILS | (_STAY if domain == "hotel" else {})
    return {
        "reference": str(of["book"]["refer_number"]).upper(),
        "domain": domain,
        "entity": entity_named(name, table) or name,
        "details": dict(sorted((slots[slot], str(value)) for slot, value in made.items() if slot in slots)),
        "standing": True,
    }


def entity_named(name: str, table: Table) -> str:
    """The entity that a name is meant for, as the database spells it; empty where that is not clear.

    People leave out what kind of place it is ("Midsummer House" for "midsummer house restaurant"), and so do the
    bookings of AutoTOD, so the one entity whose name begins with it will do, or the one that it begins with.
    """
    short = plain(name)
    known = table.named(name)
    if known or not short:
        return known[0][table.key] if known else ""
    longer = [entries for full, entries in table.entities.items() if full.startswith(short)]
    shorter = [entries for full, entries in table.entities.items() if len(full) > _SHORTEST and short.startswith(full)]
    found = longer or shorter
    return found[0][0][table.key] if len(found) == 1 else ""


def _sgd(run: Mapping[str, Any]) -> Run:
    logged = {
        f"{service} {intent}": Logged(_flag(of.get("inform")), _flag(of.get("success")))
        for service, intents in run["eval_results"].items()
        for intent, of in intents.items()
    }
    return Run(str(run["dialog_id"]), None, logged, len(run["run_result"]))
