"""The simulated corpus as a corpus of the harness."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final, Literal, get_args

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import UserError, did_you_mean
from tod_bench.files import digest_of
from tod_bench.images import Images
from tod_bench.records import Database, Dialogue, Schema
from tod_bench.simulated import portraits
from tod_bench.simulated.database import city_database
from tod_bench.simulated.interactive import interactive_goal
from tod_bench.simulated.moves import Move
from tod_bench.simulated.ontology import VENUES, schema
from tod_bench.simulated.personas import draw_persona
from tod_bench.simulated.realizer import Realizer
from tod_bench.simulated.recording import Rendering, dialogue_turns
from tod_bench.simulated.script import Script, draw_script
from tod_bench.simulated.styles import PLAIN, Style, style_of
from tod_bench.simulated.system_text import system_text
from tod_bench.simulated.user_text import user_text

Utterances = Literal["original", "personalised", "personalised_system"]

VERSION: Final = "1"
"""Moves whenever the same options would give other texts, states, acts or spans."""

SIZES: Final[Mapping[str, int]] = {"train": 4000, "dev": 200, "test": 300}


class Simulated(Corpus):
    """The embedded corpus.

    Args:
        dialogues: How many dialogues a split has; splits left out keep their default (4,000, 200 and 300). A dialogue
            does not depend on how many are asked for.
        seed: Seed of everything random.
        style: Whether `Turn.user` and `Turn.system` hold the plain text or the persona's; with ``personalised_system``
            the user speaks plainly, and the system answers as it does to the persona.
        paraphrase: Probability that a value is not put in its canonical form, 0 to 1.
        unseen: In dev and test, probability that a value is put in a form that train never has, 0 to 1.

    Raises:
        UserError: An argument is out of range.
    """

    def __init__(
        self,
        dialogues: Mapping[str, int] | None = None,
        seed: int = 1,
        style: Utterances = "original",
        paraphrase: float = 0.4,
        unseen: float = 0.05,
    ) -> None:
        self._sizes = {**SIZES, **(dialogues or {})}
        self._seed, self._style, self._paraphrase, self._unseen = seed, style, paraphrase, unseen
        self._check()
        self.name = f"simulated{VERSION}" + ("" if style == "original" else f"-{style}")

    def _check(self) -> None:
        for split, size in self._sizes.items():
            if split not in SIZES:
                raise UserError(f"the simulated corpus has no split {split!r}{did_you_mean(split, SIZES)}")
            if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                raise UserError(f"simulated corpus, dialogues.{split}: {size!r} is not a number of dialogues")
        if self._style not in get_args(Utterances):
            raise UserError(
                "simulated corpus: style must be original, personalised or personalised_system, "
                f"not {self._style!r}{did_you_mean(str(self._style), get_args(Utterances))}"
            )
        for name, rate in (("paraphrase", self._paraphrase), ("unseen", self._unseen)):
            if not 0 <= rate <= 1:
                raise UserError(f"simulated corpus: {name} must be between 0 and 1, not {rate!r}")

    @property
    def splits(self) -> tuple[str, ...]:
        """Train, dev and test."""
        return tuple(SIZES)

    @property
    def schema(self) -> Schema:
        """The five domains and their 30 slots."""
        database = city_database()
        return schema({domain: database.names(domain) for domain in VENUES})

    @property
    def fingerprint(self) -> str:
        """Hex digest of the versions of texts and portraits, and of every option."""
        options = [self._seed, self._style, self._paraphrase, self._unseen, self._sizes]
        return digest_of(["simulated", VERSION, portraits.VERSION, *options])

    @property
    def database(self) -> Database:
        """The city's venues and trains."""
        return city_database()

    @property
    def images(self) -> Images:
        """Portraits of the users, drawn when they are asked for."""
        return portraits.DrawnPortraits()

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        """Streams the dialogues of a split.

        Raises:
            UserError: There is no such split.
        """
        return (self._dialogue(split, index) for index in range(self._size(split)))

    def interactive_goals(self, split: str) -> Iterator[InteractiveGoal]:
        """Streams the goals of a split's dialogues as a simulated user pursues them.

        Raises:
            UserError: There is no such split.
        """
        return (self._interactive_goal(split, index) for index in range(self._size(split)))

    def _size(self, split: str) -> int:
        if split not in SIZES:
            raise UserError(f"the simulated corpus has no split {split!r}{did_you_mean(split, SIZES)}")
        return self._sizes[split]

    def _interactive_goal(self, split: str, index: int) -> InteractiveGoal:
        rng = Random(f"{self._seed}/{split}/{index}")
        draw_persona(rng, portraits.image_name(self._seed, split, index))
        return interactive_goal(f"sim-{split}-{index:05}", draw_script(rng, city_database()), city_database())

    @property
    def plain(self) -> "Simulated":
        """The same dialogues in the original rendering."""
        if self._style == "original":
            return self
        return Simulated(self._sizes, self._seed, "original", self._paraphrase, self._unseen)

    def _dialogue(self, split: str, index: int) -> Dialogue:
        key = f"{self._seed}/{split}/{index}"
        rng = Random(key)
        persona = draw_persona(rng, portraits.image_name(self._seed, split, index))
        script = draw_script(rng, city_database())
        unseen = 0.0 if split == "train" else self._unseen
        plain = self._rendered(Random(f"{key}/plain"), PLAIN, script, unseen)
        styled = self._rendered(Random(f"{key}/styled"), style_of(persona), script, unseen)
        turns = dialogue_turns(script, plain, styled, self._style)
        return Dialogue(f"sim-{split}-{index:05}", self.name, split, tuple(script.goal), turns, script.goal, persona)

    def _rendered(self, rng: Random, style: Style, script: Script, unseen: float) -> Rendering:
        """Both sides' texts, turn by turn, with marks."""
        user = Realizer(rng, style.user, self._paraphrase, unseen)
        system = Realizer(rng, style.system, self._paraphrase / 2, unseen)
        texts: list[tuple[str, str]] = []
        heard: Sequence[Move] = ()
        for beat in script.beats:
            said = user_text(user, style, beat.user, heard)
            texts.append((said, system_text(system, style, beat.system, first=not heard)))
            heard = beat.system
        return texts
