"""Streams: batches, shards, pickles and states give the number of one big batch, for every metric."""

import pickle
import random
from contextlib import suppress
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_metrics import METRICS, metric, metric_class
from tod_metrics.adapters.streaming import Stream
from tod_metrics.items import ActItem, DialogueItem, FrameItem, ResponseItem, StateItem
from tod_metrics.pairs import items_of
from tod_metrics.state.states import StateBatch
from tod_metrics.style.emotions import EmotionItem
from toy_styles import CHILD, SENIOR, LetterEncoder, toy_classifier, toy_directions

VALUES = {"area": ["east", "west"], "stars": ["4", "dontcare"]}
WORDS = ["the", "hotel", "is", "in", "a", "nice", "area", "of", "town", "and", "has", "free", "parking", "for", "you"]


def state(rng):
    return {
        domain: {slot: rng.choice(values) for slot, values in VALUES.items() if rng.random() < 0.7}
        for domain in ("hotel", "taxi")
        if domain == "hotel" and rng.random() < 0.8
    }


def acts(rng):
    return [["hotel", rng.choice(["inform", "request"]), rng.choice(list(VALUES)), ""] for _ in range(rng.randrange(3))]


def frames(rng):
    return {
        "active_intent": {"Hotels_1": rng.choice(["NONE", "SearchHotel"]), "Taxis_1": "NONE"},
        "requested": {"Hotels_1": [slot for slot in VALUES if rng.random() < 0.5]},
    }


def emotion(rng):
    return rng.choice(["neutral", "joy", "approval"])


def text(rng):
    return " ".join(rng.choices(WORDS, k=rng.randrange(10, 40)))


def dialogues(kind, seed=0, count=12):
    """Rows of whole dialogues: a list of (predictions, references) pairs, one a dialogue."""
    rng = random.Random(seed)
    return [whole(rng, number) if kind is DialogueItem else turns(rng, number, kind) for number in range(count)]


def turns(rng, number, kind):
    make = {StateItem: state, FrameItem: frames, ActItem: acts, ResponseItem: text, EmotionItem: emotion}[kind]
    golds = [{"gold": make(rng), "dialogue_id": f"d{number}", "turn": turn} for turn in range(rng.randrange(1, 6))]
    if kind is ResponseItem:
        user = {"group": rng.choice([CHILD, SENIOR]), "impression": "a person in a nice town"}
        golds = [{**gold, **user, "acts": [["hotel", "inform", "area", "town"]]} for gold in golds]
    if kind is StateItem:
        golds = [{**gold, "goal_domains": ["hotel"], "services": ["hotel"]} for gold in golds]
    return [make(rng) if rng.random() < 0.5 else gold["gold"] for gold in golds], golds


def whole(rng, number):
    """A dialogue about a hotel as one row."""
    gold = [{"reference": text(rng), "state": state(rng), "services": ["hotel"]} for _ in range(rng.randrange(1, 6))]
    predicted = [
        {
            "response": rng.choice(["[name] is nice", "call [phone]"]),
            "state": turn["state"],
            "active_domains": ["hotel"],
        }
        for turn in gold
    ]
    goal = {"hotel": {"inform": {"area": "east"}, "request": ["phone"]}}
    return [predicted], [{"dialogue_id": f"d{number}", "goal": goal, "turns": gold}]


class Venues:
    """Two venues a domain."""

    def query(self, domain, constraints):
        key = "trainid" if domain == "train" else "id"
        return [{key: str(n), "name": f"{domain} {n}", "area": area} for n, area in enumerate(["east", "west"])]

    def __eq__(self, other):
        return isinstance(other, Venues)

    __hash__ = object.__hash__


PLAIN = {(f"d{number}", turn): "the hotel" for number in range(12) for turn in range(6)}

OPTIONS = {
    "inform": {"database": Venues(), "state": "predicted", "active": "given", "text": "delexicalised"},
    "success": {"database": Venues(), "state": "predicted", "active": "given", "text": "delexicalised"},
    "combined": {"database": Venues(), "state": "predicted", "active": "given", "text": "delexicalised"},
    "entity_f1": {"entities": ("nice area", "parking", "town")},
    "persona_attribution": {"style_classifier": toy_classifier()},
    "style_accuracy": {"style_classifier": toy_classifier()},
    "style_strength": {"encoder": LetterEncoder(), "plain_responses": PLAIN},
    "style_direction": {
        "encoder": LetterEncoder(),
        "plain_responses": PLAIN,
        "style_directions": toy_directions(),
    },
}
"""Options without which a metric cannot be built or would choose by the batch."""


def every_spec():
    """Every metric under every protocol that it offers."""
    for name in sorted(METRICS):
        for protocol in getattr(metric_class(name), "protocols", ("",)):
            spec = f"{name}@{protocol}" if protocol else name
            with suppress(ValueError):  # a protocol that does not define the metric
                # Parsing is tested on its own, and would take minutes here.
                options = {"parser": "none"} if name.startswith("politeness") else OPTIONS.get(name, {})
                yield spec, metric(spec, **options)


def is_batchable(one):
    return hasattr(one, "statistics") and getattr(one, "batchable", True)


