"""The scripts that Hugging Face `evaluate.load` reads, one a metric, written when they are asked for.

evaluate finds a metric by the path of a Python file and takes the class in it. That class is
`tod_metrics.adapters.huggingface.Module`, so a script only names the metric.
"""

import os
from pathlib import Path

from tod_metrics.errors import extra_needed
from tod_metrics.registry import registered

_SCRIPT = '''"""`{name}` for Hugging Face evaluate."""

from tod_metrics.adapters import huggingface


class {title}(huggingface.Module):
    """See `tod_metrics.adapters.huggingface`."""

    registered = "{name}"
'''


def path(name: str) -> str:
    """What to hand to `evaluate.load` or `evaluate.combine` for a metric: a script in evaluate's cache.

    Args:
        name: The metric's name, of this package or another that is registered.

    Raises:
        ValueError: There is no such metric.
        MissingExtraError: evaluate is not installed.
    """
    known = registered()
    if name not in known:
        raise ValueError(f"there is no metric {name!r} for evaluate; there are {', '.join(sorted(known))}")
    with extra_needed("style", "Hugging Face evaluate's form of a metric"):
        from evaluate import config
    script = Path(config.HF_METRICS_CACHE) / "tod_metrics" / f"{name}.py"
    text = _SCRIPT.format(name=name, title="".join(part.capitalize() for part in name.split("_")))
    if not script.is_file() or script.read_text(encoding="utf-8") != text:
        script.parent.mkdir(parents=True, exist_ok=True)
        # Another process may read it meanwhile.
        written = script.with_suffix(f".{os.getpid()}")
        written.write_text(text, encoding="utf-8")
        written.replace(script)
    return str(script)
