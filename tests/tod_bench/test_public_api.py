"""``import tod_bench``: what it offers, lazily, and how results become data frames and tables."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tod_bench
from tod_bench.display import Grid, ScoreTable, Undefined, score_cell
from tod_bench.records import Prediction, first_values
from tod_bench.scores import Score, Slice
from tod_metrics.base import Signature

HEAVY = ("numpy", "pydantic", "click", "yaml", "rich", "tod_metrics", "tod_bench.errors")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_bare_import_imports_nothing():
    loaded = python("import sys, tod_bench; print(*sys.modules)").split()
    assert "tod_bench" in loaded
    assert not set(HEAVY) & set(loaded)


def test_every_public_name_is_listed_sorted_and_there():
    assert tod_bench.__all__ == sorted(tod_bench.__all__)
    assert set(tod_bench.__all__) <= set(dir(tod_bench))
    for name in tod_bench.__all__:
        assert getattr(tod_bench, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'scor'"):
        tod_bench.scor  # noqa: B018


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(tod_bench.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {alias.asname: node.module for node in block.body for alias in node.names}
    assert sorted(imported) == tod_bench.__all__
    for name, module in imported.items():
        if name not in ("judge", "personalise"):
            assert getattr(import_module(module), name) is getattr(tod_bench, name), name


def test_every_verb_has_a_function_and_every_argument_is_documented():
    running = ("compare", "import_predictions", "plan", "report", "run", "score", "sweep")
    for name in (*running, "prepare_submission", "validate_submission", "verify_submission", "build_leaderboard"):
        function = getattr(tod_bench, name)
        for argument in function.__annotations__.keys() - {"return"}:
            assert f"{argument}: " in function.__doc__, (name, argument)


@pytest.mark.parametrize("before", ["", "import tod_bench.judge.config", "from tod_bench.judge import JudgeReport"])
def test_judge_can_be_called_whatever_was_imported_before(before):
    code = (
        f"{before}\nimport tod_bench\ntry: tod_bench.judge('no_such_config')\nexcept tod_bench.UserError as e: print(e)"
    )
    assert python(code).startswith("there is no config no_such_config")


@pytest.fixture(scope="module")
def corpus():
    return tod_bench.open_corpus("simulated", dialogues={"train": 1, "dev": 1, "test": 8})


def gold(corpus):
    dialogues = tod_bench.read_split(corpus, "test")
    return [Prediction(one.id, turn.index, first_values(turn.state)) for one in dialogues for turn in one.turns]


def test_files_records_and_shards_score_alike(corpus, tmp_path):
    predictions = gold(corpus)[::-1]
    tod_bench.write_predictions(tmp_path / "a.jsonl", predictions[:20])
    tod_bench.write_predictions(str(tmp_path / "b.jsonl"), predictions[20:])
    shards = tod_bench.score([tmp_path / "a.jsonl", str(tmp_path / "b.jsonl")], corpus, metrics=["jga"], draws=50)
    records = tod_bench.score(predictions, corpus, metrics=["jga"], draws=50)
    assert list(shards) == list(records)
    assert {score.value for score in records[:2]} == {100.0}
    assert tod_bench.read_predictions(str(tmp_path / "a.jsonl")) == predictions[:20]


def test_a_score_is_found_by_metric_protocol_and_slice(corpus):
    scores = tod_bench.score(gold(corpus), corpus, metrics=["jga"], groups=["age"], draws=0)
    assert scores.find("jga", "trade").protocol == "trade"
    part = next(score.slice for score in scores if score.slice)
    assert scores.find("jga", part=str(part)).slice == part
    with pytest.raises(tod_bench.UserError, match=r"no score jgaa; did you mean 'jga'\?"):
        scores.find("jgaa")
    with pytest.raises(tod_bench.UserError, match="no score jga@trade of nowhere"):
        scores.find("jga", "trade", "nowhere")


def test_no_predictions_are_refused(corpus):
    with pytest.raises(tod_bench.UserError, match="there are no predictions"):
        tod_bench.score([], corpus)
    with pytest.raises(tod_bench.UserError, match="one prediction file"):
        tod_bench.compare(["a.jsonl", "b.jsonl"], "c.jsonl", corpus)


def test_undefined_numbers_are_a_dash_with_a_reason_and_texts_are_escaped():
    signature = Signature("jga", {"corpus": "<b>"})
    undefined = Score("jga", "trade", None, signature, 0, Slice("domain", "<script>"))
    assert str(score_cell(undefined)) == "— (nothing to divide by)"

    class Shown(ScoreTable):
        title, scores = "A & B", (Score("jga", "trade", 50.0, signature, 4, None, 40.0, 60.0), undefined)

    shown = Shown()._repr_html_()
    assert "50.00 [40.0, 60.0]" in shown
    assert "— (nothing to divide by)" in shown
    assert "jga &lt;script&gt;" in shown
    assert "corpus:&lt;b&gt;" in shown
    assert "A &amp; B" in shown
    assert "<script>" not in shown
    frame = Shown().to_pandas()
    assert frame["value"].isna().tolist() == [False, True]
    assert frame["slice"].tolist() == ["", "<script>"]


def test_grids_are_markdown_with_escaped_bars():
    grid = Grid("T", ("name", "JGA"), (("a|b", "1.00"), ("c", Undefined())), notes=("n",))
    assert grid.to_markdown() == "## T\n\n| name | JGA |\n| --- | ---: |\n| a\\|b | 1.00 |\n| c | — |\n\n- n\n"
