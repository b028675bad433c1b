"""Names and values as SQL writes them."""

import re

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


def identifier(name: str) -> str:
    """A name as SQL has it; in quotation marks where it is more than a word."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A value as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
