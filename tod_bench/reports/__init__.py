"""Tables of results, plots and pages, in every form that readers want.

results in a store ──read_runs──▶ Run ──table_of──▶ Table ──▶ Markdown, CSV, LaTeX, JSON, pandas, notebook
                                   └──page_data──▶ Page ──write_page──▶ one HTML file
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tod_bench.reports.page import page_data, table_of, write_page
    from tod_bench.reports.runs import Run, read_runs
    from tod_bench.reports.table import Table, make_table
    from tod_bench.reports.writers import print_table, write_table

__all__ = [
    "Run",
    "Table",
    "make_table",
    "page_data",
    "print_table",
    "read_runs",
    "table_of",
    "write_page",
    "write_table",
]

_MODULES = {
    **dict.fromkeys(("page_data", "table_of", "write_page"), "page"),
    **dict.fromkeys(("Run", "read_runs"), "runs"),
    **dict.fromkeys(("Table", "make_table"), "table"),
    **dict.fromkeys(("print_table", "write_table"), "writers"),
}


def __getattr__(name: str) -> Any:
    """What is public, imported when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
