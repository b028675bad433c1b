"""Dialogues are found by their ids, in anybody's spelling; what is in several splits has to be told apart."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.records import Dialogue
from tod_bench.splits import find_dialogue


class Few(Corpus):
    name, fingerprint, splits = "few", "f", ("train", "test")
    schema: ClassVar = {}
    ids: ClassVar = {"train": ("PMUL1.json", "both"), "test": ("SNG2.json", "both", "case", "CASE")}

    def dialogues(self, split: str) -> Iterator[Dialogue]:
        return (Dialogue(name, "few", split, (), ()) for name in self.ids[split])


@pytest.mark.parametrize(
    ("name", "splits", "found"),
    [
        ("PMUL1.json", (), ("train", "PMUL1.json")),
        ("sng2", (), ("test", "SNG2.json")),
        ("both", ("test",), ("test", "both")),
        ("both", ("train+test[:1]",), ("train", "both")),
        ("CASE", (), ("test", "CASE")),
    ],
)
def test_found(name: str, splits: tuple[str, ...], found: tuple[str, str]) -> None:
    dialogue = find_dialogue(Few(), name, splits)
    assert (dialogue.split, dialogue.id) == found


@pytest.mark.parametrize(
    ("name", "splits", "message"),
    [
        ("both", (), "few has a dialogue 'both' in each of train, test; name one split"),
        ("both", ("train+test",), "in each of train, test"),
        ("Case", (), "few has no dialogue 'Case'; did you mean"),
        ("SNG3.json", ("test",), "few test has no dialogue 'SNG3.json'; did you mean 'SNG2.json'?"),
        ("nothing like it", (), r"has no dialogue 'nothing like it'$"),
    ],
)
def test_not_found(name: str, splits: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        find_dialogue(Few(), name, splits)
