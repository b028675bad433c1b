"""Journals and runs: resumed, torn, of another run, and with several processes."""

import importlib
import json
import os
from functools import partial

import pytest

from ray_clusters import a_worker_killed, two_nodes
from tod_bench.backends import Resources
from tod_bench.errors import DataError, UserError
from tod_bench.interact.episode import Environment
from tod_bench.interact.journal import Journal, read_journal
from tod_bench.interact.parts import parts_of, played_into
from tod_bench.interact.play import play
from tod_bench.interact.rule_policy import RulePolicy
from tod_bench.simulated.corpus import Simulated


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 15}))


@pytest.fixture(scope="module")
def whole(environment, tmp_path_factory):
    return play(environment, RulePolicy(), tmp_path_factory.mktemp("whole") / "e.jsonl", trials=2).read_bytes()


def test_a_run_is_in_the_order_of_goals_and_trials(environment, whole, tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_bytes(whole)
    keys = [(record["goal"]["id"], record["trial"]) for record in read_journal(path)]
    assert keys == [(goal.id, trial) for goal in environment.goals for trial in range(2)]


@pytest.mark.parametrize("cut", [0, 1, 500, 5000, -1, -300])
def test_a_torn_run_goes_on_to_the_same_bytes(environment, whole, tmp_path, cut):
    path = tmp_path / "e.jsonl"
    path.write_bytes(whole[:cut])
    assert play(environment, RulePolicy(), path, trials=2).read_bytes() == whole


def test_what_is_there_is_not_played_again(environment, whole, tmp_path, monkeypatch):
    lines = whole.splitlines(keepends=True)
    path = tmp_path / "e.jsonl"
    path.write_bytes(b"".join(lines[7:] + lines[:5]))
    played = []
    import tod_bench.interact.lockstep as module

    real = module.play_episode
    monkeypatch.setattr(module, "play_episode", lambda *given: played.append(given[2:]) or real(*given))
    assert play(environment, RulePolicy(), path, trials=2).read_bytes() == whole
    assert len(played) == 2


def test_more_trials_keep_those_that_are_there(environment, whole, tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_bytes(whole)
    play(environment, RulePolicy(), path, trials=1)
    assert sorted(path.read_bytes().splitlines()) == sorted(whole.splitlines())
    assert play(environment, RulePolicy(), path, trials=2).read_bytes() == whole


@pytest.mark.slow
def test_processes_give_the_same_bytes(tmp_path):
    environment = Environment(Simulated({"test": 60}))
    one, three = (play(environment, RulePolicy(), tmp_path / f"{n}.jsonl", workers=n).read_bytes() for n in (1, 3))
    assert one == three


AGENTS = """
import os
import time
from tod_bench.errors import UserError
from tod_bench.interact.rule_policy import RulePolicy

HERE = {here}


class Slow(RulePolicy):
    def talk(self, world, rng):
        time.sleep(0.02)
        return super().talk(world, rng)


class OnlyHere(RulePolicy):
    def prepare(self, stage):
        if os.getpid() != HERE:
            raise UserError("there is no model on this machine")
"""


def made_with_of(journal):
    record = json.loads(journal.splitlines()[0])
    return {name: record[name] for name in ("seed", "versions", "agent")}


@pytest.mark.slow
def test_a_ray_cluster_that_loses_a_worker_gives_the_same_bytes(tmp_path, monkeypatch):
    (tmp_path / "agents_of_mine.py").write_text(AGENTS.format(here=os.getpid()), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    agents = importlib.import_module("agents_of_mine")
    environment = Environment(Simulated({"test": 60}))
    one = play(environment, agents.Slow(), tmp_path / "one.jsonl", trials=4)
    with two_nodes(monkeypatch) as address:
        on_ray = partial(play, environment, backend="ray", resources=Resources(address=address))
        with a_worker_killed("play_chunk"):
            several = on_ray(agents.Slow(), tmp_path / "ray.jsonl", trials=4)
        assert several.read_bytes() == one.read_bytes()
        with pytest.raises(UserError, match=r"^there is no model on this machine$"):
            on_ray(agents.OnlyHere(), tmp_path / "other.jsonl")


def test_a_worker_that_plays_a_chunk_again_goes_on(environment, whole, tmp_path):
    lines = whole.splitlines(keepends=True)
    part = tmp_path / "part.jsonl"
    part.write_bytes(b"".join(lines[:3]) + lines[3][:50])
    with Journal(tmp_path / "e.jsonl", made_with_of(whole)) as journal:
        chunk = [(environment.goals[0], 0), (environment.goals[0], 1), (environment.goals[1], 0)]
        chunk += [(environment.goals[1], 1), (environment.goals[2], 0)]
        asked = []

        def played(tasks):
            for goal, trial in tasks:
                asked.append((goal.id, trial))
                lost = "" if trial else "the server does not answer"
                yield (goal.id, trial), lines[2 * environment.goals.index(goal) + trial], lost

        found = list(played_into(part, journal.made_with, chunk, played))
    assert [key for key, _, _ in found] == [(goal.id, trial) for goal, trial in chunk]
    assert [line for _, line, lost in found if not lost] == lines[:4]
    assert asked == [(environment.goals[1].id, 1), (environment.goals[2].id, 0)]
    # What was lost is not kept.
    assert part.read_bytes() == b"".join(lines[:4])


def test_what_an_earlier_play_left_behind_is_not_played_again(environment, whole, tmp_path, monkeypatch):
    lines = whole.splitlines(keepends=True)
    path = tmp_path / "e.jsonl"
    path.write_bytes(b"".join(lines[:5]))
    parts = parts_of(path)
    parts.mkdir()
    (parts / "a.jsonl").write_bytes(b"".join(lines[3:12]))
    (parts / "b.jsonl").write_bytes(b"".join(lines[20:29]) + lines[29][:-1])
    played = []
    import tod_bench.interact.lockstep as module

    real = module.play_episode
    monkeypatch.setattr(module, "play_episode", lambda *given: played.append(given[2:]) or real(*given))
    assert play(environment, RulePolicy(), path, trials=2).read_bytes() == whole
    assert len(played) == 8 + 1
    assert not parts.exists()

    parts.mkdir()
    (parts / "a.jsonl").write_bytes(whole)
    path.unlink()
    with pytest.raises(UserError, match=r"a\.jsonl has episodes of another run: agent is"):
        play(environment, RulePolicy(lie=0.5), path)
    assert (parts / "a.jsonl").read_bytes() == whole


def test_another_run_is_refused(environment, whole, tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_bytes(whole)
    with pytest.raises(UserError, match="has episodes of another run: agent is"):
        play(environment, RulePolicy(lie=0.5), path)
    with pytest.raises(UserError, match="has episodes of another run: seed is 1, now 2"):
        play(Environment(environment.corpus, seed=2), RulePolicy(), path)
    assert path.read_bytes() == whole


def test_a_broken_line_is_an_error_and_nothing_is_lost(environment, whole, tmp_path):
    path = tmp_path / "e.jsonl"
    broken = whole.replace(b'{"goal"', b'{"gaol"', 1)
    path.write_bytes(broken)
    with pytest.raises(DataError, match="line 1: this is no episode"):
        play(environment, RulePolicy(), path, trials=2)
    with pytest.raises(DataError, match="line 1: this is no episode"):
        list(read_journal(path))
    path.write_bytes(whole + whole.splitlines(keepends=True)[0])
    with pytest.raises(DataError, match="repeats trial 0 of goal"):
        play(environment, RulePolicy(), path, trials=2)


def test_two_processes_do_not_write_one_journal(tmp_path):
    made_with = {"seed": 1, "versions": {}, "agent": {}}
    with Journal(tmp_path / "e.jsonl", made_with), pytest.raises(UserError, match="another process plays into"):
        Journal(tmp_path / "e.jsonl", made_with)


@pytest.mark.parametrize("given", [{"trials": 0}, {"workers": 0}, {"trials": True}])
def test_arguments_out_of_range(environment, tmp_path, given):
    with pytest.raises(UserError, match="must be a whole number, at least 1"):
        play(environment, RulePolicy(), tmp_path / "e.jsonl", **given)


def test_a_backend_that_cannot_bring_episodes_back_is_refused(environment, tmp_path):
    with pytest.raises(UserError, match="for a play; choose among local, ray"):
        play(environment, RulePolicy(), tmp_path / "e.jsonl", backend="slurm")


def test_no_journal(tmp_path):
    with pytest.raises(UserError, match="there are no episodes"):
        next(read_journal(tmp_path / "none.jsonl"))


def test_a_journal_of_other_goals_is_not_resumed(environment, whole, tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_bytes(whole)
    other = Environment(Simulated({"test": 15}, seed=2))
    assert other.signature == environment.signature  # only the goals tell them apart
    with pytest.raises(UserError, match="not the corpus's goal of that id"):
        play(other, RulePolicy(), path, trials=2)
    assert path.read_bytes() == whole
