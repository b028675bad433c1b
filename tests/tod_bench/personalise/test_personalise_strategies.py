"""What a system turn adds, under each reading."""

import pytest

from tod_bench.personalise.reviews import Reviews, Venue
from tod_bench.personalise.strategies import Choice, choose
from tod_bench.personalise.styling import ReviewText
from tod_bench.records import Act, Dialogue, Turn


def venue(table, name, kind, *on_topic):
    texts = tuple(ReviewText(f"{table}/{name}/{n}", f"text {n}") for n in range(len(on_topic)))
    return Venue(table, name, kind, texts, on_topic)


REVIEWS = Reviews(
    (
        venue("restaurants", "curry garden", "review", True, True),
        venue("restaurants", "Milton Guest", "review", True),
        venue("restaurants", "nusha", "review"),
        venue("restaurants", "elsewhere", "review", False),
        venue("attractions", "adc theatre", "wiki", True),
        venue("hotels", "acorn house", "review", True),
        venue("hotels", "b", "review", True),
        venue("movies", "Little", "wiki", True),
        venue("travels", "360 CHICAGO", "wiki", True),
        venue("restaurants", "Bazille", "review", True),
    )
)


def act(text):
    domain, name, *rest = text.split("|")
    return Act(domain, name, *rest)


def chosen(reading, index, acts, *, turns=5, everywhere="restaurant|inform"):
    """The strategy of turn `index`; the other turns have one act, which tells a lower-case corpus from SGD."""
    acts = [act(text) for text in acts]
    made = [Turn(n, "u", "s", acts=tuple(acts) if n == index else (act(everywhere),)) for n in range(turns)]
    dialogue = Dialogue("d", "c", "test", (), tuple(made))
    choice = choose(reading, dialogue, made[index], REVIEWS)
    return choice.kind, choice.venue.name if choice.venue else "", choice.why_not


NAME = "restaurant|inform|name|curry garden"


@pytest.mark.parametrize(
    ("index", "acts", "expected"),
    [
        (0, [], ("greeting", "", "")),
        (0, [NAME], ("greeting", "", "")),
        (0, ["restaurant|nooffer|food|thai"], ("none", "", "")),
        (0, ["Restaurants_1|notify_failure"], ("none", "", "")),
        (2, [NAME], ("review", "curry garden", "")),
        (2, ["restaurant|inform|name|The Curry-Garden!"], ("review", "curry garden", "")),
        (2, ["restaurant|recommend|name|curry garden"], ("review", "curry garden", "")),
        (2, ["Restaurants_2|offer|restaurant_name|curry garden"], ("review", "curry garden", "")),
        (2, ["Media_1|offer|title|Little"], ("wiki", "Little", "")),
        (2, ["Travel_1|offer|attraction_name|360 Chicago"], ("wiki", "360 CHICAGO", "")),
        (2, ["attraction|recommend|name|adc theatre"], ("wiki", "adc theatre", "")),
        (2, ["restaurant|select|name|curry garden"], ("none", "", "")),
        (2, ["restaurant|request|name"], ("none", "", "")),
        (2, [NAME, "booking|nobook"], ("none", "", "")),
        (2, [NAME, "hotel|inform|name|acorn house"], ("none", "", "several venues")),
        (2, [NAME, "restaurant|recommend|name|Curry Garden"], ("review", "curry garden", "")),
        (2, ["restaurant|inform|name|nusha"], ("none", "", "no reviews")),
        (2, ["restaurant|inform|name|nobody's"], ("none", "", "no reviews")),
        (2, ["restaurant|inform|name|elsewhere"], ("none", "", "off topic")),
        (2, ["hotel|inform|name|curry garden"], ("none", "", "no reviews")),
        (2, ["general|bye", NAME], ("goodbye", "", "")),
        (2, ["Restaurants_1|goodbye"], ("goodbye", "", "")),
        (4, [NAME], ("goodbye", "", "")),
    ],
)
def test_ours(index, acts, expected):
    assert chosen("tod_bench", index, acts) == expected


