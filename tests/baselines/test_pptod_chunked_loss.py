"""The chunked loss has the value and the gradients of transformers' own; its head gives logits outside of training."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

from tod_baselines.pptod.fast import chunked_loss
from tod_baselines.pptod.fast.chunked_loss import use_chunked_loss
from tod_baselines.pptod.trainer import token_loss


@pytest.fixture(params=[True, False], ids=["tied", "untied"])
def t5(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    dims = {"d_model": 16, "d_kv": 4, "d_ff": 32, "num_heads": 4, "num_layers": 2, "dropout_rate": 0.0}
    config = T5Config(vocab_size=90, tie_word_embeddings=request.param, decoder_start_token_id=0, **dims)
    return T5ForConditionalGeneration._from_config(config).train()


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    labels = torch.randint(1, 90, (5, 7))
    labels[0, 3:] = labels[2, 1:] = labels[4, 6:] = -100
    return {"input_ids": torch.randint(1, 90, (5, 11)), "labels": labels}


def run(model: Any, batch: dict[str, torch.Tensor], loss: Any) -> tuple[float, dict[str, torch.Tensor]]:
    """A third of the loss, and the gradient of each weight."""
    inputs = {"input_ids": batch["input_ids"], "decoder_input_ids": model._shift_right(batch["labels"])}
    found = loss(model(**inputs), batch["labels"], 3)
    found.backward()
    return found.item(), {name: weight.grad for name, weight in model.named_parameters()}


@pytest.mark.parametrize("tokens", [1, 4, 1024])
def test_loss_and_gradients_are_those_of_the_plain_head(
    t5: Any, batch: dict[str, torch.Tensor], tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunked_loss, "TOKENS", tokens)
    plain, expected = run(deepcopy(t5), batch, token_loss)
    chunked, found = run(t5, batch, use_chunked_loss(t5))
    assert chunked == pytest.approx(plain, abs=1e-5)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        assert torch.allclose(found[name], gradient, rtol=1e-4, atol=1e-5), name


def test_it_makes_logits_of_the_targets_alone_some_at_a_time(
    t5: Any, batch: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    product = torch.nn.functional.linear_cross_entropy

    def noted(states: torch.Tensor, *rest: Any, **options: Any) -> torch.Tensor:
        seen.append((len(states), options["options"].batch_chunk_size))
        return product(states, *rest, **options)

    monkeypatch.setattr(torch.nn.functional, "linear_cross_entropy", noted)
    run(t5, batch, use_chunked_loss(t5))
    assert seen == [(int((batch["labels"] != -100).sum()), 1024)]


def test_out_of_training_the_head_gives_logits(t5: Any, batch: dict[str, torch.Tensor]) -> None:
    t5.eval()
    expected = t5(**batch).logits
    use_chunked_loss(t5)
    assert torch.equal(t5(**batch).logits, expected)


def test_other_models_keep_their_heads() -> None:
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8}
    heads = {"encoder_attention_heads": 1, "decoder_attention_heads": 1}
    model: Any = BartForConditionalGeneration(BartConfig(vocab_size=30, d_model=8, **sizes, **heads))
    assert use_chunked_loss(model) is token_loss
    assert type(model.lm_head) is torch.nn.Linear


def test_an_older_torch_keeps_the_plain_head(t5: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.nn, "LinearCrossEntropyOptions")
    assert use_chunked_loss(t5) is token_loss
    assert type(t5.lm_head) is torch.nn.Linear
