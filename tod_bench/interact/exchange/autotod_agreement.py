"""What we find in runs of AutoTOD against what their authors logged: domain by domain, with causes of differences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from tod_bench.corpora.database import plain
from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal
from tod_bench.interact.exchange.autotod import Logged, Run, entity_named
from tod_bench.interact.hearing import heard_in
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.values import same
from tod_bench.interact.world import TAXI, World
from tod_metrics.episode.outcomes import DomainOutcome

Measure = Literal["venue", "requests", "booking", "dialogue"]

MEASURES: Final[tuple[Measure, ...]] = ("venue", "requests", "booking", "dialogue")
"""What both sides say of a domain, and of a dialogue as a whole:

- venue: the entity is one that the wish returns (their ``inform``, our match);
- requests: it is, and all that was requested was told (their ``success``);
- booking: it is booked, with every detail right (their ``book``);
- dialogue: all of them in every domain.
"""


FIRST_VENUE: Final = "theirs counts a venue of the wish that was to fail"
FIRST_BOOKING: Final = "theirs counts a booking with the details that were to fail"
NO_VENUE: Final = "their language model read out no venue of the database"
OTHER_VENUE: Final = "their language model took another venue than the one booked, or named last"
NAME_READ_OUT: Final = "their lookup did not find the venue as their language model spelt it"
NAME_IN_GOAL: Final = "their database spells the venue otherwise than the goal"
BY_VALUES: Final = "theirs judges a train by values that a language model read out, ours by its number"
BY_NUMBER: Final = "a train's number stands for several trains, of which theirs takes one"
OTHER_VALUE: Final = "their language model read out another value than the one told"
UNTRUE: Final = "a value was told that is not the database's, which only theirs counts here"
NOT_HEARD: Final = "ours does not find the venue by keywords"
VALUE_NOT_HEARD: Final = "ours does not find a value by keywords"
NO_BOOKING: Final = "no booking was logged"
DETAILS: Final = "details of the booking are held against the goal otherwise"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that both sides say of a run.

    Attributes:
        run: Id of the run.
        domain: The domain; empty for the dialogue as a whole.
        measure: What is said.
        ours: What we find.
        theirs: What the authors logged.
        cause: Why both differ; empty where they do not.
    """

    run: str
    domain: str
    measure: Measure
    ours: bool
    theirs: bool
    cause: str = ""


def verdicts(runs: Sequence[Run], world: World) -> list[Verdict]:
    """What both sides say of each run and domain that both can speak of; taxis' bookings were not logged.

    Args:
        runs: Runs on MultiWOZ.
        world: The world that their goals are held against.
    """
    found: list[Verdict] = []
    for run in runs:
        if run.record is not None:
            of_domains = list(_of_run(run, run.record, world))
            found += [*of_domains, *_of_dialogue(run, of_domains)]
    return found


def _of_dialogue(run: Run, of_domains: Sequence[Verdict]) -> Iterator[Verdict]:
    """The dialogue as a whole, where it has no taxi."""
    if run.has_taxi or not of_domains:
        return
    ours, theirs = all(one.ours for one in of_domains), all(one.theirs for one in of_domains)
    causes = [one.cause for one in of_domains if one.cause and one.ours != one.theirs]
    yield Verdict(run.id, "", "dialogue", ours, theirs, causes[0] if ours != theirs and causes else "")


def _of_run(run: Run, record: Mapping[str, Any], world: World) -> Iterator[Verdict]:
    wishes = {wish.domain: wish for wish in InteractiveGoal.from_json(record["goal"]).wishes}
    heard = heard_in(record, world)
    for outcome in episode_item(record, world).domains:
        logged = run.logged.get(outcome.domain)
        if logged is None or outcome.domain == TAXI:
            continue
        booked = [one for one in record["ledger"] if one["domain"] == outcome.domain]
        named = heard[outcome.domain].named if outcome.domain in heard else ""
        case = _Case(wishes[outcome.domain], outcome, logged, booked[-1] if booked else None, named, world)
        for measure, ours, theirs, cause in case.verdicts():
            yield Verdict(run.id, outcome.domain, measure, ours, theirs, "" if ours == theirs else cause)


@dataclass(frozen=True)
class _Case:
    """A domain of a run."""

    wish: DomainWish
    outcome: DomainOutcome
    logged: Logged
    booking: Mapping[str, Any] | None
    named: str
    world: World

    def verdicts(self) -> Iterator[tuple[Measure, bool, bool, str]]:
        """Measure, ours, theirs, and the cause of a difference."""
        matched, logged = self.outcome.matched, self.logged
        requested, answered = self.outcome.unreferenced
        if logged.inform is not None:
            yield "venue", matched, logged.inform, self._venue()
        if logged.success is not None:
            ours = matched and requested == answered
            yield "requests", ours, logged.success, self._requests(ours)
        if logged.book is not None:
            yield "booking", self.outcome.details, logged.book, self._booking()

    @property
    def _entity(self) -> str:
        return self.booking["entity"] if self.booking else self.named

    def _venue(self) -> str:
        table = self.world.tables[self.wish.domain]
        if self.wish.domain == "train":
            several = len(table.named(self._entity)) > 1
            return BY_NUMBER if self.booking and several else BY_VALUES
        theirs = entity_named(self.logged.venue, table)
        if self._meets_first_wish(self._entity) or self._meets_first_wish(theirs):
            return FIRST_VENUE
        if not theirs:
            return NO_VENUE
        if not self._entity:
            return NOT_HEARD
        if plain(self._entity) != plain(theirs):
            return OTHER_VENUE
        return NAME_IN_GOAL if self.logged.found and "name" in self.wish.inform else NAME_READ_OUT

    def _meets_first_wish(self, entity: str) -> bool:
        if not entity or not self.wish.inform:
            return False
        first = self.wish.first
        return bool(first) and plain(entity) in self.world.all_named(self.wish.domain, first)

    def _requests(self, ours: bool) -> str:
        if self.outcome.matched != bool(self.logged.inform):
            return self._venue()
        if not ours:
            return VALUE_NOT_HEARD
        if self.outcome.told > self.outcome.true:
            return UNTRUE
        return OTHER_VALUE

    def _booking(self) -> str:
        if self.outcome.matched != bool(self.logged.inform):
            return self._venue()
        if self.booking is None:
            return NO_BOOKING
        first = {**self.wish.book, **self.wish.first_book}
        if self.wish.first_book and self._has(first):
            return FIRST_BOOKING
        return DETAILS

    def _has(self, wanted: Mapping[str, str]) -> bool:
        details = self.booking["details"] if self.booking else {}
        return all(same(slot, details.get(slot, ""), value) for slot, value in wanted.items())
