"""The tables of the rules, read and checked; a folder of one's own is laid over the shipped ones.

FOLDER/user/child.yaml      what is said there of rewrites comes before the shipped ones, the rest in their place
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tod_bench.errors import UserError
from tod_bench.personalise.styling import StrategyKind

TableSide: TypeAlias = Literal["user", "system"]
VOICES = ("child", "teenager", "senior", "toddler", "casual", "formal", "positive", "neutral", "negative")
"""Names of the tables: ages, formalities and emotions; an adult is who is casual or formal alone."""

SITUATIONS: Mapping[str, tuple[str, ...]] = {
    "user": ("start", "statement", "question", "agree", "decline", "thanks"),
    "system": ("failure", "booked", "offer", "inform", "request", "bye", "other"),
}
"""What an utterance does, by which openers and tags are chosen."""

Rate: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rewrite(_Strict):
    """Words that are said otherwise.

    Attributes:
        find: The words; ``(a|b)`` is a choice that `say` may repeat as ``{1}``, ``[a]`` may be missing.
        say: Ways to say them.
        rate: How often.
        at: Where: at a ``start`` of a sentence, or in the ``middle``, followed by another word.
        whole: Whether they must fill the clause, up to its punctuation.
        not_before: A regular expression of what must not follow.
        not_after: Words that must not stand before.
    """

    find: str = Field(min_length=1)
    say: tuple[str, ...] = Field(min_length=1)
    rate: Rate = 1
    at: Literal["anywhere", "start", "middle"] = "anywhere"
    whole: bool = False
    not_before: str = ""
    not_after: tuple[str, ...] = ()

    @field_validator("find", "not_before")
    @classmethod
    def _can_be_found(cls, text: str) -> str:
        try:
            re.compile(as_expression(text, []))
        except re.error as error:
            raise ValueError(f"cannot be looked for: {error}") from None
        return text


class Said(_Strict):
    """What may be added, and how often."""

    rate: Rate
    say: tuple[str, ...] = ()


class Table(_Strict):
    """A table as its file has it; what a table leaves out it takes from the one that it extends."""

    extends: str = ""
    rewrites: tuple[Rewrite, ...] = ()
    openers: Mapping[str, Said] = Field(default_factory=dict)
    tags: Mapping[str, Said] = Field(default_factory=dict)
    closings: Mapping[str, Said] = Field(default_factory=dict)
    reasons: Mapping[StrategyKind, tuple[str, ...]] = Field(default_factory=dict)
    join: Rate = 0
    split: Rate = 0
    exclaim: Rate = 0
    capitals: bool = True


@cache
def load_tables(folder: Path | None = None) -> Mapping[tuple[str, str], Table]:
    """The tables by side and voice.

    Args:
        folder: Folder with tables of one's own, laid over the shipped ones; None for those alone.

    Raises:
        UserError: A file is no table, or its name is none of a table's.
    """
    shipped = {
        (side, voice): _yaml(str(path), path.read_text(encoding="utf-8"))
        for side in SITUATIONS
        for voice in VOICES
        if (path := files(__package__) / "tables" / side / f"{voice}.yaml").is_file()
    }
    own = _own(folder) if folder else {}
    tables: dict[tuple[str, str], Table] = {}
    for side, voice in shipped:
        table = _with_extended(side, voice, shipped)
        if (side, voice) in own:
            file, laid_over = own[side, voice]
            _checked(file, side, laid_over)
            table = _laid_over(table, laid_over)
        tables[side, voice] = _checked(f"{side}/{voice}.yaml", side, table)
    return tables


def digest_of(tables: Mapping[tuple[str, str], Table]) -> str:
    """Hex digest of everything that tables say."""
    content = [[*key, table.model_dump()] for key, table in sorted(tables.items())]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def as_expression(find: str, choices: list[str]) -> str:
    """The regular expression of what `find` says; its choices are appended, in order."""
    pieces = re.split(r"(\([^()]*\)|\[[^\[\]]*\] ?)", find)
    written = []
    for piece in pieces:
        if piece.startswith("("):
            choices.append(piece)
            written.append("(" + "|".join(_words(one) for one in piece[1:-1].split("|")) + ")")
        elif piece.startswith("["):
            written.append(f"(?:{_words(piece.rstrip()[1:-1])}\\s+)?")
        else:
            written.append(_words(piece))
    return "".join(written)


def _words(text: str) -> str:
    escaped = re.escape(text).replace("'", "['’]")
    return re.sub(r"(?:\\ )+", r"\\s+", escaped)


def _yaml(path: str, text: str) -> dict[str, Any]:
    import yaml

    try:
        table = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}{line} cannot be read as YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(table, dict):
        raise UserError(f"{path} is no table: it must have keys such as rewrites or openers")
    return table


def _own(folder: Path) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    if not folder.is_dir():
        raise UserError(f"there is no folder of rules {folder}")
    found = {}
    for path in sorted(folder.rglob("*.y*ml")):
        side, voice = path.parent.name, path.stem
        if side not in SITUATIONS or voice not in VOICES or path.parent.parent != folder:
            raise UserError(
                f"{path} is no rules file; name it user/VOICE.yaml or system/VOICE.yaml ({', '.join(VOICES)})"
            )
        found[side, voice] = str(path), _yaml(str(path), path.read_text(encoding="utf-8"))
    if not found:
        raise UserError(f"{folder} has no rules file; put files such as user/child.yaml there")
    return found


def _with_extended(side: str, voice: str, shipped: Mapping[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    table = shipped[side, voice]
    extended = table.get("extends")
    return _laid_over(_with_extended(side, extended, shipped), table) if extended else table


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**under, **over}
    if "rewrites" in over:
        merged["rewrites"] = [*over["rewrites"], *under.get("rewrites", ())]
    for key in ("openers", "tags", "closings"):
        merged[key] = {**under.get(key, {}), **over.get(key, {})}
    return merged


def _checked(path: str, side: str, table: Mapping[str, Any]) -> Table:
    try:
        checked = Table.model_validate(table)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = " ".join(str(part) for part in wrong["loc"])
        raise UserError(f"{path}, {place}: {wrong['msg']}{_line(path, wrong['loc'])}") from None
    for key in ("openers", "tags", "closings"):
        for situation in getattr(checked, key):
            if situation not in SITUATIONS[side]:
                raise UserError(
                    f"{path}, {key} {situation}: there is no such situation; use {', '.join(SITUATIONS[side])}"
                    f"{_line(path, (key, situation))}"
                )
    return checked


def _line(path: str, place: tuple[int | str, ...]) -> str:
    """Where in a file of the user's own a key or item stands: `` (line 3)``."""
    import yaml

    if not Path(path).is_file():
        return ""
    node = yaml.compose(Path(path).read_text(encoding="utf-8"))
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            key, node = next(((key, value) for key, value in node.value if key.value == part), (None, None))
            line = key.start_mark.line + 1 if key else line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return f" (line {line})"
