"""The plain way to train and decode a T5 state tracker, to measure ours against.

A loop in the manner of PPTOD's released trainer, written anew:

    session-order batches of 16 -> padded to the longest -> fp32, eager attention -> loss.item() -> AdamW, every step

It learns what ours learns from the same batch: its loss is transformers' own.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.batches import IGNORED
from tod_baselines.pptod.examples import Examples

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BATCH = 16


def session_batches(count: int) -> Iterator[list[int]]:
    """Numbers of examples in the order of the dialogues, sixteen at a time."""
    for start in range(0, count, BATCH):
        yield list(range(start, min(start + BATCH, count)))


def padded(examples: Examples, numbers: Sequence[int], filler: int) -> dict[str, "torch.Tensor"]:
    """A batch padded on the right to its longest source and its longest target."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    items = [examples[number] for number in numbers]
    ids = [torch.tensor(item["input_ids"], dtype=torch.long) for item in items]
    labels = [torch.tensor(item["labels"], dtype=torch.long) for item in items]
    masks = [torch.ones_like(row) for row in ids]
    return {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=filler),
        "attention_mask": pad_sequence(masks, batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED),
    }


def train(
    model: "PreTrainedModel",
    examples: Examples,
    batches: Iterable[list[int]] | None = None,
    learning_rate: float = 1e-3,
    max_grad_norm: float = 1.0,
) -> list[float]:
    """One epoch, or some batches of it; the loss of each step, in nats a target token.

    The model's attention should be ``eager``.
    """
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0)
    losses = []
    model.train()
    for numbers in session_batches(len(examples)) if batches is None else batches:
        batch = padded(examples, numbers, model.config.pad_token_id)
        loss = model(**{name: part.to(model.device) for name, part in batch.items()}).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def decode(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    examples: Examples,
    numbers: Sequence[int],
    batch: int,
    max_new_tokens: int,
) -> list[str]:
    """Greedy `generate` of some examples in the order given, a batch of them at a time."""
    import torch

    texts: list[str] = []
    model.eval()
    for start in range(0, len(numbers), batch):
        rows = [
            torch.tensor(examples[number]["input_ids"], dtype=torch.long) for number in numbers[start : start + batch]
        ]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=model.config.pad_token_id)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        with torch.no_grad():
            written: Any = model.generate(
                input_ids=ids.to(model.device), attention_mask=mask.to(model.device), max_new_tokens=max_new_tokens
            )
        texts += tokenizer.batch_decode(written, skip_special_tokens=True)
    return texts
