"""Files that somebody broke: whatever is read or refused, no other exception than `UserError` comes out.

Each case is a sound file with a few of its values replaced, left out or doubled, or with its bytes tampered with. To
run is to assert here: `refused_in_a_sentence` lets every exception but `UserError` through, which fails the test, and
asks of that one a sentence that names the place.
TOD_BENCH_FUZZ multiplies the number of examples.
"""

import copy
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layouts import CORPUS, LAYOUTS
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError, printable
from tod_bench.experiments.config import load_config
from tod_bench.experiments.plan import build
from tod_bench.importers import AUTO, FORMATS, import_predictions
from tod_bench.judge.people import read_study
from tod_bench.leaderboard import load_tracks, validate_submission
from tod_bench.leaderboard.card import read_card
from tod_bench.leaderboard.reported import read_reported
from tod_bench.predictions import to_json
from tod_bench.scoring import predictions_for_split, score
from tod_bench.shipped import shipped_folder
from tod_bench.splits import read_all
from tod_bench.tasks import gold_prediction

EXAMPLES = int(60 * float(os.environ.get("TOD_BENCH_FUZZ", "1")))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

ODD = st.one_of(
    st.sampled_from(
        [
            *(None, True, False, 0, -1, 10**30, 0.5, 1e300, [], {}, [[]], {"": ""}, [{}], "", " ", "none", "0", "-1"),
            *("\x00", "\x1b[2J", "\u202e", "\u2028", "\ud83d", "²", "٣", "é" * 300, "a-b-c", "[hotel]", "[value_name]"),
            *(
                "2026-99-99",
                "!!timestamp soon",
                "*x",
                "&x",
                "test[:",
                "test{",
                "jga@",
                "@",
                "/dev/zero",
                "..",
                "http://[",
            ),
            json.loads("[" * 60 + "]" * 60),
        ]
    ),
    st.text(max_size=6),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)


def places(value, path=()):
    """The paths to all that is inside of a JSON value."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


@st.composite
def broken(draw, value):
    """A JSON value with up to three of its parts replaced, left out, doubled or under another key."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(value))))
        if not path:
            continue
        *way, last = path
        parent = value
        for key in way:
            parent = parent[key]
        what = draw(st.sampled_from(["replace", "replace", "leave out", "double", "rename"]))
        if what == "replace":
            parent[last] = copy.deepcopy(draw(ODD))  # lists and objects of ODD are shared by all examples
        elif what == "leave out":
            del parent[last]
        elif what == "double" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif isinstance(parent, dict):
            parent[str(draw(ODD))[:50]] = parent.pop(last)
    return value


PIECES = (
    *(
        b'"a":1,"a":2,',
        b"NaN",
        b"1" * 5000,
        b"\\ud83d",
        b"\xff\xfe",
        b"\r",
        b"}",
        b"[" * 2000,
        b"\x00",
        b"\x1b[2J",
        b'"',
    ),
    *(
        b"\n? [1]: 2\n",
        b"\nx: &a [*a]\n",
        b"\nx: !!timestamp soon\n",
        b"\nx: !!bool perhaps\n",
        b"\nx: !!int ten\n",
        b" !!set ",
    ),
)


@st.composite
def tampered(draw, content):
    """Bytes, most often as they are, with a piece cut off, put in or taken out."""
    what = draw(st.sampled_from(["nothing", "nothing", "cut", "insert", "remove"]))
    at = draw(st.integers(0, len(content)))
    if what == "cut":
        return content[:at]
    if what == "insert":
        piece = st.binary(max_size=4) | st.sampled_from(PIECES)
        return content[:at] + draw(piece) + content[at:]
    return content[:at] + content[at + draw(st.integers(0, 9)) :] if what == "remove" else content


def dumped(value) -> bytes:
    return json.dumps(value).encode()


def lines_of(values) -> bytes:
    return b"".join(dumped(value) + b"\n" for value in values)


def refused_in_a_sentence(call, place: str):
    """The result of a call, or None where it was refused; anything but a sentence with its place is a failure."""
    try:
        return call()
    except UserError as error:
        message = str(error)
        assert message.strip()
        assert place in printable(message), message
        for line in message.splitlines():
            assert "Traceback" not in line
            assert not line.endswith("()"), line
    return None


@pytest.fixture(scope="module")
def corpus():
    return open_corpus("simulated", dialogues={"train": 1, "dev": 1, "test": 3})


@pytest.fixture(scope="module")
def gold(corpus):
    return [
        to_json(gold_prediction(dialogue, turn))
        for dialogue in read_all(corpus, "test[:2]")
        for turn in dialogue.turns[:2]
    ]


@fuzzed
@given(st.data())
def test_prediction_files(tmp_path, corpus, gold, data):
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(data.draw(tampered(lines_of(data.draw(broken(gold))))))
    part = data.draw(st.sampled_from(["test", "test[:2]"]))
    dialogues = read_all(corpus, part)
    read = refused_in_a_sentence(lambda: predictions_for_split([path], corpus, part, dialogues), path.name)
    if read is None:
        return
    for task, metrics in (("dst", None), ("policy", None), ("response", ["bleu", "sacrebleu"])):
        refused_in_a_sentence(
            lambda task=task, metrics=metrics: score(
                task,
                dialogues,
                read[0],
                corpus_name=corpus.name,
                split=part,
                schema=corpus.schema,
                metrics=metrics,
                draws=0,
                partial=True,
            ),
            "dialogue",
        )


