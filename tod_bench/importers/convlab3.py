"""ConvLab-3's ``predictions.json`` (Zhu et al. 2023): a JSON list of utterances in the unified format.

    [{"speaker": "user", "utt_idx": 0, "utterance": "...", "state": {...},           (gold, not read)
      "predictions": {"state": {"restaurant": {"area": "centre", "food": ""}}}}]

``utt_idx`` 2 is the user's side of turn 1 and 3 the system's; on the system's side ``dialogue_acts`` and ``response``
(or ``utterance``) are read. A slot with an empty value is not in the state, and of ``a|b`` the first is taken. The
format names no dialogues: they are found by what the user says, so a corpus is needed unless there is a
``dialogue_id``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, array_items
from tod_bench.corpora.multiwoz_names import canonical
from tod_bench.importers.matching import Problems
from tod_bench.records import Act, Dialogue, Prediction
from tod_metrics.normalization.slots import canonical_slot

_KINDS = ("categorical", "non-categorical", "binary")


@dataclass
class _Draft:
    """A dialogue of the file: its turns, and what the user says in them."""

    name: str
    turns: dict[int, Prediction] = field(default_factory=dict)
    user: dict[int, str] = field(default_factory=dict)


def read_convlab3(path: Path, problems: Problems, dialogues: Sequence[Dialogue] | None = None) -> Iterator[Prediction]:
    """Predictions of such a file, slots in canonical spelling.

    Args:
        path: The file.
        problems: What does not fit.
        dialogues: The dialogues that were answered.

    Raises:
        DataError: The file cannot be read or is not a JSON list.
    """
    drafts = list(_drafts(path, problems))
    spoken: dict[str, list[str]] = {}
    for dialogue in dialogues or ():
        spoken.setdefault(_heard(turn.user for turn in dialogue.turns), []).append(dialogue.id)
    for number, draft in enumerate(drafts):
        name = draft.name
        if not name:
            same = spoken.get(_heard(draft.user[turn] for turn in sorted(draft.user)), [])
            name = same.pop(0) if same else ""
        if name:
            yield from (replace(turn, dialogue_id=name) for turn in draft.turns.values())
        elif dialogues is None:
            problems.add("ConvLab-3's files name no dialogues; give the --corpus that was answered, to find them by")
            return
        else:
            problems.add(f"dialogue number {number} of the file says what no dialogue of the split says")


def _heard(utterances: Any) -> str:
    """What was said, without case, blanks and punctuation."""
    return "|".join("".join(filter(str.isalnum, text.lower())) for text in utterances)


def _drafts(path: Path, problems: Problems) -> Iterator[_Draft]:
    """The dialogues of a file; where nothing names them, a number that does not go up begins the next one."""
    draft, last = _Draft(""), -1
    for place, sample in enumerate(array_items(RawFile(path))):
        number = sample.get("utt_idx") if isinstance(sample, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 100_000:
            problems.add(f"entry {place} has no utt_idx, the number of the utterance from 0")
            continue
        given = sample.get("original_id", sample.get("dialogue_id", ""))
        name = given if isinstance(given, str) else ""
        if number <= last or name != draft.name:
            if draft.turns:
                yield draft
            draft = _Draft(name)
        last = number
        _take(sample, draft, number, problems, place)
    if draft.turns:
        yield draft


def _take(sample: Mapping[str, Any], draft: _Draft, number: int, problems: Problems, place: int) -> None:
    name, turn = draft.name or f"number {place}", number // 2
    user = number % 2 == 0
    if user:
        draft.user[turn] = str(sample.get("utterance", ""))
    else:
        # Files of the system's side alone have the user's words in the context.
        context = sample.get("context")
        before = context[-1] if isinstance(context, list) and context else None
        if turn not in draft.user and isinstance(before, dict):
            draft.user[turn] = str(before.get("utterance", ""))
    if "predictions" not in sample:
        problems.add("the utterance has no predictions", dialogue=name, turn=turn)
        return
    given = problems.mapping(sample["predictions"], "predictions", dialogue=name, turn=turn)
    prediction = draft.turns.get(turn, Prediction(name, turn))
    if "state" in given:
        prediction = replace(prediction, state=_state(given["state"], problems, name, turn))
    if not user and "dialogue_acts" in given:
        prediction = replace(prediction, acts=_acts(given["dialogue_acts"], problems, name, turn))
    response = given.get("response", given.get("utterance"))
    if not user and response is not None:
        prediction = replace(prediction, response=problems.text(response, "the response", dialogue=name, turn=turn))
    draft.turns[turn] = prediction


def _state(value: Any, problems: Problems, dialogue: str, turn: int) -> dict[str, dict[str, str]]:
    state: dict[str, dict[str, str]] = {}
    for domain, slots in problems.mapping(value, "the state", dialogue=dialogue, turn=turn).items():
        for slot, given in problems.mapping(slots, f"the state of {domain}", dialogue=dialogue, turn=turn).items():
            text = problems.text(given, f"the state's {domain}-{slot}", dialogue=dialogue, turn=turn)
            first = (text or "").split("|")[0].strip()
            if first:
                where, name = canonical_slot(domain, slot)
                state.setdefault(where, {})[name] = first
    return state


def _acts(value: Any, problems: Problems, dialogue: str, turn: int) -> tuple[Act, ...]:
    acts = []
    for kind, listed in problems.mapping(value, "dialogue_acts", dialogue=dialogue, turn=turn).items():
        if kind not in _KINDS:
            problems.add(f"{kind!r} is no kind of dialogue act; ConvLab-3 has {', '.join(_KINDS)}", dialogue=dialogue)
            continue
        for entry in problems.sequence(listed, kind, dialogue=dialogue, turn=turn):
            act = problems.mapping(entry, "a dialogue act", dialogue=dialogue, turn=turn)
            texts = [
                problems.text(act.get(name, ""), f"the {name} of a dialogue act", dialogue=dialogue, turn=turn) or ""
                for name in ("domain", "intent", "slot", "value")
            ]
            slot = canonical(texts[0], texts[2]) if texts[2] else ""
            acts.append(Act(texts[0], texts[1].lower(), slot, texts[3]))
    return tuple(dict.fromkeys(acts))
