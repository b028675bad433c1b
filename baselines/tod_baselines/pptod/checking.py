"""What of a recipe cannot work, found out before anything is trained: names, dimensions and folders that are not there.

The common sizes are checked without importing transformers, which takes seconds.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tod_baselines.pptod.models import SIZES
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.examples import word_pairs
from tod_baselines.training.checking import has_transformers, training_problems
from tod_bench.errors import UserError, did_you_mean

DIMS = frozenset(
    {
        *("d_model", "d_kv", "d_ff", "num_layers", "num_decoder_layers", "num_heads", "feed_forward_proj"),
        *("dropout_rate", "layer_norm_epsilon", "relative_attention_num_buckets", "relative_attention_max_distance"),
        *("initializer_factor", "tie_word_embeddings"),
    }
)
"""The usual entries of `dims`."""


def problems(recipe: Recipe) -> Iterator[str]:
    """A sentence for each setting that would stop a training."""
    yield from _model_problems(recipe)
    if recipe.word_pairs:
        try:
            word_pairs(recipe)
        except UserError as error:
            yield str(error).removeprefix("pptod: ")
    yield from training_problems(recipe, "pptod")


def _model_problems(recipe: Recipe) -> Iterator[str]:
    name, folder = recipe.model, Path(recipe.model)
    if recipe.init == "scratch":
        if name not in SIZES:
            yield f"model: there is no T5 size {name!r}{did_you_mean(name, SIZES)}; choose from {', '.join(SIZES)}"
        yield from _dims_problems(recipe)
    elif folder.is_dir():
        if not (folder / "config.json").is_file():
            inner = next((place for place in sorted(folder.iterdir()) if (place / "config.json").is_file()), None)
            hint = f"; did you mean {inner}?" if inner else ""
            yield f"model: the folder {name} has no config.json, so it holds no model of transformers{hint}"
        elif not any(folder.glob("*.safetensors")):
            old = "; docs/t5.md says how to convert those of a .bin file" if any(folder.glob("*.bin")) else ""
            yield f"model: the folder {name} has no weights in safetensors{old}"
    elif folder.is_file():
        yield f"model: {name} is a file; give the folder that holds config.json and the weights"
    elif name.startswith((".", "/", "~")) or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        yield f"model: there is no folder {name}, and it is no name of the hub"
    elif name in ("t5-tiny", "t5-mini"):
        yield f"model: {name} is a size of ours without pretrained weights; take it with init: scratch"


def _dims_problems(recipe: Recipe) -> Iterator[str]:
    unusual = [name for name in recipe.dims if name not in DIMS]
    if unusual and has_transformers():
        from transformers import T5Config

        known = T5Config().to_dict()
        for name in unusual:
            if name not in known:
                yield f"dims.{name}: T5 has no such dimension{did_you_mean(name, known)}"
