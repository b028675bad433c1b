"""The tables of the metric cards, computed by the metrics themselves.

A card marks a table with ``<!-- table: NAME -->`` and ``<!-- end -->``; what stands between is made here. The test
suite fails where a card says something else than the code does.

    python docs/metrics/tables.py          # rewrites the cards
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from runpy import run_path

from tod_metrics import metric, metric_names
from tod_metrics.items import ActItem, StateItem
from tod_metrics.normalization import detok, mwzeval, strict, trade
from tod_metrics.protocols import MODIFIERS, PROTOCOLS

FOLDER = Path(__file__).parent
MARK = re.compile(r"(<!-- table: ([a-z_]+) -->\n).*?(<!-- end -->)", flags=re.DOTALL)

State = Mapping[str, Mapping[str, str]]
Case = tuple[str, Mapping[str, Mapping[str, Sequence[str]]], State]

JGA_CASES: Sequence[Case] = (
    ("gold and prediction empty", {}, {}),
    ("hotel-area east, nothing predicted", {"hotel": {"area": ["east"]}}, {}),
    ("gold empty, taxi-departure predicted", {}, {"taxi": {"departure": "x"}}),
    ("a wrong value", {"hotel": {"area": ["east"]}}, {"hotel": {"area": "west"}}),
    (
        "`dontcare`, predicted as `dont care`",
        {"hotel": {"area": ["dontcare"], "stars": ["4"]}},
        {"hotel": {"area": "dont care", "stars": "4"}},
    ),
    ("`dontcare`, nothing predicted", {"hotel": {"area": ["dontcare"], "stars": ["4"]}}, {"hotel": {"stars": "4"}}),
    ("`15:00`, predicted as `15 : 00`", {"train": {"leaveat": ["15:00"]}}, {"train": {"leaveat": "15 : 00"}}),
    ("`john's`, predicted as `john 's`", {"hotel": {"name": ["john's"]}}, {"hotel": {"name": "john 's"}}),
    (
        "the slots in another order, the last one `centre`",
        {"hotel": {"area": ["centre"], "stars": ["4"]}},
        {"hotel": {"stars": "4", "area": "centre"}},
    ),
    ("two values listed, the second predicted", {"hotel": {"area": ["east", "west"]}}, {"hotel": {"area": "west"}}),
    ("gold an explicit `none`", {"hotel": {"area": ["none"], "stars": ["4"]}}, {"hotel": {"stars": "4"}}),
    ("a typo that TRADE repairs: `center`", {"hotel": {"area": ["centre"]}}, {"hotel": {"area": "center"}}),
    ("`17:15`, predicted as `5:15 pm`", {"taxi": {"leaveat": ["17:15"]}}, {"taxi": {"leaveat": "5:15 pm"}}),
    ("`north`, predicted as `no` (of a name)", {"hotel": {"name": ["north"]}}, {"hotel": {"name": "no"}}),
    ("an unscored domain predicted: bus-day", {}, {"bus": {"day": "monday"}}),
    ("a slot that no schema has", {}, {"hotel": {"mood": "x"}}),
)

CONFIDENCE_CASES: Sequence[tuple[str, Sequence[tuple[float, bool]]]] = (
    ("sure where right, unsure where wrong", ((1.0, True), (1.0, True), (0.0, False), (0.0, False))),
    ("always sure", ((1.0, True), (1.0, True), (1.0, False), (1.0, False))),
    ("always half sure, half right", ((0.5, True), (0.5, True), (0.5, False), (0.5, False))),
    ("in order", ((0.9, True), (0.8, True), (0.7, False), (0.6, False))),
    ("one pair out of order", ((0.9, True), (0.8, False), (0.7, True), (0.6, False))),
    ("the wrong way round", ((0.9, False), (0.8, False), (0.7, True), (0.6, True))),
    ("all right", ((0.9, True), (0.6, True))),
)

VALUES: Sequence[tuple[str, str, str]] = (
    ("hotel", "area", " North "),
    ("hotel", "area", "not mentioned"),
    ("hotel", "area", "none"),
    ("hotel", "area", "do n't care"),
    ("hotel", "area", "city center"),
    ("hotel", "type", "guesthouse"),
    ("hotel", "type", "b&b"),
    ("attraction", "type", "gallery"),
    ("hotel", "name", "rosa 's"),
    ("restaurant", "name", "restaurant one seven"),
    ("restaurant", "name", "restaurant two two"),
    ("train", "leaveat", "15 : 00"),
    ("train", "leaveat", "5 pm"),
    ("restaurant", "book time", "5 pm"),
    ("Events_1", "category", "Art"),
)

EAST, WEST = {"hotel": {"area": "east"}}, {"hotel": {"area": "west"}}
BOTH = {"hotel": {"area": "east", "stars": "4"}, "taxi": {"departure": "x"}}
STATE_CASES: Sequence[tuple[str, State, State]] = (
    ("both empty", {}, {}),
    ("one gold slot, nothing predicted", EAST, {}),
    ("nothing in gold, one slot predicted", {}, {"taxi": {"departure": "x"}}),
    ("a wrong value", EAST, WEST),
    ("one of three slots predicted, rightly", BOTH, EAST),
    ("the one gold slot predicted, and two more", EAST, BOTH),
    ("three predicted, one with a wrong value", BOTH, {**BOTH, "hotel": {"area": "west", "stars": "4"}}),
)
STATE_COLUMNS = (
    *("jga", "slot_precision", "slot_recall", "slot_f1", "joint_f1", "slot_accuracy", "average_goal_accuracy"),
    "relative_slot_accuracy",
)

TAXI = {"taxi": {"departure": "x"}}
DIALOGUE: Sequence[tuple[str, State, State]] = (
    ("nothing yet", {}, {}),
    ("area east, predicted west", EAST, WEST),
    ("no change", EAST, WEST),
    ("a taxi is added, rightly", {**EAST, **TAXI}, {**WEST, **TAXI}),
    ("the area is mended", {**EAST, **TAXI}, {**EAST, **TAXI}),
)

FOOD, INDIAN = ("restaurant", "inform", "food", "italian"), ("restaurant", "inform", "food", "indian")
AREA, BYE = ("restaurant", "request", "area", ""), ("general", "bye", "", "")
ACT_CASES = (
    ("both empty", (), ()),
    ("one act, nothing predicted", (FOOD,), ()),
    ("another value", (FOOD,), (INDIAN,)),
    ("another order", (FOOD, AREA), (AREA, FOOD)),
    ("one of two", (FOOD, AREA), (FOOD,)),
    ("the same act twice", (FOOD, FOOD), (FOOD,)),
    ("one too many", (BYE,), (BYE, FOOD)),
)


def state_items(turns: Iterable[tuple[str, State, State]]) -> list[StateItem]:
    """Items of one dialogue about a hotel."""
    items: list[StateItem] = []
    for number, (_, gold, predicted) in enumerate(turns):
        listed = {domain: {slot: [value] for slot, value in slots.items()} for domain, slots in gold.items()}
        before = items[-1] if items else StateItem("", 0, {}, {})
        items.append(
            StateItem("d", number, listed, predicted, ("hotel",), (), before.gold, before.predicted),
        )
    return items


def number(spec: str, items: Sequence[StateItem] | Sequence[ActItem], **options: str) -> str:
    """A score as the tables show it; a dash where it is undefined."""
    scored = metric(spec, **options)
    value = scored.score(items)
    return "-" if math.isnan(value) else f"{value:.1f}".removesuffix(".0")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def metric_table() -> str:
    """Every registered metric."""
    return table(("metric", "what it is"), ((f"`{name}`", line) for name, line in metric_names()))


def protocol_table() -> str:
    """Every protocol for belief states as data."""
    head = (
        "protocol",
        "unit",
        "normaliser",
        "values",
        "gold none",
        "predicted none",
        "gold dontcare",
        "slots",
        "source",
    )
    return table(
        head,
        (
            (
                *(f"`{rules.name}`", rules.unit, rules.norm, rules.values, rules.gold_none, rules.predicted_none),
                *(rules.gold_dontcare, rules.slots, rules.source or "this project"),
            )
            for rules in PROTOCOLS.values()
        ),
    )


def modifier_table() -> str:
    """What may follow a protocol's name."""
    return table(
        ("modifier", "changes"),
        ((f"`+{name}`", ", ".join(f"{key}={value}" for key, value in MODIFIERS[name].items())) for name in MODIFIERS),
    )


