"""Going through the stages: what is made once is kept, whatever happens, and what decides a row makes it anew."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tod_bench
from pictures import painted
from tod_bench.corpora.base import Corpus
from tod_bench.corpora.personas import EMOTIONS
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.errors import UserError
from tod_bench.personalise import assembly
from tod_bench.personalise import run as running
from tod_bench.personalise.options import Options
from tod_bench.personalise.rows import StageFile
from tod_bench.personalise.run import Personalised, run

SOURCE: dict[str, Any] = {"corpus": "simulated", "corpus_options": {"dialogues": {"train": 12, "dev": 3, "test": 4}}}


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch):
    """Stages and verdicts that need a sentence encoder are left to the tests of their own."""
    whole = assembly._stages
    monkeypatch.setattr(assembly, "_stages", lambda *given: whole(*given)[:5])
    monkeypatch.setattr(running, "dropped_of", lambda _: {"test/sim-test-00001": ("checks: a reason",)})


def options(output: Path, **more: Any) -> Options:
    return Options(**{**SOURCE, "output": output, "splits": {"test": "test[:3]"}, **more})


def made(output: Path, **more: Any) -> Personalised:
    return run(options(output, **more), report=False)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_child(work: Callable[[], object]) -> int:
    """How a process that did something ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001
            os._exit(1)
    return os.waitpid(child, 0)[1]


def killed_at(number: int, output: Path, monkeypatch: pytest.MonkeyPatch, *, torn: bool) -> None:
    """Runs in a process that is killed as it adds its row of a number, with half of the row on disk."""
    add, count = StageFile.add, 0

    def add_or_die(self, row):
        nonlocal count
        count += 1
        if count == number:
            if torn:
                self._opened().write(b'{"key": "test/si')
                self._opened().flush()
            os.kill(os.getpid(), signal.SIGKILL)
        add(self, row)

    with monkeypatch.context() as patched:
        patched.setattr(StageFile, "add", add_or_die)
        assert os.WTERMSIG(in_child(lambda: made(output))) == signal.SIGKILL


