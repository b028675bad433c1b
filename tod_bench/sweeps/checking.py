"""Opening a config for a verb: every error of it and of its sweep's variants, all at once."""

from collections.abc import Collection, Sequence

from tod_bench.config_files import LayoutError, config_path, error_list
from tod_bench.errors import MissingError, UserError
from tod_bench.experiments.config import EvalConfig, load_config
from tod_bench.experiments.plan import Plan, check
from tod_bench.reports.published import published_values
from tod_bench.sweeps.trials import variants


def open_config(
    name: str, overrides: Sequence[str] = (), *, small: bool = False, sweep: bool = False
) -> tuple[EvalConfig, Plan]:
    """Reads a config, binds all that it names, and checks all that can be checked before anything runs.

    Args:
        name: A path, or the name of a shipped config.
        overrides: ``key=value`` pairs.
        small: Whether it is the small variant.
        sweep: Whether to check every variant of its sweep, too.

    Returns:
        The config, and its plan; what the plan lacks (files, a key) is in its `needs`.

    Raises:
        UserError: Anything is wrong; every error is in the message, a line each.
    """
    try:
        config, errors, whole = load_config(name, overrides, small=small), [], True
    except LayoutError as error:
        if not isinstance(error.rest, EvalConfig):
            raise
        config, errors, whole = error.rest, list(error.sentences), error.whole
    found, plan = check(config, whole=whole)
    errors += [*found, *(_published_errors(config) if whole else ())]
    if sweep and config.sweep is not None and whole:
        errors += sweep_errors(config, told=errors)
    if errors:
        raise UserError(error_list(config_path(name), list(dict.fromkeys(errors))))
    return config, plan


def sweep_errors(config: EvalConfig, told: Collection[str] = ()) -> list[str]:
    """Errors of the variants of a config's sweep that are not told yet, each with the first variant that has it."""
    if config.sweep is None:
        return []
    trials, errors = variants(config, config.sweep)
    first: dict[str, str] = {}
    for trial in trials:
        for problem in check(trial.config)[0]:
            first.setdefault(problem, str(trial))
    return [
        *errors,
        *(f"sweep, with {variant}: {problem}" for problem, variant in first.items() if problem not in told),
    ]


def _published_errors(config: EvalConfig) -> list[str]:
    try:
        if config.table.published:
            published_values(config.table.published)
    except MissingError:
        raise
    except UserError as error:
        return [f"table.published: {error}"]
    return []
