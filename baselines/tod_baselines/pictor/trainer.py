"""transformers' Trainer with batches of prompts and answers, and a loss over answers alone.

    pad pad  picture  prompt  answer          logits are made where the answers stand: of the longest one a batch
    pad      picture  prompt  answer

Importing this imports torch and transformers; `tod_baselines.pictor.training` does so when it trains.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from tod_baselines.pictor.flops import LanguageFlops
from tod_baselines.training.devices import computes_in_bf16
from tod_baselines.training.trainer import TimedBatches, Work
from tod_bench.errors import UserError

if TYPE_CHECKING:
    from tod_baselines.pictor.seeing import Prompt, SeeingModel

IGNORED = -100
"""Label of positions without a loss."""

WEIGHTS = "trained.safetensors"
"""The file of a checkpoint that holds the trained weights."""


@dataclass(frozen=True, slots=True)
class Task:
    """An example as tokens.

    Attributes:
        prompt: What is read.
        answer: The tokens of the answer, the one that ends it among them.
    """

    prompt: "Prompt"
    answer: Sequence[int]

    def __len__(self) -> int:
        return len(self.prompt.ids) + len(self.answer)


def collate(tasks: Sequence[Task], model: "SeeingModel") -> dict[str, Any]:
    """The inputs of a batch, with labels for the last positions: as many as the longest answer has, and one more."""
    inputs = dict(model.inputs([task.prompt for task in tasks], [task.answer for task in tasks]))
    kept = 1 + max(len(task.answer) for task in tasks)
    labels = torch.full((len(tasks), kept), IGNORED)
    for row, task in zip(labels, tasks, strict=True):
        row[kept - len(task.answer) :] = torch.tensor(task.answer)
    if takes_logits_to_keep(model.network):
        inputs["logits_to_keep"] = kept
    return {**inputs, "labels": labels.to(inputs["input_ids"].device)}


def takes_logits_to_keep(network: Any) -> bool:
    """Whether a model can be asked for the logits of the last positions alone."""
    base = network.get_base_model() if hasattr(network, "get_base_model") else network
    return "logits_to_keep" in inspect.signature(base.forward).parameters


def answer_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int) -> torch.Tensor:
    """Cross-entropy in nats, summed over the answers' tokens and divided by those of the whole step."""
    logits = outputs.logits[:, -labels.shape[1] : -1]
    wanted = labels[:, 1:]
    learned = wanted != IGNORED
    return cross_entropy(logits[learned].float(), wanted[learned], reduction="sum") / num_items_in_batch


class AnswerTrainer(TimedBatches):
    """A Trainer of a model that sees.

    Its checkpoints hold the trained weights under the names that they have in memory. Those of transformers have other
    names for such models, and are read back leniently: nothing of them would be found, and nothing said.

    Args:
        flops: Model FLOP of learning a batch.
        **rest: What `TimedBatches` takes.
    """

    def __init__(self, *, flops: LanguageFlops, **rest: Any) -> None:
        super().__init__(**rest, compute_loss_func=answer_loss)
        self._flops = flops

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ARG002
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        trained = {name: weights.detach().contiguous() for name, weights in self._trained()}
        save_file(trained, folder / WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ARG002
        kept = load_file(Path(resume_from_checkpoint) / WEIGHTS)
        trained = dict(self._trained())
        if trained.keys() != kept.keys():
            raise UserError(f"pictor: {resume_from_checkpoint} holds other weights than those that are trained")
        with torch.no_grad():
            for name, weights in trained.items():
                weights.copy_(kept[name])

    def _load_best_model(self) -> None:
        self._load_from_checkpoint(self.state.best_model_checkpoint)

    def _trained(self) -> Iterator[tuple[str, torch.Tensor]]:
        return ((name, weights) for name, weights in self.model.named_parameters() if weights.requires_grad)

    def work(self, inputs: dict[str, Any]) -> Work:
        """The tokens of a batch, picture tokens among them, and the FLOP of learning it."""
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        learned = int((inputs["labels"] != IGNORED).sum())
        return Work(sum(lengths), self._flops(lengths, learned))


def loss_scorer(
    model: "SeeingModel", tasks: Sequence[Task], batch_size: int, precision: str
) -> Callable[[], dict[str, float]]:
    """A function that gives ``loss`` in nats a learned token of some examples, over all processes.

    Args:
        model: The model.
        tasks: The examples.
        batch_size: Examples a forward pass.
        precision: What to compute in, as the settings say it.
    """
    from accelerate.utils import gather_object

    from tod_baselines.training.devices import processes

    group = processes()
    mine = sorted(tasks[group.process_index :: group.num_processes], key=len)
    bf16 = computes_in_bf16(precision)

    def loss() -> dict[str, float]:
        model.network.eval()
        total, tokens = 0.0, 0
        with torch.inference_mode(), torch.autocast(model.network.device.type, torch.bfloat16, enabled=bf16):
            for start in range(0, len(mine), batch_size):
                inputs = collate(mine[start : start + batch_size], model)
                labels = inputs.pop("labels")
                total += float(answer_loss(model.network(**inputs), labels, 1))
                tokens += int((labels != IGNORED).sum())
        shares = gather_object([(total, tokens)])
        return {"loss": sum(share for share, _ in shares) / max(1, sum(count for _, count in shares))}

    return loss
