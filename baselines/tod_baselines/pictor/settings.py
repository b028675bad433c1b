"""The settings of a system that sees, in one place, and what is wrong with them if anything is.

Those of the training are named, and mean, what they do in `tod_baselines.decoder.settings`. The defaults are for a tiny
model from scratch on a CPU; for a checkpoint of billions of parameters see ``eval_configs/table5.yaml``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from tod_baselines.pictor.pretraining import Pretraining
from tod_baselines.pictor.prompting import INPUTS, Input
from tod_baselines.training.arguments import out_of_range, ranges
from tod_bench.errors import UserError, did_you_mean

PREDICTION_SETTINGS = frozenset({"control", "decode_rows"})
"""Settings of answering alone: a model that was trained under others serves."""

LORA = {"r": 16, "alpha": 32, "dropout": 0.0}
"""What `lora` may set, and what stands where it does not."""

POSITIVE = "vocab_size batch_size accumulation max_new_tokens learning_rate evaluate_every save_minutes decode_rows"
"""Settings that must be above 0."""

CONTROLS: Mapping[str, str] = {
    "none": "",
    "shuffled_images": "image",
    "gold_impression": "impression",
    "shuffled_impressions": "impression",
}
"""What `control` can be -> the input that it needs."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a model is made, what it is given, and how it is trained.

    Attributes:
        model: The hub name or folder of a model that sees (any of transformers' ``AutoModelForImageTextToText``); with
            ``init: scratch`` the name of a size.
        init: ``pretrained`` weights, or ``scratch``: a tiny LLaVA of which tower and base are trained first, as
            `pretrain` says.
        dims: With scratch: entries of the language model's config that differ from the size's.
        vocab_size: With scratch: pieces of the tokenizer.
        pretrain: With scratch: what tower and base are trained on, and for how long (the fields of
            `tod_baselines.pictor.pretraining.Pretraining`). They are trained once for all seeds and rows.
        inputs: What the model is given: any of ``policy`` (acts with their values), ``db`` (how many entries match),
            ``utterance``, ``image``, ``impression``. With image and impression the model writes a first impression of
            the picture, which it then reads; an impression without an image is the corpus's.
        progress: Whether the model is told if a turn is the first, the last or another one. Nobody knows the last one
            while talking, so it is declared as gold access.
        control: What is done to what the trained model is given: nothing (``none``), every user has the picture of
            another one (``shuffled_images``), the corpus's impressions take the place of the model's own
            (``gold_impression``), or those of other users (``shuffled_impressions``).
        lora: None to train every weight but the tower's; else low-rank adapters of the language model and a trained
            projector, with any of ``r``, ``alpha`` and ``dropout`` set and the rest as in `LORA`.
        batch_size: Examples a forward pass.
        accumulation: Forward passes a step and device.
        max_new_tokens: Longest answer.
        learning_rate: Peak learning rate.
        scheduler: Any schedule of transformers (``constant``, ``linear``, ``cosine``, ...).
        warmup: Share of the steps, 0 to 1, over which the learning rate rises.
        epochs: Passes over the training dialogues; 0 asks the model as it is.
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
        select_by: Which checkpoint is kept: the one with the lowest dev loss (``score`` and ``loss``), or the ``last``,
            without any evaluation.
        evaluate_every: Epochs between evaluations; the last epoch is always evaluated.
        dev_dialogues: Dev dialogues to evaluate on, evenly spaced; None for all.
        save_minutes: Minutes between checkpoints within an epoch, from which a killed training goes on.
        decode_rows: Answers that are written side by side.
    """

    model: str = "llava-tiny"
    init: Literal["pretrained", "scratch"] = "scratch"
    dims: Mapping[str, int | float | str] = field(default_factory=dict)
    vocab_size: int = 2000
    pretrain: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[Input] = INPUTS
    progress: bool = False
    control: Literal["none", "shuffled_images", "gold_impression", "shuffled_impressions"] = "none"
    lora: Mapping[str, int | float] | None = None
    batch_size: int = 16
    accumulation: int = 1
    max_new_tokens: int = 128
    learning_rate: float = 1.5e-3
    scheduler: str = "linear"
    warmup: float = 0.03
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
    select_by: Literal["score", "loss", "last"] = "loss"
    evaluate_every: int = 1
    dev_dialogues: int | None = 100
    save_minutes: float = 10.0
    decode_rows: int = 64

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            UserError: Some are wrong; all of them are in the message.
        """
        wrong = [
            *ranges(self, POSITIVE),
            *out_of_range(self),
            *self._wrong_inputs(),
            *self._wrong_model(),
        ]
        if wrong:
            raise UserError(f"pictor: {'; '.join(wrong)}")

    def _wrong_inputs(self) -> Iterator[str]:
        for name in self.inputs:
            if name not in INPUTS:
                yield f"inputs: there is no {name!r}{did_you_mean(name, INPUTS)}; any of {', '.join(INPUTS)}"
        if not self.inputs:
            yield f"inputs must name something of {', '.join(INPUTS)}"
        if len(set(self.inputs)) < len(self.inputs):
            yield "inputs names something twice"
        needed = CONTROLS.get(self.control, "")
        if needed and needed not in self.inputs:
            yield f"control: {self.control} needs {needed} among the inputs"
        if "impression" in self.inputs and "image" not in self.inputs and not self._given_impression:
            yield (
                "a first impression cannot be written without image among the inputs; set control: gold_impression to "
                "give the corpus's"
            )

    @property
    def _given_impression(self) -> bool:
        return self.control in ("gold_impression", "shuffled_impressions")

    def _wrong_model(self) -> Iterator[str]:
        scratch = self.init == "scratch"
        if self.dims and not scratch:
            yield "dims can only be set with init: scratch"
        if self.pretrain and not scratch:
            yield "pretrain can only be set with init: scratch"
        if self.lora is not None and scratch:
            yield "lora adapts a pretrained model; leave it out with init: scratch"
        for name in self.lora or {}:
            if name not in LORA:
                yield f"lora.{name} is unknown{did_you_mean(name, LORA)}; it takes {', '.join(LORA)}"
        try:
            _ = self.pretraining
        except UserError as error:
            yield str(error).removeprefix("pictor: ")

    @cached_property
    def pretraining(self) -> Pretraining:
        """`pretrain` with what it leaves out.

        Raises:
            UserError: Some of it is wrong.
        """
        known = Pretraining.__dataclass_fields__
        for name in self.pretrain:
            if name not in known:
                raise UserError(f"pictor: pretrain.{name} is unknown{did_you_mean(name, known)}")
        return Pretraining(**self.pretrain)

    @property
    def adapters(self) -> dict[str, Any] | None:
        """`lora` with what it leaves out; None to train every weight."""
        return None if self.lora is None else {**LORA, **self.lora}

    @property
    def writes_impressions(self) -> bool:
        """Whether the model writes the first impressions that it reads."""
        return {"image", "impression"} <= set(self.inputs) and not self._given_impression

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; inputs in the order of the prompt."""
        return {
            **asdict(self),
            "dims": dict(self.dims),
            "inputs": [name for name in INPUTS if name in self.inputs],
            "lora": self.adapters,
            "pretrain": self.pretraining.to_json() if self.init == "scratch" else {},
        }
