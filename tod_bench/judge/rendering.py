"""From an item and what is asked about it to the prompt's text.

Text from dialogues and personas is data: it stands between tags, with ``&``, ``<`` and ``>`` escaped, so that no tag in
it can close ours. Nothing is cut, and no version's name is ever shown.
"""

from dataclasses import dataclass
from html import escape

from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.forms import check_word, verdict_form
from tod_bench.judge.items import Item
from tod_bench.judge.picpersona import dialogue_lines, paired_lines
from tod_bench.judge.questions import EMOTIONS, QUESTIONS, SCALE
from tod_bench.judge.templates import Prompt, part
from tod_bench.judge.verdicts import Query
from tod_bench.records import Persona
from tod_bench.systems import Exchange

SCALE_WORDS = ", ".join(f"{point} = {word}" for point, word in SCALE.items())
"""The scale in one line."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt's text with the check word of a draft (empty under ``picpersona``), and what the word must not be in."""

    text: str
    check: str
    material: str = ""


def render(config: JudgeConfig, prompt: Prompt, item: Item, ask: Query, persona: Persona) -> Rendered:
    """Fills the prompt of one ask.

    Args:
        config: The judge config.
        prompt: Its template.
        item: The item.
        ask: What is asked about it.
        persona: The persona to show: the item's, another's, or a blank one.
    """
    released = config.protocol == "picpersona"
    fill = _RELEASED if released else _FILLED
    values = fill[config.task](item, ask) | _questions(ask, released) | _persona(config, persona, released)
    material = "\n".join(values.values())
    check = "" if released else check_word(ask, material)
    if not released:
        form = verdict_form(ask.questions, check, certainty=config.judge.certainty)
        values["answer"] = Prompt(config.task, part("answer"), "").fill(form=form, check=check)
    return Rendered(prompt.fill(**values), check, material)


def reask_text(ask: Query, check: str, problem: str, *, certainty: bool) -> str:
    """What the judge is told when its answer could not be read."""
    form = verdict_form(ask.questions, check, certainty=certainty)
    return Prompt("likert", part("reask"), "").fill(problem=escape(problem, quote=False), form=form)


def seats(item: Item, ask: Query) -> tuple[tuple[Exchange, ...], tuple[Exchange, ...]]:
    """The two versions of a pair in the order in which they are shown."""
    first, second = (item.versions[arm] for arm in ask.arms)
    return (first, second) if ask.order == "ab" else (second, first)


def _likert(item: Item, ask: Query) -> dict[str, str]:
    reference, rated = (item.versions[arm] for arm in ask.arms)
    return {"reference": _dialogue(reference), "rated": _dialogue(rated)}


def _pairwise(item: Item, ask: Query) -> dict[str, str]:
    first, second = seats(item, ask)
    if [turn.user for turn in first] == [turn.user for turn in second]:
        return {"dialogue": _interleaved(first, second)}
    whole = (_dialogue(first), _dialogue(second))
    return {"dialogue": "\n".join(f"<with_system_{n}>\n{text}\n</with_system_{n}>" for n, text in enumerate(whole, 1))}


def _emotions(item: Item, ask: Query) -> dict[str, str]:
    turn = item.versions[ask.arms[0]][ask.turn or 0]
    return {"user": _safe(turn.user), "system": _safe(turn.system), "labels": ", ".join(EMOTIONS)}


_FILLED = {"likert": _likert, "pairwise": _pairwise, "emotions": _emotions}


def _released_likert(item: Item, ask: Query) -> dict[str, str]:
    reference, rated = (item.versions[arm] for arm in ask.arms)
    return {"reference": dialogue_lines(reference), "rated": dialogue_lines(rated)}


def _released_pairwise(item: Item, ask: Query) -> dict[str, str]:
    return {"dialogue": paired_lines(*seats(item, ask))}


_RELEASED = {"likert": _released_likert, "pairwise": _released_pairwise}


def _dialogue(turns: tuple[Exchange, ...]) -> str:
    return "\n".join(
        f'<turn n="{number}">\n<user>{_safe(turn.user)}</user>\n<system>{_safe(turn.system)}</system>\n</turn>'
        for number, turn in enumerate(turns, 1)
    )


def _interleaved(first: tuple[Exchange, ...], second: tuple[Exchange, ...]) -> str:
    return "\n".join(
        f'<turn n="{number}">\n<user>{_safe(one.user)}</user>\n<system_1>{_safe(one.system)}</system_1>\n'
        f"<system_2>{_safe(two.system)}</system_2>\n</turn>"
        for number, (one, two) in enumerate(zip(first, second, strict=True), 1)
    )


def _questions(ask: Query, released: bool) -> dict[str, str]:
    asked = [QUESTIONS[name] for name in ask.questions if name in QUESTIONS]
    lines = []
    for question in asked:
        anchors = "; ".join(f"{point}: {meaning}" for point, meaning in question.anchors.items())
        name = question.name if released else question.key
        lines.append(f"- {name}: {question.text}{f' ({anchors})' if anchors else ''}")
    return {"questions": "\n".join(lines), "scale": SCALE_WORDS}


def _persona(config: JudgeConfig, persona: Persona, released: bool) -> dict[str, str]:
    if released:
        return {"persona": persona.impression}
    shown = f"<impression>{_safe(persona.impression)}</impression>" if persona.impression else "(nothing is known)"
    return {
        "persona": shown + ("\nA picture of the user is attached." if config.judge.images and persona.image else "")
    }


def _safe(text: str) -> str:
    return escape(text, quote=False)
