"""No gold unsaid: a system that echoes all it is shown has gold in its answers only where that is said.

Each way to gold is a config of its own: the state, the acts, the database, the state before, an earlier task's
predictions, a prediction file.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

import tod_bench.experiments.opening
from tod_bench.cli.plan import command as plan_command
from tod_bench.cli.validate import command as validate_command
from tod_bench.corpora.sgd import SGD
from tod_bench.errors import UserError
from tod_bench.experiments.conditioning import GOLD_NOTE, gold_noted
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Result, Store
from tod_bench.experiments.runner import run
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.records import Act, Dialogue, Prediction, TaskName, first_values
from tod_bench.reports.table import make_table
from tod_bench.simulated.database import city_database
from tod_bench.splits import read_all
from tod_bench.systems import FitContext, System, TurnInput, system_class
from tod_bench.tasks import gold_prediction, turn_inputs

MINE = {"restaurant": {"food": "echoed"}}
MY_ACTS = (Act("general", "echo", "echoed", "echoed"),)


class Echo(System):
    """Answers with all that it is shown, as JSON, in its notes and response; its states and acts are its own."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"dst", "policy", "response"})
    gold_access: ClassVar[frozenset[str]] = frozenset()

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        return ()

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        return {}

    def load(self, context: FitContext) -> None:
        """Nothing to do."""

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        for shown in inputs:
            seen = {name: value for name, value in asdict(shown).items() if name not in ("history", "user")}
            yield Prediction(
                shown.dialogue_id,
                shown.turn,
                state=MINE if task == "dst" else None,
                acts=MY_ACTS if task == "policy" else None,
                response=json.dumps(seen, default=str) if task == "response" else None,
                notes={"seen": seen},
            )


class Peeking(Echo):
    """Is shown the gold state of the turn before."""

    gold_access: ClassVar[frozenset[str]] = frozenset({"previous_state"})


class OldName(Echo):
    """Declares its access under the attribute's old name."""

    gold_access: ClassVar[Any] = None
    privileges: ClassVar[frozenset[str]] = frozenset({"gold"})


class Reader(Echo):
    """Says that it reads the state."""

    conditioned_on: ClassVar[dict[str, frozenset[str]]] = {"policy": frozenset({"state"})}


SYSTEMS = {"echo": Echo, "peeking": Peeking, "old_name": OldName, "reader": Reader}


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = system_class
    monkeypatch.setattr(tod_bench.experiments.opening, "system_class", lambda name: SYSTEMS.get(name) or known(name))


def config(tasks: dict[str, Any], system: str | dict[str, Any] = "echo", **changes: Any) -> EvalConfig:
    options = {"dialogues": {"train": 4, "dev": 2, "test": 6}}
    value = {
        "name": "gold",
        "corpora": {"plain": {"corpus": "simulated", "options": options}},
        "systems": {"sys": system},
        "tasks": tasks,
        "bootstrap": {"draws": 0},
        **changes,
    }
    return EvalConfig.model_validate(value)


DST, POLICY, RESPONSE = {"metrics": ["jga"]}, {"metrics": ["act_f1"]}, {"metrics": ["bleu"]}


def ran(made: EvalConfig, store: Path) -> tuple[dict[str, Result], dict[str, list[Prediction]]]:
    results = {result.experiment.task: result for result in run(build(made), Store(store))}
    files = {task: list(read_predictions(store / result.predictions)) for task, result in results.items()}
    return results, files


def gold_in(prediction: Prediction, dialogues: dict[str, Dialogue]) -> set[str]:
    """What of the gold of its turn (or of the one before) a system of this module has echoed."""
    seen = json.dumps(prediction.notes["seen"]) + (prediction.response or "")
    turns = dialogues[prediction.dialogue_id].turns
    turn, before = turns[prediction.turn], turns[prediction.turn - 1] if prediction.turn else None
    found = set()
    values = {value for slots in first_values(turn.state).values() for value in slots.values()}
    earlier = {value for slots in first_values(before.state).values() for value in slots.values()} if before else set()
    if any(json.dumps(value) in seen for value in values - earlier):
        found.add("state")
    if any(json.dumps(value) in seen for value in earlier):
        found.add("previous_state")
    if any(json.dumps(act.act) in seen for act in turn.acts):
        found.add("acts")
    if any(json.dumps([domain, count]) in seen for domain, count in turn.db_matches.items()):
        found.add("database")
    return found


