"""A T5 converted for CTranslate2, which writes the same tokens as transformers, several times as fast.

    FOLDER/model/                          what was trained
    FOLDER/ctranslate2/float32-1f0c9a.../  what is made of it, once for each precision

A row that has ended leaves its batch at once; transformers goes on with every row until the last has ended. On a CPU
each core writes a batch of its own, without waiting for the others after every product of matrices.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tod_baselines.training.devices import device
from tod_bench.errors import MissingExtraError, UserError
from tod_bench.files import digest_of_files

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


CORE_TOKENS = 2048
"""Source tokens a batch on a core of a CPU: larger ones outgrow its caches."""


class Converted:
    """A converted model, ready to write.

    Args:
        place: Folder of the converted model.
        tokenizer: Its tokenizer.
        precision: What to compute in: ``float32`` or ``int8``.
    """

    def __init__(self, place: Path, tokenizer: "PreTrainedTokenizerBase", precision: str) -> None:
        import torch
        from ctranslate2 import Translator

        self._on_gpu = device() == "cuda"
        threads = torch.get_num_threads()
        self._workers = 1 if self._on_gpu else threads
        self._translator = Translator(
            str(place),
            device="cuda" if self._on_gpu else "cpu",
            compute_type=precision,
            inter_threads=self._workers,
            intra_threads=1,
        )
        torch.set_num_threads(threads)  # which CTranslate2 has set to its own
        self._tokens = vocabulary(tokenizer, len(tokenizer))
        self._ids = {token: number for number, token in enumerate(self._tokens)}

    def write(
        self, rows: Sequence[NDArray[np.int32]], batch_tokens: int, max_new_tokens: int, num_beams: int
    ) -> Iterator[list[int]]:
        """The output of every row, as token ids without the end token, in their order.

        Args:
            rows: Source token ids, neighbours of like length.
            batch_tokens: Source tokens a batch, padding included, at most.
            max_new_tokens: Longest output.
            num_beams: Beams; 1 is greedy.
        """
        if not self._on_gpu:
            share = -(-sum(map(len, rows)) // self._workers)  # so that every core gets some
            batch_tokens = max(1, min(batch_tokens, share, CORE_TOKENS))
        written = self._translator.translate_iterable(
            ([self._tokens[number] for number in row.tolist()] for row in rows),
            max_batch_size=batch_tokens,
            batch_type="tokens",
            beam_size=num_beams,
            max_decoding_length=max_new_tokens,
            # By its defaults CTranslate2 cuts long inputs and writes at least one token; transformers does neither.
            max_input_length=0,
            min_decoding_length=0,
        )
        for row in written:
            # Rows of an embedding beyond the tokenizer's tokens stand for no text.
            yield [self._ids[token] for token in row.hypotheses[0] if token in self._ids]

    def log_probs(
        self, rows: Sequence[NDArray[np.int32]], outputs: Sequence[Sequence[int]], batch_tokens: int
    ) -> list[list[float]]:
        """The natural logarithm of each output token's probability, in a second pass over what was written.

        Args:
            rows: Source token ids.
            outputs: What was written for each.
            batch_tokens: Tokens a batch, padding included, at most.
        """
        results = self._translator.score_batch(
            [[self._tokens[number] for number in row.tolist()] for row in rows],
            [[self._tokens[number] for number in output] for output in outputs],
            max_batch_size=max(1, min(batch_tokens, CORE_TOKENS)),
            batch_type="tokens",
            max_input_length=0,
        )
        return [list(result.log_probs)[: len(output)] for result, output in zip(results, outputs, strict=True)]


def load_converted(folder: Path, tokenizer: "PreTrainedTokenizerBase", precision: str) -> Converted:
    """The model of a training's folder, converted now unless that was done before.

    Raises:
        UserError: CTranslate2 is missing, cannot represent the model, or cannot compute in the precision.
    """
    from tod_baselines.pptod.models import pretrained_model

    _need_ctranslate2()
    weights = sorted((folder / "model").glob("*.safetensors"))
    parts = [*weights, folder / "model" / "config.json", folder / "model" / "tokenizer.json"]
    place = folder / "ctranslate2" / f"{precision}-{digest_of_files(parts)[:16]}"
    if not place.exists():
        convert(pretrained_model(folder / "model", tokenizer), tokenizer, place, precision)
    try:
        return Converted(place, tokenizer, precision)
    except ValueError as error:
        raise UserError(f"pptod: engine_precision: {error} Set engine_precision: float32.") from None


@contextmanager
def converted_copy(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> Iterator[Converted]:
    """A context in which there is a copy of a model as it is now, converted in float32.

    Raises:
        UserError: CTranslate2 cannot represent the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        convert(model, tokenizer, place, "float32")
        yield Converted(place, tokenizer, "float32")


def convert(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", place: Path, precision: str) -> None:
    """Writes a model for CTranslate2 into a folder that appears only when it is complete.

    Raises:
        UserError: CTranslate2 cannot represent the model.
    """
    from ctranslate2.converters.transformers import T5Loader

    check_convertible(model.config)
    loader = T5Loader()
    spec = loader.get_model_spec(model.eval())
    loader.set_config(spec.config, model, tokenizer)
    spec.config.layer_norm_epsilon = model.config.layer_norm_epsilon
    if not model.config.scale_decoder_outputs:
        spec.decoder.scale_outputs = 1.0
    loader.set_vocabulary(spec, vocabulary(tokenizer, model.get_input_embeddings().num_embeddings))
    spec.validate()
    spec.optimize(quantization=None if precision == "float32" else precision)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=place.parent, prefix=".part-"))
    spec.save(str(partial))
    try:
        partial.rename(place)
    except OSError:  # another process was here first, with the same product
        shutil.rmtree(partial)
        if not place.exists():
            raise


def check_convertible(config: Any) -> None:
    """Refuses a model that CTranslate2's T5 cannot stand for.

    Raises:
        UserError: It is no T5, or CTranslate2 is missing or lacks its activation.
    """
    _need_ctranslate2()
    from ctranslate2.converters.transformers import _SUPPORTED_ACTIVATIONS as ACTIVATIONS

    instead = "set engine: transformers"
    if config.model_type != "t5":
        raise UserError(f"pptod: engine: ctranslate2 takes T5 models, and this is {config.model_type}; {instead}")
    if config.dense_act_fn not in ACTIVATIONS:
        raise UserError(f"pptod: engine: ctranslate2 has no activation {config.dense_act_fn!r}; {instead}")


def vocabulary(tokenizer: "PreTrainedTokenizerBase", size: int) -> list[str]:
    """The token of every row of an embedding; those beyond the tokenizer's are named for their place."""
    known = len(tokenizer)
    tokens: list[str] = tokenizer.convert_ids_to_tokens(range(known))
    return tokens + [f"<row {number}>" for number in range(known, size)]


def _need_ctranslate2() -> None:
    from importlib.util import find_spec

    if find_spec("ctranslate2") is None:
        raise MissingExtraError("pptod: engine: ctranslate2", "ctranslate2", "train")
