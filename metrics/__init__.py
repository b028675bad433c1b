"""Metrics of task-oriented dialogue: pure scoring, one metric a file, importable without the rest of tod-bench.

    from metrics import metric
    jga = metric("jga@trade")
    jga.aggregate(jga.statistics(items).sum(axis=0))

A metric is named in configs as ``name`` or ``name@protocol``. To add one, write its file and one line in `METRICS`; a
metric of another package is found through the entry point group ``tod_bench.metrics``.
"""

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metrics.base import Metric, Signature

GROUP = "tod_bench.metrics"

METRICS: Mapping[str, str] = {
    "act_f1": "metrics.act_f1:ActF1",
    "act_f1_micro": "metrics.act_f1_micro:ActF1Micro",
    "act_match": "metrics.act_match:ActMatch",
    "average_goal_accuracy": "metrics.average_goal_accuracy:AverageGoalAccuracy",
    "bleu": "metrics.bleu:NltkBleu",
    "combined": "metrics.combined:Combined",
    "conditional_entropy": "metrics.entropy:ConditionalEntropy",
    "delex_bleu": "metrics.delex_bleu:DelexBleu",
    "distinct_ngrams": "metrics.distinct:DistinctNgrams",
    "distinct_ratio": "metrics.distinct:DistinctRatio",
    "domain_jga_active": "metrics.domain_jga:DomainJGAActive",
    "domain_jga_all": "metrics.domain_jga:DomainJGAAll",
    "domain_jga_goal": "metrics.domain_jga:DomainJGAGoal",
    "emotion_share": "metrics.emotions:EmotionShare",
    "entity_f1": "metrics.entity_f1:EntityF1",
    "flexible_goal_accuracy": "metrics.flexible_goal_accuracy:FlexibleGoalAccuracy",
    "gunning_fog": "metrics.gunning_fog:GunningFog",
    "gunning_fog_dialogue": "metrics.gunning_fog:GunningFogDialogue",
    "inform": "metrics.inform_success:Inform",
    "jga": "metrics.jga:JGA",
    "joint_f1": "metrics.joint_f1:JointF1",
    "mean_length": "metrics.mean_length:MeanLength",
    "msttr": "metrics.msttr:MSTTR",
    "politeness": "metrics.politeness:Politeness",
    "politeness_count": "metrics.politeness:PolitenessCount",
    "politeness_negative": "metrics.politeness:PolitenessNegative",
    "politeness_positive": "metrics.politeness:PolitenessPositive",
    "relative_slot_accuracy": "metrics.relative_slot_accuracy:RelativeSlotAccuracy",
    "sacrebleu": "metrics.sacre_bleu:SacreBleu",
    "slot_accuracy": "metrics.slot_accuracy:SlotAccuracy",
    "slot_f1": "metrics.slot_f1:SlotF1",
    "slot_precision": "metrics.slot_precision:SlotPrecision",
    "slot_recall": "metrics.slot_recall:SlotRecall",
    "success": "metrics.inform_success:Success",
    "token_entropy": "metrics.entropy:TokenEntropy",
    "turn_accuracy": "metrics.turn_accuracy:TurnAccuracy",
}
"""Name -> ``module:class`` of every metric of this package, sorted; imported when it is asked for."""

__all__ = ["GROUP", "METRICS", "Metric", "Signature", "metric", "metric_class", "metric_names"]


def __getattr__(name: str) -> Any:
    # NumPy is behind these, and `tod-bench --help` needs only `metrics.errors`.
    if name in ("Metric", "Signature"):
        return getattr(import_module("metrics.base"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def metric(spec: str, **options: Any) -> "Metric[Any]":
    """A metric by its spec.

    Args:
        spec: ``name`` or ``name@protocol``, e.g. ``jga`` or ``jga@trade``.
        **options: Keyword arguments of the metric's class.

    Raises:
        ValueError: There is no such metric or protocol, or the metric does not take an option.
    """
    name, _, protocol = spec.partition("@")
    found = metric_class(name)
    if protocol:
        options["protocol"] = protocol
    accepted = inspect.signature(found).parameters
    unknown = next((option for option in options if option not in accepted), None)
    if unknown == "protocol":
        raise ValueError(f"the metric {name!r} has no protocols; write {name!r} instead of {spec!r}")
    if unknown is not None:
        raise ValueError(f"the metric {name!r} has no option {unknown!r}{_nearest(unknown, accepted)}")
    built: Metric[Any] = found(**options)
    return built


def metric_class(name: str) -> type[Any]:
    """The class of a metric, by its name without a protocol.

    Raises:
        ValueError: There is no such metric.
    """
    known = _known()
    if name not in known:
        raise ValueError(f"there is no metric {name!r}{_nearest(name, known)}; see `tod-bench list metrics`")
    module, _, attribute = known[name].partition(":")
    loaded: type[Any] = getattr(import_module(module), attribute)
    return loaded


def metric_names() -> list[tuple[str, str]]:
    """Every installed metric and the first line of its documentation, sorted by name."""
    return [(name, (inspect.getdoc(metric_class(name)) or "").partition("\n")[0]) for name in sorted(_known())]


@cache
def _known() -> Mapping[str, str]:
    installed = {point.name: point.value for point in entry_points(group=GROUP)}
    return {**installed, **METRICS}


def _nearest(word: str, choices: Mapping[str, Any]) -> str:
    near = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
