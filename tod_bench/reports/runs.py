"""Finished runs, found again in stores: which config, which results, where their predictions are.

    STORE/tables/NAME/run.json         what the last `tod-bench run` of a config was: the config, the results' keys
    STORE/tables/NAME/TRIAL/run.json   the same of a sweep's trial, with the levels that its factors had

A result belongs to every config that asked for it, so the file is what tells which results make a table. Results of a
store without it (of a run under way, say) are grouped by the config that asked for them first. The trials of a sweep
make one table, in which a system's name is followed by the trial's levels: ``t5 (history=all, size=d64)``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.config import EvalConfig, load_config
from tod_bench.experiments.results import FORMAT, Experiment, Result, Store, read_record, read_result
from tod_bench.files import write_json


@dataclass(frozen=True, slots=True)
class Run:
    """A config and finished results of it.

    Attributes:
        config: The config; where the store does not have it, what the results' provenance says of it.
        results: The results, one an experiment.
        stores: Key of a result -> the store that it was found in.
        warnings: Why results may not belong in one table.
        lacking: What it was run without, and what supplies it.
        trials: Of a sweep: name of a system -> its name without the trial's levels, and these by factor.
    """

    config: EvalConfig
    results: tuple[Result, ...]
    stores: Mapping[str, Path]
    warnings: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    trials: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def predictions(self, result: Result) -> Path:
        """The prediction file of a result."""
        stored = self.stores[result.key] / result.predictions
        return stored if stored.is_file() else Path(result.predictions)


def table_folder(store: Path, name: str) -> Path:
    """The folder of a config's tables and pages."""
    return store / "tables" / name


def save_run(
    store: Path,
    config: EvalConfig,
    results: Sequence[Result],
    levels: Mapping[str, str] | None = None,
    lacking: Sequence[str] = (),
) -> Run:
    """Notes which results a config's table is made of.

    Args:
        store: The store that the results are in.
        config: The config that was run.
        results: Its results.
        levels: Factor -> level, where it was run as a trial of a sweep.
        lacking: What it was run without.
    """
    keys, described = [result.key for result in results], config.model_dump(mode="json", exclude_defaults=True)
    # A level may be a path or any other text, and its folder is one below the sweep's.
    trial = quote(",".join(f"{factor}={level}" for factor, level in (levels or {}).items()), safe="=,+")
    write_json(
        table_folder(store, config.name) / trial / "run.json",
        {
            **{"format": FORMAT, "config": described, "levels": dict(levels or {}), "results": keys},
            "lacking": list(lacking),
        },
    )
    return Run(config, tuple(results), dict.fromkeys(keys, store), lacking=tuple(lacking))


def read_runs(names: Sequence[str], store: Path) -> list[Run]:
    """The runs that names stand for, those of one config merged, in the order given.

    Args:
        names: Each a config's name (its run in `store`, or its trials), one trial (``NAME/TRIAL``), a store's folder,
            or a result file; none for all of `store`.
        store: The store that names of configs are looked up in.

    Raises:
        UserError: A name stands for nothing, or a file is unusable.
    """
    by_config: dict[str, list[Run]] = {}
    for run in [run for name in names for run in _named(name, store)] if names else _all_runs(store):
        by_config.setdefault(run.config.name, []).append(run)
    return [merge(runs) for runs in by_config.values()]


def with_layout(runs: Sequence[Run], configs: Sequence[str]) -> list[Run]:
    """The runs of some configs alone, laid out as those configs say now.

    Args:
        runs: The runs.
        configs: Config files or names of shipped configs.

    Raises:
        UserError: A config is unusable, or none of the runs is of it.
    """
    chosen, by_name = [], {run.config.name: run for run in runs}
    for name in configs:
        config = load_config(name)
        if config.name not in by_name:
            raise UserError(f"there is no finished run of {config.name}{did_you_mean(config.name, by_name)}")
        run = by_name[config.name]
        merged, warnings = _merge_configs([config, run.config])
        chosen.append(replace(run, config=merged, warnings=(*run.warnings, *warnings)))
    return chosen


def merge(runs: Sequence[Run]) -> Run:
    """One run out of several of one config; of two results of an experiment the newer is kept, with a warning."""
    config, warnings = _merge_configs([run.config for run in runs])
    kept: dict[Experiment, Result] = {}
    for result in (result for run in runs for result in run.results):
        other = kept.setdefault(result.experiment, result)
        if other.key != result.key:
            kept[result.experiment] = max(other, result, key=lambda one: str(one.provenance.get("date", "")))
            warnings.append(f"{result.experiment}: several results with different settings; the newest is shown")
    before = [warning for run in runs for warning in run.warnings]
    return Run(
        config,
        tuple(kept.values()),
        {key: store for run in runs for key, store in run.stores.items()},
        tuple(dict.fromkeys([*before, *warnings])),
        tuple(need for need in runs[0].lacking if all(need in run.lacking for run in runs)),
        {name: trial for run in runs for name, trial in run.trials.items()},
    )


