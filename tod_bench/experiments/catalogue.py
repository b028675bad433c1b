"""What is installed, by sort, with a line about each."""

import inspect
from typing import Any

import yaml

from tod_bench.corpora.base import corpus_class, corpus_names
from tod_bench.shipped import config_names, shipped_folder
from tod_bench.systems import system_class, system_names


def entries(sort: str) -> list[tuple[str, str]]:
    """Names and descriptions of what is installed.

    Args:
        sort: ``corpora``, ``systems``, ``metrics`` or ``configs``.
    """
    if sort == "corpora":
        return [(name, _first_line(corpus_class(name))) for name in corpus_names()]
    if sort == "systems":
        return [(name, _first_line(system_class(name))) for name in system_names()]
    if sort == "metrics":
        from tod_metrics import metric_names
        from tod_metrics.episode import EPISODE_METRICS
        from tod_metrics.judge import JUDGE_METRICS

        marks = dict.fromkeys(JUDGE_METRICS, " (judge or people)") | dict.fromkeys(EPISODE_METRICS, " (play)")
        return [(name, line + marks.get(name, "")) for name, line in metric_names()]
    return [(name, _title(name)) for name in config_names()]


def _first_line(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _title(name: str) -> str:
    content = yaml.safe_load((shipped_folder("eval_configs") / f"{name}.yaml").read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        return ""
    return str(content.get("title", "")) + (" (also --small)" if "small" in content else "")
