"""The checks of dialogues, stages that make rows once, planted faults, and a report without any text."""

import json
import re
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from made_work import Kept, bag_of_words, make_work, persona, put, run, styled_by_toy

from tod_bench.personalise.checks.corpus import read_back_problems, remade_problems, shared_image_problems
from tod_bench.personalise.checks.dialogue import Rules, failures, quoted
from tod_bench.personalise.checks.ontology import lexicon_of
from tod_bench.personalise.checks.openers import misplaced_praise
from tod_bench.personalise.checks.stage import ChecksStage
from tod_bench.personalise.checks.values import lost_values
from tod_bench.personalise.filters.stages import NaturalStage, SemanticStage, StyleStage
from tod_bench.personalise.filters.verdicts import dropped
from tod_bench.personalise.planting import opposite, plant
from tod_bench.personalise.report import make_report, write_report
from tod_bench.personalise.report.filtering import share
from tod_bench.personalise.report.laying_out import markdown
from tod_bench.personalise.restyling import restyled
from tod_bench.personalise.styled import StyledDialogue, StyledTurn, styled_dialogues
from tod_bench.progress import Progress
from tod_bench.records import Act, Dialogue, Persona, SlotSpec, Turn
from tod_bench.reports.personalised import figure5_charts

LEXICON = lexicon_of({"hotel": {"area": SlotSpec("", True, ("north", "south"))}}, venues=("Amber Ladle", "Blue Fig"))


@pytest.fixture(autouse=True)
def _encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tod_bench.personalise.filters.stages.encode", bag_of_words)
    monkeypatch.setattr("tod_bench.personalise.filters.stages.version_of", lambda name: f"bag {name}")
    monkeypatch.setattr("tod_bench.personalise.report.filtering.encode", bag_of_words)


def _failures(turn: Turn, styled: StyledTurn, **rules) -> dict[str, list[str]]:
    dialogue = StyledDialogue("test", Dialogue("d", "x", "test", (), (turn,)), Persona(), "neutral", (styled,))
    return failures(dialogue, Rules(LEXICON, lost_values, **rules))


NORTH = Turn(
    0,
    "I want a place in the north.",
    "The Amber Ladle is there.",
    state={"hotel": {"area": ("north",)}},
    acts=(Act("hotel", "inform", "name", "Amber Ladle"),),
)


@pytest.mark.parametrize(
    ("styled", "failed"),
    [
        (StyledTurn(NORTH.user, NORTH.system), {}),
        (StyledTurn("Gimme something in the north!", "The Amber Ladle it is, dear."), {}),
        (StyledTurn("Gimme something!", NORTH.system), {"values": "turn 0, user"}),
        (StyledTurn(NORTH.user, "It is there."), {"values": "turn 0, system"}),
        (StyledTurn("In the north, not the south.", NORTH.system), {"foreign": "turn 0, user"}),
        (StyledTurn(NORTH.user, "The Amber Ladle is there, or the Blue Fig."), {"foreign": "turn 0, system"}),
        (StyledTurn(NORTH.user, ""), {"values": "turn 0, system", "turns": "turn 0, system"}),
    ],
)
def test_each_fault_is_named_with_its_place(styled: StyledTurn, failed: dict[str, str]) -> None:
    found = _failures(NORTH, styled)
    assert set(found) == set(failed)
    for check, place in failed.items():
        assert found[check][0].startswith(place)


def test_quotes_are_held_against_the_lexicon_on_their_own() -> None:
    reviews = {"r/1": "Lovely food and warm people.", "r/2": "Better than the Blue Fig, we thought."}
    good = StyledTurn(
        NORTH.user, 'The Amber Ladle is there: "Lovely food and warm people."', "review", "Amber Ladle", reviews
    )
    bad = replace(good, system='The Amber Ladle is there: "Better than the Blue Fig, we thought."')
    made_up = replace(good, system='The Amber Ladle is there: "The Blue Fig is closed."')
    assert quoted(good.system, good)[0] == ("Lovely food and warm people.",)
    assert _failures(NORTH, good) == {}
    assert set(_failures(NORTH, bad)) == {"quotes"}
    assert set(_failures(NORTH, made_up)) == {"foreign"}
    assert set(_failures(NORTH, good, off_topic=frozenset({"r/2"}))) == {"reviews"}


@pytest.mark.parametrize(
    ("text", "plain", "act", "words"),
    [
        ("Wonderful! I am sorry, it is full.", "Sorry, it is full.", "nobook", ("wonderful",)),
        ("Oh dear. I am sorry. Great day!", "Sorry.", "nobook", ()),
        ("Wonderful! It is booked.", "It is booked.", "offerbooked", ()),
        ("Great, but it is full.", "Great, but it is full.", "nooffer", ()),
        ("Yay! No luck.", "No luck.", "NOTIFY_FAILURE", ("yay",)),
        ("", "", "nobook", ()),
    ],
)
def test_praise_has_no_place_in_a_failure(text: str, plain: str, act: str, words: tuple[str, ...]) -> None:
    assert misplaced_praise(text, plain, (Act("x", act),)) == words


def test_rows_are_made_once_and_anew_where_a_text_changes(tmp_path: Path) -> None:
    stages = (ChecksStage(), StyleStage(), SemanticStage(), NaturalStage())
    with ExitStack() as stack:
        work = make_work(tmp_path, stack, 6)
        run(work, *stages)
        for stage in stages:
            units = list(stage.units(work))
            assert len(units) == 6
            assert all(work.files[stage.name].has(unit) for unit in units)
        first = next(styled_dialogues(work))
        put(work, replace(first, turns=(replace(first.turns[0], user="x"), *first.turns[1:])))
        for stage in stages:
            stale = [unit.key for unit in stage.units(work) if not work.files[stage.name].has(unit)]
            assert stale == [first.key]