def _merge_configs(configs: Sequence[EvalConfig]) -> tuple[EvalConfig, list[str]]:
    """The first config with what the others have beside it, and warnings where they call two things by one name."""
    sections: dict[str, dict[str, Any]] = {"corpora": {}, "systems": {}, "tasks": {}}
    warnings = []
    for config in configs:
        for name, section in sections.items():
            for label, value in getattr(config, name).items():
                if section.setdefault(label, value) != value:
                    warnings.append(f"{name}.{label} is not the same in all runs of {config.name}")
    return configs[0].model_copy(update=sections), warnings


def _named(name: str, store: Path) -> list[Run]:
    """The runs that one name stands for."""
    path = Path(name)
    if (path / "results").is_dir():
        return _all_runs(path)
    if path.is_file():
        return _by_config(path.parent.parent, [path])
    saved = _saved(store, f"{name}/run.json") + _saved(store, f"{name}/*/run.json")
    runs = saved or [run for run in _by_config(store, _result_files(store)) if run.config.name == name]
    if not runs:
        known = [run.config.name for run in _all_runs(store)]
        raise UserError(
            f"{name} is neither a store, a result file, nor a config that was run into {store}"
            f"{did_you_mean(name, known)}; run it first with `tod-bench run {name}`"
        )
    return runs


def _all_runs(store: Path) -> list[Run]:
    """The runs that a store has notes of, then its other results, grouped by config."""
    saved = _saved(store, "**/run.json")
    names = {run.config.name for run in saved}
    covered = {result.key for run in saved for result in run.results}
    rest = [run for run in _by_config(store, _result_files(store), without=covered) if run.config.name not in names]
    return [*saved, *rest]


def _saved(store: Path, pattern: str) -> list[Run]:
    """The runs that `save_run` noted."""
    runs = []
    for path in sorted(store.glob(f"tables/{pattern}")):
        note = read_record(path)
        if note is None:
            continue
        try:
            config, keys = EvalConfig.model_validate(note["config"]), list(map(str, note["results"]))
            levels, lacking = dict(note.get("levels", {})), tuple(map(str, note.get("lacking", ())))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path} is not what `tod-bench run` writes ({error}); run the config again") from None
        results = [result for key in keys if (result := Store(store).result(key)) is not None]
        lost = len(keys) - len(results)
        warnings = (f"{lost} of {len(keys)} results of {config.name} are no longer in {store}",) if lost else ()
        stores = {result.key: store for result in results}
        runs.append(_with_levels(Run(config, tuple(results), stores, warnings, lacking), levels))
    return runs


def _with_levels(run: Run, levels: Mapping[str, str]) -> Run:
    """The run with a trial's levels behind the names of its systems, so that trials of one sweep can be told apart."""
    if not levels:
        return run
    label = ", ".join(f"{factor}={level}" for factor, level in levels.items())
    names = {name: f"{name} ({label})" for name in run.config.systems}
    systems = {names[name]: section for name, section in run.config.systems.items()}
    results = [
        replace(result, experiment=replace(result.experiment, system=names[result.experiment.system]))
        for result in run.results
    ]
    trials = {shown: (name, levels) for name, shown in names.items()}
    config = run.config.model_copy(update={"systems": systems})
    return replace(run, config=config, results=tuple(results), trials=trials)


def _result_files(store: Path) -> list[Path]:
    return sorted(store.glob("results/*.json"))


def _by_config(store: Path, paths: Iterable[Path], without: Collection[str] = ()) -> list[Run]:
    """Results that no note tells the run of, by the config that asked for them first, which their provenance has."""
    runs: dict[str, list[Run]] = {}
    for path in paths:
        result = read_result(path)
        if result is None or result.key in without:
            continue
        experiment, known = result.experiment, result.provenance
        config = EvalConfig.model_validate(
            {
                "name": result.config,
                "corpora": {
                    experiment.corpus: {name: known["corpus"][name] for name in ("corpus", "options", "splits")}
                },
                "systems": {experiment.system: known["system"]} if experiment.system else {},
                "tasks": {experiment.task: known["task"]},
                "bootstrap": known["bootstrap"],
            }
        )
        runs.setdefault(result.config, []).append(Run(config, (result,), {result.key: store}))
    return [merge(of_config) for of_config in runs.values()]
