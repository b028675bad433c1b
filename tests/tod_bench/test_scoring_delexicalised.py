"""Delexicalised responses through the harness: recognised, scored as such, and one odd turn changes nothing."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tod_bench.cli.main import command
from tod_bench.corpora.base import open_corpus
from tod_bench.experiments.config import load_config
from tod_bench.experiments.plan import build
from tod_bench.predictions import write_predictions
from tod_bench.records import Prediction, first_values
from tod_bench.scoring import protocol_table, score
from tod_bench.scoring.comparison import compare_files
from tod_metrics.response.delexicalise import delexicalise

pytest.importorskip("sacremoses")
SIZE = {"train": 1, "dev": 1, "test": 12}


@pytest.fixture(scope="module")
def corpus() -> Any:
    return open_corpus("simulated", dialogues=SIZE)


@pytest.fixture(scope="module")
def dialogues(corpus: Any) -> list[Any]:
    return list(corpus.dialogues("test"))


def answers(dialogues: list[Any], *, delexicalised: bool, states: bool = True) -> list[Prediction]:
    """The corpus's own responses, with its own states."""
    found = []
    for dialogue in dialogues:
        for turn in dialogue.turns:
            spans = [
                (one.domain, one.slot, one.value, one.start, one.end) for one in turn.spans if one.side == "system"
            ]
            text = delexicalise(turn.system, spans, "domain") if delexicalised else turn.system
            found.append(
                Prediction(dialogue.id, turn.index, state=first_values(turn.state) if states else None, response=text)
            )
    return found


def values(corpus: Any, dialogues: list[Any], given: list[Prediction], *metrics: str, **options: Any) -> dict[str, Any]:
    found = score(
        "response",
        dialogues,
        given,
        corpus_name=corpus.name,
        split="test",
        schema=corpus.schema,
        metrics=metrics,
        draws=0,
        database=corpus.database,
        **options,
    )
    return {f"{one.metric}@{one.protocol}": one for one in found}


def test_the_corpus_says_what_is_booked(dialogues: list[Any]) -> None:
    for dialogue in dialogues:
        booked: set[str] = set()
        for turn in dialogue.turns:
            booked |= {act.domain for act in turn.acts if act.slot in ("ref", "reference") and act.domain != "booking"}
            assert booked <= set(turn.booked)
    assert any(turn.booked for dialogue in dialogues for turn in dialogue.turns)


def test_a_sheet_of_delexicalised_responses(corpus: Any, dialogues: list[Any]) -> None:
    given = {(one.dialogue_id, one.turn): one for one in answers(dialogues, delexicalised=True)}
    sheet = protocol_table("response", corpus, "test", dialogues, given, draws=0)
    names = {found.metric for found in sheet.scores}
    assert names >= {"delex_bleu", "inform", "success", "combined", "msttr", "gunning_fog"}
    assert not names & {"bleu", "sacrebleu", "entity_f1"}
    assert {"tod_bench", "mwzeval"} <= set(sheet.protocols)
    assert re.search(r"\d+ of \d+ responses have placeholders: they are delexicalised", sheet.remarks[0])
    bleu = next(found for found in sheet.scores if (found.metric, found.protocol) == ("delex_bleu", "tod_bench"))
    assert bleu.value == pytest.approx(100)


def test_a_sheet_of_lexicalised_responses(corpus: Any, dialogues: list[Any]) -> None:
    given = {(one.dialogue_id, one.turn): one for one in answers(dialogues, delexicalised=False)}
    sheet = protocol_table("response", corpus, "test", dialogues, given, draws=0)
    names = {found.metric for found in sheet.scores}
    assert names >= {"bleu", "sacrebleu", "entity_f1", "inform", "success", "msttr", "gunning_fog"}
    assert not names & {"delex_bleu", "combined"}


