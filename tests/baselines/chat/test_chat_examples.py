"""The pool of examples: which turns a prompt shows."""

import json
import random
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from tod_baselines.chat import examples as module
from tod_baselines.chat.examples import Pool
from tod_baselines.chat.reading import changes_between
from tod_bench import open_corpus
from tod_bench.embeddings import MINILM_PACKAGE, Embedded, Lexical, version_of
from tod_bench.errors import UserError
from tod_bench.records import Dialogue, Turn, first_values
from tod_bench.systems import Exchange, TurnInput
from tod_bench.tasks import turn_inputs


@pytest.fixture(scope="module")
def train() -> list[Dialogue]:
    return list(islice(open_corpus("simulated").dialogues("train"), 60))


@pytest.fixture(scope="module")
def asked() -> list[TurnInput]:
    return list(turn_inputs(islice(open_corpus("simulated").dialogues("test"), 4), "dst"))


def dialogue(name: str, *users: str, domain: str = "hotel", slot: str = "area") -> Dialogue:
    turns = [
        Turn(index, user, f"answer {index}", state={domain: {slot: (user,)}}, services=(domain,))
        for index, user in enumerate(users)
    ]
    return Dialogue(name, "mine", "train", (domain,), tuple(turns))


SMALL = [
    dialogue("a", "a cheap hotel in the north", "a cheap hotel in the north please"),
    dialogue("b", "a cheap hotel in the south"),
    dialogue("c", "a taxi to the station", domain="taxi", slot="destination"),
    dialogue("d", "a train to ely", domain="train", slot="destination"),
]


def chosen(pool: Pool, said: str, name: str = "z", turn: int = 0) -> list[tuple[str, int]]:
    shown = pool.examples(TurnInput(name, turn, (), said), {}, "dst")
    return [(example.dialogue_id, example.turn) for example in shown]


def made(folder: Path, **choice: object) -> Pool:
    return Pool.make(SMALL, folder=folder, **{"shots": 2, **choice})  # type: ignore[arg-type]


def test_the_most_similar_turn_is_the_last(tmp_path: Path) -> None:
    assert chosen(made(tmp_path, select="nearest"), "a train to ely today")[-1] == ("d", 0)
    assert chosen(made(tmp_path, select="nearest"), "cheap hotel north") == [("a", 0), ("a", 1)]


def test_diverse_examples_are_unlike_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [dialogue(name, "cheap hotel north") for name in "xy"]
    other = dialogue("w", "train leaving", domain="train", slot="day")
    said, found = "cheap hotel north and a train", {}
    for select, redundancy in (("nearest", 0.0), ("diverse", 0.0), ("diverse", 0.9)):
        monkeypatch.setattr("tod_baselines.chat.retrieval.REDUNDANCY", redundancy)
        pool = Pool.make([*twins, other], folder=tmp_path, shots=2, select=select)
        found[select, redundancy] = chosen(pool, said)
    assert found["nearest", 0.0] == found["diverse", 0.0] == [("y", 0), ("x", 0)]
    assert found["diverse", 0.9] == [("w", 0), ("x", 0)]


def test_fixed_examples_take_one_domain_after_the_other(tmp_path: Path) -> None:
    pool = made(tmp_path, select="fixed", shots=4)
    assert chosen(pool, "x") == [("b", 0), ("d", 0), ("c", 0), ("a", 0)]
    assert chosen(pool, "something else", "y", 3) == chosen(pool, "x")


