"""What a config needs and does not find: files, ratings, a key. All of it is known before anything runs.

What is missing is no error of the config: everything else can be run, and the table has dashes for the rest.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig, SystemConfig, TaskConfig
from tod_bench.experiments.judge_scores import judge_of, ratings_file
from tod_bench.experiments.results import Experiment
from tod_bench.judge.classifier import is_classifier
from tod_bench.judge.clients import needs_no_server
from tod_bench.judge.labelled import GOEMOTIONS, labelled_file
from tod_bench.llm.failures import PermanentError
from tod_bench.llm.servers import read_key, resolve_url
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.scoring import default_metrics
from tod_bench.scoring.gold import require_personas, undefined_metrics
from tod_bench.splits import UNTESTED, own_split, parse_split, split_and_service
from tod_bench.tasks import TASKS


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that is missing.

    Attributes:
        place: The config's key that names it.
        sentence: What is missing, and the command that supplies it.
        dash: Whether it leaves a dash with its reason in a table whose other experiments are defined; else the config
            cannot run whole without it.
    """

    place: str
    sentence: str
    dash: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


Undefined = Mapping[tuple[str, ExperimentTask], Mapping[str, str]]
"""(corpus label, task) -> metric -> what the corpus lacks that the metric needs."""


def metrics_of(settings: TaskConfig, task: TaskName) -> tuple[str, ...]:
    """The metrics of a task: those named, or its default set where there is no judge either."""
    return settings.metrics or (() if settings.judge else default_metrics(task))


def missing_split(config: EvalConfig, label: str, corpus: Corpus) -> Requirement | None:
    """The requirement of a corpus that lacks a split which every experiment of it reads."""
    splits = config.corpora[label].splits
    counted = set(config.tasks) == {"corpus"}
    expression = own_split(label, splits.train) if counted else splits.test
    if not expression or (not counted and expression == UNTESTED):
        return None
    named = {split_and_service(part)[0] for part, *_ in parse_split(expression)}
    absent = named & {"train", "dev", "test"} - set(corpus.splits)
    if not absent:
        return None
    return Requirement(
        f"corpora.{label}",
        f"the files have no split {', '.join(sorted(absent))}, only {', '.join(corpus.splits) or 'no split'}; "
        f"name the folder of the whole release with corpora.{label}.options.path=FOLDER",
    )


def find_undefined(config: EvalConfig, label: str, corpus: Corpus, tasks: Collection[TaskName]) -> Undefined:
    """Which metrics of a config are undefined on one of its corpora, for want of gold.

    Args:
        config: The config.
        label: The corpus's label in it.
        corpus: The corpus.
        tasks: The tasks that some system is scored for on it.

    Raises:
        UserError: The corpus cannot be read.
    """
    split = config.corpora[label].splits.test
    by_task: dict[tuple[str, ExperimentTask], Mapping[str, str]] = {}
    for task in TASKS:
        if task in tasks:
            undefined = undefined_metrics(corpus, split, task, metrics_of(config.tasks[task], task))
            if undefined:
                by_task[label, task] = undefined
    return by_task


def undefined_requirements(
    undefined: Undefined, scored: Collection[tuple[str, TaskName]]
) -> tuple[list[str], list[Requirement]]:
    """What to say of undefined metrics: errors where no corpus defines them, else dashes in the table.

    Args:
        undefined: What `find_undefined` gave, of every corpus.
        scored: (label of a corpus, task) that some system is scored for.
    """
    errors: list[str] = []
    missing: list[Requirement] = []
    for (label, task), reasons in undefined.items():
        corpora = [corpus for corpus, of_task in scored if of_task == task]
        for reason in dict.fromkeys(reasons.values()):
            specs = [spec for spec, of_spec in reasons.items() if of_spec == reason]
            nowhere = [spec for spec in specs if all(spec in undefined.get((corpus, task), {}) for corpus in corpora)]
            *rest, last = nowhere or specs
            listed = f"{', '.join(rest)} or {last}" if rest else last
            requirement = Requirement(f"corpora.{label}", f"{reason}, so the task {task} has no {listed} on it", True)
            if nowhere:
                errors.append(f"{requirement}; leave these metrics out of tasks.{task}.metrics, or the task out")
            else:
                missing.append(requirement)
    return errors, missing


