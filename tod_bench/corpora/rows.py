"""Dialogues as rows of plain lists and texts, for tables that have no mappings (Arrow, Parquet, JSON Lines), and back.

A mapping becomes a list of its items, ``{"hotel": {"area": ("east",)}}`` the list
``[{"domain": "hotel", "slots": [{"slot": "area", "values": ["east"]}]}]``. What a row has follows from the records'
own annotations, so that a field added to a record is in the rows too. Nothing is lost: a dialogue read back from its
rows equals the one that they were made of.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import groupby
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from tod_bench.records import Dialogue, Turn

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Literal["dialogues", "turns"]
"""What a row is: a dialogue with its turns, or a turn with what is said of its dialogue."""

_ITEM_KEYS: Mapping[str, tuple[str, ...]] = {
    "book": ("slot", "value"),
    "db_matches": ("domain", "matches"),
    "goal": ("domain", "goal"),
    "inform": ("slot", "value"),
    "state": ("domain", "slots", "slot", "values"),
}
"""Field -> what the keys and values of its mapping are called, then of the mappings inside; others: key and value."""

_DIALOGUE = "dialogue_"


def to_rows(dialogue: Dialogue, rows: Rows = "dialogues") -> Iterator[Row]:
    """The row of a dialogue, or the rows of its turns.

    Args:
        dialogue: The dialogue.
        rows: ``dialogues`` gives one row; ``turns`` one a turn, with the turn's fields under their names and the
            dialogue's as ``dialogue_id``, ``dialogue_goal`` and so on.
    """
    row = _pack(dialogue, Dialogue)
    if rows == "dialogues":
        yield row
        return
    shared = {f"{_DIALOGUE}{name}": value for name, value in row.items() if name != "turns"}
    for turn in row["turns"]:
        yield {**shared, **turn}


def from_rows(rows: Iterable[Row]) -> Iterator[Dialogue]:
    """The dialogues of rows that `to_rows` made, of either sort; the turns of a dialogue follow one another.

    Raises:
        KeyError: A column is missing.
    """

    def dialogue_of(row: Row) -> tuple[Any, Any, Any]:
        names = (
            ("corpus", "split", "id") if "turns" in row else tuple(f"{_DIALOGUE}{n}" for n in ("corpus", "split", "id"))
        )
        return tuple(row[name] for name in names)

    for _, group in groupby(rows, dialogue_of):
        whole = list(group)
        if "turns" in whole[0]:
            yield from (_unpack(row, Dialogue) for row in whole)
            continue
        shared = {name.removeprefix(_DIALOGUE): value for name, value in whole[0].items() if name.startswith(_DIALOGUE)}
        yield _unpack({**shared, "turns": [{name: row[name] for name in _fields(Turn)} for row in whole]}, Dialogue)


def columns(rows: Rows, scalar: Callable[[type], Any]) -> dict[str, Any]:
    """The columns of rows as a tree: a dict is a record, a list of one element a list, a leaf what `scalar` makes.

    Args:
        rows: What a row is.
        scalar: Turns ``str``, ``int``, ``float`` or ``bool`` into the leaf's type in a library's own terms.
    """
    tree: dict[str, Any] = _columns(Dialogue, scalar)
    if rows == "dialogues":
        return tree
    (turn,) = tree.pop("turns")
    return {**{f"{_DIALOGUE}{name}": column for name, column in tree.items()}, **turn}


@cache
def _fields(record: Any) -> Mapping[str, Any]:
    hints = get_type_hints(record)
    return {field.name: hints[field.name] for field in fields(record)}


def _is_record(kind: Any) -> bool:
    return is_dataclass(kind)


def _plain(kind: Any) -> Any:
    """The annotation without ``| None``; a `Literal` of texts is a text."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    return type(get_args(kind)[0]) if get_origin(kind) is Literal else kind


def _is_mapping(kind: Any) -> bool:
    return isinstance(origin := get_origin(kind), type) and issubclass(origin, Mapping)


def _pack(value: Any, kind: Any, names: tuple[str, ...] = ()) -> Any:
    kind = _plain(kind)
    if value is None:
        return None
    if _is_record(kind):
        return {
            name: _pack(getattr(value, name), hint, _ITEM_KEYS.get(name, ())) for name, hint in _fields(kind).items()
        }
    if _is_mapping(kind):
        key, item = names[:2] or ("key", "value")
        inner = get_args(kind)[1]
        return [{key: name, item: _pack(entry, inner, names[2:])} for name, entry in value.items()]
    if get_origin(kind) is tuple:
        return [_pack(entry, get_args(kind)[0]) for entry in value]
    return value


def _unpack(value: Any, kind: Any, names: tuple[str, ...] = ()) -> Any:
    kind = _plain(kind)
    if value is None:
        return None
    if _is_record(kind):
        return kind(
            **{name: _unpack(value[name], hint, _ITEM_KEYS.get(name, ())) for name, hint in _fields(kind).items()}
        )
    if _is_mapping(kind):
        key, item = names[:2] or ("key", "value")
        inner = get_args(kind)[1]
        return {entry[key]: _unpack(entry[item], inner, names[2:]) for entry in value}
    if get_origin(kind) is tuple:
        return tuple(_unpack(entry, get_args(kind)[0]) for entry in value)
    return value


def _columns(kind: Any, scalar: Callable[[type], Any], names: tuple[str, ...] = ()) -> Any:
    kind = _plain(kind)
    if _is_record(kind):
        return {name: _columns(hint, scalar, _ITEM_KEYS.get(name, ())) for name, hint in _fields(kind).items()}
    if _is_mapping(kind):
        key, item = names[:2] or ("key", "value")
        return [{key: scalar(str), item: _columns(get_args(kind)[1], scalar, names[2:])}]
    if get_origin(kind) is tuple:
        return [_columns(get_args(kind)[0], scalar)]
    return scalar(kind)
