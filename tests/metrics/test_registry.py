"""The registry of metrics."""

import sys
from types import ModuleType

import pytest

from tod_metrics import METRICS, Metric, metric, metric_class, metric_names, registry
from tod_metrics.items import ResponseItem


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


class NotAMetric:
    item = ResponseItem
    name = "mine"
    columns = ("n",)


class Unfinished(Metric[ResponseItem]):
    item = ResponseItem
    name = "mine"

    def aggregate(self, sums):
        return sums[..., 0]


@pytest.mark.parametrize(
    ("registered", "message"),
    [
        (NotAMetric, "mine:Mine, registered as the metric 'mine', does not derive from tod_metrics.Metric"),
        (metric, "does not derive from tod_metrics.Metric; docs/add_a_metric.md shows how"),
        (Unfinished, "mine:Mine, registered as the metric 'mine', does not define columns, signature, statistics"),
    ],
)
def test_what_is_no_metric_is_refused_in_one_sentence(monkeypatch, registered, message):
    module = ModuleType("mine")
    module.Mine = registered
    monkeypatch.setitem(sys.modules, "mine", module)
    monkeypatch.setitem(METRICS, "mine", "mine:Mine")
    registry.registered.cache_clear()
    try:
        with pytest.raises(ValueError, match=message):
            metric("mine")
    finally:
        registry.registered.cache_clear()


def test_defaults_of_the_contract():
    bleu = metric("bleu")
    assert (bleu.protocol, bleu.domain, bleu.by_domain, bleu.notes) == ("tod_bench", "", False, ())
    assert (bleu.needs, bleu.protocols, bleu.denominator) == ((), (), "")
    items = [ResponseItem("d", 0, "which area do you want", "which area do you want")]
    assert bleu.resolved(items) is bleu
    assert bleu.score(items) == pytest.approx(100.0)
    assert metric("distinct_ngrams").score(items) == 5.0
    with pytest.raises(ValueError, match="distinct_ngrams looks at the whole corpus at once"):
        metric("distinct_ngrams").statistics(items)
