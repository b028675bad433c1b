"""tau2-bench's simulation files: ours written and read back, theirs read, and pass^k as its function gives it."""

import copy
import json
import math
from math import comb

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tod_bench.cli.play import command
from tod_bench.errors import DataError, UserError
from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.exchange.rewards import goal_trials_of, reward_scores
from tod_bench.interact.exchange.tau2_export import tau2_results
from tod_bench.interact.exchange.tau2_import import Run, import_tau2
from tod_bench.interact.play import play
from tod_bench.interact.rule_policy import RulePolicy
from tod_bench.interact.scores import score_episodes
from tod_bench.simulated.corpus import Simulated
from tod_metrics.episode.pass_k import PassK


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 4}))


@pytest.fixture(scope="module")
def records(environment):
    agent = RulePolicy(wrong_venue=0.5)
    made = [play_episode(environment, agent, goal, trial) for goal in environment.goals for trial in range(3)]
    return json.loads(json.dumps(made))


def written(path, results):
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def test_what_is_written_is_read_back(environment, records, tmp_path):
    path = written(tmp_path / "run.json", tau2_results(records, environment.world))
    imported = import_tau2(path)
    assert [run.record for run in imported.runs] == records
    assert imported.notices == ()


def test_odd_episodes_are_read_back(environment, records, tmp_path):
    """Calls that are no calls, an agent that never answers: nothing that a journal can hold is lost."""
    odd = copy.deepcopy(records[0])
    odd["turns"][0]["calls"] = [
        {
            "name": "query",
            "arguments": ["a list"],
            "result": {"error": "call", "reason": "the arguments are no object"},
        },
        {"name": 5, "arguments": {"domain": "hotel"}, "result": {"error": "call", "reason": "there is no tool 5"}},
    ]
    odd["turns"] = odd["turns"][:2]
    for name in ("agent", "heard", "calls"):
        odd["turns"][1].pop(name, None)
    odd["end"] = "crash: ValueError"
    (run,) = import_tau2(written(tmp_path / "run.json", tau2_results([odd], environment.world))).runs
    assert run.record == odd
    assert run.reason == "agent_error"


def test_a_file_of_ours_has_what_their_models_ask_for(environment, records):
    results = tau2_results(records, environment.world)
    assert set(results["info"]) >= {"git_commit", "num_trials", "max_steps", "max_errors", "user_info", "agent_info"}
    assert results["info"]["num_trials"] == 3
    assert [task["id"] for task in results["tasks"]] == [goal.id for goal in environment.goals]
    first = results["simulations"][0]
    assert {message["role"] for message in first["messages"]} == {"user", "assistant", "tool"}
    calls = {call["id"] for message in first["messages"] for call in message.get("tool_calls") or ()}
    assert calls == {message["id"] for message in first["messages"] if message["role"] == "tool"}
    assert first["termination_reason"] == "user_stop"


def test_rewards_of_a_file_of_ours_are_our_scores(environment, records, tmp_path):
    ours = score_episodes(records, environment.world, draws=20)
    for kind in ("success", "strict"):
        path = written(tmp_path / f"{kind}.json", tau2_results(records, environment.world, kind))
        scores = reward_scores(import_tau2(path).runs, draws=20)
        assert scores.get("episode_success").score == pytest.approx(ours.get(f"episode_{kind}").score)
        for k in (1, 2, 3):
            strict = ", success=strict" if kind == "strict" else ""
            assert scores.get(f"pass_k(k={k})").score == pytest.approx(ours.get(f"pass_k(k={k}{strict})").score)
        assert scores.get("episode_turns").score == pytest.approx(ours.get("episode_turns").score)
    assert 0 < ours.get("episode_success").score < 100


def simulation(task, trial, reward, reason="user_stop", messages=()):
    return {
        "id": f"{task}-{trial}",
        "task_id": task,
        "trial": trial,
        "seed": 300,
        "termination_reason": reason,
        "reward_info": {"reward": reward},
        "messages": list(messages),
    }


