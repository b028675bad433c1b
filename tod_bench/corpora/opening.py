"""Opening a corpus with options that somebody has typed or written, every mistake named."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tod_bench.binding import bind
from tod_bench.corpora.base import Corpus, corpus_class
from tod_bench.errors import UserError
from tod_bench.inputs import parse_yaml

_NAMES = ("path", "version", "goals", "images")
"""Options that are names, also where they look like a number; a path may be a list of them."""


def reader_options(texts: Sequence[str]) -> dict[str, Any]:
    """``["version=2.1", "path=[a, b]"]`` as options of a reader.

    Raises:
        UserError: An option has no value, or one that cannot be read.
    """
    values: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"option {text!r} has no value; write KEY=VALUE")
        as_typed = key.strip() in _NAMES and not value.lstrip().startswith("[")
        values[key.strip()] = value if as_typed else parse_yaml(value, text)
    return values


def open_bound(name: str, options: Mapping[str, Any], preset: Collection[str] = ()) -> Corpus:
    """Opens a corpus with options that its reader may not have.

    Args:
        name: The corpus.
        options: Options of its reader.
        preset: Those of them that nobody has typed, in which no mistake is looked for.

    Raises:
        UserError: There is no such corpus, its reader does not have an option (every one is named), or its files are
            not there.
    """
    reader = corpus_class(name)
    bound, errors = bind(reader, options, name)
    of_options = [error for error in errors if error.partition(":")[0].removeprefix(f"{name}.") not in preset]
    if of_options:
        raise UserError("; ".join(of_options))
    corpus: Corpus = reader(**bound)
    return corpus
