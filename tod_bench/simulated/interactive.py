"""Interactive goals of the embedded corpus: what its user ended up with, and what came before on the agenda."""

from tod_bench.corpora.interactive_goals import DomainWish, InteractiveGoal, impossible
from tod_bench.records import DomainGoal
from tod_bench.simulated.database import CityDatabase
from tod_bench.simulated.ontology import VENUES
from tod_bench.simulated.script import Script


def interactive_goal(dialogue: str, script: Script, database: CityDatabase) -> InteractiveGoal:
    """The interactive goal of a script.

    Args:
        dialogue: Id of its dialogue.
        script: The script.
        database: Tells whether nothing meets what was to be asked for first.
    """
    return InteractiveGoal(
        dialogue, tuple(_wish(domain, goal, script, database) for domain, goal in script.goal.items())
    )


def _wish(domain: str, goal: DomainGoal, script: Script, database: CityDatabase) -> DomainWish:
    first = {}
    if domain in script.impossible:
        slot, value = script.impossible[domain]
        asked = {**goal.inform, slot: value}
        first = asked if impossible(database, domain, asked) else {}
    refused = [
        pair for beat in script.beats for move in beat.system if (move.kind, move.domain) == ("nobook", domain)
        for pair in move.slots
    ]  # fmt: skip
    sources = script.places.get(domain, {}) if domain == "taxi" else {}
    places = {
        slot: source
        for slot, source in sources.items()
        if slot in ("departure", "destination") and source in VENUES and source in script.goal
    }
    return DomainWish(
        domain,
        {slot: value for slot, value in goal.inform.items() if slot not in places},
        first,
        goal.book,
        {slot: value for slot, value in refused if goal.book.get(slot, value) != value},
        tuple(slot for slot in goal.request if slot != "reference"),
        places,
        "reference" in goal.request,
    )