MESSAGES = [
    {"role": "system", "content": "the policy"},
    {"role": "assistant", "content": "Hello, how may I help you?"},
    {"role": "user", "content": "Cancel my booking."},
    {
        "role": "assistant",
        "content": "One moment.",
        "tool_calls": [
            {"id": "a", "name": "find", "arguments": {"user": "u1"}},
            {"id": "b", "name": "cancel", "arguments": {"id": "r1"}},
        ],
    },
    {
        "role": "tool",
        "tool_messages": [
            {"role": "tool", "id": "a", "content": '{"bookings": ["r1"]}', "requestor": "assistant"},
            {"role": "tool", "id": "b", "content": "Error: not allowed", "error": True, "requestor": "assistant"},
        ],
    },
    {"role": "assistant", "content": "That is not possible."},
    {"role": "user", "content": None, "tool_calls": [{"id": "c", "name": "restart", "arguments": {}}]},
    {"role": "tool", "id": "c", "content": "done", "requestor": "user"},
    {"role": "user", "content": "Good bye. ###STOP###"},
]

RESULTS = {
    "info": {
        "agent_info": {"implementation": "llm_agent", "llm": "a model"},
        "user_info": {"implementation": "user_simulator", "llm": "another"},
        "environment_info": {"domain_name": "airline", "policy": ""},
    },
    "tasks": [
        {"id": "t0", "user_scenario": {"instructions": "You want to cancel."}},
        {"id": "t1", "user_scenario": {"instructions": {"reason_for_call": "a refund"}}},
        {"id": "t2"},
    ],
    # t0 succeeds in 3 of 4 trials, t1 in 1, t2 in 4.
    "simulations": [
        *(simulation("t0", trial, float(trial != 2), messages=MESSAGES if trial == 0 else ()) for trial in range(4)),
        *(simulation("t1", trial, 1.0 if trial == 1 else 0.5) for trial in range(4)),
        *(simulation("t2", trial, 1.0) for trial in range(4)),
    ],
}


def test_pass_k_worked_by_hand(tmp_path):
    """pass^1 = (3/4 + 1/4 + 1)/3, pass^2 = (3/6 + 0 + 1)/3, pass^3 = (1/4 + 0 + 1)/3, pass^4 = (0 + 0 + 1)/3."""
    scores = reward_scores(import_tau2(written(tmp_path / "run.json", RESULTS)).runs, draws=20)
    by_hand = {1: 200 / 3, 2: 50.0, 3: 125 / 3, 4: 100 / 3}
    for k, value in by_hand.items():
        assert scores.get(f"pass_k(k={k})").score == pytest.approx(value)
    # The mean reward counts halves, a success is a reward of 1.
    assert scores.get("reward").score == pytest.approx(100 * (3 + 1 + 1.5 + 4) / 12)
    assert scores.get("episode_success").score == pytest.approx(100 * 8 / 12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=1, max_size=8), st.integers(1, 6))
def test_pass_k_is_the_mean_of_shares_of_subsets(counts, k):
    """tau2-bench's function of one task is C(c, k) / C(n, k); ours is its mean over tasks with k trials."""
    runs = []
    for task, (won, trials) in enumerate(counts):
        for trial in range(trials):
            record = {"goal": {"id": str(task)}, "trial": trial, "turns": []}
            runs.append(Run(record, float(trial < won), "user_stop"))
    shares = [comb(min(won, trials), k) / comb(trials, k) for won, trials in counts if trials >= k]
    score = PassK(k).score(goal_trials_of(runs))
    if shares:
        assert score == pytest.approx(100 * sum(shares) / len(shares))
    else:
        assert math.isnan(score)


