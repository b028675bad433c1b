"""How fast a training computes: tokens a second, FLOP a second, and what share of the device's peak that is.

Model FLOP are what the mathematics of a training step takes, whatever the code makes of it: no padding, nothing twice.
A matrix of P parameters that a token goes through takes 2 P FLOP forward and 4 P backward, and each pair of
positions that attention compares 12 A a layer, where A is heads times the size of a head (Chowdhery et al. 2022, PaLM,
appendix B). Masks are not subtracted: of causal attention the whole square counts, as there.

    decoder    6 P T + 12 L A sum(t^2)                                      T tokens in sequences of t
    seq2seq    6 (E + C) S + 6 D T + 12 A (L_e sum(s^2) + L_d sum(t^2 + s t))

Of a seq2seq model E are the parameters of the encoder, D those of the decoder and its output layer, C the projections
of the encoder's output to keys and values of the decoder, which source tokens go through; s and t are the lengths of
source and target. Looking up an embedding takes none.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Dtype: TypeAlias = Literal["float32", "bfloat16", "float16"]

PROBE_SECONDS = 1.0
"""How long the peak of a device is measured, about."""

PROBE_SIZES = {"cpu": 2048, "cuda": 8192}
"""Rows and columns of the matrices that it is measured with."""

Lengths: TypeAlias = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a training computed in some time.

    Attributes:
        parameters: Parameters of the model.
        tokens: Tokens that went into it, source and target, without padding.
        flops: Model FLOP of that (see `decoder_flops` and `seq2seq_flops`), backward passes included.
        seconds: How long it took, evaluations and checkpoints left out.
        dtype: What it computed in.
        peak: FLOP a second of the devices together, measured by `matmul_peak` or known; None where neither.
        steps: Optimizer steps in these seconds; those before a training was resumed are not among them.
    """

    parameters: int
    tokens: int
    flops: float
    seconds: float
    dtype: Dtype
    peak: float | None = None
    steps: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Source and target tokens a second; 0 where nothing was computed."""
        return self.tokens / self.seconds if self.seconds else 0.0

    @property
    def flops_per_second(self) -> float:
        """Model FLOP a second; 0 where nothing was computed."""
        return self.flops / self.seconds if self.seconds else 0.0

    @property
    def mfu(self) -> float | None:
        """Model FLOP utilisation, 0 to 1 (above 1 where the probe fell short); None where no peak is known."""
        return self.flops_per_second / self.peak if self.peak else None

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON values, rounded to what they are good for; TFLOP are 10^12 FLOP."""
        return {
            "steps": self.steps,
            "tokens": self.tokens,
            "seconds": round(self.seconds, 3),
            "tokens_per_second": _rounded(self.tokens_per_second),
            "model_tflop": _rounded(self.flops / 1e12),
            "tflop_per_second": _rounded(self.flops_per_second / 1e12),
            "dtype": self.dtype,
            "peak_tflop_per_second": None if self.peak is None else _rounded(self.peak / 1e12),
            "mfu": None if self.mfu is None else _rounded(self.mfu),
        }


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a model decides its FLOP.

    Attributes:
        source: Parameters of matrices that every source token goes through; 0 for a decoder alone.
        target: Parameters of matrices that every target token goes through, the output layer among them.
        attention: Heads times the size of a head.
        source_layers: Layers of the encoder; 0 for a decoder alone.
        target_layers: Layers of the decoder.
    """

    source: int
    target: int
    attention: int
    source_layers: int
    target_layers: int


def shape_of(model: "PreTrainedModel") -> Shape:
    """The shape of a model of transformers, seq2seq or decoder-only.

    Matrices are the weights of linear layers; the output layer counts also where it is the embedding's.
    """
    from torch.nn import Linear

    config = model.config
    matrices = {name: part.weight.numel() for name, part in model.named_modules() if isinstance(part, Linear)}
    if not config.is_encoder_decoder:
        heads = config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // heads
        return Shape(0, sum(matrices.values()), heads * size, 0, config.num_hidden_layers)
    crossing = ("EncDecAttention.k", "EncDecAttention.v", "encoder_attn.k_proj", "encoder_attn.v_proj")
    encoder = {id(part) for part in model.get_encoder().modules()}
    reads_source = {
        name
        for name, part in model.named_modules()
        if name in matrices and (id(part) in encoder or name.endswith(crossing))
    }
    source = sum(matrices[name] for name in reads_source)
    heads = config.num_attention_heads
    size = getattr(config, "d_kv", None) or config.hidden_size // heads
    layers = config.num_hidden_layers
    encoder_layers = getattr(config, "encoder_layers", layers)
    decoder_layers = getattr(config, "num_decoder_layers", None) or getattr(config, "decoder_layers", layers)
    return Shape(source, sum(matrices.values()) - source, heads * size, encoder_layers, decoder_layers)


def decoder_flops(shape: Shape, lengths: Lengths) -> float:
    """Model FLOP of learning some sequences once with a decoder-only model, in training.

    Args:
        shape: The model's shape.
        lengths: Tokens of each sequence; where dialogues are packed without seeing each other, of each dialogue.
    """
    tokens = np.asarray(lengths, np.float64)
    return float(6 * shape.target * tokens.sum() + 12 * shape.attention * shape.target_layers * (tokens**2).sum())


def seq2seq_flops(shape: Shape, source_lengths: Lengths, target_lengths: Lengths) -> float:
    """Model FLOP of learning some examples once with a seq2seq model, in training.

    Args:
        shape: The model's shape.
        source_lengths: Source tokens of each example.
        target_lengths: Target tokens of each.
    """
    source, target = np.asarray(source_lengths, np.float64), np.asarray(target_lengths, np.float64)
    matrices = 6 * (shape.source * source.sum() + shape.target * target.sum())
    compared = shape.source_layers * (source**2).sum() + shape.target_layers * (target**2 + source * target).sum()
    return float(matrices + 12 * shape.attention * compared)


@cache
def matmul_peak(dtype: Dtype, device: str) -> float:
    """FLOP a second of a product of two square matrices, the best of several in a second, once a process.

    What torch's settings make of `dtype` counts (TF32 for ``float32``, say), since a training computes under the same.

    Args:
        dtype: What to compute in.
        device: Where: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    """
    import torch

    kind = device.partition(":")[0]
    size = PROBE_SIZES.get(kind, 4096)
    # A generator of its own: a training's random numbers must not depend on whether the peak was measured.
    random = torch.Generator(device).manual_seed(0)
    one, other = (torch.randn(size, size, device=device, generator=random).to(getattr(torch, dtype)) for _ in range(2))
    best, began = float("inf"), time.perf_counter()
    with torch.inference_mode():
        (one @ other)[0, 0].item()
        while best == float("inf") or time.perf_counter() - began < PROBE_SECONDS:
            start = time.perf_counter()
            (one @ other)[0, 0].item()  # reading a number waits for the device
            best = min(best, time.perf_counter() - start)
    return float(2 * size**3 / best)


def _rounded(value: float) -> float:
    """Four significant digits."""
    return float(f"{value:.4g}")
