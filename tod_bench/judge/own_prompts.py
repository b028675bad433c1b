"""Prompts for questions of the user's own: what is shown of an item, and the questions with their answers."""

from collections.abc import Mapping, Sequence
from html import escape

from tod_bench.judge.items import Item, Query
from tod_bench.judge.own_questions import QuestionFile, name_of
from tod_bench.systems import Exchange


def own_values(file: QuestionFile, item: Item, query: Query) -> dict[str, str]:
    """The values of the template's placeholders, but for the form of the answer; the judged text is escaped."""
    candidate = query.candidates[0]
    turns = item.versions[candidate]
    if query.turn is None:
        judged = "\n".join(_turn(number, turn) for number, turn in enumerate(turns, 1))
    else:
        before = [_turn(number, turn) for number, turn in enumerate(turns[: query.turn], 1)]
        last = f'<turn n="{query.turn + 1}">\n<user>{_safe(turns[query.turn].user)}</user>\n</turn>'
        notes = "\n".join(map(_safe, item.states[candidate][query.turn].notes)) or "(empty)"
        judged = "\n".join([*before, last, f"<notes>\n{notes}\n</notes>"])
    return {
        "instruction": file.instruction,
        "judged": judged,
        "questions": _questions(file, query.questions, item.slots),
    }


def _questions(file: QuestionFile, asked: Sequence[str], slots: Sequence[str]) -> str:
    lines = []
    for name in map(name_of, asked):
        question = file.questions[name]
        lines.append(f"- {name}: {question.text}")
        answers: Mapping[int, str] | Mapping[str, str] = question.answers(slots)
        lines += [f"    {value}{f' = {meaning}' if meaning else ''}" for value, meaning in answers.items()]
    return "\n".join(lines)


def _turn(number: int, turn: Exchange) -> str:
    return f'<turn n="{number}">\n<user>{_safe(turn.user)}</user>\n<system>{_safe(turn.system)}</system>\n</turn>'


def _safe(text: str) -> str:
    return escape(text, quote=False)
