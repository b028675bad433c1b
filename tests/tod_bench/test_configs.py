"""Eval configs: shapes, overrides, and every error at once."""

from pathlib import Path

import pytest
import yaml

from tod_bench.errors import UserError
from tod_bench.experiments.config import load_config

MINIMAL = """
name: small
corpora: {plain: {corpus: simulated}}
systems: {oracle: {system: oracle}}
tasks: {dst: {metrics: [jga]}}
"""


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return _write


def test_minimal_config_gets_defaults(write):
    config = load_config(write(MINIMAL))
    assert config.seeds == (1,)
    assert config.corpora["plain"].splits.test == "test"
    assert config.bootstrap.draws == 1000


def test_overrides_reach_nested_keys_and_are_yaml(write):
    config = load_config(write(MINIMAL), ["seeds=[1,2]", "corpora.plain.splits.test=dev[:5]", "bootstrap.draws=50"])
    assert config.seeds == (1, 2)
    assert config.corpora["plain"].splits.test == "dev[:5]"
    assert config.bootstrap.draws == 50


def test_every_error_is_reported_at_once_with_the_nearest_key(write):
    text = MINIMAL.replace("metrics: [jga]", "metrix: [jga]") + "seedz: [1]\nbootstrap: {draws: many}\n"
    with pytest.raises(UserError) as caught:
        load_config(write(text))
    message = str(caught.value)
    assert "3 errors" in message
    assert "tasks.dst.metrix: unknown key; did you mean 'metrics'?" in message
    assert "seedz: unknown key; did you mean 'seeds'?" in message
    assert "bootstrap.draws" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "is not YAML"),
        ("- a\n- b\n", "should hold keys and values"),
        (MINIMAL + "name: again\n", "the key 'name' is given twice"),
        (MINIMAL + "judge: {a: &x {b: 1}, c: {<<: *x, b: 2, b: 3}}\n", "the key 'b' is given twice"),
        (MINIMAL + "seeds: [1, 1]\n", "a seed is given twice"),
        (MINIMAL.replace("dst:", "dts:"), "tasks.dts"),
    ],
)
def test_unusable_files(write, text, expected):
    with pytest.raises(UserError, match=expected.replace("[", r"\[")):
        load_config(write(text))


def test_a_section_takes_over_the_keys_of_another_and_replaces_some(write):
    shared = "a: &a {x: 1, y: 1}, b: &b {<<: *a, y: 2}, c: {<<: *b, z: 3}"
    judge = load_config(write(MINIMAL + f"judge: {{{shared}}}\n")).judge
    assert judge == {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 2, "z": 3}}


@pytest.mark.parametrize("second", ["{<<: *p}", "*p"])
def test_an_override_of_one_section_leaves_those_that_share_its_keys(write, second):
    systems = f"{{a: {{system: majority, params: &p {{lora: {{r: 16}}}}}}, b: {{system: majority, params: {second}}}}}"
    text = MINIMAL.replace("{oracle: {system: oracle}}", systems)
    params = [one.params for one in load_config(write(text), ["systems.a.params.lora.r=8"]).systems.values()]
    assert params == [{"lora": {"r": 8}}, {"lora": {"r": 16}}]


def test_python_sections_that_are_one_object_are_overridden_apart():
    raw, shared = yaml.safe_load(MINIMAL), {"lora": {"r": 16}}
    raw["systems"] = {name: {"system": "majority", "params": shared} for name in ("a", "b")}
    params = [one.params for one in load_config(raw, ["systems.a.params.lora.r=8"]).systems.values()]
    assert params == [{"lora": {"r": 8}}, {"lora": {"r": 16}}]
    assert shared == {"lora": {"r": 16}}


def test_a_section_that_holds_itself_is_an_error(write):
    with pytest.raises(UserError, match="nested too deep"):
        load_config(write(MINIMAL + "judge: &j {a: *j}\n"))


def test_a_missing_config_names_the_nearest_shipped_one():
    with pytest.raises(UserError, match="did you mean 'quickstart'"):
        load_config("quickstat")


def test_a_star_sets_the_key_of_every_entry_that_has_it(write):
    systems = "{a: {system: majority, seeds: [3]}, b: {system: oracle, seeds: [4]}, c: oracle}"
    text = MINIMAL.replace("{oracle: {system: oracle}}", systems)
    config = load_config(write(text), ["systems.*.seeds=[5]"])
    assert [section.seeds for section in config.systems.values()] == [(5,), (5,), None]
    with pytest.raises(UserError, match=r"systems\.\*\.params\.epochs: no entry has this key"):
        load_config(write(text), ["systems.*.params.epochs=2"])


@pytest.mark.parametrize("override", ["seeds", "=1", "name.deeper=1"])
def test_unusable_overrides(write, override):
    with pytest.raises(UserError):
        load_config(write(MINIMAL), [override])
