"""The reference of configs says what the models are, and its examples are configs."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from tod_bench.experiments.config import EvalConfig
from tod_bench.judge import JudgeConfig

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "configs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("config_reference", DOCS / "config_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_models(reference):
    assert reference.filled(PAGE) == PAGE, "run: python docs/config_reference.py"


def test_every_section_has_its_table_and_every_key_its_meaning(reference):
    models = reference.sections(EvalConfig, JudgeConfig)
    assert [name for name in models if f"<!-- keys: {name} -->" not in PAGE] == []
    for model in models.values():
        assert [name for name in model.model_fields if not reference.descriptions(model).get(name)] == [], model


def test_examples_are_valid():
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    whole = next(value for value in examples if "corpora" in value)
    EvalConfig.model_validate(whole)
    sweeps = [value for value in examples if "sweep" in value]
    assert len(sweeps) == 3
    for value in sweeps:
        EvalConfig.model_validate({**whole, **value})