def leaks(predictions: list[Prediction]) -> set[str]:
    corpus = build(config({"dst": DST})).corpora["plain"]
    dialogues = {dialogue.id: dialogue for dialogue in read_all(corpus, "test")}
    return set().union(*(gold_in(prediction, dialogues) for prediction in predictions))


@pytest.mark.parametrize(
    "tasks",
    [
        {"policy": POLICY},
        {"response": RESPONSE},
        {"policy": POLICY, "response": RESPONSE},
        {"dst": DST, "response": RESPONSE},
        {"dst": DST, "policy": POLICY, "response": RESPONSE},
        {"dst": DST, "policy": {**POLICY, "state": "predicted"}, "response": {**RESPONSE, "acts": "predicted"}},
        {"dst": DST, "policy": {**POLICY, "state": "none"}, "response": {**RESPONSE, "state": "none", "acts": "none"}},
    ],
)
def test_no_gold_is_shown_that_nobody_asked_for(tasks: dict[str, Any], tmp_path: Path) -> None:
    results, files = ran(config(tasks), tmp_path)
    for task, predictions in files.items():
        assert leaks(predictions) == set(), task
        assert results[task].provenance["predictions"]["gold_access"] == []
        assert all("gold_access" not in prediction.notes for prediction in predictions)
    assert not any("shown gold" in note for note in make_table(config(tasks), list(results.values())).notes)


@pytest.mark.parametrize(
    ("tasks", "what"),
    [
        ({"policy": {**POLICY, "state": "predicted"}}, "tasks.policy.state: sys does not predict dst"),
        ({"response": {**RESPONSE, "state": "predicted"}}, "tasks.response.state: sys does not predict dst"),
        (
            {"dst": DST, "response": {**RESPONSE, "acts": "predicted"}},
            "tasks.response.acts: sys does not predict policy",
        ),
    ],
)
def test_predictions_that_nobody_makes_are_refused(tasks: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=what):
        build(config(tasks))
    with pytest.raises(UserError, match=what):
        build(config({"dst": DST, **tasks}, {"system": "echo", "tasks": [task for task in tasks if task != "dst"]}))


def test_a_system_that_reads_the_state_is_not_run_without_one() -> None:
    for settings in (POLICY, {**POLICY, "state": "none"}):
        with pytest.raises(UserError, match=r"tasks\.policy\.state: "):
            build(config({"policy": settings}, "reader"))
    build(config({"policy": {**POLICY, "state": "gold"}}, "reader"))


SAID: list[tuple[str, dict[str, Any], str, dict[str, set[str]], dict[str, list[str]]]] = [
    (
        "echo",
        {"dst": DST, "policy": {**POLICY, "state": "gold"}},
        "sys is shown gold: gold_state (in policy)",
        {"dst": set(), "policy": {"state", "previous_state"}},
        {"dst": [], "policy": ["gold_state"]},
    ),
    (
        "echo",
        {"response": {**RESPONSE, "acts": "gold"}},
        "sys is shown gold: gold_acts (in response)",
        {"response": {"acts", "state", "previous_state"}},  # acts repeat values of the state
        {"response": ["gold_acts"]},
    ),
    (
        "echo",
        {"response": {**RESPONSE, "state": "gold"}},
        "sys is shown gold: gold_state (in response)",
        {"response": {"state", "previous_state", "database"}},
        {"response": ["gold_state"]},
    ),
    # What an earlier task was shown is behind the later one's answers, too.
    (
        "echo",
        {"policy": {**POLICY, "state": "gold"}, "response": RESPONSE},
        "sys is shown gold: gold_state (through acts) (in response)",
        {"response": set()},
        {"response": ["gold_state (through acts)"]},
    ),
    (
        "peeking",
        {"dst": DST, "policy": POLICY},
        "sys is shown gold: previous_state (in dst)",
        {"dst": {"previous_state"}, "policy": set()},
        {"dst": ["previous_state"], "policy": ["previous_state (through state)"]},
    ),
    (
        "peeking",
        {"policy": POLICY},
        "sys is shown gold: previous_state (in policy)",
        {"policy": {"previous_state"}},
        {"policy": ["previous_state"]},
    ),
    (
        "old_name",
        {"dst": DST},
        "sys is shown gold: gold (in dst)",
        {"dst": {"state", "previous_state", "acts", "database"}},
        {"dst": ["gold"]},
    ),
]


