"""Tokenizers: a pretrained one with our marks, or a SentencePiece one trained on the training split.

Every mark is one token, and a hard boundary: text on one side of it never changes the tokens on the other. So a source
is the concatenation of its segments' tokens, and each utterance is tokenised once however many turns it is shown in.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tod_bench.errors import UserError
from tod_bench.hub import source_options
from tod_bench.linearize import MARKS, bracket_mark, slot_mark
from tod_bench.records import Dialogue, Schema

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SPECIALS = ("<pad>", "</s>", "<unk>")
"""Ids 0, 1 and 2, as in T5."""


def add_marks(tokenizer: "PreTrainedTokenizerBase", marks: Sequence[str]) -> None:
    """Adds the marks that a tokenizer does not have as tokens of their own."""
    from tokenizers import AddedToken

    vocabulary = tokenizer.get_vocab()
    # lstrip: the blank before a mark belongs to it, so that a segment's tokens do not depend on what follows.
    new = [AddedToken(mark, lstrip=True, normalized=False) for mark in marks if mark not in vocabulary]
    tokenizer.add_tokens(new)


def corpus_marks(dialogues: Iterable[Dialogue], schema: Schema) -> tuple[str, ...]:
    """The fixed marks, and one for every domain, slot and act type of a schema and the training dialogues, sorted."""
    brackets, slots = set(schema), {slot for specs in schema.values() for slot in specs}
    for dialogue in dialogues:
        for turn in dialogue.turns:
            brackets.update(turn.state, *((act.domain, act.act) for act in turn.acts))
            slots.update(*turn.state.values(), (act.slot for act in turn.acts))
    return (*MARKS, *sorted(map(bracket_mark, brackets)), *sorted(map(slot_mark, slots)))


def train_tokenizer(
    texts: Iterable[str], vocab_size: int, marks: Sequence[str], kind: Literal["unigram", "bpe"] = "unigram"
) -> "PreTrainedTokenizerBase":
    """A SentencePiece tokenizer, as a fast tokenizer whose specials have T5's ids.

    Args:
        texts: Texts without marks.
        vocab_size: Pieces, marks not counted; fewer where the texts do not have as many.
        marks: Marks to keep in one piece.
        kind: ``unigram`` or ``bpe``. On little text BPE keeps more of the common words whole.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast
    from transformers.tokenization_utils_base import generate_merges

    pieces = _pieces(texts, vocab_size, kind)
    if kind == "bpe":
        vocabulary = {piece: index for index, (piece, _) in enumerate(pieces)}
        merges = generate_merges(vocabulary, dict(pieces), skip_tokens=SPECIALS)
        tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True))
    else:
        tokenizer = Tokenizer(models.Unigram(pieces, unk_id=SPECIALS.index("<unk>")))
    # Both Metaspaces put "▁" before every word, as SentencePiece and T5 do.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    eos = ("</s>", SPECIALS.index("</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[eos])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=10**6
    )
    add_marks(fast, marks)
    return fast


def load_tokenizer(
    place: str | Path, marks: Sequence[str] = MARKS, *, known: bool = False
) -> "PreTrainedTokenizerBase":
    """A tokenizer from a folder or the hub, with the marks added.

    Args:
        place: The folder or name.
        marks: The marks, ours or another format's.
        known: Whether the tokenizer must have them already, as that of a model trained with them has.

    Raises:
        UserError: There is none, it has no fast version, or it lacks marks that it must have.
    """
    from transformers import AutoTokenizer

    options = source_options(place)
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, **options)
    except (OSError, ValueError) as error:
        raise UserError(f"pptod: no tokenizer could be loaded from {place} ({_first_line(error)})") from None
    if not tokenizer.is_fast:
        raise UserError(f"pptod: the tokenizer of {place} has no fast version; convert it to a tokenizer.json first")
    vocabulary = tokenizer.get_vocab()
    lacking = [mark for mark in marks if mark not in vocabulary]
    if known and lacking:
        raise UserError(
            f"pptod: the tokenizer of {place} has no token {lacking[0]!r} (nor {len(lacking) - 1} others), so its "
            "model was not trained in this format: choose another `format`, or train it with epochs above 0"
        )
    add_marks(tokenizer, marks)
    return tokenizer


def _pieces(texts: Iterable[str], vocab_size: int, kind: str) -> list[tuple[str, float]]:
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=_nonempty(texts),
        model_writer=model,
        model_type=kind,
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        character_coverage=1.0,
        required_chars="[]()%_",
        normalization_rule_name="identity",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        num_threads=1,  # so that the sums, and with them the pieces, are the same in every run
        minloglevel=2,
    )
    trained = SentencePieceProcessor(model_proto=model.getvalue())
    return [(trained.id_to_piece(index), trained.get_score(index)) for index in range(len(trained))]


def _nonempty(texts: Iterable[str]) -> Iterator[str]:
    yield "[ ] ( ) % _"  # SentencePiece wants at least one sentence
    for text in texts:
        if text.strip():
            yield text


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
