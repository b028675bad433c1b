"""Runs of AutoTOD, in its layout and on entities of the embedded corpus: as episodes, and against what was logged."""

import copy
import json

import pytest
from click.testing import CliRunner

from tod_bench.cli.play import command
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import DataError, UserError
from tod_bench.interact.exchange import autotod_agreement as causes
from tod_bench.interact.exchange.autotod import entity_named, read_autotod
from tod_bench.interact.exchange.autotod_agreement import verdicts
from tod_bench.interact.exchange.autotod_report import report_autotod
from tod_bench.interact.scores import score_episodes
from tod_bench.interact.world import World
from tod_bench.simulated.corpus import Simulated


@pytest.fixture(scope="module")
def corpus():
    return Simulated({"test": 2})


@pytest.fixture(scope="module")
def world(corpus):
    return World(corpus)


@pytest.fixture(scope="module")
def place(world):
    """A restaurant that takes bookings."""
    table = world.tables["restaurant"]
    return next(entries[0] for name, entries in table.entities.items() if name not in table.unbookable)


@pytest.fixture
def run(place):
    """A run that got everything right."""
    name = place["name"].title()
    booked = {"type": "Restaurant_book", "name": place["name"], "people": "3", "day": "friday", "time": "18:00"}
    return {
        "dialog_id": "MUL0001.json",
        "eval_results": {
            "restaurant": {
                "inform": {"complete": 1, "venue_name": name, "venue_info": {"name": place["name"]}},
                "success": {"complete": 1, "slot_values": {"phone": place["phone"]}},
                "book": {"complete": 1, "refer_number": "abcd2345", "book_record": {**booked, "id": 1}},
            }
        },
        "run_result": {
            "goals": {
                "restaurant": {
                    "info": {"area": place["area"], "food": place["food"]},
                    "fail_info": {},
                    "book": {"people": "3", "day": "friday", "time": "18:00", "invalid": False},
                    "fail_book": {},
                    "reqt": ["phone"],
                }
            },
            "goal_messages": [
                f"You are looking for a <span>place to dine</span> in the {place['area']} with {place['food']} food",
                "Make sure you get the <span>reference number</span>",
            ],
            "dialog_pred": [
                {
                    "turn_idx": 1,
                    "user": f"I want {place['food']} food in the {place['area']}.",
                    "agent": f"I recommend {name}.",
                },
                {
                    "turn_idx": 2,
                    "user": "Book it for 3 people on friday at 18:00. What is the phone number?",
                    "agent": f"The phone number is {place['phone']}. It is booked. The reference number is ABCD2345.",
                },
            ],
            "finish_status": "dialogue ends",
        },
    }


def of(run):
    return run["eval_results"]["restaurant"]


def read(tmp_path, corpus, *runs):
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(run) + "\n" for run in runs), encoding="utf-8")
    return read_autotod(path, corpus)


def differences(tmp_path, corpus, world, run):
    return {one.measure: one.cause for one in verdicts(read(tmp_path, corpus, run), world) if one.ours != one.theirs}


def test_a_run_becomes_an_episode_that_is_scored(tmp_path, corpus, world, place, run):
    (imported,) = read(tmp_path, corpus, run)
    record = imported.record
    assert record["goal"]["id"] == "MUL0001"
    assert record["goal"]["wishes"][0]["reference"]
    assert record["ledger"] == [
        {
            "reference": "ABCD2345",
            "domain": "restaurant",
            "entity": place["name"],
            "details": {"book day": "friday", "book people": "3", "book time": "18:00"},
            "standing": True,
        }
    ]
    assert ["restaurant", "inform", "phone", place["phone"]] in record["turns"][1]["heard"]
    assert record["end"] == "dialogue ends"
    scores = score_episodes([record], world, draws=10)
    for name in ("episode_success", "book_details", "request_recall"):
        assert scores.get(name).score == 100
    found = verdicts([imported], world)
    assert {one.measure for one in found} == {"venue", "requests", "booking", "dialogue"}
    assert all(one.ours and one.theirs and not one.cause for one in found)


