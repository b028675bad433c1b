"""Table 6 with both arms: one folder of personalised records, plain and restyled, through every system."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.experiments.config import load_config
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.records import Dialogue, Turn
from tod_bench.reports.page import table_of
from tod_bench.reports.runs import save_run
from tod_bench.reports.table import Row, Table

NAME = "table6_personalised"
SIZES = {"train": 24, "dev": 4, "test": 12}


def record(dialogue: Dialogue) -> dict[str, Any]:
    """A dialogue as PicPersona-TOD's files have those of MultiWOZ."""
    persona = dialogue.persona
    assert persona is not None
    return {
        "dialogue_id": dialogue.id,
        "type": "MultiWOZ",
        "image": persona.image,
        "FI": persona.impression,
        "age": persona.age,
        "gender": persona.gender,
        "formality": persona.formality,
        "image_emotion": persona.emotion,
        "dialogue": list(map(turn_record, dialogue.turns)),
    }


def turn_record(turn: Turn) -> dict[str, Any]:
    slots = (
        (domain, " ".join(f"{slot} '{value[0]}'" for slot, value in of.items())) for domain, of in turn.state.items()
    )
    acts = (
        f"{act.domain}-{act.act}" + (f"-{act.slot}" + (f"-{act.value}" if act.value else "") if act.slot else "")
        for act in turn.acts
    )
    return {
        "turn_num": turn.index,
        "user": turn.user,
        "resp": turn.system,
        "st_user": turn.styled_user,
        "st_resp": turn.styled_system,
        "bspn": " ".join(f"[{domain}] {text} " for domain, text in slots),
        "act": ", ".join(acts),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of records such as ``tod-bench personalise`` writes."""
    made = tmp_path_factory.mktemp("made")
    corpus = open_corpus("simulated", dialogues=SIZES)
    for split in SIZES:
        records = {dialogue.id: record(dialogue) for dialogue in corpus.dialogues(split)}
        (made / f"{split}.json").write_text(json.dumps(records), encoding="utf-8")
    return made


ARMS = (("plain", "original"), ("personalised", "personalised"))
FLOORS = "systems={carry_over: carry_over, rule_match: rule_match, oracle: oracle}"


def made_table(folder: Path, store: Path, *overrides: str) -> Table:
    arms = [f"corpora.{arm}={{corpus: picpersona, options: {{path: {folder}, style: {style}}}}}" for arm, style in ARMS]
    config = load_config(NAME, [*arms, *overrides], small=True)
    return table_of(save_run(store, config, run(build(config), Store(store))))


@pytest.fixture(scope="module")
def table(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Table:
    return made_table(folder, tmp_path_factory.mktemp("runs"), FLOORS)


def rows(table: Table, system: str) -> dict[str, Row]:
    """The rows of a system by corpus; that of the difference is the last."""
    return {row.corpus: row for row in table.rows if row.system == system}


def test_the_folder_of_the_test_has_what_the_corpus_has(folder: Path) -> None:
    """Guards the tests below: what is lost on the way would make them say nothing."""
    for before, after in zip(open_corpus("simulated", dialogues=SIZES).dialogues("test"), arm(folder), strict=True):
        for plain, read in zip(before.turns, after.turns, strict=True):
            assert read.state == plain.state
            assert {(act.domain, act.act) for act in read.acts} == {(act.domain, act.act) for act in plain.acts}


def arm(folder: Path, style: str = "original") -> Iterator[Dialogue]:
    return iter(PicPersona(folder, style=style).dialogues("test"))  # type: ignore[arg-type]


def test_the_oracle_has_everything_right_on_both_arms(table: Table) -> None:
    of_oracle = rows(table, "oracle")
    for label, _ in ARMS:
        assert {number.value for number in of_oracle[label].numbers} == {100.0}


@pytest.mark.slow
def test_the_small_variant_trains_both_models_on_both_arms(folder: Path, tmp_path: Path) -> None:
    table = made_table(folder, tmp_path)
    check_differences(table, ("carry_over", "rule_match", "t5-tiny", "decoder"))
    assert {number.value for number in rows(table, "oracle")["plain"].numbers} == {100.0}


def check_differences(table: Table, systems: tuple[str, ...]) -> None:
    for system in systems:
        (difference,) = [row for row in table.rows if row.system == system and row.difference]
        of_arms = rows(table, system)
        for column, number in enumerate(difference.numbers):
            first, second = (of_arms[label].numbers[column].value for label in ("personalised", "plain"))
            if first is None or second is None:
                assert number.value is None
                continue
            assert number.value == pytest.approx(first - second)
            assert (number.p is None) == bool(number.note), (system, table.columns[column])
            assert number.note in ("", "the system has the same score on both corpora, dialogue by dialogue")


def test_the_difference_is_paired_and_tested(table: Table) -> None:
    check_differences(table, ("carry_over", "rule_match"))
    (wording,) = [row for row in table.rows if row.system == "rule_match" and row.difference]
    jga = wording.numbers[table.columns.index("JGA")]
    assert jga.low is not None
    assert jga.high is not None
    assert jga.low <= (jga.value or 0) <= jga.high


def test_the_published_values_stand_in_rows_of_their_own(table: Table) -> None:
    for row in table.rows:
        printed = [number.published for number in row.numbers if number.published is not None]
        assert bool(printed) == (row.system in ("t5-small", "t5-base"))
        if printed:
            assert all(number.value is None for number in row.numbers)


def test_one_override_sets_the_folder_and_one_the_clock() -> None:
    config = load_config(NAME, ["corpora.*.options.path=mine", "systems.*.params.max_minutes=3"])
    assert [section.options["path"] for section in config.corpora.values()] == ["mine", "mine"]
    clocks = {label: section.params.get("max_minutes") for label, section in config.systems.items()}
    assert clocks == {"carry_over": None, "rule_match": None, "t5-tiny": 3, "decoder": 3, "oracle": None}


def test_a_folder_that_is_not_made_yet_is_a_requirement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = build(load_config(NAME), incomplete=True)
    assert [need.place for need in plan.missing] == ["corpora.plain", "corpora.personalised"]
    assert "there is no personalised; give the folder of the release, or make it with tod-bench personalise" in str(
        plan.missing[0]
    )


def test_training_on_plain_and_testing_on_personalised_is_an_override(folder: Path) -> None:
    crossed = ["corpora.personalised.splits.train=plain:train", "corpora.personalised.splits.dev=plain:dev"]
    plan = build(load_config(NAME, [f"corpora.*.options.path={folder}", *crossed]))
    assert any("t5-tiny, tested on personalised, is trained on plain:train" in remark for remark in plan.remarks())
