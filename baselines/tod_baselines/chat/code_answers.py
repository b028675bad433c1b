"""What answers that are code say of a state: values that are set, slots that are taken away, what is unreadable."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tod_baselines.chat.reading import apply_changes, state_answer, unread_answer
from tod_baselines.chat.recipe import Answer, Shown


@dataclass
class CodeAnswer:
    """What has been read of an answer so far.

    Attributes:
        shown: The turn.
        changes: Domain -> slot -> value, in the schema's spelling where it has them.
        removed: (domain, slot) that are taken away.
        problems: A sentence for each part that cannot be read.
    """

    shown: Shown
    changes: dict[str, dict[str, str]] = field(default_factory=dict)
    removed: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def set(self, place: tuple[str, str], value: str) -> None:
        """Gives a slot a value."""
        self.changes.setdefault(place[0], {})[place[1]] = value

    def remove(self, place: tuple[str, str]) -> None:
        """Takes a slot away."""
        self.changes.get(place[0], {}).pop(place[1], None)
        self.removed.append(place)

    def known(self) -> Mapping[str, Mapping[str, str]]:
        """The state as it is after what has been read."""
        return apply_changes(self.shown.previous, self.changes, self.removed)

    def answer(self, *, whole: bool) -> Answer:
        """The answer of the recipe; empty and unread where nothing could be read but problems."""
        if self.problems and not self.changes and not self.removed:
            return unread_answer(self.shown.task, "; ".join(self.problems))
        return state_answer(self.shown, self.changes, self.removed, self.problems, whole=whole)
