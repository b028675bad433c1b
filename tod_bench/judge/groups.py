"""Groups of users: who the persona of an item belongs with, and which rows a table has.

The paper counts teenagers as children and sets positive images against neutral or negative ones (its Table 3); its
script leaves toddlers out of every age group. Both the merged groups and their parts are reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tod_bench.records import Persona
from tod_bench.scores import Slice


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users.

    Attributes:
        attribute: ``age``, ``emotion``, ``formality`` or ``gender``; empty for all users.
        label: Its name in tables.
        values: The attribute's values that belong to it.
    """

    attribute: str
    label: str
    values: frozenset[str]

    def holds(self, attributes: Mapping[str, str]) -> bool:
        """Whether a user with these attributes belongs to it."""
        return not self.attribute or attributes.get(self.attribute, "") in self.values


ALL = Group("", "all", frozenset())

_ROWS = {
    "age": ("senior", "adult", "child+teenager", "child", "teenager", "toddler"),
    "emotion": ("positive", "neutral+negative", "neutral", "negative"),
    "formality": ("casual", "formal"),
    "gender": ("female", "male"),
}

GROUPS: tuple[Group, ...] = (
    ALL,
    *(Group(name, label, frozenset(label.split("+"))) for name, labels in _ROWS.items() for label in labels),
)
"""Every row of a table by user group, the merged ones beside their parts."""


_ATTRIBUTE = {group.label: group.attribute for group in GROUPS}


def slice_of(label: str) -> Slice | None:
    """The slice of a group by its label; None for all users."""
    return Slice(_ATTRIBUTE[label], label) if _ATTRIBUTE[label] else None


def attributes_of(persona: Persona | None) -> dict[str, str]:
    """The attributes of a persona that groups are made of; empty strings where unknown."""
    if persona is None:
        return dict.fromkeys(_ROWS, "")
    return {name: getattr(persona, name) for name in _ROWS}
