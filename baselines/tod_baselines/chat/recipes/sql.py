"""The recipe ``sql``: tables as schema, and a query for what the turn changes, as IC-DST asks (Hu et al. 2022).

    SELECT * FROM hotel WHERE area = 'north' AND "price range" = restaurant."price range" AND stars IS NULL;

A domain is a table and a slot a column. A column of another table stands for the value that it has, ``IS NULL`` takes a
slot away, and a comment (`NOTHING`) says that nothing changes.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from tod_baselines.chat.reading import apply_changes, changes_between, no_reply, state_answer, unread_answer
from tod_baselines.chat.recipe import Answer, Conversation, Example, PlainState, Query, Recipe, Reply, Shown
from tod_bench.errors import extra_needed
from tod_bench.records import TaskName

if TYPE_CHECKING:
    from sqlglot import exp

NOTHING = "-- nothing new"
"""The answer where a turn changes nothing."""


class Sql(Recipe):
    """DST as queries of the turn's changes, given the state before and the last exchange."""

    name: ClassVar[str] = "sql"
    after: ClassVar[str] = "IC-DST (Hu et al., Findings of EMNLP 2022)"
    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst"})

    def ask(self, shown: Shown) -> Conversation:
        """One query; see the module."""
        reply = yield Query(self.render(shown, query_of=query_of, identifier=identifier, nothing=NOTHING))
        return self.read(reply, shown)

    def example_answer(self, task: TaskName, example: Example) -> str:  # noqa: ARG002
        """The query of the example's state, or of its changes."""
        return query_of(
            example.state if self.whole_state else example.state, () if self.whole_state else example.previous
        )

    def read(self, reply: Reply, shown: Shown) -> Answer:
        """The state of the queries in a reply."""
        if problem := no_reply(reply):
            return unread_answer(shown.task, problem)
        text = _without_fence(reply.text)
        if text.casefold() == NOTHING:
            return state_answer(shown, {}, whole=self.whole_state)
        with extra_needed("chat", "reading SQL"):
            import sqlglot
            from sqlglot.errors import SqlglotError
        try:
            statements = [statement for statement in sqlglot.parse(text, read="sqlite") if statement is not None]
            changes, removed = _changes(statements, shown.previous)
        except (SqlglotError, RecursionError, _NoQuery) as error:
            return unread_answer(shown.task, f"no query that can be read: {str(error).splitlines()[0]}")
        if not statements:
            return unread_answer(shown.task, "no query")
        return state_answer(shown, changes, removed, whole=self.whole_state)


class _NoQuery(Exception):
    """A statement that says something else than which values some columns have."""


def query_of(state: PlainState, previous: PlainState) -> str:
    """The queries of what leads from one state to the next: of a whole state, without a previous one."""
    changed, removed = changes_between(previous, state)
    conditions: dict[str, list[str]] = {}
    for domain, slots in changed.items():
        conditions[domain] = [f"{identifier(slot)} = {literal(value)}" for slot, value in slots.items()]
    for domain, slot in removed:
        conditions.setdefault(domain, []).append(f"{identifier(slot)} IS NULL")
    queries = [f"SELECT * FROM {identifier(domain)} WHERE {' AND '.join(each)};" for domain, each in conditions.items()]
    return "\n".join(queries) or NOTHING


def identifier(name: str) -> str:
    """A name as SQL has it; in quotation marks where it is more than a word."""
    plain = name.isascii() and name.isidentifier() and name.upper() not in _RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A value as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


_RESERVED = frozenset(
    [
        "ALL",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CREATE",
        "DEFAULT",
        "DESC",
        "DISTINCT",
        "ELSE",
        "END",
        "EXISTS",
        "FROM",
        "GROUP",
        "HAVING",
        "IN",
        "INDEX",
        "INTO",
        "IS",
        "JOIN",
        "KEY",
        "LEFT",
        "LIKE",
        "LIMIT",
        "NOT",
        "NULL",
        "OFFSET",
        "ON",
        "OR",
        "ORDER",
        "PRIMARY",
        "RIGHT",
        "SELECT",
        "SET",
        "TABLE",
        "THEN",
        "TO",
        "UNION",
        "UPDATE",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)


def _changes(statements: list[Any], previous: PlainState) -> tuple[dict[str, dict[str, str]], list[tuple[str, str]]]:
    """What the statements set, and what they take away."""
    from sqlglot import exp

    changes: dict[str, dict[str, str]] = {}
    removed: list[tuple[str, str]] = []
    for statement in statements:
        if not isinstance(statement, exp.Select):
            raise _NoQuery(f"{statement.sql()[:60]} is no SELECT")
        tables = [table.name for table in statement.find_all(exp.Table)]
        if not tables:
            raise _NoQuery("a SELECT without a table")
        where = statement.args.get("where")
        for condition in _conjuncts(where.this) if where is not None else ():
            column, value = _condition(condition)
            domain, slot = column.table or tables[0], column.name
            if isinstance(value, exp.Null):
                removed.append((domain, slot))
                continue
            known = apply_changes(previous, changes, removed)
            text = _value(value, known)
            changes.setdefault(domain, {})[slot] = text
    return changes, removed


def _conjuncts(condition: "exp.Expression") -> Iterator["exp.Expression"]:
    from sqlglot import exp

    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.this)
        yield from _conjuncts(condition.expression)
    elif isinstance(condition, exp.Paren):
        yield from _conjuncts(condition.this)
    else:
        yield condition


def _condition(condition: "exp.Expression") -> "tuple[exp.Column, exp.Expression]":
    """The column and the value of ``column = value`` or ``column IS NULL``."""
    from sqlglot import exp

    if isinstance(condition, exp.EQ | exp.Is) and isinstance(condition.this, exp.Column):
        return condition.this, condition.expression
    raise _NoQuery(f"{condition.sql()[:60]} says not which value a column has")


def _value(value: "exp.Expression", known: PlainState) -> str:
    """The text of a value: itself, or what another table's column has."""
    from sqlglot import exp

    if isinstance(value, exp.Column) and value.table:
        found = known.get(value.table, {}).get(value.name)
        if found is None:
            raise _NoQuery(f"{value.sql()} has no value so far")
        return found
    if isinstance(value, exp.Column | exp.Literal):
        return str(value.name)  # a value without quotation marks reads as a column
    if isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal):
        return f"-{value.this.name}"
    if isinstance(value, exp.Boolean):
        return "yes" if value.this else "no"
    raise _NoQuery(f"{value.sql()[:60]} is no value")


def _without_fence(text: str) -> str:
    """The text within a code fence, where there is one; else the text from its first query on."""
    parts = text.split("```")
    if len(parts) >= 3:
        text = parts[1].removeprefix("sql").removeprefix("sqlite")
    return text.strip()
