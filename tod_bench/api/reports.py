"""Tables and pages of finished runs."""

from collections.abc import Sequence
from pathlib import Path

from tod_bench.reports.report import report as report_runs
from tod_bench.reports.runs import read_runs, with_layout
from tod_bench.sweeps import RunResult


def report(
    *runs: str,
    store: str | Path = "runs",
    configs: Sequence[str] = (),
    page: str | Path | None = None,
    dialogues: int = 40,
    judged: Sequence[str | Path] = (),
) -> tuple[RunResult, ...]:
    """The tables of finished runs, without running anything.

    Args:
        *runs: Names of configs that were run into `store`, folders of stores, or result files; none for all of `store`.
        store: The store that names of configs are looked up in.
        configs: Configs to lay runs out by, and to leave other runs out for.
        page: A file to write an HTML page of the one run to.
        dialogues: Dialogues of each corpus to embed in the page.
        judged: Folders of judge runs whose verdicts the page is to show.

    Raises:
        UserError: There is no such run, or a page is wanted of several.
    """
    tables, _ = report_runs(
        runs,
        Path(store),
        configs=configs,
        form="terminal",
        page=Path(page) if page else None,
        dialogues=dialogues,
        judged=tuple(map(Path, judged)),
    )
    found = read_runs(runs, Path(store))
    chosen = with_layout(found, configs) if configs else found
    files = (Path(page),) if page else ()
    return tuple(
        RunResult(one.config, one.results, table, one.lacking, files) for one, table in zip(chosen, tables, strict=True)
    )
