"""The language model that is given eyes: it stays what it was, and reads texts as it did."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("PIL")

from transformers import AutoModelForCausalLM  # noqa: E402

from benchmarks.gpu_pictor import compose, tiny_language_model, values_said  # noqa: E402
from tod_baselines.pictor.models import new_model  # noqa: E402
from tod_baselines.pictor.settings import Settings  # noqa: E402
from tod_bench.records import Act, Turn  # noqa: E402

SMALL = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
TOWER = {
    "options": {"seed": 5, "dialogues": {"train": 4, "dev": 2, "test": 0}},
    **{"dialogues": 1, "portraits": 4, "held_out": 2, "tower_steps": 2, "side": 32, "tower": SMALL},
}


def test_a_language_model_with_eyes_reads_texts_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    language = tiny_language_model(tmp_path / "language")
    record = compose(language, tmp_path / "model", TOWER)
    assert record["held_out"]["users"] == 2
    model = new_model(Settings(init="pretrained", model=str(tmp_path / "model"), inputs=["policy"]))
    prompt = model.prompt("acts: [hotel]")
    assert model.tokenizer.decode(prompt.ids) == "<|im_start|>user\nacts: [hotel]<|im_end|>\n<|im_start|>assistant\n"
    before = AutoModelForCausalLM.from_pretrained(language).eval()
    model.network.eval()
    with torch.inference_mode():
        ours = model.network(**model.inputs([prompt])).logits
        theirs = before(input_ids=torch.tensor([prompt.ids])).logits
    assert torch.allclose(ours[..., : theirs.shape[-1]], theirs, atol=1e-6)
    assert model.read(model.answer("hi")) == "hi"


def test_values_are_said_whatever_their_case():
    acts = (Act("a", "inform", "name", "red lion"), Act("a", "inform", "area", "north"))
    assert values_said([Turn(0, "", "", acts=acts)], ["The Red Lion."]) == 50
    assert math.isnan(values_said([Turn(0, "", "")], ["hello"]))


def test_values_are_said_as_the_metric_has_it():
    acts = (Act("a", "inform", "stars", "4"), Act("a", "inform", "parking", "yes"))
    assert values_said([Turn(0, "", "", acts=acts)], ["Yes, at 14:40."]) == 0
