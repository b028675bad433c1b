"""Scripts that Hugging Face `evaluate.load` reads, one a metric: see `tod_metrics.adapters.huggingface`."""

from pathlib import Path

_FOLDER = Path(__file__).parent

_SCRIPT = '''"""`{name}` for Hugging Face evaluate, written by ``python -m tod_metrics.adapters.hf``."""

from tod_metrics.adapters import huggingface


class {title}(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "{name}"
'''


def path(name: str) -> str:
    """What to hand to `evaluate.load` or `evaluate.combine` for a metric of this package.

    Raises:
        ValueError: There is no such metric.
    """
    script = _FOLDER / f"{name}.py"
    if not script.is_file():
        known = sorted(file.stem for file in _FOLDER.glob("*.py") if not file.stem.startswith("_"))
        raise ValueError(f"there is no metric {name!r} for evaluate; there are {', '.join(known)}")
    return str(script)


def script_of(name: str) -> str:
    """The content of a metric's script."""
    return _SCRIPT.format(name=name, title="".join(part.capitalize() for part in name.split("_")))


def write_scripts(folder: Path = _FOLDER) -> list[str]:
    """Writes the script of every metric of the registry; those of metrics that are gone go. Returns the names."""
    from tod_metrics import METRICS

    for stale in folder.glob("[!_]*.py"):
        if stale.stem not in METRICS:
            stale.unlink()
    for name in METRICS:
        (folder / f"{name}.py").write_text(script_of(name), encoding="utf-8")
    return sorted(METRICS)
