"""An annotation page for people: one HTML file with dialogues, pictures and questions in it, no server, no network.

It asks what the judge is asked, in the same words. People do not see which version is which: the presentation order of
a pair is drawn by a seeded hash of the item, and the exported CSV, which `tod_bench.judge.ratings_csv` reads, names
versions again.
"""

import hashlib
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from tod_bench.errors import UserError
from tod_bench.files import digest_of, write_text
from tod_bench.images import Images
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import image_url
from tod_bench.judge.items import Item, Order, read_items
from tod_bench.judge.own_questions import QuestionFile
from tod_bench.judge.questions import FACTORS, QUESTIONS, SCALE, WINNER
from tod_bench.judge.ratings_csv import FACTORS_QUESTION

_FILES = Path(__file__).parent / "annotation_page_files"

_KEYS = (
    "n and p go to the next and the previous dialogue, as right and left do outside of an answer. Answers are kept in "
    "this browser."
)
_HELP = {
    "likert": (
        "Read the reference (on a wide screen on the left) and the rated dialogue, then answer every question. Keys: "
        f"1 to 4 answer, up and down change the question, {_KEYS}"
    ),
    "pairwise": (
        "Two systems answer the same user. Which one's answers are more personalised to this user? Keys: 1, 2 and t "
        f"(tie) answer, letters name what decided it, {_KEYS}"
    ),
    "questions": (
        "Read the dialogue, then answer every question. Keys: the ones beside the answers, up and down change the "
        f"question, {_KEYS}"
    ),
}
_HEADINGS = {
    "likert": ["Reference dialogue", "Rated dialogue"],
    "pairwise": ["System 1", "System 2"],
    "questions": ["Dialogue"],
}
_OPTION_KEYS = "1234567890abcdefghijklmoqrstuvwxyz"
"""Keys of the answers to own questions, in their order: without n and p, which go to another dialogue."""


def write_annotation_page(config: JudgeConfig, path: Path) -> int:
    """Writes the annotation page of a config: of Likert or pairwise questions, or of the user's own.

    Args:
        config: The judge config; its items, versions, questions and pictures are the page's.
        path: The HTML file.

    Returns:
        How many dialogues are to be rated.

    Raises:
        UserError: The config asks for emotions or about states, or its items cannot be read.
    """
    file = config.question_file
    if config.task == "emotions" or (file is not None and file.about == "state"):
        raise UserError(
            "an annotation page asks Likert or pairwise questions, or your own about dialogues; give such a config"
        )
    candidates = ("|".join(config.candidates),) if config.task == "pairwise" else config.candidates
    chosen = read_items(config)
    items = [_entry(config, item, candidate, chosen.images) for item in chosen.items for candidate in candidates]
    if file is not None:
        # Not one version of a dialogue after the other, which raters would then compare.
        items.sort(key=lambda item: hashlib.sha256(f"{config.sample.seed}|{item['key']}|page".encode()).digest())
    study: dict[str, Any] = {
        "title": config.title or config.name,
        "task": config.task,
        "instruction": "" if file is None else file.instruction,
        "help": _HELP[config.task],
        "headings": _HEADINGS[config.task],
        "scale": {str(point): word for point, word in SCALE.items()},
        "questions": _questions(config),
        "items": items,
    }
    study["id"] = digest_of(study)[:12]
    # No `<` in the data: neither a closing script tag nor a comment in a dialogue can end the block.
    data = json.dumps(study, ensure_ascii=False).replace("<", "\\u003c")
    page = Template((_FILES / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(study["title"]),
        style=(_FILES / "page.css").read_text(encoding="utf-8"),
        script=(_FILES / "page.js").read_text(encoding="utf-8"),
        study=data,
    )
    write_text(path, page)
    return len(items)


def _entry(config: JudgeConfig, item: Item, candidate: str, images: Images | None) -> dict[str, Any]:
    order: Order = "ab"
    names: tuple[str, ...] = (str(config.reference), candidate)
    if config.task == "questions":
        names = (candidate,)  # by itself, and without the user, as the judge sees it
    if config.task == "pairwise":
        names = (config.candidates[0], config.candidates[1])
        order = "ba" if hashlib.sha256(f"{config.sample.seed}|{item.id}|seats".encode()).digest()[0] % 2 else "ab"
    picture = ""
    if images is not None and item.persona.image:
        picture = image_url(images, item.persona.image, config.judge.image_side)
    return {
        "key": f"{item.id}|{candidate}",
        "id": item.id,
        "candidate": candidate,
        "order": order,
        "attributes": item.attributes,
        "impression": item.persona.impression,
        "picture": picture,
        "versions": [
            [{"user": turn.user, "system": turn.system} for turn in item.versions[name]]
            for name in (names if order == "ab" else names[::-1])
        ],
    }


def _questions(config: JudgeConfig) -> list[dict[str, Any]]:
    if config.task == "pairwise":
        positions = [("1", "System 1", "1"), ("2", "System 2", "2"), ("tie", "neither", "t")]
        factors = [(name, meaning, name[0]) for name, meaning in FACTORS.items()]
        return [
            _question(WINNER, "Which system's answers are more personalised to this user?", positions),
            _question(FACTORS_QUESTION, "What decided it? (as many as you like)", factors, several=True),
        ]
    if config.question_file is not None:
        return _own_questions(config.question_file)
    points = [(str(point), word, str(point)) for point, word in SCALE.items()]
    return [
        _question(
            name,
            QUESTIONS[name].text,
            points,
            anchors="; ".join(f"{point}: {text}" for point, text in QUESTIONS[name].anchors.items()),
        )
        for name in config.questions
    ]


def _own_questions(file: QuestionFile) -> list[dict[str, Any]]:
    """Own questions under the names that queries have, in which there is a digest of their words."""
    asked = []
    for name, question in zip(file.asked(), file.questions.values(), strict=True):
        answers = [(str(value), meaning) for value, meaning in question.answers().items()]
        digits = all(len(value) == 1 and value.isdecimal() for value, _ in answers)
        keys = [value for value, _ in answers] if digits else _OPTION_KEYS.ljust(len(answers))
        options = [
            (value, f"{value}: {meaning}" if meaning else value, key.strip())
            for (value, meaning), key in zip(answers, keys, strict=False)
        ]
        asked.append(_question(name, question.text, options))
    return asked


def _question(
    name: str, text: str, options: Sequence[tuple[str, str, str]], anchors: str = "", *, several: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "text": text,
        "anchors": anchors,
        "several": several,
        "options": [{"value": value, "text": shown, "key": key} for value, shown, key in options],
    }
