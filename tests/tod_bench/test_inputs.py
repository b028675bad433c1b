"""Opening and parsing files that users give: whatever is wrong with one is a sentence with its place."""

import gzip
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tod_bench.cli.main import main
from tod_bench.corpora.jsonstream import RawFile, array_items, load_json, object_members
from tod_bench.errors import DataError, UserError, printable
from tod_bench.experiments.config import load_config
from tod_bench.files import atomic_writer
from tod_bench.inputs import DEEPEST, depth, open_text, parse_json, read_json, read_lines, read_text
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.records import Prediction

READERS = {
    "predictions": lambda path: list(read_predictions(path)),
    "array": lambda path: list(array_items(RawFile(path))),
    "object": lambda path: list(object_members(RawFile(path))),
    "json": lambda path: load_json(RawFile(path)),
    "config": lambda path: load_config(str(path)),
    "ratings": read_ratings,
}


@pytest.fixture(params=READERS)
def read(request):
    return READERS[request.param]


def refusal(read, path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message, message
    assert path.name in message
    return message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfea\x00", "UTF-16"),
        (b"\xfe\xff\x00a", "UTF-16"),
        (b'{"a": "\xe9"}', "not UTF-8"),
        (bytes(range(256)) * 8, "not UTF-8"),
        (gzip.compress(b'{"a": 1}' * 999, mtime=0)[:40], "gzip file is damaged"),
        (b"\x1f\x8brubbish that is no gzip file", "gzip file is damaged"),
    ],
)
def test_what_is_no_text_is_refused_by_every_reader(read, tmp_path, content, said):
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    assert said in refusal(read, path)


def test_only_regular_files_are_read(read, tmp_path):
    if read is READERS["config"]:
        pytest.skip("a config that is no file is looked up among the shipped ones")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, said in (
        ("none", "no such file"),
        ("folder", "folder"),
        ("pipe", "pipe"),  # without a writer, opening it would wait for ever
        ("loop", "symbolic links"),
        ("\0", "name"),
    ):
        with pytest.raises(DataError, match=said):
            read(tmp_path / name)
    assert "device" in refusal(read, Path("/dev/zero"))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_without_permission(read, tmp_path):
    (tmp_path / "file.yaml").touch(mode=0)
    assert "Permission denied" in refusal(read, tmp_path / "file.yaml")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig"])
def test_byte_order_marks_and_gzip_are_taken_off(tmp_path, packed, mark):
    content = '{"dialogue_id": "d", "turn": 0, "response": "é"}\n'.encode(mark)
    path = tmp_path / "named_as_it_likes"
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    assert [one.response for one in read_predictions(path)] == ["é"]
    assert load_json(RawFile(path))["response"] == "é"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ('{"b": {"a": 1, "c": 0, "a": 1}}', "the key 'a' is given twice"),
        ("[NaN]", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("[1e999]", "1e999 is too big"),
        ("[" + "1" * 5000 + "]", "thousands of digits"),
        ('["\\ud83d"]', "half of a surrogate pair"),
        ('{"\\uDC00": 1}', "half of a surrogate pair"),
        ("[" * 200 + "]" * 200, f"more than {DEEPEST} levels"),
        ("[" * 100_000, f"more than {DEEPEST} levels"),
        ("", "not JSON"),
        ('["\x01"]', "not JSON"),
        ("{'a': 1}", "not JSON"),
    ],
)
def test_json_is_read_strictly(text, said):
    with pytest.raises(DataError, match="place: ") as caught:
        parse_json(text, "place")
    assert said in str(caught.value)


def test_whole_surrogate_pairs_are_characters():
    assert parse_json('["\\ud83d\\ude00 \\u00e9"]', "place") == ["😀 é"]


@given(st.recursive(st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=20))
def test_depth_counts_brackets_outside_of_strings(value):
    def levels(one) -> int:
        return 1 + max(map(levels, one), default=0) if isinstance(one, list) else 0

    assert depth(json.dumps(value)) == levels(value)
    assert depth(json.dumps(["]]]{{{", value])) == 1 + levels(value)


def test_lines_have_numbers_and_an_end(tmp_path):
    path = tmp_path / "file"
    path.write_text("a\n\n  \nb\n")
    assert list(read_lines(path, 100)) == [(1, "a\n"), (4, "b\n")]
    path.write_text("a\n" + "b" * 100)
    with pytest.raises(DataError, match="line 2: the line is longer than 50 characters"):
        list(read_lines(path, 50))


def test_an_error_of_the_reader_s_own_is_not_taken_for_the_file_s(tmp_path):
    path = tmp_path / "file.json"
    path.write_text("[1]")
    with pytest.raises(ValueError, match="mine"), open_text(path):
        raise ValueError("mine")
    assert read_json(path) == [1]
    assert read_text(path) == "[1]"


def test_gzipped_predictions_are_written_and_the_same_bytes_again(tmp_path):
    given_ = [Prediction("d", 0, response="é"), Prediction("d", 1)]
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_predictions(tmp_path / name, given_)
        assert list(read_predictions(tmp_path / name)) == given_
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert b"dialogue_id" in gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes())

    def break_off() -> None:
        with atomic_writer(tmp_path / "a.jsonl.gz") as file:
            file.write("half")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        break_off()
    assert list(read_predictions(tmp_path / "a.jsonl.gz")) == given_
    assert len(list(tmp_path.iterdir())) == 2


@given(st.text())
def test_printable_text_cannot_steer_a_terminal(text):
    shown = printable(text)
    assert all(one.isprintable() or one == "\n" for one in shown)
    assert printable(text, lines=False).isprintable()
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize("dialogue", ["\x1b[2Jgone", "\u202eback", "two\nlines", "\x9b31m", "\ud83d"])
def test_an_id_cannot_steer_the_terminal(tmp_path, capsys, dialogue):
    if dialogue == "\ud83d":
        error = DataError("unusable", dialogue=dialogue)
        assert str(error).isprintable()
        return
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps({"dialogue_id": dialogue, "turn": 0, "state": {}}) + "\n")
    with pytest.raises(SystemExit) as stopped:
        main(["score", str(path), "--corpus", "simulated", "--split", "test[:1]"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.rstrip("\n").isprintable()


def test_help_is_answered_without_heavy_imports():
    import subprocess
    import sys

    heavy = ("numpy", "pydantic", "yaml", "rich", "torch", "nltk")
    script = (
        "import sys\nfrom tod_bench.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_the_first_line_says_what_a_prediction_file_is(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("dialogue_id,turn\nd,0\n")
    with pytest.raises(DataError, match=r"line 1: .*`tod-bench import auto` reads what other tools write"):
        list(read_predictions(path))


def test_an_option_that_is_no_yaml(tmp_path):
    result = CliRunner(catch_exceptions=True).invoke(
        __import__("tod_bench.cli.data", fromlist=["command"]).command, ["stats", "simulated", "--option", "style=["]
    )
    assert isinstance(result.exception, UserError)
    assert "style=[" in str(result.exception)
