"""The paper's numbers beside ours: files of ``results/published`` as tables."""

from typing import Any

import yaml

from tod_bench.errors import UserError, did_you_mean
from tod_bench.markdown import table
from tod_bench.shipped import shipped_folder
from tod_metrics.style.emotions import PUBLISHED_NAMES


def read_published(name: str) -> dict[str, Any]:
    """A published table: its source, rows and notes.

    Raises:
        UserError: There is no such file.
    """
    folder = shipped_folder("published")
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = sorted(path.stem for path in folder.glob("*.yaml"))
        raise UserError(f"there are no published values {name!r}{did_you_mean(name, known)}")
    value: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return value


def published_section(name: str) -> str:
    """A published table as Markdown, every value as printed."""
    read = read_published(name)
    rows = read["rows"]
    labels = list(dict.fromkeys(key for row in rows for key in row if key != "values"))
    columns = list(dict.fromkeys(key for row in rows for key in row["values"]))
    lines = [
        [*(str(row.get(label, "")) for label in labels), *(str(row["values"].get(column, "-")) for column in columns)]
        for row in rows
    ]
    notes = "".join(f"\n- {note}" for note in read.get("notes", ()))
    return (
        f"## Published: {read['source']}\n\n{table([*labels, *columns], lines, left=len(labels))}\n{notes}".rstrip()
        + "\n"
    )


def published_emotions(name: str) -> dict[str, dict[str, float]]:
    """A published table of emotion shares as columns: label -> share, under GoEmotions' own names of labels."""
    read = read_published(name)
    return {
        f"{row['corpus']}, {row['row']} (published)": {
            PUBLISHED_NAMES.get(label, label): float(share) for label, share in row["values"].items()
        }
        for row in read["rows"]
    }
