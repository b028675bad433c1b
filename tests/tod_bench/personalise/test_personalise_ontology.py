"""What a restyled text names that its plain text does not."""

import pytest

from tod_bench.personalise.checks.ontology import foreign_values, lexicon_of
from tod_bench.records import SlotSpec
from tod_bench.simulated.corpus import Simulated

SCHEMA = {
    "hotel": {
        "area": SlotSpec("", True, ("north", "south", "centre")),
        "type": SlotSpec("", True, ("hotel", "guesthouse")),
        "parking": SlotSpec("", True, ("yes", "no", "free")),
        "stars": SlotSpec("", True, ("1", "2")),
        "name": SlotSpec("", False, ("The Amber Ladle", "Ask")),
    }
}
LEXICON = lexicon_of(SCHEMA, venues=("Curry Garden",))


@pytest.mark.parametrize(
    ("text", "plain", "foreign"),
    [
        ("", "", ()),
        ("A place in the north, please!", "A place, please.", ("north",)),
        ("A place in the north, please!", "A place in the north.", ()),
        ("Somewhere central, in the centre", "in the center", ()),
        ("somewhere northern", "in the north", ()),
        ("What about curry garden?", "What about it?", ("curry garden",)),
        ("What about amber ladle?", "What about it?", ("amber ladle",)),
        ("No problem, feel free to ask!", "I need a hotel.", ()),
        ("I would go to Ask, you know.", "hm", ("ask",)),
        ("Ask me anything.", "hm", ()),
        ("For 4 people at 17:30", "For 4 people", ("17", "30")),
        ("For 4 people", "For four people", ()),
        ("Enjoy your hotel!", "Bye.", ()),
        ("A guesthouse? The north? The north!", "Hi.", ("guesthouse", "north")),
    ],
)
def test_only_what_is_new_is_foreign(text: str, plain: str, foreign: tuple[str, ...]) -> None:
    assert foreign_values(text, plain, LEXICON) == foreign


def test_what_is_allowed_is_not_foreign() -> None:
    assert foreign_values("Curry Garden is in the south", "It is there.", LEXICON, ("Curry Garden", "south")) == ()


def test_no_plain_text_of_a_corpus_is_foreign_to_itself_and_its_values_are_found() -> None:
    corpus = Simulated()
    lexicon = lexicon_of(corpus.schema, corpus.database)
    found = 0
    for dialogue in list(corpus.dialogues("test"))[:40]:
        for turn in dialogue.turns:
            assert foreign_values(turn.user, turn.user, lexicon) == ()
            assert foreign_values(turn.system, turn.system, lexicon) == ()
            found += bool(foreign_values(turn.system, "", lexicon))
    assert found > 40


def test_the_digest_follows_the_content() -> None:
    assert lexicon_of(SCHEMA).digest == lexicon_of(SCHEMA).digest != LEXICON.digest
