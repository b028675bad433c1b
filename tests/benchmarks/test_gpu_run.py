"""The script for a GPU: rehearsed on what is here, without the packages that such a machine lacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.gpu_run import LEAST_SECONDS, MEASURES, STAGES, in_order, main, page, spaced
from tod_bench.records import Prediction
from tod_bench.systems import TurnInput

ROOT = Path(__file__).parents[2]

LACKING = (
    "msgspec",
    "pydantic",
    "pooch",
    "rapidfuzz",
    "jsonschema",
    "datasets",
    "ctranslate2",
    "openai",
    "gguf",
    "scipy",
)
"""What a machine that has torch and transformers need not have."""

REHEARSAL = f"""
import sys
for name in {LACKING!r}:
    sys.modules[name] = None
from benchmarks.gpu_run import main
main()
"""


def test_every_stage_has_a_function_and_a_time():
    assert set(STAGES) == set(MEASURES) == set(LEAST_SECONDS)
    assert sum(LEAST_SECONDS.values()) < 540


def test_the_command_is_a_program():
    script = ROOT / "benchmarks" / "gpu_run.sh"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_a_stage_that_there_is_no_time_for_is_left_out_and_named(tmp_path):
    result = CliRunner().invoke(main, ["--seconds", "5", "--out", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0
    content = json.loads((tmp_path / "gpu.json").read_text())
    assert content["rows"] == []
    assert [note.partition(":")[0] for note in content["left_out"]] == list(STAGES)
    assert "Left out" in (tmp_path / "README.md").read_text()


def test_an_unknown_stage_is_one_sentence(tmp_path):
    result = CliRunner().invoke(main, ["--stages", "t5-huge", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "there is no stage 't5-huge'" in result.output


def test_the_page_never_takes_a_rehearsal_for_a_result():
    machine = {"gpu": None, "torch": "2", "transformers": "5"}
    row = {"stage": "t5-base", "what": "ours", "value": 1234.0, "unit": "source tokens/s", "mfu_percent": 41.2}
    text = page({"machine": machine, "tiny": True, "rows": [row], "left_out": []})
    assert "the numbers mean nothing" in text
    assert "no result on a GPU" in text
    assert "| t5-base | ours | 1,234 source tokens/s | 41.2% |  |" in text


def test_predictions_are_put_in_the_order_of_the_turns():
    turns = [TurnInput("a", 0, (), "hi"), TurnInput("b", 0, (), "hi")]
    predictions = [Prediction("b", 0, {}), Prediction("a", 0, {})]
    assert [found.dialogue_id for found in in_order(turns, predictions)] == ["a", "b"]
    with pytest.raises(KeyError):
        in_order(turns, predictions[:1])


def test_some_of_a_list_are_at_even_distances():
    assert spaced(list(range(10)), 5) == [0, 2, 4, 6, 8]
    assert spaced([1, 2], 5) == [1, 2]


@pytest.mark.slow
def test_the_rehearsal_runs_without_the_packages_that_a_gpu_machine_lacks(tmp_path):
    command = [
        sys.executable,
        "-c",
        REHEARSAL,
        "--tiny",
        "--stages",
        "peak,t5-base,decoder,pictor",
        "--out",
        str(tmp_path),
    ]
    path = os.pathsep.join(str(ROOT / part) for part in (".", "metrics", "baselines"))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / "gpu.json").read_text())
    assert content["tiny"]
    assert content["left_out"] == []
    measured = {(row["stage"], row["what"]): row["value"] for row in content["rows"]}
    assert measured["t5-base", "plain loop (fp32, 16 turns)"] > 0
    assert measured["t5-base", "packing: dialogue"] > 0
    assert measured["pictor", "answers, own pictures"] > 0
    assert 0 <= measured["pictor", "values said exactly, pictures of others"] <= 100
    assert any(stage == "decoder" and what.startswith("JGA, simulated (3 of") for stage, what in measured)
