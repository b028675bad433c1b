"""What SimpleTOD's generation writes (Hosseini-Asl et al. 2020): dialogue -> lists with an entry a turn.

    {"SNG0073.json": {"generated_turn_belief": [["restaurant area centre", "hotel book day friday"]],
                      "generated_action": [["restaurant inform name"]],
                      "generated_response": ["[restaurant_name] is nice"]}}

Only what was generated is read (``generated_turn_belief``, not ``target_turn_belief``). ``generated_belief`` adds up
all turns of a dialogue and is no state of any turn.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, object_members
from tod_bench.importers.matching import Problems
from tod_bench.records import Act, Prediction
from tod_metrics.normalization.slots import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED, canonical_slot

FIELDS = ("generated_turn_belief", "generated_action", "generated_response")
_SLOTS = {**MULTIWOZ_SLOTS, **MULTIWOZ_UNSCORED}
_NO_VALUE = ("none", "not mentioned")


def read_simpletod(path: Path, problems: Problems) -> Iterator[Prediction]:
    """Predictions of such a file, slots in canonical spelling.

    Raises:
        DataError: The file cannot be read or is not a JSON object.
    """
    for dialogue, value in object_members(RawFile(path)):
        if not isinstance(value, dict) or not any(name in value for name in FIELDS):
            problems.add(f"the dialogue has none of {', '.join(FIELDS)}", dialogue=dialogue)
            continue
        given = {name: problems.sequence(value[name], name, dialogue=dialogue) for name in FIELDS if name in value}
        lengths = {name: len(turns) for name, turns in given.items()}
        if len(set(lengths.values())) > 1:
            counted = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            problems.add(f"its lists should have an entry a turn each, but {counted}", dialogue=dialogue)
        for number in range(min(lengths.values())):
            yield _prediction({name: turns[number] for name, turns in given.items()}, problems, dialogue, number)


def _prediction(turn: Mapping[str, Any], problems: Problems, dialogue: str, number: int) -> Prediction:
    belief, action, response = (turn.get(name) for name in FIELDS)
    if response is not None:
        response = problems.text(response, FIELDS[2], dialogue=dialogue, turn=number)
    return Prediction(
        dialogue,
        number,
        state=None if belief is None else _state(_texts(belief, FIELDS[0], problems, dialogue, number), problems),
        acts=None if action is None else _acts(_texts(action, FIELDS[1], problems, dialogue, number)),
        response=response,
    )


def _texts(value: Any, what: str, problems: Problems, dialogue: str, number: int) -> list[str]:
    entries = [
        problems.text(entry, f"an entry of {what}", dialogue=dialogue, turn=number)
        for entry in problems.sequence(value, what, dialogue=dialogue, turn=number)
    ]
    return [text for entry in entries if entry is not None and (text := entry.replace("<|endoftext|>", " ").strip())]


def _state(entries: Sequence[str], problems: Problems) -> dict[str, dict[str, str]]:
    """``hotel book day friday`` and the like as a state; the last value of a slot counts."""
    state: dict[str, dict[str, str]] = {}
    for entry in entries:
        domain, *words = entry.split()
        # The name of a slot has one word or two: `area`, `book day`, `price range`.
        length = 2 if len(words) > 2 and canonical_slot(domain, " ".join(words[:2]))[1] in _SLOTS.get(domain, ()) else 1
        slot, value = " ".join(words[:length]), " ".join(words[length:])
        if not value:
            problems.left_out["belief entries without a value"] += 1
        elif value not in _NO_VALUE:
            where, name = canonical_slot(domain, slot)
            state.setdefault(where, {})[name] = value
    return state


def _acts(entries: Sequence[str]) -> tuple[Act, ...]:
    """``restaurant inform name`` and the like as acts without values, each once."""
    acts = []
    for entry in entries:
        domain, act, *words = [*entry.split(), "", ""][: max(len(entry.split()), 2)]
        slot = " ".join(words)
        acts.append(Act(domain, act, "" if slot in ("", "none") else canonical_slot(domain, slot)[1]))
    return tuple(dict.fromkeys(acts))
