"""What a config needs and does not find: files, ratings, a key. All of it is known before anything runs.

What is missing is no error of the config: everything else can be run, and the table has dashes for the rest.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig, SystemConfig, TaskConfig
from tod_bench.experiments.judge_scores import judge_of, ratings_file
from tod_bench.experiments.results import Experiment
from tod_bench.judge import JudgeConfig
from tod_bench.judge.clients import SCRIPTED
from tod_bench.llm.failures import PermanentError
from tod_bench.llm.servers import read_key, resolve_url
from tod_bench.records import ExperimentTask, TaskName
from tod_bench.scoring import default_metrics
from tod_bench.scoring.gold import require_personas, undefined_metrics
from tod_bench.splits import parse_split, split_and_service
from tod_bench.tasks import TASKS


@dataclass(frozen=True, slots=True)
class Need:
    """Something that is missing.

    Attributes:
        place: The config's key that names it.
        sentence: What is missing, and the command that supplies it.
        dash: Whether it leaves a dash with its reason in a table whose other experiments are defined; else the config cannot
            run whole without it.
    """

    place: str
    sentence: str
    dash: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


def split_need(config: EvalConfig, label: str, corpus: Corpus) -> Need | None:
    """The need of a corpus that lacks a split which every experiment of it reads."""
    splits = config.corpora[label].splits
    read = [splits.train] if set(config.tasks) == {"corpus"} else [splits.test]
    named = {split_and_service(part)[0] for expression in read for part, *_ in parse_split(expression)}
    lacking = named & {"train", "dev", "test"} - set(corpus.splits)
    if not lacking:
        return None
    has = ", ".join(corpus.splits) or "no split"
    return Need(
        f"corpora.{label}",
        f"the files at hand have no split {', '.join(sorted(lacking))}, only {has}; name the folder of the whole "
        f"release with corpora.{label}.options.path=FOLDER",
    )


Undefined = Mapping[tuple[str, ExperimentTask], Mapping[str, str]]
"""(corpus label, task) -> metric -> what the corpus lacks that the metric needs."""


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
    found = {
        (label, task): undefined_metrics(corpus, split, task, metrics_of(config.tasks[task], task))
        for task in TASKS
        if task in tasks
    }
    return {place: undefined for place, undefined in found.items() if undefined}


def group_needs(config: EvalConfig, label: str, corpus: Corpus) -> Iterator[Need]:
    """The need of a corpus whose users cannot be grouped, though the config asks for groups.

    Raises:
        UserError: The corpus cannot be read.
    """
    groups = dict.fromkeys(name for task in TASKS if task in config.tasks for name in config.tasks[task].groups)
    try:
        require_personas(corpus, config.corpora[label].splits.test, tuple(groups))
    except UserError as error:
        yield Need(f"corpora.{label}", str(error))


def metrics_of(settings: TaskConfig, task: TaskName) -> tuple[str, ...]:
    """The metrics of a task: those named, or its default set where there is no judge either."""
    return settings.metrics or (() if settings.judge else default_metrics(task))


def undefined_needs(undefined: Undefined, scored: Collection[tuple[str, TaskName]]) -> tuple[list[str], list[Need]]:
    """What to say of undefined metrics: errors where no corpus defines them, else needs (dashes in the table).

    Args:
        undefined: What `find_undefined` found, of every corpus.
        scored: (label of a corpus, task) that some system is scored for.
    """
    errors: list[str] = []
    needs: list[Need] = []
    for (label, task), found in undefined.items():
        for lack in dict.fromkeys(found.values()):
            specs = [spec for spec, one in found.items() if one == lack]
            corpora = [one for one, of_task in scored if of_task == task]
            nowhere = [spec for spec in specs if all(spec in undefined.get((one, task), {}) for one in corpora)]
            need = Need(
                f"corpora.{label}", f"{lack}, so the task {task} has no {_listed_metrics(nowhere or specs)} on it"
            )
            if nowhere:
                errors.append(f"{need}; leave these metrics out of tasks.{task}.metrics, or the task out")
            else:
                needs.append(need)
    return errors, needs


def _listed_metrics(specs: Sequence[str]) -> str:
    return " or ".join([", ".join(specs[:-1]), specs[-1]]) if len(specs) > 1 else specs[0]


def prediction_needs(config: EvalConfig) -> Iterator[Need]:
    """The needs of systems whose prediction files are not there."""
    for label, section in config.systems.items():
        missing = [str(path) for path in dict.fromkeys(_prediction_files(config, section)) if not path.is_file()]
        if missing:
            yield Need(
                f"systems.{label}.predictions",
                f"there is no {_listed(missing)}; put the system's predictions there, a JSON line a turn as "
                "docs/prediction.schema.json has it (`tod-bench import` converts what other tools write)",
            )


def prediction_path(section: SystemConfig, corpus: str, task: str, seed: int) -> Path:
    """The prediction file of an experiment, whether it is there or not."""
    return Path(str(section.predictions).format(corpus=corpus, task=task, seed=seed))


def _prediction_files(config: EvalConfig, section: SystemConfig) -> Iterator[Path]:
    for task in (task for task in section.tasks or TASKS if section.predictions and task in config.tasks):
        for corpus in section.corpora or config.corpora:
            for seed in section.seeds or config.seeds:
                yield prediction_path(section, corpus, task, seed)


def rating_needs(config: EvalConfig) -> Iterator[Need]:
    """The need of people's ratings that are not there."""
    if "people" not in config.tasks:
        return
    experiments = [
        Experiment(corpus, system, "people", config.seeds[0])
        for system, section in config.systems.items()
        for corpus in section.corpora or config.corpora
    ]
    lacking = [
        (experiment, path)
        for experiment in experiments
        if (path := ratings_file(config, experiment)) and not path.is_file()
    ]
    if lacking:
        experiment = lacking[0][0]
        yield Need(
            "tasks.people.ratings",
            f"there is no {_listed([str(path) for _, path in lacking])}; make the form with `tod-bench judge form "
            f"{config.name} --corpus {quote(experiment.corpus)} --system {quote(experiment.system)} --output form.html`, let "
            "people fill it in, and save what it exports there",
        )


def judge_need(config: EvalConfig, corpora: Iterable[str]) -> Need | None:
    """The need of a judge that cannot be asked."""
    if "response" not in config.tasks:
        return None
    for corpus in corpora:
        for entry in config.tasks["response"].judge:
            problem = _unreachable(judge_of(config, Experiment(corpus, "any", "response", 0), entry))
            if problem:
                return Need("tasks.response.judge", problem)
    return None


def _unreachable(judge: JudgeConfig) -> str:
    if judge.judge.model == SCRIPTED:
        return ""
    try:
        read_key(judge.judge.key_variable, resolve_url(judge.judge.base_url))
    except (PermanentError, UserError):
        return (
            f"{judge.judge.model} cannot be asked without a key: `export {judge.judge.key_variable}=...`, or name "
            "another judge with judge.model=MODEL judge.base_url=URL"
        )
    return ""


def _listed(paths: list[str]) -> str:
    others = f" (nor {len(paths) - 1} others of its kind)" if len(paths) > 1 else ""
    return f"{paths[0]}{others}"
