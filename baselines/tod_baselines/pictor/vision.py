"""The tower of a model from scratch: CLIP's vision transformer behind a few convolutions.

A transformer on plain patches needs far more pictures than there are here to see a mouth or a collar. Convolutions in
place of the patch projection learn such details from thousands (Xiao et al. 2021, "Early Convolutions Help Transformers
See Better"), and leave few tokens for the language model to read.

Importing this imports torch and transformers, and tells transformers of the tower, so that a saved model is loaded by
the usual `Auto` classes.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, CLIPVisionConfig, CLIPVisionModel

GROUPS = 8
"""Groups of channels that are normalised together; all widths are multiples of it, and so must be the hidden size."""


class StemVisionConfig(CLIPVisionConfig):  # type: ignore[misc]
    """CLIP's vision config; `patch_size` is a power of 2, and each convolution halves the picture."""

    model_type = "pictor_vision"


class Stem(nn.Sequential):  # type: ignore[misc]
    """Convolutions that make a token of each patch, (batch, 3, side, side) -> (batch, hidden, side/patch, side/patch).

    Args:
        hidden: Size of a token.
        patch: Side of a patch, a power of 2 above 1.
    """

    def __init__(self, hidden: int, patch: int) -> None:
        halvings = patch.bit_length() - 1
        inner = (hidden >> halvings - 1 - number for number in range(halvings - 1))
        widths = [3, *(max(GROUPS, width // GROUPS * GROUPS) for width in inner), hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GroupNorm(GROUPS, after), nn.GELU()]
        super().__init__(*layers[:-2])  # the last one is a projection, as CLIP's own is

    def forward(self, pixels: Tensor) -> Tensor:
        """The tokens of pictures, as a grid."""
        # Convolutions of few channels take half the time with the channels of a pixel side by side.
        tokens: Tensor = super().forward(pixels.contiguous(memory_format=torch.channels_last))
        return tokens

    @property
    def weight(self) -> Tensor:
        """The first weights, whose type CLIP looks at."""
        first: Tensor = self[0].weight
        return first


class StemVisionModel(CLIPVisionModel):  # type: ignore[misc]
    """CLIP's vision model with `Stem` in place of the patch projection."""

    config_class = StemVisionConfig
    config: StemVisionConfig

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.embeddings.patch_embedding = Stem(config.hidden_size, config.patch_size)


AutoConfig.register(StemVisionConfig.model_type, StemVisionConfig, exist_ok=True)
AutoModel.register(StemVisionConfig, StemVisionModel, exist_ok=True)
