"""Split expressions."""

import gc
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.gc import gc_paused
from tod_bench.records import Dialogue
from tod_bench.splits import common_dialogues, parse_split, read_all, read_split, whole_split

CORPUS = open_corpus("simulated", dialogues={"train": 4, "dev": 10, "test": 3})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("test", ["test:0", "test:1", "test:2"]),
        ("dev[8:]", ["dev:8", "dev:9"]),
        ("dev[:2]+test[1:2]", ["dev:0", "dev:1", "test:1"]),
        ("dev[90%:]", ["dev:9"]),
        ("dev[:15%]", ["dev:0"]),
        ("dev[0:0]", []),
        ("test[2:99]", ["test:2"]),
        ("dev[::4]", ["dev:0", "dev:4", "dev:8"]),
        ("dev[1:9:3]+test[::9]", ["dev:1", "dev:4", "dev:7", "test:0"]),
        ("dev[50%::2]", ["dev:5", "dev:7", "dev:9"]),
    ],
)
def test_expressions_choose_by_file_order(expression, expected):
    places = {
        dialogue.id: f"{split}:{index}"
        for split in ("dev", "test")
        for index, dialogue in enumerate(CORPUS.dialogues(split))
    }
    assert [places[dialogue.id] for dialogue in read_split(CORPUS, expression)] == expected


@pytest.mark.parametrize(
    "expression", ["", "dev[", "dev[a:b]", "dev[3]", "dev++test", "dev[-1:]", "dev[::0]", "dev[::]"]
)
def test_unreadable_expressions(expression):
    with pytest.raises(UserError, match="cannot be read"):
        parse_split(expression)


def test_a_split_that_is_not_there():
    with pytest.raises(UserError, match="has no split 'valid'; it has train, dev, test"):
        list(read_split(CORPUS, "valid"))


def test_dialogues_about_a_service():
    corpus = open_corpus("simulated", dialogues={"test": 40})
    every = list(corpus.dialogues("test"))
    taxi = [dialogue.id for dialogue in every if "taxi" in dialogue.services]
    assert 3 < len(taxi) < 40
    assert [dialogue.id for dialogue in read_split(corpus, "test{taxi}")] == taxi
    assert [dialogue.id for dialogue in read_split(corpus, "test{taxi}[1:3]")] == taxi[1:3]
    assert [dialogue.id for dialogue in read_split(corpus, "test{taxi}[:50%]")] == taxi[: len(taxi) // 2]


def test_a_service_held_out_leaves_the_others():
    corpus = open_corpus("simulated", dialogues={"test": 40})
    every = list(corpus.dialogues("test"))
    others = [dialogue.id for dialogue in every if "taxi" not in dialogue.services]
    assert 3 < len(others) < 40
    assert [dialogue.id for dialogue in read_split(corpus, "test{-taxi}")] == others
    assert [dialogue.id for dialogue in read_split(corpus, "test{-taxi}[:2]")] == others[:2]
    assert whole_split("test{-taxi}[:2]") == "test"
    assert common_dialogues(corpus, "test{-taxi}", "test{taxi}") == 0
    assert common_dialogues(corpus, "test{-taxi}", "test{hotel}") > 0
    with pytest.raises(UserError, match="cannot be read"):
        parse_split("test{!taxi}")


def test_a_service_that_is_misspelt_is_not_held_out_in_silence():
    corpus = open_corpus("simulated", dialogues={"test": 5})
    with pytest.raises(UserError, match=r"test\{-Taxi\}: no dialogue of .* is about 'Taxi'.*; did you mean 'taxi'"):
        read_all(corpus, "test{-Taxi}[:2]")


def test_a_service_of_another_split_may_be_held_out_of_one_that_lacks_it():
    dialogues = {
        "train": [Dialogue("a", "c", "train", ("Media_1",), ())],
        "test": [Dialogue("b", "c", "test", ("Buses",), ())],
    }
    corpus = SimpleNamespace(
        name="c", splits=tuple(dialogues), schema={}, dialogues=lambda split: iter(dialogues[split])
    )
    assert [one.id for one in read_split(corpus, "train{-Buses}")] == ["a"]
    with pytest.raises(UserError, match="is about 'Bus'"):
        list(read_split(corpus, "train{-Bus}"))


SERVICES = st.lists(st.sets(st.sampled_from(["taxi", "hotel", "train"])), max_size=8)


@given(SERVICES, st.sampled_from(["taxi", "hotel", "train"]))
def test_with_and_without_a_service_partition_a_split(services, held_out):
    dialogues = [Dialogue(str(place), "c", "test", tuple(named), ()) for place, named in enumerate(services)]
    corpus = SimpleNamespace(name="c", splits=("test",), schema={held_out: {}}, dialogues=lambda split: iter(dialogues))
    about, others = ([one.id for one in read_split(corpus, f"test{{{sign}{held_out}}}")] for sign in ("", "-"))
    assert sorted([*about, *others], key=int) == [one.id for one in dialogues]
    assert not set(about) & set(others)
    assert [one.id for one in dialogues if held_out in one.services] == about


def test_a_split_read_at_once_is_the_split_and_the_collector_runs_again_afterwards() -> None:
    corpus = open_corpus("simulated", dialogues={"test": 20})
    assert gc.isenabled()
    assert read_all(corpus, "test[5:]") == list(read_split(corpus, "test[5:]"))
    with pytest.raises(UserError, match="no split"):
        read_all(corpus, "valid")
    assert gc.isenabled()


def test_a_pause_of_the_collector_ends_only_what_it_began() -> None:
    with gc_paused():
        with gc_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
