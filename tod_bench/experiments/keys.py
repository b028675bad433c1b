"""Keys of the store are digests of everything that decides the content; here are the inputs that experiments share.

    inputs of a job (a mapping) ──digest──▶ its key

Where a key is another one than that of an earlier result, `changes` says in words what has changed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from tod_bench.corpora.base import GROUP as CORPORA
from tod_bench.errors import UserError
from tod_bench.experiments.content import OWN, local_files, own_source, source_digest
from tod_bench.experiments.judge_scores import judge_of
from tod_bench.experiments.plan import Plan
from tod_bench.experiments.results import Experiment
from tod_bench.files import digest_of_files
from tod_bench.judge.classifier import is_classifier
from tod_bench.judge.config import OF_CORPUS, JudgeConfig
from tod_bench.judge.labelled import GOEMOTIONS, labelled_file
from tod_bench.provenance import installed_version
from tod_bench.records import ExperimentTask
from tod_metrics import GROUP as METRICS
from tod_metrics import metric_class, parse_spec

if TYPE_CHECKING:
    from tod_metrics import Metric


def corpus_inputs(plan: Plan, label: str) -> dict[str, Any]:
    """What decides the dialogues of a corpus: its files and options, and the code that reads them."""
    corpus = plan.corpora.get(label)
    if corpus is None:
        return {}
    name = plan.config.corpora[label].corpus
    return {"fingerprint": corpus.fingerprint, **source_digest(type(corpus), CORPORA, name)}


def metric_sources(plan: Plan, task: ExperimentTask) -> dict[str, dict[str, str]]:
    """What tells one version from another of the code of metrics that are not tod-bench's own."""
    classes = _metric_classes(plan, task)
    theirs = {name: code for name, code in classes.items() if code.__module__.partition(".")[0] not in OWN}
    return {name: source_digest(code, METRICS, name) for name, code in theirs.items()}


def metric_libraries(plan: Plan, task: ExperimentTask) -> dict[str, str]:
    """The installed versions of the libraries that decide the numbers of a task's metrics; empty for one not there."""
    names = sorted({name for code in _metric_classes(plan, task).values() for name in code.libraries})
    return {name: installed_version(name) or "" for name in names}


def _metric_classes(plan: Plan, task: ExperimentTask) -> dict[str, "type[Metric[Any]]"]:
    """The classes of a task's metrics by name, in the order of the names."""
    if task in ("corpus", "people"):
        return {}
    names = sorted({parse_spec(spec).name for spec in plan.settings(task).metrics})
    return {name: metric_class(name) for name in names}


def judge_inputs(plan: Plan, experiment: Experiment, task: ExperimentTask) -> dict[str, Any]:
    """What a task asks a judge about an experiment, and what this names: prompts, dialogues, texts, pictures."""
    configs = [judge_of(plan.config, experiment, entry) for entry in plan.settings(task).judge]
    judges = [config.model_dump(mode="json") for config in configs]
    named = [[config.prompt, config.sample.ids, config.judge.trained_on or ""] for config in configs]
    shown = {config.judge.images for config in configs} - {None}
    corpus = plan.corpora.get(experiment.corpus)
    own = corpus.images if corpus is not None and OF_CORPUS in shown else None
    return {
        "judge": judges,
        "files": local_files([named, sorted(shown - {OF_CORPUS})]) | _goemotions(configs),
        **({"images": own.fingerprint} if own is not None else {}),
    }


def _goemotions(configs: Sequence[JudgeConfig]) -> dict[str, str]:
    """The parts of GoEmotions that judges are trained on, by a name that is the same on every machine."""
    chosen = {config.judge.trained_on or GOEMOTIONS for config in configs if is_classifier(config.judge.model)}
    found = {}
    for name in sorted(chosen):
        if name.partition(":")[0] == GOEMOTIONS:
            with suppress(UserError):  # a requirement of the experiment says that it is not there
                file = labelled_file(name, "train")
                found[f"{GOEMOTIONS}:{file.stem}"] = digest_of_files([file])
    return found


@cache
def harness_source(step: Literal["predict", "score", "judge"]) -> str:
    """Digest of tod-bench's own code behind a step, which a checkout can change without a new version."""
    if step == "predict":
        return own_source(*(f"tod_bench.{name}" for name in ("records", "systems", "tasks", "linearize")))
    scoring = ("records", "scoring", "statistics", "embeddings", "experiments.corpus_statistics")
    judging = ("experiments.judge_scores", "images", "judge") if step == "judge" else ()
    return own_source("tod_metrics", *(f"tod_bench.{name}" for name in (*scoring, *judging)))


_NESTING = frozenset({"scored", "fit", "depends_on", "responses", "state", "acts"})
"""Keys that only say from which earlier step an input comes."""

_WORDS = {"train": "the training split", "dev": "the dev split", "test": "the test split", "split": "the split"}


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What changed between the inputs of two results, a phrase each and each once.

    Args:
        before: The inputs of a result when it was made.
        now: The inputs that a job has now.
    """
    phrases = _differences(as_json(before), as_json(now), (), "")
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


def as_json(value: Any) -> Any:
    """A value as it is after it was written to a JSON file and read back."""
    return json.loads(json.dumps(value, default=str))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], path: Sequence[str], system: str) -> Iterator[str]:
    system = str(now.get("system", system))
    for key in [*now, *(key for key in before if key not in now)]:
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(old, new, (*path, key), system)
        elif old != new:
            yield _phrase((*path, key), old, new, system)


def _phrase(path: Sequence[str], before: Any, now: Any, system: str) -> str:
    """One change in words; empty where another phrase tells it."""
    key, section = path[-1], path[-2] if len(path) > 1 else ""
    match key:
        case "fingerprint":
            return "the corpus's files or options changed"
        case "harness":
            return "the code of tod-bench itself changed"
        case "version":
            return f"tod-bench is {now}, not {before}"
        case "source" | "distribution":
            if "metric_code" in path:
                owner = f"the metric {section}"
            else:
                owner = f"the system {system}" if "code" in path else "the corpus's reader"
            return f"the source of {owner} changed" if key == "source" else f"{owner} is of {now}, not of {before}"
    if section in ("files", "ratings"):
        return f"the content of {key} changed" if before is not None and now is not None else ""
    name = ".".join(part for part in path if part not in _NESTING or part == key)
    is_now = "is no longer set" if now is None else f"is {_brief(now)}"
    return f"{_WORDS.get(key, name)} {is_now}, {'and was not set' if before is None else f'not {_brief(before)}'}"


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
