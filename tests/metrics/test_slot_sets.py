"""Which slots count: the schema's, and MultiWOZ's 30 for MultiWOZ alone."""

import pytest

from tod_metrics import metric
from tod_metrics.adapters.streaming import Stream
from tod_metrics.items import StateItem
from tod_metrics.normalization import MULTIWOZ_SLOTS, MULTIWOZ_UNSCORED
from tod_metrics.state.slot_sets import beyond_multiwoz, is_multiwoz, scored_slots, slots_of
from tod_metrics.state.states import StateBatch

RATED = {"restaurant": {"area": False, "pricerange": False, "rating": False}}
MULTIWOZ = {
    domain: dict.fromkeys(slots, False)
    for domain, slots in {**MULTIWOZ_SLOTS, **MULTIWOZ_UNSCORED, "police": ("name",)}.items()
}


def value(spec, gold, predicted, schema, left_out=None):
    scored = metric(spec)
    batch = StateBatch([StateItem("d", 0, gold, predicted)], schema, left_out)
    return scored.aggregate(scored.statistics(batch).sum(axis=0))


@pytest.mark.parametrize("spec", ["jga", "jga@trade", "jga@picpersona", "jga@mwzeval", "jga@sgd_turn", "slot_f1"])
def test_a_slot_of_the_schema_counts_whatever_its_domain_is_called(spec):
    gold = {"restaurant": {"rating": ("5",)}}
    assert value(spec, gold, {"restaurant": {"rating": "3"}}, RATED) == 0
    assert value(spec, gold, {"restaurant": {"rating": "5"}}, RATED) == 100


def test_slot_accuracy_divides_by_the_schemas_slots():
    assert value("slot_accuracy", {"restaurant": {"rating": ("5",)}}, {}, RATED) == pytest.approx(100 * 2 / 3)


def test_repairs_of_multiwozs_values_are_kept_from_other_corpora():
    """TRADE's repair drops a restaurant in ``cambridge``; that is a fact about MultiWOZ's labels."""
    gold = {"restaurant": {"area": ("cambridge",)}}
    assert value("jga", gold, {}, RATED) == 0
    assert value("jga", gold, {"restaurant": {"area": "cambridge"}}, RATED) == 100
    assert value("jga", gold, {}, MULTIWOZ) == 100


def test_multiwoz_has_its_30_slots_and_those_that_were_added():
    assert sum(map(len, scored_slots(MULTIWOZ).values())) == 30
    assert set(scored_slots(MULTIWOZ)) == set(MULTIWOZ_SLOTS)
    added = {**MULTIWOZ, "hotel": {**MULTIWOZ["hotel"], "view": False}}
    assert is_multiwoz(added)
    assert beyond_multiwoz(scored_slots(added)) == [("hotel", "view")]
    assert value("jga", {"hotel": {"view": ("sea",)}}, {"hotel": {"view": "hill"}}, added) == 0


def test_what_a_corpus_leaves_out_is_ignored_on_both_sides():
    left_out = {"restaurant": ("rating",)}
    assert value("jga", {"restaurant": {"rating": ("5",)}}, {}, RATED, left_out) == 100
    assert value("jga", {}, {"restaurant": {"rating": "5"}}, RATED, left_out) == 100
    assert value("jga", {"hospital": {"department": ("a",)}}, {}, MULTIWOZ) == 100
    assert value("jga", {"hospital": {"department": ("a",)}}, {}, MULTIWOZ, {}) == 0


def test_a_corpus_with_one_domain_of_multiwozs_is_not_multiwoz():
    three = {"restaurant": {"area": False, "food": False, "pricerange": False}}
    assert not is_multiwoz(three)
    assert value("slot_accuracy", {"restaurant": {"area": ("x",), "food": ("y",)}}, {}, three) == pytest.approx(100 / 3)
    assert value("jga@pptod", {"restaurant": {"area": ("east",)}}, {"restaurant": {"area": "east"}}, three) == 100


def test_a_protocol_that_reads_multiwozs_slots_alone_refuses_others():
    with pytest.raises(
        ValueError, match="'pptod' reads MultiWOZ's 30 slots only, and here restaurant-rating counts too"
    ):
        value("jga@pptod", {}, {}, RATED)


def test_without_a_schema_gold_shows_whether_it_is_multiwoz():
    def schema(gold):
        return slots_of([StateItem("d", 0, gold, {})])

    assert is_multiwoz(schema({"hotel": {"bookday": ("monday",)}, "police": {"name": ("x",)}}))
    assert schema({"restaurant": {"rating": ("5",)}}) == {"restaurant": {"rating": False}}


def test_a_stream_without_a_schema_refuses_a_slot_that_is_not_multiwozs():
    stream = Stream(metric("jga"))
    with pytest.raises(
        ValueError, match="'restaurant-rating' is no slot of MultiWOZ; give the stream the corpus's schema"
    ):
        stream.update([{"restaurant": {"rating": "3"}}], [{"restaurant": {"rating": ["5"]}}])
    stream = Stream(metric("jga"), RATED)
    stream.update([{"restaurant": {"rating": "3"}}], [{"restaurant": {"rating": ["5"]}}])
    assert stream.compute() == 0
