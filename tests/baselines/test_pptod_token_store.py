"""Token store: each text is tokenised once, by whichever process comes first, and never taken for another's tokens."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tod_baselines.pptod import token_store as token_store_module
from tod_baselines.pptod.system import PPTOD
from tod_baselines.pptod.token_store import TokenStore
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext


class Tokenizer:
    """One token a character; counts the texts that it was given."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: list[str], **_: Any) -> SimpleNamespace:
        self.asked += len(texts)
        return SimpleNamespace(input_ids=[[ord(letter) for letter in text] for text in texts])


def tokens_of(tokenizer: Tokenizer, *texts: str, kept: Path | None = None) -> list[list[int]]:
    found = TokenStore()
    numbers = [found.add(text) for text in texts]
    found.tokenize(tokenizer, kept)  # type: ignore[arg-type]
    assert [found.length(number) for number in numbers] == [len(text) for text in texts]
    return [found[number].tolist() for number in numbers]


def test_each_text_is_tokenised_once() -> None:
    tokenizer = Tokenizer()
    assert tokens_of(tokenizer, "ab", "", "c", "ab") == [[97, 98], [], [99], [97, 98]]
    assert tokenizer.asked == 3
    assert tokens_of(tokenizer) == []


def test_kept_tokens_are_read_by_the_next(tmp_path: Path) -> None:
    kept = tmp_path / "tokens.arrow"
    first, second = Tokenizer(), Tokenizer()
    expected = tokens_of(first, "ab", "", "c", kept=kept)
    assert tokens_of(second, "ab", "", "c", kept=kept) == expected
    assert (first.asked, second.asked) == (3, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.arrow"]
    assert tokens_of(second, kept=kept) == []  # no texts are other texts


def test_other_texts_are_tokenised_anew(tmp_path: Path) -> None:
    kept = tmp_path / "tokens.arrow"
    tokens_of(Tokenizer(), "ab", "c", kept=kept)
    assert tokens_of(Tokenizer(), "ab", "d", kept=kept) == [[97, 98], [100]]
    assert tokens_of(Tokenizer(), "ab", "d", kept=kept) == [[97, 98], [100]]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_damaged_file_is_written_anew(share: float, tmp_path: Path) -> None:
    kept, tokenizer = tmp_path / "tokens.arrow", Tokenizer()
    tokens_of(Tokenizer(), "ab", "c", kept=kept)
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(share * len(whole))])
    assert tokens_of(tokenizer, "ab", "c", kept=kept) == [[97, 98], [99]]
    assert tokenizer.asked == 2
    assert kept.read_bytes() == whole


def test_a_training_that_goes_on_takes_its_tokens_from_the_file(
    toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noting(texts: list[str], tokenizer: Any) -> Any:
        asked.extend(texts)
        return plain(texts, tokenizer)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("broken off")

    plain = token_store_module._tokenized
    monkeypatch.setattr(token_store_module, "_tokenized", noting)
    target = "[restaurant] (area) north (food) thai"
    with monkeypatch.context() as breaking:
        breaking.setattr("tod_baselines.pptod.training.make_trainer", broken)
        with pytest.raises(OSError, match="broken off"):
            PPTOD(**tiny).fit(toy_train, toy_train, context)
    assert asked.count(target) == 1
    assert (context.folder / "tokens.arrow").exists()
    asked.clear()
    PPTOD(**tiny).fit(toy_train, toy_train, context)
    assert asked  # what is to be answered on dev
    assert target not in asked
    assert not (context.folder / "tokens.arrow").exists()