def test_random_examples_hang_on_the_seed_and_the_turn_alone(tmp_path: Path) -> None:
    pools = [made(tmp_path / str(seed), select="random", seed=seed) for seed in (0, 0, 1)]
    drawn = [[chosen(pool, said, "z", turn) for turn in range(8)] for pool, said in zip(pools, "xyz", strict=True)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert len(set(map(str, drawn[0]))) > 1


@pytest.mark.parametrize("select", module.SELECTIONS)
def test_no_example_is_of_the_dialogue_itself(tmp_path: Path, select: str) -> None:
    pool = made(tmp_path, select=select, shots=3)
    for own in "abcd":
        found = chosen(pool, "a cheap hotel in the north", own)
        assert own not in [name for name, _ in found]
        assert len(found) == 3


@pytest.mark.parametrize("select", module.SELECTIONS)
def test_a_pool_that_is_loaded_chooses_as_the_one_that_was_made(
    tmp_path: Path, select: str, train: list[Dialogue], asked: list[TurnInput]
) -> None:
    pool = Pool.make(train, folder=tmp_path, shots=3, select=select, pool="50%", seed=3)
    loaded = Pool.load(tmp_path)
    for turn in asked:
        assert loaded.examples(turn, {}, "dst") == pool.examples(turn, {}, "dst")
    assert loaded.record() == pool.record()
    assert loaded.record()["pool_dialogues"] == 30
    assert len(json.loads((tmp_path / "examples.json").read_text(encoding="utf-8"))["dialogues"]) == 30


def test_an_example_is_the_turn_of_the_corpus(tmp_path: Path, train: list[Dialogue], asked: list[TurnInput]) -> None:
    turns = {(each.id, turn.index): (each, turn) for each in train for turn in each.turns}
    for example in Pool.make(train, folder=tmp_path, shots=5, select="random").examples(asked[0], {}, "dst"):
        source, turn = turns[example.dialogue_id, example.turn]
        before = source.turns[: turn.index]
        assert example.state == first_values(turn.state)
        assert example.previous == (first_values(before[-1].state) if before else {})
        assert [(each.user, each.system) for each in example.history] == [(each.user, each.system) for each in before]


def test_the_state_that_was_predicted_counts(tmp_path: Path) -> None:
    first = [dialogue(str(number), "hello", "the same words") for number in range(3)]
    spoken = [
        replace(each, turns=(replace(each.turns[0], state={"hotel": {"area": (area,)}}), each.turns[1]))
        for each, area in zip(first, ("north", "south", "west"), strict=True)
    ]
    pool = Pool.make(spoken, folder=tmp_path, shots=1)
    turn = TurnInput("z", 1, (), "the same words")
    for number, area in enumerate(("north", "south", "west")):
        assert pool.examples(turn, {"hotel": {"area": area}}, "dst")[0].dialogue_id == str(number)


def test_without_states_turns_are_compared_by_their_words_alone(tmp_path: Path) -> None:
    later = dialogue("later", "hello there", "a train", domain="train", slot="destination")
    Pool.make([*SMALL, later], folder=tmp_path, shots=1)
    turn = TurnInput("z", 1, (Exchange("hello", "answer 0"),), "a train")
    alone = Pool.load(tmp_path, states=False)
    assert [each.turn for each in alone.examples(turn, {}, "dst")] == [1]
    assert alone.examples(turn, {"hotel": {"area": "a cheap hotel in the south"}}, "dst") == alone.examples(
        turn, {}, "dst"
    )
    assert alone.record()["compared_by"] == "last exchange"
    assert Pool.load(tmp_path).record()["compared_by"] == "last exchange and state"


def test_responses_are_compared_by_the_state_that_is_shown(tmp_path: Path) -> None:
    silent = replace(SMALL[0], id="silent", turns=(replace(SMALL[0].turns[0], system=""),))
    pool = Pool.make([*SMALL, silent], folder=tmp_path, shots=5)
    turn = TurnInput("z", 0, (), "x", state={"train": {"destination": ("a train to ely",)}})
    shown = pool.examples(turn, {}, "response")
    assert shown[-1].dialogue_id == "d"
    assert "silent" not in [example.dialogue_id for example in shown]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"pool": "9"}, "pool: 9 dialogues were asked for, and train has 4"),
        ({"pool": "0%"}, "pool must be all, a share"),
        ({"pool": "120%"}, "pool must be all, a share"),
        ({"pool": "train[:5%]"}, "pool must be all, a share"),
        ({"select": "best"}, "select must be one of fixed, random, nearest, diverse"),
        ({"shots": 6}, "shots: 6 examples were asked for, and the pool has 5 turns"),
    ],
)
def test_what_cannot_be_a_pool_is_refused(tmp_path: Path, settings: dict[str, object], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        made(tmp_path, **settings)


def test_a_pool_that_was_not_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no examples\.json"):
        Pool.load(tmp_path)


def test_texts_without_words_are_like_nothing() -> None:
    lexical = Lexical(["", "a b"])
    assert lexical.to_query("").tolist() == [0, 0]
    assert lexical.to_query("unseen").tolist() == [0, 0]
    assert lexical.to_member(0).tolist() == [1, 0]
    assert Lexical([""]).to_query("x").tolist() == [0]
    assert lexical.to_query("b")[1] == pytest.approx(1)


class Hashed:
    """Stands in for an encoder: a vector a text, drawn from the text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: list[str], **_: object) -> np.ndarray:
        self.texts += texts
        drawn = np.array([[random.Random(f"{text}{axis}").gauss(0, 1) for axis in range(8)] for text in texts])
        return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def test_vectors_are_computed_once_and_a_killed_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Hashed()
    monkeypatch.setattr("tod_bench.embeddings._encoder", lambda name: encoder)
    monkeypatch.setattr("tod_bench.embeddings._weights_digest", lambda encoder: "weights 1")
    monkeypatch.setattr("tod_bench.embeddings.CHUNK", 2)
    texts = [f"text {number}" for number in range(5)]
    whole = Embedded("mine", texts, tmp_path)
    files = sorted(tmp_path.iterdir())
    assert (len(files), len(encoder.texts)) == (3, 5)
    files[0].unlink()
    again = Embedded("mine", texts, tmp_path)
    assert len(encoder.texts) in (6, 7)  # the chunk that was lost
    assert again.to_query("x").tolist() == whole.to_query("x").tolist()
    assert whole.to_query("text 3").argmax() == 3
    assert whole.to_member(2)[2] == pytest.approx(1)
    Embedded("mine", [*texts[:4], "another"], tmp_path)
    assert encoder.texts[-2:] != texts[-2:]


@pytest.mark.slow
def test_the_encoder_of_the_package_knows_what_words_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers")
    pytest.importorskip(MINILM_PACKAGE)
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    encoded = Embedded("minilm", ["a low-cost inn", "a fast car", "a lovely meal"], tmp_path / "vectors")
    assert encoded.to_query("a cheap hotel").argmax() == 0
    assert version_of("minilm").startswith("weights ")


def test_nearest_turns_change_the_state_more_alike_than_random_ones(
    tmp_path: Path, train: list[Dialogue], asked: list[TurnInput]
) -> None:
    gold = {each.id: each for each in islice(open_corpus("simulated").dialogues("test"), 4)}
    alike = {}
    for select in ("random", "nearest"):
        pool = Pool.make(train, folder=tmp_path / select, shots=3, select=select)
        scores = []
        for turn in asked:
            turns = gold[turn.dialogue_id].turns
            states = [{}, *(first_values(each.state) for each in turns)]
            before, after = list(pairwise(states))[turn.turn]
            shown = pool.examples(turn, before, "dst")
            scores.append(sum(_slots(each.previous, each.state) == _slots(before, after) for each in shown))
        alike[select] = sum(scores)
    assert alike["nearest"] > 1.5 * alike["random"]


def _slots(before: object, after: object) -> set[tuple[str, str]]:
    changed, _ = changes_between(before, after)  # type: ignore[arg-type]
    return {(domain, slot) for domain, slots in changed.items() for slot in slots}
