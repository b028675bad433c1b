"""Answers that are too much like gold to be a system's own.

Nobody who has not seen gold repeats it turn for turn: people who annotate the same dialogues do not. So three shares
are held against what a track allows, after differences of case, blanks and punctuation are taken away:

- answers that are gold (states and acts as sets, responses by similarity of text);
- slots or acts of gold that are found in the answers, which copies with additions cannot hide;
- of states, how often a wrong one is followed by a right one. A tracker carries its errors on, so that a right state
  rarely follows a wrong one; in a copy with errors strewn in (or in answers built on the gold state of the turn before)
  it follows as often as it follows a right one.

It is a suspicion, not a verdict: such an answer takes no rank until the maintainers of the leaderboard clear it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from tod_bench.leaderboard.digests import NOTHING, plain, said_slots
from tod_bench.records import Act, Dialogue, Prediction, TaskName, Turn

LEAST_TURNS = 50
"""Wrong turns, and right ones, that another follows, below which nothing is concluded from what follows them."""

SAME_RESPONSE = 90
"""Similarity of two responses, 0 to 100 (normalised Indel similarity), from which they count as one."""

LEAST_WORDS = 4
"""Words of a gold response that another may not just happen to have written."""


class Limits(BaseModel):
    """From where on answers are too much like gold; None where a share is not looked at.

    Attributes:
        same: Answers that are gold, in percent.
        found: Slots or acts of gold that are in the answers, in percent.
        recovery: Of states, see `Likeness.recovery`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    same: float | None = Field(default=None, gt=0, le=100)
    found: float | None = Field(default=None, gt=0, le=100)
    recovery: float | None = Field(default=None, gt=0)


LIMITS: Mapping[TaskName, Limits] = {
    "dst": Limits(same=95, found=98, recovery=0.4),
    "policy": Limits(same=90, found=97),
    "response": Limits(same=50),
}
"""Limits of a track that sets none; the best known systems on dialogues of people lie far below all of them."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much like gold a task's answers are.

    Attributes:
        turns: Turns with gold that could be compared.
        same: Those whose answer is gold.
        parts: Slots, or acts, of gold.
        found: Those of them that are in the answers.
        after_wrong: Wrong states that another turn follows.
        recovered: Those of them that are followed by a right one.
        after_right: Right states that another turn follows.
        kept: Those of them that are followed by a right one.
    """

    turns: int = 0
    same: int = 0
    parts: int = 0
    found: int = 0
    after_wrong: int = 0
    recovered: int = 0
    after_right: int = 0
    kept: int = 0

    @property
    def same_share(self) -> float:
        """Share of answers that are gold, in percent."""
        return 100 * self.same / self.turns if self.turns else 0.0

    @property
    def found_share(self) -> float:
        """Share of gold's slots or acts that are in the answers, in percent."""
        return 100 * self.found / self.parts if self.parts else 0.0

    @property
    def recovery(self) -> float:
        """How often a right state follows a wrong one, over how often it follows a right one; 1 is without memory.

        Trackers of MultiWOZ 2.1 whose states are public have 0.02 to 0.13, copies of gold with errors 0.4 to 1.
        """
        if min(self.after_wrong, self.after_right) < LEAST_TURNS:
            return 0.0
        return (self.recovered / self.after_wrong) / (max(self.kept, 1) / self.after_right)


def likeness(task: TaskName, dialogues: Sequence[Dialogue], turns: Mapping[tuple[str, int], Prediction]) -> Likeness:
    """Compares a task's answers with gold.

    Args:
        task: The task.
        dialogues: The gold dialogues.
        turns: (dialogue id, turn) -> prediction.
    """
    compare = _COMPARE[task]
    counts = dict.fromkeys(Likeness.__slots__, 0)
    for dialogue in dialogues:
        before: bool | None = None
        for turn in dialogue.turns:
            compared = compare(turn, turns.get((dialogue.id, turn.index)))
            if compared is None:
                continue
            same, parts, found = compared
            counts["turns"] += 1
            counts["same"] += same
            counts["parts"] += parts
            counts["found"] += found
            if task == "dst" and before is not None:
                counts["after_right" if before else "after_wrong"] += 1
                counts["kept" if before else "recovered"] += same
            before = same
    return Likeness(**counts)


def suspicion(task: TaskName, measured: Likeness, limits: Limits, gold_access: Collection[str] = ()) -> str:
    """Why answers are suspected of having been made from gold, in a sentence; empty where they are not.

    Args:
        task: The task.
        measured: How much like gold they are.
        limits: From where on that is too much.
        gold_access: Gold that the system says it was shown, and is listed without a rank for.
    """
    if "gold" in gold_access:
        return ""
    if limits.same is not None and measured.same_share >= limits.same:
        return (
            f"{measured.same_share:.1f}% of its {_WORDS[task]} are those of gold; "
            f"from {limits.same:g}% on, gold is suspected inside"
        )
    if limits.found is not None and measured.found_share >= limits.found:
        return (
            f"{measured.found_share:.1f}% of what gold has is in its {_WORDS[task]}; "
            f"from {limits.found:g}% on, gold is suspected inside"
        )
    if limits.recovery is not None and measured.recovery >= limits.recovery and "previous_state" not in gold_access:
        return (
            f"a right state follows a wrong one {measured.recovery:.2f} times as often as it follows a right one; "
            f"from {limits.recovery:g} on, gold with errors strewn in is suspected, or gold states of the turns before"
        )
    return ""


_WORDS: Mapping[TaskName, str] = {"dst": "states", "policy": "acts", "response": "responses"}

Compared = tuple[bool, int, int] | None
"""Whether an answer is gold, how many parts gold has, how many of them are in it; None where gold has nothing."""


def _states(turn: Turn, prediction: Prediction | None) -> Compared:
    said = said_slots(prediction)
    gold = {
        (plain(domain), plain(slot)): {plain(value) for value in values}
        for domain, slots in turn.state.items()
        for slot, values in slots.items()
        if not {plain(value) for value in values} <= NOTHING
    }
    if not gold:
        return None
    found = sum(said.get(name) in values for name, values in gold.items())
    return found == len(gold) == len(said), len(gold), found


def _acts(turn: Turn, prediction: Prediction | None) -> Compared:
    gold = set(_act_names(turn.acts))
    if not gold:
        return None
    mine = set(_act_names((prediction.acts if prediction else None) or ()))
    return mine == gold, len(gold), len(gold & mine)


def _act_names(acts: Sequence[Act]) -> Iterator[tuple[str, str, str]]:
    return ((plain(one.domain), plain(one.act), plain(one.slot)) for one in acts)


def _responses(turn: Turn, prediction: Prediction | None) -> Compared:
    from rapidfuzz.fuzz import ratio

    if len(turn.system.split()) < LEAST_WORDS:
        return None
    mine = (prediction.response if prediction else None) or ""
    same = ratio(plain(turn.system), plain(mine), score_cutoff=SAME_RESPONSE) >= SAME_RESPONSE
    return same, 1, int(same)


_COMPARE: dict[TaskName, Callable[[Turn, Prediction | None], Compared]] = {
    "dst": _states,
    "policy": _acts,
    "response": _responses,
}
