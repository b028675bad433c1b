"""The wheel without extras, in an environment of its own: every verb works or says which extra it needs.

`make bare` installs the wheel from the package index and names the environment in TOD_BENCH_BARE_PYTHON. Without it the
environment is put together here, offline, from what the wheel requires, as far as this environment has it installed.
"""

import json
import os
import re
import subprocess
import venv
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tod_bench.cli.main import VERBS
from tod_bench.corpora.base import open_corpus
from tod_bench.predictions import write_predictions
from tod_bench.splits import read_all
from tod_bench.tasks import gold_prediction

Call = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.slow

CONFIG = {
    "name": "small",
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 10, "dev": 3, "test": 5}}}},
    "systems": {"oracle": {"system": "oracle"}, "carry_over": {"system": "carry_over", "tasks": ["dst"]}},
    "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}},
    "bootstrap": {"draws": 20},
}
SWEEP = {
    **CONFIG,
    "name": "swept",
    "table": {"columns": [{"label": "JGA", "task": "dst", "metric": "jga"}]},
    "sweep": {"factors": {"train": {"key": "corpora.plain.splits.train", "values": ["train[:2]", "train"]}}},
}
CARD = {
    "system": "gold",
    "team": "ours",
    "date": "2026-11-01",
    "track": "two",
    "tasks": ["dst"],
    "training_data": "none",
    "parameters": 0,
    "code": "1",
    "gold_access": ["gold"],
}
TRACK = {
    "title": "Two dialogues",
    "corpus": "simulated",
    "options": {"dialogues": {"train": 1, "dev": 1, "test": 2}},
    "metrics": {"dst": ["jga"], "response": ["bleu", "sacrebleu"]},
    "bootstrap": {"draws": 10},
}
RATINGS = "item,question,rater,value\nd1,Q1,a,3\nd1,Q1,b,3\nd2,Q1,a,1\nd2,Q1,b,2\n"


def link_requirements(name: str, extras: frozenset[str], site: Path, done: set[str]) -> None:
    """Links what a distribution requires, and what that requires, into an environment."""
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        applies = [{"extra": extra} for extra in extras] or [{"extra": ""}]
        if requirement.marker and not any(requirement.marker.evaluate(one) for one in applies):
            continue
        if requirement.name.lower() in done:
            continue
        done.add(requirement.name.lower())
        found = distribution(requirement.name)
        tops = {path.parts[0] for path in found.files or () if path.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))
        link_requirements(requirement.name, frozenset(requirement.extras), site, done)


FORKING = """
import json, os, sys, traceback
import msgspec, numpy, pydantic, rich.table, scipy.stats, yaml
from tod_bench.cli.main import main
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.argv, code = ["tod-bench", *json.loads(line)], 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else bool(ended.code)
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs each line of arguments in a child of its own, which need not import again what every verb does."""


@pytest.fixture(scope="module")
def python(request, tmp_path_factory) -> Path:
    given = os.environ.get("TOD_BENCH_BARE_PYTHON")
    if given:
        return Path(given)
    wheel, folder = request.getfixturevalue("wheel"), tmp_path_factory.mktemp("bare")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    link_requirements("tod-bench", frozenset(), site, set())
    return folder / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def call(python, tmp_path_factory) -> Iterator[Call]:
    folder = tmp_path_factory.mktemp("work")
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    environment = {**kept, "HOME": str(folder)}

    server = subprocess.Popen(
        [python, "-c", FORKING], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def called(*arguments: str) -> subprocess.CompletedProcess[str]:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(arguments) + "\n")
        server.stdin.flush()
        ended = int(server.stdout.readline())
        return subprocess.CompletedProcess(arguments, ended, *((folder / name).read_text() for name in ("out", "err")))

    corpus = open_corpus("simulated", **TRACK["options"])
    gold = [gold_prediction(dialogue, turn) for dialogue in read_all(corpus, "test") for turn in dialogue.turns]
    write_predictions(folder / "gold.jsonl", gold)
    states: dict[str, list[dict[str, str]]] = {}
    for one in gold:
        flat = {f"{domain}-{slot}": value for domain, slots in one.state.items() for slot, value in slots.items()}
        states.setdefault(one.dialogue_id, []).append(flat)
    (folder / "flat.json").write_text(json.dumps(states))
    (folder / "ratings.csv").write_text(RATINGS)
    for name, value in (("small", CONFIG), ("swept", SWEEP), ("card", CARD), ("tracks", {"tracks": {"two": TRACK}})):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(value, sort_keys=False))
    (folder / "speaking.yaml").write_text(yaml.safe_dump({**CARD, "system": "speaker", "tasks": ["response"]}))
    for arguments in (
        ("run", "small.yaml", "--quiet"),
        ("judge", "likert", "judge_likert", "--judge", "scripted", "--quiet"),
        ("submit", "prepare", "gold.jsonl", "--card", "card.yaml", "--tracks", "tracks.yaml"),
    ):
        done = called(*arguments)
        assert done.returncode == 0, done.stderr
    (submission,) = (folder / "submissions").iterdir()
    called.submission = str(submission)  # type: ignore[attr-defined]
    called.folder, called.environment = folder, environment  # type: ignore[attr-defined]
    yield called
    server.communicate(timeout=60)


GOLD = ("gold.jsonl", "--corpus", "simulated", "--option", "dialogues={test: 2}")

