"""The registry: which metrics there are, and a metric by its spec.

To add one, write its file and one line in `METRICS`; a metric of another package is found through the entry point group
``tod_bench.metrics``.
"""

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tod_metrics.specs import bound_options, check_options, nearest, parse_spec

if TYPE_CHECKING:
    from tod_metrics.base import Metric

GROUP = "tod_bench.metrics"
"""The entry point group of metrics of other packages."""

METRICS: Mapping[str, str] = {
    "act_f1": "tod_metrics.act.act_f1:ActF1",
    "act_f1_micro": "tod_metrics.act.act_f1:ActF1Micro",
    "act_match": "tod_metrics.act.act_match:ActMatch",
    "active_intent_accuracy": "tod_metrics.state.frames:ActiveIntentAccuracy",
    "aurc": "tod_metrics.confidence.aurc:AURC",
    "auroc": "tod_metrics.confidence.auroc:AUROC",
    "average_goal_accuracy": "tod_metrics.state.average_goal_accuracy:AverageGoalAccuracy",
    "bleu": "tod_metrics.response.bleu:NltkBleu",
    "brier": "tod_metrics.confidence.brier:Brier",
    "combined": "tod_metrics.dialogue.combined:Combined",
    "conditional_entropy": "tod_metrics.style.entropy:ConditionalEntropy",
    "copy_rate": "tod_metrics.style.copy_rate:CopyRate",
    "delex_bleu": "tod_metrics.response.delex_bleu:DelexBleu",
    "distinct_ngrams": "tod_metrics.style.distinct:DistinctNgrams",
    "distinct_ratio": "tod_metrics.style.distinct:DistinctRatio",
    "domain_jga_active": "tod_metrics.state.domain_jga:DomainJGAActive",
    "domain_jga_all": "tod_metrics.state.domain_jga:DomainJGAAll",
    "domain_jga_goal": "tod_metrics.state.domain_jga:DomainJGAGoal",
    "eaurc": "tod_metrics.confidence.aurc:ExcessAURC",
    "ece": "tod_metrics.confidence.ece:ECE",
    "emotion_share": "tod_metrics.style.emotions:EmotionShare",
    "entity_f1": "tod_metrics.response.entity_f1:EntityF1",
    "flexible_goal_accuracy": "tod_metrics.state.flexible_goal_accuracy:FlexibleGoalAccuracy",
    "gunning_fog": "tod_metrics.style.gunning_fog:GunningFog",
    "gunning_fog_dialogue": "tod_metrics.style.gunning_fog:GunningFogDialogue",
    "inform": "tod_metrics.dialogue.inform_success:Inform",
    "jga": "tod_metrics.state.jga:JGA",
    "joint_categorical_accuracy": "tod_metrics.state.slot_kind_accuracy:JointCategoricalAccuracy",
    "joint_f1": "tod_metrics.state.joint_f1:JointF1",
    "joint_noncategorical_accuracy": "tod_metrics.state.slot_kind_accuracy:JointNoncategoricalAccuracy",
    "mean_length": "tod_metrics.style.mean_length:MeanLength",
    "msttr": "tod_metrics.style.msttr:MSTTR",
    "persona_attribution": "tod_metrics.style.persona_attribution:PersonaAttribution",
    "politeness": "tod_metrics.style.politeness:Politeness",
    "politeness_count": "tod_metrics.style.politeness:PolitenessCount",
    "politeness_negative": "tod_metrics.style.politeness:PolitenessNegative",
    "politeness_positive": "tod_metrics.style.politeness:PolitenessPositive",
    "relative_slot_accuracy": "tod_metrics.state.relative_slot_accuracy:RelativeSlotAccuracy",
    "requested_slots_f1": "tod_metrics.state.frames:RequestedSlotsF1",
    "requests_per_turn": "tod_metrics.noted.usage:RequestsPerTurn",
    "sacrebleu": "tod_metrics.response.sacre_bleu:SacreBleu",
    "seconds_per_turn": "tod_metrics.noted.usage:SecondsPerTurn",
    "slot_accuracy": "tod_metrics.state.slot_accuracy:SlotAccuracy",
    "slot_f1": "tod_metrics.state.slot_f1:SlotF1",
    "slot_precision": "tod_metrics.state.slot_f1:SlotPrecision",
    "slot_recall": "tod_metrics.state.slot_f1:SlotRecall",
    "slots_said": "tod_metrics.style.slots_said:SlotsSaid",
    "style_accuracy": "tod_metrics.style.style_accuracy:StyleAccuracy",
    "style_direction": "tod_metrics.style.style_direction:StyleDirection",
    "style_strength": "tod_metrics.style.style_strength:StyleStrength",
    "success": "tod_metrics.dialogue.inform_success:Success",
    "token_entropy": "tod_metrics.style.entropy:TokenEntropy",
    "tokens_per_turn": "tod_metrics.noted.usage:TokensPerTurn",
    "turn_accuracy": "tod_metrics.state.turn_accuracy:TurnAccuracy",
    "unknown_rate": "tod_metrics.noted.rates:UnknownRate",
    "unread_pieces": "tod_metrics.noted.rates:UnreadPieces",
    "unread_rate": "tod_metrics.noted.rates:UnreadRate",
    "usd_per_turn": "tod_metrics.noted.usage:UsdPerTurn",
}
"""Name -> ``module:class`` of every metric of this package, sorted; imported when it is asked for."""


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
    chosen = metric_class(parsed.name)
    bound = {**options, **bound_options(parsed, chosen)}
    check_options(parsed.name, bound, chosen)
    return chosen(**bound)