def test_another_venue_of_the_model_is_named_as_the_cause(tmp_path, corpus, world, place, run):
    wished = world.all_named("restaurant", {"area": place["area"], "food": place["food"]})
    other = next(entries[0] for name, entries in world.tables["restaurant"].entities.items() if name not in wished)
    of(run)["inform"] = {"complete": 0, "venue_name": other["name"], "venue_info": dict(other)}
    of(run)["success"]["complete"] = of(run)["book"]["complete"] = 0
    expected = dict.fromkeys(("venue", "requests", "booking", "dialogue"), causes.OTHER_VENUE)
    assert differences(tmp_path, corpus, world, run) == expected


def test_what_the_model_did_not_read_out(tmp_path, corpus, world, run):
    of(run)["inform"] = {"complete": 0, "venue_name": "none", "venue_info": '"none" is not found'}
    assert differences(tmp_path, corpus, world, run)["venue"] == causes.NO_VENUE


def test_a_name_that_their_lookup_did_not_find(tmp_path, corpus, world, run):
    of(run)["inform"] |= {"complete": 0, "venue_info": "not found"}
    assert differences(tmp_path, corpus, world, run)["venue"] == causes.NAME_READ_OUT


def test_a_first_booking_counts_for_them(tmp_path, corpus, world, run):
    run["run_result"]["goals"]["restaurant"]["fail_book"] = {"time": "17:00"}
    of(run)["book"]["book_record"]["time"] = "17:00"
    found = differences(tmp_path, corpus, world, run)
    assert found == {"booking": causes.FIRST_BOOKING, "dialogue": causes.FIRST_BOOKING}


def test_a_value_in_words_that_we_do_not_find(tmp_path, corpus, world, place, run):
    turn = run["run_result"]["dialog_pred"][1]
    turn["agent"] = turn["agent"].replace(place["phone"], "on their page")
    assert differences(tmp_path, corpus, world, run)["requests"] == causes.VALUE_NOT_HEARD


def test_a_value_that_is_not_true(tmp_path, corpus, world, place, run):
    turn = run["run_result"]["dialog_pred"][1]
    turn["agent"] = turn["agent"].replace(place["phone"], "01223000000")
    of(run)["success"]["complete"] = 0
    assert differences(tmp_path, corpus, world, run)["requests"] == causes.UNTRUE


def test_a_booking_that_was_not_found_is_none(tmp_path, corpus, run):
    of(run)["book"] = {"complete": 0, "refer_number": "none", "book_record": '"none" is not found'}
    assert read(tmp_path, corpus, run)[0].record["ledger"] == []


def test_what_was_not_asked_is_not_compared(tmp_path, corpus, world, run):
    of(run)["success"] = {"complete": None, "slot_values": None}
    assert "requests" not in {one.measure for one in verdicts(read(tmp_path, corpus, run), world)}


def test_a_goal_of_one_domain_needs_no_introduction(tmp_path, corpus, run):
    """Goals of WOZ 2.0 begin in other words than those of MultiWOZ."""
    run["run_result"]["goal_messages"] = "Task 1: You want to find an expensive restaurant. You want the phone number."
    (wish,) = read(tmp_path, corpus, run)[0].record["goal"]["wishes"]
    assert wish["domain"] == "restaurant"
    assert not wish["reference"]


SGD = {
    "dialog_id": "train_1",
    "eval_results": {
        "Movies_1": {"FindMovies": {"inform": 1, "success": None}, "GetTimes": {"inform": 0, "success": 1}}
    },
    "run_result": [
        {"turn_idx": 1, "user": "A film.", "agent": "Which?"},
        {"turn_idx": 2, "user": "Any.", "agent": "X."},
    ],
}


