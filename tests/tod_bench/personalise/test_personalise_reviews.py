"""Files of reviews: what is read, what is refused, and which texts are of their venue."""

import json

import pytest

from tod_bench.errors import DataError, UserError
from tod_bench.personalise.reviews import names, plain_name, read_reviews, table_name


@pytest.fixture
def folder(tmp_path):
    reviews = [
        {"review_text": "The Curry Garden is  lovely.\nGo!", "review_rating": 5},
        {"review_text": "Best in Cambridge", "review_rating": None},
        {"review_text": "A nice place in Verona", "review_rating": 4},
        {"review_text": "", "review_rating": 1},
    ]
    write = lambda name, content: (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")  # noqa: E731
    write("restaurants.json", {"curry garden": {"online": reviews}, "nusha": {"online": []}})
    write(
        "attractions.json",
        {
            "adc theatre": {"online": ["The ADC Theatre is a theatre in Cambridge.", "It seats 228."]},
            "abbey pool": {"online": ["Marlborough House is a school.", "It once had pupils from Cambridge."]},
            "ballare": {"online": None},
        },
    )
    write("places.json", {"The Eagle & Child": ["The Eagle and Child has good beer.", "Fine."]})
    return tmp_path


def test_the_forms_of_picpersona_and_of_ones_own(folder):
    reviews = read_reviews(folder, "cambridge")
    garden = reviews.find("restaurant", "Curry Garden")
    assert garden.kind == "review"
    assert [text.text for text in garden.texts] == [
        "The Curry Garden is lovely. Go!",
        "Best in Cambridge",
        "A nice place in Verona",
    ]
    assert [text.rating for text in garden.texts] == [5.0, None, 4.0]
    assert garden.texts[2].id == "restaurants/curry garden/2"
    assert garden.on_topic == (True, True, False)
    assert [text.id for text in garden.relevant] == ["restaurants/curry garden/0", "restaurants/curry garden/1"]
    assert reviews.find("restaurant", "nusha").texts == ()
    assert reviews.find("restaurant", "eagle and child").kind == "review"  # a table of no domain serves all
    assert reviews.find("hotel", "curry garden") is None


def test_an_article_is_of_what_its_first_sentence_names(folder):
    reviews = read_reviews(folder, "cambridge")
    assert reviews.find("attraction", "ADC theatre").on_topic == (True, True)
    assert reviews.find("attraction", "abbey pool").on_topic == (False, False)
    assert reviews.find("attraction", "adc theatre").kind == "wiki"
    assert reviews.find("attraction", "ballare").texts == ()
    assert reviews.off_topic() == {
        "attractions": {"venues": 2, "texts": 4, "off_topic": 2},
        "places": {"venues": 1, "texts": 2, "off_topic": 1},
        "restaurants": {"venues": 1, "texts": 3, "off_topic": 1},
    }


def test_without_a_city_the_name_alone_counts(folder):
    assert read_reviews(folder).find("restaurant", "curry garden").on_topic == (True, False, False)


@pytest.mark.parametrize(
    ("text", "on_topic"),
    [
        ("The Ashley Hotel in Cork has a fine bar.", False),
        ("Ashley Hotel, Galway: a fine bar.", False),
        ("ASHLEY HOTEL in Cork. We went on to Cambridge.", True),
        ("The Ashley Hotel in July was full.", False),  # a month looks like a place: left out, to be safe
        ("The Ashley Hotel in the evening is quiet.", True),
        ("The Ashley Hotel, The best!", True),
        ("We loved the Ashley Hotel.", True),
    ],
)
def test_a_venue_of_the_same_name_elsewhere_is_off_topic(tmp_path, text, on_topic):
    (tmp_path / "hotels.json").write_text(json.dumps({"ashley hotel": [text]}), encoding="utf-8")
    assert read_reviews(tmp_path, "cambridge").find("hotel", "ashley hotel").on_topic == (on_topic,)
    assert read_reviews(tmp_path).find("hotel", "ashley hotel").on_topic == (True,)


@pytest.mark.parametrize(
    ("sentences", "on_topic"),
    [
        (["The Junction is a neighbourhood of Toronto.", "It lies in the west."], False),
        (["The Junction is an arts centre.", "It is in Cambridge."], True),
        (["Junctions Hall is a house in Cambridge.", "Nice."], False),
        (["A poet is at home in Cambridge.", "She has sung at the Junction."], False),
    ],
)
def test_an_article_of_a_known_city_names_it(tmp_path, sentences, on_topic):
    (tmp_path / "attractions.json").write_text(json.dumps({"the junction": {"online": sentences}}), encoding="utf-8")
    assert read_reviews(tmp_path, "cambridge").find("attraction", "junction").on_topic == (on_topic, on_topic)
    opens_with_the_name = sentences[0].startswith("The Junction")
    assert read_reviews(tmp_path).find("attraction", "junction").on_topic == (opens_with_the_name,) * 2


def test_the_identity_is_that_of_the_texts(folder):
    first = read_reviews(folder).identity
    assert read_reviews(folder).identity == first
    path = folder / "places.json"
    path.write_text(path.read_text(encoding="utf-8").replace("beer", "ale"), encoding="utf-8")
    assert read_reviews(folder).identity != first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not an object of venues"),
        ({"nusha": "good"}, "'nusha' has no list of texts"),
        ({"nusha": {"reviews": []}}, "'nusha' has no list of texts"),
        ({"nusha": ["fine", 3]}, "text 1 of the venue 'nusha' is no text"),
        ({"nusha": [{"stars": 3}]}, "text 0 of the venue 'nusha' is no text"),
    ],
)
def test_what_is_no_file_of_reviews_is_one_sentence(tmp_path, content, message):
    (tmp_path / "hotels.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_reviews(tmp_path)


def test_a_folder_without_reviews_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="no JSON file of reviews"):
        read_reviews(tmp_path)
    with pytest.raises(UserError, match="there is no folder"):
        read_reviews(tmp_path / "nowhere")


def test_names():
    assert plain_name("The A & B Guest-House") == "a and b guest house"
    assert plain_name("The") == "the"
    assert plain_name("rosa's bed") == "rosas bed"
    assert names("we stayed at Acorn House!", "acorn house")
    assert not names("we stayed at acorn houses", "acorn house")
    assert not names("anything", "", "!")
    assert [table_name(name) for name in ("Restaurants_1", "movies", "hotel", "Media_2")] == [
        "restaurant",
        "movie",
        "hotel",
        "media",
    ]


@pytest.mark.realdata
def test_the_released_files(realdata):
    """Counts by hand of `shared/data`: venues with texts, and how few of the texts are of Cambridge."""
    data = realdata / "picpersona" / "dataset"
    woz = read_reviews(data / "mwoz" / "DB_review", "cambridge").off_topic()
    assert {table: row["venues"] for table, row in woz.items()} == {"attractions": 57, "hotels": 26, "restaurants": 93}
    assert woz["restaurants"]["texts"] == 824
    assert woz["restaurants"]["off_topic"] > 600
    sgd = read_reviews(data / "SGD" / "DB").off_topic()
    assert {table: row["venues"] for table, row in sgd.items()} == {"movies": 66, "restaurants": 287, "travels": 219}
