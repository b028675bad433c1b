"""Servers of real models for tests: which can run here, and a model that is made on the spot.

Starting and ending one is `benchmarks.model_server`.
"""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.model_server import missing

TEMPLATE = "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }} {% endfor %}<assistant>"
"""The chat template of the model that is made on the spot."""


def needs(server: str, *more: str) -> Any:
    """A marker that skips a test where a server of `benchmarks.model_server.NEEDED`, or another module, is missing."""
    lacking = [*missing(server), *(name for name in more if _is_missing(name))]
    return pytest.mark.skipif(bool(lacking), reason=f"{server} cannot run here: no {', '.join(lacking)}")


def make_tiny_model(folder: Path) -> Path:
    """Writes a two-layer Llama of random weights over bytes, with a chat template; about one token in five ends it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate(["<pad>", "<eos>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=512,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=None,
        )
    )
    with torch.no_grad():
        # One dimension is the same for every token and speaks for the end of the text.
        model.model.embed_tokens.weight[:, 0] = 5.0
        model.lm_head.weight[1, 0] = 0.74
    model.generation_config.do_sample = True
    model.save_pretrained(folder)
    return folder


def _is_missing(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is None
