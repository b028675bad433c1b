"""What `tod-bench run`, `plan`, `validate` and `sweep` do, as functions: a config in, a typed result out.

Each takes a config by the name of a shipped one, by path, or as a mapping of its keys and values.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tod_bench.backends import Resources
from tod_bench.config_files import LayoutError, error_list
from tod_bench.errors import MissingError, UserError
from tod_bench.experiments.access import access_of, as_reachable, check_budget
from tod_bench.experiments.config import ConfigSource, EvalConfig, load_config, place_of
from tod_bench.experiments.estimates import planned_costs
from tod_bench.experiments.forcing import forget
from tod_bench.experiments.opening import missing_access
from tod_bench.experiments.plan import Plan, build, check
from tod_bench.experiments.results import Experiment, Store
from tod_bench.experiments.runner import run as run_plan
from tod_bench.experiments.runner import statuses
from tod_bench.llm.config import Access
from tod_bench.reports.html import can_render
from tod_bench.reports.opened import OpenedRun
from tod_bench.reports.page import page_data, table_of, write_page
from tod_bench.reports.published import published_values
from tod_bench.reports.runs import save_run, table_folder
from tod_bench.reports.writers import write_table
from tod_bench.sweeps.ablation import ablation
from tod_bench.sweeps.results import PlanResult, RunResult, SweepResult
from tod_bench.sweeps.running import run_all
from tod_bench.sweeps.trials import Trial, expand, parts, variants
from tod_bench.sweeps.writing import write_ablation

STORE = Path("runs")
"""Where results are kept unless another folder is named."""

Overrides = Sequence[str] | Mapping[str, Any]
"""Keys of a config to set: ``["seeds=[1, 2]"]`` or ``{"seeds": [1, 2]}``."""


def _say_nothing(_sentence: str) -> None:
    """Takes sentences that nobody wants to see."""


def run(
    config: ConfigSource,
    overrides: Overrides = (),
    *,
    store: Path | str = STORE,
    small: bool = False,
    workers: int = 1,
    force: Sequence[str] = (),
    output: Path | str | None = None,
    budget: float | None = None,
    replay: bool = False,
    batch: bool = False,
    prices: Path | str | None = None,
    cache: Path | str | None = None,
    notify: Callable[[str], None] = _say_nothing,
    announce: Callable[[str], None] = _say_nothing,
) -> RunResult:
    """Runs what of a config is not finished, writes its table, and a page where jinja2 is installed.

    What is missing (files, ratings, a key) is said before anything runs, and the rest is computed.

    Args:
        config: The name of a shipped config, a file, or a mapping.
        overrides: Keys to set, ``{"seeds": [1, 2]}`` or ``["seeds=[1, 2]"]``.
        store: The folder where trainings, predictions and results are kept.
        small: Whether to run the small variant: embedded corpus, scripted judge, seconds.
        workers: Systems and corpora to run at a time, a process each.
        force: What to make again although it is finished; see `tod_bench.experiments.forcing`.
        output: The folder of the table and the page; a folder of the config's name in the store by default.
        budget: US dollars that all runs of the store may spend on systems' answers; None for no limit.
        replay: Whether systems that ask a server are answered from the cache alone.
        batch: Whether they go through the Batch API.
        prices: A price file of your own.
        cache: The file of their answers; ``answers.sqlite`` in the store by default.
        notify: Called with what was deleted because it is forced, and with everything that is missing.
        announce: Called with each step of each experiment when it begins; not from several workers.

    Raises:
        UserError: The config has errors, or something that it names is unusable; what was finished is kept.
    """
    settings, plan = open_config(config, overrides, small=small)
    folder = Path(store)
    access = access_of(Store(folder), cache=cache, budget=budget, replay=replay, batch=batch, prices=prices)
    check_budget(plan, access, several=workers > 1)
    if force:
        deleted = zip(forget(plan, Store(folder), force), ("trainings", "predictions", "scores"), strict=True)
        notify(f"made again: {', '.join(f'{count} {what}' for count, what in deleted)}")
    plan = as_reachable(plan, Store(folder), access)
    missing = list(map(str, plan.missing))
    for sentence in (*missing, *(f"{settings.name} needs {sentence}" for sentence in settings.needs)):
        notify(sentence)

    numbers = {experiment: number for number, experiment in enumerate(plan.experiments, start=1)}

    def numbered(experiment: Experiment, step: str) -> None:
        # Responses that only people rate are predicted for them, and are no experiment of the plan.
        place = f"[{numbers[experiment]}/{len(numbers)}] " if experiment in numbers else ""
        announce(f"{place}{experiment}: {step}")

    if workers > 1:
        run_all(parts(settings), folder, resources=Resources(workers=workers), access=access)
    results = run_plan(plan, Store(folder), numbered if workers == 1 else lambda _experiment, _step: None, access)
    finished = save_run(folder, settings, results, lacking=missing)
    opened = OpenedRun(finished, plan.corpora)
    table, written_to = table_of(finished, opened), Path(output or table_folder(folder, settings.name))
    files = write_table(table, written_to)
    if can_render():
        files.append(write_page(page_data(finished, opened=opened), written_to / "page.html"))
    return RunResult(settings, tuple(results), table, tuple(missing), tuple(files))


def plan(
    config: ConfigSource,
    overrides: Overrides = (),
    *,
    store: Path | str = STORE,
    small: bool = False,
    batch: bool = False,
    prices: Path | str | None = None,
    cache: Path | str | None = None,
) -> PlanResult:
    """Says what a config would run and what is finished, without running it, and what paid servers would be sent.

    Args:
        config: The name of a shipped config, a file, or a mapping.
        overrides: Keys to set, ``{"seeds": [1, 2]}`` or ``["seeds=[1, 2]"]``.
        store: Where results are kept.
        small: Whether it is the small variant.
        batch: Whether systems that ask a server would go through the Batch API.
        prices: A price file of your own.
        cache: The file of their answers; ``answers.sqlite`` in the store by default.

    Raises:
        UserError: The config has errors.
    """
    settings, opened = open_config(config, overrides, small=small)
    kept = Store(Path(store))
    opened = replace(opened, missing=as_reachable(opened, kept).missing)
    missing = (*map(str, opened.missing), *settings.needs)
    costs = planned_costs(opened, kept, access_of(kept, cache=cache, batch=batch, prices=prices))
    return PlanResult(opened, tuple(statuses(opened, kept)), tuple(opened.remarks()), missing, tuple(costs))


def validate(config: ConfigSource, overrides: Overrides = (), *, small: bool = False) -> Plan:
    """Checks a config, and the variants of its sweep, and gives its plan.

    Args:
        config: The name of a shipped config, a file, or a mapping.
        overrides: Keys to set, ``{"seeds": [1, 2]}`` or ``["seeds=[1, 2]"]``.
        small: Whether it is the small variant.

    Raises:
        UserError: The config has errors; all of them are in the message, a line each.
    """
    return open_config(config, overrides, small=small, sweep=True)[1]


def sweep(
    config: ConfigSource,
    overrides: Overrides = (),
    *,
    store: Path | str = STORE,
    backend: str = "local",
    workers: int = 1,
    resources: Resources | None = None,
    output: Path | str | None = None,
    budget: float | None = None,
    replay: bool = False,
    batch: bool = False,
    prices: Path | str | None = None,
    cache: Path | str | None = None,
) -> SweepResult:
    """Runs every variant that a config's `sweep` section spans, and writes the ablation table.

    Args:
        config: The name of a shipped config, a file, or a mapping.
        overrides: Keys to set, ``{"seeds": [1, 2]}`` or ``["seeds=[1, 2]"]``.
        store: Where results are kept; with ``ray`` or ``slurm`` every machine must see the folder.
        backend: ``local``, ``ray`` or ``slurm``.
        workers: Trials at a time (``local``, ``slurm``).
        resources: All that the backend may use; ``Resources(workers)`` by default.
        output: The folder of the table; a folder of the config's name in the store by default.
        budget: US dollars that all runs of the store may spend on systems' answers; None for no limit.
        replay: Whether systems that ask a server are answered from the cache alone.
        batch: Whether they go through the Batch API.
        prices: A price file of your own.
        cache: The file of their answers; ``answers.sqlite`` in the store by default.

    Raises:
        UserError: The config has errors or no sweep, or trials failed; what was finished is kept.
    """
    settings, opened = open_config(config, overrides, sweep=True)
    access = access_of(Store(Path(store)), cache=cache, budget=budget, replay=replay, batch=batch, prices=prices)
    resources = resources or Resources(workers)
    check_budget(opened, access, several=resources.workers > 1, one_machine=backend == "local")
    trials = expand(settings)
    _check_reachable(trials, Store(Path(store)), access)
    run_all(trials, Path(store), backend=backend, resources=resources, access=access)
    table = ablation(settings.title or settings.name, trials, Store(Path(store)))
    files = write_ablation(table, Path(output or Path(store) / "tables" / settings.name))
    return SweepResult(tuple(trials), table, tuple(files))


def _check_reachable(trials: Sequence[Trial], store: Store, access: Access) -> None:
    """Refuses a sweep whose trials would ask systems that cannot be asked, before any of them begins."""
    plans = [as_reachable(build(trial.config, incomplete=True), store, access) for trial in trials]
    sentences = dict.fromkeys(str(need) for plan in plans if plan.left_out for need in missing_access(plan.systems))
    if sentences:
        raise UserError("\n".join(["the sweep cannot run:", *(f"  - {sentence}" for sentence in sentences)]))


def open_config(
    source: ConfigSource, overrides: Overrides = (), *, small: bool = False, sweep: bool = False
) -> tuple[EvalConfig, Plan]:
    """Reads a config, binds all that it names, and checks all that can be checked before anything runs.

    Args:
        source: The config.
        overrides: Keys to set, ``{"seeds": [1, 2]}`` or ``["seeds=[1, 2]"]``.
        small: Whether it is the small variant.
        sweep: Whether to check every variant of its sweep, too.

    Returns:
        The config, and its plan; what is missing (files, a key) is in `Plan.missing`.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    if isinstance(overrides, Mapping):
        overrides = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
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