CASES = [
    ("list corpora", ""),
    ("list systems", ""),
    ("list metrics", ""),
    ("list configs", ""),
    ("data stats simulated --option dialogues={test:2,train:2,dev:1}", ""),
    ("data check simulated --split test --list 0", ""),
    ("data show simulated sim-test-00001 --split test --option dialogues={test:2}", ""),
    ("import auto flat.json -o flat.jsonl", ""),
    ("import slots flat.json -o flat.jsonl.gz --corpus simulated --option dialogues={test:2}", ""),
    ("score GOLD --task dst", ""),
    ("score GOLD --task policy", ""),
    ("score GOLD", ""),
    ("score GOLD -m jga --format csv -o scores.json", ""),
    ("score GOLD -m bleu", "style"),
    ("score GOLD -m sacrebleu", "style"),
    ("score GOLD -m gunning_fog", "style"),
    ("score GOLD -m politeness", "style"),
    ("compare gold.jsonl GOLD -m jga", ""),
    ("compare gold.jsonl GOLD -m jga --format markdown -o compared.csv", ""),
    ("compare gold.jsonl GOLD -m bleu", "style"),
    ("compare gold.jsonl GOLD -m sacrebleu", "style"),
    ("validate small.yaml", ""),
    ("validate table5", "style"),
    ("plan small.yaml", ""),
    ("plan table5", "style"),
    ("run small.yaml", ""),
    ("run quickstart", "train"),
    ("run table3 --small", "judge"),
    ("run table4 --small", "train"),
    ("run table5 --small", "train"),
    ("play play_quickstart goals=2", ""),
    ("report small --html small.html", "report"),
    ("report small", ""),
    ("sweep swept.yaml --dry-run", ""),
    ("sweep swept.yaml", ""),
    ("sweep swept.yaml --backend ray", "sweep"),
    ("sweep swept.yaml --backend slurm", "sweep"),
    ("judge likert judge_likert --judge scripted", ""),
    ("judge likert judge_likert --judge gpt-4o --dry-run", ""),
    ("judge likert judge_likert judge.base_url=http://127.0.0.1:9/v1 --judge any --output asked", "judge"),
    ("judge pairwise judge_pairwise --judge scripted --quiet", ""),
    ("judge emotions judge_emotions --judge scripted --quiet", ""),
    ("judge audit judge_likert --judge scripted --quiet", ""),
    ("judge report runs/judge/judge_likert_scripted", ""),
    ("judge page judge_likert --output page.html", ""),
    ("judge agreement --human ratings.csv", "judge"),
    ("judge simulate --help", ""),
    ("personalise simulated --option dialogues={test:2,train:2,dev:1} --split test --output styled", "personalise"),
    ("submit prepare gold.jsonl --card card.yaml --tracks tracks.yaml --output again", ""),
    ("submit prepare gold.jsonl --card speaking.yaml --tracks tracks.yaml --output again", "style"),
    ("submit validate SUBMISSION --tracks tracks.yaml", ""),
    ("submit verify SUBMISSION --tracks tracks.yaml", ""),
    ("leaderboard build submissions --tracks tracks.yaml --output site", "report"),
]
"""Command -> the extra that it has to name; empty where it works."""


def test_no_extra_is_there(python):
    heavy = [
        "torch",
        "transformers",
        "nltk",
        "sacrebleu",
        "spacy",
        "openai",
        "jinja2",
        "krippendorff",
        "ray",
        "pyarrow",
    ]
    script = f"from importlib.util import find_spec; print([name for name in {heavy} if find_spec(name)])"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_verb_has_a_case():
    assert {command.split()[0] for command, _ in CASES} == set(VERBS)


@pytest.mark.parametrize(("command", "extra"), CASES, ids=[command for command, _ in CASES])
def test_a_verb_works_or_names_its_extra(call, command, extra):
    arguments = [part for word in command.split() for part in (GOLD if word == "GOLD" else (word,))]
    arguments = [
        part.replace(":", ": ").replace(",", ", ") if part.startswith("dialogues=") else part for part in arguments
    ]
    done = call(*(call.submission if part == "SUBMISSION" else part for part in arguments))
    assert "Traceback" not in done.stderr, done.stderr
    if not extra:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 2, done.stderr + done.stdout
    named = re.findall(r"needs [\w, ]+: pip install 'tod-bench\[(\w+)\]'", done.stderr)
    assert set(named) == {extra}, done.stderr


def test_every_public_name_is_there_and_a_data_frame_names_its_extra(call, python):
    code = """
import tod_bench
for name in tod_bench.__all__:
    getattr(tod_bench, name)
scores = tod_bench.score("gold.jsonl", tod_bench.open_corpus("simulated", dialogues={"test": 2}), metrics=["jga"])
assert scores._repr_html_().startswith("<table>")
try:
    scores.to_pandas()
except tod_bench.MissingExtraError as error:
    print(error)
"""
    done = subprocess.run(
        [python, "-c", code], cwd=call.folder, env=call.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "a data frame needs pandas: pip install 'tod-bench[report]'\n"


@pytest.mark.parametrize("verb", ["", *sorted(VERBS)])
def test_help_has_an_example(call, verb):
    done = call(*filter(None, [verb]), "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout


def test_what_cannot_be_scored_is_said_beside_what_is(call):
    done = call("score", *GOLD)
    assert "dst: " in done.stdout
    assert "policy: " in done.stdout
    assert re.search(r"left out: bleu, .*; install them with `pip install 'tod-bench\[style\]'`", done.stdout)
