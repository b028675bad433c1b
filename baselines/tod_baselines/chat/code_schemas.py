"""Schemas as code shows them: SQL tables and Python classes, with descriptions and values in comments."""

import keyword
import re
import unicodedata
from collections.abc import Callable, Iterator

from tod_bench.records import Schema, SlotSpec

LONGEST_LIST = 12
"""A closed list with more values is shown by its first few."""

SHOWN_VALUES = 3
"""Values that are shown of an open or a long list."""

_RESERVED_WORDS = (
    "all alter and any as asc between by case check connect_by_root create cross current_date current_time "
    "current_timestamp current_user default delete desc describe distinct drop else end except exists false fetch for "
    "foreign from full glob grant group having if ilike in index inner insert intersect into is isnull join key "
    "lateral left like limit natural not notnull null offset on or order outer partitioned_by pivot primary qualify "
    "references regexp returning revoke right rlike rollback select set table tablesample then to true uncache union "
    "unique unpivot update using values when where window with xor"
)

RESERVED = frozenset(_RESERVED_WORDS.split())
"""Words that are no names without quotation marks."""


def tables_of(schema: Schema) -> str:
    """A domain as a table, a slot as a column."""
    tables = []
    for domain, slots in schema.items():
        lines = [f"CREATE TABLE {sql_name(domain)} ("]
        for number, (slot, spec) in enumerate(slots.items(), 1):
            comma = "," if number < len(slots) else ""
            lines.append(
                f"  {sql_name(slot)} TEXT{comma}{_comment(' -- ', _description(spec), *_values(spec, sql_text))}"
            )
        tables.append("\n".join([*lines, ");"]))
    return "\n\n".join(tables)


def classes_of(schema: Schema) -> str:
    """A domain as a class, a slot as a field; a short closed list is the field's type."""
    classes = []
    for domain, slots in schema.items():
        lines = [f"class {python_name(domain)}:"]
        for slot, spec in slots.items():
            kind = f"Literal[{', '.join(map(repr, spec.values))}]" if _is_short(spec) else "str"
            values = () if _is_short(spec) else _values(spec, repr)
            comment = _comment("  # ", _description(spec), *values)
            lines.append(f"    {python_name(slot)}: {kind} | None = None{comment}")
        classes.append("\n".join(lines))
    return "\n\n".join(classes)


def sql_name(name: str) -> str:
    """A name as SQL has it; in quotation marks where it is more than a word."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """A value as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def python_name(name: str) -> str:
    """A name as Python has it: ``price range`` is ``price_range``."""
    letters = unicodedata.normalize("NFKC", name)  # as Python reads names
    word = "".join(letter if f"a{letter}".isidentifier() else "_" for letter in letters)
    word = unicodedata.normalize("NFKC", word)
    if keyword.iskeyword(word):
        return f"{word}_"
    return word if word.isidentifier() else f"_{word}"


def _comment(mark: str, *parts: str) -> str:
    said = [part for part in parts if part]
    return mark + "; ".join(said) if said else ""


def _description(spec: SlotSpec) -> str:
    return " ".join(spec.description.split())


def _is_short(spec: SlotSpec) -> bool:
    return spec.categorical and 0 < len(spec.values) <= LONGEST_LIST


def _values(spec: SlotSpec, written: Callable[[str], str]) -> Iterator[str]:
    """All values of a short closed list, or the first ones; nothing where there are none."""
    shown = spec.values if _is_short(spec) else spec.values[:SHOWN_VALUES]
    if shown:
        listed = ", ".join(" ".join(written(value).split()) for value in shown)
        yield f"{'one of' if _is_short(spec) else 'such as'} {listed}"
