"""Models that see: made from scratch once for all, pretrained with and without adapters, saved and loaded again."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("PIL")

from tod_baselines.pictor import made  # noqa: E402
from tod_baselines.pictor.examples import Example, examples_of  # noqa: E402
from tod_baselines.pictor.models import (  # noqa: E402
    base_inputs,
    base_record,
    load_model,
    made_for,
    new_model,
    problems,
    save_model,
)
from tod_baselines.pictor.pretraining import Pretraining  # noqa: E402
from tod_baselines.pictor.seeing import SeeingModel  # noqa: E402
from tod_baselines.pictor.settings import Settings  # noqa: E402
from tod_baselines.training.adapters import weights_digest  # noqa: E402
from tod_baselines.training.tokenizers import train_tokenizer  # noqa: E402
from tod_bench.corpora.base import Corpus, open_corpus  # noqa: E402
from tod_bench.errors import UserError  # noqa: E402

SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
PRETRAIN: dict[str, Any] = {
    "options": {"seed": 5, "dialogues": {"train": 10, "dev": 4, "test": 0}},
    **{"dialogues": 4, "portraits": 10, "held_out": 4, "side": 32, "tower": SMALL},
    **{"tower_steps": 3, "base_steps": 3, "tower_batch_size": 4, "base_batch_size": 4},
}
TINY: dict[str, Any] = {"dims": SMALL, "vocab_size": 400, "pretrain": PRETRAIN}
CHAT = (
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}<image>{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}"
    "{{ '\n' if message['role'] == 'user' else '</s>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT: ' }}{% endif %}"
)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Two dialogues of the embedded corpus."""
    return open_corpus("simulated", dialogues={"train": 2, "dev": 2, "test": 0})


@pytest.fixture(scope="module")
def examples(corpus: Corpus) -> list[Example]:
    """Their examples, with pictures and impressions."""
    return list(examples_of(corpus.dialogues("train"), Settings().inputs, database=corpus.database))


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module's own."""
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOD_BENCH_CACHE", str(place))
        yield place


def shown(model: SeeingModel, corpus: Corpus, examples: list[Example]) -> tuple[list[Any], list[list[int]]]:
    """Prompts and answers of examples, of which the model has seen the pictures."""
    assert corpus.images is not None
    model.show((example.picture for example in examples if example.picture), corpus.images)
    prompts = [model.prompt(example.text, example.picture) for example in examples]
    return prompts, [model.answer(example.answer) for example in examples]


def logits_of(model: SeeingModel, batch: dict[str, Any]) -> Any:
    """Logits of the last tokens of a batch."""
    model.network.eval()
    with torch.inference_mode():
        return model.network(**batch, logits_to_keep=6).logits


