"""One rule for the ids of dialogues: ``SNG0073.json``, ``sng0073`` and ``SNG0073`` are one dialogue."""

from collections.abc import Iterable


def dialogue_key(name: str) -> str:
    """What is left of an id when case, blanks around it and ``.json`` behind it do not count."""
    return name.strip().lower().removesuffix(".json")


class DialogueIds:
    """The dialogues of a corpus, found by an id in anybody's spelling.

    Args:
        known: The ids in the corpus's spelling.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self.by_key: dict[str, str] = {}
        ambiguous = set()
        for name in self.known:
            key = dialogue_key(name)
            if key in self.by_key:
                ambiguous.add(key)
            self.by_key[key] = name
        # Where case tells two dialogues of the corpus apart, only the exact id names one of them.
        for key in ambiguous:
            del self.by_key[key]

    def find(self, name: str) -> str | None:
        """The id in the corpus's spelling; None where the corpus has no such dialogue."""
        return name if name in self.known else self.by_key.get(dialogue_key(name))