def test_a_run_that_is_killed_at_ten_points_ends_as_one_that_is_not(tmp_path: Path, monkeypatch):
    made(tmp_path / "whole")
    rows = sum(len(path.read_bytes().splitlines()) for path in (tmp_path / "whole/stages").glob("*.jsonl"))
    for point in range(10):
        left = rows - point * rows // 10
        killed_at(max(1, left // 10), tmp_path / "killed", monkeypatch, torn=point % 2 == 1)
    made(tmp_path / "killed")
    assert content(tmp_path / "whole") == content(tmp_path / "killed")


def test_a_second_run_makes_nothing_and_changes_nothing(tmp_path: Path):
    first = made(tmp_path / "out")
    before = content(tmp_path / "out")
    again = made(tmp_path / "out")
    assert first.made["user"] > 0
    assert set(again.made.values()) == {0}
    assert again.rows == first.rows
    assert content(tmp_path / "out") == before


def test_what_decides_a_row_makes_it_anew_and_nothing_else_does(tmp_path: Path):
    made(tmp_path / "out")
    filters = made(tmp_path / "out", filters="picpersona")
    assert filters.made["pairs"] == filters.made["user"] == filters.made["system"] == 0
    seed = made(tmp_path / "out", seed=1)
    assert seed.made["user"] == seed.rows["user"]


def test_more_dialogues_keep_the_rows_of_those_that_are_there(tmp_path: Path):
    few = made(tmp_path / "out", splits={"test": "test[:2]"})
    more = made(tmp_path / "out", splits={"test": "test[:3]"})
    assert more.made["user"] == more.rows["user"] - few.rows["user"]
    fewer = made(tmp_path / "out", splits={"test": "test[:1]"})
    assert fewer.written == {"test": 1}
    assert set(fewer.made.values()) == {0}
    assert made(tmp_path / "out", splits={"test": "test[:3]"}).made == dict.fromkeys(more.made, 0)


def test_records_leave_out_what_was_dropped_and_a_list_says_why(tmp_path: Path):
    done = made(tmp_path / "out")
    assert done.written == {"test": 2}
    lines = [json.loads(line) for line in (tmp_path / "out/dropped.jsonl").read_text().splitlines()]
    assert lines == [{"split": "test", "dialogue": "sim-test-00001", "reasons": ["checks: a reason"]}]
    corpus = PicPersona(tmp_path / "out", style="personalised", cache=False)
    assert [one.id for one in corpus.dialogues("test")] == ["sim-test-00000", "sim-test-00002"]
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["records"]["written"] == {"test": 2}
    assert manifest["rows"]["user"] == done.rows["user"]
    assert str(tmp_path) not in (tmp_path / "out/manifest.json").read_text()


def test_the_released_code_passes_over_dialogues_of_one_turn_and_the_report_says_so(tmp_path: Path, monkeypatch):
    from tod_bench.simulated.corpus import Simulated

    whole = Simulated._dialogue

    def cut(*given):
        dialogue = whole(*given)
        return replace(dialogue, turns=dialogue.turns[:1]) if dialogue.id == "sim-test-00001" else dialogue

    monkeypatch.setattr(Simulated, "_dialogue", cut)
    monkeypatch.setattr(running, "dropped_of", lambda _: {})
    cheap: dict[str, Any] = {"planted": 0, "politeness": False, "control": 0}
    done = run(options(tmp_path / "released", strategies="picpersona"), **cheap)
    assert (done.written, done.dropped, done.passed_over, done.rows["pairs"]) == ({"test": 2}, 0, 1, 2)
    lines = [json.loads(line) for line in (tmp_path / "released/dropped.jsonl").read_text().splitlines()]
    reason = "strategies picpersona: fewer than 2 turns"
    assert lines == [{"split": "test", "dialogue": "sim-test-00001", "reasons": [reason]}]
    assert json.loads((tmp_path / "released/manifest.json").read_text())["corpus"]["passed_over"] == {"test": 1}
    assert done.report is not None
    assert done.report.content["passed_over"] == {"test": 1}
    assert not any("files" in problem for problem in done.report.problems)
    assert "1 further dialogues of test are too short" in (tmp_path / "released/report.md").read_text()
    ours = run(options(tmp_path / "ours"), **cheap)
    assert (ours.written, ours.passed_over, ours.rows["pairs"]) == ({"test": 3}, 0, 3)
    assert "passed over" not in (tmp_path / "ours/report.md").read_text()
    with pytest.raises(UserError, match=r"no dialogue of simulated.* with 2 turns, and --strategies picpersona passes"):
        made(tmp_path / "none", strategies="picpersona", splits={"test": "test[1:2]"})


def test_files_of_splits_that_are_not_written_any_more_go(tmp_path: Path):
    made(tmp_path / "out", splits={"test": "test[:1]", "dev": "dev[:1]"})
    made(tmp_path / "out", splits={"test": "test[:1]"})
    assert not (tmp_path / "out/dev.json").exists()


def test_until_a_stage(tmp_path: Path):
    done = made(tmp_path / "out", until="user")
    assert list(done.rows) == ["pairs", "user"]
    assert done.written == {}
    assert not (tmp_path / "out/test.json").exists()


def test_personas_of_ones_own_have_the_same_pairs_in_a_part_as_in_the_whole(tmp_path: Path):
    rows = "".join(
        f"{number}.png,Somebody.,adult,female,casual,{emotion}\n" for number in range(9) for emotion in ["neutral"]
    )
    (tmp_path / "mine.csv").write_text("image,impression,age,gender,formality,emotion\n" + rows)
    own = {"personas": tmp_path / "mine.csv", "until": "pairs"}

    def images(output: Path, **more: Any) -> dict[str, str]:
        made(output, **own, **more)
        lines = (output / "stages/pairs.jsonl").read_text().splitlines()
        return {row["key"]: row["value"]["image"] for row in map(json.loads, lines)}

    whole = images(tmp_path / "whole", splits={"train": "train", "test": "test"})
    part = images(tmp_path / "part", splits={"train": "train[5:7]"})
    assert part == {key: image for key, image in whole.items() if key in part}
    assert len(part) == 2
    of = {split: {image for key, image in whole.items() if key.startswith(split)} for split in ("train", "test")}
    assert not of["train"] & of["test"]


def test_pairs_can_be_made_by_who_has_not_gone_through_the_units(tmp_path: Path):
    with assembly.opened(options(tmp_path / "out")) as first:
        units = list(first.stages[0].units(first.work))
    with assembly.opened(options(tmp_path / "out")) as second:
        rows = list(second.stages[0].make(second.work, units[1:]))
    assert [(row.key, row.inputs) for row in rows] == [(unit.key, unit.inputs) for unit in units[1:]]


def test_another_process_is_not_written_over(tmp_path: Path):
    with assembly.opened(options(tmp_path / "out")), pytest.raises(UserError, match="being written by another process"):
        made(tmp_path / "out")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"splits": {"test": "test[9:]"}}, "names no dialogue"),
        ({"splits": {"mine": "test"}}, "records are written into train, dev and test"),
        ({"splits": {"test": "test+test"}}, "has two dialogues 'sim-test-00000'"),
        ({"splits": {"test": "tests"}}, "no split 'tests'"),
        ({"corpus": "simulate"}, "did you mean 'simulated'"),
        ({"corpus_options": {"sed": 1}}, "did you mean 'seed'"),
        ({"personas": Path("no/such")}, "there are no personas at no/such"),
        ({"emotion": "no/such.json"}, "cannot be read"),
    ],
)
def test_what_a_user_can_get_wrong_is_one_sentence(tmp_path: Path, more: dict[str, Any], said: str):
    with pytest.raises(UserError, match=said) as error:
        made(tmp_path / "out", **more)
    assert "\n" not in str(error.value)


