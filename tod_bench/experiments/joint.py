"""Trainings on several corpora, or on another than the one that is tested: keys, schema, database, pictures, record.

    corpora:
      multiwoz: {corpus: multiwoz, splits: {train: [multiwoz:train, mine:train]}}
      mine:     {corpus: my_corpus, splits: {test: none}}

A training of the tested corpus alone has the key that it always had.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tod_bench.corpora.joined import union
from tod_bench.errors import UserError
from tod_bench.experiments.keys import corpus_inputs
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Experiment
from tod_bench.images import Images
from tod_bench.records import Database, Dialogue, Schema
from tod_bench.splits import SplitOf, own_split, parse_split, splits_of


def training_dialogues(plan: Plan, corpus: str) -> dict[str, Any]:
    """What decides the dialogues that systems tested on a corpus are trained and selected on, as JSON values.

    Corpora are known by content and not by label, so that a training serves every corpus whose splits name the same.
    """
    splits = plan.config.corpora[corpus].splits
    if _is_alone(plan, corpus):
        return {
            "corpus": corpus_inputs(plan, corpus),
            "train": parse_split(own_split(corpus, splits.train)),
            "dev": parse_split(own_split(corpus, splits.dev)),
        }
    return {name: _parts(plan, splits_of(corpus, getattr(splits, name))) for name in ("train", "dev")}


def tested_dialogues(plan: Plan, experiment: Experiment) -> dict[str, Any]:
    """What decides the tested dialogues beside their split, where the training's inputs do not say it."""
    return {} if _is_alone(plan, experiment.corpus) else {"corpus": corpus_inputs(plan, experiment.corpus)}


def joint_resources(plan: Plan, experiment: Experiment) -> tuple[Schema, Database | None]:
    """The schema (the union of all) and the database that a training's dialogues share.

    Raises:
        UserError: A training that counts database entries has corpora with databases of their own.
    """
    labels = _labels(plan, experiment)
    corpora = [plan.corpora[label] for label in labels]
    databases = [corpus.database for corpus in corpora]
    alike = len(labels) == 1 or len({type(corpus) for corpus in corpora}) == 1
    if not alike and any(databases) and set(plan.shared_training(experiment)) != {"dst"}:
        raise UserError(
            f"corpora.{experiment.corpus}.splits: {' and '.join(labels)} have databases of their own, and policy and "
            "response read how many entries match; train them on one corpus, or only dst on several"
        )
    return union([corpus.schema for corpus in corpora]), databases[0] if alike else None


def joint_images(plan: Plan, experiment: Experiment) -> Images | None:
    """The pictures of a training's users; None where no corpus has any.

    Raises:
        UserError: A system that looks at them has corpora with pictures of their own: a name could be of either's.
    """
    found = {label: images for label in _labels(plan, experiment) if (images := plan.corpora[label].images) is not None}
    sees = plan.systems[experiment.system].untrained.sees
    if sees and len({images.fingerprint for images in found.values()}) > 1:
        raise UserError(
            f"corpora.{experiment.corpus}.splits: {' and '.join(found)} have pictures of their own, and "
            f"{experiment.system} looks at pictures; train it on corpora with the same ones"
        )
    return next(iter(found.values()), None)


def _labels(plan: Plan, experiment: Experiment) -> list[str]:
    """The corpora that a training reads."""
    return list(dict.fromkeys(label for label, _ in plan.trained_on(experiment.corpus)))


def origins(train: Mapping[SplitOf, list[Dialogue]], dev: Mapping[SplitOf, list[Dialogue]]) -> dict[str, Any]:
    """What a training's record says of where its dialogues come from, and how many have an id that another has too."""
    ids = Counter(dialogue.id for dialogues in train.values() for dialogue in dialogues)
    return {
        "trained_on": {str(source): len(dialogues) for source, dialogues in train.items()},
        "selected_on": {str(source): len(dialogues) for source, dialogues in dev.items()},
        "train_ids_twice": sum(1 for count in ids.values() if count > 1),
    }


def _is_alone(plan: Plan, corpus: str) -> bool:
    return all(source.corpus == corpus for source in plan.trained_on(corpus))


def _parts(plan: Plan, sources: Sequence[SplitOf]) -> list[Any]:
    return [[corpus_inputs(plan, label), parse_split(expression)] for label, expression in sources]
