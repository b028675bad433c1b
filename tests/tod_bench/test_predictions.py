"""Prediction files: round trip, and one sentence for each thing that can be wrong."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.errors import DataError, UserError
from tod_bench.predictions import SCHEMA, from_json, read_predictions, to_json, write_predictions
from tod_bench.records import Act, Prediction

texts = st.text(max_size=8)
predictions = st.builds(
    Prediction,
    dialogue_id=st.text(min_size=1, max_size=8),
    turn=st.integers(0, 30),
    state=st.none() | st.dictionaries(texts, st.dictionaries(texts, texts, max_size=2), max_size=2),
    acts=st.none() | st.lists(st.builds(Act, texts, texts, texts, texts), max_size=3).map(tuple),
    response=st.none() | texts,
    active_domains=st.none() | st.lists(texts, max_size=2).map(tuple),
    raw=st.dictionaries(texts, texts, max_size=2),
    notes=st.dictionaries(texts, st.integers() | texts, max_size=2),
)


@given(predictions)
def test_json_round_trip(prediction):
    assert from_json(json.loads(json.dumps(to_json(prediction)))) == prediction


def test_file_round_trip_keeps_odd_characters(tmp_path):
    given_ = [Prediction("d", 0, {"hotel": {"name": 'a\u2028b\n"c"'}}), Prediction("d", 1, response="é")]
    write_predictions(tmp_path / "p.jsonl", given_)
    assert list(read_predictions(tmp_path / "p.jsonl")) == given_


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("{", "line 1: the line is not JSON"),
        ('{"dialogue_id": "d"}', "line 1, dialogue d: 'turn' is a required property"),
        ('{"dialogue_id": "d", "turn": -1}', "turn: -1 is less than the minimum of 0"),
        ('{"dialogue_id": "d", "turn": 0, "state": []}', "state: .* is not of type 'object'"),
        (
            '{"dialogue_id": "d", "turn": 0, "state": {"hotel": {"area": null}}}',
            "state.hotel.area: None is not of type",
        ),
        ('{"dialogue_id": "d", "turn": 0, "state": {"hotel": {"stars": 4}}}', "state.hotel.stars: 4 is not of type"),
        ('{"dialogue_id": "d", "turn": 0, "gold": {}}', "Additional properties are not allowed"),
        ('{"dialogue_id": "d", "turn": NaN}', "NaN is not JSON"),
        (
            '{"dialogue_id": "d", "turn": 0}\n{"dialogue_id": "d", "turn": 0}',
            "line 2, dialogue d, turn 0: .* line 1 already",
        ),
        ("[" * 100_000, "nested more than 100 levels deep"),
    ],
)
def test_unusable_lines(tmp_path: Path, lines, expected):
    path = tmp_path / "p.jsonl"
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        list(read_predictions(path))


def test_unusable_files(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        list(read_predictions(tmp_path / "none.jsonl"))
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9\n")
    with pytest.raises(UserError, match="UTF-8"):
        list(read_predictions(tmp_path / "latin.jsonl"))


def test_the_published_schema_is_the_one_that_is_checked():
    published = Path(__file__).parents[2] / "docs" / "prediction.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == SCHEMA


def test_half_of_an_emoji_is_replaced_and_refused_in_an_id(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"dialogue_id": "d", "turn": 0, "response": "fine \\ud83d", "state": {"a": {"\\udc00": "b"}}}\n')
    (read,) = read_predictions(path)
    assert (read.response, read.state) == ("fine \ufffd", {"a": {"\ufffd": "b"}})
    write_predictions(tmp_path / "q.jsonl", [read])
    assert list(read_predictions(tmp_path / "q.jsonl")) == [read]
    path.write_text('{"dialogue_id": "d\\ud83d", "turn": 0}\n')
    with pytest.raises(DataError, match="line 1: the dialogue_id has half of a surrogate pair"):
        list(read_predictions(path))
