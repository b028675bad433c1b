"""The engine ctranslate2: in float32 what plain `generate` writes, turn by turn; conversion once; what it refuses."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import LEARNED, timeless

from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.fast import converted as converted_module
from tod_baselines.pptod.fast.converted import load_converted
from tod_baselines.pptod.generation import decode, generate
from tod_baselines.pptod.models import SIZES, pretrained_model, scratch_model
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.system import PPTOD
from tod_baselines.pptod.tokenizers import load_tokenizer
from tod_baselines.pptod.training import ready_tokenizer
from tod_baselines.training.folder import save
from tod_bench.errors import UserError
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_bench.tasks import TASKS, turn_inputs

LONGEST = 12
CHANGES: dict[str, dict[str, Any]] = {
    "relu": {},
    "gated-gelu, outputs not scaled": {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    "heads wider than the model": {"d_kv": 16},
    "other buckets": {"relative_attention_num_buckets": 16, "relative_attention_max_distance": 40},
    "other epsilon": {"layer_norm_epsilon": 1e-2},
}


def peaked(recipe: Recipe, dialogues: list[Dialogue], folder: Path) -> tuple[Any, Any]:
    """A random model whose choices are clear, saved as a training would, and its tokenizer."""
    tokenizer = ready_tokenizer(recipe, dialogues, FitContext("dst", {}, 1, folder))
    torch.manual_seed(3)
    model = scratch_model(recipe, tokenizer)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            weights.mul_(2.5 if weights.dim() == 2 and "shared" not in name else 1.5)
    save(folder / "model", model, tokenizer)
    loaded = load_tokenizer(folder / "model")
    return pretrained_model(folder / "model", loaded).eval(), loaded


def plain(model: Any, tokenizer: Any, examples: Examples) -> list[str]:
    """`generate`, an example at a time, in their order."""
    written = [
        generate(model, tokenizer, [examples[index]["input_ids"]], max_new_tokens=LONGEST, num_beams=1, bf16=False)[0]
        for index in range(len(examples))
    ]
    return [tokenizer.decode(row, skip_special_tokens=True) for row in written]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_both_engines_write_what_plain_generate_writes(
    change: dict[str, Any], tiny: dict[str, Any], toy_train: list[Dialogue], tmp_path: Path
) -> None:
    recipe = Recipe(**{**tiny, "dims": {**tiny["dims"], **change}})
    model, tokenizer = peaked(recipe, toy_train, tmp_path)
    examples = Examples(training_examples(toy_train[:3], TASKS, recipe), tokenizer, recipe)
    expected = plain(model, tokenizer, examples)
    assert len(set(expected)) > 5
    for engine in (model, load_converted(tmp_path, tokenizer, "float32")):
        assert decode(engine, tokenizer, examples, batch_tokens=300, max_new_tokens=LONGEST) == expected


@pytest.mark.parametrize("size", ["t5-tiny", "t5-mini"])
def test_every_size_converts(size: str, toy_train: list[Dialogue], tmp_path: Path) -> None:
    assert size in SIZES
    recipe = Recipe(init="scratch", model=size, vocab_size=120)
    model, tokenizer = peaked(recipe, toy_train, tmp_path)
    examples = Examples(training_examples(toy_train[:4], ("dst",), recipe), tokenizer, recipe)
    engine = load_converted(tmp_path, tokenizer, "float32")
    expected = plain(model, tokenizer, examples)
    assert decode(engine, tokenizer, examples, batch_tokens=300, max_new_tokens=LONGEST) == expected


def test_a_trained_model_answers_alike_with_every_engine(learned_context: FitContext, toy_dev: list[Dialogue]) -> None:
    answers = {}
    for engine in ({}, {"engine": "ctranslate2"}, {"engine": "ctranslate2", "engine_precision": "int8"}):
        system = PPTOD(**LEARNED, **engine)
        system.load(learned_context)
        answers[tuple(engine.values())] = [
            answer.raw
            for task in TASKS
            for answer in system.predict(task, turn_inputs(toy_dev, task, states="gold", acts="gold"))
        ]
    assert answers["ctranslate2",] == answers[()]
    assert len(answers["ctranslate2", "int8"]) == len(answers[()])
    made = sorted(place.name.partition("-")[0] for place in (learned_context.folder / "ctranslate2").iterdir())
    assert made == ["float32", "int8"]


def test_dev_is_decoded_by_the_engine_and_decides_alike(
    tiny: dict[str, Any],
    context: FitContext,
    toy_train: list[Dialogue],
    toy_dev: list[Dialogue],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The copies are of the model as it is at each evaluation, and leave it and the training as they are."""
    copies: list[str] = []
    whole = converted_module.convert
    monkeypatch.setattr(converted_module, "convert", lambda *given: copies.append(given[3]) or whole(*given))
    settings = {**tiny, "epochs": 20, "evaluate_every": 5, "learning_rate": 5e-3, "dropout": 0.0, "multitask": True}
    records = []
    for engine in ("transformers", "ctranslate2"):
        (tmp_path / engine).mkdir()
        system = PPTOD(**settings, engine=engine)
        records.append(system.fit(toy_train, toy_dev, replace(context, folder=tmp_path / engine)))
    assert records[0]["dev_scores"][-1]["score"] > 0  # type: ignore[index]
    assert timeless(records[0]) == timeless(records[1])
    assert copies == ["float32"] * 4


