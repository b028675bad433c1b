"""The tables of the cards on responses and style: a head and rows each, which `tables.py` writes as Markdown."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tod_metrics import metric
from tod_metrics.items import DialogueItem, DialogueTurn, DomainWish, ResponseItem
from tod_metrics.response.delexicalise import Delexicaliser, delexicalise, domains_in, kinds_in, with_kinds
from tod_metrics.style.politeness import NEGATIVE, politeness_strategies

Table = tuple[Sequence[str], Iterable[Sequence[str]]]

NORTH = "The hotel is in the north ."
BLEU_CASES = (
    (NORTH, NORTH),
    (NORTH, "the hotel is in the north"),
    (NORTH, "It is in the north ."),
    (NORTH, "Which area ?"),
    (NORTH, ""),
)

ENTITIES = ("copper ladle", "ladle", "north", "north indian", "monday")
ENTITY_CASES = (
    ("the copper ladle is in the north", "the copper ladle is in the north"),
    ("a north indian place", "a north place on monday"),
    ("goodbye", "see you monday"),
    ("in the north", "northern lights"),
    ("in the north", ""),
)

TEXTS = (
    "The cat sat on the mat. It was a good cat.",
    "The accommodation is in the city.",
    "Hello.",
    "Your reservation was successful. Is there anything else?",
)

UTTERANCES = (
    "Could you please wait?",
    "Please wait.",
    "So what time?",
    "Thank you, have a great day!",
    "Sorry, I could not find it.",
)

PLACEHOLDERS = (
    "[restaurant_name] is at [restaurant_address]",
    "[value_name] is at [value_address]",
    "[name] is at [address]",
    "restaurant_name is at restaurant_address",
    "[train_id] leaves at [train_leave]",
)

COPIES = ("It is in the north.", "Hello, smiling girl!", "Girls smile.", "A girl, a girl!")
SAID = (
    "The Acorn Guest House has 4 stars, at 17:15.",
    "the acorn  guest house",
    "It is at 17:15pm.",
    "It has 14 stars.",
    "The bus leaves at 4:15 and costs 4.50.",
    "At quarter past five.",
    "",
)
ACTS = (
    ("hotel", "inform", "name", "acorn guest house"),
    ("hotel", "inform", "stars", "4"),
    ("hotel", "inform", "internet", "yes"),
    ("booking", "book", "time", "17:15"),
)

RICH = (
    ("a a a a", ["a a a a"]),
    ("a b a b", ["a b a b"]),
    ("a b c d", ["a b c d"]),
    ("a b, then c d", ["a b", "c d"]),
)


class Toy:
    """Three restaurants and little else."""

    def query(self, domain: str, constraints: Mapping[str, str]) -> list[dict[str, Any]]:  # noqa: ARG002
        """All entries of a domain."""
        restaurants = [
            {"id": "1", "name": "copper ladle", "food": "italian", "area": "north"},
            {"id": "2", "name": "silver spoon", "food": "italian", "area": "south"},
            {"id": "3", "name": "iron pan", "food": "indian", "area": "north"},
        ]
        return restaurants if domain == "restaurant" else [{"id": "1", "trainid": "TR1"}]


ITALIAN, BOTH = {"food": "italian"}, {"food": "italian", "area": "north"}
OFFER, SOUTH = "[value_name] , call [value_phone]", {"food": "italian", "area": "south"}
SUCCESS_CASES: Sequence[tuple[str, Sequence[tuple[str, Mapping[str, str]]]]] = (
    ("a name and the phone, the state is the goal", [(OFFER, BOTH)]),
    ("a name, no phone", [("[value_name] is nice", BOTH)]),
    ("the phone, no name", [("call [value_phone]", BOTH)]),
    ("the state lacks the area: the venue in the south might be meant", [(OFFER, ITALIAN)]),
    ("the last mention is in the wrong area", [(OFFER, BOTH), ("[value_name] ?", SOUTH)]),
    ("the first mention is in the wrong area", [("[value_name] ?", SOUTH), (OFFER, BOTH)]),
    ("a later state is vaguer, and the offer is still among its venues", [(OFFER, BOTH), ("[value_name] ?", ITALIAN)]),
    ("nothing in the database meets the state", [(OFFER, {"food": "thai"})]),
    ("no response", [("", BOTH)]),
)


def score(spec: str, pairs: Iterable[tuple[str, str]], **options: Any) -> str:
    """A score of (reference, response) pairs, a dialogue each."""
    scored: Any = metric(spec, **options)
    items = [ResponseItem(str(place), 0, gold, ours) for place, (gold, ours) in enumerate(pairs)]
    if hasattr(scored, "score_corpus"):
        return shown(scored.score_corpus(items))
    return shown(float(scored.aggregate(scored.statistics(items).sum(axis=0))))


def shown(value: float) -> str:
    """A number with at most two decimals; a dash where it is undefined."""
    return "-" if math.isnan(value) else f"{value:.2f}".removesuffix("0").removesuffix(".0")


def bleu() -> Table:
    """One response each; the last row is a corpus of all of them."""
    columns = ({"spec": "bleu"}, {"spec": "bleu", "lowercase": True}, {"spec": "bleu", "smoothing": "method1"})
    made: list[dict[str, Any]] = [*columns, {"spec": "sacrebleu"}]
    head = ("reference", "response", "`bleu`", "lower case", "`method1`", "`sacrebleu`")
    rows = [(gold, ours, *(score(pairs=[(gold, ours)], **one) for one in made)) for gold, ours in BLEU_CASES]
    return head, [*rows, ("all five", "as one corpus", *(score(pairs=BLEU_CASES, **one) for one in made))]


def entities() -> Table:
    """One response each; the last row is a corpus of all of them."""
    specs = ("entity_f1", "entity_f1@glmp", "entity_f1@maker")
    rows = [
        (gold, ours, *(score(spec, [(gold, ours)], entities=ENTITIES) for spec in specs)) for gold, ours in ENTITY_CASES
    ]
    total = ("all five", "as one corpus", *(score(spec, ENTITY_CASES, entities=ENTITIES) for spec in specs))
    return ("reference", "response", "tod_bench", "glmp", "maker"), [*rows, total]


def fog() -> Table:
    """Texts and their years."""
    rows = [(text, score("gunning_fog", [("", text)])) for text in TEXTS]
    mean = ("mean over the four", score("gunning_fog", [("", text) for text in TEXTS]))
    return ("response", "years"), [*rows, mean]


def politeness() -> Table:
    """Utterances and what is found in them without a parser."""
    rows = []
    for text in UTTERANCES:
        used = sorted(politeness_strategies([text], None)[text] & set(metric("politeness", parser="none").strategies))  # type: ignore[attr-defined]
        marked = ", ".join(f"{name} (negative)" if name in NEGATIVE else name for name in used)
        rows.append((text, marked, score("politeness", [("", text)], parser="none")))
    return ("utterance", "strategies of the 17", "share x 100"), rows


def placeholders() -> Table:
    """One response in every style."""
    rows = (
        (
            f"`{text}`",
            ", ".join(sorted(kinds_in(text))),
            ", ".join(sorted(domains_in(text))) or "-",
            f"`{with_kinds(text)}`",
        )
        for text in PLACEHOLDERS
    )
    return ("response", "kinds", "domains named", "for BLEU"), rows


def styles() -> Table:
    """A lexicalised response in the three styles that are written."""
    text, spans = "Acorn is cheap.", [("hotel", "name", "Acorn", 0, 5), ("hotel", "pricerange", "cheap", 9, 14)]
    found: list[tuple[str, str]] = [
        ("`value`", delexicalise(text, spans, "value")),
        ("`domain`", delexicalise(text, spans, "domain")),
        ("`bare`", delexicalise(text, spans, "bare")),
    ]
    by_text = Delexicaliser({"hotel": [{"name": "the acorn"}]})(text)
    return ("style", text), [*found, ("by the database, `domain`", by_text)]


def success() -> Table:
    """Dialogues whose goal is an Italian restaurant in the north and its phone."""
    goal = {"restaurant": DomainWish(BOTH, ("phone",))}
    rows = []
    for text, turns in SUCCESS_CASES:
        made = tuple(DialogueTurn("", response=response, state={"restaurant": state}) for response, state in turns)
        row = metric("inform", database=Toy()).statistics([DialogueItem("d", made, goal)])[0]
        rows.append((text, "yes" if row[0] else "no", "yes" if row[1] else "no"))
    return ("case", "informed", "succeeds"), rows


def richness() -> Table:
    """Tiny corpora."""
    specs = ("mean_length", "distinct_ngrams", "distinct_ratio", "token_entropy", "conditional_entropy")
    rows = ((name, *(score(spec, [("", text) for text in texts]) for spec in specs)) for name, texts in RICH)
    return ("responses", *(f"`{spec}`" for spec in specs)), rows


def copy_rate() -> Table:
    """What is copied of one user's words."""
    impression, group = "A girl in a jumper, smiling broadly.", {"age": "child"}
    rows = []
    for text in COPIES:
        items = [ResponseItem("d", 0, "", text, group, impression)]
        copied, words, _ = metric("copy_rate").statistics(items)[0]
        rows.append((text, f"{copied:.0f} of {words:.0f}", shown(metric("copy_rate").score(items))))
    return ("response", "words", "copy rate"), rows


def slots_said() -> Table:
    """Values of one turn's acts in responses."""
    rows = []
    for text in SAID:
        items = [ResponseItem("d", 0, "", text, acts=ACTS)]
        said, values, _ = metric("slots_said").statistics(items)[0]
        rows.append((text, f"{said:.0f} of {values:.0f}", shown(metric("slots_said").score(items))))
    return ("response", "values", "slots said"), rows


RESPONSE_TABLES: Mapping[str, Callable[[], Table]] = {
    "bleu": bleu,
    "copy_rate": copy_rate,
    "delexicalised_styles": styles,
    "entities": entities,
    "gunning_fog": fog,
    "placeholders": placeholders,
    "politeness": politeness,
    "richness": richness,
    "slots_said": slots_said,
    "success": success,
}
