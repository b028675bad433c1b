"""Who users may be, and who a dialogue's user becomes."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.errors import UserError
from tod_bench.personalise.pairing import Pool, pair, pool_of, shared_out
from tod_bench.personalise.persona_files import Faces, read_faces
from tod_bench.records import Persona

EMOTIONS = ("positive", "neutral", "negative")


def persona(image: str, emotion: str = "positive", age: str = "adult", **more: str) -> Persona:
    return Persona(image, f"Somebody on {image}.", age, more.get("gender", "female"), "casual", emotion)


def pool(reading: str, number: int = 30, negative: int = 3) -> Pool:
    faces = [persona(f"{place}.png", EMOTIONS[place % 2]) for place in range(number)]
    faces += [persona(f"n{place}.png", "negative") for place in range(negative)]
    return pool_of(reading, Faces({face.image: face for face in faces}))


def test_the_released_files(tmp_path: Path):
    lines = {
        "1.png": "gender : female, age : adult, emotion : positive, formality : casual",
        "2.png": "gender: - age: senior emotion: neutral formality: formal",
    }
    (tmp_path / "demo.json").write_text(json.dumps(lines))
    (tmp_path / "FI.json").write_text(json.dumps(dict.fromkeys([*lines, "3.png"], "An impression.")))
    faces = read_faces(tmp_path)
    assert faces.personas["1.png"] == Persona("1.png", "An impression.", "adult", "female", "casual", "positive")
    assert faces.assumed_male == {"2.png"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.csv", "image,impression,age,gender,formality,emotion\na.png,Neat.,Adult,female,formal,neutral\n"),
        ("mine.json", '[{"image": "a.png", "impression": "Neat.", "age": "adult", "gender": "female", '
                      '"formality": "formal", "emotion": "neutral"}]'),
        ("mine.json", '{"a.png": {"impression": "Neat.", "age": "adult", "gender": "female", "formality": "formal", '
                      '"emotion": "neutral"}}'),
    ],
)  # fmt: skip
def test_personas_of_ones_own(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_text(text)
    assert read_faces(tmp_path / name).personas == {
        "a.png": Persona("a.png", "Neat.", "adult", "female", "formal", "neutral")
    }


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("mine.csv", "picture,age\na.png,adult\n", "no column image"),
        ("mine.csv", "image,ages\na.png,adult\n", "no field 'ages'; did you mean 'age'"),
        ("mine.csv", "image,age\na.png,old\n", "line 2: age is 'old'; it can be toddler, child"),
        ("mine.csv", "image,age\na.png,adult\na.png,adult\n", "line 3: the image 'a.png' is there twice"),
        ("mine.csv", "image,age\n,adult\n", "the image has no name"),
        ("mine.csv", "image,age\na.png,adult,more\n", "no field None"),
        ("mine.csv", "image,age\n", "no persona"),
        ("mine.json", "{", "cannot be read"),
        ("mine.json", "[1]", "neither a list of objects"),
        ("mine.json", '[{"image": 1}]', "image is 1, not a text"),
        ("mine.txt", "", "neither a .csv nor a .json"),
    ],
)
def test_personas_that_cannot_be_read_are_one_sentence(tmp_path: Path, name: str, text: str, said: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=said) as error:
        read_faces(tmp_path / name)
    assert "\n" not in str(error.value)


def test_no_personas(tmp_path: Path):
    with pytest.raises(UserError, match=r"give a folder with demo.json and FI.json, or a .csv or .json file"):
        read_faces(tmp_path)


def test_who_is_left_out_and_why():
    faces = [
        persona("1"),
        persona("2", age="toddler"),
        persona("3", age="unknown"),
        persona("4", "unknown"),
        persona("5", gender=""),
        persona("6", gender="male"),
    ]
    given_ = Faces({face.image: face for face in faces}, frozenset("6"))
    assert list(pool_of("tod_bench", given_).personas) == ["1"]
    assert pool_of("tod_bench", given_).left_out == {
        "toddler": 1, "age unknown": 1, "emotion unknown": 1, "gender unknown": 2,
    }  # fmt: skip
    assert list(pool_of("paper_text", given_).personas) == ["1", "3", "5", "6"]
    assert list(pool_of("picpersona", given_).personas) == ["1", "2", "3", "5", "6"]


def test_nobody_is_left():
    with pytest.raises(UserError, match=r"no persona can be paired with a dialogue \(1 toddler\)"):
        pool_of("tod_bench", Faces({"1": persona("1", age="toddler")}))


LABELS = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.sampled_from(EMOTIONS), max_size=60)


@given(LABELS, LABELS, st.integers(0, 3))
def test_ours_has_no_image_in_two_splits_and_none_twice_while_there_are_others(train, test, seed):
    sizes = {"train": len(train), "dev": 5, "test": len(test)}
    ours = pool("tod_bench", 60, 12)
    of_train = pair(ours, seed, "train", train, sizes)
    of_test = pair(ours, seed, "test", test, sizes)
    assert not {found.image for found in of_train.values()} & {found.image for found in of_test.values()}
    for labels, pairs in ((train, of_train), (test, of_test)):
        assert pairs.keys() == labels.keys()
        for name, found in pairs.items():
            assert found.other_emotion == (ours.personas[found.image].emotion != labels[name])
        times = Counter(found.image for found in pairs.values())
        by_emotion = {}
        for image, count in times.items():
            by_emotion.setdefault(ours.personas[image].emotion, []).append(count)
        assert all(max(counts) - min(counts) <= 1 for counts in by_emotion.values())
        assert sum(found.reused for found in pairs.values()) == sum(count - 1 for count in times.values())


def test_the_seed_decides():
    labels = dict.fromkeys(map(str, range(10)), "positive")
    sizes = {"train": 10}
    first, again, other = (pair(pool("tod_bench"), seed, "train", labels, sizes) for seed in (0, 0, 1))
    assert first == again != other


def test_released_pairing_takes_neutral_people_for_negative_dialogues_and_any_split():
    labels = {str(number): "negative" for number in range(200)}
    as_released = pair(pool("picpersona"), 0, "test", labels, {})
    emotions = {pool("picpersona").personas[found.image].emotion for found in as_released.values()}
    assert emotions == {"negative", "neutral"}
    printed = pair(pool("paper_text"), 0, "test", labels, {})
    assert {pool("paper_text").personas[found.image].emotion for found in printed.values()} == {"negative"}
    assert len({found.image for found in printed.values()}) == 3  # with replacement


def test_a_dialogue_draws_alone():
    labels = {str(number): "positive" for number in range(20)}
    whole = pair(pool("paper_text"), 0, "test", labels, {})
    part = pair(pool("paper_text"), 0, "test", {"3": "positive"}, {})
    assert part["3"] == whole["3"]


def test_no_persona_of_an_emotion():
    with pytest.raises(UserError, match="no persona has the emotion negative"):
        pair(pool("paper_text", negative=0), 0, "test", {"1": "negative"}, {})
    found = pair(pool("tod_bench", negative=0), 0, "test", {"1": "negative"}, {"test": 1})
    assert found["1"].other_emotion


def test_too_few_people_for_the_splits():
    faces = Faces({"1": persona("1")})
    sizes = {"train": 5, "test": 1}
    pair(pool_of("tod_bench", faces), 0, "train", {"a": "positive"}, sizes)
    with pytest.raises(UserError, match="the 1 personas are too few for 2 splits"):
        pair(pool_of("tod_bench", faces), 0, "test", {"a": "positive"}, sizes)


@given(
    st.integers(0, 200),
    st.dictionaries(st.sampled_from(["train", "dev", "test"]), st.integers(0, 500), min_size=1),
    st.integers(0, 5),
)
def test_images_are_shared_out_in_proportion(number, sizes, seed):
    images = [f"{place}.png" for place in range(number)]
    shares = shared_out(images, seed, sizes)
    filled = [split for split, size in sizes.items() if size]
    assert sorted(image for share in shares.values() for image in share) == sorted(images if filled else [])
    for split in filled:
        exact = number * sizes[split] / sum(sizes.values())
        assert abs(len(shares[split]) - exact) <= len(filled)
        assert shares[split] or number < len(filled)
