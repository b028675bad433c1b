"""MultiWOZ_Evaluation's input (Nekvinda and Dušek 2021): a JSON object from dialogue id to its turns.

{"sng0073": [{"response": "the [value_name] is nice .",         (optional beside a state)
              "state": {"restaurant": {"food": "italian"}},        (optional)
              "active_domains": ["restaurant"]}]}                  (optional)
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.importers.matching import Problems
from tod_bench.records import Prediction
from tod_metrics.normalization.slots import canonical_slot

_USED = frozenset({"response", "state", "active_domains"})


def read_mwzeval(path: Path, problems: Problems) -> Iterator[Prediction]:
    """Predictions of such a file, slots in canonical spelling.

    Raises:
        DataError: The file cannot be read or is not a JSON object.
    """
    for dialogue, turns in object_members(RawFile(path)):
        for index, turn in enumerate(problems.sequence(turns, "what the dialogue's id leads to", dialogue=dialogue)):
            fields = problems.mapping(turn, "the turn", dialogue=dialogue, turn=index)
            if fields is turn:
                yield _prediction(fields, problems, dialogue, index)


def canonical_state(value: Any, problems: Problems, dialogue: str, turn: int) -> dict[str, dict[str, str]]:
    """A state as domain -> slot -> value in canonical spelling; whatever is not text is noted as a problem."""
    state: dict[str, dict[str, str]] = {}
    for domain, slots in problems.mapping(value, "the state", dialogue=dialogue, turn=turn).items():
        # A domain without slots is kept: to MultiWOZ_Evaluation it is one of which any venue could be meant.
        state.setdefault(canonical_slot(domain, "")[0], {})
        for slot, raw in problems.mapping(slots, f"the state of {domain}", dialogue=dialogue, turn=turn).items():
            text = problems.text(raw, f"the state's {domain}-{slot}", dialogue=dialogue, turn=turn)
            if text is not None:
                where, name = canonical_slot(domain, slot)
                state.setdefault(where, {})[name] = text
    return state


def _prediction(turn: Mapping[str, Any], problems: Problems, dialogue: str, index: int) -> Prediction:
    problems.ignored.update(turn.keys() - _USED)
    response: str | None = None
    if "response" in turn:
        response = problems.text(turn["response"], "the response", dialogue=dialogue, turn=index)
    elif "state" not in turn:
        problems.add("the turn has neither a response nor a state", dialogue=dialogue, turn=index)
    state = canonical_state(turn["state"], problems, dialogue, index) if "state" in turn else None
    active: tuple[str, ...] | None = None
    if "active_domains" in turn:
        names = problems.sequence(turn["active_domains"], "active_domains", dialogue=dialogue, turn=index)
        texts = [problems.text(name, "an active domain", dialogue=dialogue, turn=index) for name in names]
        active = tuple(text.lower() for text in texts if text is not None)
    return Prediction(dialogue, index, state=state, response=response, active_domains=active)