def test_messages_become_turns(tmp_path):
    imported = import_tau2(written(tmp_path / "run.json", RESULTS))
    record = imported.runs[0].record
    assert [turn["user"]["text"] for turn in record["turns"]] == ["", "Cancel my booking.", "Good bye. ###STOP###"]
    assert record["turns"][1]["calls"] == [
        {"name": "find", "arguments": {"user": "u1"}, "result": {"bookings": ["r1"]}},
        {"name": "cancel", "arguments": {"id": "r1"}, "result": {"error": "call", "reason": "Error: not allowed"}},
    ]
    assert record["turns"][1]["agent"]["text"] == "That is not possible."
    assert record["goal"] == {"id": "t0", "message": ["You want to cancel."], "wishes": []}
    assert record["agent"] == {"agent": "llm_agent", "llm": "a model"}
    assert sorted(notice.split(" are left out")[0] for notice in imported.notices) == [
        "1 system messages",
        "1 texts beside calls",
        "1 tool calls of users",
    ]


def test_imported_tasks_are_not_scored_as_goals_of_ours(environment, tmp_path):
    """A goal without wishes would be met by every agent."""
    record = import_tau2(written(tmp_path / "run.json", RESULTS)).runs[0].record
    with pytest.raises(UserError, match="another world"):
        score_episodes([record], environment.world)


def test_runs_that_never_ran_are_lost_where_all_are_counted(tmp_path):
    results = copy.deepcopy(RESULTS)
    results["simulations"][8] = simulation("t2", 0, 0.0, reason="infrastructure_error")
    scores = reward_scores(import_tau2(written(tmp_path / "run.json", results)).runs, draws=20)
    assert scores.get("episode_success").score == pytest.approx(100 * 7 / 12)
    assert scores.get("episode_success", "that ran").score == pytest.approx(100 * 7 / 11)
    assert any("1 runs ended in an infrastructure error" in note for note in scores.notes)
    assert any("1 of 3 goals have fewer than 4 trials" in note for note in scores.notes)


def test_a_folder_is_read_as_its_index_says(tmp_path):
    (tmp_path / "simulations").mkdir()
    for one in RESULTS["simulations"]:
        written(tmp_path / "simulations" / f"{one['id']}.json", one)
    index = [{"id": one["id"]} for one in RESULTS["simulations"]]
    written(tmp_path / "results.json", {**RESULTS, "simulations": [], "simulation_index": index})
    assert len(import_tau2(tmp_path).runs) == 12
    (tmp_path / "simulations" / "t1-2.json").unlink()
    with pytest.raises(DataError, match="not those of its index"):
        import_tau2(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda results: results.pop("tasks"), "no simulation file"),
        (lambda results: results.update(simulations=[]), "no simulations in it"),
        (lambda results: results["simulations"][3].pop("reward_info"), "t0-3 has no reward"),
        (lambda results: results["simulations"][0].update(messages=None, ticks=[]), "t0-0 is a voice run"),
        (lambda results: results["simulations"].append(results["simulations"][0]), "trial 0 of task t0 is there twice"),
        (lambda results: results["simulations"][0]["messages"].append({"role": "tool", "id": "x"}), "simulation 0 is"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, spoil, words):
    results = copy.deepcopy(RESULTS)
    spoil(results)
    with pytest.raises(DataError, match=words):
        import_tau2(written(tmp_path / "run.json", results))


def test_the_commands_write_and_read(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    journal = play(environment, RulePolicy(), tmp_path / "rule.jsonl")
    (tmp_path / "play.json").write_text(
        json.dumps(
            {
                "name": "toy",
                "corpus": {"corpus": "simulated", "options": {"dialogues": {"test": 4}}},
                "language": "acts",
                "agents": {"rule": {"agent": "rule"}},
            }
        ),
        encoding="utf-8",
    )
    file = tmp_path / "tau2.json"
    out = CliRunner().invoke(command, ["export", "tau2", str(journal), "-o", str(file)], catch_exceptions=False)
    assert "4 simulations written" in out.output
    arguments = ["import", "tau2", str(file), "-o", str(tmp_path / "back")]
    out = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "pass_k(k=1)" in out.output
    lines = (tmp_path / "back" / "tau2.jsonl").read_text(encoding="utf-8").splitlines()
    back = [{name: value for name, value in json.loads(line).items() if name != "reward"} for line in lines]
    assert back == [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
