"""Metrics of task-oriented dialogue: pure scoring, one metric a file, importable without the rest of tod-bench.

    from tod_metrics import metric
    jga = metric("jga@trade")
    jga.aggregate(jga.statistics(items).sum(axis=0))

A metric is named as ``name``, ``name@protocol`` or ``name(option=value, ...)@protocol`` (see `tod_metrics.specs`).
To add one, write its file and one line in `METRICS`; a metric of another package is found through the entry point group
``tod_bench.metrics``.
"""

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from tod_metrics.specs import MetricSpec, bound_options, canonical, check_options, nearest, parse_spec

if TYPE_CHECKING:
    from tod_metrics.base import Metric, Signature

GROUP = "tod_bench.metrics"

METRICS: Mapping[str, str] = {
    "act_f1": "tod_metrics.act.act_f1:ActF1",
    "act_f1_micro": "tod_metrics.act.act_f1_micro:ActF1Micro",
    "act_match": "tod_metrics.act.act_match:ActMatch",
    "active_intent_accuracy": "tod_metrics.state.active_intent_accuracy:ActiveIntentAccuracy",
    "average_goal_accuracy": "tod_metrics.state.average_goal_accuracy:AverageGoalAccuracy",
    "bleu": "tod_metrics.response.bleu:NltkBleu",
    "combined": "tod_metrics.dialogue.combined:Combined",
    "conditional_entropy": "tod_metrics.style.entropy:ConditionalEntropy",
    "delex_bleu": "tod_metrics.response.delex_bleu:DelexBleu",
    "distinct_ngrams": "tod_metrics.style.distinct:DistinctNgrams",
    "distinct_ratio": "tod_metrics.style.distinct:DistinctRatio",
    "domain_jga_active": "tod_metrics.state.domain_jga:DomainJGAActive",
    "domain_jga_all": "tod_metrics.state.domain_jga:DomainJGAAll",
    "domain_jga_goal": "tod_metrics.state.domain_jga:DomainJGAGoal",
    "emotion_share": "tod_metrics.style.emotions:EmotionShare",
    "entity_f1": "tod_metrics.response.entity_f1:EntityF1",
    "flexible_goal_accuracy": "tod_metrics.state.flexible_goal_accuracy:FlexibleGoalAccuracy",
    "gunning_fog": "tod_metrics.style.gunning_fog:GunningFog",
    "gunning_fog_dialogue": "tod_metrics.style.gunning_fog:GunningFogDialogue",
    "inform": "tod_metrics.dialogue.inform_success:Inform",
    "jga": "tod_metrics.state.jga:JGA",
    "joint_categorical_accuracy": "tod_metrics.state.joint_categorical_accuracy:JointCategoricalAccuracy",
    "joint_f1": "tod_metrics.state.joint_f1:JointF1",
    "joint_noncategorical_accuracy": "tod_metrics.state.joint_noncategorical_accuracy:JointNoncategoricalAccuracy",
    "mean_length": "tod_metrics.style.mean_length:MeanLength",
    "msttr": "tod_metrics.style.msttr:MSTTR",
    "politeness": "tod_metrics.style.politeness:Politeness",
    "politeness_count": "tod_metrics.style.politeness:PolitenessCount",
    "politeness_negative": "tod_metrics.style.politeness:PolitenessNegative",
    "politeness_positive": "tod_metrics.style.politeness:PolitenessPositive",
    "relative_slot_accuracy": "tod_metrics.state.relative_slot_accuracy:RelativeSlotAccuracy",
    "requested_slots_f1": "tod_metrics.state.requested_slots_f1:RequestedSlotsF1",
    "sacrebleu": "tod_metrics.response.sacre_bleu:SacreBleu",
    "slot_accuracy": "tod_metrics.state.slot_accuracy:SlotAccuracy",
    "slot_f1": "tod_metrics.state.slot_f1:SlotF1",
    "slot_precision": "tod_metrics.state.slot_precision:SlotPrecision",
    "slot_recall": "tod_metrics.state.slot_recall:SlotRecall",
    "success": "tod_metrics.dialogue.inform_success:Success",
    "token_entropy": "tod_metrics.style.entropy:TokenEntropy",
    "turn_accuracy": "tod_metrics.state.turn_accuracy:TurnAccuracy",
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
    # NumPy is behind these, and `tod-bench --help` needs only `tod_metrics.errors`.
    if name in ("Metric", "Signature"):
        return getattr(import_module("tod_metrics.base"), name)
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
