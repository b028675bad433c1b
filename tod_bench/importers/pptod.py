"""PPTOD's results (Su et al. 2022), and those of the DAMD family: a JSON list of turns.

    [{"dial_id": "sng0073", "turn_num": 0, "bspn_gen": "[restaurant] food italian area centre",
      "aspn_gen": "[restaurant] [inform] name [offerbook]", "dspn_gen": "[restaurant]",
      "resp_gen": "[value_name] is nice ."}]

Generated spans are taken (``*_gen``), never the gold ones beside them. The list may be one of lists, a dialogue each.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tod_bench.corpora.jsonstream import RawFile, array_items
from tod_bench.importers.matching import Problems
from tod_bench.records import Act, Prediction
from tod_metrics.normalization.slots import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED, canonical_slot

_DOMAINS = frozenset({*MULTIWOZ_SLOTS, *MULTIWOZ_UNSCORED, "general", "booking"})
_WRITTEN = {"leaveat": "leave", "arriveby": "arrive"}
_SLOTS: Mapping[str, frozenset[str]] = {
    domain: frozenset(
        word for slot in slots for word in (slot.removeprefix("book "), _WRITTEN.get(slot, slot)) if " " not in word
    )
    for domain, slots in {**MULTIWOZ_SLOTS, **MULTIWOZ_UNSCORED}.items()
}
_ANY_SLOT = frozenset().union(*_SLOTS.values())
_MARK = re.compile(r"\[([^\[\]]+)\]")


def read_pptod(path: Path, problems: Problems) -> Iterator[Prediction]:
    """Predictions of such a file; the belief span is kept as text too, for the protocol that compares it.

    Raises:
        DataError: The file cannot be read or is not a JSON list.
    """
    for number, entry in enumerate(array_items(RawFile(path))):
        for turn in entry if isinstance(entry, list) else [entry]:
            prediction = _prediction(turn, problems, number)
            if prediction:
                yield prediction


def parse_belief_span(text: str) -> dict[str, dict[str, str]]:
    """``[restaurant] food italian name the nice place`` as a state.

    A word opens a slot where it is the name of one that the domain has and that is not open or filled yet: in
    ``[attraction] name whale of a time`` no slot is called time, and it belongs to the name. A slot's name with nothing
    behind it is a word of the value before it. Where no slot is open, the name of another domain's slot opens one too,
    so that a hallucinated slot stays in the state.
    """
    state: dict[str, dict[str, str]] = {}
    for domain, words in _domains(text.lower().split()):
        slots: dict[str, list[str]] = {}
        slot = ""
        for position, word in enumerate(words):
            if _opens(word, words[position + 1 :], slots, domain, slot):
                slot = word
                slots[slot] = []
            elif slot:
                slots[slot].append(word)
        filled = {canonical_slot(domain, name)[1]: " ".join(value) for name, value in slots.items() if value}
        if filled:
            state.setdefault(domain, {}).update(filled)
    return state


def _domains(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The words below each domain's mark; what is below another mark is left out."""
    domain, below = "", list[str]()
    for word in words:
        mark = _MARK.fullmatch(word)
        if mark is None:
            below.append(word)
            continue
        if domain:
            yield domain, below
        domain, below = (mark[1] if mark[1] in _DOMAINS else ""), []
    if domain:
        yield domain, below


def _opens(word: str, rest: Sequence[str], slots: Mapping[str, list[str]], domain: str, slot: str) -> bool:
    if word in slots or word not in (_SLOTS.get(domain, _ANY_SLOT) if slot else _ANY_SLOT):
        return False
    if not slot or not slots[slot]:
        return not slot  # directly behind a slot's name stands its value
    return bool(rest) and rest[0] != word


def parse_act_span(text: str) -> tuple[Act, ...]:
    """``[restaurant] [inform] name area [offerbook]`` as acts without values, each once."""
    acts: list[Act] = []
    domain = act = ""
    for word in text.lower().split():
        mark = _MARK.fullmatch(word)
        if mark and mark[1] in _DOMAINS:
            domain, act = mark[1], ""
        elif mark:
            act = mark[1]
            acts.append(Act(domain, act))
        elif domain and act:
            acts.append(Act(domain, act, canonical_slot(domain, word)[1]))
    # An act with slots stands for those alone.
    with_slots = {(act_with_slot.domain, act_with_slot.act) for act_with_slot in acts if act_with_slot.slot}
    return tuple(dict.fromkeys(a for a in acts if a.slot or (a.domain, a.act) not in with_slots))


def _prediction(turn: Any, problems: Problems, number: int) -> Prediction | None:
    if not isinstance(turn, dict) or "dial_id" not in turn:
        problems.add(f"entry {number} is not a turn: it has no dial_id")
        return None
    dialogue, index = str(turn["dial_id"]), turn.get("turn_num")
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        problems.add(f"entry {number} has no turn_num, the turn's number from 0", dialogue=dialogue)
        return None
    spans = _spans(turn, problems, dialogue, index)
    if not spans:
        problems.add("the turn has none of bspn_gen, aspn_gen and resp_gen", dialogue=dialogue, turn=index)
    belief, acts, domains = spans.get("bspn_gen"), spans.get("aspn_gen"), spans.get("dspn_gen")
    return Prediction(
        dialogue,
        index,
        state=None if belief is None else parse_belief_span(belief),
        acts=None if acts is None else parse_act_span(acts),
        response=spans.get("resp_gen"),
        active_domains=None if domains is None else tuple(dict.fromkeys(_MARK.findall(domains))),
        raw={} if belief is None else {"dst": belief},
    )


def _spans(turn: Mapping[str, Any], problems: Problems, dialogue: str, number: int) -> dict[str, str]:
    spans = {}
    for name in ("bspn_gen", "aspn_gen", "dspn_gen", "resp_gen"):
        if name in turn:
            text = problems.text(turn[name], name, dialogue=dialogue, turn=number)
            if text is not None:
                spans[name] = re.sub(r"<[se]os_\w+>", " ", text).strip()
    return spans
