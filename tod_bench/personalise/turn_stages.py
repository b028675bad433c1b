"""The stages ``user`` and ``system``: each utterance restyled by the arm."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any, TypeVar

from tod_bench.files import digest_of
from tod_bench.personalise.requests import system_request, user_request
from tod_bench.personalise.rows import Row, StageName, Unit
from tod_bench.personalise.styled import persona_of
from tod_bench.personalise.styling import ReviewText, Styled, SystemRequest, UserRequest
from tod_bench.personalise.work import Work

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
        return _made(work, self.name, units, user_requests(work), work.arm.user)


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
        """Has the arm restyle the utterances of some units."""
        return _made(work, self.name, units, system_requests(work), work.arm.system)


def user_requests(work: Work) -> Iterator[tuple[Unit, UserRequest]]:
    """What is asked of the arm for each user utterance, with its turn as a unit without digest."""
    for split, dialogue in work.dialogues():
        row = work.row("pairs", split, dialogue.id)
        persona, emotion = persona_of(row.value), row.value["emotion"]
        for place, turn in enumerate(dialogue.turns):
            request = user_request(split, dialogue, place, persona, emotion)
            yield Unit(split, dialogue.id, turn.index, ""), request


def system_requests(work: Work) -> Iterator[tuple[Unit, SystemRequest]]:
    """What is asked of the arm for each system utterance, likewise."""
    for split, dialogue in work.dialogues():
        row = work.row("pairs", split, dialogue.id)
        persona, emotion = persona_of(row.value), row.value["emotion"]
        said = [str(work.row("user", split, dialogue.id, turn.index).value["text"]) for turn in dialogue.turns]
        for place, turn in enumerate(dialogue.turns):
            added = work.row("reviews", split, dialogue.id, turn.index).value
            request = system_request(
                split,
                dialogue,
                place,
                persona,
                emotion,
                said=said,
                strategy=added["strategy"],
                reviews=tuple(ReviewText(**review) for review in added["reviews"]),
                venue=added["venue"],
            )
            yield Unit(split, dialogue.id, turn.index, ""), request


def _units(work: Work, requests: Callable[[Work], Iterator[tuple[Unit, Any]]]) -> Iterator[Unit]:
    arm = {"version": VERSION, "arm": work.arm.name, **work.arm.identity}
    for unit, request in requests(work):
        yield Unit(unit.split, unit.dialogue, unit.turn, digest_of([arm, asdict(request)]))


def _made(
    work: Work,
    stage: StageName,
    units: Iterable[Unit],
    requests: Iterator[tuple[Unit, Request]],
    restyle: Callable[[Iterable[Request]], Iterator[tuple[Request, Styled]]],
) -> Iterator[Row]:
    """The rows of some units; no arm is asked for words where there are none."""
    wanted = {unit.key: unit for unit in units}
    silent: list[Row] = []

    def asked() -> Iterator[Request]:
        for _, request in requests:
            unit = wanted.get(request.key)
            if unit is None:
                continue
            if request.text:
                yield request
            else:
                value = {"text": "", "by": "rules", "fallback": ""}
                silent.append(Row(unit.key, unit.inputs, value, {"stage": stage}))

    for request, styled in restyle(asked()):
        yield _row(work, stage, wanted[request.key], request, styled)
    yield from silent


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