SPECS = dict(every_spec())
BATCHED = {spec: one for spec, one in SPECS.items() if is_batchable(one)}
every_metric = pytest.mark.parametrize("one", BATCHED.values(), ids=BATCHED)


def stream_of(one):
    return Stream(one, schema_of(one))


def schema_of(one):
    """Without a schema no slot is categorical."""
    slots = dict.fromkeys(VALUES, True)
    return {"hotel": slots, "taxi": slots} if one.name == "joint_categorical_accuracy" else None


def batch_score(one, fed):
    items = items_of(one.item, [row for rows, _ in fed for row in rows], [row for _, rows in fed for row in rows])
    score = float(
        one.aggregate(one.statistics(StateBatch(items, schema_of(one)) if one.item is StateItem else items).sum(axis=0))
    )
    return score if np.isfinite(score) else None


@every_metric
def test_batches_shards_and_copies_give_the_batch_score(one):
    fed = dialogues(one.item)
    wanted = batch_score(one, fed)
    assert wanted is not None
    stream, left, right = stream_of(one), stream_of(one), stream_of(one)
    for number, (predictions, references) in enumerate(fed):
        stream.update(predictions, references)
        (left if number % 3 else right).update(predictions, references)
        stream, left = pickle.loads(pickle.dumps(stream)), deepcopy(left)
    right.merge(left)
    halves, summed = (stream_of(one), stream_of(one)), stream_of(one)
    for half, part in zip(halves, (fed[:5], fed[5:]), strict=True):
        for batch in part:
            half.update(*batch)
    summed.load_state(halves[0].state() + halves[1].state())
    for found in (stream, right, summed):
        assert found.compute() == pytest.approx(wanted, rel=1e-12)
        assert len(found) == stream.state()[-1] > 0


@every_metric
def test_nothing_seen_is_no_score_and_reset_forgets(one):
    stream = stream_of(one)
    fresh = stream.compute()
    stream.update(*dialogues(one.item)[0])
    stream.reset()
    assert stream.compute() == fresh
    assert len(stream) == 0


@given(st.lists(st.integers(0, 11), unique=True, min_size=1), st.integers(0, 10))
@settings(max_examples=25, deadline=None)
def test_order_of_batches_is_irrelevant(order, seed):
    one, fed = metric("jga"), dialogues(StateItem, seed)
    stream, other = Stream(one), Stream(one)
    for number in order:
        stream.update(*fed[number])
    for number in sorted(order):
        other.update(*fed[number])
    assert stream.compute() == other.compute()


def test_a_call_returns_the_score_of_its_batch():
    stream = Stream(metric("jga"))
    assert stream([{}], [{}]) == 100.0
    assert stream([{}], [{"hotel": {"area": "east"}}]) == 0.0
    assert stream.compute() == 50.0


def test_a_batch_that_is_refused_changes_nothing():
    stream = Stream(metric("jga"))
    stream.update([{}], [{}])
    with pytest.raises(ValueError, match="row 1"):
        stream.update([{}, {"hotel": {"area": 1}}], [{}, {}])
    assert (stream.compute(), len(stream)) == (100.0, 1)


def test_other_corpora_need_their_schema():
    """The slots of a batch are not those of the corpus: slot accuracy would depend on the batching."""
    fed = [({"Bus": {"to": "x"}}, {"Bus": {"to": "x"}}), ({"Car": {"at": "y"}}, {"Car": {"at": "z"}})]
    one, schema = metric("slot_accuracy"), {"Bus": {"to": False, "from": False}, "Car": {"at": False}}
    with pytest.raises(ValueError, match="'Bus-to' is no slot of MultiWOZ"):
        Stream(one).update([fed[0][0]], [fed[0][1]])
    stream = Stream(one, schema)
    for prediction, reference in fed:
        stream.update([prediction], [reference])
    items = items_of(StateItem, *zip(*fed, strict=True))
    assert stream.compute() == float(one.aggregate(one.statistics(StateBatch(items, schema)).sum(axis=0)))


def test_only_streams_of_one_signature_merge():
    with pytest.raises(ValueError, match="cannot be merged"):
        Stream(metric("jga")).merge(Stream(metric("jga@trade")))


@pytest.mark.parametrize("state", [[1.0], [1.0, np.nan, 1.0]])
def test_a_state_of_something_else_is_refused(state):
    with pytest.raises(ValueError, match="a state of jga has 3 finite numbers"):
        Stream(metric("jga")).load_state(np.array(state))


def test_what_is_no_sum_over_batches_is_refused():
    refused = [one for one in SPECS.values() if not is_batchable(one)]
    assert {"distinct_ngrams", "conditional_entropy", "msttr"} <= {one.name for one in refused}
    for one in refused:
        with pytest.raises(ValueError, match="looks at the whole corpus at once"):
            Stream(one)


def test_a_metric_may_not_choose_by_the_batch():
    with pytest.raises(ValueError, match=r"say so beforehand \(for this batch it would be inform\|.*state:predicted"):
        Stream(metric("inform", database=Venues())).update(*dialogues(DialogueItem)[0])


def test_the_turn_before_must_be_in_the_batch():
    with pytest.raises(ValueError, match="looks at the turn before"):
        Stream(metric("turn_accuracy")).update([{}], [{"gold": {}, "dialogue_id": "a", "turn": 1}])