def check_spec(spec: str) -> None:
    """Finds out whether a spec names a metric, and options and a protocol that it has, without building it.

    Raises:
        ValueError: It does not.
    """
    parsed = parse_spec(spec)
    chosen = metric_class(parsed.name)
    check_options(parsed.name, bound_options(parsed, chosen), chosen)


def metric_class(spec: str) -> "type[Metric[Any]]":
    """The class of a metric, by its name or a whole spec.

    Raises:
        ValueError: There is no such metric, or what is registered under the name is no metric.
    """
    name, known = parse_spec(spec).name, registered()
    if name not in known:
        raise ValueError(f"there is no metric {name!r}{nearest(name, known)}; see `tod-bench list metrics`")
    module, _, attribute = known[name].partition(":")
    loaded = getattr(import_module(module), attribute)
    _check_class(name, known[name], loaded)
    chosen: type[Metric[Any]] = loaded
    return chosen


def metric_names() -> list[tuple[str, str]]:
    """Every installed metric and the first line of its documentation, sorted by name."""
    return [(name, (inspect.getdoc(metric_class(name)) or "").partition("\n")[0]) for name in sorted(registered())]


@cache
def registered() -> Mapping[str, str]:
    """Name -> ``module:class`` of every installed metric; those of this package win."""
    # A third of the start-up of every verb, most of which need no metric.
    from importlib.metadata import entry_points

    from tod_metrics.episode import EPISODE_METRICS
    from tod_metrics.judge import JUDGE_METRICS

    installed = {point.name: point.value for point in entry_points(group=GROUP)}
    return {**installed, **EPISODE_METRICS, **JUDGE_METRICS, **METRICS}


def _check_class(name: str, path: str, loaded: Any) -> None:
    from tod_metrics.base import Metric

    if not (isinstance(loaded, type) and issubclass(loaded, Metric)):
        raise ValueError(
            f"{path}, registered as the metric {name!r}, does not derive from tod_metrics.Metric; "
            "docs/add_a_metric.md shows how"
        )
    missing = [what for what in ("item", "name", "columns") if not hasattr(loaded, what)]
    missing += sorted(loaded.__abstractmethods__)
    if missing:
        raise ValueError(f"{path}, registered as the metric {name!r}, does not define {', '.join(missing)}")
