"""Items and queries: the dialogues that are judged, sampled with a recorded seed and list, and what is asked of each.

The sample is stratified: every group of users has its share of the sample, by largest remainders, and every group that
exists has at least one dialogue where the sample is large enough for that.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.dialogue_ids import DialogueIds
from tod_bench.errors import UserError
from tod_bench.images import FolderImages, Images
from tod_bench.inputs import read_json
from tod_bench.judge.config import OF_CORPUS, JudgeConfig, Sample, Version
from tod_bench.judge.questions import EMOTION, WINNER, attributes_of
from tod_bench.judge.states import TurnState, protocol_of, slots_of, states_of
from tod_bench.predictions import read_predictions
from tod_bench.records import Dialogue, Persona, Turn
from tod_bench.splits import read_split, signed_split
from tod_bench.systems import Exchange
from tod_metrics.judge.ratings import PersonaUse


@dataclass(frozen=True, slots=True)
class Item:
    """A dialogue to be judged.

    Attributes:
        id: The dialogue's id.
        persona: Who the user is.
        versions: Version -> the dialogue's turns in that version.
        states: Version -> its belief state in each turn; empty unless states are judged.
        slots: The corpus's slots, where states are judged.
    """

    id: str
    persona: Persona
    versions: Mapping[str, tuple[Exchange, ...]]
    states: Mapping[str, tuple[TurnState, ...]] = field(default_factory=dict)
    slots: tuple[str, ...] = ()

    @property
    def attributes(self) -> dict[str, str]:
        """What the item's groups are made of."""
        return attributes_of(self.persona)


@dataclass(frozen=True, slots=True)
class ItemSet:
    """The items of a run and where they came from.

    Attributes:
        corpus: The corpus's name.
        fingerprint: The corpus's fingerprint.
        population: Dialogues that the sample was drawn from.
        items: The items, in corpus order.
        split: The split as signatures have it, marked where official files of it are missing.
        images: The pictures that the judge sees; None where it sees none.
        exact_match: The protocol by which states are right or wrong; empty unless states are judged.
    """

    corpus: str
    fingerprint: str
    population: int
    items: tuple[Item, ...]
    split: str = ""
    images: Images | None = None
    exact_match: str = ""


def read_items(config: JudgeConfig) -> ItemSet:
    """Reads, samples and assembles the items of a config.

    Raises:
        UserError: The corpus, a version, a listed dialogue or the pictures are not there, or a response is missing.
    """
    corpus = open_corpus(config.corpus.corpus, **config.corpus.options)
    attributes = {d.id: attributes_of(d.persona) for d in read_split(corpus, config.split)}
    listed = _listed(config.sample.ids, attributes) if config.sample.ids else sample_ids(attributes, config.sample)
    chosen = set(listed)
    judges_states = config.question_file is not None and config.question_file.about == "state"
    responses = {
        name: _responses(Path(version.predictions), chosen)
        for name, version in config.versions.items()
        if version.predictions and not judges_states
    }
    dialogues = [dialogue for dialogue in read_split(corpus, config.split) if dialogue.id in chosen]
    items = tuple(_item(dialogue, config.versions, responses) for dialogue in dialogues)
    if judges_states:
        items = _with_states(config, corpus, dialogues, items)
    split, images = signed_split(corpus, config.split), _images(config, corpus)
    if images is not None and not any(item.persona.image for item in items):
        raise UserError(
            f"judge.images: {corpus.name} names no picture of any user that is judged; leave out judge.images"
        )
    exact_match = protocol_of(corpus) if judges_states else ""
    return ItemSet(corpus.name, corpus.fingerprint, len(attributes), items, split, images, exact_match)


def _with_states(
    config: JudgeConfig, corpus: Corpus, dialogues: Sequence[Dialogue], items: tuple[Item, ...]
) -> tuple[Item, ...]:
    by_version = {name: states_of(corpus, dialogues, version) for name, version in config.versions.items()}
    slots = slots_of(corpus.schema)
    return tuple(
        replace(item, states={name: states[item.id] for name, states in by_version.items()}, slots=slots)
        for item in items
    )


def _images(config: JudgeConfig, corpus: Corpus) -> Images | None:
    """The pictures that a judge config asks for."""
    if config.judge.images is None or not config.shows_images:
        return None
    if config.judge.images != OF_CORPUS:
        return FolderImages(Path(config.judge.images))
    if corpus.images is None:
        raise UserError(
            f"judge.images: {corpus.name} has no pictures of its own; give the folder that they are in, or leave out "
            "judge.images to judge by the impression"
        )
    return corpus.images


