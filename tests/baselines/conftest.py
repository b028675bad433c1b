"""A toy corpus for the systems: cheap to learn, with every trap of the linear form in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toys import AREAS, FOODS, LEARNED, TINY, TOY_SCHEMA, toy_dialogues

from tod_bench.records import Dialogue
from tod_bench.systems import FitContext

__all__ = ["AREAS", "FOODS", "LEARNED", "TINY", "TOY_SCHEMA", "timeless", "toy_dialogues"]


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    """The record of a training without how long it took."""
    return {name: value for name, value in record.items() if name != "throughput"}


@pytest.fixture
def context(tmp_path: Path) -> FitContext:
    return FitContext("dst", TOY_SCHEMA, 1, tmp_path)


@pytest.fixture
def toy_train() -> list[Dialogue]:
    return toy_dialogues(12)


@pytest.fixture
def toy_dev() -> list[Dialogue]:
    return toy_dialogues(4, "dev")


@pytest.fixture
def tiny() -> Iterator[dict[str, Any]]:
    return dict(TINY)


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a PPTOD that was trained with `LEARNED` on `toy_train`; only to be read."""

    def train(folder: Path) -> None:
        from tod_baselines.pptod.system import PPTOD

        PPTOD(**LEARNED).fit(toy_dialogues(12), [], FitContext("dst", TOY_SCHEMA, 1, folder))

    from once import made_once

    return made_once(tmp_path_factory, "learned-pptod", train)


@pytest.fixture
def learned_context(learned: Path, context: FitContext) -> FitContext:
    """A copy of that folder for one test."""
    shutil.copytree(learned, context.folder, dirs_exist_ok=True)
    return context


@pytest.fixture(scope="session")
def by_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what two processes have trained (see `two_processes`)."""
    import two_processes

    from once import made_once

    return made_once(tmp_path_factory, "trained-by-two", two_processes.train)


@pytest.fixture(scope="session")
def bart_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BART with random weights and a byte-level tokenizer, as a local folder."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import BartConfig, BartForConditionalGeneration, BartTokenizerFast

    folder = tmp_path_factory.mktemp("bart")
    texts = [turn.user + " " + turn.system for dialogue in toy_dialogues(12) for turn in dialogue.turns]
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(texts, vocab_size=320, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trained.save_model(str(folder))
    tokenizer = BartTokenizerFast.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    sizes = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    BartForConditionalGeneration(BartConfig(vocab_size=len(tokenizer), **sizes, **heads)).save_pretrained(folder)
    return folder
