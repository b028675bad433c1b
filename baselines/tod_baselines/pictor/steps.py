"""A plain training loop that goes on where it was killed: what tower and base are trained with.

Which examples a step learns depends on its number alone, so that a training that was killed ends at the same weights.

Importing this imports torch.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tod_bench.progress import progress

CHECKPOINT_SECONDS = 30.0
"""Time between two checkpoints."""

WARMUP = 0.05
"""Share of the steps over which the learning rate rises; from then on it falls linearly to 0."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a network is trained.

    Attributes:
        what: What is trained, for the progress shown.
        steps: Optimizer steps.
        learning_rate: Peak learning rate.
        weight_decay: Weight decay of AdamW.
        checkpoint: The file with which a killed training goes on; its folder is there.
    """

    what: str
    steps: int
    learning_rate: float
    weight_decay: float
    checkpoint: Path

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        done = (step + 1) / self.steps
        return self.learning_rate * min(done / WARMUP, (1 - step / self.steps) / (1 - WARMUP), 1.0)


def take_steps(network: nn.Module, loss_of: Callable[[int], Tensor], plan: Plan) -> dict[str, Any]:
    """Trains a network in place.

    Args:
        network: The network; weights that need no gradient stay as they are.
        loss_of: The loss of a step's examples, given the number of the step.
        plan: How it is trained.

    Returns:
        The record: steps, seconds (those before a kill among them), and the mean loss of each tenth of the steps.
    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    fused = parameters[0].device.type in ("cpu", "cuda")
    optimizer = torch.optim.AdamW(parameters, lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=fused)
    losses, seconds = _resume(network, optimizer, plan.checkpoint, parameters[0].device)
    began = saved = time.monotonic()
    network.train()
    with progress(plan.what, plan.steps, unit="steps") as shown:
        for step in range(len(losses), plan.steps):
            for group in optimizer.param_groups:
                group["lr"] = plan.rate(step)
            loss = loss_of(step)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            losses.append(loss.item())
            shown.reach(step + 1)
            if (now := time.monotonic()) - saved > CHECKPOINT_SECONDS:
                _save(network, optimizer, losses, seconds + now - began, plan.checkpoint)
                saved = now
    network.eval()
    return {
        "steps": plan.steps,
        "seconds": round(seconds + time.monotonic() - began, 1),
        "losses": [round(sum(part) / len(part), 4) for part in _tenths(losses)],
    }


def _resume(
    network: nn.Module, optimizer: torch.optim.Optimizer, file: Path, place: torch.device
) -> tuple[list[float], float]:
    """Losses and seconds of the steps that are done already; a checkpoint of another device goes on on this one."""
    if not file.exists():
        return [], 0.0
    kept = torch.load(file, map_location=place, weights_only=True)
    network.load_state_dict(kept["network"])
    optimizer.load_state_dict(kept["optimizer"])
    return kept["losses"], kept["seconds"]


def _save(
    network: nn.Module, optimizer: torch.optim.Optimizer, losses: list[float], seconds: float, file: Path
) -> None:
    partial = file.with_suffix(".part")
    kept = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "losses": losses, "seconds": seconds}
    torch.save(kept, partial)
    partial.replace(file)


def _tenths(losses: Sequence[float]) -> Iterator[Sequence[float]]:
    size = -(-len(losses) // 10)
    for start in range(0, len(losses), size):
        yield losses[start : start + size]