class TestFromScratch:
    def test_tower_and_base_are_made_once_and_say_what_the_tower_reads(self, cache, monkeypatch):
        settings = Settings(**TINY)
        first = new_model(settings)
        record = base_record(settings)["pretraining"]
        assert record["tower"]["held_out"]["users"] == 4
        shares = record["tower"]["held_out"]["age"]
        assert 0 <= shares["accuracy"] <= 100
        assert 20 <= shares["most_frequent"] <= 100
        assert record["base"]["steps"] == 3
        assert len(record["base"]["losses"]) == 3
        assert not list((cache / "pictor").glob("*.work"))

        def fail(*_: Any) -> Any:
            raise AssertionError("made a second time")

        monkeypatch.setattr(made, "material_of", fail)
        assert weights_digest(new_model(settings).network) == weights_digest(first.network)
        # A row's own settings do not make another base; those of the base do, and leave the tower as it is.
        row = Settings(**TINY, inputs=["policy", "db"], learning_rate=1e-4, max_steps=7)
        assert base_inputs(row) == base_inputs(settings)
        longer = made_for(Settings(**{**TINY, "pretrain": {**PRETRAIN, "base_steps": 4}}))
        assert longer.base_digest != made_for(settings).base_digest
        assert longer.tower_digest == made_for(settings).tower_digest
        assert {"pretraining.py", "linearize.py", "tasks.py", "llama.py"} <= {
            Path(name).name for name in made.BASE_CODE
        }
        other = made_for(Settings(**{**TINY, "pretrain": {**PRETRAIN, "seed": 1}}))
        assert other.tower_digest != made_for(settings).tower_digest

    @pytest.mark.slow
    def test_a_second_process_waits_and_takes_what_the_first_made(self, tmp_path):
        code = (
            "import json, sys; from tod_baselines.pictor.models import made_for; "
            "from tod_baselines.pictor.settings import Settings; "
            "print(made_for(Settings(**json.loads(sys.argv[1]))).tower())"
        )
        settings = json.dumps({**TINY, "pretrain": {**PRETRAIN, "tower_steps": 2}})
        environment = {**os.environ, "TOD_BENCH_CACHE": str(tmp_path), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", code, settings]
        running = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        said = [process.communicate(timeout=240) for process in running]
        assert [process.returncode for process in running] == [0, 0], said
        assert said[0][0] == said[1][0]
        written = [path for path in (tmp_path / "pictor").iterdir() if path.is_dir()]
        assert [path.name.partition("-")[0] for path in written] == ["tower"]

    def test_what_a_kept_tower_sees_is_what_the_tower_sees(self, corpus, examples):
        settings = Settings(**TINY)
        model = new_model(settings)
        prompts, answers = shown(model, corpus, examples[:3])
        batch = model.inputs(prompts, answers)
        kept = logits_of(model, batch)
        network = model.whole()
        pixels = pixels_of(model, corpus, [prompt.picture for prompt in prompts])
        with torch.inference_mode():
            seen = network(**{**batch, "pixel_values": pixels}, logits_to_keep=6).logits
            other = network(**{**batch, "pixel_values": pixels.flip(3)}, logits_to_keep=6).logits
        assert torch.allclose(kept, seen, atol=1e-6)
        assert not torch.allclose(kept, other, atol=1e-5)

    def test_more_pictures_than_there_is_room_for_are_seen_at_every_step(self, corpus, examples, monkeypatch):
        model = new_model(Settings(**TINY))
        expected = logits_of(model, model.inputs(*shown(model, corpus, examples[:3])))
        monkeypatch.setattr("tod_baselines.pictor.features.MOST_BYTES", 0)
        unkept = new_model(Settings(**TINY))
        batch = unkept.inputs(*shown(unkept, corpus, examples[:3]))
        assert batch["pixel_values"].shape[1:] == (3, 32, 32)
        assert torch.allclose(logits_of(unkept, batch), expected, atol=1e-5)

    def test_the_tower_is_not_trained_with_a_row(self, corpus, examples):
        model = new_model(Settings(**TINY))
        learn_a_little(model, corpus, examples[:3])
        trained = model.whole().model.vision_tower.state_dict()
        tower = new_model(Settings(**TINY)).whole().model.vision_tower.state_dict()
        assert all(torch.equal(trained[name], tower[name]) for name in tower)

    def test_what_is_saved_is_what_is_loaded(self, corpus, examples, tmp_path):
        settings = Settings(**TINY)
        model = new_model(settings)
        learn_a_little(model, corpus, examples[:3])
        batch = model.inputs(*shown(model, corpus, examples[:3]))
        before = logits_of(model, batch)
        save_model(tmp_path / "model", model)
        loaded = load_model(tmp_path / "model", settings)
        assert torch.equal(before, logits_of(loaded, loaded.inputs(*shown(loaded, corpus, examples[:3]))))

    def test_a_row_without_pictures_has_none_in_its_batches(self, examples):
        model = new_model(Settings(**TINY, inputs=["policy", "db", "utterance"]))
        batch = model.inputs([model.prompt("acts: [a]"), model.prompt("acts: [a] [b]\nuser: hi")])
        assert batch.keys() == {"input_ids", "attention_mask", "position_ids"}
        assert batch["position_ids"][0].tolist()[-2:] == [int(batch["attention_mask"][0].sum()) - 2 + n for n in (0, 1)]
        frozen = [name for name, part in model.network.named_parameters() if not part.requires_grad]
        assert any("multi_modal_projector" in name for name in frozen)

    def test_special_tokens_that_a_user_says_are_text(self, corpus, examples):
        model = new_model(Settings(**TINY))
        shown(model, corpus, examples[:1])
        said = "user: see <image> </s> <answer> <pad>"
        prompt = model.prompt(said, examples[0].picture)
        image = model.processor.image_token_id
        assert prompt.ids.count(image) == 2 * 2 + 1
        assert model.tokenizer.decode(prompt.ids[5:-1]) == said
        model.inputs([prompt])
        answer = model.answer("a </s> b")
        assert [token in model.ends for token in answer] == [False] * (len(answer) - 1) + [True]
        assert model.read(answer) == "a </s> b"

    def test_a_picture_must_be_shown_first(self):
        model = new_model(Settings(**TINY))
        with pytest.raises(UserError, match="was not shown before"):
            model.prompt("acts: [a]", "1/train/00000.png")

    def test_digits_are_single_tokens_and_marks_are_one(self):
        model = new_model(Settings(**TINY))
        pieces = model.tokenizer.convert_ids_to_tokens(model.prompt("acts: 0163").ids)
        assert pieces == ["acts:", "Ġ", "0", "1", "6", "3", "<answer>"]

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"model": "llava-huge"}, "there is no size 'llava-huge'; did you mean 'llava-tiny'"),
            ({"dims": {"hiden_size": 3}}, "dims.hiden_size: Llama has no such dimension"),
            ({"pretrain": {"corpus": "simulatd"}}, "simulatd"),
            ({"pretrain": {"options": {"sed": 1}}}, "pretrain.options do not fit the corpus simulated"),
            ({"init": "pretrained", "model": "no such/model/here"}, "is no name of the hub"),
        ],
    )
    def test_what_cannot_work_is_one_sentence(self, changes, said):
        (found,) = problems(Settings(**changes))
        assert said in found
        assert "\n" not in found

    def test_a_corpus_without_enough_users_is_one_sentence(self):
        settings = Settings(**{**TINY, "pretrain": {**PRETRAIN, "portraits": 11}})
        with pytest.raises(UserError, match="portraits asks for 11, and simulated1 has 10"):
            new_model(settings)

    def test_all_wrong_settings_are_in_one_message(self):
        with pytest.raises(UserError) as caught:
            Pretraining(dialogues=0, captions=2, patch=5)
        for name in ("dialogues", "captions", "patch"):
            assert f"pretrain.{name} must" in str(caught.value)


