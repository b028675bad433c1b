"""Every corpus under every metric: a number that means something, or one sentence why there is none."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from test_corpora_others import UNIFIED, _simmc_release, _star_release, _unified

from tod_baselines.floors.majority import Majority
from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.corpora.sgd import SGD
from tod_bench.corpora.simmc2 import SIMMC2
from tod_bench.corpora.star import STAR
from tod_bench.corpora.unified import KVRET, WOZ, CamRest
from tod_bench.errors import UserError
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.scoring import default_metrics, score, scores_task
from tod_bench.scoring.gold import require_gold, undefined_metrics
from tod_bench.scoring.metrics import class_for
from tod_bench.scoring.resources import Resources
from tod_bench.splits import read_all, signed_split
from tod_bench.systems import FitContext
from tod_bench.tasks import TASKS, gold_prediction, turn_inputs
from tod_metrics import metric_class, metric_names

EXACT = {*default_metrics("dst"), *default_metrics("policy"), "entity_f1"}
"""Metrics under whose default protocol gold itself has 100."""

OVERLAP = {"bleu", "sacrebleu", "delex_bleu"}
"""Metrics of which gold is the ceiling, though below 100 where responses have fewer words than their n-grams."""

ZERO = {"bleu", "sacrebleu", "delex_bleu", "entity_f1", "slot_f1", "slot_recall"}
"""Metrics that give nothing for an empty answer. (Inform does: a goal of a taxi alone needs no venue.)"""


def _metrics(task: TaskName) -> list[str]:
    """Every metric of a task, under each of its protocols."""
    names = [name for name, _ in metric_names() if scores_task(task, name)]
    offered = {name: getattr(metric_class(name), "protocols", ()) for name in names}
    # Parsing every response would take most of this test's time, and whether a number is defined does not rest on it.
    names = [f"{name}(parser=none)" if name.startswith("politeness") else name for name in names]
    return [*names, *(f"{name}@{one}" for name in default_metrics(task)[:1] for one in offered[name])]


def _gold(dialogues: Sequence[Dialogue]) -> list[Prediction]:
    return [gold_prediction(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]


def _empty(dialogues: Sequence[Dialogue]) -> list[Prediction]:
    return [Prediction(one.id, turn.index, {}, (), "", (), {}, {}) for one in dialogues for turn in one.turns]


def _majority(dialogues: Sequence[Dialogue], task: TaskName, corpus: Corpus, folder: Path) -> list[Prediction]:
    system, context = Majority(), FitContext(task, corpus.schema, 1, folder)
    system.fit(dialogues, [], context)
    system.load(context)
    # It answers no intents and no requested slots, which a metric of these needs of some turn.
    return [replace(one, active_intent={}, requested={}) for one in system.predict(task, turn_inputs(dialogues, task))]


def _scored(
    corpus: Corpus, split: str, task: TaskName, specs: Sequence[str], answers: Sequence[Prediction]
) -> list[float | None]:
    """The score of the whole under each metric; what is undefined has no value, and never NaN for one."""
    scores = score(
        task, read_all(corpus, split), answers, corpus_name=corpus.name, split=signed_split(corpus, split),
        schema=corpus.schema, metrics=specs, resources=Resources(corpus, split), database=corpus.database,
        draws=0,
    )  # fmt: skip
    assert all(one.value is None or math.isfinite(one.value) for one in scores)
    assert all(one.coverage == 1.0 for one in scores)
    return [one.value for one in scores if not one.slice]


def remember(corpus: Corpus, split: str) -> None:
    """Lets a corpus read the first dialogues of a split once, and not for every metric anew."""
    name, _, part = split.partition("[:")
    first = list(islice(corpus.dialogues(name), int(part.rstrip("]")) if part else None))
    read = corpus.dialogues
    corpus.dialogues = lambda other: iter(first) if other == name else read(other)  # type: ignore[method-assign]


def _lacks(corpus: Corpus, split: str, task: TaskName, spec: str) -> bool:
    """Whether a metric needs what so small a corpus cannot give: a classifier of styles, say."""
    try:
        for name in class_for(task, spec).needs:
            Resources(corpus, split)[name]
    except UserError:
        return True
    return False


def check_corpus(corpus: Corpus, split: str, folder: Path) -> dict[str, str]:
    """Goes through every metric of every task; returns metric -> why it is undefined."""
    remember(corpus, split)
    dialogues, refused = read_all(corpus, split), dict[str, str]()
    for task in TASKS:
        specs = _metrics(task)
        undefined = undefined_metrics(corpus, split, task, specs)
        for spec in undefined:
            with pytest.raises(UserError, match=r"so .* cannot be computed; choose") as said:
                require_gold(corpus, split, task, [spec])
            assert "\n" not in str(said.value)
        refused |= undefined
        defined = [spec for spec in specs if spec not in undefined and not _lacks(corpus, split, task, spec)]
        if defined:
            every = (_gold(dialogues), _empty(dialogues), _majority(dialogues, task, corpus, folder))
            found = [_scored(corpus, split, task, defined, answers) for answers in every]
            for spec, *values in zip(defined, *found, strict=True):
                _check_values(spec, *values)
    return refused


def _check_values(spec: str, gold: float | None, empty: float | None, majority: float | None) -> None:
    values = {"gold": gold, "empty": empty, "majority": majority}
    if spec in EXACT:
        assert gold is None or gold == pytest.approx(100.0), (spec, values)
    if spec in EXACT | OVERLAP:
        assert gold is not None, (spec, values)
        assert max(gold, empty or 0.0, majority or 0.0) == gold, (spec, values)
    if spec in ZERO:
        assert not empty, (spec, values)


@pytest.fixture
def small_releases(
    release22: Path, release_log: Path, release_sgd: Path, release_picpersona: Path, write: Any, tmp_path: Path
) -> dict[str, tuple[Any, str]]:
    for domain in ("attraction", "restaurant", "train"):
        write(f"mw21/db/{domain}_db.json", [{"id": "0", "name": "a", "area": "east", "trainID": "TR1"}])
    without_acts = tmp_path / "without_acts"
    for path in (path for path in release22.rglob("*.json") if path.name != "dialog_acts.json"):
        target = without_acts / path.relative_to(release22)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return {
        "multiwoz22": (lambda: MultiWOZ(release22), "test"),
        "multiwoz22 without acts": (lambda: MultiWOZ(without_acts), "test"),
        "multiwoz_log": (lambda: MultiWOZ(release_log, version="2.1"), "test"),
        "sgd": (lambda: SGD(release_sgd), "test"),
        "picpersona": (lambda: PicPersona(release_picpersona), "train"),
        "camrest": (lambda: CamRest(_unified(tmp_path / "camrest", UNIFIED)), "dev"),
        "kvret": (lambda: KVRET(_unified(tmp_path / "kvret", UNIFIED)), "dev"),
        "woz": (lambda: WOZ(_unified(tmp_path / "woz", UNIFIED)), "dev"),
        "star": (lambda: STAR(_star_release(write, tmp_path)), "all"),
        "simmc2": (lambda: SIMMC2(_simmc_release(write, tmp_path)), "dev"),
        "simulated": (lambda: open_corpus("simulated", dialogues={"test": 5}), "test"),
    }


ACTS = {"act_f1", "act_f1_micro", "act_match"}
STATES = set(default_metrics("dst"))
GOALS = {"inform", "success", "combined"}

UNDEFINED: dict[str, set[str]] = {
    "multiwoz22": GOALS,
    "multiwoz22 without acts": GOALS | ACTS,
    "multiwoz_log": set(),
    "sgd": GOALS | {"entity_f1"},
    "picpersona": GOALS | {"delex_bleu"},
    "camrest": {"entity_f1"},
    "kvret": GOALS | ACTS,
    "woz": GOALS | ACTS,
    "star": GOALS | STATES | {"delex_bleu", "entity_f1"},
    "simmc2": GOALS | STATES | {"delex_bleu", "entity_f1"},
    "simulated": set(),
}
"""What must be undefined on a corpus for want of gold (more may be, for want of a database or of MultiWOZ's slots)."""


@pytest.mark.parametrize("name", UNDEFINED)
def test_a_number_with_a_meaning_or_a_sentence(name: str, small_releases: Any, tmp_path: Path) -> None:
    make, split = small_releases[name]
    refused = {spec for spec in check_corpus(make(), split, tmp_path / "majority") if "@" not in spec}
    assert refused >= UNDEFINED[name]


REAL: dict[str, tuple[str, dict[str, Any], str, set[str]]] = {
    "multiwoz2.2": ("multiwoz", {}, "test[:40]", set()),
    "multiwoz2.1": ("multiwoz", {"version": "2.1"}, "test[:40]", set()),
    "multiwoz2.0": ("multiwoz", {"version": "2.0"}, "test[:40]", GOALS | {"entity_f1"}),
    "sgd": ("sgd", {}, "test[:40]", GOALS | {"entity_f1"}),
    "sgd frame": ("sgd", {"view": "frame"}, "dev[:40]", GOALS | {"entity_f1"}),
    "camrest": ("camrest", {}, "test[:60]", GOALS | {"entity_f1"}),
    "kvret": ("kvret", {}, "test[:60]", GOALS | ACTS),
    "woz": ("woz", {}, "test[:60]", GOALS | ACTS),
    "star": ("star", {}, "all[:40]", GOALS | STATES | {"delex_bleu", "entity_f1"}),
    "simmc2 dev": ("simmc2", {}, "dev[:40]", GOALS | STATES | {"delex_bleu", "entity_f1"}),
    "simmc2 teststd": ("simmc2", {}, "teststd[:40]", GOALS | STATES | ACTS | {"delex_bleu", "entity_f1"}),
}


@pytest.mark.realdata
@pytest.mark.parametrize("name", REAL)
def test_a_number_or_a_sentence_on_the_real_corpora(name: str, realdata: Path, tmp_path: Path) -> None:
    assert realdata.is_dir()
    corpus, options, split, undefined = REAL[name]
    try:
        opened = open_corpus(corpus, **options)
    except UserError as error:
        pytest.skip(str(error))
    refused = {spec for spec in check_corpus(opened, split, tmp_path / "majority") if "@" not in spec}
    assert refused >= undefined
