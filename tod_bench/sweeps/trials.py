"""The trials of a sweep, and the parts of a run: each is the config with some keys set, and runs as any config does.

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

from tod_bench.binding import in_a_line
from tod_bench.config_files import set_key
from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.config import CorpusConfig, EvalConfig, SweepConfig, TableConfig
from tod_bench.splits import UNTESTED, splits_of


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
    trials: list[Trial] = []
    combinations, errors = _combinations(sweep)
    for levels in combinations:
        raw = config.model_dump(mode="json", exclude={"sweep"}, exclude_unset=True)
        try:
            for factor, label in levels.items():
                for key, value in sweep.factors[factor].settings[label].items():
                    set_key(raw, key, value)
            trials.append(Trial(levels, EvalConfig.model_validate(raw)))
        except UserError as error:
            errors.append(str(error))
        except ValidationError as error:
            errors.append(f"sweep: with {_written(levels)} the config is not valid: {in_a_line(error)}")
    return trials, list(dict.fromkeys(errors))


def _combinations(sweep: SweepConfig) -> tuple[list[dict[str, str]], list[str]]:
    """The levels of each trial, and what is wrong with those of the others."""
    factors = sweep.factors
    levels = product(*(factor.settings for factor in factors.values()))
    grid = [dict(zip(factors, labels, strict=True)) for labels in levels]
    if sweep.method == "grid":
        return grid, []
    if sweep.method == "random":
        if not 0 < sweep.samples <= len(grid):
            return [], [f"sweep.samples: {sweep.samples} of {len(grid)} combinations; give 1 to {len(grid)}"]
        chosen = sorted(random.Random(sweep.seed).sample(range(len(grid)), sweep.samples))
        return [grid[index] for index in chosen], []
    if not sweep.trials:
        return [], ["sweep.trials: the method `list` needs at least one trial"]
    listed, errors = [], []
    for number, trial in enumerate(sweep.trials):
        error = _level_error(sweep, trial, f"sweep.trials.{number}")
        if error:
            errors.append(error)
        else:
            listed.append({name: trial.get(name, next(iter(factor.settings))) for name, factor in factors.items()})
    return listed, errors


def _level_error(sweep: SweepConfig, trial: Mapping[str, str], key: str) -> str:
    for name, label in trial.items():
        if name not in sweep.factors:
            return f"{key}: there is no factor {name!r}{did_you_mean(name, sweep.factors)}"
        known = sweep.factors[name].settings
        if label not in known:
            return f"{key}.{name}: there is no level {label!r}{did_you_mean(label, known)}"
    return ""


def _written(levels: Mapping[str, str]) -> str:
    return " ".join(f"{factor}={level}" for factor, level in levels.items())


def parts(config: EvalConfig) -> list[Trial]:
    """The parts of a run that can run side by side: one for each system on each corpus.

    They come system by system, so that the same system's trainings on several corpora overlap. Their experiments have
    the keys that they have in the whole, so a run of the whole afterwards finds everything in the store. Tasks of one
    part stay together, since policy needs the states of DST.
    """
    trials = []
    for label, system in config.systems.items():
        for corpus in config.tested_with(system):
            alone = {
                "systems": {label: system.model_copy(update={"corpora": (corpus,)})},
                "corpora": {corpus: config.corpora[corpus], **_trained_on(config, corpus)},
                "table": TableConfig(),
            }
            trials.append(Trial({"system": label, "corpus": corpus}, config.model_copy(update=alone), part=True))
    return trials


def _trained_on(config: EvalConfig, corpus: str) -> dict[str, CorpusConfig]:
    """The other corpora that systems tested on a corpus are trained on, not to be tested themselves."""
    splits = config.corpora[corpus].splits
    named = [*splits_of(corpus, splits.train), *splits_of(corpus, splits.dev)]
    others = {label: config.corpora[label] for label, _ in named if label != corpus and label in config.corpora}
    return {
        label: section.model_copy(update={"splits": section.splits.model_copy(update={"test": UNTESTED})})
        for label, section in others.items()
    }
