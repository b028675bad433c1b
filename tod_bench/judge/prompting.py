"""Prompts: template files with ``$placeholders``, and the text of one query.

A template is checked when it is read and known by a hash over everything that is the same for every item: template,
form of the answer, questions, scale and labels. A number's signature names it, so numbers from different prompts are
told apart.

Text from dialogues and personas is data: it is put between tags, with ``&``, ``<`` and ``>`` escaped, so that no tag in
it can close ours. Nothing is cut, and no version's name is ever shown.

A verdict is marked as the judge's own by a nonce, a word that nothing the judge was shown can hold. It is drawn at
random when a prompt is about to be asked for the first time, after its dialogue was written, so that no dialogue can
foretell it. It is looked for in the dialogue all the same, under the readings that a judge may give a text when it
quotes. Base64 and other ciphers are left to chance: a text of a million characters in a cipher that nobody reads here
holds a given nonce with a probability below 1 in 20,000. Keys of answers must be the same in every run, so a prompt is
rendered with a placeholder in place of the nonce.
"""

import hashlib
import html
import json
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import unquote

from tod_bench.errors import UserError, did_you_mean
from tod_bench.files import digest_of
from tod_bench.inputs import read_text
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.items import Item, Query
from tod_bench.judge.own_prompts import own_values
from tod_bench.judge.own_questions import QuestionFile
from tod_bench.judge.picpersona import dialogue_lines, paired_lines
from tod_bench.judge.questions import EMOTIONS, FACTORS, QUESTIONS, SCALE, TaskName
from tod_bench.judge.verdicts import example_verdict, verdict_form, verdict_values
from tod_bench.records import Persona
from tod_bench.systems import Exchange

_FOLDER = Path(__file__).parent / "prompts"