def missing_personas(config: EvalConfig, label: str, corpus: Corpus) -> Iterator[Requirement]:
    """The requirement of a corpus whose users cannot be grouped, though the config asks for groups.

    Raises:
        UserError: The corpus cannot be read.
    """
    if label not in config.tested:
        return
    groups = dict.fromkeys(name for task in TASKS if task in config.tasks for name in config.tasks[task].groups)
    try:
        require_personas(corpus, config.corpora[label].splits.test, tuple(groups))
    except UserError as error:
        yield Requirement(f"corpora.{label}", str(error), True)


def prediction_path(section: SystemConfig, experiment: Experiment) -> Path:
    """The prediction file of an experiment, whether it is there or not."""
    return Path(str(section.predictions).format(corpus=experiment.corpus, task=experiment.task, seed=experiment.seed))


def missing_predictions(config: EvalConfig) -> Iterator[Requirement]:
    """The requirements of systems whose prediction files are not there."""
    for label, section in config.systems.items():
        if section.predictions is None:
            continue
        paths = [
            prediction_path(section, Experiment(corpus, label, task, seed))
            for task in section.tasks or TASKS
            if task in config.tasks
            for corpus in config.tested_with(section)
            for seed in section.seeds or config.seeds
        ]
        absent = [path for path in dict.fromkeys(paths) if not path.is_file()]
        if absent:
            yield Requirement(
                f"systems.{label}.predictions",
                f"there is no {_first_of(absent)}; put the system's predictions there, a JSON line a turn as "
                "docs/prediction.schema.json has it (`tod-bench import` converts what other tools write)",
            )


def missing_ratings(config: EvalConfig) -> Iterator[Requirement]:
    """The requirement of people's ratings that are not there."""
    if "people" not in config.tasks:
        return
    absent: dict[Experiment, Path] = {}
    for system, section in config.systems.items():
        for corpus in config.tested_with(section):
            experiment = Experiment(corpus, system, "people", config.seeds[0])
            path = ratings_file(config, experiment)
            if path is not None and not path.is_file():
                absent[experiment] = path
    if absent:
        first = next(iter(absent))
        yield Requirement(
            "tasks.people.ratings",
            f"there is no {_first_of(list(absent.values()))}; make the page with `tod-bench judge page {config.name} "
            f"--corpus {quote(first.corpus)} --system {quote(first.system)} --output page.html`, let people fill it "
            "in, and save what it exports there",
        )


def missing_judge(config: EvalConfig) -> Iterator[Requirement]:
    """The requirement of a judge that cannot be asked, for want of a key or of texts to train on."""
    entries = config.tasks["response"].judge if "response" in config.tasks else ()
    for corpus in config.tested:
        for entry in entries:
            judge = judge_of(config, Experiment(corpus, "any", "response", 0), entry).judge
            try:
                if is_classifier(judge.model):
                    labelled_file(judge.trained_on or GOEMOTIONS, "train")
                if needs_no_server(judge.model):
                    continue
            except UserError as error:
                yield Requirement("tasks.response.judge", f"{judge.model} cannot be trained: {error}")
                return
            try:
                read_key(judge.key_variable, resolve_url(judge.base_url))
            except (PermanentError, UserError):
                yield Requirement(
                    "tasks.response.judge",
                    f"{judge.model} cannot be asked without a key: `export {judge.key_variable}=...`, or name another "
                    "judge with judge.model=MODEL judge.base_url=URL",
                )
                return


def _first_of(paths: list[Path]) -> str:
    return f"{paths[0]}{f' (nor {len(paths) - 1} others of its kind)' if len(paths) > 1 else ''}"