def sample_ids(attributes: Mapping[str, Mapping[str, str]], sample: Sample) -> list[str]:
    """Draws a stratified sample.

    Which dialogues of a group are drawn is decided by a hash of seed and id, so it does not depend on file order.

    Args:
        attributes: Dialogue id -> attributes of its user.
        sample: How many, by what, with which seed.

    Returns:
        The ids drawn, group by group.

    Raises:
        UserError: There are fewer dialogues than the sample needs.
    """
    if sample.items is None:
        return list(attributes)
    if sample.items > len(attributes):
        raise UserError(
            f"the sample needs {sample.items} dialogues, and there are {len(attributes)}; lower sample.items"
        )
    strata: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, own in attributes.items():
        strata[tuple(own.get(key, "") for key in sample.by)].append(name)
    groups = sorted(strata)
    shares = allocate([len(strata[group]) for group in groups], sample.items)
    return [
        name
        for group, share in zip(groups, shares, strict=True)
        for name in sorted(strata[group], key=lambda name: _order(sample.seed, name))[:share]
    ]


def allocate(sizes: Sequence[int], total: int) -> list[int]:
    """Deals `total` places to strata in proportion to their sizes, at least one each where there are enough places.

    Largest remainders, ties to the earlier stratum; no stratum gets more than it holds.
    """
    least = 1 if total >= len(sizes) else 0
    exact = [size * total / sum(sizes) for size in sizes]
    places = [min(size, max(least, int(share))) for size, share in zip(sizes, exact, strict=True)]
    while sum(places) != total:
        step = 1 if sum(places) < total else -1
        free = [i for i, size in enumerate(sizes) if (places[i] < size if step > 0 else places[i] > least)]
        places[max(free, key=lambda i: (step * (exact[i] - places[i]), -i))] += step
    return places


def _order(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}|{name}".encode()).hexdigest()


def _listed(path: str, known: Mapping[str, object]) -> list[str]:
    listed = read_json(Path(path))
    if isinstance(listed, dict):  # the items.json of a run
        items = listed.get("items", [])
        are_objects = isinstance(items, list) and all(isinstance(item, dict) for item in items)
        listed = [item.get("id") for item in items] if are_objects else None
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise UserError(f"{path}: a list of dialogues is a JSON list of their ids")
    unknown = [name for name in listed if name not in known]
    if unknown:
        raise UserError(f"{path}: {len(unknown)} of {len(listed)} dialogues are not in the split, e.g. {unknown[0]!r}")
    return listed


def _responses(path: Path, chosen: set[str]) -> dict[tuple[str, int], str]:
    ids = DialogueIds(chosen)
    return {
        (name, line.turn): line.response
        for line in read_predictions(path)
        if line.response is not None and (name := ids.find(line.dialogue_id)) is not None
    }


def _item(
    dialogue: Dialogue, versions: Mapping[str, Version], responses: Mapping[str, Mapping[tuple[str, int], str]]
) -> Item:
    if dialogue.persona is None and any(version.style == "personalised" for version in versions.values()):
        raise UserError(f"dialogue {dialogue.id} has no persona; judge a corpus that has them, such as picpersona")
    return Item(
        dialogue.id,
        dialogue.persona or Persona(),
        {
            name: tuple(_exchange(dialogue, turn, version, responses.get(name)) for turn in dialogue.turns)
            for name, version in versions.items()
        },
    )


def _exchange(
    dialogue: Dialogue, turn: Turn, version: Version, responses: Mapping[tuple[str, int], str] | None
) -> Exchange:
    styled = version.style == "personalised"
    user = _styled(dialogue, turn, turn.styled_user) if styled else turn.user
    if responses is not None and turn.system.strip():
        response = responses.get((dialogue.id, turn.index))
        if response is None:
            raise UserError(
                f"{version.predictions} has no response for dialogue {dialogue.id}, turn {turn.index}; "
                "every turn of a judged dialogue in which the system speaks needs one"
            )
        return Exchange(user, response)
    # Where the system says nothing in the corpus, it says nothing in any version: there is nothing to hold it against.
    return Exchange(user, _styled(dialogue, turn, turn.styled_system) if styled and turn.system else turn.system)


def _styled(dialogue: Dialogue, turn: Turn, text: str | None) -> str:
    if text is None:
        raise UserError(
            f"dialogue {dialogue.id}, turn {turn.index} has no restyled text; use `style: original` or another corpus"
        )
    return text