@pytest.fixture(scope="module", params=["llava", "idefics3"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of few weights as its makers would release it."""
    folder = tmp_path_factory.mktemp("model") / str(request.param)
    MAKERS[request.param](folder)
    return folder


class TestPretrained:
    @pytest.mark.parametrize("lora", [None, {"r": 2, "alpha": 4}], ids=["full", "lora"])
    def test_trained_saved_and_loaded_again(self, folder, lora, corpus, examples, tmp_path):
        settings = Settings(init="pretrained", model=str(folder), lora=lora)
        model = new_model(settings)
        trained = {name for name, part in model.network.named_parameters() if part.requires_grad}
        assert trained
        assert not [name for name in trained if "vision" in name]
        assert [name for name in trained if "multi_modal_projector" in name or "connector" in name]
        assert lora is None or all("lora_" in name or "modules_to_save" in name for name in trained)
        first = learn_a_little(model, corpus, examples[:3])
        assert learn_a_little(model, corpus, examples[:3]) < first
        before = logits_of(model, model.inputs(*shown(model, corpus, examples[:3])))
        save_model(tmp_path / "model", model)
        assert (tmp_path / "model" / "adapter_model.safetensors").exists() == (lora is not None)
        assert (tmp_path / "model" / "model.safetensors").exists() == (lora is None)
        loaded = load_model(tmp_path / "model", settings)
        after = logits_of(loaded, loaded.inputs(*shown(loaded, corpus, examples[:3])))
        assert (before - after).abs().max() < 1e-5
        untouched = new_model(settings)
        assert (
            logits_of(untouched, untouched.inputs(*shown(untouched, corpus, examples[:3]))) - after
        ).abs().max() > 1e-3

    def test_prompts_are_those_of_the_models_own_processor(self, folder, corpus, examples):
        model = new_model(Settings(init="pretrained", model=str(folder)))
        (prompt,), _ = shown(model, corpus, examples[1:2])
        asked = [{"type": "image"}, {"type": "text", "text": examples[1].text}]
        text = model.processor.apply_chat_template([{"role": "user", "content": asked}], add_generation_prompt=True)
        picture = pictures_of(corpus, [prompt.picture])
        theirs = model.processor(text=[text], images=picture, return_tensors="pt")
        assert prompt.ids == theirs["input_ids"][0].tolist()
        batch = model.inputs([prompt])
        with torch.inference_mode():
            ours = model.network(**batch).logits[0, -1]
            expected = model.whole()(**theirs).logits[0, -1]
        assert torch.allclose(ours, expected, atol=1e-5)

    def test_an_adapter_is_not_put_on_other_weights(self, folder, tmp_path):
        settings = Settings(init="pretrained", model=str(folder), lora={"r": 2})
        save_model(tmp_path / "model", new_model(settings))
        MAKERS[folder.name](tmp_path / folder.name, seed=1)
        with pytest.raises(UserError, match="with other weights"):
            load_model(
                tmp_path / "model", Settings(init="pretrained", model=str(tmp_path / folder.name), lora={"r": 2})
            )

    def test_a_folder_without_a_model_is_one_sentence(self, tmp_path):
        with pytest.raises(UserError, match="no model that sees and writes could be loaded") as caught:
            new_model(Settings(init="pretrained", model=str(tmp_path)))
        assert "\n" not in str(caught.value)


def learn_a_little(model: SeeingModel, corpus: Corpus, examples: list[Example]) -> float:
    """A few steps; gives back the loss before them."""
    prompts, answers = shown(model, corpus, examples)
    batch = model.inputs(prompts, answers)
    parameters = [part for part in model.network.parameters() if part.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=0.5)
    losses = []
    model.network.train()
    for _ in range(3):
        logits = model.network(**batch, logits_to_keep=9).logits[:, :-1].flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, batch["input_ids"][:, -8:].flatten())
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return losses[0]


def pictures_of(corpus: Corpus, names: list[str]) -> list[Any]:
    """Pictures as they are."""
    from tod_baselines.pictor.pictures import open_picture

    assert corpus.images is not None
    return [open_picture(name, corpus.images) for name in names]


def pixels_of(model: SeeingModel, corpus: Corpus, names: list[str]) -> Any:
    """What the model's tower is given of them."""
    return model.processor.image_processor(pictures_of(corpus, names), return_tensors="pt")["pixel_values"]


TEXT = {
    **{"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2},
    **{"pad_token_id": 0, "bos_token_id": None, "eos_token_id": 1},
}
SEEN = [
    "The picture shows an elderly woman in a buttoned blazer.",
    "acts: [attraction] [inform] (area) north\nuser: hi",
]


def make_llava(folder: Path, seed: int = 0) -> None:
    """A LLaVA as the released ones are: the last layer but one is read, without the token of the whole picture."""
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    torch.manual_seed(seed)
    tokenizer = train_tokenizer(SEEN, 400, special=["<image>"])
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    vision = CLIPVisionConfig(
        **{"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2},
        **{"image_size": 32, "patch_size": 8},
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=LlamaConfig(vocab_size=len(tokenizer), **TEXT),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
        vision_feature_layer=-2,
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    LlavaProcessor(
        pictures,
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT,
    ).save_pretrained(folder)


def make_idefics3(folder: Path, seed: int = 0) -> None:
    """An Idefics3, whose tower is run at every step."""
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor, LlamaConfig
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    torch.manual_seed(seed)
    special = ["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
    tokenizer = train_tokenizer(SEEN, 400, special=special)
    pictures = Idefics3ImageProcessorPil(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}, do_image_splitting=False
    )
    config = Idefics3Config(
        vision_config={
            **{"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2},
            **{"image_size": 32, "patch_size": 8},
        },
        text_config=LlamaConfig(vocab_size=len(tokenizer), **TEXT).to_dict(),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    Idefics3Processor(pictures, tokenizer, image_seq_len=4, chat_template=CHAT).save_pretrained(folder)


MAKERS: dict[str, Callable[..., None]] = {"llava": make_llava, "idefics3": make_idefics3}