def value_table() -> str:
    """Values under each normaliser."""
    rows = []
    for domain, slot, value in VALUES:
        found = (normalise(domain, slot, value) for normalise in (strict, trade, detok, mwzeval))
        rows.append((f"{domain}-{slot} `{value}`", *(f"`{one}`" if one else "(absent)" for one in found)))
    return table(("value", "strict", "trade", "detok", "mwzeval"), rows)


def jga_table() -> str:
    """The joint goal of one turn under each protocol that reads MultiWOZ."""
    protocols = ("tod_bench", "trade", "trade+dropnone", "pptod", "mwzeval", "picpersona")
    rows = []
    for text, gold, predicted in JGA_CASES:
        item = StateItem("d", 0, gold, predicted)
        right = (number(f"jga@{name}", [item]) == "100" for name in protocols)
        rows.append((text, *("right" if one else "wrong" for one in right)))
    return table(("case", *protocols), rows)


def state_table() -> str:
    """One turn under each metric."""
    rows = [
        (text, *(number(name, state_items([(text, gold, answer)])) for name in STATE_COLUMNS))
        for text, gold, answer in STATE_CASES
    ]
    return table(("case", *STATE_COLUMNS), rows)


def dialogue_table() -> str:
    """The turns of one dialogue under the metrics that look at change, and the joint goal."""
    names = ("jga", "turn_accuracy", "flexible_goal_accuracy")
    columns = [metric(name).statistics(state_items(DIALOGUE))[:, 0] for name in names]
    rows = [(text, *(f"{column[place]:.2f}" for column in columns)) for place, (text, _, _) in enumerate(DIALOGUE)]
    return table(("turn", *names), rows)


