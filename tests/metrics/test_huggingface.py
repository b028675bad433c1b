"""Every metric with Hugging Face evaluate: loaded by path, offline, and with the number of the library."""

import math
import os
import re
import sys
from pathlib import Path

import pytest

from tod_metrics import METRICS, metric
from tod_metrics.adapters.hf import path
from tod_metrics.items import ActItem, DialogueItem, FrameItem, NotedItem, ResponseItem, StateItem
from tod_metrics.pairs import items_of
from tod_metrics.protocols import CONFIDENCE_METRICS
from tod_metrics.style.emotions import EmotionItem
from toy_styles import CHILD, SENIOR, LetterEncoder, toy_classifier, toy_directions

os.environ.setdefault("HF_HUB_OFFLINE", "1")
evaluate = pytest.importorskip("evaluate", reason="evaluate is in the extra: pip install 'tod-bench[style]'")

STATES = (
    [{"hotel": {"area": "east", "stars": "4"}}, {"hotel": {"area": "west"}}, {}],
    [
        {"gold": {"hotel": {"area": ["east"], "stars": ["4", "four"]}}, "dialogue_id": "a", "turn": 0},
        {"gold": {"hotel": {"area": ["east"]}}, "dialogue_id": "a", "turn": 1},
        {"gold": {}, "dialogue_id": "b", "turn": 0},
    ],
)
STATES = (STATES[0], [{**row, "goal_domains": ["hotel"], "services": ["hotel"]} for row in STATES[1]])
ACTS = (
    [[["hotel", "request", "area"]], [["hotel", "inform", "stars", "4"], ["general", "bye"]], []],
    [[["hotel", "request", "area"]], [["hotel", "inform", "stars", "5"]], []],
)
FRAMES = (
    [{"active_intent": {"Hotels_1": "SearchHotel"}, "requested": {"Hotels_1": ["phone"]}}, {}],
    [{"active_intent": {"Hotels_1": "SearchHotel"}, "requested": {"Hotels_1": ["phone", "address"]}}] * 2,
)
RESPONSES = (
    ["which area of town would you like to stay in ?", "the hotel is booked , enjoy your stay"],
    ["which area of town do you want to stay in ?", "your hotel is booked . enjoy your stay !"],
)
USERS = [
    {"dialogue_id": "a", "turn": 0, "group": CHILD, "impression": "a child who would like to stay"},
    {"dialogue_id": "b", "turn": 0, "group": SENIOR, "acts": [["hotel", "inform", "name", "hotel"]]},
]
RESPONSES = (RESPONSES[0], [{"gold": gold, **user} for gold, user in zip(RESPONSES[1], USERS, strict=True)])
PLAIN = {("a", 0): "which area ?", ("b", 0): "booked"}
EMOTIONS = (["joy", "neutral", "neutral"], [None, None, None])
GOAL = {"hotel": {"inform": {"area": "east"}, "request": ["phone"]}}
DIALOGUES = (
    [[{"response": "[name] it is , call [phone]", "state": {"hotel": {"area": "east"}}, "active_domains": ["hotel"]}]],
    [{"goal": GOAL, "turns": [{"reference": "hotel 0 it is , call 01223", "state": {"hotel": {"area": "east"}}}]}],
)
ROWS = {
    StateItem: STATES,
    FrameItem: FRAMES,
    ActItem: ACTS,
    ResponseItem: RESPONSES,
    EmotionItem: EMOTIONS,
    DialogueItem: DIALOGUES,
}


class Venues:
    """Two venues a domain."""

    def query(self, domain, constraints):
        key = "trainid" if domain == "train" else "id"
        return [{key: str(n), "name": f"{domain} {n}", "area": area} for n, area in enumerate(["east", "west"])]


OPTIONS = {
    "inform": {"database": Venues()},
    "success": {"database": Venues()},
    "combined": {"database": Venues()},
    "entity_f1": {"entities": ("hotel", "town")},
    "persona_attribution": {"style_classifier": toy_classifier(), "k": 2},
    "style_accuracy": {"style_classifier": toy_classifier()},
    "style_strength": {"encoder": LetterEncoder(), "plain_responses": PLAIN},
    "style_direction": {
        "encoder": LetterEncoder(),
        "plain_responses": PLAIN,
        "style_directions": toy_directions(),
    },
}
"""What metrics that need something of the corpus are given."""


@pytest.fixture(autouse=True, scope="module")
def caches(tmp_path_factory):
    """evaluate copies scripts into a package and writes Arrow files; keep both out of the user's caches."""
    import evaluate.config

    folder = tmp_path_factory.mktemp("evaluate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate.config, "HF_METRICS_CACHE", folder / "metrics")
        patch.setattr(evaluate.config, "HF_MODULES_CACHE", folder / "modules")
        patch.syspath_prepend(str(folder / "modules"))
        yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "evaluate_modules"]:
        del sys.modules[name]


def of_the_library(one, predictions, references):
    items = items_of(one.item, predictions, references)
    one = one.resolved(items)
    return one, one.score(items)


