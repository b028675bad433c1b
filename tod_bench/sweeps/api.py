"""What `tod-bench run`, `plan`, `validate` and `sweep` do, as functions: a config in, a typed result out.

Each takes a config by the name of a shipped one, by path, or as a mapping of its keys and values.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tod_bench.config_files import LayoutError, error_list
from tod_bench.errors import MissingError, UserError
from tod_bench.experiments.config import ConfigSource, EvalConfig, load_config, place_of
from tod_bench.experiments.forcing import forget
from tod_bench.experiments.plan import Plan, check
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.experiments.runner import Status, statuses
from tod_bench.experiments.runner import run as run_plan
from tod_bench.reports.published import published_values
from tod_bench.reports.runs import Run, save_run
from tod_bench.sweeps.ablation import Ablation, ablation
from tod_bench.sweeps.backends import Resources, run_all
from tod_bench.sweeps.trials import Trial, expand, parts, variants

STORE = Path("runs")
"""Where results are kept unless another folder is named."""


def _say_nothing(_sentence: str) -> None:
    """Takes sentences that nobody wants to see."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """A config that was run.

    Attributes:
        config: The config.
        plan: Its plan, with what was missing.
        results: The results, in the plan's order.
        run: The run as `tod_bench.reports` lays it out as a table or a page.
    """

    config: EvalConfig
    plan: Plan
    results: tuple[Result, ...]
    run: Run


def run(
    config: ConfigSource,
    overrides: Sequence[str] = (),
    *,
    store: Path | str = STORE,
    small: bool = False,
    workers: int = 1,
    force: Sequence[str] = (),
    notify: Callable[[str], None] = _say_nothing,
    announce: Callable[[str], None] = _say_nothing,
) -> RunResult:
    """Runs what of a config is not finished, and gives all its results.

    What is missing (files, ratings, a key) is said before anything runs, and the rest is computed.

    Args:
        config: The config.
        overrides: ``key=value`` pairs.
        store: Where results are kept.
        small: Whether to run the small variant.
        workers: Systems and corpora to run at a time, a process each.
        force: What to make again although it is finished; see `tod_bench.experiments.forcing`.
        notify: Called with what was deleted because it is forced, and with everything that is missing.
        announce: Called with each step of each experiment when it begins; not from several workers.

    Raises:
        UserError: The config has errors, or something that it names is unusable; what was finished is kept.
    """
    settings, plan = open_config(config, overrides, small=small)
    folder = Path(store)
    if force:
        deleted = zip(forget(plan, Store(folder), force), ("trainings", "predictions", "scores"), strict=True)
        notify(f"made again: {', '.join(f'{count} {what}' for count, what in deleted)}")
    missing = list(map(str, plan.missing))
    for sentence in (*missing, *(f"{settings.name} needs {sentence}" for sentence in settings.needs)):
        notify(sentence)

    numbers = {experiment: number for number, experiment in enumerate(plan.experiments, start=1)}

    def numbered(experiment: Experiment, step: str) -> None:
        # Responses that only people rate are predicted for them, and are no experiment of the plan.
        place = f"[{numbers[experiment]}/{len(numbers)}] " if experiment in numbers else ""
        announce(f"{place}{experiment}: {step}")

    if workers > 1:
        run_all(parts(settings), folder, resources=Resources(workers=workers))
    results = run_plan(plan, Store(folder), numbered if workers == 1 else lambda _experiment, _step: None)
    return RunResult(settings, plan, tuple(results), save_run(folder, settings, results, lacking=missing))


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What a config would run.

    Attributes:
        config: The config.
        plan: Its plan: the experiments, and what is missing.
        statuses: What the store has of each experiment, and what has changed since an earlier result.
    """

    config: EvalConfig
    plan: Plan
    statuses: tuple[Status, ...]


def plan(
    config: ConfigSource, overrides: Sequence[str] = (), *, store: Path | str = STORE, small: bool = False
) -> PlanResult:
    """Says what a config would run and what is finished, without running it.

    Args:
        config: The config.
        overrides: ``key=value`` pairs.
        store: Where results are kept.
        small: Whether it is the small variant.

    Raises:
        UserError: The config has errors.
    """
    settings, opened = open_config(config, overrides, small=small)
    return PlanResult(settings, opened, tuple(statuses(opened, Store(Path(store)))))


def validate(config: ConfigSource, overrides: Sequence[str] = (), *, small: bool = False) -> Plan:
    """Checks a config, and the variants of its sweep, and gives its plan.

    Args:
        config: The config.
        overrides: ``key=value`` pairs.
        small: Whether it is the small variant.

    Raises:
        UserError: The config has errors; all of them are in the message, a line each.
    """
    return open_config(config, overrides, small=small, sweep=True)[1]


@dataclass(frozen=True, slots=True)
class SweepResult:
    """A sweep that was run.

    Attributes:
        config: The config.
        trials: Its variants.
        table: Their scores, and the effect of each factor.
    """

    config: EvalConfig
    trials: tuple[Trial, ...]
    table: Ablation


def sweep(
    config: ConfigSource,
    overrides: Sequence[str] = (),
    *,
    store: Path | str = STORE,
    backend: str = "local",
    resources: Resources | None = None,
) -> SweepResult:
    """Runs every variant that a config's `sweep` section spans, and makes the ablation table.

    Args:
        config: The config.
        overrides: ``key=value`` pairs.
        store: Where results are kept; with ``ray`` or ``slurm`` every machine must see the folder.
        backend: ``local``, ``ray`` or ``slurm``.
        resources: What the backend may use.

    Raises:
        UserError: The config has errors or no sweep, or trials failed; what was finished is kept.
    """
    settings, _ = open_config(config, overrides, sweep=True)
    trials = expand(settings)
    run_all(trials, Path(store), backend=backend, resources=resources)
    table = ablation(settings.title or settings.name, trials, Store(Path(store)))
    return SweepResult(settings, tuple(trials), table)


def open_config(
    source: ConfigSource, overrides: Sequence[str] = (), *, small: bool = False, sweep: bool = False
) -> tuple[EvalConfig, Plan]:
    """Reads a config, binds all that it names, and checks all that can be checked before anything runs.

    Args:
        source: The config.
        overrides: ``key=value`` pairs.
        small: Whether it is the small variant.
        sweep: Whether to check every variant of its sweep, too.

    Returns:
        The config, and its plan; what is missing (files, a key) is in `Plan.missing`.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    try:
        config, errors, whole = load_config(source, overrides, small=small), [], True
    except LayoutError as error:
        if not isinstance(error.rest, EvalConfig):
            raise
        config, errors, whole = error.rest, list(error.sentences), error.whole
    check_errors, opened = check(config, whole=whole)
    errors += check_errors
    if whole and config.table.published:
        try:
            published_values(config.table.published)
        except MissingError:
            raise
        except UserError as error:
            errors.append(f"table.published: {error}")
    if whole and sweep:
        errors += sweep_errors(config, known=errors)
    if errors:
        raise UserError(error_list(place_of(source), list(dict.fromkeys(errors))))
    return config, opened


def sweep_errors(config: EvalConfig, known: Collection[str] = ()) -> list[str]:
    """Errors of the variants of a config's sweep that are not known yet, each with the first variant that has it."""
    if config.sweep is None:
        return []
    trials, errors = variants(config, config.sweep)
    first: dict[str, str] = {}
    for trial in trials:
        for problem in check(trial.config)[0]:
            if problem not in known:
                first.setdefault(problem, str(trial))
    return [*errors, *(f"sweep, with {variant}: {problem}" for problem, variant in first.items())]
