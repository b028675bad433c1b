"""Prompt templates: files with ``$placeholders``, checked when they are read, and known by a hash.

The hash covers everything of the prompt that is the same for every item: template, form of the answer, questions,
scale and labels. A number's signature names it, so numbers from different prompts are told apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tod_bench.errors import UserError, did_you_mean
from tod_bench.files import digest_of
from tod_bench.inputs import read_text
from tod_bench.judge.questions import EMOTIONS, FACTORS, QUESTIONS, SCALE, TaskName

_FOLDER = Path(__file__).parent / "prompts"

_NEEDED: Mapping[TaskName, frozenset[str]] = {
    "likert": frozenset({"reference", "rated", "questions"}),
    "pairwise": frozenset({"dialogue"}),
    "emotions": frozenset({"user", "system"}),
}
_ALLOWED: Mapping[TaskName, frozenset[str]] = {
    "likert": _NEEDED["likert"] | {"persona", "scale", "answer"},
    "pairwise": _NEEDED["pairwise"] | {"persona", "answer"},
    "emotions": _NEEDED["emotions"] | {"labels", "answer"},
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

    def fill(self, **values: str) -> str:
        """The prompt of one item. Values are put in once and never read as templates themselves."""
        return Template(self.text).substitute(values)


def load_prompt(task: TaskName, *, protocol: str = "tod_bench", file: str | None = None) -> Prompt:
    """Reads the shipped template of a task and protocol, or the user's own.

    A template of the user's own that lacks ``$answer`` gets the form of the answer at its end.

    Raises:
        UserError: The file cannot be read, lacks a placeholder that it needs, or has an unknown one.
    """
    released = protocol == "picpersona"
    path = Path(file) if file else _FOLDER / f"{'picpersona_' if released else ''}{task}.txt"
    text = read_text(path)
    found = _placeholders(task, text, path)
    if not released and "answer" not in found:
        text = text.rstrip() + "\n\n$answer\n"
    fixed = {} if released else {"answer": part("answer"), "factors": dict(FACTORS), "labels": EMOTIONS}
    questions = [[q.key, q.text, sorted(q.anchors.items())] for q in QUESTIONS.values()]
    return Prompt(task, text, digest_of([text, fixed, questions, sorted(SCALE.items())])[:12])


def part(name: str) -> str:
    """A shipped piece of a prompt: ``answer`` or ``reask``."""
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").rstrip()


def _placeholders(task: TaskName, text: str, path: Path) -> set[str]:
    template = Template(text)
    if not template.is_valid():
        raise UserError(f"{path}: a $ that starts no placeholder must be written as $$")
    found = set(template.get_identifiers())
    for name in sorted(found - _ALLOWED[task]):
        raise UserError(f"{path}: there is no placeholder ${name}{did_you_mean(name, _ALLOWED[task])}")
    missing = sorted(_NEEDED[task] - found)
    if missing:
        raise UserError(f"{path}: the prompt needs {', '.join(f'${name}' for name in missing)}")
    return found
