"""Adapters: kept alone, with a note of the weights that they belong to.

On other weights an adapter would silently be another model, so that it is refused there.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tod_bench.errors import UserError
from tod_bench.files import write_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BASE = "base.json"
"""In a folder with an adapter: which model it belongs to."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter and what it belongs to.

    Attributes:
        network: The model with the adapter, as peft makes it.
        model: The name or folder of the model.
        digest: Digest of the model's weights, by `weights_digest`.
    """

    network: "PreTrainedModel"
    model: str
    digest: str

    def save_pretrained(self, folder: Path) -> None:
        """Writes the adapter and the note beside it."""
        # Embeddings of added tokens are the adapter's own; the others are the base's.
        self.network.save_pretrained(folder, save_embedding_layers=False)
        write_json(folder / BASE, {"model": self.model, "digest": self.digest})


def weights_digest(model: "PreTrainedModel") -> str:
    """Digest of a model's weights, whatever file they came from."""
    digest = hashlib.blake2b(digest_size=16)
    for name, weights in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(weights.shape)}".encode())
        digest.update(weights.detach().cpu().float().contiguous().numpy())
    return digest.hexdigest()


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter."""
    return (folder / BASE).exists()


def check_base(folder: Path, base: "PreTrainedModel", model: str, system: str) -> None:
    """Refuses to put an adapter on other weights than those that it was trained on.

    Args:
        folder: The folder of the adapter.
        base: The model that it is to be put on.
        model: The name of that model, for the message.
        system: The system, likewise.

    Raises:
        UserError: The weights are others.
    """
    noted = json.loads((folder / BASE).read_text(encoding="utf-8"))
    if weights_digest(base) != noted["digest"]:
        raise UserError(
            f"{system}: the adapter in {folder} was trained on {noted['model']} with other weights than {model} has "
            "now; name the model that it was trained on, or train anew"
        )
