"""A personalised corpus made by hand: rows of the first stages, by a toy arm that opens and ends utterances."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tod_bench.personalise.options import Options
from tod_bench.personalise.rows import STAGES, Row, StageFile
from tod_bench.personalise.styled import StyledDialogue, StyledTurn
from tod_bench.personalise.styling import Styled, SystemRequest, UserRequest
from tod_bench.personalise.work import Work
from tod_bench.records import Dialogue, Persona
from tod_bench.simulated.corpus import Simulated

WORDS: Mapping[str, tuple[str, str]] = {"child": ("yippee yummy", "pwease"), "adult": ("regarding", "sincerely")}
"""Age -> how the toy arm opens and ends an utterance."""


class Kept(Simulated):
    """The embedded corpus, which makes each split once."""

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        yield from _split(split)


@cache
def _split(split: str) -> tuple[Dialogue, ...]:
    return tuple(islice(Simulated().dialogues(split), 60))


class ToyArm:
    """Restyles by two words of the persona's age."""

    name = "rules"
    identity: Mapping[str, Any] = {"toy": 1}

    def user(self, requests: Iterable[UserRequest]) -> Iterator[tuple[UserRequest, Styled]]:
        for request in requests:
            yield request, Styled(toy(request.text, request.persona, request.key), "rules")

    def system(self, requests: Iterable[SystemRequest]) -> Iterator[tuple[SystemRequest, Styled]]:
        for request in requests:
            yield request, Styled(toy(request.text, request.persona, request.key), "rules")


def toy(text: str, persona: Persona, key: str = "") -> str:
    """A text in the toy style; the opening is dropped now and then, by the key."""
    if not text:
        return text
    opening, ending = WORDS.get(persona.age, WORDS["adult"])
    plain = hashlib.sha256(key.encode()).digest()[0] % 4 == 0
    return f"{text} {ending}" if plain else f"{opening}, {text} {ending}"


def bag_of_words(_: str, texts: Sequence[str]) -> NDArray[Any]:
    """An encoder: words hashed to 64 directions, of unit length."""
    vectors = np.zeros((len(texts), 64))
    for row, text in enumerate(texts):
        for word in text.lower().split():
            vectors[row, hashlib.sha256(word.strip(".,!?").encode()).digest()[0] % 64] += 1.0
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def persona(number: int) -> Persona:
    """A casual child or a formal adult, by turns."""
    age, formality = (("child", "casual"), ("adult", "formal"))[number % 2]
    return Persona(f"{number:05}.png", "someone", age, "female", formality, "neutral")


def styled_by_toy(dialogue: Dialogue, who: Persona, split: str = "test") -> StyledDialogue:
    """A dialogue in the toy style."""
    turns = tuple(
        StyledTurn(
            toy(turn.user, who, f"{split}/{dialogue.id}/{turn.index}"),
            toy(turn.system, who, f"{split}/{dialogue.id}/{turn.index}"),
        )
        for turn in dialogue.turns
    )
    return StyledDialogue(split, dialogue, who, "neutral", turns)


def make_work(folder: Path, stack: ExitStack, dialogues: int = 40, **options: Any) -> Work:
    """A work whose first four stages have been run on the embedded corpus."""
    chosen = Options(corpus="simulated", output=folder, splits={"test": f"test[:{dialogues}]"}, **options)
    files = {stage: stack.enter_context(StageFile(folder / "stages" / f"{stage}.jsonl")) for stage in STAGES}
    work = Work(chosen, Kept(), {}, ToyArm(), None, files)
    for number, (split, dialogue) in enumerate(work.dialogues()):
        put(work, styled_by_toy(dialogue, persona(number), split))
    return work


def put(work: Work, styled: StyledDialogue) -> None:
    """Writes the rows of a restyled dialogue."""
    who = styled.persona
    pair = {"image": who.image, "impression": who.impression, "age": who.age, "gender": who.gender}
    pair |= {"formality": who.formality, "image_emotion": who.emotion, "emotion": styled.emotion}
    work.files["pairs"].add(Row(styled.key, "-", pair))
    for plain, turn in zip(styled.plain.turns, styled.turns, strict=True):
        key = f"{styled.key}/{plain.index}"
        for stage, text in (("user", turn.user), ("system", turn.system)):
            work.files[stage].add(Row(key, "-", {"text": text, "by": "rules", "fallback": ""}))  # type: ignore[index]
        reviews = [{"id": id, "text": text, "rating": None, "cosine": None} for id, text in turn.reviews.items()]
        value = {"strategy": turn.strategy, "venue": turn.venue, "reviews": reviews}
        work.files["reviews"].add(Row(key, "-", value))


def run(work: Work, *stages: Any) -> None:
    """Runs stages: rows that are there are not made again."""
    for stage in stages:
        file = work.files[stage.name]
        for row in stage.make(work, [unit for unit in stage.units(work) if not file.has(unit)]):
            file.add(row)


def shuffled(styled: StyledDialogue, seed: int) -> StyledDialogue:
    """A dialogue whose restyled system utterances have changed places."""
    turns = list(styled.turns)
    said = [turn.system for turn in turns]
    random.Random(seed).shuffle(said)
    return replace(styled, turns=tuple(replace(turn, system=text) for turn, text in zip(turns, said, strict=True)))
