"""Acts in words: a sentence an act, from the templates."""

from collections.abc import Sequence
from random import Random
from typing import Any, Literal

from tod_bench.interact.acts import DONTCARE
from tod_bench.interact.hearing import UNKNOWN
from tod_bench.interact.words.phrases import Phrases, phrases
from tod_bench.interact.world import TAXI
from tod_bench.records import Act

Side = Literal["user", "agent"]


class Speaker:
    """One side of a dialogue.

    Args:
        side: Which side.
        rng: Where the choice of templates comes from.
    """

    def __init__(self, side: Side, rng: Random) -> None:
        self._phrases: Phrases = phrases()
        self._templates: dict[str, Any] = self._phrases.table[side]
        self._side, self._rng = side, rng
        self._domain = ""
        self._opened: set[str] = set()

    def say(self, acts: Sequence[Act], about: str = "") -> str:
        """The acts in words.

        Args:
            acts: The acts.
            about: The domain that the other side has just spoken of; empty for none.
        """
        self._domain = about or self._domain
        # That nothing was found, or that a booking failed, is said once, not once a slot.
        once = {(act.domain, act.act) if act.act in ("nooffer", "nobook") else act: act for act in acts}
        return " ".join(sentence for act in once.values() for sentence in self._sentences(act))

    def _sentences(self, act: Act) -> list[str]:
        named = "" if act.domain in ("general", self._domain) else self._changed(act.domain)
        sentence = self._sentence(act)
        return [one for one in (named, sentence) if one]

    def _changed(self, domain: str) -> str:
        """Says that another domain is spoken of now."""
        self._domain = domain
        first = self._side == "user" and domain not in self._opened
        self._opened.add(domain)
        noun = self._phrases.noun(domain)
        article = "an" if noun[0] in "aeiou" else "a"
        return self._one(self._templates["open" if first else "again"]).format(noun=noun, a=article)

    def _sentence(self, act: Act) -> str:
        if act.act == "inform" and not act.slot:
            return ""
        return self._one(self._choices(act)).format(value=act.value, slot=self._phrases.called(act.slot))

    def _choices(self, act: Act) -> Sequence[str]:
        """The templates of an act."""
        templates, slot = self._templates, act.slot
        if act.act in ("negate", "thank", "bye", "recommend", "nooffer", "book", "nobook", "reqmore"):
            return _listed(templates[act.act])
        if act.act == "inform" and act.value in (DONTCARE, UNKNOWN):
            return _listed(templates["dontcare" if self._side == "user" else "unknown"])
        if act.act == "inform" and act.value in templates["has"].get(slot, ()):
            return _listed(templates["has"][slot][act.value])
        own = templates.get(f"{act.act}_{TAXI}", {}) if act.domain == TAXI else {}
        return _listed(own.get(slot) or templates[act.act].get(slot) or templates[f"{act.act}_other"])

    def _one(self, choices: Sequence[str]) -> str:
        return choices[int(self._rng.random() * len(choices))]


def _listed(choices: str | Sequence[str]) -> Sequence[str]:
    return [choices] if isinstance(choices, str) else choices
