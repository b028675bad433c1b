"""Judge cards for reading: a card as tables of text, as Markdown, and the table of many judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.judge.cards.card import FILE, SECTIONS, JudgeCard, Measure, read_card
from tod_bench.judge.sections import interval
from tod_bench.markdown import table

NOT_MEASURED = "not measured"
"""What stands where a card has no number; never a blank, never a 0."""

_DIGITS = {"": 2, "%": 1, "points": 2, "alpha": 2, "USD": 5, "tokens": 0, "s": 5}

HEAD = ("measure", "question", "value [95% CI]", "from", "note")
"""Columns of a card's tables."""


@dataclass(frozen=True, slots=True)
class CardTable:
    """One section of a card: its heading and its rows, cells as text."""

    title: str
    rows: tuple[tuple[str, ...], ...]


def card_title(card: JudgeCard) -> str:
    """What stands above a card."""
    return f"Judge card: {card.judge}, {card.task}"


def card_facts(card: JudgeCard) -> list[str]:
    """What a card's numbers hold for, a line each."""
    lines = [
        f"judge: {card.judge} (returned: {card.returned})",
        f"task: {card.task}, by the config {card.config}",
        f"judged: {card.about}",
        f"labels: {card.labels}",
        f"made on {card.date}",
        "signature: " + "|".join(f"{name}:{value}" for name, value in card.signature.items()),
    ]
    return [*lines, f"command: {card.command}"] if card.command else lines


def card_tables(card: JudgeCard) -> list[CardTable]:
    """The sections of a card that have a row."""
    tables = []
    for key, title in SECTIONS.items():
        rows = tuple(_row(one) for one in card.measures if one.section == key)
        if rows:
            tables.append(CardTable(title, rows))
    return tables


def value_text(one: Measure | None) -> str:
    """A value with its interval and unit, or that there is none."""
    if one is None or one.value is None:
        return NOT_MEASURED
    if one.unit == "USD" and one.value == 0:
        return "0 USD"
    shown = interval(one.value, one.low, one.high, _DIGITS[one.unit])
    return shown if one.unit in ("", "alpha") else f"{shown} {one.unit}"


def _row(one: Measure) -> tuple[str, ...]:
    return (one.name, one.about, value_text(one), f"{one.n:,} {one.of}" if one.value is not None else "", one.note)


def card_markdown(card: JudgeCard) -> str:
    """A card as Markdown."""
    parts = [f"# {card_title(card)}", "\n".join(f"- {line}" for line in card_facts(card))]
    parts.append("## What the answers are worth\n\n" + "\n".join(f"- {line}" for line in card.conclusions))
    parts += [f"## {one.title}\n\n{table(HEAD, one.rows, left=5)}" for one in card_tables(card)]
    return "\n\n".join(parts) + "\n"


def read_cards(folder: Path) -> list[tuple[Path, JudgeCard]]:
    """The cards below a folder, by task, judge and name of the folder.

    Raises:
        UserError: There is none, or one cannot be read.
    """
    found = [(path.parent, read_card(path)) for path in sorted(folder.glob(f"**/{FILE}"))]
    if not found:
        raise UserError(f"{folder} holds no {FILE}; make cards with `tod-bench judge card CONFIG -o {folder}/NAME`")
    return sorted(found, key=lambda pair: (pair[1].task, pair[1].judge, str(pair[0])))


COLUMNS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("alpha, judge and labels", ("alpha, judge and labels",)),
    ("accuracy", ("accuracy",)),
    ("macro F1", ("macro F1",)),
    ("equal over repeats", ("equal answers over repeats",)),
    ("both orders agree", ("position: both orders agree",)),
    ("users told apart", ("which of four people said it",)),
    ("unread", ("unread",)),
    ("tokens an item", ("tokens an item",)),
    ("$ an item", ("dollars an item",)),
    ("s an item", ("seconds an item",)),
)
"""Columns of the table of judges: heading -> names of measures, the first that is there."""


def cards_rows(cards: Sequence[tuple[Path, JudgeCard]]) -> list[list[str]]:
    """The table of judges: a row for every card and question that it has labels or repeats of."""
    rows = []
    for folder, card in cards:
        asked = list(dict.fromkeys(one.about for one in card.measures if one.about and one.section in ("gold", "self")))
        for question in asked or [""]:
            cells = [value_text(_of(card, names, question)) for _, names in COLUMNS]
            rows.append([folder.name, card.judge, card.task, question or "all", card.labels, *cells])
    return rows


def _of(card: JudgeCard, names: Sequence[str], question: str) -> Measure | None:
    """A measure about a question, or one that is about none."""
    found = [one for name in names for one in card.measures if one.name == name and one.about in (question, "")]
    return next(iter(sorted(found, key=lambda one: one.about != question)), None)


CARDS_HEAD = ("card", "judge", "task", "question", "labels", *(heading for heading, _ in COLUMNS))
"""Headings of the table of judges."""

CARDS_NOTE = (
    "In brackets 95% intervals over items. Alpha is Krippendorff's. `not measured` says that a judge was not, or "
    "cannot be, asked; the card says why. Cards over different samples or labels are not to be compared. "
    "Seconds are those of the machine that a card was made on."
)


def cards_markdown(cards: Sequence[tuple[Path, JudgeCard]]) -> str:
    """The table of judges as Markdown, and the command of each card."""
    commands = "\n".join(f"- {folder.name}: `{card.command}`" for folder, card in cards if card.command)
    parts = ["# Judges", CARDS_NOTE, table(CARDS_HEAD, cards_rows(cards), left=5)]
    return "\n\n".join([*parts, f"## Commands\n\n{commands}"] if commands else parts) + "\n"
