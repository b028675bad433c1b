"""Running sweeps: backends, resumption, and the effects that the ablation table reports."""

import json
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import product
from pathlib import Path
from random import Random

import pytest
import yaml

from ray_clusters import a_worker_killed, two_nodes
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.experiments.config import load_config
from tod_bench.experiments.results import Store
from tod_bench.predictions import write_predictions
from tod_bench.records import Prediction, first_values
from tod_bench.sweeps import Resources, ablation, expand, run_trials, to_markdown, write_ablation

SWEEP = {
    "name": "floors",
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 20, "dev": 2, "test": 25}}}},
    "systems": {"sys": {"system": "carry_over"}},
    "tasks": {"dst": {"metrics": ["jga", "slot_f1"]}},
    "bootstrap": {"draws": 20},
    "table": {
        "columns": [
            {"label": "JGA", "task": "dst", "metric": "jga"},
            {"label": "F1", "task": "dst", "metric": "slot_f1"},
        ]
    },
    "sweep": {
        "factors": {
            "system": {"key": "systems.sys.system", "values": ["carry_over", "oracle"]},
            "draws": {"key": "bootstrap.draws", "values": [20, 30]},
        }
    },
}


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("sweep") / "floors.yaml"
    path.write_text(yaml.safe_dump(SWEEP, sort_keys=False), encoding="utf-8")
    return expand(load_config(str(path)))


