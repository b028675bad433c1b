"""The recipes whose answers are code: `sql` and `python`."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tod_baselines.chat.code_schemas import RESERVED, classes_of, python_name, tables_of
from tod_baselines.chat.reading import changes_between
from tod_baselines.chat.recipe import Answer, Example, PlainState, Query, Recipe, Reply, Shown
from tod_baselines.chat.recipes.python import Python
from tod_baselines.chat.recipes.sql import Sql
from tod_bench.records import Schema, SlotSpec
from tod_bench.systems import Exchange, TurnInput

SCHEMA: Schema = {
    "hotel": {
        "area": SlotSpec("part of town", categorical=True, values=("north", "south")),
        "stars": SlotSpec(categorical=True, values=("3", "4")),
        "name": SlotSpec(),
        "price range": SlotSpec(),
        "internet": SlotSpec(categorical=True, values=("yes", "no")),
    },
    "restaurant": {"area": SlotSpec(), "food": SlotSpec(), "price range": SlotSpec()},
    "Hotels_2": {"number_of_adults": SlotSpec("how many", values=("1", "2"))},
}
RECIPES: dict[str, Recipe] = {"sql": Sql(), "python": Python()}
WHOLE: dict[str, Recipe] = {"sql": Sql(state="whole"), "python": Python(state="whole")}
BEFORE: PlainState = {"restaurant": {"area": "south", "price range": "low"}, "hotel": {"name": "The Inn"}}


def shown(previous: PlainState = BEFORE, schema: Schema = SCHEMA, **more: Any) -> Shown:
    turn = TurnInput("d", 1, (Exchange("hello", "what can I do?"),), "a hotel")
    return Shown("dst", turn, previous, more.pop("examples", ()), schema)


def read(name: str, text: str, **more: Any) -> Answer:
    recipe: Any = RECIPES[name]
    return recipe.read(Reply(text), shown(**more))  # type: ignore[no-any-return]


def after(changes: PlainState, before: PlainState = BEFORE) -> dict[str, dict[str, str]]:
    merged = {domain: dict(slots) for domain, slots in before.items()}
    for domain, slots in changes.items():
        merged.setdefault(domain, {}).update(slots)
    return merged


def example(previous: PlainState, state: PlainState, **more: Any) -> Example:
    return Example("t", 1, (Exchange("u", "s"),), "said", previous, state, (), "done", **more)


NAMES = st.text(min_size=1, max_size=8).filter(str.strip) | st.sampled_from(
    [
        "select",
        "Hotels_2",
        "price range",
        'a"b',
        "a'b",
        "from",
        "class",
        "é",
        "ﬁ",
        "²",
        "1st",
        "a;b",
        "-- a",
        "[x]",
        "`",
    ]
)
VALUES = st.text(min_size=1, max_size=12).filter(str.strip) | st.sampled_from(
    ["it's", 'say "x"', "a; b", "a\nb", "café", "```", "\\", "\\n", "'; DROP TABLE hotel; --", "None", "{{x}}", "\x00"]
)
STATES = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, min_size=1, max_size=3), max_size=3)


@pytest.mark.parametrize("name", RECIPES)
@settings(max_examples=80, deadline=None)
@given(before=STATES, state=STATES, shared=STATES, whole=st.booleans())
def test_what_an_example_shows_is_read_back(
    name: str, before: PlainState, state: PlainState, shared: PlainState, whole: bool
) -> None:
    before, state = after(shared, before), after(shared, state)
    slots: dict[str, dict[str, SlotSpec]] = {}
    for each in (before, state):
        for domain in each:
            slots.setdefault(domain, {}).update(dict.fromkeys(each[domain], SlotSpec()))
    if name == "python":  # two names that Python writes alike cannot be told apart
        assume(len({python_name(domain) for domain in slots}) == len(slots))
        assume(all(len({python_name(slot) for slot in specs}) == len(specs) for specs in slots.values()))
    recipe: Any = WHOLE[name] if whole else RECIPES[name]
    text = recipe.example_answer("dst", example(before, state))
    answer = recipe.read(Reply(text), shown({} if whole else before, slots))
    assert answer == Answer(state=state)


@pytest.mark.parametrize("word", sorted(RESERVED | {"date", "time", "day", "type", "name", "text", "index", "key"}))
def test_words_of_sql_can_be_names(word: str) -> None:
    state = {word: {word: "x"}}
    text = RECIPES["sql"].example_answer("dst", example({}, state))
    assert read("sql", text, previous={}, schema={word: {word: SlotSpec()}}) == Answer(state=state)


def test_every_keyword_of_the_parser_can_be_a_name() -> None:
    from sqlglot.dialects.sqlite import SQLite

    words = {*SQLite.Tokenizer.KEYWORDS, *SQLite.Parser.NO_PAREN_FUNCTION_PARSERS}
    for word in filter(str.isidentifier, words):
        for spelled in (word, word.lower()):
            state = {spelled: {spelled: "x"}}
            text = RECIPES["sql"].example_answer("dst", example({}, state))
            assert read("sql", text, previous={}, schema={spelled: {spelled: SlotSpec()}}) == Answer(state=state)


READ = [
    ("sql", "SELECT * FROM hotel WHERE area = 'north'", {"hotel": {"area": "north"}}),
    ("sql", "select * from Hotel where Area='North' and STARS = 4;", {"hotel": {"area": "north", "stars": "4"}}),
    ("sql", 'SELECT * FROM hotel WHERE "price range" = "cheap"', {"hotel": {"price range": "cheap"}}),
    ("sql", "SELECT * FROM hotel WHERE price_range = 'cheap'", {"hotel": {"price range": "cheap"}}),
    ("sql", "SELECT * FROM hotel WHERE area = dontcare", {"hotel": {"area": "dontcare"}}),
    ("sql", "SELECT * FROM hotel WHERE internet = TRUE", {"hotel": {"internet": "yes"}}),
    ("sql", "SELECT * FROM hotel WHERE area = restaurant.area", {"hotel": {"area": "south"}}),
    ("sql", "SELECT * FROM hotel WHERE price_range = Restaurant.PriceRange", {"hotel": {"price range": "low"}}),
    ("sql", "SELECT * FROM hotel AS h WHERE h.area = 'north'", {"hotel": {"area": "north"}}),
    (
        "sql",
        "SELECT * FROM hotel h JOIN restaurant r ON h.area = r.area WHERE r.food = 'thai' AND stars = '3'",
        {"hotel": {"area": "south", "stars": "3"}, "restaurant": {"food": "thai"}},
    ),
    (
        "sql",
        "SELECT * FROM restaurant WHERE area = 'north';\nSELECT * FROM hotel WHERE area = restaurant.area;",
        {"restaurant": {"area": "north"}, "hotel": {"area": "north"}},
    ),
    ("sql", "```sql\nSELECT * FROM hotel\nWHERE area = 'north';\n```", {"hotel": {"area": "north"}}),
    ("sql", "Sure! Here you are:\n```\nSELECT * FROM hotel WHERE stars = 4\n```\nBye.", {"hotel": {"stars": "4"}}),
    ("sql", "Here:\nSELECT *\nFROM hotel\nWHERE area = 'north';\n\nIt finds hotels.", {"hotel": {"area": "north"}}),
    ("sql", "SELECT * FROM Hotels_2 WHERE number_of_adults = 2", {"Hotels_2": {"number_of_adults": "2"}}),
    ("sql", "SELECT * FROM hotel WHERE ('north' = area)", {"hotel": {"area": "north"}}),
    ("sql", "SELECT * FROM hotel", {}),
    ("sql", "-- nothing new", {}),
    ("sql", "```sql\n-- Nothing new\n```", {}),
    ("python", "agent.state.hotel = find_hotel(area='north')", {"hotel": {"area": "north"}}),
    ("python", 'find_hotel(area="North", stars=4)', {"hotel": {"area": "north", "stars": "4"}}),
    ("python", "agent.state.hotel = Hotel(price_range='cheap')", {"hotel": {"price range": "cheap"}}),
    ("python", "agent.state.hotel.area = 'north'", {"hotel": {"area": "north"}}),
    ("python", "agent.state.hotel = agent.find_hotel(internet=True)", {"hotel": {"internet": "yes"}}),
    ("python", "agent.state.hotel = find_hotel(area=agent.state.restaurant.area)", {"hotel": {"area": "south"}}),
    (
        "python",
        "agent.state.hotel = find_hotel(price_range=agent.state.restaurant.price_range)",
        {"hotel": {"price range": "low"}},
    ),
    (
        "python",
        "agent.state.restaurant = find_restaurant(area='n')\n"
        "agent.state.hotel = find_hotel(name=agent.state.restaurant.area)",
        {"restaurant": {"area": "n"}, "hotel": {"name": "n"}},
    ),
    ("python", "```python\nagent.state.hotel = find_hotel(\n    stars=4,\n)\n```", {"hotel": {"stars": "4"}}),
    ("python", "Sure:\nagent.state.hotel = find_hotel(stars=4)\n\nThat is all!", {"hotel": {"stars": "4"}}),
    ("python", "find_Hotels_2(number_of_adults=2)", {"Hotels_2": {"number_of_adults": "2"}}),
    ("python", "agent.state.hotel = find_hotel()", {}),
    ("python", "# nothing to do\npass", {}),
]


@pytest.mark.parametrize(("name", "text", "changes"), READ)
def test_answers_are_read(name: str, text: str, changes: PlainState) -> None:
    assert read(name, text) == Answer(state=after(changes))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sql", "SELECT * FROM hotel WHERE name IS NULL AND area = 'north'"),
        ("sql", "SELECT * FROM hotel WHERE NAME = NULL AND area = 'north'"),
        ("python", "agent.state.hotel = find_hotel(name=None, area='north')"),
    ],
)
def test_a_value_is_taken_away(name: str, text: str) -> None:
    assert read(name, text).state == {"restaurant": BEFORE["restaurant"], "hotel": {"area": "north"}}


UNREAD = [
    ("sql", "I think the customer wants a hotel."),
    ("sql", "SELECT * FROM hotel WHERE area = 'nor"),
    ("sql", "SELECT * FROM hotel WHERE area = 'north';\n\nSELECT * FROM restaurant WHERE food = 'th"),
    ("sql", "SELECT * FROM hotel WHERE area ="),
    ("sql", "SELECT area, name"),
    ("sql", "DROP TABLE hotel"),
    ("sql", "SELECT * FROM hotel WHERE area = 'north'; DROP TABLE hotel"),
    ("sql", "UPDATE hotel SET area = 'north'"),
    ("sql", "SELECT * FROM hotel WHERE area = 'north' OR area = 'south'"),
    ("sql", "SELECT * FROM hotel WHERE stars > 3"),
    ("sql", "SELECT * FROM hotel WHERE area = (SELECT area FROM restaurant)"),
    ("sql", "SELECT * FROM hotel WHERE area = restaurant.food"),
    ("sql", "SELECT * FROM hotel, restaurant WHERE area = 'north'"),
    ("sql", '{"hotel": {"area": "north"}}'),
    ("sql", "-- something new"),
    ("sql", "   "),
    ("sql", "(" * 3000),
    ("python", "I think the customer wants a hotel."),
    ("python", "agent.state.hotel = find_hotel(area='nor"),
    ("python", "agent.state.hotel = find_hotel(area='north')\n\nagent.state.restaurant = find_restaurant(food='th"),
    ("python", "agent.state.hotel = find_hotel('north')"),
    ("python", "agent.state.hotel = find_hotel(**{'area': 'north'})"),
    ("python", "agent.state.hotel = find_hotel(area=other.area)"),
    ("python", "agent.state.hotel = find_hotel(area=agent.state.restaurant.food)"),
    ("python", "agent.state.hotel = find_hotel(area=['north', 'south'])"),
    ("python", "agent.state.hotel = find_hotel(area=f'{x}')"),
    ("python", "import os; os.remove('x')"),
    ("python", "__import__('os').system('touch broken')"),
    ("python", '{"hotel": {"area": "north"}}'),
    ("python", "area = 'north'"),
    ("python", "(" * 3000),
    ("python", ""),
]


@pytest.mark.parametrize(("name", "text"), UNREAD)
def test_what_cannot_be_read_is_empty_and_counted(name: str, text: str) -> None:
    answer = read(name, text)
    assert (answer.state, answer.readable, len(answer.unread)) == ({}, False, 1)
    assert answer.unread[0].isprintable()


@pytest.mark.parametrize("name", RECIPES)
def test_an_answer_that_was_cut_is_not_read(name: str) -> None:
    recipe: Any = RECIPES[name]
    whole = recipe.example_answer("dst", example({}, {"hotel": {"area": "north"}}))
    answer = recipe.read(Reply(whole, failure="length"), shown())
    assert not answer.readable
    assert answer.state == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sql", "SELECT * FROM hotel WHERE area = 'north' AND stars > 3"),
        ("sql", "SELECT * FROM hotel WHERE area = 'north' AND name = restaurant.food"),
        ("python", "agent.state.hotel = find_hotel(area='north', stars=[3, 4])"),
        ("python", "agent.state.hotel = find_hotel(area='north')\nprint(agent)"),
    ],
)
def test_a_part_that_cannot_be_read_is_named_beside_the_rest(name: str, text: str) -> None:
    answer = read(name, text)
    assert answer.state == after({"hotel": {"area": "north"}})
    assert answer.readable
    assert len(answer.unread) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sql", "SELECT * FROM hotel WHERE wifi = 'yes' AND stars = '9'; SELECT * FROM spa WHERE area = 'x'"),
        ("python", "find_hotel(wifi='yes', stars='9')\nfind_spa(area='x')"),
    ],
)
def test_what_the_schema_does_not_have_is_kept_and_named(name: str, text: str) -> None:
    answer = read(name, text, previous={})
    assert answer.state == {"hotel": {"wifi": "yes", "stars": "9"}, "spa": {"area": "x"}}
    assert answer.unknown == ("hotel wifi", "hotel stars=9", "spa area")
    assert answer.unread == ()


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("state", ["changes", "whole"])
def test_a_prompt_has_the_schema_the_state_and_the_examples(name: str, state: Any) -> None:
    recipe = (WHOLE if state == "whole" else RECIPES)[name]
    given_example = example({"hotel": {"area": "south"}}, {"hotel": {"area": "north", "name": "Ritz"}})
    conversation = recipe.ask(shown(examples=[given_example]))
    query = next(conversation)
    assert isinstance(query, Query)
    assert [message.role for message in query.messages] == ["system", "user", "assistant", "user"]
    system, _, answer, last = [message.content for message in query.messages]
    assert all(domain in system for domain in SCHEMA)
    assert "part of town" in system
    assert answer == recipe.example_answer("dst", given_example)
    assert ("south" in last) == (state == "changes")
    assert ("hello" in last) == (state == "whole")
    assert str(last).endswith(": a hotel")
    with pytest.raises(StopIteration) as stopped:
        conversation.send(Reply(answer))
    assert stopped.value.value.readable


@pytest.mark.parametrize("name", RECIPES)
def test_the_answer_of_an_example_is_what_the_turn_changes(name: str) -> None:
    before, state = {"hotel": {"area": "south", "name": "Ritz"}}, {"hotel": {"area": "north"}}
    text = RECIPES[name].example_answer("dst", example(before, state))
    assert "north" in text
    assert "south" not in text
    assert changes_between(before, state)[1] == [("hotel", "name")]
    assert read(name, text, previous=before).state == state


def test_schemas_are_shown_as_code() -> None:
    many = tuple(map(str, range(20)))
    schema = {
        "price range": {
            "a b": SlotSpec("two\nlines", True, ("x'y", "z")),
            "n": SlotSpec("", True, many),
            "o": SlotSpec(),
        }
    }
    assert tables_of(schema).splitlines() == [
        'CREATE TABLE "price range" (',
        "  \"a b\" TEXT, -- two lines; one of 'x''y', 'z'",
        "  n TEXT, -- such as '0', '1', '2'",
        "  o TEXT",
        ");",
    ]
    assert classes_of(schema).splitlines() == [
        "class price_range:",
        "    a_b: Literal[\"x'y\", 'z'] | None = None  # two lines",
        "    n: str | None = None  # such as '0', '1', '2'",
        "    o: str | None = None",
    ]