def test_lexicalised_bleu_of_delexicalised_responses_has_a_note(corpus: Any, dialogues: list[Any]) -> None:
    found = values(corpus, dialogues, answers(dialogues, delexicalised=True), "bleu", "delex_bleu")
    assert any("bleu compares them with lexicalised references" in note for note in found["bleu@tod_bench"].notes)
    lexicalised = values(corpus, dialogues, answers(dialogues, delexicalised=False), "bleu")
    assert not lexicalised["bleu@tod_bench"].notes


def test_two_files_of_delexicalised_responses_are_compared_as_such(
    corpus: Any, dialogues: list[Any], tmp_path: Path
) -> None:
    given = answers(dialogues, delexicalised=True, states=False)
    write_predictions(tmp_path / "a.jsonl", given)
    write_predictions(tmp_path / "b.jsonl", [replace(one, response="[hotel_name] is it") for one in given])
    found = compare_files(corpus, "test", (tmp_path / "a.jsonl", tmp_path / "b.jsonl"))
    assert [one.metric for one in found] == ["delex_bleu"]


@pytest.mark.parametrize("protocol", ["tod_bench", "mwzeval"])
def test_one_turn_without_a_state_takes_no_gold_ones(corpus: Any, dialogues: list[Any], protocol: str) -> None:
    spec = f"inform@{protocol}"
    wrong = [replace(one, state={"hotel": {"area": "nowhere"}}) for one in answers(dialogues, delexicalised=True)]
    one_less = [replace(wrong[0], state=None), *wrong[1:]]
    line_less = wrong[1:]
    whole = values(corpus, dialogues, wrong, spec)[spec]
    for given, options in ((one_less, {}), (line_less, {"partial": True})):
        found = values(corpus, dialogues, given, spec, **options)[spec]
        assert "state:predicted" in str(found.signature)
        assert found.value == whole.value
        assert any("1 of" in note and "no predicted state; theirs counts as empty" in note for note in found.notes)
    none = values(corpus, dialogues, answers(dialogues, delexicalised=True, states=False), spec)[spec]
    assert "state:gold" in str(none.signature)
    assert any("because no turn has a predicted state" in note for note in none.notes)


def test_one_placeholder_in_a_file_of_lexicalised_responses_changes_little(corpus: Any, dialogues: list[Any]) -> None:
    given = answers(dialogues, delexicalised=False)
    changed = [*given[:-1], replace(given[-1], response="The number is [phone] .")]
    before, after = (values(corpus, dialogues, one, "inform")["inform@tod_bench"] for one in (given, changed))
    assert "text:lexicalised" in str(after.signature)
    assert abs(before.value - after.value) <= 100 / len(dialogues)


def test_options_on_the_command_line(dialogues: list[Any], tmp_path: Path) -> None:
    write_predictions(tmp_path / "a.jsonl", answers(dialogues, delexicalised=True))
    base = [str(tmp_path / "a.jsonl"), "--corpus", "simulated", "-o", f"dialogues={json.dumps(SIZE)}", "--draws", "0"]
    options = ("-m", "inform(state=gold)@mwzeval", "-m", "inform( state = gold )", "-m", "inform")
    done = CliRunner().invoke(command, ["score", *base, *options])
    assert done.exit_code == 0, done.output
    assert "inform(state=gold)" in done.output
    assert "state:gold" in done.output
    assert "state:predicted" in done.output


def test_options_in_a_config(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = """
name: own
corpora: {plain: {corpus: simulated}}
systems: {oracle: {system: oracle}}
tasks: {response: {metrics: ["inform(text=lexicalised, state=gold)@mwzeval", bleu]}}
table: {columns: [{label: Inform, task: response, metric: "inform(state=gold,text=lexicalised)@mwzeval"}]}
"""
    path.write_text(text, encoding="utf-8")
    build(load_config(str(path)))
    for wrong, message in (("state=golden", "did you mean 'gold'"), ("sate=gold", "did you mean 'state'")):
        path.write_text(text.replace("state=gold", wrong), encoding="utf-8")
        with pytest.raises(Exception, match=message):
            build(load_config(str(path)))
