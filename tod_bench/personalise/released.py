"""Records in PicPersona-TOD's own layout, with what it cannot say beside it.

The released layout is inferred from the code of its repository (commit 82a1e26): ``1.SGD_to_Mwoz.py`` writes states and
acts of the SGD part as text, PPTOD's preprocessing those of the MultiWOZ part. Other corpora are written as SGD is,
under their own names. What the text cannot say is in the fields of `tod_bench.corpora.picpersona_made`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.corpora.picpersona_made import OURS, ours_of, persona_of
from tod_bench.records import Act, Dialogue, Persona, State, first_values

_MULTIWOZ_ACTS = {
    name.lower(): name
    for name in ("Book", "Inform", "NoBook", "NoOffer", "OfferBook", "OfferBooked", "Recommend", "Request", "Select")
}
_BARE = ("GOODBYE", "NOTIFY_SUCCESS", "NOTIFY_FAILURE")
"""Acts of SGD that the released text writes without slot and value."""


def type_of(corpus: Corpus) -> str:
    """What a record's ``type`` says of a corpus: ``MultiWOZ``, ``SGD``, or its name."""
    if re.match(r"multiwoz\d", corpus.name):
        return "MultiWOZ"
    return "SGD" if re.fullmatch(r"sgd(-.*)?", corpus.name) else corpus.name


def record_key(kind: str, split: str, dialogue: str) -> str:
    """The key of a record in its file: SGD's ids count anew in each split, so theirs have it at the end."""
    return f"{dialogue}_{split}" if kind == "SGD" else dialogue


def record_of(
    kind: str, split: str, dialogue: Dialogue, persona: Persona, styled: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """The record of a personalised dialogue.

    Args:
        kind: What `type_of` says of its corpus.
        split: The split that it is written into.
        dialogue: The plain dialogue.
        persona: Who its user is now.
        styled: The restyled utterances of each turn: the user's and the system's.

    Raises:
        ValueError: There are not as many restyled turns as turns.
    """
    turns = tuple(
        replace(turn, styled_user=user, styled_system=system)
        for turn, (user, system) in zip(dialogue.turns, styled, strict=True)
    )
    whole = replace(dialogue, turns=turns, persona=persona)
    ours, ours_of_turns = ours_of(whole)
    return {
        "dialogue_id": record_key(kind, split, dialogue.id),
        "type": kind,
        **persona_of(whole),
        "dialogue": [
            {
                "dial_id": dialogue.id,
                "turn_num": turn.index,
                "domain": _domain(kind, turn.services[0] if turn.services else ""),
                "user": turn.user,
                "st_user": turn.styled_user,
                "resp": turn.system,
                "st_resp": turn.styled_system,
                "bspn": state_text(kind, turn.state),
                "act": acts_text(kind, turn.acts),
                OURS: rest,
            }
            for turn, rest in zip(turns, ours_of_turns, strict=True)
        ],
        OURS: ours,
    }


def state_text(kind: str, state: State) -> str:
    """A state as the released layout has it: ``[hotel] area 'east' stars '4' ``, the first value of each slot."""
    return "".join(
        f"[{_domain(kind, domain)}] " + "".join(f"{slot} '{value}' " for slot, value in slots.items())
        for domain, slots in first_values(state).items()
    )


def acts_text(kind: str, acts: Sequence[Act]) -> str:
    """Acts as the released layout has them: ``Hotel-Inform:Area-east`` of MultiWOZ, else ``Hotels-OFFER-city-Oslo``."""
    return ", ".join(_multiwoz_act(act) if kind == "MultiWOZ" else _sgd_act(kind, act) for act in acts)


def _multiwoz_act(act: Act) -> str:
    name = _MULTIWOZ_ACTS.get(act.act, act.act)
    domain = act.domain if act.domain == "general" else act.domain.capitalize()
    if not act.slot:
        return f"{domain}-{name}"
    slot = act.slot[:1].upper() + act.slot[1:]
    return f"{domain}-{name}:{slot}-{act.value or ('?' if act.act == 'request' else 'none')}"


def _sgd_act(kind: str, act: Act) -> str:
    head = f"{_domain(kind, act.domain)}-{act.act.upper()}"
    if act.act.upper() in _BARE and not act.slot:
        return head
    return f"{head}-{act.slot}-{act.value or '?'}"


def _domain(kind: str, service: str) -> str:
    """The released code takes the number off SGD's services."""
    return re.sub(r"_\d+$", "", service) if kind == "SGD" else service


def text_loses(kind: str, dialogue: Mapping[str, Any]) -> dict[str, int]:
    """What of a record's labels its released fields alone would not give back: kind of loss -> number of turns.

    Args:
        kind: The record's type.
        dialogue: A record of `record_of`.

    Returns:
        ``state`` and ``acts``: turns where the text is read as something else, or not at all; ``further_values``: turns
        with a slot that has several acceptable values, of which the text holds the first.
    """
    from tod_bench.corpora.picpersona_made import read_made
    from tod_bench.corpora.picpersona_text import parse_acts, parse_state

    lost = {"state": 0, "acts": 0, "further_values": 0}
    for turn, data in zip(read_made(dialogue).turns, dialogue["dialogue"], strict=True):
        held = [
            (_domain(kind, domain), slot, value)
            for domain, slots in first_values(turn.state).items()
            for slot, value in slots.items()
        ]
        lost["state"] += parse_state(data["bspn"]) != (held, [])
        if kind in ("MultiWOZ", "SGD"):
            acts = tuple(replace(act, domain=_domain(kind, act.domain)) for act in turn.acts)
            lost["acts"] += parse_acts(data["act"], sgd=kind == "SGD") != (acts, [])
        lost["further_values"] += any(len(values) > 1 for slots in turn.state.values() for values in slots.values())
    return lost
