"""Metrics of task-oriented dialogue: pure scoring, one metric a file, importable without the rest of tod-bench.

    from metrics import metric
    jga = metric("jga@trade")
    jga.aggregate(jga.statistics(items).sum(axis=0))

A metric is named as ``name``, ``name@protocol`` or ``name(option=value, ...)@protocol`` (see `metrics.specs`). To add
one, write its file and one line in `METRICS`; a metric of another package is found through the entry point group
``tod_bench.metrics``.
"""

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from metrics.specs import MetricSpec, bound_options, canonical, check_options, nearest, parse_spec

if TYPE_CHECKING:
    from metrics.base import Metric, Signature

GROUP = "tod_bench.metrics"

METRICS: Mapping[str, str] = {
    "act_f1": "metrics.act_f1:ActF1",
    "act_f1_micro": "metrics.act_f1_micro:ActF1Micro",
    "act_match": "metrics.act_match:ActMatch",
    "active_intent_accuracy": "metrics.active_intent_accuracy:ActiveIntentAccuracy",
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
    "joint_categorical_accuracy": "metrics.joint_categorical_accuracy:JointCategoricalAccuracy",
    "joint_f1": "metrics.joint_f1:JointF1",
    "joint_noncategorical_accuracy": "metrics.joint_noncategorical_accuracy:JointNoncategoricalAccuracy",
    "mean_length": "metrics.mean_length:MeanLength",
    "msttr": "metrics.msttr:MSTTR",
    "politeness": "metrics.politeness:Politeness",
    "politeness_count": "metrics.politeness:PolitenessCount",
    "politeness_negative": "metrics.politeness:PolitenessNegative",
    "politeness_positive": "metrics.politeness:PolitenessPositive",
    "relative_slot_accuracy": "metrics.relative_slot_accuracy:RelativeSlotAccuracy",
    "requested_slots_f1": "metrics.requested_slots_f1:RequestedSlotsF1",
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

__all__ = [
    "GROUP",
    "METRICS",
    "Metric",
    "MetricSpec",
    "Signature",
    "canonical",
    "check_spec",
    "metric",
    "metric_class",
    "metric_names",
    "parse_spec",
]


def __getattr__(name: str) -> Any:
    # NumPy is behind these, and `tod-bench --help` needs only `metrics.errors`.
    if name in ("Metric", "Signature"):
        return getattr(import_module("metrics.base"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def metric(spec: str, **options: Any) -> "Metric[Any]":
    """A metric by its spec.

    Args:
        spec: ``name``, ``name@protocol`` or ``name(option=value, ...)@protocol``, e.g. ``jga``, ``jga@trade`` or
            ``inform(state=gold)@mwzeval``.
        **options: Further keyword arguments of the metric's class.

    Raises:
        ValueError: There is no such metric or protocol, or the metric does not take an option or its value.
    """
    parsed = parse_spec(spec)
    found = metric_class(parsed.name)
    given = {**options, **bound_options(parsed, found)}
    check_options(parsed.name, given, found)
    built: Metric[Any] = found(**given)
    return built


def check_spec(spec: str) -> None:
    """Finds out whether a spec names a metric, and options and a protocol that it has, without building it.

    Raises:
        ValueError: It does not.
    """
    parsed = parse_spec(spec)
    found = metric_class(parsed.name)
    check_options(parsed.name, bound_options(parsed, found), found)


def metric_class(spec: str) -> type[Any]:
    """The class of a metric, by its name or a whole spec.

    Raises:
        ValueError: There is no such metric.
    """
    name, known = parse_spec(spec).name, _known()
    if name not in known:
        raise ValueError(f"there is no metric {name!r}{nearest(name, known)}; see `tod-bench list metrics`")
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
