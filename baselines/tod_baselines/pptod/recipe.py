"""The settings of a PPTOD-style training, in one place, and what is wrong with them if anything is.

The defaults are the settings that PicPersona-TOD (NAACL 2025) gives for its Table 6: a learning rate of 1e-3, 10
epochs, AdamW, no weight decay. Its batches of 16 are ``batching: examples``; ours by default hold examples of like
length, which trains several times faster. The paper names no schedule: ours is constant, as in PPTOD's trainer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from tod_baselines.training.arguments import out_of_range
from tod_bench.errors import UserError

PREDICTION_SETTINGS = frozenset({"num_beams", "decode_tokens", "engine", "engine_precision", "confidence"})
"""Settings of decoding alone: a model that was trained under others serves."""


_OURS_ALONE = frozenset(
    {"act_values", "history", "lowercase", "packing", "engine", "max_source_tokens", "max_target_tokens"}
)
"""Settings of our format: PPTOD reads the last 900 tokens in lower case and writes up to 120 (acts: 80)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a model is made and trained.

    Attributes:
        model: A hub name or local folder of a seq2seq model; with ``init="scratch"`` the size of a T5
            (``t5-tiny``, ``t5-mini``, ``t5-small``, ``t5-base``).
        init: ``pretrained`` weights and tokenizer, or ``scratch``: random weights, and a SentencePiece tokenizer
            trained on the training split.
        dims: With scratch: entries of `transformers.T5Config` that differ from the size's, such as
            ``{"d_model": 96, "feed_forward_proj": "gated-gelu"}``.
        vocab_size: With scratch: pieces of the tokenizer, marks of domains, slots and acts not counted.
        tokenizer: With scratch: the kind of SentencePiece model, ``unigram`` (as T5's) or ``bpe``.
        format: What is read and written: ``tod_bench`` (`tod_bench.linearize`), or ``pptod``: what PPTOD's released
            checkpoints were trained on (`tod_baselines.pptod.released`).
        delexicalised: With ``format: pptod``: whether earlier answers of the system are shown with placeholders for
            their annotated values, as PPTOD shows them (gold access ``system_spans``), or as they are.
        word_pairs: With ``format: pptod``: a file of words to replace, old and new with a tab between (`mapping.pair`
            of MultiWOZ, for PPTOD's checkpoints); empty for none.
        multitask: One model for every task instead of one a task.
        lowercase: Lower-case utterances, and the values of states and acts, as in PPTOD's data; a response that is to
            be generated stays as it is.
        act_values: Whether act spans have values (``(area) north``) or slots alone.
        history: What is shown of the turns before: ``all`` of them, ``last+K`` (the last K alone), or ``state+K`` (the
            last K, and for DST the state before the current turn: gold in training, the model's own when it answers).
        packing: ``turn`` (each turn an input of its own) or ``dialogue`` (all turns of a dialogue in one pass; see
            `tod_baselines.pptod.fast.packing`).
        batching: ``tokens`` (examples of like length, up to `batch_tokens` source tokens, padding included) or
            ``examples`` (`batch_size` examples, shuffled: the paper's way, with twice the padding).
        batch_size: Examples (with ``packing: dialogue``: dialogues) a batch and device.
        batch_tokens: Source tokens a batch and device.
        sort_targets: Whether batches of ``tokens`` hold targets of like length too: a step costs and teaches less.
        accumulation: Batches a step and device.
        learning_rate: Peak learning rate.
        scheduler: Any schedule of transformers (``constant``, ``constant_with_warmup``, ``linear``, ``cosine``, ...).
        warmup: Share of the steps, 0 to 1, over which the learning rate rises.
        epochs: Passes over the training examples; 0 to take a pretrained model as it is, without any training.
        max_steps: Optimizer steps after which to stop, if the epochs take longer.
        max_minutes: Minutes of training after which to stop, if the epochs take longer; such a run cannot be
            reproduced exactly.
        optim: Any optimizer of transformers (``adamw_torch_fused``, ``adafactor``, ...).
        optim_args: Its arguments, as transformers takes them (``scale_parameter=True`` for Adafactor whose steps are
            relative to each weight matrix, say).
        weight_decay: Weight decay.
        max_grad_norm: Norm to which gradients are clipped; 0 for no clipping.
        dropout: Dropout rate; None keeps the model's.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 where the device computes in it.
        max_source_tokens: Longest input; the oldest turns of a longer one are left out.
        max_target_tokens: Longest output.
        few_shot: Share of the training dialogues to use, above 0 to 1.
        few_shot_seed: Seed of their choice, apart from the training's seed.
        select_by: Which checkpoint is kept: the best dev ``score`` (JGA; act F1; dev loss for responses), the lowest
            dev ``loss``, or the ``last``, without any evaluation.
        evaluate_every: Epochs between evaluations; the last epoch is always evaluated.
        dev_dialogues: Dev dialogues to evaluate on, evenly spaced; None for all.
        num_beams: Beams of prediction; 1 is greedy, as the selection of checkpoints always is.
        decode_tokens: Source tokens a decoding batch, padding included; None for 4,096 on a CPU and 16,384 on a GPU.
        engine: What decodes: ``transformers`` or ``ctranslate2``.
        engine_precision: What ctranslate2 computes in: ``float32`` or ``int8``.
        confidence: Whether predictions of states say how sure the model is of each value: the probability of its
            tokens, given what the model wrote before them.
        probe: Whether a training measures the peak of the device first (a second), so that its record has the MFU.
    """

    model: str = "t5-small"
    init: Literal["pretrained", "scratch"] = "pretrained"
    dims: Mapping[str, int | float | str] = field(default_factory=dict)
    vocab_size: int = 4000
    tokenizer: Literal["unigram", "bpe"] = "unigram"
    format: Literal["tod_bench", "pptod"] = "tod_bench"
    delexicalised: bool = True
    word_pairs: str = ""
    multitask: bool = False
    lowercase: bool = True
    act_values: bool = False
    history: str = "all"
    packing: Literal["turn", "dialogue"] = "turn"
    batching: Literal["tokens", "examples"] = "tokens"
    batch_size: int = 16
    batch_tokens: int = 4096
    sort_targets: bool = True
    accumulation: int = 1
    learning_rate: float = 1e-3
    scheduler: str = "constant"
    warmup: float = 0.0
    epochs: int = 10
    max_steps: int | None = None
    max_minutes: float | None = None
    optim: str = "adamw_torch_fused"
    optim_args: str = ""
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    dropout: float | None = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    max_source_tokens: int = 512
    max_target_tokens: int = 256
    few_shot: float = 1.0
    few_shot_seed: int = 0
    select_by: Literal["score", "loss", "last"] = "score"
    evaluate_every: int = 1
    dev_dialogues: int | None = 200
    num_beams: int = 1
    decode_tokens: int | None = None
    engine: Literal["transformers", "ctranslate2"] = "transformers"
    engine_precision: Literal["float32", "int8"] = "float32"
    confidence: bool = False
    probe: bool = True

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            UserError: A setting is out of range; all of them are in the message.
        """
        positive = (
            "vocab_size batch_size batch_tokens accumulation learning_rate max_source_tokens "
            "max_target_tokens evaluate_every num_beams"
        )
        wrong = [f"{name} must be above 0" for name in positive.split() if getattr(self, name) <= 0]
        wrong += ["epochs must not be below 0"] if self.epochs < 0 else []
        optional = ("max_steps", "max_minutes", "dev_dialogues", "decode_tokens")
        values = {name: getattr(self, name) for name in optional}
        wrong += [
            f"{name} must be above 0 or left out" for name, value in values.items() if value is not None and value <= 0
        ]
        wrong += [
            f"{name} must not be below 0" for name in ("weight_decay", "max_grad_norm") if getattr(self, name) < 0
        ]
        wrong += out_of_range(self)
        if self.dropout is not None and not 0 <= self.dropout < 1:
            wrong.append("dropout must be at least 0 and below 1")
        if not re.fullmatch(r"all|(last|state)\+\d+", self.history):
            wrong.append(f"history must be all, last+K or state+K (such as state+1), not {self.history!r}")
        if self.packing == "dialogue" and self.history != "all":
            wrong.append(f"packing: dialogue shows every turn before, so it takes history: all, not {self.history}")
        if self.packing == "dialogue" and self.engine != "transformers":
            wrong.append(f"packing: dialogue is decoded by the engine transformers, not {self.engine}")
        if self.dims and self.init != "scratch":
            wrong.append("dims can only be set with init: scratch")
        wrong += [*self._format_problems(), *self._confidence_problems(), *self._untrained_problems()]
        if wrong:
            raise UserError(f"pptod: {'; '.join(wrong)}")

    def _format_problems(self) -> Iterator[str]:
        """What does not go with PPTOD's format, which has answers of its own to these questions."""
        changed = [
            one.name
            for one in fields(self)
            if one.name in _OURS_ALONE and getattr(self, one.name) != one.default and self.format == "pptod"
        ]
        if changed:
            yield f"format: pptod is what it is, so leave out {', '.join(changed)}"
        if self.format == "tod_bench" and (self.word_pairs or not self.delexicalised):
            yield "word_pairs and delexicalised belong to format: pptod"

    def _confidence_problems(self) -> Iterator[str]:
        if self.confidence and self.num_beams > 1:
            yield "confidence is that of greedy decoding, so it takes num_beams: 1"
        if self.confidence and self.packing == "dialogue":
            yield "confidence is not computed with packing: dialogue"

    def _untrained_problems(self) -> Iterator[str]:
        if self.epochs == 0 and self.init == "scratch":
            yield "a model from scratch has to be trained, so epochs must be above 0"
        if self.epochs == 0 and self.few_shot < 1:
            yield "few_shot chooses training dialogues, and epochs: 0 reads none"

    @property
    def trained(self) -> bool:
        """Whether there is a training at all."""
        return self.epochs > 0

    @property
    def gold_access(self) -> frozenset[str]:
        """The gold that must be shown (see `tod_bench.systems.System`)."""
        return frozenset({"system_spans"} if self.format == "pptod" and self.delexicalised else ())

    @property
    def turns_shown(self) -> int | None:
        """How many turns before the current one are shown; None for all."""
        return None if self.history == "all" else int(self.history.split("+")[1])

    @property
    def carries_state(self) -> bool:
        """Whether DST is shown the state before the current turn."""
        return self.history.startswith("state")

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return {**asdict(self), "dims": dict(self.dims)}
