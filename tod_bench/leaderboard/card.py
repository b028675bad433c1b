"""The card of a submission: who made the system, of what, and what it was shown.

    system: rule_match
    team: The tod-bench authors
    link: https://example.org/rule-match
    date: 2026-11-21
    track: simulated-plain
    tasks: [dst]
    training_data: none
    parameters: 0
    code: tod-bench 0.2.0

It is shown to readers as it is, so only lines of printable text and links to the web are accepted.
"""

import datetime
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from tod_bench.errors import UserError, did_you_mean
from tod_bench.files import digest_of, write_text
from tod_bench.leaderboard.bounds import parse_json, parse_yaml, read_text
from tod_bench.leaderboard.names import check_name, check_text
from tod_bench.leaderboard.task_names import Task

BIGGEST_CARD = 16_384
"""Bytes of a card."""

GoldAccess = Literal["gold", "previous_state", "progress", "system_spans", "gold_state", "gold_acts"]
"""Gold that a system was shown: what it declares (`tod_bench.systems`), or what policy and response build on."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: Any) -> Any:
    # Numbers are refused: pydantic would count them as seconds since 1970.
    if isinstance(value, datetime.date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("write it as a day, such as 2026-11-21")


def _web_address(text: str) -> str:
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname or "@" in address.netloc:
        raise ValueError("a link begins with https:// or http:// and names a host")
    if not re.fullmatch(r"[!#-;=?-~]+", text):
        raise ValueError("a link holds no blanks, quotes, angle brackets or letters beyond ASCII; percent-encode them")
    return text


Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(check_name)]
Line = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(check_text)]
Link = Annotated[str, Field(max_length=300), AfterValidator(_web_address)]


class Card(BaseModel):
    """What a submission says of itself.

    Attributes:
        system: The system's name.
        team: Who made it.
        link: Where to read about it (paper, code).
        date: When the predictions were made.
        track: The track that it takes part in: corpus, split and metrics (see `tod_bench.leaderboard.tracks`).
        tasks: The tasks that it answers.
        training_data: What it was trained on.
        parameters: Trainable parameters; None where they are not known (an API model, say).
        code: Version of the code that made the predictions.
        gold_access: Gold that it was shown (`privileges` in cards of earlier versions). Such a system is listed, and
            takes no rank.
        description: One sentence about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    system: Name
    team: Name
    link: Link | None = None
    date: Annotated[datetime.date, BeforeValidator(_day)]
    track: Name
    tasks: tuple[Task, ...] = Field(min_length=1)
    training_data: Line
    parameters: int | None = Field(ge=0, le=10**15)
    code: Line
    gold_access: tuple[GoldAccess, ...] = Field(default=(), validation_alias=AliasChoices("gold_access", "privileges"))
    description: Line | None = None

    @field_validator("tasks", "gold_access")
    @classmethod
    def _distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("a name is given twice")
        return names

    @property
    def slug(self) -> str:
        """A name for files, of lower-case letters, digits and hyphens: who made what, told apart by a digest."""
        return f"{_plain(self.system)}-{digest_of([self.system, self.team])[:6]}"


def folder_name(card: Card) -> str:
    """The name of a submission's folder: system, track and date."""
    return f"{card.slug}-{_plain(card.track)}-{card.date:%Y%m%d}"


def check_date(card: Card) -> None:
    """Checks that a card's date has come, here or in Greenwich.

    Raises:
        UserError: It lies in the future.
    """
    today = max(datetime.date.today(), datetime.datetime.now(datetime.UTC).date())
    if card.date > today:
        raise UserError(f"card.yaml, date: {card.date} lies in the future; give the day of the predictions")


def read_card(path: Path) -> Card:
    """Reads a card, YAML or (``.json``) JSON.

    Raises:
        UserError: The file is unusable; all that is wrong with it is in the message, a line each.
    """
    parse = parse_json if path.suffix == ".json" else parse_yaml
    return card_of(parse(read_text(path, BIGGEST_CARD), path.name), path.name)


def card_of(value: Any, file: str) -> Card:
    """The card that a YAML or JSON value holds.

    Raises:
        UserError: It holds none; all that is wrong is in the message, a line each.
    """
    if not isinstance(value, dict):
        raise UserError(f"{file}: a card is made of keys and values, such as `system: my system`")
    try:
        return Card.model_validate(value)
    except ValidationError as error:
        raise UserError("\n".join(f"{file}, {_sentence(wrong)}" for wrong in error.errors())) from None


def write_card(card: Card, path: Path) -> None:
    """Writes a card as YAML."""
    import yaml

    value = card.model_dump(mode="python", exclude_none=True)
    value |= {"tasks": list(card.tasks), "gold_access": list(card.gold_access), "parameters": card.parameters}
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110))


def _sentence(error: Any) -> str:
    key = ".".join(str(part)[:40] for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{key}: a card has no such key{did_you_mean(key, Card.model_fields)}"
    if error["type"] == "missing":
        return f"{key}: this key is required"
    return f"{key}: {error['msg'].removeprefix('Value error, ')}"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "system"
