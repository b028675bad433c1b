"""Which metrics a task has: by default, by name, and for responses by how they are written."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.records import Database, Dialogue, Prediction, Schema, TaskName
from tod_metrics import Metric, check_spec, metric, metric_class, metric_names, parse_spec
from tod_metrics.dialogue.venues import SEARCHED
from tod_metrics.episode import EPISODE_METRICS
from tod_metrics.items import ActItem, DialogueItem, FrameItem, NotedItem, ResponseItem, StateItem
from tod_metrics.judge import JUDGE_METRICS
from tod_metrics.protocols import state_protocol
from tod_metrics.sources import delexicalised_share
from tod_metrics.state.slot_sets import beyond_multiwoz, is_multiwoz
from tod_metrics.state.state_metric import StateMetric

ITEMS: Mapping[TaskName, tuple[type, ...]] = {
    "dst": (StateItem, FrameItem, NotedItem),
    "policy": (ActItem, NotedItem),
    "response": (ResponseItem, DialogueItem, NotedItem),
}
"""Task -> the items that its metrics score; what predictions note is scored for every task."""

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

_NEEDS: Mapping[str, str] = {
    "encoder": "sentence encoder",
    "plain_responses": "plain responses",
    "style_classifier": "classifier of styles",
    "style_directions": "directions of styles",
}
"""What metrics need, in words."""

OF_FRAMES = ("joint_categorical_accuracy", "joint_noncategorical_accuracy")
"""Metrics that SGD's official set adds to the default ones, where its protocol is among the columns."""

OF_FRAME_ANSWERS: Mapping[str, str] = {"active_intent": "active_intent_accuracy", "requested": "requested_slots_f1"}
"""Those that it adds where predictions have a field: field -> metric."""

OF_CONFIDENCE = ("auroc", "ece", "brier", "aurc", "eaurc")
"""The metrics of confidence, in the order of the table of calibration."""

OF_NOTES = (
    *("unread_rate", "unread_pieces", "unknown_rate", "requests_per_turn", "tokens_per_turn", "usd_per_turn"),
    "seconds_per_turn",
)
"""The metrics over what predictions note, which are shown beside the others where predictions have such notes."""

_LEXICALISED = ("bleu", "sacrebleu", "entity_f1", "inform", "success")
_DELEXICALISED = ("delex_bleu", "inform", "success", "combined")
_STYLE = (
    *("mean_length", "distinct_ngrams", "distinct_ratio", "token_entropy", "conditional_entropy", "msttr"),
    *("gunning_fog", "gunning_fog_dialogue", "politeness"),
)
_WITH_DATABASE = frozenset({"entity_f1", "inform", "success", "combined"})
_WITH_GOALS = frozenset({"inform", "success", "combined"})
_WITH_SPANS = frozenset({"delex_bleu", "combined"})
_MODULES: Mapping[str, tuple[str, ...]] = {
    "bleu": ("nltk",),
    "sacrebleu": ("sacrebleu",),
    "delex_bleu": ("sacrebleu", "sacremoses"),
    "combined": ("sacrebleu", "sacremoses"),
    **dict.fromkeys(_STYLE[:6], ("sacremoses",)),
    "gunning_fog": ("textstat",),
    "gunning_fog_dialogue": ("textstat",),
    "politeness": ("convokit",),
}
"""Metric -> the modules of the extra ``style`` that it needs under one of its protocols."""


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
    with _user_errors():
        return metric_class(spec).item in ITEMS[task]


def scores_every_task(spec: str) -> bool:
    """Whether a metric scores every task (what predictions note), so that it says nothing of which is meant.

    Raises:
        UserError: There is no such metric.
    """
    return all(scores_task(task, spec) for task in ITEMS)


def task_of(spec: str) -> TaskName:
    """The task that a metric scores; the first of several.

    Raises:
        UserError: There is no such metric, or it scores no task.
    """
    for task in ITEMS:
        if scores_task(task, spec):
            return task
    raise UserError(f"the metric {spec!r} scores no task that predictions could be made for")


def specs(task: TaskName, metrics: Sequence[str], protocols: Sequence[str]) -> list[str]:
    """Every metric under every protocol that defines it, metric by metric.

    Args:
        task: The task that is scored.
        metrics: Metrics; one that names its protocol is taken under that alone.
        protocols: The protocols to lay side by side.

    Raises:
        UserError: There is no such metric, or no such protocol.
    """
    chosen: list[str] = []
    for name in metrics:
        defining = [] if "@" in name else [protocol for protocol in protocols if _defines(task, name, protocol)]
        chosen += [f"{name}@{protocol}" for protocol in defining] or [name]
    return chosen


