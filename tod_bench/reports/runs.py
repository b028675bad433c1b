"""Finished runs, found again in stores: which config, which results, where their predictions are.

    STORE/tables/NAME/run.json         what the last `tod-bench run` of a config was: the config, the results' keys
    STORE/tables/NAME/TRIAL/run.json   the same of a sweep's trial, with the levels that its factors had

A result belongs to every config that asked for it, so the file is what tells which results make a table. Results of a
store without it (of a run under way, say) are grouped by the config that asked for them first. The trials of a sweep
make one table, in which a system's name is followed by the trial's levels: ``t5 (history=all, size=d64)``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tod_bench.errors import UserError, did_you_mean
from tod_bench.experiments.config import EvalConfig, load_config
from tod_bench.experiments.results import FORMAT, Result, Store, read_record, read_result
from tod_bench.files import write_json


@dataclass(frozen=True, slots=True)
class Run:
    """A config and finished results of it.

    Attributes:
        config: The config; where the store does not have it, what the results' provenance says of it.
        results: The results, one a cell.
        stores: Key of a result -> the store that it was found in.
        warnings: Why results may not belong in one table.
        lacking: What it was run without, and what supplies it.
    """

    config: EvalConfig
    results: tuple[Result, ...]
    stores: Mapping[str, Path]
    warnings: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

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
    found: dict[str, list[Run]] = {}
    for run in [run for name in names for run in _named(name, store)] if names else _all_runs(store):
        found.setdefault(run.config.name, []).append(run)
    return [merge(runs) for runs in found.values()]


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
    """One run out of several of one config; of two results of a cell the newer one is kept, with a warning."""
    config, warnings = _merge_configs([run.config for run in runs])
    stores = {key: store for run in runs for key, store in run.stores.items()}
    kept, clashes = _one_a_cell(result for run in runs for result in run.results)
    before = [warning for run in runs for warning in run.warnings]
    lacking = tuple(need for need in runs[0].lacking if all(need in run.lacking for run in runs))
    return Run(config, kept, stores, tuple(dict.fromkeys([*before, *warnings, *clashes])), lacking)


def _named(name: str, store: Path) -> list[Run]:
    path = Path(name)
    if (path / "results").is_dir():
        return _all_runs(path)
    if path.is_file():
        return _grouped({path.parent.parent: _read_all([path])})
    noted = _noted(store, f"{name}/run.json") + _noted(store, f"{name}/*/run.json")
    if noted:
        return noted
    loose = [run for run in _grouped({store: _results(store)}) if run.config.name == name]
    if not loose:
        known = [run.config.name for run in _all_runs(store)]
        raise UserError(
            f"{name} is neither a store, a result file, nor a config that was run into {store}"
            f"{did_you_mean(name, known)}; run it first with `tod-bench run {name}`"
        )
    return loose


def _all_runs(store: Path) -> list[Run]:
    runs = _noted(store, "**/run.json")
    names = {run.config.name for run in runs}
    covered = {result.key for run in runs for result in run.results}
    rest = [result for result in _results(store) if result.key not in covered and result.config not in names]
    return [*runs, *_grouped({store: rest})]


def _noted(store: Path, pattern: str) -> list[Run]:
    notes = {path: read_record(path) for path in sorted(store.glob(f"tables/{pattern}"))}
    return [_from_note(store, path, note) for path, note in notes.items() if note is not None]


def _from_note(store: Path, path: Path, note: Mapping[str, Any]) -> Run:
    try:
        config, keys = EvalConfig.model_validate(note["config"]), list(map(str, note["results"]))
        levels, lacking = dict(note.get("levels", {})), tuple(map(str, note.get("lacking", ())))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not what `tod-bench run` writes ({error}); run the config again") from None
    opened = Store(store)
    results = [result for key in keys if (result := opened.result(key)) is not None]
    lost = len(keys) - len(results)
    warnings = (f"{lost} of {len(keys)} results of {config.name} are no longer in {store}",) if lost else ()
    stores = {result.key: store for result in results}
    return _labelled(Run(config, tuple(results), stores, warnings, lacking), levels)


def _labelled(run: Run, levels: Mapping[str, str]) -> Run:
    """The run with a trial's levels behind the names of its systems, so that trials of one sweep can be told apart."""
    if not levels:
        return run
    label = ", ".join(f"{factor}={level}" for factor, level in levels.items())
    names = {name: f"{name} ({label})" for name in run.config.systems}
    systems = {names[name]: section for name, section in run.config.systems.items()}
    results = [
        replace(one, experiment=replace(one.experiment, system=names[one.experiment.system])) for one in run.results
    ]
    return replace(run, config=run.config.model_copy(update={"systems": systems}), results=tuple(results))


def _results(store: Path) -> list[Result]:
    return _read_all(sorted(store.glob("results/*.json")))


def _read_all(paths: Iterable[Path]) -> list[Result]:
    return [result for path in paths if (result := read_result(path)) is not None]


def _grouped(results: Mapping[Path, Sequence[Result]]) -> list[Run]:
    runs: dict[str, list[Run]] = {}
    for store, found in results.items():
        for result in found:
            run = Run(_config_of(result), (result,), {result.key: store})
            runs.setdefault(result.config, []).append(run)
    return [merge(several) for several in runs.values()]


def _config_of(result: Result) -> EvalConfig:
    cell, known = result.experiment, result.provenance
    corpus = {name: known["corpus"][name] for name in ("corpus", "options", "splits")}
    return EvalConfig.model_validate(
        {
            "name": result.config,
            "corpora": {cell.corpus: corpus},
            "systems": {cell.system: known["system"]} if cell.system else {},
            "tasks": {cell.task: known["task"]},
            "bootstrap": known["bootstrap"],
        }
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


def _one_a_cell(results: Iterable[Result]) -> tuple[tuple[Result, ...], list[str]]:
    kept: dict[Any, Result] = {}
    warnings = []
    for result in results:
        other = kept.setdefault(result.experiment, result)
        if other.key != result.key:
            kept[result.experiment] = max(other, result, key=lambda one: str(one.provenance.get("date", "")))
            warnings.append(f"{result.experiment}: several results with different settings; the newest is shown")
    return tuple(kept.values()), warnings
