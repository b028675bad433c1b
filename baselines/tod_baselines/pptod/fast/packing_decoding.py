"""Decoding packed dialogues: each is encoded once, then all its turns are written, many at a time.

    states of a row     h u1 e1  s1 u2 e2  s2 u3 e3        one encoding
    picked for turn 3   h u1     s1 u2     s2 u3 e3        what `generate` attends to

A batch of turns holds a copy of the states that each attends to: no more than turns encoded one by one would need.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tod_baselines.pptod.batches import length_batches
from tod_baselines.pptod.fast.packing import Dialogues, Rows, filled
from tod_baselines.pptod.generation import written
from tod_bench.progress import track

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def decode_dialogues(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    dialogues: Dialogues,
    *,
    batch_tokens: int,
    max_new_tokens: int,
    num_beams: int = 1,
    bf16: bool = False,
) -> list[str]:
    """The model's output for every example of the dialogues, in the examples' order; see `generation.decode`."""
    import torch

    texts = [""] * len(dialogues.examples)
    model.eval()
    with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=bf16):
        batches = list(length_batches(dialogues.lengths, batch_tokens))
        for windows in track(batches, "decoding", len(batches), unit="batches"):
            for numbers, batch in encoded(model, dialogues, windows, batch_tokens):
                output = written(model, batch, max_new_tokens, num_beams)
                for number, text in zip(numbers, tokenizer.batch_decode(output, skip_special_tokens=True), strict=True):
                    texts[number] = text
    return texts


def encoded(
    model: "PreTrainedModel", dialogues: Dialogues, windows: list[int], batch_tokens: int
) -> Iterator[tuple[list[int], dict[str, Any]]]:
    """Encodes windows at once, and gives their examples in batches of like length.

    Yields:
        Numbers of examples, and what `generate` takes of them: the states that each attends to (examples, tokens,
        d_model), and which are no padding (examples, tokens).
    """
    from transformers.modeling_outputs import BaseModelOutput

    from tod_baselines.pptod.fast.packing_model import PackedT5, seen

    items = [dialogues[window] for window in windows]
    batch = {name: tensor.to(model.device) for name, tensor in Rows.of(model)(items).items()}
    states = PackedT5.of(model).encode(batch["input_ids"], batch["source_place"])
    # What is to be predicted has one target token so far, its first.
    attended = seen(batch["target_place"], batch["source_place"]).flatten(0, 1)[batch["target_index"]]
    row_of = batch["target_index"] // batch["target_place"].shape[1]
    order = [windows[number] for row in filled([len(item["input_ids"]) for item in items]) for number in row]
    numbers = [number for window in order for number in dialogues.windows[window].examples.values()]
    for some in length_batches(dialogues.examples.lengths[numbers], batch_tokens):
        # Where an example attends, in order, then padding.
        token = attended[some].byte().argsort(dim=1, descending=True, stable=True)
        mask = attended[some].gather(1, token)
        longest = int(mask.sum(1).max())
        prefixes = states[row_of[some, None], token[:, :longest]]
        inputs = {"encoder_outputs": BaseModelOutput(prefixes), "attention_mask": mask[:, :longest].long()}
        yield [numbers[place] for place in some], inputs
