"""The guide to the T5 baselines names settings that exist, with values that they take."""

import re
from dataclasses import fields

import yaml

from guides import DOCS, blocks
from tod_baselines.pptod.recipe import Recipe
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.jobs import Predict
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run

ONE_MORE = {"name": "guide", "bootstrap": {"draws": 0}}
GUIDE = (DOCS / "t5.md").read_text(encoding="utf-8")


def test_the_systems_of_the_guide_are_valid():
    systems = yaml.safe_load(blocks("t5.md", "yaml")[0])["systems"]
    config = {"name": "guide", "corpora": {"plain": {"corpus": "simulated"}}, "tasks": {"dst": {"metrics": ["jga"]}}}
    sections = EvalConfig.model_validate({**config, "systems": systems}).systems.values()
    assert [Recipe(**section.params).init for section in sections] == ["pretrained", "scratch"]


def test_the_settings_of_the_guide_exist():
    named = [(key, yaml.safe_load(value)) for key, value in re.findall(r"`(\w+): ([^`]+)`", GUIDE)]
    named = [(key, value) for key, value in named if key not in ("seeds", "params")]
    assert {key for key, _ in named} <= {field.name for field in fields(Recipe)}
    assert len(named) > 10
    for key, value in named:
        format_ = {"format": "pptod"} if key == "delexicalised" else {}
        Recipe(**{key: value}, **format_)


def test_the_released_checkpoint_of_the_guide_is_a_valid_system():
    (section,) = yaml.safe_load(blocks("t5.md", "yaml")[1])["systems"].values()
    assert not Recipe(**section["params"]).trained


def test_the_config_of_several_corpora_runs(tmp_path):
    config = EvalConfig.model_validate({**ONE_MORE, **yaml.safe_load(blocks("t5.md", "yaml")[2])})
    (result,) = run(build(config), Store(tmp_path))
    assert result.experiment.corpus == "city"
    note = Predict(build(config), result.experiment).training.record(Store(tmp_path))
    assert note["trained_on"] == {"city:train[:40]": 40, "other:train": 60}
