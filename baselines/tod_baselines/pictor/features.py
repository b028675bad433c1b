"""What a frozen tower makes of pictures, computed once and kept.

A LLaVA's tower stays as it is, so that its states of a picture, which the projector reads, are the same in every step,
row and seed. They lie in the cache, one file for a tower and a set of pictures, and are mapped into memory. In the
place of the tower stands `KeptTower`, which is given those states instead of pixels; all that comes behind is the
model's own.

Importing this imports torch and transformers.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutputWithPooling

from tod_baselines.pictor.pictures import open_picture
from tod_baselines.training.adapters import weights_digest
from tod_bench.files import cache_home, digest_of, write_bytes
from tod_bench.images import Images
from tod_bench.progress import progress

MOST_BYTES = 2 << 30
"""Bytes of states that are kept at most; with more, the tower is run at every step."""

PICTURES = 32
"""Pictures that the tower looks at together."""


class KeptTower(nn.Module):  # type: ignore[misc]
    """Stands in the place of a tower and gives back what it is given: states that the tower made before.

    Args:
        tower: The tower, which is no part of this module: it is not trained, moved or saved with it.
    """

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self._tower = [tower]

    @property
    def tower(self) -> nn.Module:
        """The tower."""
        return self._tower[0]

    def forward(self, pixel_values: Tensor, **_options: Any) -> BaseModelOutputWithPooling:
        """Any layer that is asked for is the one that was kept."""
        return BaseModelOutputWithPooling(last_hidden_state=pixel_values, hidden_states=_OneLayer((pixel_values,)))


class _OneLayer(tuple[Tensor]):
    """The states of the only layer, whatever its number."""

    __slots__ = ()

    def __getitem__(self, _index: Any) -> Any:
        return super().__getitem__(0)


def states_of(
    names: Sequence[str], images: Images, tower: nn.Module, processor: Any, layer: int
) -> NDArray[np.float32] | None:
    """The tower's states of some pictures, in their order, from the cache or put there.

    Args:
        names: The pictures.
        images: The pictures of the corpus.
        tower: The tower.
        processor: What makes pixels of a picture.
        layer: The layer whose states are wanted, as `LlavaConfig.vision_feature_layer` counts.

    Returns:
        (pictures, tokens, size), mapped into memory; None where they would take more than `MOST_BYTES`.
    """
    look = _looking(tower, processor, images, layer)
    first = look(names[:1])
    if first.nbytes * len(names) > MOST_BYTES:
        return None
    key = digest_of(
        [
            hashlib.sha256("\n".join(names).encode()).hexdigest(),
            images.fingerprint,
            weights_digest(tower),
            processor.to_dict(),
            layer,
        ]
    )
    file = cache_home() / "pictor" / "features" / f"{key[:32]}.npy"
    if not file.exists():
        _write(file, names, look)
    states: NDArray[np.float32] = np.load(file, mmap_mode="r")
    return states


def _looking(
    tower: nn.Module, processor: Any, images: Images, layer: int
) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """A function that gives the states of some pictures."""
    tower.eval()

    def look(names: Sequence[str]) -> NDArray[np.float32]:
        place = next(tower.parameters()).device
        pictures = [open_picture(name, images) for name in names]
        pixels = processor(pictures, return_tensors="pt")["pixel_values"].to(place)
        with torch.inference_mode():
            found = tower(pixel_values=pixels, output_hidden_states=True).hidden_states[layer]
        states: NDArray[np.float32] = found.float().cpu().numpy()
        return states

    return look


def _write(file: Path, names: Sequence[str], look: Callable[[Sequence[str]], NDArray[np.float32]]) -> None:
    from io import BytesIO

    parts = []
    with progress("looking at pictures", len(names), unit="pictures") as shown:
        for start in range(0, len(names), PICTURES):
            parts.append(look(names[start : start + PICTURES]))
            shown.advance(len(parts[-1]))
    content = BytesIO()
    np.save(content, np.concatenate(parts))
    write_bytes(file, content.getvalue())
