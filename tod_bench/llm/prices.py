"""What a token costs: a dated table that ships with the package, and the user's own on top of it."""

import re
from datetime import date
from functools import cache
from importlib import resources
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tod_bench.errors import UserError
from tod_bench.inputs import parse_yaml, read_text
from tod_bench.llm.records import Usage

_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4})$")


class ImageRule(BaseModel):
    """How many tokens an image counts for: see the head of ``prices.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: Literal["tiles", "patches"]
    base: int = Field(default=0, ge=0)
    tile: int = Field(default=0, ge=0)
    factor: float = Field(default=1.0, gt=0)


class Price(BaseModel):
    """Prices of one model in US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    output: float = Field(ge=0)
    batch: float = Field(default=1.0, ge=0, le=1)
    image: ImageRule | None = None

    def cost(self, usage: Usage, *, batch: bool = False) -> float:
        """US dollars for so many tokens."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = usage.prompt_tokens - usage.cached_tokens
        total = fresh * self.input + usage.cached_tokens * cached_price + usage.completion_tokens * self.output
        return total * (self.batch if batch else 1.0) / 1e6


FREE = Price(input=0.0, output=0.0)
"""The price of a model that runs on the user's own machine and is in no table."""


class Prices(BaseModel):
    """Prices by model; the form of ``prices.yaml``.

    Attributes:
        as_of: The day on which the table was compared with its source.
        source: Where the prices come from.
        models: Model name -> its prices.
    """

    model_config = ConfigDict(extra="forbid")
    as_of: date
    source: str = ""
    models: dict[str, Price]

    def of(self, model: str, base_url: str) -> Price | None:
        """A model's price: by its name, or by its name without the date of a snapshot; None where it is not known.

        A model that is in no table and runs on this machine (loopback address) is free.
        """
        price = self.models.get(model) or self.models.get(_SNAPSHOT.sub("", model))
        return FREE if price is None and _is_loopback(base_url) else price


@cache
def load_prices(file: Path | None = None) -> Prices:
    """The shipped table, with the models of the user's own file in place of or beside its own.

    Raises:
        UserError: The user's file is missing or not of the right form.
    """
    shipped = Prices.model_validate(yaml.safe_load(resources.files(__package__).joinpath("prices.yaml").read_text()))
    if file is None:
        return shipped
    try:
        table = Prices.model_validate(parse_yaml(read_text(file), str(file)))
    except ValidationError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"The price file {file} cannot be read ({reason}); give it the form of prices.yaml") from error
    return table.model_copy(update={"models": {**shipped.models, **table.models}})


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
