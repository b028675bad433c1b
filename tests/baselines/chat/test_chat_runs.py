"""`chat` in configs: a run costs what the plan said, goes on where it was killed, and pays for nothing twice."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import tod_bench
import tod_bench.experiments.opening
from fault_server import FaultServer
from tod_baselines.chat.system import Chat
from tod_bench.errors import UserError
from tod_bench.predictions import read_predictions
from tod_bench.sweeps import validate

KEY = "sk-proj-Zx81ABCDefgh7766LMNOPqrst4242wxyz"


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    """The entry point, whichever version of it is installed."""
    find = tod_bench.experiments.opening.system_class
    monkeypatch.setattr(
        tod_bench.experiments.opening, "system_class", lambda name: Chat if name == "chat" else find(name)
    )
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def config(*, tasks=("dst",), test=6, **params):
    metrics = {"dst": ["slot_f1"], "policy": ["act_f1"], "response": ["bleu"]}
    return {
        "name": "t",
        "corpora": {"sim": {"corpus": "simulated", "options": {"dialogues": {"train": 8, "dev": 2, "test": test}}}},
        "systems": {"llm": {"system": "chat", "params": {"model": "scripted", **params}}},
        "tasks": {task: {"metrics": metrics[task]} for task in tasks},
        "bootstrap": {"draws": 0},
    }


def nothing_changes(_body):
    return '{"slots": []}'


def predictions(run, store):
    (result,) = run.results
    return list(read_predictions(store / result.predictions))


def test_every_task_runs_on_the_program_and_says_so(tmp_path):
    run = tod_bench.run(config(tasks=("dst", "policy", "response"), test=3), store=tmp_path)
    for result in run.results:
        asked = result.provenance["predictions"]["asked"]
        assert "the answers are those of a program, not of a model" in asked["notes"]
        assert asked["recipe"] == "json"
        assert len(asked["template_digest"]) == 64
        assert asked["turns"] > 0 == asked["unreadable_turns"]
        assert asked["per_turn"]["prompt_tokens"] > 100
    assert run.results[0].scores[0].value > 0
    assert any("llm, dst, on sim: the answers are those of a program" in note for note in run.table.notes)


def test_a_run_takes_what_the_plan_said_where_turns_are_independent(tmp_path):
    settings = config(state="whole")
    (cost,) = tod_bench.plan(settings, store=tmp_path).costs
    run = tod_bench.run(settings, store=tmp_path)
    took = run.results[0].provenance["predictions"]["asked"]
    assert cost.estimate.known
    # equal prompts are asked once and counted once by the plan, and for each turn by the turns
    assert cost.estimate.requests + cost.estimate.cached == took["total"]["requests"]
    if not cost.estimate.cached:
        assert cost.estimate.prompt_tokens == took["total"]["prompt_tokens"]
    assert cost.estimate.completion_tokens >= took["total"]["completion_tokens"]
    assert cost.estimate.usd == 0
    assert not tod_bench.plan(settings, store=tmp_path).costs


def test_a_plan_of_chained_turns_is_an_upper_bound_and_says_so(tmp_path):
    settings = config()
    (cost,) = tod_bench.plan(settings, store=tmp_path).costs
    took = tod_bench.run(settings, store=tmp_path).results[0].provenance["predictions"]["asked"]["total"]
    assert not cost.estimate.known
    assert cost.estimate.requests + cost.estimate.cached == took["requests"]
    assert cost.estimate.prompt_tokens > took["prompt_tokens"]


def test_a_plan_with_examples_prepares_them_elsewhere_and_the_run_takes_what_it_said(tmp_path):
    settings = config(state="whole", shots=2, test=2)
    (cost,) = tod_bench.plan(settings, store=tmp_path).costs
    assert not (tmp_path / "models").exists()
    run = tod_bench.run(settings, store=tmp_path)
    record = run.results[0].provenance["predictions"]
    compared = {"compared_by": "last exchange", "select": "nearest"}
    assert record["asked"]["examples"] == {**record["fit"]["details"], **compared}
    assert record["asked"]["shots"] == 2
    assert cost.estimate.requests + cost.estimate.cached == record["asked"]["total"]["requests"]
    if not cost.estimate.cached:
        assert cost.estimate.prompt_tokens == record["asked"]["total"]["prompt_tokens"]


def test_a_plan_asks_the_cache_and_the_price_table(tmp_path):
    with FaultServer(nothing_changes) as server:
        settings = config(model="gpt-4o", base_url=server.base_url, state="whole")
        (before,) = tod_bench.plan(settings, store=tmp_path).costs
        assert before.estimate.usd > 0
        assert not server.received
        run = tod_bench.run(settings, store=tmp_path)
        took = run.results[0].provenance["predictions"]["asked"]["total"]
        assert before.estimate.requests == server.billed
        assert 0 < took["usd"] <= before.estimate.usd
        again = config(model="gpt-4o", base_url=server.base_url, state="whole", on_unread="previous")
        (after,) = tod_bench.plan(again, store=tmp_path).costs
        assert after.estimate.requests == 0


def test_how_a_server_is_asked_changes_no_experiment(tmp_path):
    with FaultServer(nothing_changes) as server:
        settings = {"model": "gpt-4o", "base_url": server.base_url}
        tod_bench.run(config(**settings), store=tmp_path)
        billed = server.billed
        limits = {"limits": {"concurrency": 2}, "retry": {"attempts": 2}, "key_variable": "OPENAI_API_KEY"}
        assert tod_bench.plan(config(**settings, **limits), store=tmp_path).statuses[0].scored
        tod_bench.run(config(**settings, max_tokens=100), store=tmp_path)
        assert server.billed == 2 * billed


def test_a_budget_ends_with_a_sentence_and_holds_for_all_runs_of_a_store(tmp_path):
    with FaultServer(nothing_changes) as server:
        settings = config(model="gpt-4o", base_url=server.base_url, limits={"concurrency": 1}, max_tokens=100, test=20)
        with pytest.raises(UserError, match=r"budget of \$0.02 has too little left"):
            tod_bench.run(settings, store=tmp_path, budget=0.02)
        paid = server.billed
        assert paid > 0
        with pytest.raises(UserError, match=r"budget of.*by earlier runs"):
            tod_bench.run(settings, store=tmp_path, budget=0.02)
        assert server.billed <= paid + 1
        with pytest.raises(UserError, match="replayed cache has no answer"):
            tod_bench.run(settings, store=tmp_path, replay=True)
        tod_bench.run(settings, store=tmp_path)
        after = server.billed
        assert tod_bench.run(settings, store=tmp_path, replay=True).results
        assert server.billed == after


def test_a_budget_that_would_not_hold_is_refused(tmp_path):
    with pytest.raises(UserError, match="known to its own process alone until it is collected"):
        tod_bench.run(config(), store=tmp_path, budget=1.0, workers=2, batch=True)
    sweep = {"factors": {"shots": {"key": "systems.llm.params.shots", "values": [0, 1]}}}
    with pytest.raises(UserError, match="processes of one machine"):
        tod_bench.sweep({**config(), "sweep": sweep}, store=tmp_path, budget=1.0, backend="ray")
    with pytest.raises(UserError, match="leave one out"):
        tod_bench.run(config(), store=tmp_path, replay=True, batch=True)


def test_the_recipe_decides_how_examples_are_chosen_where_the_config_does_not(tmp_path):
    systems = {
        recipe: {"system": "chat", "params": {"model": "scripted", "recipe": recipe, "shots": 2}}
        for recipe in ("sql", "python")
    }
    systems["fixed"] = {"system": "chat", "params": {**systems["python"]["params"], "select": "fixed"}}
    settings = {**config(test=2), "systems": systems}
    said = [note for note in tod_bench.plan(settings, store=tmp_path).notes if "examples are chosen" in note]
    assert said == [
        "sql: examples are chosen by select: nearest, the default of the recipe sql",
        "python: examples are chosen by select: diverse, the default of the recipe python",
    ]
    run = tod_bench.run(settings, store=tmp_path)
    records = {one.experiment.system: one.provenance["predictions"] for one in run.results}
    chosen = {system: record["asked"]["examples"]["select"] for system, record in records.items()}
    assert chosen == {"sql": "nearest", "python": "diverse", "fixed": "fixed"}
    assert "candidates" in records["python"]["asked"]["examples"]
    # One pool serves both, so it does not say how examples are chosen.
    assert "select" not in records["sql"]["fit"]["details"]
    assert records["sql"]["fit"] == records["python"]["fit"]


def test_a_task_that_the_recipe_has_no_prompt_for_is_refused_in_one_sentence(tmp_path):
    settings = config(tasks=("dst", "policy"), recipe="pipeline", test=1)
    run = tod_bench.run(settings, store=tmp_path)
    assert [result.experiment.task for result in run.results] == ["dst"]
    settings["systems"]["llm"]["tasks"] = ["policy"]
    with pytest.raises(
        UserError, match=r"systems.llm.tasks: chat with these parameters cannot do policy, only dst, resp"
    ):
        tod_bench.plan(settings, store=tmp_path)
    with pytest.raises(UserError, match=r"only for dst, response \(Hudeček & Dušek go .* straight to the response\)"):
        next(Chat(model="scripted", recipe="pipeline").predict("policy", ()))


def test_a_missing_key_is_said_before_anything_runs_and_the_rest_is_computed(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    settings = config(model="gpt-4o", test=2)
    settings["systems"]["majority"] = {"system": "majority"}
    need = "systems.llm: gpt-4o cannot be asked without a key: `export OPENAI_API_KEY=...`"
    assert [str(one)[: len(need)] for one in validate(settings).missing] == [need]
    planned = tod_bench.plan(settings, store=tmp_path)
    assert [sentence[: len(need)] for sentence in planned.missing] == [need]
    assert {status.experiment.system for status in planned.statuses} == {"llm", "majority"}
    said = []
    run = tod_bench.run(settings, store=tmp_path, notify=said.append)
    assert [sentence[: len(need)] for sentence in said] == [need]
    assert [result.experiment.system for result in run.results] == ["majority"]
    assert [number.value for row in run.table.rows if row.system == "llm" for number in row.numbers] == [None]
    assert any(note.startswith(f"no numbers: {need}") for note in run.table.notes)
    assert tod_bench.run(settings, store=tmp_path, workers=2).results == run.results
    sweep = {"factors": {"history": {"key": "systems.llm.params.history", "values": ["all", "last+1"]}}}
    with pytest.raises(UserError, match=r"the sweep cannot run:\n  - systems.llm: gpt-4o cannot be asked"):
        tod_bench.sweep({**settings, "sweep": sweep}, store=tmp_path)


def test_no_key_is_needed_where_nothing_is_asked(tmp_path, monkeypatch):
    with FaultServer(nothing_changes) as server:
        settings = config(model="gpt-4o", base_url=server.base_url, test=2)
        done = tod_bench.run(settings, store=tmp_path)
    # The server would refuse a key as this: as with none, nothing may be asked.
    monkeypatch.setenv("OPENAI_API_KEY", "two words")
    assert [str(one) for one in validate(settings).missing] != []
    assert tod_bench.plan(settings, store=tmp_path).missing == ()
    assert tod_bench.run(settings, store=tmp_path).results == done.results
    again = tod_bench.run(settings, store=tmp_path / "again", cache=tmp_path / "answers.sqlite", replay=True)
    assert [score.value for score in again.results[0].scores] == [score.value for score in done.results[0].scores]


def test_the_batch_api_answers_a_run(tmp_path):
    with FaultServer(nothing_changes) as server:
        settings = config(model="gpt-4o", base_url=server.base_url, limits={"poll": 0.01})
        run = tod_bench.run(settings, store=tmp_path, batch=True)
        assert not server.received
        turns = max(len(list(each)) for each in _by_dialogue(predictions(run, tmp_path)).values())
        assert len(server.batches.batches) == turns


def _by_dialogue(said):
    found = {}
    for prediction in said:
        found.setdefault(prediction.dialogue_id, []).append(prediction)
    return found


_RUN = """
import sys, json
import tod_bench, tod_bench.experiments.opening as opening
from tod_baselines.chat.system import Chat
opening.system_class = lambda name: Chat
tod_bench.run(json.loads(sys.argv[1]), store=sys.argv[2])
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_and_nothing_is_paid_twice(tmp_path):
    """Of the requests under way at the kill, one here, nobody can know the answers; all others are in the cache."""
    with FaultServer(nothing_changes, latency=0.05) as server:
        settings = config(model="gpt-4o", base_url=server.base_url, limits={"concurrency": 1}, test=12)
        command = [sys.executable, "-c", _RUN, json.dumps(settings), str(tmp_path)]
        path = os.pathsep.join(sys.path)
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
        while server.billed < 12:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.2)
        paid = server.billed
        run = tod_bench.run(settings, store=tmp_path)
        said = predictions(run, tmp_path)
        asked = {json.dumps(received.body["messages"]) for received in server.received}
        assert 12 <= paid < len(asked) <= server.billed <= len(asked) + 1
        assert len(said) >= len(asked)
