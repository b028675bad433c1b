"""The judge, and people, as metrics of an experiment: questions of judge configs about the responses it predicted.

A judge config says what is asked and how; corpus, split and versions come from the experiment: the corpus's own
responses are the reference (of a pair: the first version), and the experiment's predictions are rated against them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.results import Experiment, Store
from tod_bench.files import digest_of
from tod_bench.judge import Access, JudgeConfig, JudgeReport, Study, load_judge_config, open_client, read_study, run
from tod_bench.judge.clients import SCRIPTED
from tod_bench.judge.config import Resampling
from tod_bench.judge.own_questions import QuestionFile
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.judge.run import stored_ratings
from tod_bench.judge.scripted import write_simulated_ratings
from tod_bench.progress import progress
from tod_bench.scores import Score
from tod_bench.scoring import ScoreRow
from tod_metrics.judge import JUDGE_METRICS
from tod_metrics.judge.own_questions import OWN, own_names
from tod_metrics.judge.ratings import Rating

REFERENCE = "reference"
"""Name of the version with the corpus's own responses."""

JUDGED = frozenset(JUDGE_METRICS)
"""Names of the scores that judge and people give."""


def is_judged(metric: str) -> bool:
    """Whether a metric's name is of a score that judge and people give, one of the user's own questions included."""
    return metric in JUDGED or metric.startswith(OWN)


Entry = str | dict[str, Any]
"""A judge config by name or path, or its keys."""


def judge_of(config: EvalConfig, experiment: Experiment, entry: Entry, predictions: Path | None = None) -> JudgeConfig:
    """The judge config of an experiment.

    Args:
        config: The eval config; its `judge` says who judges.
        experiment: The experiment.
        entry: What is asked. Its version ``reference``, where it has one, says in which style the reference is.
        predictions: The experiment's prediction file; None leaves the version open, as keys need it.

    Raises:
        UserError: The judge config is missing or has errors.
    """
    section = config.corpora[experiment.corpus]
    options: dict[str, Any] = dict(section.options)
    style = options.pop("style", "original")
    base = load_judge_config(entry).model_dump(exclude_unset=True) if isinstance(entry, str) else dict(entry)
    rated = {"style": style, "predictions": None if predictions is None else str(predictions)}
    own = {REFERENCE: (base.get("versions") or {}).get(REFERENCE, {"style": style, "predictions": None})}
    task = base.get("task")
    made = {
        "name": f"{config.name}_{task}",
        **base,
        "corpus": {"corpus": section.corpus, "options": options},
        "split": section.splits.test,
        "versions": {**(own if task in ("likert", "pairwise") else {}), experiment.system: rated},
        "reference": REFERENCE if task == "likert" else None,
        "pair": (REFERENCE, experiment.system) if task == "pairwise" else None,
        "judge": {**base.get("judge", {}), **config.judge},
        "published": None,
    }
    try:
        return JudgeConfig.model_validate(made)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise UserError(f"the judge config cannot be used: {'; '.join(problems)}") from None


def own_metrics(config: EvalConfig, experiment: Experiment) -> Iterator[str]:
    """The names of the scores that the experiment's questions of the user's own give.

    Raises:
        UserError: As `judge_of`.
    """
    for entry in config.tasks[experiment.task].judge:
        file = judge_of(config, experiment, entry).question_file
        for name, question in file.questions.items() if file is not None else ():
            labels = () if question.has_points else [str(answer) for answer in question.answers()]
            yield from own_names(name, labels)


def judged(config: EvalConfig, experiment: Experiment, predictions: Path, store: Store, access: Access) -> list[Score]:
    """The judge's scores of an experiment; every answer is kept in the store and is never paid for twice.

    Raises:
        UserError: A judge cannot be asked, or the predictions hold no responses.
    """
    return [score for report in _reports(config, experiment, predictions, store, access) for score in report.scores]


