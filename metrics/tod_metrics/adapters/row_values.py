"""Values of plain rows read into the fields of items; what does not have the form is refused with its place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tod_metrics.items import ActTuple, GoldState, PredictedState


def parsed(place: str, value: Any) -> Any:
    """A value that may be JSON text.

    Raises:
        ValueError: It is text that is not JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: the text is not JSON ({error})") from None


def gold_state(place: str, state: Any) -> GoldState:
    """A gold state; one value may stand without a list.

    Raises:
        ValueError: It is not a state.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for domain, slot, value in _triples(place, state):
        values = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Sequence) else ()
        if not values or not all(isinstance(one, str) for one in values):
            raise ValueError(f"{place}: gold {domain}-{slot} must be a text or a list of texts, not {value!r}")
        found.setdefault(domain, {})[slot] = values
    return found


def predicted_state(place: str, state: Any) -> PredictedState:
    """A predicted state.

    Raises:
        ValueError: It is not a state with one text a slot.
    """
    found: dict[str, dict[str, str]] = {}
    for domain, slot, value in _triples(place, state):
        if not isinstance(value, str):
            raise ValueError(f"{place}: predicted {domain}-{slot} must be a text, not {value!r}")
        found.setdefault(domain, {})[slot] = value
    return found


def acts(place: str, value: Any) -> tuple[ActTuple, ...]:
    """System acts; slot and value may be left out.

    Raises:
        ValueError: They are not a list of acts.
    """
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        raise ValueError(f"{place}: acts must be a list of [domain, act, slot, value], not {value!r}")
    for act in value:
        texts = not isinstance(act, str) and isinstance(act, Sequence) and all(isinstance(part, str) for part in act)
        if not texts or not 2 <= len(act) <= 4:
            raise ValueError(f"{place}: an act must be [domain, act, slot, value], the last two optional, not {act!r}")
    return tuple((*act, "", "")[:4] for act in value)


def frames(place: str, value: Any) -> tuple[dict[str, str] | None, dict[str, tuple[str, ...]] | None]:
    """Active intents and requested slots by service; None for what is left out.

    Raises:
        ValueError: They do not have that form.
    """
    found = fields(place, value, ("active_intent", "requested"))
    intents, requested = found.get("active_intent"), found.get("requested")
    if intents is not None and not (isinstance(intents, Mapping) and all(isinstance(v, str) for v in intents.values())):
        raise ValueError(f"{place}: active_intent must map services to texts, and {intents!r} does not")
    if requested is None:
        return None if intents is None else dict(intents), None
    if not isinstance(requested, Mapping):
        raise ValueError(f"{place}: requested must map services to lists of slots, and {requested!r} does not")
    for service, slots in requested.items():
        if isinstance(slots, str) or not isinstance(slots, Sequence) or not all(isinstance(s, str) for s in slots):
            raise ValueError(f"{place}: requested slots of {service} must be a list of texts, not {slots!r}")
    return None if intents is None else dict(intents), {service: tuple(slots) for service, slots in requested.items()}


def text(place: str, value: Any) -> str:
    """A text.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{place}: this must be a text, not {value!r}")
    return value


def fields(place: str, value: Any, known: Sequence[str]) -> dict[str, Any]:
    """A mapping with no other fields than the known ones.

    Raises:
        ValueError: It is not a mapping, or has an unknown field.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: this must be a mapping with {', '.join(known)}, not {value!r}")
    unknown = sorted(value.keys() - set(known))
    if unknown:
        raise ValueError(f"{place}: there is no field {unknown[0]!r}; there are {', '.join(known)}")
    return dict(value)


def _triples(place: str, state: Any) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(state, Mapping) or not all(isinstance(slots, Mapping) for slots in state.values()):
        raise ValueError(f"{place}: a state must map domains to slots to values, and {state!r} does not")
    for domain, slots in state.items():
        for slot, value in slots.items():
            yield str(domain), str(slot), value
