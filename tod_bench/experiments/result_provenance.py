"""Where the numbers of a result come from: code, machine, corpus, system, settings; as JSON values."""

import time
from collections.abc import Sequence
from typing import Any

from tod_bench.corpora.annotations import scored_turns
from tod_bench.corpora.base import Corpus
from tod_bench.corpora.extent import Extent, extent
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Experiment
from tod_bench.provenance import provenance
from tod_bench.records import Dialogue
from tod_bench.splits import signed_split, split_notes


def result_provenance(plan: Plan, experiment: Experiment, dialogues: Sequence[Dialogue]) -> dict[str, Any]:
    """Describes an experiment.

    Args:
        plan: The plan.
        experiment: The experiment.
        dialogues: The dialogues that it is about; none where the corpus's files are not there.
    """
    system = plan.systems.get(experiment.system)
    return {
        **provenance(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "corpus": _corpus_record(plan, experiment, dialogues),
        "system": system.config.model_dump(mode="json", exclude_none=True) if system else {},
        "task": plan.settings(experiment.task).model_dump(mode="json"),
        "bootstrap": plan.config.bootstrap.model_dump(),
    }


def _corpus_record(plan: Plan, experiment: Experiment, dialogues: Sequence[Dialogue]) -> dict[str, Any]:
    section = plan.config.corpora[experiment.corpus].model_dump(mode="json")
    corpus, split = plan.corpora.get(experiment.corpus), plan.split(experiment)
    if corpus is None:
        return section
    notes, turns = list(split_notes(corpus, split)), sum(len(dialogue.turns) for dialogue in dialogues)
    if experiment.task not in ("corpus", "people"):
        task = experiment.predicts
        unscored = turns - sum(len(scored_turns(task, dialogue)) for dialogue in dialogues)
        if unscored:
            notes.append(
                f"{unscored} of {turns} turns have no gold answer to the task {task} and are left out of its scores"
            )
    of_release = _extent(corpus, split, len(dialogues))
    if of_release and (experiment.task == "corpus" or of_release.complete is False):
        notes.append(f"{split}: {of_release}")
    sources = plan.trained_on(experiment.corpus)
    if any(source.corpus != experiment.corpus for source in sources) and plan.shared_training(experiment):
        section["trained_on"] = {
            str(source): {"name": other.name, "fingerprint": other.fingerprint, "split": source.expression}
            for source in sources
            if (other := plan.corpora.get(source.corpus)) is not None
        }
    return {
        "name": corpus.name,
        "fingerprint": corpus.fingerprint,
        **section,
        "split": split,
        "signed_split": signed_split(corpus, split),
        "notes": notes,
        "completeness": of_release.as_json() if of_release else None,
        "test_dialogues": len(dialogues),
        "test_turns": turns,
        "skipped": len(corpus.skipped),
        "skipped_records": [str(error) for error in corpus.skipped[:20]],
    }


def _extent(corpus: Corpus, split: str, dialogues: int) -> Extent | None:
    """How much of a release's split the dialogues are; None for a part of a split, several, or an unknown size."""
    if split not in corpus.splits or corpus.release_size is None:
        return None
    return extent(corpus, split, dialogues)
