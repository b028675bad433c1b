"""A score: one number with its interval, its signature and what it was computed over."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tod_metrics.base import Signature


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a corpus that a score is restricted to, e.g. ``Slice("domain", "hotel")`` or ``Slice("age", "child")``.

    Attributes:
        kind: ``domain`` (of a service too), ``services`` (several at once), an attribute of personas (``age``,
            ``emotion``, ``formality``, ``gender``), or what else divides a corpus.
        name: The part.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        """As tables print it: the name of a domain or of services; the kind, too, where it is an attribute."""
        return self.name if self.kind in ("domain", "services") else f"{self.kind}:{self.name}"

    def called(self, text: str) -> bool:
        """Whether a config means this slice: it may leave the kind out (``senior`` for ``age:senior``)."""
        return text in (self.name, f"{self.kind}:{self.name}")


@dataclass(frozen=True, slots=True)
class Score:
    """One number of a table.

    Attributes:
        metric: The metric's name, e.g. ``jga``.
        protocol: The protocol it was computed under, e.g. ``tod_bench``.
        value: The number; None where it is undefined (nothing to divide by).
        signature: What the number means.
        n: Items in the denominator (turns, unless the signature says otherwise).
        slice: The part of the corpus that it is restricted to; None for the whole.
        low: Lower end of the 95% confidence interval; None where there is none.
        high: Upper end of the interval; None where there is none.
        coverage: Share of the gold items for which something was predicted, 0 to 1.
        notes: What a reader must know beside the signature.
    """

    metric: str
    protocol: str
    value: float | None
    signature: Signature
    n: int
    slice: Slice | None = None
    low: float | None = None
    high: float | None = None
    coverage: float = 1.0
    notes: tuple[str, ...] = ()

    @property
    def meaning(self) -> Signature:
        """The signature without its n: how many items count may depend on what was predicted (precision)."""
        return self.signature.without("n")

    def is_of(self, part: str) -> bool:
        """Whether it is of a part that a config names, or of the whole where it names none (an empty text)."""
        return self.slice.called(part) if self.slice else not part

    def to_json(self) -> dict[str, Any]:
        """The score as JSON values; the signature is printed."""
        return {**asdict(self), "signature": str(self.signature), "notes": list(self.notes)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Score":
        """The score that `to_json` wrote; files of version 0.1 have a domain, as text, in place of a slice."""
        fields = dict(value)
        part, domain = fields.pop("slice", None), fields.pop("domain", "")
        fields["slice"] = Slice(**part) if part else _slice_of(domain)
        fields["signature"] = Signature.parse(fields["signature"])
        return cls(**{**fields, "notes": tuple(value.get("notes", ()))})


def _slice_of(domain: str) -> Slice | None:
    kind, colon, name = domain.partition(":")
    return (Slice(kind, name) if colon else Slice("domain", domain)) if domain else None
