"""Portraits: everybody can be drawn, what a persona says changes the picture, and pixels stay what they are."""

import hashlib
import io
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tod_bench.errors import UserError
from tod_bench.records import Persona
from tod_bench.simulated import Simulated
from tod_bench.simulated.phrase_tables import phrase_table
from tod_bench.simulated.portraits import VERSION, DrawnPortraits, drawn, image_name, portrait
from tod_bench.simulated.portraits.clothes import CLOTHES
from tod_bench.simulated.portraits.face import EXPRESSIONS
from tod_bench.simulated.portraits.hair import STYLES
from tod_bench.simulated.portraits.look import BUILDS, EMOTIONS, FORMALITIES, GENDERS

PINNED = "14186c69e969c647fdb3fcb528a49e1516fc825f8d2db3494d59ea8c30a5534e"
"""SHA-256 over the pixels of the first 30 portraits of the test split for seed 1; it changes with any change of what is
drawn, and `tod_bench.simulated.portraits.VERSION` must then move."""

ADULT = Persona(
    impression="The picture shows a grown man in a T-shirt, with a calm look.",
    age="adult",
    gender="male",
    formality="casual",
    emotion="neutral",
)


def phrases(group: str) -> list[str]:
    return [phrase for kind in phrase_table("portraits")[group].values() for phrase in kind]


def pixels(persona: Persona, key: str = "one", side: int = 64) -> np.ndarray:
    return np.asarray(portrait(persona, key, side))


def test_pixels_are_pinned() -> None:
    total = hashlib.sha256()
    for dialogue in Simulated({"test": 30}).dialogues("test"):
        assert dialogue.persona is not None
        total.update(pixels(dialogue.persona, dialogue.persona.image).tobytes())
    assert (VERSION, total.hexdigest()) == ("1", PINNED)


