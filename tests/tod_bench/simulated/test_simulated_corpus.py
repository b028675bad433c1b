"""The simulated corpus as a corpus: options, streaming, determinism, pinned bytes."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

import pytest

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.errors import UserError
from tod_bench.simulated import Simulated

SLOTS = {"restaurant": 7, "hotel": 10, "attraction": 3, "train": 6, "taxi": 4}
PINNED = "cc71b9c3e606f94e613b50f5db5c9366aa720ab71eb694563cb2d2a405fcbd5f"
"""SHA-256 over the first 40 dialogues of each split for seed 1; it changes with any change of what can be scored, and
`tod_bench.simulated.corpus.VERSION` must then move. The names of pictures had another form when it was first taken, and
have that form again where it is computed."""


def digest(corpus: Simulated) -> str:
    total = hashlib.sha256()
    for split in corpus.splits:
        for index, dialogue in enumerate(corpus.dialogues(split)):
            assert dialogue.persona is not None
            former = replace(dialogue.persona, image=f"portraits/{dialogue.persona.age}/{index:06}.png")
            total.update(json.dumps(asdict(replace(dialogue, persona=former)), ensure_ascii=False).encode())
    return total.hexdigest()


def small(**options: Any) -> Simulated:
    return Simulated({"train": 40, "dev": 40, "test": 40}, **options)


def test_it_is_a_corpus_found_by_name() -> None:
    corpus = open_corpus("simulated", dialogues={"train": 3})
    assert isinstance(corpus, Corpus)
    assert corpus.splits == ("train", "dev", "test")
    assert corpus.skipped == ()
    assert [dialogue.corpus for dialogue in corpus.dialogues("train")] == [corpus.name] * 3


def test_schema_has_the_30_slots() -> None:
    schema = Simulated().schema
    assert {domain: len(slots) for domain, slots in schema.items()} == SLOTS


def test_default_sizes() -> None:
    corpus = Simulated()
    assert [sum(1 for _ in corpus.dialogues(split)) for split in ("dev", "test")] == [200, 300]
    assert next(iter(corpus.dialogues("train"))).id == "sim-train-00000"


def test_streams_without_making_the_whole_split() -> None:
    endless = Simulated({"train": 10**9}).dialogues("train")
    assert [dialogue.id for dialogue in islice(endless, 2)] == ["sim-train-00000", "sim-train-00001"]


def test_a_dialogue_does_not_depend_on_how_many_are_asked_for() -> None:
    few, many = Simulated({"test": 5}), Simulated({"test": 25, "train": 1})
    assert list(few.dialogues("test")) == list(islice(many.dialogues("test"), 5))


def test_splits_and_seeds_differ() -> None:
    texts = {
        (seed, split): tuple(turn.user for dialogue in small(seed=seed).dialogues(split) for turn in dialogue.turns)
        for seed in (1, 2)
        for split in ("train", "dev", "test")
    }
    assert len(set(texts.values())) == 6


def test_ids_are_unique() -> None:
    corpus = small()
    ids = [dialogue.id for split in corpus.splits for dialogue in corpus.dialogues(split)]
    assert len(set(ids)) == len(ids)


def test_bytes_are_pinned() -> None:
    assert digest(small()) == PINNED


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import json, sys; from dataclasses import asdict; from tod_bench.simulated import Simulated; "
        "corpus = Simulated({'train': 20}); "
        "sys.stdout.write(json.dumps([asdict(d) for d in corpus.dialogues('train')]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(outputs) == 1


def test_fingerprint_moves_with_every_option() -> None:
    options: list[dict[str, Any]] = [
        {},
        {"seed": 2},
        {"style": "personalised"},
        {"style": "personalised_system"},
        {"paraphrase": 0.1},
        {"unseen": 0.0},
        {"dialogues": {"dev": 201}},
    ]
    prints = [Simulated(**option).fingerprint for option in options]
    assert len(set(prints)) == len(options)
    assert prints[0] == Simulated({"train": 4000}).fingerprint


def test_fingerprint_moves_with_the_portraits(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Simulated().fingerprint
    monkeypatch.setattr("tod_bench.simulated.portraits.VERSION", "another")
    assert Simulated().fingerprint != before


def test_a_picture_is_named_by_its_dialogue_alone() -> None:
    names: list[str] = []
    for seed in (1, 2):
        for split in ("train", "dev", "test"):
            found = [dialogue.persona for dialogue in small(seed=seed).dialogues(split)]
            images = [persona.image for persona in found if persona is not None]
            assert images == [f"{seed}/{split}/{index:05}.png" for index in range(40)]
            names += images
    assert len(set(names)) == len(names) == 240


def test_a_personalised_system_answers_a_plain_user() -> None:
    plain, styled, mixed = (
        [one for split in ("train", "test") for one in small(style=style, unseen=0.3).dialogues(split)]
        for style in ("original", "personalised", "personalised_system")
    )
    assert {one.corpus for one in mixed} == {"simulated1-personalised_system"}
    for one, other, both in zip(plain, styled, mixed, strict=True):
        assert replace(both, corpus="", turns=()) == replace(one, corpus="", turns=())
        for said, restyled, turn in zip(one.turns, other.turns, both.turns, strict=True):
            spans = [span for span in said.spans if span.side == "user"]
            spans += [span for span in restyled.spans if span.side == "system"]
            assert turn == replace(said, system=restyled.system, spans=tuple(spans))
            assert (turn.styled_user, turn.styled_system) == (restyled.user, restyled.system)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"dialogues": {"tset": 3}}, "did you mean 'test'"),
        ({"dialogues": {"test": -1}}, "dialogues.test: -1"),
        ({"dialogues": {"test": "many"}}, "'many' is not a number"),
        ({"dialogues": {"test": True}}, "True is not a number"),
        ({"style": "fancy"}, "original, personalised or personalised_system"),
        ({"style": "personalized_system"}, "did you mean 'personalised_system'"),
        ({"paraphrase": 1.5}, "paraphrase must be between 0 and 1"),
        ({"unseen": -0.1}, "unseen must be between 0 and 1"),
    ],
)
def test_bad_options_are_told_in_a_sentence(options: dict[str, Any], part: str) -> None:
    with pytest.raises(UserError, match=part):
        Simulated(**options)


def test_an_unknown_split_is_refused_at_once() -> None:
    with pytest.raises(UserError, match="no split 'valid'"):
        Simulated().dialogues("valid")
