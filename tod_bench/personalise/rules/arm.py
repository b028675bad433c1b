"""The arm itself: a request in, a styled utterance out, the same for the same seed, turn and persona."""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tod_bench.personalise.protected import find_lost, merged
from tod_bench.personalise.rules import adding, rewriting
from tod_bench.personalise.rules.situations import failed, system_situation, user_situation
from tod_bench.personalise.rules.tables import TableSide, digest_of, load_tables
from tod_bench.personalise.rules.voice import Voice, draw, voice_of
from tod_bench.personalise.styling import ArmName, Protected, Styled, SystemRequest, UserRequest
from tod_bench.records import Persona

VERSION = 1
"""Goes up when the same tables restyle otherwise, so that rows are made anew."""

_SMALL_I = re.compile(r"(?<![\w'’.-])i(?=['’](?:m|d|ll|ve)\b| )")
_LARGE_I = re.compile(r"(?<![\w'’.-])I(?=['’](?:m|d|ll|ve)\b| )")


class RulesArm:
    """Restyles by tables.

    Args:
        seed: Seed of every choice.
        folder: Folder with tables of one's own, laid over the shipped ones; None for those alone.

    Raises:
        UserError: A table of one's own cannot be used.
    """

    def __init__(self, seed: int = 0, folder: str | Path | None = None) -> None:
        self._seed = seed
        self._tables = load_tables(Path(folder) if folder else None)
        self._voice = lru_cache(maxsize=256)(self._compiled)

    @property
    def name(self) -> ArmName:
        """``rules``."""
        return "rules"

    @property
    def identity(self) -> Mapping[str, Any]:
        """Version, seed and digest of the tables, and of the styles that welcomes and remarks are taken from."""
        tables = digest_of(self._tables)
        return {"version": VERSION, "seed": self._seed, "tables": tables, "styles": adding.styles_digest()}

    def user(self, requests: Iterable[UserRequest]) -> Iterator[tuple[UserRequest, Styled]]:
        """Restyles user utterances, in their order."""
        for request in requests:
            yield request, self._user(request)

    def system(self, requests: Iterable[SystemRequest]) -> Iterator[tuple[SystemRequest, Styled]]:
        """Restyles system utterances, in their order."""
        for request in requests:
            yield request, self._system(request)

    def _user(self, request: UserRequest) -> Styled:
        voice, choice, hidden = self._ready("user", request)
        if hidden is None:
            return Styled(request.text, "rules", provenance={"unchanged": "nothing to restyle"})
        text = _sentences(hidden, voice, choice)
        text = [rewriting.ended(sentence, voice, choice) for sentence in text]
        situation = user_situation(request)
        opening = "statement" if situation == "question" and not text[0].endswith("?") else situation
        text = adding.opened(text, draw(voice.openers.get(opening, ()), choice))
        text = adding.tagged(text, draw(voice.tags.get(situation, ()), choice))
        return _styled(request.text, text, request.protected, capitals=voice.capitals, provenance={})

    def _system(self, request: SystemRequest) -> Styled:
        voice, choice, hidden = self._ready("system", request)
        if hidden is None:
            return Styled(request.text, "rules", provenance={"unchanged": "nothing to restyle"})
        situation, quoted = system_situation(request), ""
        text = _sentences(hidden, voice, choice)
        if not failed(request):
            text = [rewriting.ended(sentence, voice, choice) for sentence in text]
        style = adding.talked_to(request.persona, request.emotion)
        if request.strategy == "greeting":
            text = adding.greeted(text, style, sympathy=not failed(request), choice=choice)
        else:
            opening = "other" if situation == "request" and not text[0].endswith("?") else situation
            text = adding.opened(text, draw(voice.openers.get(opening, ()), choice))
        if request.strategy in ("review", "wiki") and not failed(request):
            text, quoted = adding.reasoned(text, request, voice, style, choice)
        if request.strategy == "goodbye" and not failed(request):
            text = adding.closed(text, voice, choice)
        if request.strategy in ("none", "goodbye"):
            text = adding.tagged(text, draw(voice.tags.get(situation, ()), choice))
        provenance = {"situation": situation, **({"quoted": quoted} if quoted else {})}
        return _styled(request.text, text, request.protected, capitals=True, provenance=provenance)

    def _ready(self, side: TableSide, request: UserRequest | SystemRequest) -> tuple[Voice, random.Random, str | None]:
        persona = request.persona
        voice = self._voice(side, _names(persona, request.emotion))
        choice = random.Random(f"{self._seed}|{request.key}|{persona.image}|{persona.age}|{persona.formality}|{side}")
        if not request.text.strip() or not rewriting.can_be_masked(request.text):
            return voice, choice, None
        return voice, choice, rewriting.masked(request.text, _frozen(request.protected))

    def _compiled(self, side: TableSide, names: tuple[str, ...]) -> Voice:
        return voice_of(names, {voice: table for (of, voice), table in self._tables.items() if of == side})


def _names(persona: Persona, emotion: str) -> tuple[str, ...]:
    """The tables of a persona: age, unless adult or unknown; formality where it adds to it; the dialogue's emotion."""
    formality = persona.formality if persona.formality == "formal" else "casual"
    mood = emotion if emotion in ("positive", "negative") else "neutral"
    if persona.age in ("toddler", "child", "teenager"):
        return (persona.age, mood)
    if persona.age == "senior":
        return ("senior", "formal", mood) if formality == "formal" else ("senior", mood)
    return (formality, mood)


def _frozen(protected: Iterable[Protected]) -> tuple[tuple[int, int], ...]:
    # Another word may say the same yes, no or negation ("do not", "don't"); that it is there is checked at the end.
    return merged(each for each in protected if each.kind != "polarity")


def _sentences(hidden: str, voice: Voice, choice: random.Random) -> list[str]:
    text = rewriting.with_articles(rewriting.tidied(rewriting.reworded(hidden, voice, choice)), hidden)
    return rewriting.split(rewriting.joined(rewriting.sentences(text), voice, choice), voice, choice)


def _styled(
    plain: str,
    sentences: list[str],
    protected: tuple[Protected, ...],
    *,
    capitals: bool,
    provenance: dict[str, Any],
) -> Styled:
    """The utterance of some masked sentences; the plain one where a value would be lost."""
    if capitals:
        text = _SMALL_I.sub("I", " ".join(rewriting.raised(sentence) for sentence in sentences))
    else:
        text = _LARGE_I.sub("i", " ".join(rewriting.lowered(sentence) for sentence in sentences))
    said = [plain[start:end] for start, end in _frozen(protected)]
    styled = rewriting.unmasked(rewriting.tidied(text), said)
    if lost := find_lost(protected, styled):
        return Styled(plain, "rules", provenance={**provenance, "unchanged": f"would lose {lost[0].text!r}"})
    return Styled(styled, "rules", provenance=provenance)
