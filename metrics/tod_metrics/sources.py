"""What a prediction file offers to Inform and Success, and what is settled by it: states, active domains, text.

A file is settled as a whole, and one turn that differs changes nothing for the others: where some turns say a thing and
others do not, the others count as saying nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tod_metrics.dialogue.bookings import is_annotated
from tod_metrics.items import DialogueItem
from tod_metrics.response.delexicalise import kinds_in
from tod_metrics.state.active_domains import ActiveSource

StateSource: TypeAlias = Literal["auto", "predicted", "gold"]
ActiveOption: TypeAlias = Literal["auto", "given", "slot_names", "state_changes"]
TextForm: TypeAlias = Literal["auto", "delexicalised", "lexicalised"]


@dataclass(frozen=True, slots=True)
class Sources:
    """Options without ``auto``, and what a reader must know beside the number.

    Attributes:
        state: Whose states tell which venues are meant.
        active: Where active domains come from.
        text: How responses are written.
        notes: A sentence each.
    """

    state: Literal["predicted", "gold"]
    active: ActiveSource
    text: Literal["delexicalised", "lexicalised"]
    notes: tuple[str, ...]


def settle(items: Sequence[DialogueItem], state: StateSource, active: ActiveOption, text: TextForm) -> Sources:
    """Settles each ``auto`` by what the turns of all dialogues have.

    Raises:
        ValueError: Predicted states or active domains were asked for, and not one turn has any.
    """
    notes: list[str] = []
    settled = (_state(items, state, notes), _active(items, active, notes), _text(items, text, notes))
    unannotated = sum(not is_annotated(item.turns) for item in items)
    if unannotated:
        notes.append(
            f"{unannotated} of {len(items)} dialogues have no annotation of what was booked, which is told from the "
            "references in their gold responses"
        )
    return Sources(*settled, tuple(notes))


def _state(items: Sequence[DialogueItem], option: StateSource, notes: list[str]) -> Literal["predicted", "gold"]:
    turns = [turn for item in items for turn in item.turns]
    having = sum(turn.state is not None for turn in turns)
    if option == "predicted" and turns and not having:
        raise ValueError("no turn has a predicted state; score with state=gold, or predict states")
    if option == "gold" or (option == "auto" and turns and not having):
        why = "as asked for" if option == "gold" else "because no turn has a predicted state"
        notes.append(f"the gold states tell which venues a response could mean, {why}")
        return "gold"
    if having < len(turns):
        notes.append(f"{len(turns) - having} of {len(turns)} turns have no predicted state; theirs counts as empty")
    return "predicted"


def _active(items: Sequence[DialogueItem], option: ActiveOption, notes: list[str]) -> ActiveSource:
    if option in ("slot_names", "state_changes"):
        return option
    turns = [turn for item in items for turn in item.turns]
    having = sum(turn.active_domains is not None for turn in turns)
    if option == "given" and turns and not having:
        raise ValueError("no turn says its active domains; take active=state_changes")
    if not having:
        return "state_changes"
    if having < len(turns):
        notes.append(
            f"{len(turns) - having} of {len(turns)} turns do not say their active domains and count as about none"
        )
    return "given"


def _text(items: Sequence[DialogueItem], option: TextForm, notes: list[str]) -> Literal["delexicalised", "lexicalised"]:
    if option != "auto":
        return option
    texts = [turn.response for item in items for turn in item.turns if turn.response]
    having, is_delexicalised = delexicalised_share(texts)
    if is_delexicalised:
        if having:
            notes.append(f"{having} of {len(texts)} responses have placeholders, so all are taken as delexicalised")
        return "delexicalised"
    notes.append(
        f"{having or 'none'} of {len(texts)} responses have placeholders, so all are taken as lexicalised and "
        "delexicalised here by the values of the database"
    )
    return "lexicalised"


def delexicalised_share(texts: Sequence[str]) -> tuple[int, bool]:
    """How many texts have a placeholder, and whether they are the majority (also where there are no texts)."""
    having = sum(bool(kinds_in(text)) for text in texts)
    return having, 2 * having >= len(texts)
