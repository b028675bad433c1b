"""The guide to the T5 baselines names settings that exist, with values that they take."""

import re
from dataclasses import fields

import yaml

from guides import DOCS, blocks
from tod_baselines.pptod.recipe import Recipe
from tod_bench.experiments.config import EvalConfig

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
        Recipe(**{key: value})
