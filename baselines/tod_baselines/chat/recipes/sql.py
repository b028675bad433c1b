"""The recipe ``sql``: tables as schema, and a query for what the turn changes, as IC-DST asks (Hu et al. 2022).

    SELECT * FROM hotel WHERE area = 'north' AND "price range" = restaurant."price range" AND stars IS NULL;

A domain is a table and a slot a column. A column of another table stands for the value that it has, ``IS NULL`` takes a
slot away, and a comment (`NOTHING`) says that nothing changes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from tod_baselines.chat.code_answers import CodeAnswer
from tod_baselines.chat.code_schemas import sql_name, sql_text, tables_of
from tod_baselines.chat.reading import (
    changes_between,
    code_in,
    in_schema,
    no_reply,
    unread_answer,
)
from tod_baselines.chat.recipe import Answer, Conversation, Example, PlainState, Query, Recipe, Reply, Shown
from tod_bench.errors import extra_needed
from tod_bench.records import Schema, TaskName

if TYPE_CHECKING:
    from sqlglot import exp

NOTHING = "-- nothing new"
"""The answer where a turn changes nothing."""

_FIRST_WORDS = re.compile(rf"\s*(SELECT\b|{NOTHING})", re.IGNORECASE)


class Sql(Recipe):
    """DST as queries of the turn's changes, given the state before and the last exchange."""

    name: ClassVar[str] = "sql"
    after: ClassVar[str] = "IC-DST (Hu et al., Findings of EMNLP 2022)"
    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst"})

    def ask(self, shown: Shown) -> Conversation:
        """One query; see the module."""
        reply = yield Query(self.render(shown, query_of=query_of, nothing=NOTHING))
        return self.read(reply, shown)

    def describe(self, schema: Schema) -> str:
        """The schema as tables."""
        return tables_of(schema)

    def example_answer(self, task: TaskName, example: Example) -> str:  # noqa: ARG002
        """The query of the example's state, or of its changes."""
        return query_of(example.state, {} if self.whole_state else example.previous)

    def read(self, reply: Reply, shown: Shown) -> Answer:
        """The state of the queries in a reply."""
        problem = no_reply(reply)
        if problem:
            return unread_answer(shown.task, problem)
        statements = _statements(reply.text)
        if statements is None:
            return unread_answer(shown.task, "the answer is no SQL query")
        found = _Found(shown)
        for statement in statements:
            found.add(statement)
        return found.answer(whole=self.whole_state)


def query_of(state: PlainState, previous: PlainState) -> str:
    """The queries of what leads from one state to the next: of a whole state, where the previous one is empty."""
    changed, removed = changes_between(previous, state)
    conditions: dict[str, list[str]] = {}
    for domain, slots in changed.items():
        conditions[domain] = [f"{sql_name(slot)} = {sql_text(value)}" for slot, value in slots.items()]
    for domain, slot in removed:
        conditions.setdefault(domain, []).append(f"{sql_name(slot)} IS NULL")
    queries = [f"SELECT * FROM {sql_name(domain)} WHERE {' AND '.join(each)};" for domain, each in conditions.items()]
    return "\n".join(queries) or NOTHING


def _statements(text: str) -> "list[exp.Select] | None":
    """The queries of a text; an empty list where it says that nothing changes, None where it is something else."""
    with extra_needed("chat", "the recipe sql"):
        import sqlglot
        from sqlglot import exp
        from sqlglot.errors import SqlglotError

    for code in code_in(text, _FIRST_WORDS):
        if code.casefold().rstrip(".;") == NOTHING:
            return []
        try:
            parsed = [statement for statement in sqlglot.parse(code, read="sqlite") if statement is not None]
        except (SqlglotError, RecursionError):
            continue
        queries = [statement for statement in parsed if isinstance(statement, exp.Select) and statement.find(exp.From)]
        if queries and len(queries) == len(parsed):
            return queries
    return None


class _Found(CodeAnswer):
    """What queries say."""

    def add(self, query: "exp.Select") -> None:
        """Reads the conditions of a query."""
        from sqlglot import exp

        tables = {table.alias or table.name: table.name for table in _tables(query)}
        for condition in _conditions(query):
            column, value = _sides(condition)
            domain = self._domain(column, tables) if column is not None else None
            if column is None or value is None or domain is None:
                self._problem(condition, "does not say which value a slot has")
                continue
            place = in_schema(self.shown.schema, domain, column.name)
            text = self._text(value, tables)
            if isinstance(value, exp.Null):
                self.remove(place)
            elif text is None:
                self._problem(condition, "gives no value, or one that is not known yet")
            else:
                self.set(place, text)

    def _problem(self, condition: "exp.Expr", what: str) -> None:
        self.problems.append(f"{condition.sql(dialect='sqlite')[:80]} {what}")

    def _domain(self, column: "exp.Column", tables: dict[str, str]) -> str | None:
        """The table of a column: the one it names, the only one, or the only one that has such a column."""
        if column.table:
            return tables.get(column.table, column.table)
        having = [name for name in tables.values() if self._has(name, column.name)]
        candidates = having if len(tables) > 1 else list(tables.values())
        return candidates[0] if len(candidates) == 1 else None

    def _has(self, table: str, column: str) -> bool:
        domain, slot = in_schema(self.shown.schema, table, column)
        return slot in self.shown.schema.get(domain, {})

    def _text(self, value: "exp.Expr", tables: dict[str, str]) -> str | None:
        """The text of a value: itself, or what another table's column has; None where there is none."""
        from sqlglot import exp

        match value:
            case exp.Column() if value.table:
                domain, slot = in_schema(self.shown.schema, tables.get(value.table, value.table), value.name)
                return self.known().get(domain, {}).get(slot)
            case exp.Column() | exp.Literal():
                return str(value.name)  # a value without quotation marks, or in double ones, reads as a column
            case exp.Neg(this=exp.Literal()):
                return f"-{value.this.name}"
            case exp.Boolean():
                return "yes" if value.this else "no"
        return None


def _tables(query: "exp.Select") -> "Sequence[exp.Table]":
    """The tables that a query itself names, not those of queries within it."""
    from sqlglot import exp

    sources = [query.args.get("from_") or query.args.get("from"), *(query.args.get("joins") or ())]
    return [source.this for source in sources if source is not None and isinstance(source.this, exp.Table)]


def _conditions(query: "exp.Select") -> "Iterator[exp.Expr]":
    """What holds of a query's rows: its WHERE and the ON of its joins, taken apart at AND."""
    from sqlglot import exp

    where = query.args.get("where")
    joined = [join.args.get("on") for join in query.args.get("joins") or ()]
    left = [each for each in (where.this if where is not None else None, *joined) if each is not None]
    while left:
        condition = left.pop(0)
        if isinstance(condition, exp.And):
            left[:0] = [condition.this, condition.expression]
        elif isinstance(condition, exp.Paren):
            left.insert(0, condition.this)
        else:
            yield condition


def _sides(condition: "exp.Expr") -> "tuple[exp.Column | None, exp.Expr | None]":
    """The column and the value of ``column = value`` (or the other way round) or ``column IS NULL``."""
    from sqlglot import exp

    if isinstance(condition, exp.EQ) and isinstance(condition.this, exp.Literal):
        column, value = condition.expression, condition.this
    elif isinstance(condition, exp.EQ | exp.Is):
        column, value = condition.this, condition.expression
    else:
        return None, None
    return (column, value) if isinstance(column, exp.Column) else (None, None)