@fuzzed
@given(st.data())
@pytest.mark.parametrize("form", FORMATS)
def test_files_of_other_tools(tmp_path, form, data):
    path = tmp_path / "file.json"
    path.write_bytes(data.draw(tampered(dumped(data.draw(broken(LAYOUTS[form]))))))
    named = data.draw(st.sampled_from([form, form, AUTO]))
    dialogues = data.draw(st.sampled_from([CORPUS, None]))
    found = refused_in_a_sentence(lambda: import_predictions(path, dialogues, format=named), path.name)
    for mismatch in found.mismatches if found else ():
        assert path.name in mismatch
        assert mismatch.isprintable()


CARD = {
    "system": "mine",
    "team": "ours",
    "link": "https://example.org/mine",
    "date": "2026-11-01",
    "track": "simulated-plain",
    "tasks": ["dst"],
    "training_data": "none",
    "parameters": 0,
    "code": "mine 1.0",
}
SCORE = {
    "metric": "jga",
    "protocol": "tod_bench",
    "value": 1.0,
    "low": 0.0,
    "high": 2.0,
    "n": 3,
    "signature": "jga|v:1",
}
CLAIM = {"corpus": "simulated1", "fingerprint": "0" * 64, "scores": {"dst": [SCORE]}}


@fuzzed
@given(st.data())
@pytest.mark.parametrize("name", ["card.yaml", "card.json", "scores.json"])
def test_cards_and_claims(tmp_path, name, data):
    value = data.draw(broken(CLAIM if name == "scores.json" else CARD))
    text = dumped(value) if name.endswith("json") else yaml.safe_dump(value, allow_unicode=False).encode()
    path = tmp_path / name
    path.write_bytes(data.draw(tampered(text)))
    refused_in_a_sentence(lambda: (read_reported if name == "scores.json" else read_card)(path), name)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    path = tmp_path_factory.mktemp("tracks") / "tracks.yaml"
    sizes = {"dialogues": {"train": 1, "dev": 1, "test": 2}}
    track = {"title": "Two", "corpus": "simulated", "options": sizes, "metrics": {"dst": ["jga"]}}
    path.write_text(yaml.safe_dump({"tracks": {"simulated-plain": track}}))
    return load_tracks(path)


@fuzzed
@given(st.data())
def test_submissions(tmp_path, tracks, gold, data):
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    (folder / "card.yaml").write_text(yaml.safe_dump(CARD))
    (folder / "scores.json").write_bytes(dumped(CLAIM))
    (folder / "predictions.jsonl").write_bytes(data.draw(tampered(lines_of(data.draw(broken(gold))))))
    refused_in_a_sentence(lambda: validate_submission(folder, tracks), "mine")


CONFIGS = ("quickstart", "table6", "table3", "judge_likert", "sweep_context")


@fuzzed
@given(st.data())
@pytest.mark.parametrize("name", CONFIGS)
def test_configs(tmp_path, name, data):
    sound = yaml.safe_load((shipped_folder("eval_configs") / f"{name}.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "mine.yaml"
    path.write_bytes(data.draw(tampered(yaml.safe_dump(data.draw(broken(sound)), sort_keys=False).encode())))
    config = refused_in_a_sentence(lambda: load_config(str(path)), path.name)
    if config is not None:
        refused_in_a_sentence(lambda: build(config, incomplete=True), config.name)


RATINGS = "item,question,rater,value\n" + "".join(
    f"d{item},Q{question},r{rater},{1 + (item + question + rater) % 4}\n"
    for item in range(3)
    for question in (1, 2)
    for rater in range(2)
)


@fuzzed
@given(st.data())
def test_ratings(tmp_path, data):
    cells = [line.split(",") for line in RATINGS.splitlines()]
    found = data.draw(broken(cells))
    text = "\n".join(",".join(map(str, line)) if isinstance(line, list) else str(line) for line in found)
    path = tmp_path / "ratings.csv"
    path.write_bytes(data.draw(tampered(text.encode("utf-8", "surrogatepass"))))
    refused_in_a_sentence(lambda: read_study(path), path.name)


def test_the_sound_files_are_taken(tmp_path: Path, corpus, gold):
    path = tmp_path / "file"
    path.write_bytes(lines_of(gold))
    assert len(predictions_for_split([path], corpus, "test", read_all(corpus, "test"))[0]) == len(gold)
    path.write_text(yaml.safe_dump(CARD))
    assert read_card(path).system == "mine"
    path.write_bytes(dumped(CLAIM))
    assert read_reported(path).corpus == "simulated1"
    path.write_text(RATINGS)
    assert read_study(path)
    for name in CONFIGS:
        if not name.startswith("judge"):
            assert load_config(name).name == name
