"""Tables of finished runs, merged from stores, in the form that is wanted: what ``tod-bench report`` does."""

import json
from collections.abc import Sequence
from pathlib import Path

from tod_bench.errors import UserError
from tod_bench.files import write_text
from tod_bench.reports.judged import read_judge_runs
from tod_bench.reports.opened import OpenedRun
from tod_bench.reports.page import page_data, render, table_of
from tod_bench.reports.runs import Run, read_runs, with_layout
from tod_bench.reports.table import Table
from tod_bench.reports.writers import to_json


def report(
    names: Sequence[str],
    store: Path,
    *,
    configs: Sequence[str] = (),
    form: str = "md",
    page: Path | None = None,
    dialogues: int = 40,
    judged: Sequence[Path] = (),
) -> tuple[list[Table], str]:
    """Reads finished runs and lays them out.

    Args:
        names: Configs run into `store`, stores and result files (see `tod_bench.reports.runs.read_runs`).
        store: The store of names that are configs.
        configs: Configs to lay runs out by, and to leave other runs out for; none for all runs as they were run.
        form: ``terminal``, ``md``, ``csv``, ``json``, ``latex`` or ``html``.
        page: Where to write the HTML page; None for none.
        dialogues: Dialogues of each corpus to embed in it.
        judged: Folders of judge runs whose verdicts the page is to show.

    Returns:
        The tables, and their text in the form that was wanted (empty for ``terminal``).

    Raises:
        UserError: There is no such run, or a form that holds one table is wanted of several.
    """
    runs = read_runs(names, store)
    runs = with_layout(runs, configs) if configs else runs
    if not any(run.results for run in runs):
        raise UserError(f"there is no finished run in {', '.join(names) or store}; run one with `tod-bench run`")
    opened = [OpenedRun(run) for run in runs]
    html = ""
    if page is not None or form == "html":
        run = _only(runs, "an HTML page")
        shown = page_data(run, dialogues=dialogues, judged=read_judge_runs(judged), opened=opened[0])
        tables, html = [shown.table], render(shown)
    else:
        tables = [table_of(run, read) for run, read in zip(runs, opened, strict=True)]
    if page is not None:
        write_text(page, html)
    match form:
        case "html":
            return tables, html
        case "json":
            named = {run.config.name: to_json(table) for run, table in zip(runs, tables, strict=True)}
            return tables, json.dumps(named, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        case "csv":
            _only(runs, "a CSV file")
            return tables, tables[0].to_csv()
        case "md":
            return tables, "\n".join(table.to_markdown() for table in tables)
        case "latex":
            return tables, "\n".join(table.to_latex() for table in tables)
        case _:
            return tables, ""


def _only(runs: Sequence[Run], what: str) -> Run:
    if len(runs) != 1:
        names = ", ".join(run.config.name for run in runs)
        raise UserError(f"{what} holds one table, and these are runs of {len(runs)} configs: {names}; name one")
    return runs[0]