@pytest.mark.parametrize(
    ("index", "acts", "expected"),
    [
        (0, [NAME], ("greeting", "", "")),
        (0, ["restaurant|nooffer"], ("greeting", "", "")),  # the first turn greets whatever it says
        (2, ["general|bye", NAME], ("goodbye", "", "")),
        (4, [NAME], ("review", "curry garden", "")),  # the last turn is none of its own
        (2, ["restaurant|inform|name|Curry Garden"], ("review", "curry garden", "")),
        (2, ["restaurant|recommend|name|curry garden"], ("none", "", "")),
        (2, [NAME, "restaurant|inform|name|nusha"], ("none", "", "several venues")),
        # one attraction is taken where there are two restaurants
        (2, [NAME, "restaurant|inform|name|b", "attraction|inform|name|adc theatre"], ("wiki", "adc theatre", "")),
        (2, ["hotel|inform|name|acorn house", "attraction|inform|name|adc theatre"], ("wiki", "adc theatre", "")),
        (2, ["restaurant|inform|name|nusha", "hotel|inform|name|acorn house"], ("review", "acorn house", "")),
        (2, ["hotel|inform|name|a-b"], ("review", "b", "")),  # cut at the hyphen
        (2, ["hotel|inform|name|alpha - b"], ("none", "", "no reviews")),  # the blank after it stays
        (2, ["hotel|inform|name|b, and breakfast"], ("review", "b", "")),  # cut at the comma
        (2, ["hotel|inform|name|acorn,house"], ("none", "", "no reviews")),  # a comma without a blank goes
        (2, ["restaurant|inform|name|Milton Guest"], ("none", "", "no reviews")),  # the key is lower case, the file not
        (2, ["restaurant|inform|name|elsewhere"], ("review", "elsewhere", "")),  # nobody looks what texts are of
        (2, ["restaurant|inform|name|nobody's"], ("none", "", "no reviews")),
    ],
)
def test_the_released_code_on_multiwoz(index, acts, expected):
    assert chosen("picpersona", index, acts) == expected


@pytest.mark.parametrize(
    ("index", "acts", "expected"),
    [
        (0, ["Restaurants_1|request|city"], ("greeting", "", "")),
        (0, ["Restaurants_1|offer|restaurant_name|Bazille"], ("review", "Bazille", "")),
        (4, ["Restaurants_1|goodbye"], ("none", "", "")),
        (2, ["Restaurants_1|offer|restaurant_name|bazille"], ("none", "", "no reviews")),
        (
            2,
            ["Restaurants_1|offer|restaurant_name|Bazille", "Travel_1|offer|attraction_name|360 CHICAGO"],
            ("wiki", "360 CHICAGO", ""),
        ),
        (2, ["Restaurants_1|inform|restaurant_name|Bazille"], ("none", "", "")),
        (2, ["Restaurants_1|offer|restaurant_name|Nowhere"], ("none", "", "no reviews")),  # there: KeyError
        (0, ["Restaurants_1|offer|restaurant_name|Nowhere"], ("greeting", "", "")),
        (2, ["Media_1|offer|title|Little"], ("wiki", "Little", "")),
        (2, ["Movies_1|offer|movie_name|Little", "Movies_1|offer|movie_name|Dumbo"], ("none", "", "several venues")),
    ],
)
def test_the_released_code_on_sgd(index, acts, expected):
    assert chosen("picpersona", index, acts, everywhere="Restaurants_1|request|city") == expected


def test_the_released_code_leaves_out_dialogues_of_one_turn():
    assert chosen("picpersona", 0, [NAME], turns=1) == ("none", "", "")
    assert chosen("tod_bench", 0, [NAME], turns=1) == ("greeting", "", "")


@pytest.mark.parametrize(
    ("index", "acts", "expected"),
    [
        (0, ["restaurant|nooffer"], ("greeting", "", "")),
        (4, [NAME], ("goodbye", "", "")),
        (2, ["general|bye"], ("none", "", "")),
        (2, [NAME], ("none", "", "")),
        (2, ["restaurant|recommend|name|curry garden"], ("review", "curry garden", "")),
        (2, ["Restaurants_1|offer|restaurant_name|curry garden"], ("review", "curry garden", "")),
        (2, ["restaurant|recommend|name|elsewhere"], ("review", "elsewhere", "")),
    ],
)
def test_the_paper(index, acts, expected):
    assert chosen("paper_text", index, acts) == expected


def test_without_reviews_there_are_openings_and_closings_alone():
    turn = Turn(1, "u", "s", acts=(act(NAME),))
    dialogue = Dialogue("d", "c", "test", (), (Turn(0, "u", "s"), turn, Turn(2, "u", "s")))
    assert choose("tod_bench", dialogue, turn, None) == Choice("none", why_not="no reviews")