@pytest.mark.parametrize(("system", "tasks", "sentence", "echoed", "recorded"), SAID)
def test_gold_that_is_shown_is_said_everywhere(
    system: str,
    tasks: dict[str, Any],
    sentence: str,
    echoed: dict[str, set[str]],
    recorded: dict[str, list[str]],
    tmp_path: Path,
) -> None:
    made = config(tasks, system)
    results, files = ran(made, tmp_path / "store")
    for task, expected in echoed.items():
        found = leaks(files[task])
        # A gold turn has its database matches in it, written otherwise than those that are shown.
        assert found - {"database"} == expected - {"database"}
        assert system == "old_name" or found == expected
    for task, names in recorded.items():
        assert results[task].provenance["predictions"]["gold_access"] == names
        assert {tuple(one.notes.get("gold_access", ())) for one in files[task]} == {tuple(names)}
    path = tmp_path / "gold.yaml"
    path.write_text(json.dumps(made.model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    table = make_table(made, list(results.values()))
    told = [
        "\n".join(table.notes),
        CliRunner().invoke(validate_command, [str(path)]).output,
        CliRunner().invoke(plan_command, [str(path), "--store", str(tmp_path / "none")]).output,
    ]
    for text in told:
        assert sentence in text


@pytest.mark.parametrize(
    ("splits", "shared"),
    [
        ({"train": "train", "test": "test"}, False),
        ({"train": "train+test[:3]", "test": "test[3:]"}, False),
        ({"train": "train+test[:50%]", "test": "test[50%:]"}, False),
        ({"train": "test[::2]", "dev": "dev", "test": "test[1::2]"}, False),
        ({"train": "train+test[:4]", "test": "test[3:]"}, True),
        ({"train": "train", "dev": "test", "test": "test"}, True),
        # The first two dialogues about restaurants are not among the first two of all.
        ({"train": "train+test{restaurant}[:2]", "test": "test[2:]"}, True),
    ],
)
def test_training_on_test_dialogues_is_said(splits: dict[str, str], shared: bool) -> None:
    value = config({"dst": DST}, "majority").model_dump(mode="json", exclude_unset=True)
    value["corpora"]["plain"]["splits"] = splits
    expected = ["sys is shown gold: test_dialogues (in dst)"] if shared else []
    assert build(EvalConfig.model_validate(value)).remarks() == expected
    # A system that is not trained has seen none of them.
    assert build(EvalConfig.model_validate({**value, "systems": {"sys": "echo"}})).remarks() == []


def test_a_prediction_file_says_what_its_system_was_shown(tmp_path: Path) -> None:
    tasks = {"policy": {**POLICY, "state": "gold"}}
    results, _ = ran(config(tasks), tmp_path / "a")
    copied = tmp_path / "theirs.jsonl"
    copied.write_bytes((tmp_path / "a" / results["policy"].predictions).read_bytes())
    given = config({"policy": POLICY}, {"predictions": str(copied)})
    assert build(given).remarks() == ["sys is shown gold: gold_state (in policy)"]
    results, _ = ran(given, tmp_path / "b")
    assert results["policy"].provenance["predictions"]["gold_access"] == ["gold_state"]
    assert "sys is shown gold: gold_state (in policy)" in make_table(given, list(results.values())).notes


def test_a_system_that_would_read_what_is_not_shown_is_named() -> None:
    (note,) = build(config({"policy": POLICY})).remarks()
    assert note.startswith("sys is shown no state in policy: it predicts none here")
    assert build(config({"policy": POLICY}, "majority")).remarks() == []


def test_database_matches_are_those_of_the_state_that_is_shown(dialogue: Dialogue) -> None:
    city = city_database()
    state = {"restaurant": {"area": "centre"}, "taxi": {"departure": "here"}}
    states = {("d1", turn): Prediction("d1", turn, state=state) for turn in (0, 1)}
    wrong = replace(dialogue, turns=tuple(replace(turn, db_matches={"restaurant": 77}) for turn in dialogue.turns))
    first, _ = turn_inputs([wrong], "response", states=states, database=city)
    # A taxi has no table, and the annotated count of the gold turn is not shown.
    assert first.db_matches == (("restaurant", len(city.query("restaurant", {"area": "centre"}))),)
    assert next(turn_inputs([wrong], "response", states=states)).db_matches is None
    assert next(turn_inputs([wrong], "response", database=city)).db_matches is None
    assert next(turn_inputs([wrong], "policy", states=states, database=city)).db_matches is None
    gold = next(turn_inputs([wrong], "response", states="gold", database=city))
    assert gold.db_matches == (
        ("restaurant", len(city.query("restaurant", first_values(gold.state or {})["restaurant"]))),
    )


def test_the_state_before_is_of_the_same_source_as_the_state(dialogue: Dialogue) -> None:
    access = frozenset({"previous_state"})
    states = {("d1", turn): Prediction("d1", turn, state={"hotel": {"area": str(turn)}}) for turn in (0, 1)}
    _, second = turn_inputs([dialogue], "policy", gold_access=access, states=states)
    assert second.previous_state == {"hotel": {"area": ("0",)}}
    for shown in ("gold", None):
        _, second = turn_inputs([dialogue], "policy", gold_access=access, states=shown)
        assert second.previous_state == dialogue.turns[0].state


def test_responses_carry_the_state_that_they_were_made_from(tmp_path: Path) -> None:
    tasks = {"dst": DST, "response": {"metrics": ["inform", "bleu"]}}
    results, files = ran(config(tasks), tmp_path / "a")
    assert {json.dumps(one.state) for one in files["response"]} == {json.dumps(MINE)}
    inform = next(score for score in results["response"].scores if score.metric == "inform")
    assert "state:predicted" in str(inform.signature)
    _, files = ran(config({**tasks, "response": {"metrics": ["bleu"], "state": "gold"}}), tmp_path / "b")
    assert {one.state for one in files["response"]} == {None}


def test_an_access_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Echo, "gold_access", frozenset({"everything"}))
    with pytest.raises(
        UserError,
        match="gold_access has 'everything'; a system can be shown previous_state, progress, system_spans, gold",
    ):
        build(config({"dst": DST}))


@pytest.mark.realdata
def test_without_a_database_no_matches_are_shown(realdata: Path) -> None:
    corpus = SGD()
    dialogues = read_all(corpus, "dev[:5]")
    assert any(turn.db_matches for dialogue in dialogues for turn in dialogue.turns)
    shown = list(turn_inputs(dialogues, "response", states="gold", acts="gold", database=corpus.database))
    assert corpus.database is None
    assert {one.db_matches for one in shown} == {None}


def test_written_predictions_read_back(tmp_path: Path) -> None:
    _, files = ran(config({"response": {**RESPONSE, "state": "gold"}}), tmp_path)
    write_predictions(tmp_path / "again.jsonl", files["response"])
    assert list(read_predictions(tmp_path / "again.jsonl")) == files["response"]


@pytest.mark.parametrize("name", ["made.jsonl", "made.jsonl.gz"])
def test_a_file_made_with_gold_says_so_when_it_is_scored(name: str, tmp_path: Path) -> None:
    from tod_bench.corpora.base import open_corpus
    from tod_bench.scoring import predictions_for_split, protocol_table

    corpus = open_corpus("simulated", dialogues={"test": 2})
    dialogues = list(corpus.dialogues("test"))
    notes = {GOLD_NOTE: ["gold_state (through acts)"]}
    made = [
        replace(gold_prediction(dialogue, turn), notes=notes if turn.index == 0 else {})
        for dialogue in dialogues
        for turn in dialogue.turns
    ]
    write_predictions(tmp_path / name, made)
    assert gold_noted(tmp_path / name) == ("gold_state (through acts)",)
    answers, _ = predictions_for_split([tmp_path / name], corpus, "test", dialogues)
    sheet = protocol_table("dst", corpus, "test", dialogues, answers, metrics=["jga"], draws=0)
    assert "the file says that its system was shown gold: gold_state (through acts)" in sheet.remarks
