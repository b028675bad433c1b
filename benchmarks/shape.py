"""The shape of the code: how much of it there is, and how it is cut into files and functions.

python -m benchmarks.shape
"""

import ast
from pathlib import Path
from statistics import median

import click

from benchmarks.command import help_text
from tod_bench.markdown import table

ROOT = Path(__file__).parent.parent
PACKAGES = ("tod_bench", "metrics/tod_metrics", "baselines/tod_baselines")
HEADS = ("package", "lines", "files", "median file", "functions", "median function", "functions of ≤ 3 lines")


def shape(files: list[Path]) -> list[str]:
    """Measures source files.

    Args:
        files: Python files.

    Returns:
        The cells below `HEADS` but the first: lines, files, lines of the median file, functions (methods and nested
        ones too), lines of the median function, and functions of at most three lines. A function's lines are those from
        its ``def`` to its last statement, with signature and docstring and without decorators.
    """
    texts = [file.read_text(encoding="utf-8") for file in files]
    lengths = [len(text.splitlines()) for text in texts]
    sizes = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        f"{sum(lengths):,}",
        f"{len(files):,}",
        f"{median(lengths or [0]):g}",
        f"{len(sizes):,}",
        f"{median(sizes or [0]):g}",
        f"{sum(size <= 3 for size in sizes):,}",
    ]


def shape_table(root: Path = ROOT) -> str:
    """The Markdown table of the three packages, and of the files and subpackages of `tod_bench`.

    Args:
        root: The repository's folder.
    """
    parts = {"all": [file for name in PACKAGES for file in sorted((root / name).rglob("*.py"))]}
    for name in PACKAGES:
        parts[Path(name).name] = sorted((root / name).rglob("*.py"))
        if name == "tod_bench":
            parts["tod_bench/*.py"] = sorted((root / name).glob("*.py"))
            subpackages = sorted(file.parent for file in (root / name).glob("*/__init__.py"))
            parts |= {f"tod_bench/{folder.name}": sorted(folder.rglob("*.py")) for folder in subpackages}
    return table(HEADS, ([name, *shape(files)] for name, files in parts.items()))


@click.command(help=help_text(__doc__))
def main() -> None:
    """Prints the table."""
    print(shape_table())


if __name__ == "__main__":
    main()
