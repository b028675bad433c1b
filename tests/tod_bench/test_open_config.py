"""Opening configs: every error at once, whatever its kind, in the words of the person who wrote the file."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tod_bench.binding import bind
from tod_bench.cli.sweep import command as sweep_command
from tod_bench.cli.validate import command as validate_command
from tod_bench.corpora.multiwoz import MultiWOZ
from tod_bench.errors import UserError
from tod_bench.experiments.config import load_config
from tod_bench.shipped import config_names
from tod_bench.sweeps import open_config
from tod_bench.sweeps.checking import sweep_errors

SMALL = {"corpus": "simulated", "options": {"dialogues": {"train": 4, "dev": 2, "test": 3}}}


def written(tmp_path: Path, **changes: Any) -> str:
    value = {
        "name": "mine",
        "corpora": {"plain": SMALL},
        "systems": {"floor": {"system": "majority"}},
        "tasks": {"dst": {"metrics": ["jga"]}},
        "bootstrap": {"draws": 20},
        **changes,
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return str(path)


def errors_of(path: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        open_config(path, sweep=True)
    return [line.removeprefix("  - ") for line in str(caught.value).splitlines()[1:]]


def test_errors_of_layout_hide_no_others(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        seedz=[1],
        bootstrap={"draws": "many"},
        systems={
            "floor": {"system": "majorty"},
            "t5": {
                "system": "pptod",
                "params": {
                    "epoch": 3,
                    "optim": "adamww",
                    "scheduler": "lin",
                    "model": "./nofolder",
                    "optim_args": "a=1",
                },
            },
        },
        tasks={"dst": {"metrics": ["jgaa"], "state": "golden"}},
    )
    told = "\n".join(errors_of(path))
    for part in (
        "seedz: unknown key; did you mean 'seeds'?",
        "bootstrap.draws: should be a whole number, not 'many'",
        "tasks.dst.state: choose from 'predicted', 'gold' or 'none', not 'golden'; did you mean 'gold'?",
        "there is no system 'majorty'; did you mean 'majority'?",
        "systems.t5.params.epoch: unknown key; did you mean 'epochs'?",
        "systems.t5.params: optim: transformers has no optimizer 'adamww'",
        "systems.t5.params: scheduler: transformers has no schedule 'lin'; did you mean 'linear'?",
        "systems.t5.params: model: there is no folder ./nofolder",
        "there is no metric 'jgaa'; did you mean 'jga'?",
    ):
        assert part in told
    assert len(errors_of(path)) == 9


def test_what_layout_took_away_is_not_missed(tmp_path: Path) -> None:
    # The metrics cannot be read, so that the column lacks its metric is no error of its own.
    table = {"columns": [{"label": "JGA", "task": "dst", "metric": "jga"}]}
    path = written(tmp_path, tasks={"dst": {"metrics": {"a": 1}}}, table=table)
    assert errors_of(path) == ["tasks.dst.metrics: should be a list such as [a, b], not {'a': 1}"]
    unknown = written(tmp_path, tasks={"dst": {"metrics": ["slot_f1"], "x": 1}}, table=table)
    assert len(errors_of(unknown)) == 2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"corpora": {"plain": {**SMALL, "splits": {"test": "tset"}}}},
            "has no split 'tset'; it has train, dev, test; did",
        ),
        (
            {"systems": {"floor": {"system": "majority", "corpora": "plan"}}},
            "'plan' is not a corpus of this config; did",
        ),
        ({"table": {"published": "table66"}}, "table.published: there are no published values 'table66'"),
        ({"seeds": 3}, r"seeds: give a list: \[3\] for the one seed 3, \[1, 2, 3\] for several seeds"),
        (
            {"systems": {"floor": {"system": "majority", "seeds": 1}}},
            r"systems.floor.seeds: give a list: \[1\] for the",
        ),
        ({"seeds": "all"}, r"seeds: should be a list such as \[a, b\], not 'all'"),
        ({"bootstrap": 100}, "bootstrap: should be keys and values below it, not 100"),
        ({"systems": {"floor": None}}, "systems.floor: should be keys and values below it, not empty"),
    ],
)
def test_what_a_run_would_die_of_is_told_before(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    result = CliRunner().invoke(validate_command, [written(tmp_path, **changes)])
    assert isinstance(result.exception, UserError)
    with pytest.raises(UserError, match=expected):
        raise result.exception


def test_a_metric_that_needs_a_database_is_refused_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tod_bench.simulated.corpus import Simulated

    monkeypatch.setattr(Simulated, "database", None)
    tasks = {"response": {"metrics": ["inform", "bleu"]}}
    assert errors_of(written(tmp_path, tasks=tasks)) == [
        "corpora.plain: simulated1 has no database here (the release's files have it), so the task response has no "
        "inform on it; leave these metrics out of tasks.response.metrics, or the task out"
    ]
    # A system that does not answer makes no need of it.
    tracker = {"floor": {"system": "carry_over"}}
    open_config(written(tmp_path, tasks={**tasks, "dst": {"metrics": ["jga"]}}, systems=tracker))


@pytest.mark.parametrize(
    ("written_as", "read_as"),
    [
        ({"tasks": {"dst": "jga"}}, {"tasks": {"dst": {"metrics": ["jga"]}}}),
        ({"tasks": {"dst": ["jga", "slot_f1"]}}, {"tasks": {"dst": {"metrics": ["jga", "slot_f1"]}}}),
        ({"tasks": ["dst"]}, {"tasks": {"dst": {}}}),
        ({"tasks": {"dst": None}}, {"tasks": {"dst": {}}}),
        (
            {"tasks": {"dst": {"metrics": "jga", "groups": "age"}}},
            {"tasks": {"dst": {"metrics": ["jga"], "groups": ["age"]}}},
        ),
        ({"systems": "majority"}, {"systems": {"majority": {"system": "majority"}}}),
        ({"systems": ["majority"]}, {"systems": {"majority": {"system": "majority"}}}),
        ({"systems": {"a": "majority"}}, {"systems": {"a": {"system": "majority"}}}),
        (
            {"systems": {"a": {"system": "majority", "tasks": "dst", "corpora": "plain"}}},
            {"systems": {"a": {"system": "majority", "tasks": ["dst"], "corpora": ["plain"]}}},
        ),
        ({"corpora": "simulated"}, {"corpora": {"simulated": {"corpus": "simulated"}}}),
        ({"corpora": {1: SMALL}}, {"corpora": {"1": SMALL}}),
        ({"name": 2024, "title": 2.5}, {"name": "2024", "title": "2.5"}),
        ({"needs": "a key"}, {"needs": ["a key"]}),
    ],
)
def test_short_forms_and_numbers_are_read_as_meant(
    tmp_path: Path, written_as: dict[str, Any], read_as: dict[str, Any]
) -> None:
    assert load_config(written(tmp_path, **written_as)) == load_config(written(tmp_path, **read_as))


def test_overrides_reach_into_short_forms(tmp_path: Path) -> None:
    path = written(tmp_path, systems={"a": "majority"}, tasks={"dst": "jga"})
    config = load_config(path, ["systems.a.tasks=[dst]", "tasks.dst.groups=age"])
    assert config.systems["a"].system == "majority"
    assert config.systems["a"].tasks == ("dst",)
    assert (config.tasks["dst"].metrics, config.tasks["dst"].groups) == (("jga",), ("age",))


def test_numbers_of_options_are_read_as_the_texts_that_are_meant() -> None:
    bound, errors = bind(MultiWOZ, {"version": 2.2}, "options")
    assert (bound, errors) == ({"version": "2.2"}, [])
    _, errors = bind(MultiWOZ, {"version": 2.7}, "options")
    assert len(errors) == 1
    assert errors[0].startswith("options.version: choose from '2.0', ")
    assert "not 2.7" in errors[0]

    def lists(words: tuple[str, ...] = (), sizes: list[int] | None = None, flag: bool = False) -> None: ...

    bound, errors = bind(lists, {"words": ["cheap", 5], "sizes": 3}, "params")
    assert errors == []
    assert (list(bound["words"]), bound["sizes"]) == (["cheap", "5"], [3])
    assert list(bind(lists, {"words": "cheap"}, "params")[0]["words"]) == ["cheap"]
    _, errors = bind(lists, {"flag": "perhaps", "sizes": {"a": 1}}, "params")
    assert sorted(errors) == [
        "params.flag: should be true or false, not 'perhaps'",
        "params.sizes: should be a list such as [a, b], not {'a': 1}",
    ]


def swept(tmp_path: Path, **sweep: Any) -> str:
    factors = {"system": {"key": "systems.floor.system", "values": ["majority", "oracle"]}}
    return written(tmp_path, sweep={"factors": factors, **sweep})


def test_every_variant_of_a_sweep_is_checked(tmp_path: Path) -> None:
    open_config(swept(tmp_path), sweep=True)
    factors = {
        "system": {"key": "systems.floor.system", "values": ["majority", "oracel"]},
        "draws": {"key": "bootstrap.draws", "values": [10, -1]},
    }
    below = "the config is not valid: bootstrap.draws: input should be greater than or equal to 0 (it is -1)"
    unknown = "systems.floor.system: there is no system 'oracel'; did you mean 'oracle'?; see `tod-bench list systems`"
    assert errors_of(swept(tmp_path, factors=factors)) == [
        f"sweep: with system=majority draws=-1 {below}",
        f"sweep: with system=oracel draws=-1 {below}",
        f"sweep, with system=oracel draws=10: {unknown}",
    ]
    labels = errors_of(swept(tmp_path, method="list", trials=[{"system": "orcle"}, {"sytem": "oracle"}]))
    assert labels == [
        "sweep.trials.0.system: there is no level 'orcle'; did you mean 'oracle'?",
        "sweep.trials.1: there is no factor 'sytem'; did you mean 'system'?",
    ]
    assert errors_of(swept(tmp_path, method="random", samples=5)) == ["sweep.samples: 5 of 2 combinations; give 1 to 2"]


def test_errors_of_the_config_itself_are_not_repeated_for_each_variant(tmp_path: Path) -> None:
    path = swept(tmp_path)
    text = Path(path).read_text(encoding="utf-8").replace("- jga", "- jgaa")
    Path(path).write_text(text, encoding="utf-8")
    assert len(errors_of(path)) == 1


def test_a_sweep_without_columns_shows_every_metric(tmp_path: Path) -> None:
    tasks = {
        "dst": {"metrics": ["jga", "slot_f1"]},
        "response": {"metrics": ["distinct_ratio"]},
        "corpus": {"metrics": ["dialogues"]},
    }
    path = Path(swept(tmp_path))
    value = {**yaml.safe_load(path.read_text(encoding="utf-8")), "tasks": tasks}
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    done = CliRunner().invoke(sweep_command, [str(path), "--store", str(tmp_path / "store")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "| system | corpus | system | dialogues | jga | slot_f1 | distinct_ratio |" in done.output
    assert "| majority | plain |  | 4.00 | — | — | — |" in done.output
    assert "majority → oracle | plain | floor | jga | +" in done.output
    assert "distinct_ratio | — (there are no scores of single dialogues to compare)" in done.output
    assert "- floor is shown gold: gold (in dst, response): system=oracle" in done.output
    assert (tmp_path / "store/tables/mine/ablation.csv").is_file()


def test_rows_of_a_table_are_columns_of_its_sweep(tmp_path: Path) -> None:
    path = Path(swept(tmp_path))
    table = {
        "columns": [{"label": "JGA", "task": "dst", "metric": "domain_jga_all"}],
        "rows": [{"label": "hotel", "domain": "hotel"}, {"label": "train", "domain": "train"}],
    }
    value = {**yaml.safe_load(path.read_text(encoding="utf-8")), "table": table}
    value["tasks"] = {"dst": {"metrics": ["domain_jga_all"]}}
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    done = CliRunner().invoke(sweep_command, [str(path), "--store", str(tmp_path / "store")], catch_exceptions=False)
    assert "| system | corpus | system | JGA, hotel | JGA, train |" in done.output
    assert "| oracle | plain | floor | 100.00 " in done.output


@pytest.mark.parametrize("name", [name for name in config_names() if name.startswith("sweep_")])
def test_every_variant_of_the_shipped_sweeps_is_valid(name: str) -> None:
    assert sweep_errors(load_config(name)) == []
