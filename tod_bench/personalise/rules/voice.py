"""A voice: the tables of a persona's age, formality and emotion as one, with its rewrites ready to run."""

import random
import re
from collections.abc import Mapping
from typing import NamedTuple

from tod_bench.personalise.rules.tables import Rewrite, Said, Table, as_expression
from tod_bench.personalise.styling import StrategyKind

MASK = "\ue000-\uf8ff"
"""The letters that stand for protected stretches while rules run."""

NOTHING = Said(rate=0)


class Voice(NamedTuple):
    """How one kind of persona talks, or is talked to.

    Attributes:
        pattern: Everything that some rewrite looks for.
        rules: The rewrites, by the name of their group in the pattern.
        openers: What is put before an utterance, by situation, each with its rate; all may be drawn in turn.
        tags: What is put after it.
        closings: What closes a dialogue.
        reasons: How a review is quoted.
        join: How often two sentences become one.
        split: How often a sentence becomes two.
        exclaim: How often a full stop becomes an exclamation mark.
        capitals: Whether sentences begin with a capital.
    """

    pattern: re.Pattern[str]
    rules: Mapping[str, "Rule"]
    openers: Mapping[str, tuple[Said, ...]]
    tags: Mapping[str, tuple[Said, ...]]
    closings: tuple[str, ...]
    reasons: Mapping[StrategyKind, tuple[str, ...]]
    join: float
    split: float
    exclaim: float
    capitals: bool


class Rule(NamedTuple):
    """A rewrite, and where its choices are among the groups of the pattern."""

    rewrite: Rewrite
    group: int
    choices: int


def voice_of(names: tuple[str, ...], tables: Mapping[str, Table]) -> Voice:
    """The voice of some tables, the first of which decides what only one can.

    Args:
        names: Tables, the most telling first: age, formality, emotion.
        tables: The tables of a side.
    """
    chosen = [tables[name] for name in names if name in tables]
    pattern, rules = _compiled([rewrite for table in chosen for rewrite in table.rewrites if rewrite.rate > 0])
    lead = chosen[0]
    return Voice(
        pattern,
        rules,
        openers=_by_situation([table.openers for table in chosen]),
        tags=_by_situation([table.tags for table in chosen]),
        closings=next((said.say for table in chosen for said in table.closings.values()), ()),
        reasons=next((table.reasons for table in chosen if table.reasons), {}),
        join=lead.join,
        split=lead.split,
        exclaim=min(1.0, sum(table.exclaim for table in chosen)) if lead.exclaim or "formal" not in names else 0.0,
        capitals=lead.capitals,
    )


def _by_situation(tables: list[Mapping[str, Said]]) -> dict[str, tuple[Said, ...]]:
    """What each situation has: of the first table that speaks of it, and of emotions beside it."""
    found: dict[str, tuple[Said, ...]] = {}
    for table in tables:
        for situation, said in table.items():
            if said.say and said.rate:
                found[situation] = (*found.get(situation, ()), said)
    return found


def _compiled(rewrites: list[Rewrite]) -> tuple[re.Pattern[str], dict[str, Rule]]:
    parts, rules, group = [], {}, 0
    for number, rewrite in enumerate(rewrites):
        choices: list[str] = []
        written = as_expression(rewrite.find, choices)
        before = r"(?:(?<=[.!?] )|(?<=\A))" if rewrite.at == "start" else ""
        before += "".join(rf"(?<!\b{re.escape(word)} )" for word in rewrite.not_after)
        after = rf"(?![\w'’{MASK}-])"
        if rewrite.whole:
            after = r"(?=\s*(?:[.!,?]|\Z))"
        elif rewrite.at == "middle":
            after = rf"(?=\s+[\w{MASK}])"
        if rewrite.not_before:
            after += f"(?!{rewrite.not_before})"
        name = f"r{number}"
        part = f"(?P<{name}>{before}{written}{after})"
        rules[name] = Rule(rewrite, group + 1, len(choices))
        group += re.compile(part).groups  # what must not follow may have groups too
        parts.append(part)
    # That a word begins here is asked once, before any rewrite is tried: most letters of a text end there.
    begins = rf"(?<![\w'’{MASK}-])"
    return re.compile(f"{begins}(?:{'|'.join(parts) or '(?!)'})", re.IGNORECASE), rules


def draw(said: tuple[Said, ...], choice: random.Random) -> str:
    """One of what may be added, or nothing."""
    for each in said:
        if choice.random() < each.rate:
            return choice.choice(each.say)
    return ""
