"""The stages ``user`` and ``system``: each utterance restyled by the arm."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any, TypeVar

from tod_bench.files import digest_of
from tod_bench.personalise.pairs_stage import persona_of
from tod_bench.personalise.protected import protected_values
from tod_bench.personalise.rows import Row, StageName, Unit, row_key
from tod_bench.personalise.styling import Progress, ReviewText, Styled, SystemRequest, UserRequest
from tod_bench.personalise.work import Work
from tod_bench.records import Dialogue, Turn

VERSION = 1
"""Goes up when the same rows become other requests."""

Request = TypeVar("Request", UserRequest, SystemRequest)


class UserStage:
    """Restyles what the user says."""

    @property
    def name(self) -> StageName:
        """``user``."""
        return "user"

    def units(self, work: Work) -> Iterator[Unit]:
        """A unit a turn; its digest holds the request and the arm."""
        return _units(work, user_requests)

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """Has the arm restyle the utterances of some units."""
        wanted = {unit.key: unit for unit in units}
        asked = (request for _, request in user_requests(work) if request.key in wanted and request.text)
        yield from _empty(wanted, user_requests(work), self.name)
        for request, styled in work.arm.user(asked):
            yield _row(work, self.name, wanted[request.key], request, styled)


class SystemStage:
    """Restyles what the system says."""

    @property
    def name(self) -> StageName:
        """``system``."""
        return "system"

    def units(self, work: Work) -> Iterator[Unit]:
        """A unit a turn; its digest holds the request and the arm."""
        return _units(work, system_requests)

    def make(self, work: Work, units: Iterable[Unit]) -> Iterator[Row]:
        """Has the arm restyle the utterances of some units; what is not said stays unsaid."""
        wanted = {unit.key: unit for unit in units}
        asked = (request for _, request in system_requests(work) if request.key in wanted and request.text)
        yield from _empty(wanted, system_requests(work), self.name)
        for request, styled in work.arm.system(asked):
            yield _row(work, self.name, wanted[request.key], request, styled)


def user_requests(work: Work) -> Iterator[tuple[Unit, UserRequest]]:
    """What is asked of the arm for each user utterance, with its turn as a unit without digest."""
    for split, dialogue in work.dialogues():
        row = work.row("pairs", split, dialogue.id)
        persona, emotion = persona_of(row), row.value["emotion"]
        for before, turn in _with_before(dialogue):
            yield (
                Unit(split, dialogue.id, turn.index, ""),
                UserRequest(
                    row_key(split, dialogue.id, turn.index),
                    turn.user,
                    before.system if before else "",
                    persona,
                    emotion,
                    _progress(dialogue, turn),
                    turn.user_acts,
                    protected_values(turn, "user", before),
                ),
            )


def system_requests(work: Work) -> Iterator[tuple[Unit, SystemRequest]]:
    """What is asked of the arm for each system utterance, likewise."""
    for split, dialogue in work.dialogues():
        row = work.row("pairs", split, dialogue.id)
        persona, emotion = persona_of(row), row.value["emotion"]
        said = [str(work.row("user", split, dialogue.id, turn.index).value["text"]) for turn in dialogue.turns]
        for place, (before, turn) in enumerate(_with_before(dialogue)):
            added = work.row("reviews", split, dialogue.id, turn.index).value
            yield (
                Unit(split, dialogue.id, turn.index, ""),
                SystemRequest(
                    row_key(split, dialogue.id, turn.index),
                    turn.system,
                    said[place],
                    said[place + 1] if place + 1 < len(said) else "",
                    persona,
                    emotion,
                    _progress(dialogue, turn),
                    turn.acts,
                    protected_values(turn, "system", before),
                    added["strategy"],
                    tuple(ReviewText(**review) for review in added["reviews"]),
                    added["venue"],
                ),
            )


def _units(work: Work, requests: Callable[[Work], Iterator[tuple[Unit, Any]]]) -> Iterator[Unit]:
    arm = {"version": VERSION, "arm": work.arm.name, **work.arm.identity}
    for unit, request in requests(work):
        yield Unit(unit.split, unit.dialogue, unit.turn, digest_of([arm, asdict(request)]))


def _empty(
    wanted: dict[str, Unit], requests: Iterator[tuple[Unit, UserRequest | SystemRequest]], stage: StageName
) -> Iterator[Row]:
    """The rows of turns in which nothing is said: no arm is asked for words where there are none."""
    for _, request in requests:
        if request.key in wanted and not request.text:
            unit = wanted[request.key]
            yield Row(unit.key, unit.inputs, {"text": "", "by": "rules", "fallback": ""}, {"stage": stage})


def _row(work: Work, stage: StageName, unit: Unit, request: UserRequest | SystemRequest, styled: Styled) -> Row:
    provenance: dict[str, Any] = {
        **styled.provenance,
        "stage": stage,
        "arm": work.arm.name,
        "seed": work.options.seed,
        "protected": [asdict(one) for one in request.protected],
    }
    if isinstance(request, SystemRequest):
        provenance["strategy"] = request.strategy
        provenance["reviews"] = [[review.id, review.cosine] for review in request.reviews]
    return Row(unit.key, unit.inputs, {"text": styled.text, "by": styled.by, "fallback": styled.fallback}, provenance)


def _with_before(dialogue: Dialogue) -> Iterator[tuple[Turn | None, Turn]]:
    before: Turn | None = None
    for turn in dialogue.turns:
        yield before, turn
        before = turn


def _progress(dialogue: Dialogue, turn: Turn) -> Progress:
    if turn.index == 0:
        return "start"
    return "end" if turn.index == len(dialogue.turns) - 1 else "middle"
