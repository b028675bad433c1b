"""Which metrics a task has, by default and by name."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tod_bench.errors import UserError
from tod_bench.records import Schema, TaskName
from tod_metrics import Metric, check_spec, metric, metric_class, metric_names, parse_spec
from tod_metrics.items import ActItem, DialogueItem, FrameItem, ResponseItem, StateItem
from tod_metrics.protocols import state_protocol
from tod_metrics.state.slot_sets import beyond_multiwoz, is_multiwoz
from tod_metrics.state.state_metric import StateMetric

ITEMS: Mapping[TaskName, tuple[type, ...]] = {
    "dst": (StateItem, FrameItem),
    "policy": (ActItem,),
    "response": (ResponseItem, DialogueItem),
}
"""Task -> the items that its metrics score."""

FIELDS: Mapping[TaskName, str] = {"dst": "state", "policy": "acts", "response": "response"}
"""Task -> the field of a prediction that answers it."""

_DEFAULT: Mapping[TaskName, tuple[str, ...]] = {
    "dst": (
        *("jga", "domain_jga_goal", "domain_jga_all", "domain_jga_active", "slot_precision", "slot_recall", "slot_f1"),
        *("joint_f1", "slot_accuracy", "average_goal_accuracy", "relative_slot_accuracy", "turn_accuracy"),
        "flexible_goal_accuracy",
    ),
    "policy": ("act_f1", "act_f1_micro", "act_match"),
    "response": ("bleu", "sacrebleu"),
}


OF_FRAMES = ("joint_categorical_accuracy", "joint_noncategorical_accuracy")
"""Metrics that SGD's official set adds to the default ones, where its protocol is among the columns."""

OF_FRAME_ANSWERS: Mapping[str, str] = {"active_intent": "active_intent_accuracy", "requested": "requested_slots_f1"}
"""Those that it adds where predictions have a field: field -> metric."""


def frame_metrics(protocols: Sequence[str], fields: Collection[str]) -> tuple[str, ...]:
    """What SGD's official set adds to the default metrics.

    Args:
        protocols: The protocols that are laid side by side.
        fields: Which of `OF_FRAME_ANSWERS` the predictions have.
    """
    bases = {protocol.partition("+")[0] for protocol in protocols}
    if bases.isdisjoint(("sgd", "sgd_turn")):
        return ()
    return (*OF_FRAMES, *(name for field, name in OF_FRAME_ANSWERS.items() if "sgd" in bases and field in fields))


def default_metrics(task: TaskName) -> tuple[str, ...]:
    """The metrics that a task is scored by where none are named."""
    return _DEFAULT[task]


def task_protocols(task: TaskName, schema: Schema) -> tuple[str, ...]:
    """The protocols to lay side by side for a task on a corpus, the default first."""
    if task == "policy":
        return ("tod_bench", "skip_empty", "values", "values_skip_empty")
    counted = {domain: [slot for slot, spec in slots.items() if spec.scored] for domain, slots in schema.items()}
    if task == "response":
        return ("tod_bench", "mwzeval") if is_multiwoz(counted) else ("tod_bench",)
    if is_multiwoz(counted):
        spans = () if beyond_multiwoz(counted) else ("pptod",)
        return ("tod_bench", "trade", "trade+dropnone", *spans, "mwzeval", "picpersona")
    return ("tod_bench", "tod_bench+strict", "tod_bench+fuzzy", "sgd", "sgd_turn")


def scores_task(task: TaskName, spec: str) -> bool:
    """Whether a metric scores a task.

    Raises:
        UserError: There is no such metric.
    """
    return _found(spec).item in ITEMS[task]


def specs(task: TaskName, metrics: Sequence[str], protocols: Sequence[str]) -> list[str]:
    """Every metric under every protocol that defines it, metric by metric.

    Args:
        task: The task that is scored.
        metrics: Metrics; one that names its protocol is taken under that alone.
        protocols: The protocols to lay side by side.

    Raises:
        UserError: There is no such metric, or no such protocol.
    """
    found: list[str] = []
    for name in metrics:
        offered = [] if "@" in name else [protocol for protocol in protocols if _defines(task, name, protocol)]
        found += [f"{name}@{protocol}" for protocol in offered] or [name]
    return found


def _defines(task: TaskName, name: str, protocol: str) -> bool:
    found = class_for(task, name)
    if issubclass(found, StateMetric):
        try:
            rules = state_protocol(protocol)
        except ValueError as error:
            raise UserError(str(error)) from None
        return rules.defines(found.name)
    return protocol in found.protocols


def check_metric(task: TaskName, spec: str) -> None:
    """Finds out whether a metric exists and scores a task.

    Raises:
        UserError: There is no such metric or protocol, or it scores another task.
    """
    found = class_for(task, spec)
    if not found.needs:
        _built(spec, {})
        return
    try:
        check_spec(spec)
    except ValueError as error:
        raise UserError(str(error)) from None


def build_metric(task: TaskName, spec: str, context: Mapping[str, Any]) -> Metric[Any]:
    """The metric of a spec, handed what it needs of the corpus.

    Args:
        task: The task that is scored.
        spec: The metric's spec (see `tod_metrics.specs`).
        context: What the corpus has to offer, by name (``database``).

    Raises:
        UserError: There is no such metric, it scores another task, or the corpus lacks what it needs.
    """
    found = class_for(task, spec)
    needed = {name: context.get(name) for name in found.needs}
    for name, value in needed.items():
        if value is None:
            raise UserError(f"the metric {spec!r} needs the corpus's {name}, and this corpus has none at hand")
    return _built(spec, needed)


def label_of(spec: str) -> str:
    """What the scores of a spec are called: its name with its options, without the protocol."""
    return parse_spec(spec).label


def _found(spec: str) -> type[Metric[Any]]:
    try:
        return metric_class(spec)
    except ValueError as error:
        raise UserError(str(error)) from None


def class_for(task: TaskName, spec: str) -> type[Metric[Any]]:
    """The class of a metric, by its spec.

    Raises:
        UserError: There is no such metric, or it scores another task.
    """
    found = _found(spec)
    if found.item not in ITEMS[task]:
        fitting = [known for known, _ in metric_names() if metric_class(known).item in ITEMS[task]]
        raise UserError(
            f"the metric {parse_spec(spec).name!r} does not score the task {task}; these do: {', '.join(fitting)}"
        )
    return found


def _built(spec: str, options: Mapping[str, Any]) -> Metric[Any]:
    try:
        return metric(spec, **options)
    except ValueError as error:
        raise UserError(str(error)) from None
