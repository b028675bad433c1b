"""What the verbs do, as functions, and as commands with their options."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tod_bench.cli.run import command as run_command
from tod_bench.cli.sweep import command as sweep_command
from tod_bench.errors import UserError
from tod_bench.sweeps import plan, run, sweep, validate

CONFIG: dict[str, Any] = {
    "name": "floors",
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 4, "dev": 2, "test": 3}}}},
    "systems": {"sys": {"system": "majority"}},
    "tasks": {"dst": {"metrics": ["jga"]}},
    "bootstrap": {"draws": 0},
    "small": {"corpora.plain.splits.test": "test[:1]"},
    "sweep": {"factors": {"system": {"key": "systems.sys.system", "values": ["majority", "oracle"]}}},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "floors.yaml"
    file.write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    return file


def test_a_config_is_run_by_mapping_path_or_the_config_itself(path: Path, tmp_path: Path) -> None:
    store, steps = tmp_path / "store", list[str]()
    first = run(CONFIG, store=store, announce=steps.append)
    assert steps == [f"[1/1] plain · sys · dst · seed 1: {step}" for step in ("training", "predicting", "scoring")]
    assert (first.config.name, len(first.results), first.table.title) == ("floors", 1, "floors")
    assert (store / "tables/floors/table.csv") in first.files
    assert CONFIG["systems"] == {"sys": {"system": "majority"}}
    for source in (path, str(path), first.config):
        assert run(source, store=store).results == first.results
    changed = run(CONFIG, ["systems.sys.system=oracle"], store=store)
    assert changed.results[0].scores[0].value == 100


def test_what_is_forced_or_missing_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    absent = {**CONFIG, "needs": ["patience"], "systems": {"sys": "majority", "theirs": {"predictions": "no.jsonl"}}}
    run(absent, store=tmp_path, notify=told.append)
    assert told[0].startswith("systems.theirs.predictions: there is no no.jsonl; put the system's predictions there")
    assert told[1:] == ["floors needs patience"]
    told.clear()
    run(CONFIG, store=tmp_path, force=["predict"], notify=told.append)
    assert told == ["made again: 0 trainings, 1 predictions, 1 scores"]


def test_responses_that_are_made_for_raters_alone_are_announced_without_a_number(tmp_path: Path) -> None:
    steps: list[str] = []
    run("figure6", small=True, store=tmp_path, announce=steps.append)
    assert steps[0].startswith("picpersona · ")
    assert steps[-1].startswith("[1/1] picpersona · corpus's own · people")


def test_a_plan_asks_and_makes_nothing(tmp_path: Path) -> None:
    (before,) = plan(CONFIG, store=tmp_path / "store").statuses
    assert (before.trained, before.predicted, before.scored) == (False, False, False)
    assert not (tmp_path / "store").exists()
    run(CONFIG, store=tmp_path / "store")
    (after,) = plan(CONFIG, store=tmp_path / "store").statuses
    assert (after.trained, after.predicted, after.scored) == (True, True, True)
    assert after.model_folder is not None
    assert after.model_folder.is_dir()
    (oracle,) = plan(CONFIG, ["systems.sys.system=oracle"], store=tmp_path / "store").statuses
    assert oracle.trained is None
    assert plan(CONFIG, small=True, store=tmp_path).plan.config.name == "floors_small"


def test_errors_of_a_mapping_name_the_config() -> None:
    assert len(validate(CONFIG).experiments) == 1
    with pytest.raises(
        UserError, match=r"config floors has 2 errors:\n  - systms: unknown key; did you mean 'systems'"
    ):
        validate({**CONFIG, "systms": {}, "tasks": {"dst": ["jgaa"]}})


def test_a_sweep_gives_its_table(tmp_path: Path) -> None:
    swept = sweep(CONFIG, store=tmp_path)
    assert [row.levels["system"] for row in swept.table.rows] == ["majority", "oracle"]
    assert len(swept.trials) == 2
    with pytest.raises(UserError, match="has no `sweep` section"):
        sweep({name: value for name, value in CONFIG.items() if name != "sweep"}, store=tmp_path)


def test_commands_write_where_they_are_told(path: Path, tmp_path: Path) -> None:
    store = ["--store", str(tmp_path / "store")]
    # `--jobs`, the old name of `--workers`, is still read.
    done = CliRunner().invoke(run_command, [str(path), *store, "--jobs", "1", "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "table.md").is_file()
    assert "--jobs" not in CliRunner().invoke(run_command, ["--help"]).output
    swept = CliRunner().invoke(sweep_command, [str(path), *store, "--output", str(tmp_path / "swept")])
    assert swept.exit_code == 0, swept.output
    assert (tmp_path / "swept" / "ablation.csv").is_file()
