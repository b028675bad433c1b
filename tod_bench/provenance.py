"""Where a number came from: code, packages, machine."""

import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tod_bench import __version__

_PACKAGES = (
    *("accelerate", "convokit", "ctranslate2", "datasets", "evaluate", "krippendorff", "nltk", "numpy", "openai"),
    *("rapidfuzz", "sacrebleu", "scipy", "sentencepiece", "spacy", "textstat", "tokenizers", "torch", "transformers"),
)


def provenance() -> dict[str, Any]:
    """Code version, commit and dirty flag, package versions, Python, platform and device, as JSON values."""
    return {
        "tod_bench": __version__,
        **_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device(),
        "packages": {name: installed for name in _PACKAGES if (installed := installed_version(name))},
    }


def device() -> str:
    """The accelerator that torch would use, if torch has been imported; else the processor's architecture."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return str(torch.cuda.get_device_name(0))
    return f"cpu ({platform.machine()})"


@cache
def installed_version(package: str) -> str | None:
    """The version of a distribution; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@cache
def _commit() -> dict[str, Any]:
    folder = Path(__file__).parent
    commit = _git(folder, "rev-parse", "HEAD")
    # A checkout of some other project around an installed package says nothing about this code.
    if commit is None or _git(folder, "ls-files", "--error-unmatch", Path(__file__).name) is None:
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
