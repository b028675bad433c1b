"""Digests of predictions that depend on what is answered, not on how it is written down.

The order of lines and keys, case, blanks, punctuation, empty slots and the order of acts make no difference: whoever
copies predictions can change these and has still copied them.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from tod_bench.files import digest_of
from tod_bench.leaderboard.task_names import Task
from tod_bench.records import Prediction, TaskName

LENGTH = 16
"""Hexadecimal digits of a digest: 64 bits."""


def task_digest(task: TaskName, turns: Mapping[tuple[str, int], Prediction]) -> str:
    """The digest of all answers to a task.

    Args:
        task: The task.
        turns: (dialogue id, turn) -> prediction.
    """
    answer = _ANSWERS[task]
    total = hashlib.sha256()
    for key in sorted(turns):
        total.update(repr((key, answer(turns[key]))).encode("utf-8", "surrogatepass"))
    return total.hexdigest()[:LENGTH]


def joint_digest(tasks: Mapping[Task, str]) -> str:
    """One digest for the digests of several tasks."""
    return digest_of(dict(tasks))[:LENGTH]


@lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """Letters and digits alone, in Unicode's form NFKC and folded."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())


def said_slots(prediction: Prediction | None) -> dict[tuple[str, str], str]:
    """(domain, slot) -> value of a predicted state, all `plain`; slots that say nothing are left out."""
    state = prediction.state if prediction and prediction.state else {}
    return {
        (plain(domain), plain(slot)): found
        for domain, slots in state.items()
        for slot, value in slots.items()
        if (found := plain(value)) not in NOTHING
    }


NOTHING = frozenset({"", "none", "notmentioned"})
"""Values, `plain`, that say that a slot has none."""


def _acts(prediction: Prediction) -> Any:
    return sorted({tuple(map(plain, (one.domain, one.act, one.slot, one.value))) for one in prediction.acts or ()})


_ANSWERS: Mapping[TaskName, Callable[[Prediction], Any]] = {
    "dst": lambda prediction: sorted(said_slots(prediction).items()),
    "policy": _acts,
    "response": lambda prediction: plain(prediction.response or ""),
}
