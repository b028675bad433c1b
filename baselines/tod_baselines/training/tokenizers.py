"""Byte-level BPE tokenizers, trained on the texts of a corpus."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, END = "<pad>", "</s>"
"""Tokens 0 and 1 of a tokenizer that is trained here."""


def train_tokenizer(
    texts: Iterable[str],
    vocab_size: int,
    *,
    special: Sequence[str] = (),
    marks: Sequence[str] = (),
    single_digits: bool = False,
) -> "PreTrainedTokenizerFast":
    """A byte-level BPE tokenizer, as GPT-2's: it can write any text, and reading gives back what was written.

    Args:
        texts: What it is trained on.
        vocab_size: Tokens; fewer where the texts do not have as many.
        special: Special tokens, behind those that pad and end.
        marks: Words that are a token each, beside the pieces; unlike special tokens, they are text when they are said.
        single_digits: Whether each digit is a token of its own, so that a number is copied digit by digit.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pieces]) if single_digits else pieces
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(marks),
        special_tokens=[PAD, END, *special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(mark, normalized=False) for mark in marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, clean_up_tokenization_spaces=False
    )
