"""The trials of a sweep: each is the config with some keys set, and runs as any config does.

sweep:
  factors:
    context: {key: systems.t5.params.history_turns, values: [1, 3]}
    state: {key: tasks.policy.state, values: [predicted, gold]}

expand ──▶ context=1 state=predicted, context=1 state=gold, context=3 state=predicted, context=3 state=gold
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from pydantic import ValidationError

from tod_bench.binding import in_words
from tod_bench.config_files import set_key
from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.config import EvalConfig, SweepConfig


@dataclass(frozen=True, slots=True)
class Trial:
    """One variant of a config.

    Attributes:
        levels: Factor -> label of the level it has in this trial.
        config: The config with the levels' keys set, and without a sweep of its own.
        part: Whether it is a part of a run: not a run of its own that `tod-bench report` finds, and what it lacks the
            whole run says.
    """

    levels: Mapping[str, str]
    config: EvalConfig
    part: bool = False

    def __str__(self) -> str:
        return _written(self.levels)


def expand(config: EvalConfig) -> list[Trial]:
    """The trials of a sweep, in the order of its factors and levels.

    Raises:
        UserError: The config has no sweep, names a factor or level that is not there, or a level makes it invalid.
    """
    if config.sweep is None:
        raise UserError(f"config {config.name} has no `sweep` section; run it with `tod-bench run`")
    trials, errors = variants(config, config.sweep)
    if errors:
        raise UserError("\n".join([f"config {config.name} cannot be swept:", *(f"  - {error}" for error in errors)]))
    return trials


def variants(config: EvalConfig, sweep: SweepConfig) -> tuple[list[Trial], list[str]]:
    """The trials of a sweep that are valid configs, and a sentence for each error of the others."""
    trials, errors = [], []
    for made in _combinations(sweep):
        try:
            if isinstance(made, UserError):
                raise made
            trials.append(Trial(made, _variant(config, sweep, made)))
        except UserError as error:
            errors.append(str(error))
    return trials, list(dict.fromkeys(errors))


def _combinations(sweep: SweepConfig) -> list[dict[str, str] | UserError]:
    """The levels of each trial, or what is wrong with them."""
    names = list(sweep.factors)
    grid: list[dict[str, str] | UserError] = [
        dict(zip(names, labels, strict=True))
        for labels in product(*(factor.settings for factor in sweep.factors.values()))
    ]
    if sweep.method == "grid":
        return grid
    if sweep.method == "random":
        if not 0 < sweep.samples <= len(grid):
            return [UserError(f"sweep.samples: {sweep.samples} of {len(grid)} combinations; give 1 to {len(grid)}")]
        chosen = sorted(random.Random(sweep.seed).sample(range(len(grid)), sweep.samples))
        return [grid[index] for index in chosen]
    if not sweep.trials:
        return [UserError("sweep.trials: the method `list` needs at least one trial")]
    return [_listed(sweep, trial, number) for number, trial in enumerate(sweep.trials)]


def _listed(sweep: SweepConfig, trial: Mapping[str, str], number: int) -> dict[str, str] | UserError:
    for name, label in trial.items():
        if name not in sweep.factors:
            return UserError(f"sweep.trials.{number}: there is no factor {name!r}{did_you_mean(name, sweep.factors)}")
        if label not in sweep.factors[name].settings:
            known = sweep.factors[name].settings
            return UserError(f"sweep.trials.{number}.{name}: there is no level {label!r}{did_you_mean(label, known)}")
    return {name: trial.get(name, next(iter(factor.settings))) for name, factor in sweep.factors.items()}


def _variant(config: EvalConfig, sweep: SweepConfig, levels: Mapping[str, str]) -> EvalConfig:
    raw = config.model_dump(mode="json", exclude={"sweep"}, exclude_unset=True)
    for factor, label in levels.items():
        for key, value in sweep.factors[factor].settings[label].items():
            set_key(raw, key, value)
    try:
        return EvalConfig.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {in_words(item)}" for item in error.errors())
        raise UserError(f"sweep: with {_written(levels)} the config is not valid: {problems}") from None


def _written(levels: Mapping[str, str]) -> str:
    return " ".join(f"{factor}={level}" for factor, level in levels.items())