def test_torch_keeps_its_threads(tiny: dict[str, Any], toy_train: list[Dialogue], tmp_path: Path) -> None:
    _, tokenizer = peaked(Recipe(**tiny), toy_train, tmp_path)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        engine = load_converted(tmp_path, tokenizer, "float32")
        list(engine.write([np.array([3, 4], np.int32)] * 5, 4, LONGEST, 1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_conversion_is_done_once_for_each_state_of_the_weights(
    tiny: dict[str, Any], toy_train: list[Dialogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tokenizer = peaked(Recipe(**tiny), toy_train, tmp_path)
    done: list[Path] = []
    whole = converted_module.convert
    monkeypatch.setattr(converted_module, "convert", lambda *given: done.append(given[2]) or whole(*given))
    for _ in range(2):
        load_converted(tmp_path, tokenizer, "float32")
    assert len(done) == 1
    model = pretrained_model(tmp_path / "model", tokenizer)
    with torch.no_grad():
        model.shared.weight.mul_(2)
    save(tmp_path / "model", model, tokenizer)
    load_converted(tmp_path, tokenizer, "float32")
    assert len(set(done)) == 2


def test_a_conversion_that_another_process_has_finished_is_kept(
    tiny: dict[str, Any], toy_train: list[Dialogue], tmp_path: Path
) -> None:
    model, tokenizer = peaked(Recipe(**tiny), toy_train, tmp_path)
    place = tmp_path / "ctranslate2" / "float32-x"
    converted_module.convert(model, tokenizer, place, "float32")
    before = (place / "model.bin").stat().st_mtime_ns
    converted_module.convert(model, tokenizer, place, "float32")
    assert (place / "model.bin").stat().st_mtime_ns == before
    assert [path.name for path in place.parent.iterdir()] == ["float32-x"]


def test_rows_of_the_embedding_that_are_no_token_write_nothing(
    tiny: dict[str, Any], toy_train: list[Dialogue], tmp_path: Path
) -> None:
    """T5's own checkpoints have 128 more rows than their tokenizer has tokens."""
    model, tokenizer = peaked(Recipe(**tiny), toy_train, tmp_path)
    model.resize_token_embeddings(len(tokenizer) + 28, mean_resizing=False)
    with torch.no_grad():
        model.get_input_embeddings().weight[len(tokenizer) :].mul_(30)
    save(tmp_path / "model", model, tokenizer)
    examples = Examples(training_examples(toy_train[:5], TASKS, Recipe(**tiny)), tokenizer, Recipe(**tiny))
    engine = load_converted(tmp_path, tokenizer, "float32")
    written = decode(engine, tokenizer, examples, batch_tokens=300, max_new_tokens=LONGEST)
    assert written == plain(model, tokenizer, examples)


def test_a_batch_is_over_when_every_row_has_ended(learned: Path, toy_train: list[Dialogue]) -> None:
    """A trained model ends its rows; with room for 200 tokens it is asked for no more than the longest row has."""
    tokenizer = load_tokenizer(learned / "model")
    model = pretrained_model(learned / "model", tokenizer)
    examples = Examples(training_examples(toy_train, ("dst",), Recipe(**LEARNED)), tokenizer, Recipe(**LEARNED))
    steps: list[int] = []
    model.decoder.register_forward_hook(lambda *_: steps.append(1))
    texts = decode(model, tokenizer, examples, batch_tokens=10**6, max_new_tokens=200)
    longest = max(len(tokenizer(text).input_ids) for text in texts)
    assert longest < 60
    assert len(steps) <= longest + 1


def test_what_cannot_be_converted(
    bart_folder: Path, tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], monkeypatch: Any
) -> None:
    with pytest.raises(UserError, match="takes T5 models, and this is bart; set engine: transformers"):
        PPTOD(model=str(bart_folder), engine="ctranslate2").fit(toy_train, toy_train, context)
    odd = {**tiny, "dims": {**tiny["dims"], "feed_forward_proj": "tanh"}, "engine": "ctranslate2"}
    with pytest.raises(UserError, match="has no activation 'tanh'; set engine: transformers"):
        PPTOD(**odd).fit(toy_train, toy_train, replace(context, folder=context.folder / "odd"))
    with pytest.raises(UserError, match="by the engine transformers, not ctranslate2"):
        PPTOD(engine="ctranslate2", packing="dialogue")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ctranslate2" else object())
    with pytest.raises(UserError, match=r"pip install 'tod-bench\[train\]'"):
        load_converted(context.folder, None, "float32")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"pip install 'tod-bench\[train\]'"):
        PPTOD(**tiny, engine="ctranslate2").fit(toy_train, toy_train, replace(context, folder=context.folder / "none"))


def test_decoding_alone_forces_no_training(
    tiny: dict[str, Any], context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue]
) -> None:
    record = PPTOD(**tiny).fit(toy_train, toy_dev, context)
    other = {"engine": "ctranslate2", "engine_precision": "int8", "num_beams": 4, "decode_tokens": 64}
    assert {*other, "confidence"} == PPTOD.prediction_settings
    assert PPTOD(**tiny, confidence=True).fit(toy_train, toy_dev, context) == record
    assert PPTOD(**tiny, **other).fit(toy_train, toy_dev, context) == record
