"""How tower and base are trained: what is learned of a user, what a step learns, and that a kill changes nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("PIL")

from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy  # noqa: E402

from tod_baselines.pictor import steps  # noqa: E402
from tod_baselines.pictor.apart import Learned  # noqa: E402
from tod_baselines.pictor.base import base_examples  # noqa: E402
from tod_baselines.pictor.material import material_of, seen_users  # noqa: E402
from tod_baselines.pictor.pictures import open_picture  # noqa: E402
from tod_baselines.pictor.pretraining import Pretraining  # noqa: E402
from tod_baselines.pictor.prompting import CAPTION  # noqa: E402
from tod_baselines.pictor.steps import Plan, take_steps  # noqa: E402
from tod_baselines.pictor.tower import IGNORED, WORD_WEIGHT, Labels, Reader, vision_config, words_of  # noqa: E402
from tod_baselines.pictor.vision import StemVisionModel  # noqa: E402
from tod_bench.errors import UserError  # noqa: E402
from tod_bench.images import Images  # noqa: E402
from tod_bench.records import Dialogue, Persona  # noqa: E402
from tod_bench.simulated import Simulated  # noqa: E402

SETTINGS = Pretraining(
    options={"seed": 5, "dialogues": {"train": 6, "dev": 3, "test": 0}}, dialogues=3, portraits=6, held_out=2, side=32
)
USERS = (
    Persona("a.png", "A child in a hood.", "child", "female", "casual", "positive"),
    Persona("b.png", "A man in a suit, calm.", "adult", "unknown", "formal", "positive"),
    Persona("c.png", "A woman in a suit.", "adult", "female", "formal", "positive"),
)


def test_what_is_learned_of_users_is_what_the_corpus_knows_of_them():
    labels = Labels.of(USERS)
    assert labels.values == {"age": ("adult", "child"), "formality": ("casual", "formal")}  # all else tells nothing
    assert labels.words == ("calm", "child", "hood", "man", "suit", "woman")  # "a" and "in" are in all
    age, formality, words = labels.targets([*USERS[:2], Persona("d.png", "", "toddler", "", "unknown", "")])
    assert age.tolist() == [1, 0, IGNORED]
    assert formality.tolist() == [0, 1, IGNORED]
    assert words.tolist() == [[0, 1, 1, 0, 0, 0], [1, 0, 0, 1, 1, 0], [0] * 6]
    assert words_of("A man's HAT, a hat.") == {"a", "man", "s", "hat"}


def test_what_is_unknown_of_a_user_is_neither_learned_nor_counted():
    labels = Labels.of(USERS)
    reader = Reader(StemVisionModel(vision_config(SETTINGS)), labels)
    pixels = torch.zeros(2, 3, 32, 32)
    known = labels.targets(USERS[:2])
    (ages, styles), words = reader(pixels)
    expected = [
        cross_entropy(ages, known[0]),
        cross_entropy(styles[:1], known[1][:1]),
        WORD_WEIGHT * binary_cross_entropy_with_logits(words, known[2]),
    ]
    loss = reader.loss(pixels, [known[0], torch.tensor([known[1][0], IGNORED]), known[2]])
    assert loss.item() == pytest.approx(sum(part.item() for part in expected), rel=1e-5)
    nobody = [torch.tensor([IGNORED] * 2), *known[1:]]
    assert torch.isfinite(reader.loss(pixels, nobody))
    shares = reader.accuracy(pixels, nobody)
    assert list(shares) == ["formality"]
    # Two pictures that look the same are read alike, and one of them is right.
    assert shares["formality"] == {"accuracy": 50.0, "most_frequent": 50.0}


def test_the_tower_makes_a_token_of_each_patch():
    tower = StemVisionModel(vision_config(replace(SETTINGS, side=48, patch=8)))
    states = tower(pixel_values=torch.zeros(2, 3, 48, 48), output_hidden_states=True).hidden_states
    assert states[-1].shape == (2, 6 * 6 + 1, 128)


def test_material_is_of_a_corpus_of_its_own():
    material = material_of(SETTINGS)
    assert [dialogue.id for dialogue in material.dialogues] == ["sim-train-00000", "sim-train-00001", "sim-train-00002"]
    assert len(material.users) == 6
    assert [user.image.split("/")[:2] for user in material.held_out] == [["5", "dev"]] * 2
    assert not {user.image for user in material.users} & {user.image for user in material.held_out}


def test_options_are_laid_over_those_of_the_corpus():
    whole = {"train": 5000, "dev": 500, "test": 0}
    assert Pretraining().reader_options == {"seed": 1001, "dialogues": whole}
    given = Pretraining(options={"dialogues": {"train": 7}, "paraphrase": 0.1})
    assert given.reader_options == {"seed": 1001, "dialogues": {**whole, "train": 7}, "paraphrase": 0.1}
    assert given.to_json()["options"] == given.reader_options
    assert Pretraining(corpus="picpersona", options={"images": "faces"}).reader_options == {"images": "faces"}


def test_users_whom_the_base_learned_are_refused():
    learned = Learned.of(SETTINGS)
    own, other = Simulated({"train": 1, "dev": 1, "test": 1}, seed=5), Simulated({"train": 1, "dev": 1, "test": 1})
    for split in own.splits:  # of one seed, so of one population: also where the base never learns the split
        with pytest.raises(
            UserError, match=r"^pictor: tower and base learn from simulated1 .*of seed 5\); set another"
        ):
            learned.refuse((dialogue.persona for dialogue in own.dialogues(split)), own.images)
        learned.refuse((dialogue.persona for dialogue in other.dialogues(split)), other.images)
    learned.refuse([None, Persona("", "A man."), Persona("5/train/00000.png")], Broken())  # others of the same names
    learned.refuse([Persona("5/train/00000.png")], None)


def test_users_of_a_folder_are_refused_by_name():
    learned = Learned("faces", "broken", frozenset({"a.png", "b.png"}))
    learned.refuse([Persona("c.png")], Broken())
    with pytest.raises(UserError, match=r"b\.png"):
        learned.refuse([Persona("c.png"), Persona("b.png")], Broken())


def test_the_base_learns_plain_answers_and_captions_in_their_share():
    material = material_of(SETTINGS)
    examples = base_examples(replace(SETTINGS, captions=0.25), material)
    captions = [example for example in examples if example.picture]
    turns = [example for example in examples if not example.picture]
    assert len(captions) == min(6, round(len(turns) / 3))
    assert all(example.text == CAPTION and example.answer.startswith("The picture shows") for example in captions)
    plain = [turn.system for dialogue in material.dialogues for turn in dialogue.turns if turn.system]
    assert [example.answer for example in turns] == plain
    # Every second dialogue's prompts have what the user said.
    said = ["user:" in example.text for example in turns]
    counts = [sum(bool(turn.system) for turn in dialogue.turns) for dialogue in material.dialogues]
    assert said == [number % 2 == 1 for number, count in enumerate(counts) for _ in range(count)]
    assert not any(example.picture for example in base_examples(replace(SETTINGS, captions=0), material))
    assert all(example.picture for example in base_examples(replace(SETTINGS, captions=1), material))


def test_a_killed_training_ends_at_the_same_weights(tmp_path, monkeypatch):
    whole, record = trained(tmp_path / "whole", kill_at=None)
    monkeypatch.setattr(steps, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", kill_at=7)
    resumed, again = trained(tmp_path / "killed", kill_at=None, first=7)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert again["losses"] == record["losses"]
    assert len(record["losses"]) == 10
    assert record["losses"][-1] < record["losses"][0]


def test_a_checkpoint_is_read_onto_the_device_that_goes_on(tmp_path, monkeypatch):
    places = []
    load = torch.load
    monkeypatch.setattr(steps.torch, "load", lambda *a, **k: places.append(k["map_location"]) or load(*a, **k))
    monkeypatch.setattr(steps, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", kill_at=2)
    trained(tmp_path / "killed", kill_at=None, first=2)
    assert places == [torch.device("cpu")]


def trained(folder: Path, kill_at: int | None, first: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Weights and record of a small network that learns for ten steps, which are all asked for from `first` on."""
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 2)
    folder.mkdir(exist_ok=True)
    asked = []

    def loss_of(step: int) -> Any:
        if step == kill_at:
            raise KeyboardInterrupt
        asked.append(step)
        values = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        return (network(values) - values[:, :2]).square().mean()

    record = take_steps(network, loss_of, Plan("learning", 10, 0.1, 0.0, folder / "checkpoint"))
    assert asked == list(range(first, 10))
    return network.state_dict(), record


def test_the_learning_rate_rises_and_falls():
    plan = Plan("learning", 100, 1.0, 0.0, Path("nowhere"))
    rates = [plan.rate(step) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] == pytest.approx(0.01 / 0.95)


def test_a_picture_that_cannot_be_read_is_one_sentence():
    with pytest.raises(UserError, match=r"^pictor: the picture a\.png cannot be read \("):
        open_picture("a.png", Broken())


def test_users_without_a_picture_or_an_impression_are_left_out():
    unseen = [Persona("", "A man."), Persona("a.png", " "), None, Persona("b.png", "A man.")]
    dialogues = [Dialogue("d", "toy", "train", (), (), persona=persona) for persona in unseen]
    assert [user.image for user in seen_users(dialogues)] == ["b.png"]


class Broken(Images):
    """Pictures of which only half was written."""

    fingerprint = "broken"

    def data(self, name: str) -> bytes:
        return b"\x89PNG\r\n\x1a\nhalf"

    def path(self, name: str) -> Path:
        raise NotImplementedError
