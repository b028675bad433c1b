"""Nonces: words that mark a verdict as the judge's own, because nothing that the judge was shown can hold them.

A nonce is drawn at random when a prompt is about to be asked for the first time, after its dialogue was written, so
that no dialogue can foretell it. It is looked for in the dialogue all the same, under the readings that a judge may
give a text when it quotes. Base64 and other ciphers are left to chance: a text of a million characters in a cipher that
nobody reads here holds a given nonce with a probability below 1 in 20,000.

Keys of answers must be the same in every run, so a draft of a prompt holds a placeholder in place of the nonce.
"""

import hashlib
import html
import re
import secrets
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

LETTERS = "bcdfghjkmnpqrstvwxyz"
"""Without vowels, so that a nonce is no word of a language, and without ``l``, which looks like a one."""

LENGTH = 8

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_ROUNDS = 3
"""How often readings are taken of readings: a text can be escaped twice."""


def fresh_nonce(material: str) -> str:
    """A random nonce that stands in no reading of the material."""
    shown = list(readings(material))
    while True:
        nonce = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if not any(nonce in text for text in shown):
            return nonce


def placeholder(query_id: str, material: str) -> str:
    """A short word for a query, the same in every run, that does not stand in the material.

    It can be computed from the query, so it marks no verdict that could be foretold: it is in drafts of prompts only.
    """
    for attempt in range(1000):
        number = int.from_bytes(hashlib.sha256(f"{query_id}|{attempt}".encode()).digest()[:8])
        word = ""
        for _ in range(6):
            number, letter = divmod(number, len(LETTERS))
            word += LETTERS[letter]
        if word not in material:
            return word
    raise ValueError(f"no placeholder is free for {query_id}")


def readings(text: str) -> Iterator[str]:
    """The text as it stands, decoded (HTML entities, JSON and percent escapes), folded, and without punctuation."""
    for _ in range(_ROUNDS):
        yield text
        # Lower case, full-width and other compatibility characters as plain ones, invisible characters left out.
        plain = unicodedata.normalize("NFKC", text).casefold()
        folded = "".join(character for character in plain if unicodedata.category(character) != "Cf")
        yield folded
        yield re.sub(r"[\W_]+", "", folded)
        decoded = unquote(html.unescape(_ESCAPE.sub(lambda escape: chr(int(escape[1] or escape[2], 16)), text)))
        if decoded == text:
            return
        text = decoded