def _defines(task: TaskName, spec: str, protocol: str) -> bool:
    chosen = class_for(task, spec)
    if not issubclass(chosen, StateMetric):
        return protocol in chosen.protocols
    with _user_errors():
        return state_protocol(protocol).defines(chosen.name)


def check_metric(task: TaskName, spec: str) -> None:
    """Finds out whether a metric exists and scores a task.

    Raises:
        UserError: There is no such metric or protocol, or it scores another task.
    """
    needs = class_for(task, spec).needs
    with _user_errors():
        if needs:
            check_spec(spec)
        else:
            metric(spec)


def build_metric(task: TaskName, spec: str, context: Mapping[str, Any]) -> Metric[Any]:
    """The metric of a spec, handed what it needs of the corpus.

    Args:
        task: The task that is scored.
        spec: The metric's spec (see `tod_metrics.specs`).
        context: What the corpus has to offer, by name (``database``; see `tod_bench.scoring.resources`).

    Raises:
        UserError: There is no such metric, it scores another task, or the corpus lacks what it needs.
    """
    needed = {}
    for name in class_for(task, spec).needs:
        needed[name] = context.get(name)
        if needed[name] is None:
            raise UserError(
                f"the metric {spec!r} needs the corpus's {_NEEDS.get(name, name)}, and this corpus has none"
            )
    with _user_errors():
        return metric(spec, **needed)


def class_for(task: TaskName, spec: str) -> type[Metric[Any]]:
    """The class of a metric, by its spec.

    Raises:
        UserError: There is no such metric, or it scores another task.
    """
    if parse_spec(spec).name in JUDGE_METRICS:
        raise UserError(
            f"{parse_spec(spec).name} needs a judge or people: run `tod-bench judge CONFIG`, or name a judge config in "
            "`tasks.response.judge` of an eval config"
        )
    if parse_spec(spec).name in EPISODE_METRICS:
        raise UserError(f"{parse_spec(spec).name} scores played episodes: run `tod-bench play CONFIG`")
    if not scores_task(task, spec):
        fitting = [known for known, _ in metric_names() if scores_task(task, known)]
        raise UserError(
            f"the metric {parse_spec(spec).name!r} does not score the task {task}; these do: {', '.join(fitting)}"
        )
    return metric_class(spec)


@contextmanager
def _user_errors() -> Iterator[None]:
    """What the registry says of a spec, as an error that a user can mend."""
    try:
        yield
    except ValueError as error:
        raise UserError(str(error)) from None


@dataclass(frozen=True, slots=True)
class ResponseMetrics:
    """The metrics of a file of responses.

    Attributes:
        metrics: Their names.
        notes: What a reader must know of the choice, a sentence each.
    """

    metrics: tuple[str, ...]
    notes: tuple[str, ...]


def response_metrics(
    corpus: Corpus, dialogues: Sequence[Dialogue], predictions: Iterable[Prediction]
) -> ResponseMetrics:
    """Every metric that the field reports for responses and that this file and this corpus have.

    Delexicalised responses are compared with delexicalised references; BLEU against the lexicalised ones would be that
    of another task. Inform, Success and Combined need goals and a database; Combined is left out for lexicalised
    responses, whose placeholders here and in the references would be of two makes.

    Args:
        corpus: The corpus.
        dialogues: The dialogues that were answered.
        predictions: The predictions.
    """
    texts = [prediction.response for prediction in predictions if prediction.response]
    having, is_delexicalised = delexicalised_share(texts)
    notes: list[str] = []
    if texts and is_delexicalised:
        notes.append(
            f"{having} of {len(texts)} responses have placeholders: they are delexicalised, and BLEU is against "
            "delexicalised references (delex_bleu)"
        )
    chosen = [*(_DELEXICALISED if texts and is_delexicalised else _LEXICALISED), *_STYLE]
    if not any(dialogue.goal for dialogue in dialogues):
        chosen = [name for name in chosen if name not in _WITH_GOALS]
    if not _has_venues(corpus.database):
        chosen = [name for name in chosen if name not in _WITH_DATABASE]
    if chosen[0] == "delex_bleu" and not any(turn.spans for dialogue in dialogues for turn in dialogue.turns):
        notes.append("the corpus has no spans of values to delexicalise its references by, so there is no delex_bleu")
        chosen = [name for name in chosen if name not in _WITH_SPANS]
    missing = [name for name in chosen if any(find_spec(module) is None for module in _MODULES.get(name, ()))]
    if missing:
        notes.append(f"left out: {', '.join(missing)}; install them with `pip install 'tod-bench[style]'`")
    return ResponseMetrics(tuple(name for name in chosen if name not in missing), tuple(notes))


def _has_venues(database: Database | None) -> bool:
    return database is not None and all(database.query(domain, {}) for domain in SEARCHED)
