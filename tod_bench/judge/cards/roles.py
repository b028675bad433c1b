"""Can the judge tell users apart? Which of four people wrote a line, asked in the manner of PersonaEval (2508.10014).

A judge that cannot tell who said a line cannot say either whether a style fits a person. In PersonaEval the best
language model found the speaker in 69% of the cases, people in 91%; those are other dialogues, so they are a guide.
"""

import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from tod_bench.files import digest_of
from tod_bench.judge.asking import ask_all
from tod_bench.judge.cards.card import Measure, by_item, measured, missing, share
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import Draft, draft_of
from tod_bench.judge.items import Item, ItemSet, Query
from tod_bench.judge.prompting import Prompt, Rendered, answer_form, placeholder, shipped_template
from tod_bench.judge.store import JudgedStore
from tod_bench.judge.verdicts import Verdict
from tod_bench.llm.client import ChatClient
from tod_bench.records import Persona

SPEAKER = "speaker"
"""The question; its values are those of the 4-point scale, which are the seats here."""

SEATS = 4

_NAME = "which of four people said it"


def role_measures(config: JudgeConfig, items: ItemSet, client: ChatClient, folder: Path) -> list[Measure]:
    """Asks whose lines they are, as far as that has not been asked, and says how often the judge is right.

    Args:
        config: The judge config.
        items: Its items.
        client: Who is asked.
        folder: Where the answers are kept.
    """
    if config.task == "emotions":
        return [missing("roles", _NAME, "the task does not show a user")]
    asked = [made for item in items.items if (made := _question(config, items.items, item)) is not None]
    if not asked:
        return [missing("roles", _NAME, "there are no four people with impressions that differ")]
    drafts = {draft.query.id: draft for draft, _ in asked}
    seats = {draft.query.id: seat for draft, seat in asked}
    prompt = Prompt(config.task, shipped_template("roles"), digest_of([shipped_template("roles")])[:12])
    with JudgedStore(folder) as store:
        ask_all(config, prompt, items, client, store, drafts=list(drafts.values()))
        judged = [store.get(draft.key(client.base_url)) for draft in drafts.values()]
    rows, unread = [], 0
    for one in judged:
        if one is None or not isinstance(one.outcome, Verdict):
            unread += 1
        else:
            rows.append((one.query.item, [one.outcome.values[SPEAKER] == seats[one.query.id], 1.0]))
    if not rows:
        return [missing("roles", _NAME, f"none of {unread} answers could be read")]
    note = "25 by chance" + (f"; {unread} unread answers are left out" if unread else "")
    return [measured(("roles", _NAME, ""), by_item(rows), share, note=note)]


def _question(config: JudgeConfig, items: Sequence[Item], item: Item) -> tuple[Draft, int] | None:
    """What is asked about an item, and the seat of the one who wrote the line; None where there are too few people."""
    candidate = config.candidates[-1]
    line = max((turn.user for turn in item.versions[candidate]), key=lambda text: len(text.split()), default="")
    others: dict[str, Persona] = {}
    for other in sorted(items, key=lambda other: _order(item.id, other.id)):
        text = other.persona.impression
        if text and text != item.persona.impression and _differs(item.persona, other.persona):
            others.setdefault(text, other.persona)
    if not line or not item.persona.impression or len(others) < SEATS - 1:
        return None
    people = list(others.values())[: SEATS - 1]
    seat = int(_order(item.id, "seat")[:8], 16) % SEATS
    people.insert(seat, item.persona)
    query = Query(item.id, (candidate,), (SPEAKER,))
    return _draft(config, query, line, people), seat + 1


def _differs(one: Persona, other: Persona) -> bool:
    """Whether two people differ in something that a line can show."""
    return (one.age, one.emotion, one.formality) != (other.age, other.emotion, other.formality)


def _draft(config: JudgeConfig, query: Query, line: str, people: Sequence[Persona]) -> Draft:
    shown = "\n".join(
        f"<person_{seat}>{escape(person.impression, quote=False)}</person_{seat}>"
        for seat, person in enumerate(people, 1)
    )
    material = f"{shown}\n{line}"
    nonce = placeholder(query.id, material)
    answer = answer_form(query, nonce, certainty=config.judge.certainty)
    values = {"people": shown, "line": escape(line, quote=False), "answer": answer}
    rendered = Rendered(Template(shipped_template("roles")).substitute(values), nonce, material)
    return draft_of(config, query, rendered, rendered.text)


def _order(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
