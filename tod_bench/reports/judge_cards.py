"""Judge cards as self-contained HTML pages."""

from collections.abc import Sequence
from pathlib import Path

from tod_bench.files import write_text
from tod_bench.judge.cards.card import JudgeCard
from tod_bench.judge.cards.pages import (
    CARDS_HEAD,
    CARDS_NOTE,
    HEAD,
    CardTable,
    card_facts,
    card_markdown,
    card_tables,
    card_title,
    cards_rows,
)
from tod_bench.reports.html import can_render, render_html


def card_html(card: JudgeCard) -> str:
    """A card as a page.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    return _page(card_title(card), card_facts(card), card.conclusions, HEAD, card_tables(card))


def write_card_pages(card: JudgeCard, folder: Path) -> str:
    """Writes a card for reading: card.md and, where jinja2 is installed, card.html.

    Returns:
        The Markdown.
    """
    page = card_markdown(card)
    write_text(folder / "card.md", page)
    if can_render():
        write_text(folder / "card.html", card_html(card))
    return page


def cards_html(cards: Sequence[tuple[Path, JudgeCard]]) -> str:
    """The table of judges as a page; errors as `card_html`."""
    commands = [f"{folder.name}: {card.command}" for folder, card in cards if card.command]
    rows = tuple(tuple(row) for row in cards_rows(cards))
    return _page("Judges", [CARDS_NOTE, *commands], (), CARDS_HEAD, [CardTable("Price against agreement", rows)])


def _page(
    title: str, facts: Sequence[str], conclusions: Sequence[str], head: Sequence[str], tables: Sequence[CardTable]
) -> str:
    return render_html(
        "judge_card.html",
        scripts=["tips.js"],
        title=title,
        facts=facts,
        conclusions=conclusions,
        head=head,
        tables=tables,
    )
