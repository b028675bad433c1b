"""The guide to the T5 baselines names settings that exist, with values that they take."""

import re
from dataclasses import fields
from pathlib import Path

import yaml

from baselines.pptod.recipe import Recipe
from tod_bench.configs import EvalConfig

GUIDE = (Path(__file__).parents[2] / "docs" / "t5.md").read_text(encoding="utf-8")


def test_the_systems_of_the_guide_are_valid():
    systems = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)[0])["systems"]
    config = {"name": "guide", "corpora": {"plain": {"corpus": "simulated"}}, "tasks": {"dst": {"metrics": ["jga"]}}}
    for section in EvalConfig.model_validate({**config, "systems": systems}).systems.values():
        Recipe(**section.params)


def test_the_settings_of_the_guide_exist():
    named = [(key, yaml.safe_load(value)) for key, value in re.findall(r"`(\w+): ([^`]+)`", GUIDE)]
    named = [(key, value) for key, value in named if key not in ("seeds", "params")]
    assert {key for key, _ in named} <= {field.name for field in fields(Recipe)}
    assert len(named) > 10
    for key, value in named:
        Recipe(**{key: value})
