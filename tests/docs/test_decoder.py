"""The guide to decoder-only models names settings that exist, with values that they take."""

import re
from dataclasses import fields

import yaml

from guides import DOCS, blocks
from tod_baselines.decoder.sequence import PLAIN_MARKS
from tod_baselines.decoder.settings import Settings
from tod_bench.experiments.config import EvalConfig

GUIDE = (DOCS / "decoder.md").read_text(encoding="utf-8")


def test_the_systems_of_the_guide_are_valid():
    systems = yaml.safe_load(blocks("decoder.md", "yaml")[0])["systems"]
    config = {"name": "guide", "corpora": {"plain": {"corpus": "simulated"}}, "tasks": {"dst": {"metrics": ["jga"]}}}
    sections = EvalConfig.model_validate({**config, "systems": systems}).systems.values()
    assert [Settings(**section.params).init for section in sections] == ["pretrained", "pretrained", "scratch"]


def test_the_settings_of_the_guide_exist():
    named = [(key, yaml.safe_load(value)) for key, value in re.findall(r"`(\w+): ([^`]+)`", GUIDE)]
    named = [(key, value) for key, value in named if key != "params"]
    assert {key for key, _ in named} <= {field.name for field in fields(Settings)}
    assert len(named) > 10
    for key, value in named:
        Settings(**{key: value})


def test_the_marks_of_the_guide_are_ours():
    assert set(re.findall(r"<[a-z]+>", GUIDE)) == set(PLAIN_MARKS)
