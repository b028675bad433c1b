"""Whatever is wrong with a prediction file: one sentence, the place, nothing half scored."""

import json
import tracemalloc

import pytest

from tod_bench import predictions as prediction_files
from tod_bench.cli.main import main
from tod_bench.errors import UserError
from tod_bench.scoring import predictions_by_turn
from tod_bench.scoring.metrics import FIELDS

GOOD = {"dialogue_id": "d0", "turn": 0, "state": {"hotel": {"area": "east"}}}


def line(**changes):
    return json.dumps({**GOOD, **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (line(state=["hotel", "area"]), "line 1, dialogue d0: state: ['hotel', 'area'] is not of type 'object'"),
        (line(state={"hotel": ["area"]}), "line 1, dialogue d0: state.hotel: ['area'] is not of type 'object'"),
        (line(state={"hotel": {"area": None}}), "line 1, dialogue d0: state.hotel.area: None is not of type 'string'"),
        (line(state={"hotel": {"stars": 4}}), "line 1, dialogue d0: state.hotel.stars: 4 is not of type 'string'"),
        (line(state={"hotel": {"area": ["east"]}}), "state.hotel.area: ['east'] is not of type 'string'"),
        (line(state={"hotel": {"stars": float("nan")}}), "line 1: NaN is not JSON; write the value as text"),
        (line(state={"hotel": {"stars": float("inf")}}), "line 1: Infinity is not JSON; write the value as text"),
        (line(state=None), "line 1, dialogue d0: state: None is not of type 'object'"),
        (line(turn="0"), "line 1, dialogue d0: turn: '0' is not of type 'integer'"),
        (line(turn=-1), "line 1, dialogue d0: turn: -1 is less than the minimum of 0"),
        (line(turn=1.5), "line 1, dialogue d0: turn: 1.5 is not of type 'integer'"),
        (line(dialogue_id=7), "line 1, dialogue 7: dialogue_id: 7 is not of type 'string'"),
        (line(states={}), "Additional properties are not allowed ('states' was unexpected)"),
        (line(acts=[["hotel"]]), "line 1, dialogue d0: acts.0: ['hotel'] is too short"),
        ('{"turn": 0}', "line 1: 'dialogue_id' is a required property"),
        ("[]", "line 1: [] is not of type 'object'"),
        ("{", "line 1: the line is not JSON"),
        (f"{line()}\n{line()}", "line 2, dialogue d0, turn 0: this turn stands in line 1 already"),
        (f"{line()}\n\n{line(turn=1)[:-3]}", "line 3: the line is not JSON"),
    ],
)
def test_a_line_that_cannot_be_used(tmp_path, text, message):
    path = tmp_path / "p.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(UserError) as caught:
        predictions_by_turn([path])
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        predictions_by_turn([tmp_path / "none.jsonl"])
    (tmp_path / "latin.jsonl").write_bytes('{"dialogue_id": "é"}'.encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8 text"):
        predictions_by_turn([tmp_path / "latin.jsonl"])


def test_a_long_quoted_value_is_cut_in_the_message(tmp_path):
    (tmp_path / "p.jsonl").write_text(line(state=["x" * 10_000]))
    with pytest.raises(UserError) as caught:
        predictions_by_turn([tmp_path / "p.jsonl"])
    assert len(str(caught.value)) < 400
    assert str(caught.value).endswith("is not of type 'object'")


def test_a_file_without_line_ends_is_refused_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(prediction_files, "LONGEST_LINE", 1000)
    (tmp_path / "p.jsonl").write_text(f"{line()}\n" + "x" * 5000)
    with pytest.raises(UserError, match="line 2: the line is longer than 1,000 characters"):
        predictions_by_turn([tmp_path / "p.jsonl"])


def test_a_big_file_is_streamed(tmp_path):
    """What a model wrote is 24 MB here; the answers that scoring needs are a thousandth of it."""
    path = tmp_path / "big.jsonl"
    with path.open("w") as file:
        for turn in range(600):
            file.write(line(turn=turn, raw={"dst": "x" * 40_000}) + "\n")
    tracemalloc.start()
    found = predictions_by_turn([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 600
    assert peak < 4_000_000


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(["score", *map(str, arguments)])
    return caught.value.code, capsys.readouterr()


SIMULATED = ("--corpus", "simulated", "-o", "dialogues={test: 6}", "--draws", "50")


@pytest.fixture
def simulated(tmp_path):
    """Predictions of half the times tokenised, and the dialogues that they are for."""
    from dataclasses import replace

    from tod_bench.corpora.base import open_corpus
    from tod_bench.predictions import write_predictions
    from tod_bench.tasks import gold_prediction

    dialogues = list(open_corpus("simulated", dialogues={"test": 6}).dialogues("test"))

    def answer(dialogue, turn):
        gold = gold_prediction(dialogue, turn)
        state = {d: {s: v.replace(":", " : ") for s, v in slots.items()} for d, slots in gold.state.items()}
        return replace(gold, state=state, response=None)

    path = tmp_path / "p.jsonl"
    write_predictions(path, [answer(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns])
    return path, dialogues


def test_the_command_prints_protocols_side_by_side(simulated, capsys, tmp_path):
    path, _ = simulated
    scores = tmp_path / "scores.json"
    code, output = run(capsys, path, *SIMULATED, "--explain", "2", "--json", scores)
    assert code == 0, output.err
    assert "tod_bench" in output.out
    assert "picpersona" in output.out
    assert "jga (n " in output.out
    assert "policy:" in output.out
    found = json.loads(scores.read_text())["scores"]
    jga = {one["protocol"]: one["value"] for one in found if one["metric"] == "jga" and not one["slice"]}
    assert jga["tod_bench"] == 100.0
    assert jga["trade"] < 100.0
    assert "tod_bench and trade disagree on" in output.out
    assert "right under tod_bench, wrong under trade" in output.out


def test_the_command_without_bookings_and_with_chosen_metrics(simulated, capsys):
    path, _ = simulated
    arguments = (path, *SIMULATED, "--task", "dst", "-m", "jga", "-p", "trade", "--without-bookings")
    code, output = run(capsys, *arguments)
    assert code == 0, output.err
    assert "trade+nobook" in output.out
    assert "policy" not in output.out


def test_the_command_refuses_and_says_why(simulated, capsys, tmp_path):
    path, dialogues = simulated
    lines = path.read_text().splitlines(keepends=True)
    short = tmp_path / "short.jsonl"
    short.write_text("".join(lines[1:]))
    code, output = run(capsys, short, *SIMULATED)
    assert code == 2
    assert output.err.count("\n") == 1
    assert "--partial" in output.err
    assert f"dialogue {dialogues[0].id}, turn 0" in output.err
    assert not output.out
    code, output = run(capsys, short, *SIMULATED, "--partial", "--task", "dst", "-m", "jga")
    assert code == 0
    assert "the others count as wrong" in output.out
    for arguments, message in (
        ((path, path, *SIMULATED), "another file has this turn already"),
        ((path, *SIMULATED, "-m", "jgaa"), "did you mean 'jga'"),
        ((path, *SIMULATED, "-p", "trad"), "did you mean 'trade'"),
        ((path, *SIMULATED, "--split", "nowhere"), "nowhere"),
    ):
        code, output = run(capsys, *arguments)
        assert code == 2
        assert message in output.err


def test_a_file_that_answers_nothing(simulated, capsys, tmp_path):
    _, dialogues = simulated
    empty = tmp_path / "empty.jsonl"
    empty.write_text(json.dumps({"dialogue_id": dialogues[0].id, "turn": 0}) + "\n")
    code, output = run(capsys, empty, *SIMULATED)
    assert code == 2
    assert "no turn has a predicted state, acts or response to score" in output.err
    assert set(FIELDS.values()) == {"state", "acts", "response"}
