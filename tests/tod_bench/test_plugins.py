"""Classes found through entry points, with the defaults of what they do not extend."""

from typing import ClassVar

import pytest

from tod_bench import plugins
from tod_bench.corpora.base import Corpus, corpus_class
from tod_bench.plugins import plugin_names, with_defaults
from tod_bench.records import Dialogue, Turn
from tod_bench.simulated.corpus import Simulated
from tod_bench.splits import signed_split, split_notes
from tod_bench.systems import System, gold_access_of

DIALOGUE = Dialogue("d", "plain", "test", ("x",), (Turn(0, "hi", "hello"),))


class PlainCorpus:
    """Extends nothing, and sets what it has in its constructor."""

    def __init__(self, name: str = "plain") -> None:
        self.name, self.splits, self.schema, self.fingerprint = name, ("test",), {}, "0"
        self.database = "venues"

    def dialogues(self, split: str):
        return iter([DIALOGUE])


class PlainSystem:
    """Extends nothing."""

    tasks = frozenset({"dst"})
    conditioned_on: ClassVar = {"policy": frozenset({"state"})}

    def fits_together(self, task):
        return ()


def test_a_class_that_extends_the_base_is_left_as_it_is() -> None:
    assert with_defaults(Simulated, Corpus) is Simulated
    assert corpus_class("simulated") is Simulated


def test_a_plain_corpus_has_the_defaults() -> None:
    plain = with_defaults(PlainCorpus, Corpus)
    corpus = plain("mine")
    assert isinstance(corpus, Corpus)
    assert (plain.__name__, plain.__module__, plain.__doc__) == ("PlainCorpus", __name__, PlainCorpus.__doc__)
    assert (corpus.name, corpus.database, corpus.warnings, corpus.unofficial) == ("mine", "venues", (), ())
    assert (corpus.completeness("test"), corpus.missing_annotations("test"), corpus.seen_services) == (None, {}, None)
    assert (signed_split(corpus, "test"), split_notes(corpus, "test")) == ("test", ())
    assert not hasattr(PlainCorpus, "warnings")


def test_a_plain_corpus_becomes_datasets() -> None:
    pytest.importorskip("datasets")
    made = with_defaults(PlainCorpus, Corpus)().to_datasets("turns")
    assert made["test"]["user"][:] == ["hi"]


def test_a_plain_system_has_the_defaults() -> None:
    system = with_defaults(PlainSystem, System)()
    assert isinstance(system, System)
    assert (list(system.check()), system.prediction_settings) == ([], frozenset())
    assert (gold_access_of(system), system.conditioned_on) == (frozenset(), {"policy": frozenset({"state"})})


def test_the_old_name_of_gold_access_is_read_wherever_it_is_set() -> None:
    system = with_defaults(PlainSystem, System)()
    system.privileges = frozenset({"gold"})
    assert gold_access_of(system) == {"gold"}


def test_what_is_installed_is_looked_up_once_until_something_is_installed(tmp_path, monkeypatch):
    looked_up = []
    real = plugins.entry_points
    monkeypatch.setattr(plugins, "entry_points", lambda **wanted: looked_up.append(wanted) or real(**wanted))
    monkeypatch.syspath_prepend(tmp_path)
    assert "added" not in plugin_names("tod_bench.systems")
    assert "majority" in plugin_names("tod_bench.systems")
    assert len(looked_up) == 1
    info = tmp_path / "added-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: added\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[tod_bench.systems]\nadded = added:System\n", encoding="utf-8")
    assert "added" in plugin_names("tod_bench.systems")
    assert len(looked_up) == 2
