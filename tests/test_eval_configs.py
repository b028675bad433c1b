"""Every shipped eval config loads and binds, and every page of the documentation that shows one is right."""

import re
from collections.abc import Collection

import pytest
import yaml

from tod_bench.experiments.config import EvalConfig, SystemConfig, load_config
from tod_bench.experiments.plan import build
from tod_bench.interact.config import load_play
from tod_bench.interact.run import run_play
from tod_bench.reports.published import published_values
from tod_bench.shipped import config_names, shipped_folder
from tod_bench.systems import system_names


def sort_of(name: str) -> str:
    content = yaml.safe_load((shipped_folder("eval_configs") / f"{name}.yaml").read_text(encoding="utf-8"))
    return "eval" if "corpora" in content else "judge"


EVALS = [name for name in config_names() if sort_of(name) == "eval"]


@pytest.mark.parametrize("name", EVALS)
def test_every_eval_config_loads(name):
    config = load_config(name)
    assert isinstance(config, EvalConfig)
    assert config.name == name
    assert config.title
    if config.table.published:
        values = published_values(config.table.published)
        labels = {column.label for column in config.table.columns}
        assert any(label in labels for row in values["rows"] for label in row["values"]) or not values["rows"]
        # A config that borrows another one's published values shows them in rows of their own.
        lender = config.table.published if config.table.published in EVALS else name
        systems = {row["system"] for row in values["rows"] if "system" in row}
        assert systems <= set(load_config(lender).systems)
        assert lender == name or not systems & set(config.systems)


@pytest.mark.parametrize("name", EVALS)
def test_every_eval_config_binds(name):
    plan = build(load_config(name), incomplete=True)
    # What is missing is files or a key, never a name.
    assert plan.experiments or plan.missing
    assert all(need.place.partition(".")[0] in ("corpora", "systems", "tasks") for need in plan.missing)


PLAYS = [name for name in config_names() if name.startswith("play_")]


@pytest.mark.parametrize("name", PLAYS)
def test_every_play_config_loads_and_its_small_variant_plays(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = load_play(name)
    assert config.name == name
    assert config.title
    if not config.small:
        return
    small = load_play(name, small=True)
    assert small.name == f"{name}_small"
    played = run_play(small, tmp_path / "out")
    assert list(played.scores) == list(config.agents)
    assert played.scores["rule"].get("episode_success").score == 100


FLOORS = {"carry_over", "majority", "rule_match", "oracle", "plain_answers", "phrase_mirror", "profile_templates"}
OURS = "ours after "
"""What stands before the name of a published system, where a system is ours after its idea."""


def stands_in(section) -> bool:
    """Whether a system is a floor, the ceiling, or a model that has learned nothing elsewhere."""
    return section.system in FLOORS or section.params.get("init") == "scratch"


@pytest.mark.parametrize("name", EVALS)
def test_no_baseline_stands_under_the_name_of_a_published_system(name):
    whole = load_config(name)
    published = published_values(whole.table.published)["rows"] if whole.table.published else []
    theirs = {row["system"] for row in published if "system" in row}
    theirs |= {label for label, section in whole.systems.items() if section.predictions is not None}
    for config in [whole, *([load_config(name, small=True)] if whole.small else [])]:
        assert [label for label, section in config.systems.items() if label in theirs and stands_in(section)] == []
        assert [label for label, section in config.systems.items() if misnamed(label, section, theirs)] == []


def misnamed(label: str, section: SystemConfig, published: Collection[str]) -> bool:
    """Whether a label has the name of another system than the one that stands under it."""
    if section.predictions is not None:
        return False
    installed = {name for name in {*system_names(), "pictor"} if re.search(rf"(?<!\w){name}(?!\w)", label.lower())}
    borrowed = {name for name in published if name in label.replace(f"{OURS}{name}", "")}
    borrowed = {name for name in borrowed if name.lower() != section.system}
    return bool(installed - {section.system}) or bool(borrowed and stands_in(section))


@pytest.mark.parametrize(
    ("label", "section", "expected"),
    [
        ("majority", {"system": "majority"}, False),
        ("Pictor", {"system": "majority"}, True),
        ("tiny Pictor from scratch", {"system": "decoder", "params": {"init": "scratch"}}, True),
        ("tiny Pictor from scratch", {"system": "pictor", "params": {"init": "scratch"}}, False),
        ("Pictor", {"predictions": "p.jsonl"}, False),
        ("Joshi et al. 2017", {"system": "profile_templates"}, True),
        ("templates after Joshi et al. 2017", {"system": "profile_templates"}, True),
        ("templates, ours after Joshi et al. 2017", {"system": "profile_templates"}, False),
        ("oracle", {"system": "rule_match"}, True),
    ],
)
def test_what_a_label_may_not_say(label, section, expected):
    assert misnamed(label, SystemConfig.model_validate(section), {"Joshi et al. 2017"}) is expected