def test_a_corpus_without_personas_needs_some(tmp_path: Path, monkeypatch):
    from tod_bench.simulated.corpus import Simulated

    plain = Simulated._dialogue
    monkeypatch.setattr(Simulated, "_dialogue", lambda *given: replace(plain(*given), persona=None))
    with pytest.raises(UserError, match="has no persona for dialogue sim-test-00000; give --personas"):
        made(tmp_path / "out")


def test_settings_are_kept_for_making_the_report_anew(tmp_path: Path):
    given = options(tmp_path / "out", seed=3)
    made(tmp_path / "out", seed=3)
    assert assembly.load_settings(tmp_path / "out") == given
    with pytest.raises(UserError, match="make it with tod-bench personalise"):
        assembly.load_settings(tmp_path / "nothing")


def test_splits_by_name():
    assert assembly.named_splits(["train", "dev[:10]", "test=train[90%:]"]) == {
        "train": "train", "dev": "dev[:10]", "test": "train[90%:]",
    }  # fmt: skip
    with pytest.raises(UserError, match="say which it is written into"):
        assembly.named_splits(["train+dev"])
    with pytest.raises(UserError, match="two expressions are written into dev"):
        assembly.named_splits(["dev[:1]", "dev[2:3]"])


def test_one_call(tmp_path: Path):
    done = tod_bench.personalise(
        "simulated", output=tmp_path / "out", options=SOURCE["corpus_options"], splits=["test[:1]"], report=False
    )
    assert isinstance(done, tod_bench.Personalised)
    assert done.written == {"test": 1}


def names_of(corpus: Corpus) -> list[str]:
    return [dialogue.persona.image for dialogue in corpus.dialogues("test") if dialogue.persona]


def test_what_is_made_of_the_embedded_corpus_has_its_portraits(tmp_path: Path):
    made(tmp_path)
    plain = tod_bench.open_corpus(SOURCE["corpus"], **SOURCE["corpus_options"])
    corpus = PicPersona(tmp_path)
    assert names_of(corpus) == [name for name in names_of(plain)[:3] if not name.endswith("00001.png")]
    assert corpus.images is not None
    assert plain.images is not None
    assert [corpus.images.data(name) for name in names_of(corpus)] == [
        plain.images.data(name) for name in names_of(corpus)
    ]


def test_what_is_made_with_other_people_has_the_folder_that_is_named(tmp_path: Path):
    adult = {"age": "adult", "gender": "female", "formality": "casual"}
    people = {f"{mood}/{number}.png": {**adult, "emotion": mood} for mood in EMOTIONS for number in range(4)}
    (tmp_path / "people.json").write_text(json.dumps(people))
    made(tmp_path / "out", personas=tmp_path / "people.json")
    assert PicPersona(tmp_path / "out").images is None, "the portraits of the embedded corpus are of its own users"
    for name in people:
        (tmp_path / "faces" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "faces" / name).write_bytes(painted(name))
    corpus = PicPersona(tmp_path / "out", images=tmp_path / "faces")
    assert corpus.images is not None
    assert set(names_of(corpus)) <= people.keys()
    assert [corpus.images.data(name) for name in names_of(corpus)] == [painted(name) for name in names_of(corpus)]
