"""What gold a metric needs, and whether a corpus has it: without, the number is undefined and nothing is scored."""

from collections.abc import Collection, Mapping, Sequence

from tod_bench.corpora.annotations import NAMES, Annotation, not_found
from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.records import Dialogue, TaskName
from tod_bench.scoring.metrics import class_for
from tod_bench.scoring.pairing import slots_and_left_out
from tod_bench.scoring.resources import unavailable
from tod_bench.splits import parse_split, read_split, split_and_service
from tod_metrics import parse_spec
from tod_metrics.items import ActItem, DialogueItem, FrameItem, ResponseItem, StateItem
from tod_metrics.protocols import state_protocol
from tod_metrics.state.slot_sets import beyond_multiwoz, scored_slots
from tod_metrics.state.state_metric import StateMetric

_OF_ITEM: Mapping[type, tuple[Annotation, ...]] = {
    StateItem: ("states",),
    FrameItem: ("frames",),
    ActItem: ("acts",),
    ResponseItem: ("responses",),
    DialogueItem: ("responses",),
}


def annotations_of(task: TaskName, spec: str) -> tuple[Annotation, ...]:
    """The annotations that a metric holds answers against.

    A metric's class may list them in `annotations`. Where it does not, they follow from its items; a metric of whole
    dialogues that looks venues up in the database (Inform) holds them against the user's goal.

    Args:
        task: The task that is scored.
        spec: The metric's spec (see `tod_metrics.specs`).

    Raises:
        UserError: There is no such metric, or it scores another task.
    """
    metric = class_for(task, spec)
    if metric.annotations is not None:
        return metric.annotations
    goals: tuple[Annotation, ...] = ("goals",) if metric.item is DialogueItem and "database" in metric.needs else ()
    return (*_OF_ITEM.get(metric.item, ()), *goals)


def check_gold(task: TaskName, specs: Sequence[str], dialogues: Sequence[Dialogue], where: str) -> None:
    """Finds out whether dialogues have what metrics need.

    Raises:
        UserError: Not one has; the sentence names the metric and what is missing.
    """
    wanted = {annotation for spec in specs for annotation in annotations_of(task, spec)}
    missing = not_found(dialogues, wanted) if dialogues else frozenset()
    for spec, annotation in _lacking(task, specs, missing).items():
        raise UserError(
            f"{where} has no {NAMES[annotation]}, so {spec} is undefined on it; leave the metric out, or give the "
            "corpus's files that have them (`tod-bench data check` says what is missing)"
        )


def _lacking(task: TaskName, specs: Sequence[str], missing: Collection[Annotation]) -> dict[str, Annotation]:
    """The metrics that need an annotation that is missing, each with the first such."""
    lacking: dict[str, Annotation] = {}
    for spec in specs:
        for annotation in annotations_of(task, spec):
            if annotation in missing:
                lacking.setdefault(spec, annotation)
    return lacking


def require_gold(corpus: Corpus, split: str, task: TaskName, specs: Sequence[str]) -> None:
    """Finds out whether metrics are defined on a split of a corpus, before anything is computed.

    Raises:
        UserError: One is not; the sentence names it and what is missing.
    """
    undefined = undefined_metrics(corpus, split, task, specs)
    for spec, lack in undefined.items():
        others = f" and {len(undefined) - 1} more" if len(undefined) > 1 else ""
        raise UserError(f"{lack}, so {spec}{others} cannot be computed; choose other metrics or another task")


def require_personas(corpus: Corpus, split: str, groups: Sequence[str]) -> None:
    """Finds out whether the users of a split can be grouped.

    Raises:
        UserError: Groupings are asked for, and no dialogue says who its user is.
    """
    missing = missing_annotations(corpus, split, {"personas"}) if groups else {}
    if missing:
        raise UserError(
            f"{corpus.name} {split} has no personas ({missing['personas']}), so its users cannot be grouped by "
            f"{' or '.join(groups)}; leave the grouping out, or take a corpus of personas such as picpersona"
        )


def undefined_metrics(corpus: Corpus, split: str, task: TaskName, specs: Sequence[str]) -> dict[str, str]:
    """Which metrics are undefined on a split of a corpus, before anything is computed.

    What the reader declares costs nothing; for the rest, the split is read until a dialogue has all that is needed.

    Args:
        corpus: The corpus.
        split: A split expression.
        task: The task that is scored.
        specs: The metrics.

    Returns:
        Metric -> what is missing, as a clause.

    Raises:
        UserError: The split cannot be read, or there is no such metric.
    """
    wanted = {annotation for spec in specs for annotation in annotations_of(task, spec)}
    missing = missing_annotations(corpus, split, wanted)
    lacking = _lacking(task, specs, missing)
    undefined: dict[str, str] = {}
    for spec in specs:
        if spec in lacking:
            annotation = lacking[spec]
            undefined[spec] = f"{corpus.name} {split} has no {NAMES[annotation]} ({missing[annotation]})"
        elif lack := unavailable(corpus, class_for(task, spec).needs):
            undefined[spec] = lack
        elif issubclass(class_for(task, spec), StateMetric) and (foreign := _unread_slots(spec, corpus)):
            undefined[spec] = f"{corpus.name} counts {'-'.join(foreign[0])}, which the protocol of {spec} cannot read"
    return undefined


def _unread_slots(spec: str, corpus: Corpus) -> list[tuple[str, str]]:
    """Slots of a corpus that count and that the protocol of a metric would not see."""
    try:
        rules = state_protocol(parse_spec(spec).protocol or "tod_bench")
    except ValueError as error:
        raise UserError(str(error)) from None
    return beyond_multiwoz(scored_slots(*slots_and_left_out(corpus.schema))) if rules.slots == "span" else []


def missing_annotations(corpus: Corpus, split: str, wanted: set[Annotation]) -> dict[Annotation, str]:
    """Which annotations a split expression lacks: annotation -> why.

    Raises:
        UserError: The split cannot be read.
    """
    splits = sorted({split_and_service(part)[0] for part, *_ in parse_split(split)})
    by_split = [corpus.missing_annotations(name) for name in splits]
    declared = {
        annotation: by_split[0][annotation]
        for annotation in wanted
        if by_split and all(annotation in of_split for of_split in by_split)
    }
    unknown = wanted - declared.keys()
    unseen = not_found(read_split(corpus, split), unknown) if unknown else frozenset()
    return {**declared, **dict.fromkeys(unseen, "no dialogue of the split has one")}