@pytest.fixture(scope="module")
def finished(trials, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a sweep that has come to its end."""
    store = tmp_path_factory.mktemp("finished") / "runs"
    assert list(run_trials(trials, store)) == [(index, "") for index in range(4)]
    return store


def test_effects_are_the_differences_of_the_scores(trials, finished, tmp_path):
    table = ablation("Floors", trials, Store(finished))
    jga = {(row.levels["system"], row.levels["draws"]): row.numbers[0].value for row in table.rows}
    system, draws = (
        next(e for e in table.effects if e.factor == name and e.column == "JGA") for name in ("system", "draws")
    )
    assert system.pairs == 2
    assert system.difference == pytest.approx(100 - jga["carry_over", "20"])
    assert system.low < system.difference <= system.high + 1e-9
    assert system.p_value == pytest.approx(1 / 10_001)
    assert system.corrected == pytest.approx(2 * system.p_value)  # two tests: system on JGA and on F1
    assert (draws.difference, draws.corrected, draws.pairs) == (None, None, 0)
    assert draws.note == "both levels have the same predictions here"
    markdown = to_markdown(table)
    assert "carry_over → oracle" in markdown
    assert "jga|corpus:" in markdown
    paths = write_ablation(table, tmp_path / "out")
    assert [path.suffix for path in paths] == [".md", ".csv", ".json", ".svg"]
    assert json.loads(paths[2].read_text(encoding="utf-8"))["factors"] == ["system", "draws"]


def test_effects_on_pooled_scores_are_tested_over_the_units_of_every_pair(tmp_path):
    """AUROC has no statistics to sum: the units of matched seeds are one pool, swapped dialogue by dialogue."""
    sizes = {"train": 0, "dev": 0, "test": 18}
    dialogues = list(open_corpus("simulated", dialogues=sizes).dialogues("test"))
    for seed, level in product((1, 2), ("low", "high")):
        random = Random(f"{seed}{level}")
        write_predictions(tmp_path / f"{level}{seed}.jsonl", map(partial(unsure, random, level), turns(dialogues)))
    swept = {
        **SWEEP,
        "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": sizes}}},
        "systems": {"sys": {"predictions": f"{tmp_path}/low{{seed}}.jsonl", "tasks": ["dst"]}},
        "tasks": {"dst": {"metrics": ["auroc"]}},
        "seeds": [1, 2],
        "table": {"columns": [{"label": "AUROC", "task": "dst", "metric": "auroc"}]},
        "sweep": {
            "factors": {
                "level": {
                    "key": "systems.sys.predictions",
                    "values": [f"{tmp_path}/{level}{{seed}}.jsonl" for level in ("low", "high")],
                }
            }
        },
    }
    trials = expand(load_config(swept))
    assert [error for _, error in run_trials(trials, tmp_path / "runs")] == ["", ""]
    (effect,) = ablation("Unsure", trials, Store(tmp_path / "runs")).effects
    assert effect.pairs == 2
    assert effect.note == ""
    assert effect.difference > 20
    assert effect.low < effect.difference < effect.high
    assert effect.corrected == pytest.approx(1 / 10_001)


def turns(dialogues):
    return [(dialogue.id, turn) for dialogue in dialogues for turn in dialogue.turns]


def unsure(random, level, place):
    """A gold state with wrong values: told from right ones by confidence at the level ``high``, and not at ``low``."""
    dialogue, turn = place
    state, confidence = first_values(turn.state), {}
    for domain, slots in state.items():
        for slot in list(slots):
            right = random.random() < 0.6
            slots[slot] = slots[slot] if right else "zzz"
            sure = 0.4 * right if level == "high" else 0.0
            confidence.setdefault(domain, {})[slot] = round(sure + 0.5 * random.random(), 1)
    return Prediction(dialogue, turn.index, state=state, confidence=confidence)


def test_finished_trials_are_reused(trials, finished):
    results = {path: path.stat().st_mtime_ns for path in (finished / "results").iterdir()}
    assert len(results) == 4
    assert list(run_trials(trials, finished)) == [(index, "") for index in range(4)]
    assert {path: path.stat().st_mtime_ns for path in (finished / "results").iterdir()} == results


def test_a_trial_that_fails_leaves_the_others_alone(trials, tmp_path):
    broken = trials[1].config.model_copy(
        update={"corpora": {"plain": trials[1].config.corpora["plain"].model_copy(update={"corpus": "nowhere"})}}
    )
    mixed = [trials[0], type(trials[1])(trials[1].levels, broken)]
    ended = dict(run_trials(mixed, tmp_path / "runs"))
    assert ended[0] == ""
    assert "there is no corpus 'nowhere'" in ended[1]


def test_an_unknown_backend_is_named(trials, tmp_path):
    with pytest.raises(UserError, match="choose among local, ray, slurm"):
        list(run_trials(trials, tmp_path, backend="cloud"))


@pytest.mark.slow
def test_local_processes_share_one_store(trials, tmp_path):
    ended = dict(run_trials(trials, tmp_path / "runs", resources=Resources(workers=2)))
    assert ended == dict.fromkeys(range(4), "")
    assert len(list((tmp_path / "runs" / "results").iterdir())) == 4


@pytest.mark.slow
def test_a_killed_driver_leaves_a_store_that_opens_and_goes_on(tmp_path):
    path = tmp_path / "floors.yaml"
    path.write_text(yaml.safe_dump(SWEEP, sort_keys=False), encoding="utf-8")
    program = [str(Path(sys.executable).with_name("tod-bench")), "sweep", str(path), "--store", str(tmp_path / "runs")]
    driver = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((tmp_path / "runs").glob("results/*.json")):
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = {found.name for found in (tmp_path / "runs" / "results").iterdir() if found.suffix == ".json"}
    assert before
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert "carry_over → oracle" in done.stdout
    assert before <= {found.name for found in (tmp_path / "runs" / "results").iterdir()}


@pytest.mark.slow
def test_a_ray_cluster_of_two_nodes_survives_a_killed_worker(trials, tmp_path, monkeypatch):
    with two_nodes(monkeypatch) as address, a_worker_killed("run_trial"):
        ended = dict(run_trials(trials, tmp_path / "runs", backend="ray", resources=Resources(address=address)))
        assert ended == dict.fromkeys(range(4), "")
    # A driver that starts again finds everything in the store.
    assert list(run_trials(trials, tmp_path / "runs")) == [(index, "") for index in range(4)]


@pytest.mark.slow
def test_slurm_jobs_run_through_submitit(trials, tmp_path):
    pytest.importorskip("submitit", reason="submitit is not installed")
    # submitit's own `local` cluster starts the same job scripts without a Slurm controller.
    resources = Resources(slurm={"cluster": "local", "timeout_min": 5})
    assert dict(run_trials(trials[:2], tmp_path / "runs", backend="slurm", resources=resources)) == {0: "", 1: ""}
