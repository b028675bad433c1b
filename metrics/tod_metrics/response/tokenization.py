"""Named tokenisers, so that a signature can say how text was cut; none of them needs a download.

| name        | what it does                                                                                     |
|-------------|--------------------------------------------------------------------------------------------------|
| `nltk`      | `nltk.tokenize.NLTKWordTokenizer` (Treebank rules), without punkt's sentence splitting           |
| `words`     | runs of letters, digits and inner apostrophes; a placeholder such as `[value_name]` is one token |
| `split`     | at white space, for text that is tokenised already                                               |
| `mwzeval`   | what MultiWOZ_Evaluation's richness uses (`lexical_diversity` 0.1.1): most punctuation deleted   |
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Literal, TypeAlias

from tod_metrics.errors import extra_needed

Tokenizer: TypeAlias = Callable[[str], list[str]]
TokenizerName: TypeAlias = Literal["nltk", "words", "split", "mwzeval"]

_WORD = re.compile(r"\[[\w ]+\]|\w+(?:['’]\w+)*")
# The marks that `lexical_diversity` 0.1.1 deletes before it splits at blanks; `<`, `>`, `[`, `]`, `&` survive.
_MWZEVAL_DELETED = re.compile(r"-LRB-|-RRB-|SYM|``|''|['.,?!)(%/\-_:;]")


def tokenizer(name: TokenizerName) -> Tokenizer:
    """The tokeniser of that name.

    Raises:
        ValueError: There is no such tokeniser.
    """
    if name == "nltk":
        return _nltk_tokenizer()
    try:
        return _PLAIN[name]
    except KeyError:
        raise ValueError(f"there is no tokeniser {name!r}; choose one of nltk, {', '.join(_PLAIN)}") from None


def tokenizer_version(name: TokenizerName) -> str:
    """The tokeniser's name as a signature writes it: with the library's version where one is behind it."""
    if name != "nltk":
        return name
    with extra_needed("style", "the tokeniser nltk"):
        import nltk

    return f"nltk{nltk.__version__}"


@cache
def _nltk_tokenizer() -> Tokenizer:
    with extra_needed("style", "the tokeniser nltk"):
        from nltk.tokenize import NLTKWordTokenizer

    tokenize = NLTKWordTokenizer().tokenize

    @lru_cache(maxsize=100_000)
    def cut(text: str) -> list[str]:
        return list(tokenize(text))

    return cut


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _split(text: str) -> list[str]:
    return text.split()


def _mwzeval(text: str) -> list[str]:
    # A text without a word yields one empty token there; it is kept, because it counts in every mean.
    return re.sub(r"\s+", " ", _MWZEVAL_DELETED.sub("", text)).lower().split(" ")


_PLAIN: Mapping[str, Tokenizer] = {"words": _words, "split": _split, "mwzeval": _mwzeval}
