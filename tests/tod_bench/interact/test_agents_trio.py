"""Systems as agents: what the adapter costs (nothing), training, batches, errors."""

import json

import pytest

from played_systems import SYSTEMS
from tod_bench.errors import UserError
from tod_bench.interact import systems
from tod_bench.interact.config import AgentSection, agent_of
from tod_bench.interact.episode import Environment
from tod_bench.interact.journal import read_journal
from tod_bench.interact.play import play
from tod_bench.interact.run import score_journal
from tod_bench.interact.trio import TrioAgent
from tod_bench.interact.words.language import OwnWords
from tod_bench.simulated.corpus import Simulated

ENVIRONMENT = Environment(Simulated({"train": 20, "dev": 2, "test": 20}), language=OwnWords())


@pytest.fixture(autouse=True)
def stubs(monkeypatch):
    installed = systems.system_class
    monkeypatch.setattr(systems, "system_class", lambda name: SYSTEMS.get(name) or installed(name))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"policy": "delexicalised_policy"},
        {"response": "placeholders"},
        {"policy": "delexicalised_policy", "response": "placeholders"},
    ],
)
def test_nothing_is_lost_between_systems_that_miss_nothing_and_the_world(tmp_path, parts):
    journal = play(ENVIRONMENT, TrioAgent("keywords", **parts), tmp_path / "j.jsonl")
    scores = score_journal(journal, ENVIRONMENT.world)
    for metric in ("episode_success", "venue_match", "book_rate", "book_details", "request_recall"):
        assert scores.get(metric).score == 100, metric


def test_side_by_side_gives_the_same_bytes(tmp_path):
    several, one = (
        play(ENVIRONMENT, TrioAgent("rule_match", side_by_side=number), tmp_path / f"{number}" / "j.jsonl", goals=9)
        for number in (4, 1)
    )
    assert several.read_bytes() == one.read_bytes()


def test_a_system_is_trained_once_and_its_training_is_in_the_signature(tmp_path, monkeypatch):
    from tod_baselines.floors.rule_match import RuleMatch

    fitted = []
    fit = RuleMatch.fit
    monkeypatch.setattr(RuleMatch, "fit", lambda self, *given: fitted.append(len(given[0])) or fit(self, *given))
    for _ in range(2):
        play(ENVIRONMENT, TrioAgent("rule_match"), tmp_path / "j.jsonl", goals=1)
    assert fitted == [20]
    play(ENVIRONMENT, TrioAgent({"system": "rule_match", "train": "train[:5]"}), tmp_path / "other.jsonl", goals=1)
    assert fitted == [20, 5]
    with pytest.raises(UserError, match="another run"):
        play(ENVIRONMENT, TrioAgent({"system": "rule_match", "train": "train[:5]"}), tmp_path / "j.jsonl", goals=1)


class Prompted(SYSTEMS["keywords"]):
    """A tracker with a text for a parameter."""

    def __init__(self, prompt=""):
        super().__init__()
        self.prompt = prompt


def test_a_text_parameter_is_a_path_only_where_there_is_a_file_of_that_name(tmp_path, monkeypatch):
    monkeypatch.setitem(SYSTEMS, "prompted", Prompted)
    (tmp_path / "prompt.txt").write_text("Track the state.", encoding="utf-8")
    for number, prompt in enumerate(["Track the state. " * 500, "a\0b", str(tmp_path / "prompt.txt")]):
        journal = tmp_path / f"{number}.jsonl"
        play(ENVIRONMENT, TrioAgent({"system": "prompted", "params": {"prompt": prompt}}), journal, goals=1)
        signature = next(read_journal(journal))["agent"]["dst"]
        assert signature["params"] == {"prompt": prompt}
        assert ("files" in signature) == prompt.endswith(".txt")


def test_a_finished_training_can_be_named(tmp_path):
    play(ENVIRONMENT, TrioAgent("rule_match"), tmp_path / "a.jsonl", goals=3)
    (folder,) = (path for path in (tmp_path / "models").iterdir() if path.is_dir())
    named = TrioAgent({"system": "rule_match", "folder": str(folder)})
    again = play(ENVIRONMENT, named, tmp_path / "b" / "j.jsonl", goals=3)
    said = [
        [turn["agent"]["text"] for one in read_journal(path) for turn in one["turns"] if "agent" in turn]
        for path in (tmp_path / "a.jsonl", again)
    ]
    assert said[0] == said[1]
    assert "files" in json.loads(again.read_bytes().splitlines()[0])["agent"]["dst"]


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({}, "dst: this key is required"),
        ({"dst": "rule_mach"}, "no system 'rule_mach'; did you mean"),
        ({"dst": "oracle"}, "must be shown gold"),
        ({"dst": "rule_match", "policy": "rule_match"}, "cannot do policy"),
        ({"dst": {"system": "rule_match", "colour": 1}}, "colour"),
        ({"dst": {"system": "rule_match", "params": {"colour": 1}}}, "unknown key"),
        ({"dst": {"system": "rule_match", "folder": "nowhere"}}, "there is no folder nowhere"),
        ({"dst": {"system": "rule_match", "train": "practice"}}, "no split 'practice'"),
        ({"dst": "rule_match", "side_by_side": 0}, "at least 1"),
    ],
)
def test_what_cannot_play_is_one_sentence(tmp_path, params, match):
    with pytest.raises(UserError, match=match):
        play(ENVIRONMENT, agent_of(AgentSection(agent="trio", params=params), "words"), tmp_path / "j.jsonl", goals=1)


def test_systems_do_not_play_in_acts(tmp_path):
    acts = Environment(ENVIRONMENT.corpus)
    with pytest.raises(UserError, match="plays in words, not in acts"):
        play(acts, TrioAgent("rule_match"), tmp_path / "j.jsonl")


def test_a_system_that_fails_in_one_dialogue_ends_that_one(tmp_path, monkeypatch):
    def answer(self, shown):
        if shown.dialogue_id == chosen:
            raise ZeroDivisionError
        return {"state": {}}

    from tod_bench.interact.seeds import episode_seed, name_of

    chosen = name_of(episode_seed(1, ENVIRONMENT.goals[2].id, 0))
    monkeypatch.setattr(SYSTEMS["keywords"], "answer", answer)
    records = list(read_journal(play(ENVIRONMENT, TrioAgent("keywords"), tmp_path / "j.jsonl", goals=5)))
    assert [record["end"] == "crash: ZeroDivisionError" for record in records] == [False, False, True, False, False]
