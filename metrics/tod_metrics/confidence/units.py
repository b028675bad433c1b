"""What confidence is measured on: predicted values of states, or the turns that they make up."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray
from tod_metrics.items import StateItem
from tod_metrics.normalization import canonical_slot
from tod_metrics.protocols import StateProtocol
from tod_metrics.state.alignment import BoolArray, IntArray
from tod_metrics.state.normalized_states import Key, States
from tod_metrics.state.states import StateBatch

Unit: TypeAlias = Literal["slot", "turn"]
Joint: TypeAlias = Literal["product", "minimum"]


@dataclass(frozen=True, slots=True)
class Units:
    """Units that have a confidence.

    Attributes:
        confidence: Confidence of each, 0 to 1.
        right: Whether each is right.
        item: The item of each, by its place.
        without: Units that have no confidence.
        domain: The domain of each predicted value; empty for turns.
        without_by_domain: Domain -> predicted values that have no confidence.
    """

    confidence: FloatArray
    right: BoolArray
    item: IntArray
    without: int
    domain: tuple[str, ...] = ()
    without_by_domain: Mapping[str, int] = field(default_factory=dict)

    def of_domains(self, names: Collection[str]) -> "Units":
        """The predicted values of some domains."""
        kept = np.array([domain in names for domain in self.domain], dtype=np.bool_)
        return Units(
            self.confidence[kept],
            self.right[kept],
            self.item[kept],
            sum(count for domain, count in self.without_by_domain.items() if domain in names),
            tuple(domain for domain in self.domain if domain in names),
            {domain: count for domain, count in self.without_by_domain.items() if domain in names},
        )


def units_of(batch: StateBatch, rules: StateProtocol, unit: Unit, joint: Joint) -> Units:
    """The units of states, computed once for all metrics.

    Args:
        batch: The states.
        rules: The protocol.
        unit: What a unit is.
        joint: How the confidences of a turn's values make that of the turn: their product, or the least.
    """
    key = ("confidence", unit, joint if unit == "turn" else "", rules.comparison)
    if key not in batch.kept:
        batch.kept[key] = slot_units(batch, rules) if unit == "slot" else turn_units(batch, rules, joint)
    found: Units = batch.kept[key]
    return found


def slot_units(batch: StateBatch, rules: StateProtocol) -> Units:
    """The predicted values of all turns. A value is right where slot F1 counts a true positive."""
    states, without = batch.states(rules), Counter[str]()
    found: list[tuple[float, bool, int]] = []
    domains: list[str] = []
    for number, item in enumerate(batch):
        stated, gold = stated_confidence(states, item), states.gold[number]
        for key, value in states.predicted[number].items():
            if key in stated:
                right = key in gold and states.match(key, gold[key], value) == 1.0
                found.append((stated[key], right, number))
                domains.append(key[0])
            else:
                without[key[0]] += 1
    units = _units(found, without.total())
    return replace(units, domain=tuple(domains), without_by_domain=dict(without))


def turn_units(batch: StateBatch, rules: StateProtocol, joint: Joint) -> Units:
    """The turns whose predicted values all have a confidence. A turn is right where JGA counts it.

    A turn without a predicted value says nothing of how sure the system is, and counts as one without confidence; a
    turn that was not predicted does, too.
    """
    states, without = batch.states(rules), 0
    joint_right = batch.aligned(rules).joint("") == 1.0
    found: list[tuple[float, bool, int]] = []
    for number, item in enumerate(batch):
        stated, predicted = stated_confidence(states, item), states.predicted[number]
        if predicted and predicted.keys() <= stated.keys():
            # Sorted, because a product depends on the order in its last digit.
            of_values = sorted(stated[key] for key in predicted)
            sure = of_values[0] if joint == "minimum" else math.prod(of_values)
            found.append((sure, bool(joint_right[number]), number))
        else:
            without += 1
    return _units(found, without)


def stated_confidence(states: States, item: StateItem) -> dict[Key, float]:
    """The confidences of a turn's predicted values, by (domain, slot) as the protocol spells it.

    A confidence may spell its slot in another way than the state does, as predictions of slots may. One of a slot that
    is not predicted, or that the protocol does not count, says nothing of a value and is left out.
    """
    if not item.confidence:
        return {}
    canonical = {
        canonical_slot(domain, slot): sure for domain, slots in item.confidence.items() for slot, sure in slots.items()
    }
    stated: dict[Key, float] = {}
    for domain, slots in item.predicted.items():
        for slot, text in slots.items():
            comparable = states.predicted_slot(domain, slot, text)
            sure = item.confidence.get(domain, {}).get(slot)
            sure = canonical.get(canonical_slot(domain, slot)) if sure is None else sure
            if comparable is not None and sure is not None:
                stated.setdefault(comparable[0], sure)
    return stated


def _units(found: Sequence[tuple[float, bool, int]], without: int) -> Units:
    confidence, right, item = zip(*found, strict=True) if found else ((), (), ())
    return Units(
        np.array(confidence, dtype=np.float64),
        np.array(right, dtype=np.bool_),
        np.array(item, dtype=np.int64),
        without,
    )
