"""The guide to Pictor names settings that exist, with values that they take."""

import re
from dataclasses import fields

import yaml

from guides import DOCS, blocks
from tod_baselines.pictor.prompting import INPUTS, MARKS
from tod_baselines.pictor.settings import CONTROLS, Settings
from tod_bench.experiments.config import EvalConfig

GUIDE = (DOCS / "pictor.md").read_text(encoding="utf-8")


def test_the_systems_of_the_guide_are_valid():
    systems = {
        name: system
        for block in blocks("pictor.md", "yaml")
        for name, system in yaml.safe_load(block)["systems"].items()
    }
    config = {
        "name": "guide",
        "corpora": {"plain": {"corpus": "simulated"}},
        "tasks": {"response": {"metrics": ["bleu"]}},
    }
    sections = EvalConfig.model_validate({**config, "systems": systems}).systems.values()
    assert [Settings(**section.params).init for section in sections] == ["scratch", "pretrained", "scratch", "scratch"]


def test_the_settings_of_the_guide_exist():
    named = [(key, yaml.safe_load(value)) for key, value in re.findall(r"`(\w+): ([^`]+)`", GUIDE)]
    named = [(key, value) for key, value in named if key not in ("params", "impression")]
    assert {key for key, _ in named} <= {field.name for field in fields(Settings)}
    assert len(named) > 4
    for key, value in named:
        Settings(**{key: value})


def test_the_table_of_controls_is_complete():
    assert set(re.findall(r"^\| `(\w+)` \|", GUIDE, flags=re.MULTILINE)) == {"control", *CONTROLS}


def test_the_lines_of_a_prompt_are_those_of_the_guide():
    (lines,) = blocks("pictor.md", "text")
    assert tuple(line.split()[0] for line in lines.splitlines()) == INPUTS
    assert set(re.findall(r" (\w+:)", lines)) == set(MARKS) - {"progress:"}