def test_the_same_file_in_every_process() -> None:
    name = image_name(3, "dev", 17)
    code = (
        "import sys; from tod_bench.simulated.portraits import DrawnPortraits; "
        f"sys.stdout.buffer.write(DrawnPortraits().data({name!r}))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=True)
    assert done.stdout == DrawnPortraits().data(name)


def test_every_phrase_and_every_age_has_a_drawing() -> None:
    assert sorted(CLOTHES) == sorted(phrases("clothes"))
    assert sorted(EXPRESSIONS) == sorted(phrases("face"))
    for gender, age in product(GENDERS, BUILDS):
        assert sum(share for _, share in STYLES[gender][age]) == pytest.approx(1)


def test_everybody_can_be_drawn() -> None:
    drawn = set()
    unknown = ("unknown", "")
    for age, gender in product((*BUILDS, *unknown), (*GENDERS, *unknown)):
        for formality, emotion in product((*FORMALITIES, "unknown"), (*EMOTIONS, "unknown")):
            picture = portrait(Persona("", "A person.", age, gender, formality, emotion), f"{age}{gender}", 16)
            assert (picture.size, picture.mode) == ((16, 16), "RGB")
            drawn.add(picture.tobytes())
    assert len(drawn) > 150  # what is unknown may be drawn as if it were known


@pytest.mark.parametrize(
    "other",
    [
        replace(ADULT, age="senior"),
        replace(ADULT, gender="female"),
        *(replace(ADULT, impression=ADULT.impression.replace("in a T-shirt", one)) for one in phrases("clothes")[:7:3]),
        *(replace(ADULT, impression=ADULT.impression.replace("with a calm look", one)) for one in phrases("face")[::3]),
    ],
)
def test_what_a_persona_says_changes_the_picture_and_not_what_is_around_it(other: Persona) -> None:
    same = 0
    for key in map(str, range(6)):
        one, two = pixels(ADULT, key), pixels(other, key)
        assert (one != two).any()
        same += (one[:4, :4] == two[:4, :4]).all()
        same += (one[:4, -4:] == two[:4, -4:]).all()
    assert same == 12


def test_clothes_and_face_of_an_impression_stand_before_the_attributes() -> None:
    other = replace(ADULT, formality="formal", emotion="positive")
    assert (pixels(other) == pixels(ADULT)).all()
    silent = replace(ADULT, impression="")
    assert any((pixels(silent, key) != pixels(replace(silent, emotion="negative"), key)).any() for key in "abc")
    assert any((pixels(silent, key) != pixels(replace(silent, formality="formal"), key)).any() for key in "abc")


def test_another_key_is_another_picture_of_the_same_persona() -> None:
    assert len({portrait(ADULT, str(key)).tobytes() for key in range(20)}) == 20


def test_sizes_show_the_same_person() -> None:
    small = pixels(ADULT, "size", 32).astype(int)
    large = np.asarray(portrait(ADULT, "size", 256).reduce(8)).astype(int)
    other = pixels(ADULT, "another", 32).astype(int)
    assert abs(small - large).mean() < 10 < abs(small - other).mean()
    assert portrait(ADULT, "size", 300).size == (300, 300)


@pytest.mark.parametrize("side", [15, 0, -64, 1025, 64.5])
def test_a_size_that_cannot_be_drawn_is_refused(side: int) -> None:
    with pytest.raises(UserError, match="ask for 16 to 1024"):
        portrait(ADULT, "one", side)


def test_a_corpus_has_the_portraits_of_its_users() -> None:
    corpus = Simulated({"train": 1, "dev": 1, "test": 1}, seed=5, style="personalised")
    for split in corpus.splits:
        for dialogue in corpus.dialogues(split):
            assert dialogue.persona is not None
            name = dialogue.persona.image
            with Image.open(io.BytesIO(corpus.images.data(name))) as opened:
                assert opened.format == "PNG"
                assert np.array_equal(np.asarray(opened), pixels(dialogue.persona, name))
    assert corpus.images.fingerprint == Simulated().images.fingerprint != DrawnPortraits(32).fingerprint


def test_other_users_are_other_portraits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path))
    before, path = DrawnPortraits().fingerprint, DrawnPortraits().path("1/train/00001.png")
    monkeypatch.setattr("tod_bench.simulated.portraits.drawn.phrase_table", lambda _: {"person": {}})
    drawn._users.cache_clear()
    try:
        assert DrawnPortraits().fingerprint != before
        assert DrawnPortraits().path("1/train/00001.png") != path
    finally:
        drawn._users.cache_clear()


def test_portraits_of_one_seed_have_one_origin() -> None:
    images = DrawnPortraits()
    assert images.origin(image_name(1, "train", 0)) == images.origin(image_name(1, "test", 7))
    assert images.origin(image_name(1, "train", 0)) != images.origin(image_name(11, "train", 0))


def test_a_file_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path))
    name = image_name(1, "train", 100000)
    path = DrawnPortraits().path(name)
    made_by = DrawnPortraits().fingerprint[:16]
    assert path == tmp_path / "portraits" / made_by / "1" / "train" / "100000.png"
    assert path.read_bytes() == DrawnPortraits().data(name)
    path.write_bytes(b"as it was")
    assert DrawnPortraits().path(name).read_bytes() == b"as it was"
    assert DrawnPortraits(32).path(name) != path
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["100000.png"] * 2


@pytest.mark.parametrize(
    "name",
    [
        *("", "portraits/adult/000001.png", "1/train/1.png", "1/train/00001.jpg", "1/valid/00001.png"),
        *(
            "01/train/00001.png",
            "-0/train/00001.png",
            "1/train/000001.png",
            "../1/train/00001.png",
            "1/train/00001.png\n",
        ),
        "1/train/٠٠٠٠١.png",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    for ask in (DrawnPortraits().data, DrawnPortraits().path):
        with pytest.raises(
            UserError, match=r"is no portrait of the embedded corpus; its names are like '1/train/00000.png'"
        ):
            ask(name)


def test_seeds_below_zero_have_portraits_too() -> None:
    (dialogue,) = Simulated({"test": 1}, seed=-3).dialogues("test")
    assert dialogue.persona is not None
    assert DrawnPortraits().data(dialogue.persona.image)
