"""The registry of metrics."""

import pytest

from tod_metrics import METRICS, metric, metric_class, metric_names


def test_every_metric_is_what_the_registry_calls_it():
    assert list(METRICS) == sorted(METRICS)
    for name in METRICS:
        found = metric_class(name)
        assert found.name == name
        assert found.higher_is_better in (True, False, None)


def test_names_come_with_a_line_about_each():
    names = dict(metric_names())
    assert names.keys() >= METRICS.keys()
    assert all(line.endswith(".") or "," in line for line in names.values()), names


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("jgaa", {}, "there is no metric 'jgaa'; did you mean 'jga'\\?; see `tod-bench list metrics`"),
        ("slot_f2@trade", {}, "did you mean 'slot_f1'"),
        ("jga", {"domian": "hotel"}, "the metric 'jga' has no option 'domian'; did you mean 'domain'"),
    ],
)
def test_errors_name_the_nearest(spec, options, message):
    with pytest.raises(ValueError, match=message):
        metric(spec, **options)


def test_a_spec_names_its_protocol():
    assert metric("jga@trade") == metric("jga", protocol="trade")
    assert metric("jga") == metric("jga@tod_bench")