def domain_table() -> str:
    """The same dialogue, whose goal is a hotel, under the three forms of per-domain JGA."""
    forms = ("domain_jga_goal", "domain_jga_all", "domain_jga_active")
    domains = ("hotel", "taxi", "train", "")
    rows = (
        (domain or "pooled", *(number(form, state_items(DIALOGUE), domain=domain) for form in forms))
        for domain in domains
    )
    return table(("domain", *forms), rows)


def confidence_table() -> str:
    """Units with a confidence, right (+) or wrong (-), under each metric of confidence."""
    columns = ("auroc", "ece", "ece(bins=2)", "ece(bins=2,binning=width)", "brier", "aurc", "eaurc")
    rows = []
    for text, units in CONFIDENCE_CASES:
        predicted = {
            "hotel": {f"slot {place}": "right" if right else "wrong" for place, (_, right) in enumerate(units)}
        }
        sure = {"hotel": {f"slot {place}": confidence for place, (confidence, _) in enumerate(units)}}
        gold = {"hotel": {f"slot {place}": ["right"] for place in range(len(units))}}
        item = StateItem("d", 0, gold, predicted, confidence=sure)
        shown = ", ".join(f"{confidence:g}{'+' if right else '-'}" for confidence, right in units)
        rows.append((text, shown, *(number(name, [item]) for name in columns)))
    return table(("case", "units", *columns), rows)


def act_table() -> str:
    """One turn under each act metric."""
    columns = ("act_f1", "act_f1@values", "act_f1@skip_empty", "act_f1_micro", "act_match")
    rows = (
        (text, *(number(name, [ActItem("d", 0, gold, answer)]) for name in columns)) for text, gold, answer in ACT_CASES
    )
    return table(("case", *columns), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "acts": act_table,
    "confidence": confidence_table,
    "dialogue": dialogue_table,
    "domains": domain_table,
    "jga": jga_table,
    "metrics": metric_table,
    "modifiers": modifier_table,
    "protocols": protocol_table,
    "states": state_table,
    "values": value_table,
}


def response_table(name: str) -> Callable[[], str]:
    """A table of ``response_tables.py``."""
    return lambda: table(*RESPONSE_TABLES[name]())


RESPONSE_TABLES = run_path(str(FOLDER / "response_tables.py"))["RESPONSE_TABLES"]
TABLES = {**TABLES, **{name: response_table(name) for name in RESPONSE_TABLES}}


def filled(text: str) -> str:
    """A card with its tables computed anew."""
    return MARK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


if __name__ == "__main__":
    for card in sorted(FOLDER.glob("*.md")):
        card.write_text(filled(card.read_text(encoding="utf-8")), encoding="utf-8")
