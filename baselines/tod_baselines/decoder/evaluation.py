"""Scores on dev dialogues during training: what decides which checkpoint is kept.

As in `tod_baselines.pptod.evaluation`: JGA for DST, act F1 for policy given the gold state, the mean for several tasks,
and the dev loss where only responses are trained. Each process takes its share of the dialogues.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tod_baselines.decoder.packing import IGNORED, Tokens, row_of
from tod_baselines.decoder.settings import Settings
from tod_baselines.training.arguments import TrainingSettings
from tod_baselines.training.data import SCORES, items_of
from tod_baselines.training.devices import computes_in_bf16, processes
from tod_bench.records import Dialogue, TaskName
from tod_metrics import metric

if TYPE_CHECKING:
    from tod_baselines.decoder.answering import Answerer


def criterion(settings: TrainingSettings, tasks: Sequence[TaskName]) -> str:
    """What is computed on dev: ``score``, ``loss`` or (nothing) ``last``."""
    if settings.select_by == "score" and not SCORES.keys() & set(tasks):
        return "loss"
    return settings.select_by


def task_scorer(
    answerer: "Answerer", tasks: Sequence[TaskName], dev: Sequence[Dialogue]
) -> Callable[[], dict[str, float]]:
    """A function that gives ``score`` and the score of each task, in percent, over all processes."""
    from accelerate.utils import gather_object

    group = processes()
    mine = dev[group.process_index :: group.num_processes]

    def score() -> dict[str, float]:
        found = {}
        for task in tasks:
            if task in SCORES:
                items = gather_object(items_of(task, mine, partial(answerer.answers, task)))
                scorer = metric(SCORES[task])
                found[f"{task}_{SCORES[task]}"] = float(scorer.aggregate(scorer.statistics(items).sum(axis=0)))
        return {"score": sum(found.values()) / len(found), **found}

    return score


def loss_scorer(model: Any, sequences: Sequence[Tokens], settings: Settings) -> Callable[[], dict[str, float]]:
    """A function that gives ``loss`` in nats a learned token, over all processes."""
    from accelerate.utils import gather_object

    group = processes()
    mine = sequences[group.process_index :: group.num_processes]

    def loss() -> dict[str, float]:
        shares = gather_object([summed_loss(model, mine, settings)])
        return {"loss": sum(total for total, _ in shares) / max(1, sum(tokens for _, tokens in shares))}

    return loss


def summed_loss(model: Any, sequences: Sequence[Tokens], settings: Settings) -> tuple[float, int]:
    """The loss of all learned tokens, in nats, one sequence a forward pass; and how many there are."""
    import torch

    from tod_baselines.decoder.trainer import answer_loss

    bf16 = computes_in_bf16(settings.precision)
    model.eval()
    total, tokens = 0.0, 0
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        for sequence in sequences:
            row = row_of([sequence])
            del row["segments"], row["logits_to_keep"]
            row = {
                name: part.to(model.device) if isinstance(part, torch.Tensor) else part for name, part in row.items()
            }
            labels = row.pop("labels")
            total += float(answer_loss(model(**row), labels, 1))
            tokens += int((labels != IGNORED).sum())
    return total, tokens