def test_the_filters_drop_what_is_planted_and_little_else(tmp_path: Path) -> None:
    with ExitStack() as stack:
        work = make_work(tmp_path, stack, 60)
        all_styled = list(styled_dialogues(work))
        planted = plant(all_styled, 5, 0, lambda styled, who: restyled(work.arm, styled, who))
        assert sorted(planted.faults.values()) == sorted(["unchanged", "swapped", "value", "opposite"] * 5)
        assert plant(all_styled, 5, 0).faults != plant(all_styled, 5, 1).faults
        for styled in planted.dialogues:
            if styled.key in planted.faults:
                put(work, styled)
        run(work, ChecksStage(), StyleStage(), SemanticStage(), NaturalStage())
        found = dropped(work)
        for fault, least in (("unchanged", 5), ("swapped", 5), ("value", 5), ("opposite", 4)):
            keys = [key for key, kind in planted.faults.items() if kind == fault]
            assert sum(key in found for key in keys) >= least, fault
        assert len(set(found) - set(planted.faults)) <= 4


def test_a_report_shows_which_part_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Progress, "now", lambda self, doing: shown.append(f"{self.done} of {self.total}, {doing}"))
    with ExitStack() as stack:
        make_report(make_work(tmp_path, stack, 2), planted=0, politeness=False, control=0)
    parts = ("rows and filters", "Figure 5", "planted faults", "checks of the corpus")
    assert shown == [f"{number} of 4, {part}" for number, part in enumerate(parts)]


def test_the_report_counts_and_holds_no_text(tmp_path: Path) -> None:
    stages = (ChecksStage(), StyleStage(), SemanticStage(), NaturalStage())
    with ExitStack() as stack:
        work = make_work(tmp_path, stack, 16)
        run(work, *stages)
        report = make_report(work, stages, planted=2, politeness=False, control=1)
        again = make_report(work, stages, planted=2, politeness=False, control=1)
        texts = {
            text for styled in styled_dialogues(work) for turn in styled.turns for text in (turn.user, turn.system)
        }
        plain = {
            text
            for styled in styled_dialogues(work)
            for turn in styled.plain.turns
            for text in (turn.user, turn.system)
        }
    write_report(tmp_path, report)
    assert report.to_json() == again.to_json()
    content = report.content
    assert content["table1"][0]["dialogues"] == 16
    assert content["unchanged"]["user"]["unchanged"] == 0
    assert content["strategies"] == {"none": sum(len(styled.turns) for styled in _styled(16))}
    assert content["planted"]["each"]["unchanged"] == 2
    assert not report.sound  # nothing has been written
    assert any("cannot be read back" in problem for problem in report.problems)
    written = (tmp_path / "report.md").read_text() + (tmp_path / "report.json").read_text()
    assert json.loads((tmp_path / "report.json").read_text())["sound"] is False
    assert str(tmp_path) not in written
    for text in texts | plain:
        assert len(text) < 12 or text not in written
    assert set(figure5_charts(report)) == {"gunning_fog"}


def _styled(count: int) -> list[StyledDialogue]:
    dialogues = list(Kept().dialogues("test"))[:count]
    return [styled_by_toy(dialogue, persona(n)) for n, dialogue in enumerate(dialogues)]


def test_a_report_says_what_is_not_the_papers(tmp_path: Path) -> None:
    with ExitStack() as stack:
        work = make_work(tmp_path, stack, 12)
        run(work, ChecksStage(), StyleStage(), SemanticStage(), NaturalStage())
        text = markdown(make_report(work, planted=0, politeness=False, control=0))
    assert "91.49" in text
    assert "add to more than 100" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| semantic")]
    assert "offline rules" in line
    assert line.rstrip().endswith("|  |")
    assert re.search(r"\| strength .* 1\.49 \|", text)


def test_rows_that_come_out_differently_are_told(tmp_path: Path) -> None:
    with ExitStack() as stack:
        work = make_work(tmp_path, stack, 5)
        run(work, NaturalStage())
        assert remade_problems(work, [NaturalStage()]) == ()
        unit = next(iter(NaturalStage().units(work)))
        row = work.files["natural"].get(unit.key)
        assert row is not None
        work.files["natural"].add(replace(row, value={**row.value, "reason": "another"}))
        (problem,) = remade_problems(work, [NaturalStage()])
        assert problem == f"1 rows of natural are not made the same a second time: {unit.key}"
        assert len(read_back_problems(work, frozenset())) == 1


def test_images_are_kept_apart_under_our_reading_alone(tmp_path: Path) -> None:
    shared = [
        replace(one, split=split)
        for one, split in zip(_styled(2) + _styled(2), ["train", "train", "dev", "dev"], strict=True)
    ]
    with ExitStack() as stack:
        work = make_work(tmp_path, stack, 2, personas=tmp_path)
        (problem,) = shared_image_problems(work, shared)
        assert problem.startswith("2 images are in more than one split: 00000.png")
        assert (
            shared_image_problems(replace(work, options=replace(work.options, strategies="picpersona")), shared) == ()
        )


def test_wilson_intervals_are_those_of_the_textbook() -> None:
    # Newcombe 1998 (Statistics in Medicine 17, 857-872), Table I: 81 of 263, and 0 of 20.
    found = share(81, 263)
    assert (found.low, found.high) == pytest.approx((25.53, 36.62), abs=0.01)
    assert share(0, 20).high == pytest.approx(16.11, abs=0.01)
    assert share(0, 0).percent is None


def test_the_opposite_of_a_persona_is_another_one() -> None:
    for age in ("toddler", "child", "teenager", "adult", "senior"):
        other = opposite(Persona(age=age, formality="casual"))
        assert other.age not in (age,)
