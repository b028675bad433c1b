"""What has no gold: metrics that are undefined on a corpus, and turns that are not scored."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tod_bench.corpora.annotations import asked_turns, scored_turns
from tod_bench.corpora.base import Corpus
from tod_bench.errors import DataError, UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.judge.config import Version
from tod_bench.judge.items import _item
from tod_bench.plugins import with_defaults
from tod_bench.records import Act, Dialogue, DomainGoal, Persona, Prediction, Schema, SlotSpec, Turn
from tod_bench.reports.side_by_side import Request, make_sheet
from tod_bench.scoring import score, score_rows
from tod_bench.scoring.comparison import compare
from tod_bench.scoring.gold import require_gold, undefined_metrics
from tod_bench.tasks import gold_prediction, turn_inputs

ACT = (Act("cafe", "inform", "area", "east"),)


def turn(index: int, system: str = "Yes.", acts: Any = ACT, **more: Any) -> Turn:
    return Turn(index, "Hello.", system, state={"cafe": {"area": ("east",)}}, acts=acts, **more)


ENDS_ON_USER = Dialogue(
    "a", "toy", "test", ("cafe",), (turn(0), turn(1, "It is in the east side of town."), turn(2, "", ()))
)
PLAIN = Dialogue("b", "toy", "test", ("cafe",), (turn(0, "Here you are, my dear friend."),))
DIALOGUES = [ENDS_ON_USER, PLAIN]
SCHEMA: Schema = {"cafe": {"area": SlotSpec()}}
WHERE: dict[str, Any] = {"corpus_name": "toy", "split": "test", "schema": SCHEMA, "draws": 0}


@lambda plain: with_defaults(plain, Corpus)
@dataclass
class Toy:
    """A corpus of given dialogues, which may declare what it does not annotate."""

    listed: list[Dialogue]
    declared: dict[Any, str] = field(default_factory=dict)
    name: str = "toy"
    splits: tuple[str, ...] = ("test",)
    schema: Any = field(default_factory=lambda: SCHEMA)
    fingerprint: str = ""
    database: Any = None
    skipped: tuple[DataError, ...] = ()

    def dialogues(self, split: str) -> Any:
        return iter(self.listed)

    def missing_annotations(self, split: str) -> Any:
        return self.declared


def answers(*places: tuple[str, int], response: str | None = "Yes.", acts: Any = ACT) -> list[Prediction]:
    return [Prediction(name, index, {}, acts, response) for name, index in places]


# Turns without a system utterance.


def test_the_turns_of_each_task() -> None:
    assert [len(scored_turns(task, ENDS_ON_USER)) for task in ("dst", "policy", "response")] == [3, 2, 2]
    unannotated = replace(ENDS_ON_USER, turns=tuple(replace(one, acts=()) for one in ENDS_ON_USER.turns))
    assert (scored_turns("policy", unannotated), len(asked_turns("policy", unannotated))) == ((), 2)
    acts_alone = replace(ENDS_ON_USER, turns=(turn(0, ""), turn(1, " ", ())))
    assert [len(scored_turns(task, acts_alone)) for task in ("dst", "policy", "response")] == [2, 1, 0]


@pytest.mark.parametrize("task", ["policy", "response"])
def test_answers_to_turns_without_gold_are_neither_required_nor_counted(task: Any) -> None:
    needed = answers(("a", 0), ("a", 1), ("b", 0))
    extra = [*needed, *answers(("a", 2), response="Something quite else.", acts=(Act("x", "y"),))]
    without, given = (score(task, DIALOGUES, found, **WHERE) for found in (needed, extra))
    assert [(one.metric, one.value, one.n, one.coverage) for one in without] == [
        (one.metric, one.value, one.n, one.coverage) for one in given
    ]
    assert {one.n for one in without if not one.slice} == {3}
    assert all(
        "1 of 4 turns have no gold system utterance" in " ".join(one.notes) and one.coverage == 1.0 for one in without
    )
    with pytest.raises(DataError, match="the first of 1 turns of toy test \\(of 3\\) without a predicted"):
        score(task, DIALOGUES, needed[:2], **WHERE)


def test_a_state_is_required_in_every_turn() -> None:
    with pytest.raises(DataError, match="of 4"):
        score("dst", DIALOGUES, answers(("a", 0), ("a", 1), ("b", 0)), **WHERE)


def test_bleu_is_that_of_the_turns_with_a_reference() -> None:
    gold = [gold_prediction(dialogue, one) for dialogue in DIALOGUES for one in dialogue.turns]
    babble = [replace(one, response="blah " * 50) if (one.dialogue_id, one.turn) == ("a", 2) else one for one in gold]
    values = [
        score("response", DIALOGUES, found, **WHERE, metrics=["sacrebleu", "mean_length"]) for found in (gold, babble)
    ]
    assert [one.value for one in values[0]] == [one.value for one in values[1]]


def test_a_dialogue_is_judged_without_them() -> None:
    (row,) = score_rows(
        "response", DIALOGUES, answers(("a", 0), ("a", 1), ("b", 0)), corpus_name="toy", split="test", schema=SCHEMA,
        metrics=["gunning_fog_dialogue"],
    )  # fmt: skip
    assert row.sums.shape[0] == 2


def test_systems_are_compared_on_the_turns_with_gold() -> None:
    a = {(one.dialogue_id, one.turn): one for one in answers(("a", 0), ("a", 1), ("b", 0))}
    b = {**a, ("a", 2): Prediction("a", 2, response="More.")}
    found = compare("response", DIALOGUES, a, b, corpus_name="toy", split="test", schema=SCHEMA, metrics=["bleu"])
    assert found[0].difference in (0.0, None)


def test_systems_are_not_asked_where_the_system_says_nothing() -> None:
    assert [(one.dialogue_id, one.turn) for one in turn_inputs(DIALOGUES, "response")] == [("a", 0), ("a", 1), ("b", 0)]
    assert len(list(turn_inputs(DIALOGUES, "dst"))) == 4


def test_a_judged_dialogue_needs_no_response_there() -> None:
    versions = {"system": Version(style="original", predictions="x.jsonl")}
    judged = replace(ENDS_ON_USER, persona=Persona())
    item = _item(judged, versions, {"system": {("a", 0): "One.", ("a", 1): "Two.", ("a", 2): "Not looked at."}})
    assert [one.system for one in item.versions["system"]] == ["One.", "Two.", ""]
    assert _item(judged, versions, {"system": {("a", 0): "One.", ("a", 1): "Two."}}) == item


# Annotations that a corpus does not have.


def without(what: str) -> list[Dialogue]:
    changes: dict[str, Any] = {"acts": {"acts": ()}, "states": {"state": {}}, "responses": {"system": "", "acts": ACT}}
    return [replace(one, turns=tuple(replace(each, **changes[what]) for each in one.turns)) for one in DIALOGUES]


@pytest.mark.parametrize(
    ("what", "task", "metric"),
    [("acts", "policy", "act_f1"), ("states", "dst", "jga"), ("responses", "response", "bleu")],
)
def test_what_has_no_gold_is_not_scored(what: str, task: Any, metric: str) -> None:
    names = {"acts": "system acts", "states": "belief states", "responses": "system utterances"}
    message = f"toy test has no {names[what]}, so {metric} is undefined on it"
    for given in ([], answers(("a", 0), ("a", 1), ("a", 2), ("b", 0))):
        with pytest.raises(UserError, match=message):
            score(task, without(what), given, **WHERE, metrics=[metric], partial=True)
    with pytest.raises(UserError, match=f"toy test has no {names[what]} \\(no dialogue of the split has one\\)"):
        require_gold(Toy(without(what)), "test", task, [metric])


def test_what_a_reader_declares_needs_no_reading() -> None:
    corpus = Toy(DIALOGUES, {"acts": "they were kept back", "states": "there are none"})
    corpus.dialogues = None  # type: ignore[method-assign, assignment]
    assert undefined_metrics(corpus, "test", "policy", ["act_f1"]) == {
        "act_f1": "toy test has no system acts (they were kept back)"
    }
    with pytest.raises(UserError, match="toy test has no belief states \\(there are none\\), so jga and 1 more cannot"):
        require_gold(corpus, "test", "dst", ["jga", "slot_f1"])


def test_metrics_with_needs_of_their_own() -> None:
    with_goal = [replace(one, goal={"cafe": DomainGoal()}) for one in DIALOGUES]
    assert "no user goals" in undefined_metrics(Toy(DIALOGUES), "test", "response", ["inform"])["inform"]
    assert undefined_metrics(Toy(with_goal), "test", "response", ["inform"]) == {"inform": "toy has no database here"}
    assert undefined_metrics(Toy(with_goal, database=object()), "test", "response", ["inform"]) == {}
    assert "no spans" in undefined_metrics(Toy(DIALOGUES), "test", "response", ["delex_bleu"])["delex_bleu"]
    assert "cafe-area" in undefined_metrics(Toy(DIALOGUES), "test", "dst", ["jga", "jga@pptod"])["jga@pptod"]


def test_scoring_a_file_says_so_before_it_looks_at_the_file() -> None:
    with pytest.raises(
        UserError, match=r"toy test has no system acts .* so act_f1@tod_bench and 11 more cannot be computed"
    ):
        make_sheet("policy", Toy(without("acts")), "test", without("acts"), {}, Request())


def test_a_split_without_dialogues_lacks_nothing() -> None:
    assert undefined_metrics(Toy([]), "test", "dst", ["jga"]) == {}


# Configs.


@pytest.fixture
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    toys = {"whole": lambda: Toy(DIALOGUES, name="whole"), "bare": lambda: Toy(without("acts"), name="bare")}
    known = {name: type(name, (), {"__new__": lambda cls, make=make: make()}) for name, make in toys.items()}
    monkeypatch.setattr("tod_bench.experiments.plan.corpus_class", lambda name: known[name])


def config(*corpora: str, **tasks: Any) -> EvalConfig:
    return EvalConfig.model_validate(
        {
            "name": "test",
            "corpora": {name: {"corpus": name} for name in corpora},
            "systems": {"oracle": {"system": "oracle"}},
            "tasks": tasks,
        }
    )


@pytest.mark.usefixtures("_toys")
def test_a_config_whose_only_corpus_has_no_gold_is_refused() -> None:
    with pytest.raises(UserError, match=r"corpora\.bare: bare test has no system acts .* has no act_f1 on it; leave"):
        build(config("bare", policy={"metrics": ["act_f1"]}), incomplete=True)


@pytest.mark.usefixtures("_toys")
def test_a_table_of_several_corpora_has_a_dash_and_the_reason() -> None:
    tasks = {"policy": {"metrics": ["act_f1"]}, "response": {"metrics": ["bleu"]}}
    for incomplete in (True, False):
        plan = build(config("whole", "bare", **tasks), incomplete=incomplete)
        assert [(cell.corpus, cell.task) for cell in plan.experiments] == [
            ("whole", "policy"), ("whole", "response"), ("bare", "response"),
        ]  # fmt: skip
        (need,) = plan.needs
        assert str(need).startswith("corpora.bare: bare test has no system acts (no dialogue of the split has one), so")


@pytest.mark.usefixtures("_toys")
def test_only_the_metrics_without_gold_are_left_out() -> None:
    tasks = {"policy": {"metrics": ["act_f1"]}, "dst": {"metrics": ["jga"]}}
    plan = build(config("whole", "bare", **tasks), incomplete=True)
    assert {(cell.corpus, cell.task): plan.metrics(cell) for cell in plan.experiments} == {
        ("whole", "dst"): ("jga",), ("whole", "policy"): ("act_f1",), ("bare", "dst"): ("jga",),
    }  # fmt: skip


@pytest.mark.usefixtures("_toys")
def test_users_that_nobody_describes_cannot_be_grouped() -> None:
    plan = build(config("whole", policy={"metrics": ["act_f1"], "groups": ["age"]}), incomplete=True)
    (need,) = plan.needs
    assert str(need).startswith("corpora.whole: whole test has no personas (no dialogue of the split has one), so its")
    with pytest.raises(UserError, match="users cannot be grouped by age; leave the grouping out"):
        make_sheet("policy", Toy(DIALOGUES), "test", DIALOGUES, {}, Request(groups=("age",)))
