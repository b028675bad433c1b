"""``tod-bench score`` and ``compare``: formats, files, and that they print what the API returns."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import tod_bench
from tod_bench.cli.main import command
from tod_bench.records import Prediction, first_values

CORPUS = ("--corpus", "simulated", "--option", "dialogues={train: 1, dev: 1, test: 6}")


@pytest.fixture(scope="module")
def corpus():
    return tod_bench.open_corpus("simulated", dialogues={"train": 1, "dev": 1, "test": 6})


@pytest.fixture(scope="module")
def files(corpus, tmp_path_factory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("files")
    turns = [(one, turn) for one in tod_bench.read_split(corpus, "test") for turn in one.turns]
    gold = [Prediction(one.id, turn.index, first_values(turn.state)) for one, turn in turns]
    empty = [Prediction(one.id, turn.index, {}) for one, turn in turns]
    tod_bench.write_predictions(folder / "gold.jsonl", gold)
    tod_bench.write_predictions(folder / "empty.jsonl", empty)
    return str(folder / "gold.jsonl"), str(folder / "empty.jsonl")


def call(*arguments: str):
    result = CliRunner().invoke(command, arguments, catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


SCORE = ("-m", "jga", "-p", "tod_bench", "--draws", "20")


def test_score_writes_what_the_api_returns_in_every_format(files, corpus, tmp_path):
    sheet = tod_bench.score(files[1], corpus, metrics=["jga"], protocols=["tod_bench"], draws=20)
    assert json.loads(call("score", files[1], *CORPUS, *SCORE, "--format", "json")) == sheet.to_json()
    assert call("score", files[1], *CORPUS, *SCORE, "--format", "csv") == sheet.to_csv()
    assert call("score", files[1], *CORPUS, *SCORE, "--format", "markdown") == sheet.to_markdown()
    for name, content in (
        ("s.json", json.dumps(sheet.to_json(), ensure_ascii=False, indent=2) + "\n"),
        ("s.csv", sheet.to_csv()),
        ("s.md", sheet.to_markdown()),
    ):
        assert "│" in call("score", files[1], *CORPUS, *SCORE, "-o", str(tmp_path / name))
        assert (tmp_path / name).read_text(encoding="utf-8") == content


def test_old_spellings_of_score_still_work(files, tmp_path):
    new = ("--option", CORPUS[-1], "--output", str(tmp_path / "new"))
    old = ("-o", CORPUS[-1], "--json", str(tmp_path / "old"))
    outputs = [call("score", files[0], "--corpus", "simulated", *SCORE, *flags) for flags in (new, old)]
    assert outputs[0] == outputs[1]
    assert (tmp_path / "new").read_bytes() == (tmp_path / "old").read_bytes()


@pytest.mark.parametrize(
    ("flags", "message"),
    [(("--explain", "--format", "csv"), "leave out --explain"), (("--errors", "--format", "csv"), "--format json")],
)
def test_what_a_format_cannot_hold_is_refused(files, flags, message):
    with pytest.raises(tod_bench.UserError, match=message):
        call("score", files[0], *CORPUS, *flags)


def test_errors_are_part_of_the_json(files):
    value = json.loads(call("score", files[1], *CORPUS, *SCORE, "--errors", "--format", "json"))
    (table,) = value["errors"]
    assert table["total"]["gold"] > 0
    assert 0 < table["wrong"] <= table["turns"]


def test_compare_writes_what_the_api_returns(files, corpus, tmp_path):
    compared = tod_bench.compare(*files, corpus, metrics=["jga"], draws=100)
    arguments = ("compare", *files, *CORPUS, "-m", "jga", "--draws", "100")
    assert json.loads(call(*arguments, "--json")) == compared.to_json()
    assert json.loads(call(*arguments, "--format", "json")) == compared.to_json()
    assert call(*arguments, "--format", "csv") == compared.to_csv()
    path = tmp_path / "c.md"
    assert "A is better by" in call(*arguments, "-o", str(path))
    assert path.read_text() == compared.to_markdown()
    assert Path(files[0]).name in path.read_text()