def test_a_script_is_written_once_and_mended():
    script = Path(path("jga"))
    text = script.read_text(encoding="utf-8")
    assert 'registered = "jga"' in text
    before = script.stat().st_mtime_ns
    assert path("jga") == str(script)
    assert script.stat().st_mtime_ns == before
    script.write_text("an older version's", encoding="utf-8")
    assert Path(path("jga")).read_text(encoding="utf-8") == text
    assert [file.name for file in script.parent.iterdir() if file.suffix != ".py"] == []


# What prediction files note is in no row.
OF_ROWS = sorted(name for name in METRICS if metric(name, **OPTIONS.get(name, {})).item is not NotedItem)


@pytest.mark.parametrize("name", OF_ROWS)
def test_the_number_is_the_librarys(name):
    options = OPTIONS.get(name, {})
    one = metric(name, **options)
    predictions, references = ROWS[one.item]
    found = evaluate.load(path(name), metric_options=options).compute(predictions=predictions, references=references)
    settled, score = of_the_library(one, predictions, references)
    assert found == {
        name: None if math.isnan(score) else pytest.approx(score),
        f"{name}_signature": str(settled.signature),
    }


def test_most_numbers_above_are_defined():
    """msttr needs more text than the rows have, categorical slots a schema, calibration a confidence; nothing else."""
    undefined = []
    for name in OF_ROWS:
        one = metric(name, **OPTIONS.get(name, {}))
        if math.isnan(of_the_library(one, *ROWS[one.item])[1]):
            undefined.append(name)
    assert undefined == [*sorted(CONFIDENCE_METRICS), "joint_categorical_accuracy", "msttr"]


def test_what_a_metric_needs_is_asked_for():
    with pytest.raises(ValueError, match=r"inform needs its database: evaluate\.load"):
        evaluate.load(path("inform"))


def test_the_configuration_is_the_protocol():
    predictions, references = [{"hotel": {"area": "none"}}, {}], [{"hotel": {"area": "none"}}, {}]
    default, trade = (evaluate.load(path("jga"), protocol) for protocol in (None, "trade"))
    assert default.compute(predictions=predictions, references=references)["jga"] == 100.0
    found = trade.compute(predictions=predictions, references=references)
    assert found["jga"] == 50.0  # TRADE keeps a gold none, which nothing matches
    assert "protocol:trade" in found["jga_signature"]


def test_rows_one_by_one_and_in_batches():
    predictions, references = STATES
    one = evaluate.load(path("turn_accuracy"))
    for prediction, reference in zip(predictions, references, strict=True):
        one.add(prediction=prediction, reference=reference)
    single = one.compute()
    one.add_batch(predictions=predictions[:1], references=references[:1])
    one.add_batch(predictions=predictions[1:], references=references[1:])
    assert one.compute() == single == one.compute(predictions=predictions, references=references)


def test_combine():
    predictions, references = STATES
    both = evaluate.combine([path("jga"), path("slot_f1")])
    found = both.compute(predictions=predictions, references=references)
    assert sorted(found) == ["jga", "jga_signature", "slot_f1", "slot_f1_signature"]
    assert found["jga"] == pytest.approx(200 / 3)
    both.add_batch(predictions=predictions, references=references)
    assert both.compute() == found
    protocols = {name: evaluate.load(path("jga"), name) for name in ("tod_bench", "trade")}
    prefixed = evaluate.combine(protocols).compute(predictions=predictions, references=references)
    assert sorted(prefixed) == ["tod_bench_jga", "tod_bench_jga_signature", "trade_jga", "trade_jga_signature"]


def test_a_schema_and_options_reach_the_metric():
    rows = {"predictions": [{"Bus_1": {"to": "x"}}], "references": [{"Bus_1": {"to": "x"}}]}
    narrow = evaluate.load(path("slot_accuracy"), schema={"Bus_1": {"to": False}})
    wide = evaluate.load(path("slot_accuracy"), schema={"Bus_1": {"to": False}, "Car_1": {"at": False}})
    assert narrow.compute(**rows)["slot_accuracy"] == wide.compute(**rows)["slot_accuracy"] == 100.0
    area = evaluate.load(path("slot_f1"), metric_options={"domain": "hotel"})
    assert area.metric.domain == "hotel"


def test_undefined_is_none():
    found = evaluate.load(path("slot_recall")).compute(predictions=[{}], references=[{}])
    assert found["slot_recall"] is None


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ({"predictions": [{}], "references": []}, "Mismatch in the number of predictions"),
        ({"predictions": [{"hotel": {"stars": 4}}], "references": [{}]}, "row 0: predicted hotel-stars must be a text"),
    ],
)
def test_bad_rows_are_refused(rows, problem):
    with pytest.raises(ValueError, match=problem):
        evaluate.load(path("jga")).compute(**rows)


def test_unknown_metrics_and_protocols_are_named():
    with pytest.raises(ValueError, match="there is no metric 'jgaa' for evaluate; there are act_f1, "):
        path("jgaa")
    with pytest.raises(ValueError, match="protocol"):
        evaluate.load(path("jga"), "trad")


def test_the_guide_runs(capsys):
    guide = (Path(__file__).parents[2] / "docs" / "use_elsewhere.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, {})
    printed = capsys.readouterr().out
    assert printed.startswith("100.0 jga|protocol:trade")
    assert "{'jga': 50.0, 'jga_signature': 'jga|protocol:trade" in printed
    assert printed.endswith("50.0 2\n")
