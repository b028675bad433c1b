"""Which domains a system's turn is about: three sources, because the choice alone moves Success by points.

* ``given``: the system says so (`active_domains` of the prediction).
* ``slot_names``: the domains that the placeholders of the response name (``[hotel_phone]``), as MultiWOZ_Evaluation's
  ``add_slot_domains.py`` extracts them.
* ``state_changes``: at most one domain a turn, the one whose state last changed, as MultiWOZ_Evaluation estimates it
  for placeholders without a domain.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from tod_metrics.response.delexicalise import domains_in

ActiveSource: TypeAlias = Literal["given", "slot_names", "state_changes"]
PlainState: TypeAlias = Mapping[str, Mapping[str, str]]


def from_slot_names(responses: Sequence[str]) -> list[frozenset[str]]:
    """Domains that each response's placeholders name."""
    return [domains_in(response) for response in responses]


def from_state_changes(states: Sequence[PlainState], *, in_file_order: bool = False) -> list[frozenset[str]]:
    """The domain that each turn of a dialogue is taken to be about, from its belief states.

    * No domain has a new or altered value: the domain of the turn before stays, except that right after a turn in which
      several domains changed, the first of the others takes its turn.
    * The current domain is among the changed ones: it stays.
    * Otherwise the changed domain with most slots takes over, the first of equals.

    Args:
        states: The belief states of a dialogue.
        in_file_order: Whether the first of several domains is the one that the state has first, as in the script; else
            it is the first in alphabetical order, because the order of a state means nothing.
    """
    active: list[frozenset[str]] = []
    current: str | None = None
    before: PlainState = {}
    changed_before: list[str] = []
    for state in states:
        changed = [
            domain
            for domain in (state if in_file_order else sorted(state))
            if set(state[domain].items()) - set(before.get(domain, {}).items())
        ]
        if changed:
            if current not in changed:
                current = max(changed, key=lambda domain: len(state[domain]))
        elif len(changed_before) > 1:
            current = next((domain for domain in changed_before if domain in state and domain != current), current)
        before, changed_before = state, changed
        active.append(frozenset() if current is None else frozenset({current}))
    return active
