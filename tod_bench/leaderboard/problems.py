"""Problems of a file of a submission, by kind."""

from collections import Counter

LISTED = 8
"""Problems of one kind that are listed; the rest is counted."""


class Problems:
    """Problems of a file by kind, of which only the first few are spelt out.

    Args:
        file: The file's name, which every sentence begins with.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._listed: dict[str, list[str]] = {}
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, sentence: str) -> None:
        """Keeps a problem."""
        self._counts[kind] += 1
        if self._counts[kind] <= LISTED:
            self._listed.setdefault(kind, []).append(sentence)

    def sentences(self) -> list[str]:
        """The problems, kind by kind, a sentence each."""
        sentences = []
        for kind, listed in self._listed.items():
            sentences += [line if line.startswith(self._file) else f"{self._file}: {line}" for line in listed]
            if self._counts[kind] > LISTED:
                sentences.append(f"{self._file}: and {self._counts[kind] - LISTED:,} more of this kind")
        return sentences