def shuffled_personas(items: Iterable[Item], seed: int) -> dict[str, Persona]:
    """Gives every item another item's persona, one that looks different wherever such a persona exists.

    Items are sorted by persona and each takes the persona half the list away, so equal personas, which lie together,
    are passed over unless more than half of all are equal.

    Raises:
        UserError: There are fewer than two different personas.
    """
    ranked = sorted(items, key=lambda item: (*_look(item.persona), _order(seed, item.id)))
    if len({_look(item.persona) for item in ranked}) < 2:
        raise UserError("personas cannot be shuffled: all items have the same one")
    half = len(ranked) // 2
    return {item.id: ranked[(place + half) % len(ranked)].persona for place, item in enumerate(ranked)}


def _look(persona: Persona) -> tuple[str, ...]:
    return (persona.age, persona.emotion, persona.formality, persona.impression)


Order: TypeAlias = Literal["ab", "ba"]
"""Presentation order of a pair: ``ab`` shows the first candidate first."""


@dataclass(frozen=True, slots=True)
class Query:
    """One thing asked of a judge.

    Attributes:
        item: The item (a dialogue).
        candidates: Versions of the dialogue it is about. Likert: (reference, rated); pairwise: (first, second);
            emotions: (labelled,).
        questions: Questions in the order shown; ``("winner",)`` and ``("emotion",)`` for the other tasks.
        order: Presentation order of a pair.
        persona: Whose persona is shown.
        repeat: Number of the repeat, from 0.
        turn: The turn's index, for emotions; else None.
    """

    item: str
    candidates: tuple[str, ...]
    questions: tuple[str, ...]
    order: Order = "ab"
    persona: PersonaUse = "own"
    repeat: int = 0
    turn: int | None = None

    @property
    def id(self) -> str:
        """A name that no other query of the run has."""
        turn = "" if self.turn is None else f"#{self.turn}"
        parts = ("+".join(self.candidates), "+".join(self.questions), self.order, self.persona, f"r{self.repeat}")
        return "|".join((f"{self.item}{turn}", *parts))


def queries_of(config: JudgeConfig, item: Item) -> Iterator[Query]:
    """What is asked about an item: every candidate, question, order, persona and repeat."""
    make = {"likert": _likert, "pairwise": _pairwise, "emotions": _emotions, "questions": _own}[config.task]
    for persona in config.personas:
        for repeat in range(config.repeats):
            yield from make(config, item, persona, repeat)


def permuted(questions: tuple[str, ...], seed: int, item: str) -> tuple[str, ...]:
    """The questions in an order that a seeded hash of the item decides, so that no question always comes first."""
    return tuple(sorted(questions, key=lambda name: hashlib.sha256(f"{seed}|{item}|{name}".encode()).digest()))


def _likert(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    shown = config.questions
    if config.protocol != "picpersona":
        shown = permuted(shown, config.sample.seed, item.id)
    for candidate in config.candidates:
        pair = (str(config.reference), candidate)
        if config.ask in ("together", "both"):
            yield Query(item.id, pair, shown, persona=persona, repeat=repeat)
        # With a single question, asked together is asked apart.
        if config.ask in ("apart", "both") and (config.ask == "apart" or len(shown) > 1):
            for question in config.questions:
                yield Query(item.id, pair, (question,), persona=persona, repeat=repeat)


def _pairwise(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    fixed = config.orders == "fixed" or config.protocol == "picpersona"
    orders: tuple[Order, ...] = ("ab",) if fixed else ("ab", "ba")
    for order in orders:
        yield Query(item.id, config.candidates, (WINNER,), order, persona, repeat)


def _emotions(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    for candidate in config.candidates:
        for turn, exchange in enumerate(item.versions[candidate]):
            if exchange.system:
                yield Query(item.id, (candidate,), (EMOTION,), persona=persona, repeat=repeat, turn=turn)


def _own(config: JudgeConfig, item: Item, persona: PersonaUse, repeat: int) -> Iterator[Query]:
    if config.question_file is None:
        return
    asked = config.question_file.asked(item.slots)
    for candidate in config.candidates:
        turns = range(len(item.states[candidate])) if item.states else (None,)
        for turn in turns:
            shown = permuted(asked, config.sample.seed, item.id)
            if config.ask in ("together", "both"):
                yield Query(item.id, (candidate,), shown, persona=persona, repeat=repeat, turn=turn)
            if config.ask == "apart" or (config.ask == "both" and len(shown) > 1):
                for question in asked:
                    yield Query(item.id, (candidate,), (question,), persona=persona, repeat=repeat, turn=turn)
