"""Protocols for belief states: each way that the field compares two states, by name.

A protocol is data, read by `tod_metrics.state.states`; where it reproduces a published script it follows its flaws too.
A name may carry modifiers: ``trade+dropnone``, ``tod_bench+strict``, ``tod_bench+first+nobook``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Any, Literal

CONFIDENCE_METRICS = frozenset({"aurc", "auroc", "brier", "eaurc", "ece"})
"""Metrics of how sure a system is of its states; a protocol that defines slot F1 defines them."""

STATE_METRICS = frozenset(
    {
        *("average_goal_accuracy", "domain_jga_active", "domain_jga_all", "domain_jga_goal", "flexible_goal_accuracy"),
        *("jga", "joint_f1", "relative_slot_accuracy", "slot_accuracy", "slot_f1", "slot_precision", "slot_recall"),
        "turn_accuracy",
    }
)


@dataclass(frozen=True)
class StateProtocol:
    """How two belief states are compared.

    Attributes:
        name: Name with its modifiers, as written after ``@``.
        summary: What it is, in a line.
        norm: Normaliser of values (see `tod_metrics.normalization`).
        match: How two normalised values are compared: ``exact``; ``partial_ratio`` above 95; ``schema``: exact for
            categorical slots, token-sort ratio / 100 for others.
        values: Whether any listed gold value is right, or the first alone.
        gold_none: Whether a gold value that is none is dropped, or kept as a value.
        predicted_none: The same for predictions; gold none can be matched only where predicted none is kept too.
        gold_dontcare: Whether a gold dontcare is a value, or the slot is dropped.
        slots: The slots that count: ``scored`` (MultiWOZ's 30, or the schema's), ``schema`` (the services of the
            frames), ``file`` (whatever stands in gold or prediction), ``span`` (what PPTOD's parser finds in a span).
        order: For ``span``, the order in which slots are written: ``file``, as corpus and prediction file have
            them; ``mention``, by the turn of the dialogue that first has them, then by name.
        unit: What is right or wrong as one: a ``turn``, or a ``frame`` (one service in one turn).
        bookings: Whether booking slots count.
        metrics: Metrics that the protocol defines.
        source: The paper or script that it reproduces.
    """

    name: str
    summary: str
    norm: str = "detok"
    match: Literal["exact", "partial_ratio", "schema"] = "exact"
    values: Literal["any", "first"] = "any"
    gold_none: Literal["drop", "keep"] = "drop"
    predicted_none: Literal["drop", "keep"] = "drop"
    gold_dontcare: Literal["value", "drop"] = "value"
    slots: Literal["scored", "schema", "file", "span"] = "scored"
    order: Literal["", "file", "mention"] = ""
    unit: Literal["turn", "frame"] = "turn"
    bookings: bool = True
    metrics: frozenset[str] = STATE_METRICS | CONFIDENCE_METRICS
    source: str = ""

    @cached_property
    def comparison(self) -> tuple[str | bool, ...]:
        """What decides which values are compared and how: protocols that share it share that work."""
        return (
            *(self.norm, self.match, self.values, self.gold_none, self.predicted_none, self.gold_dontcare),
            *(self.slots, self.order, self.bookings),
        )

    def defines(self, metric: str) -> bool:
        """Whether it defines a metric of belief states: one it names, or one of another package where it names most."""
        named = metric in STATE_METRICS or any(metric in protocol.metrics for protocol in PROTOCOLS.values())
        return metric in self.metrics if named else self.metrics >= STATE_METRICS

    def options(self) -> dict[str, str]:
        """Everything in it that can change a number, for a signature."""
        none = self.gold_none if self.gold_none == self.predicted_none else f"gold-{self.gold_none}"
        return {
            "protocol": self.name,
            "norm": self.norm,
            "match": self.match,
            "values": self.values,
            "none": none,
            "dontcare": self.gold_dontcare,
            "bookings": "yes" if self.bookings else "no",
            "unit": self.unit,
            **({"order": self.order} if self.order else {}),
        }


_JOINT = frozenset({"jga", "joint_categorical_accuracy", "joint_noncategorical_accuracy"})
_FRAMES = _JOINT | {"average_goal_accuracy"}
_TRADE_SOURCE = "Wu et al. 2019 (TRADE), models/TRADE.py and utils/fix_label.py"
_SGD_SOURCE = "Rastogi et al. 2020 (SGD), schema_guided_dst/metrics.py and evaluate.py"

PROTOCOLS: Mapping[str, StateProtocol] = {
    protocol.name: protocol
    for protocol in (
        StateProtocol("tod_bench", "the default: detokenised values, any listed value, absent and none alike"),
        StateProtocol(
            "trade",
            "TRADE's: label repair, predicted none dropped, gold none kept",
            norm="trade",
            values="first",
            gold_none="keep",
            source=_TRADE_SOURCE,
        ),
        StateProtocol(
            "pptod",
            "PPTOD's: belief spans compared as text after its cleaning",
            norm="pptod",
            values="first",
            slots="span",
            order="file",
            metrics=frozenset({"jga"}),
            source="Su et al. 2022 (PPTOD), DST/dst.py and DST/compute_joint_acc.py",
        ),
        StateProtocol(
            "mwzeval",
            "MultiWOZ_Evaluation's: first gold value, partial ratio above 95, gold dontcare dropped",
            norm="mwzeval",
            match="partial_ratio",
            values="first",
            gold_none="keep",
            predicted_none="keep",
            gold_dontcare="drop",
            slots="file",
            metrics=frozenset({"jga", "slot_f1", "slot_precision", "slot_recall"}) | CONFIDENCE_METRICS,
            source="Nekvinda and Dušek 2021, mwzeval/metrics.py, get_dst",
        ),
        StateProtocol(
            "sgd",
            "SGD's: product of slot scores per frame, fuzzy for free-form values",
            norm="verbatim",
            match="schema",
            gold_none="keep",
            predicted_none="keep",
            slots="schema",
            unit="frame",
            metrics=_FRAMES,
            source=_SGD_SOURCE,
        ),
        StateProtocol(
            "sgd_turn",
            "SGD's across the frames of a turn (its joint_acc_across_turn)",
            norm="verbatim",
            match="schema",
            gold_none="keep",
            predicted_none="keep",
            slots="schema",
            metrics=_JOINT,
            source=_SGD_SOURCE,
        ),
        StateProtocol(
            "picpersona",
            "PicPersona-TOD's Table 6: as trade, and per domain over all turns",
            norm="trade",
            values="first",
            gold_none="keep",
            metrics=STATE_METRICS - {"domain_jga_goal", "domain_jga_active"} | CONFIDENCE_METRICS,
            source="PicPersona-TOD (NAACL 2025), Table 6",
        ),
    )
}
"""Every protocol without its modifiers, the default first."""

MODIFIERS: Mapping[str, Mapping[str, Any]] = {
    "strict": {"norm": "strict"},
    "detok": {"norm": "detok"},
    "traded": {"norm": "trade"},
    "fuzzy": {"norm": "fuzzy", "match": "partial_ratio"},
    "first": {"values": "first"},
    "any": {"values": "any"},
    "dropnone": {"gold_none": "drop", "predicted_none": "drop"},
    "nobook": {"bookings": False},
    "mention": {"order": "mention"},
}
"""What may follow a protocol's name after ``+``, and what it changes."""


@cache
def state_protocol(name: str) -> StateProtocol:
    """A protocol by name, e.g. ``trade`` or ``trade+dropnone``.

    Raises:
        ValueError: There is no such protocol or modifier.
    """
    base, *modifiers = name.split("+")
    changed: StateProtocol = _lookup(PROTOCOLS, base, "protocol")
    for modifier in modifiers:
        if changed.slots == "span" and modifier not in ("nobook", "mention"):
            raise ValueError(
                f"the protocol {base!r} compares text of its own making; only +nobook and +mention apply to it"
            )
        if changed.slots != "span" and modifier == "mention":
            raise ValueError(f"+mention orders the slots of a span, and {base!r} compares no spans; pptod does")
        changed = replace(changed, **_lookup(MODIFIERS, modifier, "protocol modifier"))
    return replace(changed, name=name)


def _lookup(table: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in table:
        near = get_close_matches(name, list(table), n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no {what} {name!r}{hint} (there are {', '.join(table)})")
    return table[name]
