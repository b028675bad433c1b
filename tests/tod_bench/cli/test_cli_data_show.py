"""``tod-bench data show``: a dialogue on the terminal, with its user, the path of the picture, and what changes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tod_bench
from tod_bench.cli.main import command, main
from tod_bench.corpora.rows import from_rows
from tod_bench.records import Act, Dialogue, DomainGoal, Persona, Turn
from tod_bench.reports.dialogue import Picture, dialogue_lines, state_changes

SMALL = ["simulated", "--option", "dialogues={train: 2, dev: 1, test: 3}"]


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["data", "show", *arguments], catch_exceptions=False)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path))
    return tmp_path


def test_a_dialogue_is_printed_with_its_user_and_the_picture_s_path(cache: Path) -> None:
    corpus = tod_bench.open_corpus("simulated", dialogues={"train": 2, "dev": 1, "test": 3})
    dialogue = tod_bench.find_dialogue(corpus, "sim-test-00002")
    persona, (first, *_) = dialogue.persona, dialogue.turns
    assert persona is not None
    assert corpus.images is not None
    done = typed(SMALL[0], "sim-test-00002", *SMALL[1:])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("sim-test-00002 (simulated1, test: ")
    assert f"user: {persona.age}, {persona.gender}, {persona.formality}, {persona.emotion}" in lines
    assert f"impression: {persona.impression}" in lines
    picture = Path(next(line for line in lines if line.startswith("picture: ")).removeprefix("picture: "))
    assert picture.is_relative_to(cache)
    assert picture.read_bytes() == corpus.images.data(persona.image)
    for said in (
        first.user,
        first.system,
        f"personalised: {first.styled_user}",
        f"personalised: {first.styled_system}",
    ):
        assert said in done.stdout
    assert sum(line.startswith("turn ") for line in lines) == len(dialogue.turns)


def test_json_is_the_dialogue_and_the_path() -> None:
    corpus = tod_bench.open_corpus("simulated", dialogues={"train": 2, "dev": 1, "test": 3})
    for flags in (("--format", "json"), ("--json",)):
        shown = json.loads(typed(SMALL[0], "sim-dev-00000", *SMALL[1:], "--split", "dev", *flags).stdout)
        assert Path(shown.pop("picture")).name == "00000.png"
        assert shown.pop("picture_problem") == ""
        assert list(from_rows([shown])) == list(corpus.dialogues("dev"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sim-test-0002"], "simulated1 has no dialogue 'sim-test-0002'; did you mean 'sim-test-00002'?"),
        (["sim-test-00002", "--split", "dev"], "simulated1 dev has no dialogue 'sim-test-00002'"),
        (["sim-test-00002", "--split", "test[:2]"], "simulated1 test[:2] has no dialogue 'sim-test-00002'; did you"),
        (["sim-test-00002", "--split", "tset"], "simulated1 has no split 'tset'"),
    ],
)
def test_what_is_not_there_is_said_with_a_suggestion(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["data", "show", SMALL[0], *arguments, *SMALL[1:]])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_state_is_shown_by_what_changes() -> None:
    before = {"hotel": {"area": ("north",), "stars": ("4",)}}
    after = {"hotel": {"area": ("south", "the south"), "name": ("x",)}}
    assert list(state_changes(before, after)) == [
        "* hotel-area = south / the south (was north)",
        "+ hotel-name = x",
        "- hotel-stars",
    ]
    assert list(state_changes(after, after)) == []


def test_every_part_has_its_line_and_none_steers_the_terminal() -> None:
    turn = Turn(0, "Hi \x1b[2J", "", acts=(Act("hotel", "inform", "area", "north"), Act("general", "bye")))
    goal = {"hotel": DomainGoal({"area": "north"}, ("phone",), {"people": "2"})}
    persona = Persona("a.png", "A woman.", "adult", "female", "unknown", "")
    dialogue = Dialogue("d1", "toy", "test", ("hotel",), (turn,), goal, persona)
    assert list(dialogue_lines(dialogue, Picture(None, "it is lost"))) == [
        "d1 (toy, test: hotel)",
        "user: adult, female",
        "impression: A woman.",
        "picture: none (it is lost)",
        "goal: hotel: area = north, book people = 2, phone?",
        "",
        "turn 1",
        "  user       Hi \\x1b[2J",
        "  system     -",
        "  acts       hotel-inform (area = north); general-bye",
    ]