_REQUIRED: Mapping[TaskName, frozenset[str]] = {
    "likert": frozenset({"reference", "rated", "questions"}),
    "pairwise": frozenset({"dialogue"}),
    "emotions": frozenset({"user", "system"}),
    "questions": frozenset({"judged", "questions"}),
}
_ALLOWED: Mapping[TaskName, frozenset[str]] = {
    "likert": _REQUIRED["likert"] | {"persona", "scale", "answer"},
    "pairwise": _REQUIRED["pairwise"] | {"persona", "answer"},
    "emotions": _REQUIRED["emotions"] | {"labels", "answer"},
    "questions": _REQUIRED["questions"] | {"instruction", "answer"},
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A checked template.

    Attributes:
        task: The task it is for.
        text: The template.
        hash: Twelve hex digits that stand for the template and the fixed texts that go into it.
    """

    task: TaskName
    text: str
    hash: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt's text with a placeholder for the nonce (empty under ``picpersona``), and what that must not be in."""

    text: str
    nonce: str
    material: str = ""


def load_prompt(task: TaskName, *, protocol: str = "tod_bench", file: str | None = None) -> Prompt:
    """Reads the shipped template of a task and protocol, or the user's own.

    A template of the user's own that lacks ``$answer`` gets the form of the answer at its end.

    Raises:
        UserError: The file cannot be read, lacks a placeholder that it needs, or has an unknown one.
    """
    released = protocol == "picpersona"
    path = Path(file) if file else _FOLDER / f"{'picpersona_' if released else ''}{task}.txt"
    text = read_text(path)
    template = Template(text)
    if not template.is_valid():
        raise UserError(f"{path}: a $ that starts no placeholder must be written as $$")
    names = set(template.get_identifiers())
    for name in sorted(names - _ALLOWED[task]):
        raise UserError(f"{path}: there is no placeholder ${name}{did_you_mean(name, _ALLOWED[task])}")
    if missing := sorted(_REQUIRED[task] - names):
        raise UserError(f"{path}: the prompt needs {', '.join(f'${name}' for name in missing)}")
    if not released and "answer" not in names:
        text = text.rstrip() + "\n\n$answer\n"
    fixed = {} if released else {"answer": shipped_template("answer"), "factors": dict(FACTORS), "labels": EMOTIONS}
    questions = [[q.key, q.text, sorted(q.anchors.items())] for q in QUESTIONS.values()]
    return Prompt(task, text, digest_of([text, fixed, questions, sorted(SCALE.items())])[:12])


def shipped_template(name: str) -> str:
    """A shipped template, without the line break at its end."""
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").rstrip()


def render(config: JudgeConfig, prompt: Prompt, item: Item, query: Query, persona: Persona) -> Rendered:
    """Fills the prompt of one query.

    Args:
        config: The judge config.
        prompt: Its template.
        item: The item.
        query: What is asked about it.
        persona: The persona to show: the item's, another's, or a blank one.
    """
    if config.question_file is not None:
        return _own(config, config.question_file, prompt, item, query)
    released = config.protocol == "picpersona"
    values = _released_dialogue(item, query) if released else _dialogue(item, query)
    lines = []
    for question in (QUESTIONS[name] for name in query.questions if name in QUESTIONS):
        anchors = "; ".join(f"{point}: {meaning}" for point, meaning in question.anchors.items())
        name = question.name if released else question.key
        lines.append(f"- {name}: {question.text}{f' ({anchors})' if anchors else ''}")
    values["questions"] = "\n".join(lines)
    values["scale"] = ", ".join(f"{point} = {word}" for point, word in SCALE.items())
    if released:
        values["persona"] = persona.impression
        return Rendered(Template(prompt.text).substitute(values), "", "\n".join(values.values()))
    shown = f"<impression>{_safe(persona.impression)}</impression>" if persona.impression else "(nothing is known)"
    pictured = "\nA picture of the user is attached." if config.judge.images and persona.image else ""
    values["persona"] = shown + pictured
    material = "\n".join(values.values())
    nonce = placeholder(query.id, material)
    values["answer"] = answer_form(query, nonce, certainty=config.judge.certainty)
    # Values are put in once and never read as templates themselves.
    return Rendered(Template(prompt.text).substitute(values), nonce, material)


def answer_form(query: Query, nonce: str, *, certainty: bool) -> str:
    """What stands at the end of a prompt: the form of the answer, filled in as an example, and what may stand in it."""
    form = json.dumps(example_verdict(query, nonce, certainty=certainty))
    values = verdict_values(query.questions, certainty=certainty)
    return Template(shipped_template("answer")).substitute(form=form, values=values, check=nonce)


def _own(config: JudgeConfig, file: QuestionFile, prompt: Prompt, item: Item, query: Query) -> Rendered:
    """The prompt of questions of the user's own; answers that patterns read have no nonce."""
    values = own_values(file, item, query)
    material = values["judged"]
    if file.form is not None:
        return Rendered(Template(prompt.text).substitute(values, answer=file.form), "", material)
    whole = "\n".join(values.values())
    nonce = placeholder(query.id, whole)
    answer = answer_form(query, nonce, certainty=config.judge.certainty)
    return Rendered(Template(prompt.text).substitute(values, answer=answer), nonce, whole)


def reask_text(query: Query, nonce: str, problem: str, *, certainty: bool) -> str:
    """What is written to the judge when its answer could not be read."""
    form = verdict_form(query.questions, nonce, certainty=certainty)
    return Template(shipped_template("reask")).substitute(problem=_safe(problem), form=form)


def _dialogue(item: Item, query: Query) -> dict[str, str]:
    """What is judged, by placeholder."""
    if query.turn is not None:
        turn = item.versions[query.candidates[0]][query.turn]
        return {"user": _safe(turn.user), "system": _safe(turn.system), "labels": ", ".join(EMOTIONS)}
    first, second = _as_shown(item, query)
    if any(name in QUESTIONS for name in query.questions):
        return {"reference": _turns(first), "rated": _turns(second)}
    if [turn.user for turn in first] == [turn.user for turn in second]:
        return {"dialogue": _interleaved(first, second)}
    whole = (_turns(first), _turns(second))
    return {"dialogue": "\n".join(f"<with_system_{n}>\n{text}\n</with_system_{n}>" for n, text in enumerate(whole, 1))}


def _released_dialogue(item: Item, query: Query) -> dict[str, str]:
    first, second = _as_shown(item, query)
    if any(name in QUESTIONS for name in query.questions):
        return {"reference": dialogue_lines(first), "rated": dialogue_lines(second)}
    return {"dialogue": paired_lines(first, second)}


def _as_shown(item: Item, query: Query) -> tuple[tuple[Exchange, ...], tuple[Exchange, ...]]:
    """The two versions in their presentation order."""
    first, second = (item.versions[candidate] for candidate in query.candidates)
    return (first, second) if query.order == "ab" else (second, first)


def _turns(turns: tuple[Exchange, ...]) -> str:
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


def _safe(text: str) -> str:
    return escape(text, quote=False)


LETTERS = "bcdfghjkmnpqrstvwxyz"
"""Without vowels, so that a nonce is no word of a language, and without ``l``, which looks like a one."""

NONCE_LENGTH = 8

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_ROUNDS = 3
"""How often readings are taken of readings: a text can be escaped twice."""


def fresh_nonce(material: str) -> str:
    """A random nonce that stands in no reading of the material."""
    shown = list(readings(material))
    while True:
        nonce = "".join(secrets.choice(LETTERS) for _ in range(NONCE_LENGTH))
        if not any(nonce in text for text in shown):
            return nonce


def placeholder(query_id: str, material: str) -> str:
    """A short word for a query, the same in every run, that does not stand in the material.

    It can be computed from the query, so it marks no verdict that could be foretold: it is in drafts of prompts only.
    """
    for attempt in range(1000):
        number = int.from_bytes(hashlib.sha256(f"{query_id}|{attempt}".encode()).digest()[:8])
        word = ""
        for _ in range(6):
            number, letter = divmod(number, len(LETTERS))
            word += LETTERS[letter]
        if word not in material:
            return word
    raise ValueError(f"no placeholder is free for {query_id}")


def readings(text: str) -> Iterator[str]:
    """The text as it stands, decoded (HTML entities, JSON and percent escapes), folded, and without punctuation."""
    for _ in range(_ROUNDS):
        yield text
        # Lower case, full-width and other compatibility characters as plain ones, invisible characters left out.
        plain = unicodedata.normalize("NFKC", text).casefold()
        folded = "".join(character for character in plain if unicodedata.category(character) != "Cf")
        yield folded
        yield re.sub(r"[\W_]+", "", folded)
        decoded = unquote(html.unescape(_ESCAPE.sub(lambda escape: chr(int(escape[1] or escape[2], 16)), text)))
        if decoded == text:
            return
        text = decoded
