"""The cards of SmolLM2 as judge: over which items, by which command, and what a server that is up is asked for."""

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import judge_smollm2
from benchmarks.judge_smollm2 import SHORT, TASKS, main, questions
from benchmarks.model_server import Server
from tod_bench.errors import UserError
from tod_bench.judge.config import load_judge_config

SERVER = ["--base-url", "http://127.0.0.1:8000/v1"]


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """The commands that are run in place of asking; each leaves a card, and says that too much is unread."""
    ran = []

    def note(words, **_):
        ran.append(words)
        card = Path(words[words.index("-o") + 1])
        card.mkdir(parents=True)
        (card / "card.json").write_text("{}")
        return subprocess.CompletedProcess(words, 1)

    monkeypatch.setattr(judge_smollm2.subprocess, "run", note)
    return ran


def test_a_server_that_is_up_is_asked_for_every_card(commands, tmp_path):
    result = CliRunner().invoke(main, [*SERVER, "--model", "org/tiny", "--out", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "")
    assert [Path(words[words.index("-o") + 1]).name for words in commands] == [f"org-tiny-{task}" for task in TASKS]
    for words in commands:
        settings = [word for word in words[words.index("card") + 2 :] if "=" in word]
        config = load_judge_config(words[words.index("card") + 1], settings)
        assert config.judge.base_url == SERVER[1]
        assert config.judge.schema_output is True
        assert words[words.index("--judge") + 1] == "org/tiny"


def test_a_trial_is_over_the_first_items(tmp_path):
    words = questions("likert", 3, tmp_path)
    (listed,) = (word.partition("=")[2] for word in words if word.startswith("sample.ids="))
    assert json.loads(Path(listed).read_text()) == json.loads(SHORT.read_text())[:3]
    assert words[-2:] == ["--checked", "3"]
    assert f"sample.ids={SHORT}" in questions("pairwise", None, tmp_path)
    emotions = questions("emotions", 5, tmp_path)
    assert emotions[emotions.index("--items") + 1] == "5"


def test_what_gives_no_card_ends_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(judge_smollm2.subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 1))
    result = CliRunner().invoke(main, ["likert", *SERVER, "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "there is no card of likert" in result.output

    def absent(*_, **__):
        raise UserError("no llama_cpp; run: pip install 'llama-cpp-python[server]'")

    monkeypatch.setattr(judge_smollm2, "launch_of", absent)
    result = CliRunner().invoke(main, ["likert", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "pip install" in result.output


@pytest.mark.parametrize(("kind", "form"), [("llama_cpp", "json_object"), ("vllm", True)])
def test_a_server_that_is_started_is_held_to_the_form_it_knows(commands, monkeypatch, tmp_path, kind, form):
    @contextmanager
    def up(launch, **_):
        yield Server("http://127.0.0.1:9/v1", launch, 1, tmp_path)

    monkeypatch.setattr(judge_smollm2, "launch_of", lambda kind, *_: (kind, 3))
    monkeypatch.setattr(judge_smollm2, "serve", up)
    result = CliRunner().invoke(main, ["likert", "--server", kind, "--out", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "")
    settings = [word for word in commands[0] if word.startswith("judge.")]
    config = load_judge_config("judge_likert", settings)
    assert config.judge.schema_output == form
    assert config.judge.limits.concurrency == 3


@pytest.mark.parametrize("words", [["dst"], ["likert", "--items", "1"]])
def test_a_wrong_command_is_refused(words):
    assert CliRunner().invoke(main, words).exit_code == 2