def test_runs_without_goals_are_summed_up_and_not_scored(tmp_path):
    path = tmp_path / "sgd.jsonl"
    path.write_text(json.dumps(SGD) + "\n", encoding="utf-8")
    report = report_autotod([path], None, tmp_path / "out")
    assert report.scores == report.verdicts == ()
    assert ("sgd.jsonl", "inform", 50.0, 2) in report.logged
    assert ("sgd.jsonl", "inform, whole runs", 0.0, 1) in report.logged
    assert ("sgd.jsonl", "success", 100.0, 1) in report.logged
    assert "1 runs, 2 turns; SGD: no goal" in report.notes[0]
    assert not (tmp_path / "out" / "sgd.jsonl").exists()


def test_runs_with_a_taxi_have_no_verdict_as_a_whole(tmp_path, corpus, world, run):
    taxi = copy.deepcopy(run)
    taxi["run_result"]["goals"]["taxi"] = {"info": {"departure": "a", "destination": "b"}, "reqt": ["phone"]}
    taxi["run_result"]["goal_messages"].append("You also want to book a <span>taxi</span> to b")
    none = {"complete": None}
    taxi["eval_results"]["taxi"] = {"inform": {"complete": 0}, "success": {"complete": 0}, "book": none}
    found = verdicts(read(tmp_path, corpus, taxi), world)
    assert {one.domain for one in found} == {"restaurant"}
    assert "dialogue" not in {one.measure for one in found}


def test_names_that_leave_out_what_kind_of_place_it_is(world):
    table = world.tables["restaurant"]
    (name, *_) = (entries[0]["name"] for entries in table.entities.values())
    assert entity_named(name.upper(), table) == name
    assert entity_named(f"{name} restaurant", table) == name
    assert entity_named("", table) == entity_named("nowhere at all", table) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no runs in it"),
        ("{}\n", "no run of AutoTOD"),
        ("[1]\n", "no run of AutoTOD"),
        ("{\n", "no run of AutoTOD"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, corpus, text, words):
    path = tmp_path / "other.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_autotod(path, corpus)


def test_goals_need_a_corpus(tmp_path, run):
    with pytest.raises(UserError, match="give --corpus"):
        read(tmp_path, None, run)


def test_the_command_writes_numbers_and_differences(tmp_path, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    of(run)["inform"] = {"complete": 0, "venue_name": "none", "venue_info": "not found"}
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(run) + "\n", encoding="utf-8")
    arguments = ["import", "autotod", str(path), "--corpus", "simulated", "-o", str(tmp_path / "out")]
    shown = CliRunner().invoke(command, arguments, catch_exceptions=False).output
    assert causes.NO_VENUE in shown
    numbers = json.loads((tmp_path / "out" / "autotod.json").read_text(encoding="utf-8"))["numbers"]
    venue = next(one for one in numbers if (one["what"], one["name"]) == ("agreement", "venue"))
    assert (venue["both"], venue["ours"], venue["theirs"], venue["neither"]) == (0, 1, 0, 0)
    assert "MUL0001,restaurant,venue,True,False" in (tmp_path / "out" / "differences.csv").read_text(encoding="utf-8")
    assert len((tmp_path / "out" / "runs.jsonl").read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.realdata
def test_the_committed_numbers_are_those_of_the_runs(realdata, tmp_path):
    from pathlib import Path

    files = [realdata / "predictions" / "autotod" / name for name in ("0613.jsonl", "sgd.jsonl")]
    if not all(file.exists() for file in files):
        pytest.skip("the runs of AutoTOD are not there")
    corpus = open_corpus("multiwoz", version="2.1", path=str(realdata / "multiwoz" / "convlab3" / "data" / "multiwoz"))
    report_autotod(files, corpus, tmp_path)
    results = Path(__file__).parents[3] / "results" / "play" / "autotod" / "autotod.json"
    assert json.loads((tmp_path / "autotod.json").read_text()) == json.loads(results.read_text())
