"""What the tests of the llm arm share: a persona, requests, rules that only mark, a search for lost values."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from tod_bench.personalise.styling import Protected, Styled, SystemRequest, UserRequest
from tod_bench.records import Persona

PERSONA = Persona("a.png", "A cheerful woman in a red hat.", "adult", "female", "casual", "positive")


class Rules:
    """Stands for the rules arm: what it writes can be told from everything else."""

    name = "rules"
    identity: ClassVar = {"rules": 1}

    def user(self, requests: Iterable[UserRequest]) -> Iterator[tuple[UserRequest, Styled]]:
        for request in requests:
            yield request, Styled(f"<{request.text}>", "rules", provenance={"seed": 3})

    def system(self, requests: Iterable[SystemRequest]) -> Iterator[tuple[SystemRequest, Styled]]:
        for request in requests:
            yield request, Styled(f"<{request.text}>", "rules", provenance={"seed": 3})


def find_lost(protected: Sequence[Protected], text: str) -> list[Protected]:
    return [one for one in protected if not re.search(rf"(?<!\w){re.escape(one.text)}(?!\w)", text, re.I)]


def protected(text: str, *values: str, kind: Any = "state") -> tuple[Protected, ...]:
    return tuple(
        Protected("hotel", "slot", value, text.index(value), text.index(value) + len(value), kind) for value in values
    )


def user(text: str, *values: str, key: str = "test/a/0", **fields: Any) -> UserRequest:
    given = {"before": "", "persona": PERSONA, "emotion": "neutral", "progress": "start", "acts": (), **fields}
    return UserRequest(key, text, protected=protected(text, *values), **given)


def system(text: str, *values: str, key: str = "test/a/0", **fields: Any) -> SystemRequest:
    given = {
        "user": "need a room!",
        "next_user": "",
        "persona": PERSONA,
        "emotion": "neutral",
        "progress": "middle",
        "acts": (),
        **fields,
    }
    return SystemRequest(key, text, protected=protected(text, *values), **given)
