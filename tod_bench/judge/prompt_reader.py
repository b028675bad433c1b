"""What a judge prompt shows, read back from its text: for the scripted judge, which has to read to judge."""

import re
from dataclasses import dataclass
from html import unescape

from tod_bench.judge.questions import TaskName
from tod_bench.systems import Exchange


@dataclass(frozen=True, slots=True)
class ShownPrompt:
    """What a prompt shows.

    Attributes:
        task: What is asked.
        impression: The persona's impression; empty where none is shown.
        versions: The dialogues: (reference, rated), (System 1's, System 2's), or the one that is labelled.
        questions: Keys (or names) of the Likert questions asked.
        nonce: The nonce; empty under ``picpersona``.
        certainty: Whether a certainty is asked for.
    """

    task: TaskName
    impression: str
    versions: tuple[tuple[Exchange, ...], ...]
    questions: tuple[str, ...]
    nonce: str
    certainty: bool


@dataclass(frozen=True, slots=True)
class OwnPrompt:
    """A prompt with questions of the user's own: what is judged, the answers of each question, and the nonce."""

    judged: str
    answers: dict[str, list[str]]
    nonce: str
    certainty: bool


def read_own_questions(prompt: str) -> OwnPrompt | None:
    """Reads a prompt with questions of the user's own; None for any other."""
    judged = re.search(r"<judged>\n(.*)\n</judged>", prompt, re.DOTALL)
    if judged is None:
        return None
    answers: dict[str, list[str]] = {}
    for line in prompt[judged.end() :].splitlines():
        if question := re.match(r"- (\w+): ", line):
            answers[question[1]] = []
        elif line.startswith("    ") and answers:
            answers[next(reversed(answers))].append(line.strip().partition(" = ")[0])
    check = re.search(r'"check": "(\w+)"', prompt[judged.end() :])
    return OwnPrompt(judged[1], answers, "" if check is None else check[1], '"certainty": ' in prompt)


def read_prompt(prompt: str) -> ShownPrompt:
    """Reads a shipped prompt (or one that keeps its tags and question lines)."""
    nonce = _check_word(prompt)
    released = not nonce
    impression = _tagged(prompt, "impression") if not released else _after(prompt, "Impression of the user: ")
    task = _task(prompt, released)
    return ShownPrompt(
        task,
        impression,
        _released_versions(prompt, task) if released else _versions(prompt, task),
        tuple(re.findall(r"^- (\w+): ", prompt, re.MULTILINE)),
        nonce,
        '"certainty": ' in prompt,
    )


def read_speakers(prompt: str) -> tuple[list[str], str, str] | None:
    """The impressions of the people, the line and the nonce of a prompt that asks who said it; None for any other."""
    line = re.search(r"<line>(.*?)</line>", prompt, re.DOTALL)
    people = re.findall(r"<person_\d>(.*?)</person_\d>", prompt, re.DOTALL)
    nonce = _check_word(prompt)
    if line is None or not people or not nonce:
        return None
    return [unescape(text) for text in people], unescape(line[1]), nonce


def _check_word(prompt: str) -> str:
    """The nonce in the form of the answer at a prompt's end; empty where there is none."""
    check = re.search(r'"check": "(\w+)"', prompt[prompt.rfind("End with one JSON object") :])
    return "" if check is None else check[1]


def _task(prompt: str, released: bool) -> TaskName:
    if released:
        return "pairwise" if "\nsystem1 : " in prompt else "likert"
    if '"emotion": ' in prompt:
        return "emotions"
    return "pairwise" if '"winner": ' in prompt else "likert"


def _versions(prompt: str, task: TaskName) -> tuple[tuple[Exchange, ...], ...]:
    if task == "emotions":
        return (_turns(prompt, "system"),)
    if task == "likert":
        return tuple(_turns(_tagged(prompt, tag), "system") for tag in ("reference", "rated"))
    if "<with_system_1>" in prompt:
        return tuple(_turns(_tagged(prompt, f"with_system_{n}"), "system") for n in (1, 2))
    dialogue = _tagged(prompt, "dialogue")
    return tuple(_turns(dialogue, f"system_{n}") for n in (1, 2))


def _turns(text: str, system: str) -> tuple[Exchange, ...]:
    users = re.findall(r"<user>(.*?)</user>", text, re.DOTALL)
    answers = re.findall(rf"<{system}>(.*?)</{system}>", text, re.DOTALL)
    return tuple(Exchange(unescape(user), unescape(answer)) for user, answer in zip(users, answers, strict=False))


def _released_versions(prompt: str, task: TaskName) -> tuple[tuple[Exchange, ...], ...]:
    if task == "pairwise":
        return tuple(_lines(prompt, f"system{n}") for n in (1, 2))
    original, _, rewritten = prompt.partition("Rewritten dialogue:")
    return _lines(original, "system"), _lines(rewritten, "system")


def _lines(text: str, system: str) -> tuple[Exchange, ...]:
    users = re.findall(r"^user : (.*)$", text, re.MULTILINE)
    answers = re.findall(rf"^{system} : (.*)$", text, re.MULTILINE)
    return tuple(Exchange(user, answer) for user, answer in zip(users, answers, strict=False))


def _tagged(text: str, tag: str) -> str:
    # The instructions name tags too, in running text; the material's tags are the ones that are closed.
    found = re.search(rf"<{tag}>\n?(.*?)\n?</{tag}>", text, re.DOTALL)
    return unescape(found[1]) if found and tag == "impression" else found[1] if found else ""


def _after(text: str, label: str) -> str:
    found = re.search(rf"^{re.escape(label)}(.*)$", text, re.MULTILINE)
    return found[1] if found else ""
