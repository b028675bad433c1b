"""How personas talk and are talked to: a style for each kind of persona, and the plain one of the original rendering.

The sentences are in ``phrases/styles``, a file a style; a style says only what differs from the one that it extends.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from tod_bench.records import Persona
from tod_bench.simulated.phrase_tables import phrase_table

Templates: TypeAlias = Mapping[str, tuple[str, ...]]
"""Kind of sentence -> ways to say it, with names in braces for what is filled in."""


class Style(NamedTuple):
    """A way to talk; an empty tuple is never said.

    Attributes:
        name: Which one it is.
        user: Sentences of the user.
        system: Sentences of the system.
        capitals: Whether the user begins sentences with a capital.
        greeting: How the user opens the dialogue.
        mood: What the user lets fall about their mood.
        welcome: How the system opens.
        sympathy: How the system answers the mood, at the opening.
        remarks: Domain -> why the system thinks an offer suits this user.
    """

    name: str
    user: Templates
    system: Templates
    capitals: bool
    greeting: tuple[str, ...]
    mood: tuple[str, ...]
    welcome: tuple[str, ...]
    sympathy: tuple[str, ...]
    remarks: Templates


def style_of(persona: Persona) -> Style:
    """The style of a persona."""
    if persona.age == "adult":
        name = persona.formality
    elif persona.age == "senior" and persona.formality == "formal":
        name = "ceremonious"
    else:
        name = persona.age
    return _style(name, persona.gender, persona.emotion)


@cache
def _style(name: str, gender: str, emotion: str) -> Style:
    user, system, capitals = _whole_table(name)
    # Who is neither known as a woman nor as a man is welcomed without a title.
    address = {"female": ", madam", "male": ", sir"}.get(gender, "")
    return Style(
        name,
        user=_tuples(user["sentences"]),
        system=_tuples(system["sentences"]),
        capitals=capitals,
        greeting=tuple(user["greeting"]),
        mood=tuple(user["mood"].get(emotion, ())),
        welcome=tuple(text.replace(", {title}", address) for text in system["welcome"]),
        sympathy=tuple(system["sympathy"].get(emotion, ())),
        remarks=_tuples(system["remarks"]),
    )


def _whole_table(name: str) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """What both sides say in a style, with what it takes over from others, and whether the user uses capitals."""
    table = phrase_table(f"styles/{name}")
    if "extends" not in table:
        return table["user"], table["system"], table["capitals"]
    user, system, capitals = _whole_table(table["extends"])
    whole = []
    for side, extended in (("user", user), ("system", system)):
        sentences = {**extended["sentences"], **table[side]["sentences"]}
        whole.append({**extended, **table[side], "sentences": sentences})
    return whole[0], whole[1], table.get("capitals", capitals)


def _tuples(lists: Mapping[str, list[str]]) -> Templates:
    return {name: tuple(texts) for name, texts in lists.items()}


PLAIN: Final = _style("plain", "", "")
"""The style of the original rendering."""