def judged_rows(
    config: EvalConfig, experiment: Experiment, predictions: Path, store: Store, access: Access
) -> list[ScoreRow]:
    """The same as statistics of each dialogue, for tests between experiments; own personas alone.

    Raises:
        UserError: As `judged`.
    """
    return [
        ScoreRow(row.score, row.sums, row.metric.aggregate)
        for report in _reports(config, experiment, predictions, store, access)
        for row in report.rows
        if row.persona == "own"
    ]


def _reports(
    config: EvalConfig, experiment: Experiment, predictions: Path, store: Store, run_access: Access
) -> list[JudgeReport]:
    reports = []
    for entry in config.tasks[experiment.task].judge:
        settings = judge_of(config, experiment, entry, predictions)
        folder = _folder(settings, store)
        # The judge's answers and its spending are kept apart; a budget is refused where a judge would spend.
        access = replace(
            run_access,
            cache=store.root / "judge" / "answers.sqlite",
            budget=None,
            spending=folder / "spending.sqlite",
        )
        client = open_client(settings, access)
        with progress("judging", unit="queries") as shown:
            reports.append(run(settings, folder, client, started=shown.expect, settled=shown.advance))
    return reports


def rated(
    config: EvalConfig,
    experiment: Experiment,
    store: Store,
    *,
    predictions: Path | None = None,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
) -> Study:
    """What people said of an experiment's responses, beside what a judge has said of them in the same config.

    Args:
        config: The eval config.
        experiment: The experiment, of the task ``people``.
        store: Where the judge's answers are.
        predictions: The file of the responses; needed by scripted raters, and to find the judge's answers.
        attributes: Item -> attributes of its user; the file's own where None.

    Raises:
        UserError: The ratings cannot be read, or are of other versions.
    """
    path = ratings_file(config, experiment)
    if path is None:
        path = write_simulated_ratings(
            [judge_of(config, experiment, entry, predictions) for entry in config.tasks["people"].judge],
            store.root / "judge" / "scripted_people" / digest_of([str(experiment), str(predictions)])[:24],
        )
    files = [judge_of(config, experiment, entry).question_file for entry in config.tasks["people"].judge]
    own = next((file for file in files if file is not None), None)
    by = Resampling(draws=max(100, config.bootstrap.draws), seed=config.bootstrap.seed)
    versions = (REFERENCE, experiment.system)
    judge = _judge_ratings(config, experiment, store, predictions)
    _check_versions(path, experiment, own)
    return read_study(path, judge, attributes=attributes, versions=versions, by=by, own=own)


def _check_versions(path: Path, experiment: Experiment, own: QuestionFile | None) -> None:
    """Ratings of other versions, or of the same pair the other way round, would be taken for this experiment's."""
    named = {rating.candidate for rating in read_ratings(path, (REFERENCE, experiment.system), own).ratings}
    strange = sorted(named - {"", experiment.system, f"{REFERENCE}|{experiment.system}"})
    if strange:
        raise UserError(
            f"{path} rates {', '.join(strange)}, not {experiment.system}; its column `candidate` should hold "
            f"{experiment.system!r}, or {f'{REFERENCE}|{experiment.system}'!r} for pairs"
        )


def ratings_file(config: EvalConfig, experiment: Experiment) -> Path | None:
    """The file of people's ratings of an experiment, whether it is there or not; None where people are scripted."""
    pattern = config.tasks["people"].ratings or SCRIPTED
    return None if pattern == SCRIPTED else Path(pattern.format(corpus=experiment.corpus, system=experiment.system))


def _judge_ratings(config: EvalConfig, experiment: Experiment, store: Store, predictions: Path | None) -> list[Rating]:
    """What the judge of this config said of the same responses, as far as it was asked."""
    if "response" not in config.tasks or predictions is None:
        return []
    settings = [judge_of(config, experiment, entry, predictions) for entry in config.tasks["response"].judge]
    folders = [_folder(one, store) for one in settings if one.task != "emotions"]
    return [rating for folder in folders if (folder / "run.json").is_file() for rating in stored_ratings(folder)[0]]


def _folder(settings: JudgeConfig, store: Store) -> Path:
    return store.root / "judge" / digest_of(settings.model_dump(mode="json"))[:24]
