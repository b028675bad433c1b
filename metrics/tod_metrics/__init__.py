"""Metrics of task-oriented dialogue: pure scoring, one metric a file, importable without the rest of tod-bench.

    from tod_metrics import metric
    jga = metric("jga@trade")
    jga.score(items)

A metric is named as ``name``, ``name@protocol`` or ``name(option=value, ...)@protocol`` (see `tod_metrics.specs`), and
found by `tod_metrics.registry`.
"""

from typing import TYPE_CHECKING, Any

from tod_metrics.registry import GROUP, METRICS, check_spec, metric, metric_class, metric_names
from tod_metrics.specs import MetricSpec, canonical, parse_spec

if TYPE_CHECKING:
    from tod_metrics.base import CorpusMetric, Metric, Signature

__all__ = [
    "GROUP",
    "METRICS",
    "CorpusMetric",
    "Metric",
    "MetricSpec",
    "Signature",
    "canonical",
    "check_spec",
    "metric",
    "metric_class",
    "metric_names",
    "parse_spec",
]


def __getattr__(name: str) -> Any:
    # NumPy is behind these, and `tod-bench --help` needs only `tod_metrics.errors`.
    if name in ("CorpusMetric", "Metric", "Signature"):
        from tod_metrics import base

        return getattr(base, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
