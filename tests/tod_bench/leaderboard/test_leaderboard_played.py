"""Tracks that are played: a journal is a submission, and a forged one is refused with the name of the episode."""

import copy
import gzip
import json
import re
import shutil

import pytest
import yaml
from click.testing import CliRunner

from leaderboards import write_card
from tod_bench.cli.submit import command
from tod_bench.errors import UserError
from tod_bench.interact.play import play
from tod_bench.interact.rule_policy import DeafAgent
from tod_bench.interact.scores import score_episodes
from tod_bench.interact.words.language import RulePolicyInWords
from tod_bench.leaderboard import load_tracks, prepare_submission, read_board, verify_submission, write_site
from tod_bench.leaderboard.submission import RefusedError

TRACK = {
    "title": "Toy corpus, played",
    "corpus": "simulated",
    "options": {"dialogues": {"test": 4}},
    "play": {"trials": 2, "user": {"patience": 3}},
    "metrics": {"play": ["episode_success", "episode_strict", "pass_k(k=2)", "pass_k(k=1)", "episode_turns"]},
    "bootstrap": {"draws": 60},
    "dialogues": 3,
}
CARD = {"track": "toy-play", "tasks": ["play"]}


@pytest.fixture(scope="module")
def tracks_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("played") / "tracks.yaml"
    path.write_text(yaml.safe_dump({"tracks": {"toy-play": TRACK}}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def played(tracks_path):
    return load_tracks(tracks_path)


@pytest.fixture(scope="module")
def journal(played, tracks_path):
    """Episodes of an agent that lies in most of its answers, so that some are lost."""
    agent = RulePolicyInWords(lie=0.8)
    return play(played.open("toy-play").environment, agent, tracks_path.parent / "lying.jsonl", trials=2)


@pytest.fixture(scope="module")
def prepared_play(played, journal):
    card = write_card(journal.parent / "card.yaml", **CARD)
    return prepare_submission(card, [journal], journal.parent / "submissions", played)


@pytest.fixture(scope="module")
def episodes(journal):
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def forged(prepared_play, tmp_path):
    """A function that puts other episodes into a copy of the submission."""

    def put(records):
        folder = tmp_path / prepared_play.name
        shutil.copytree(prepared_play, folder)
        (folder / "episodes.jsonl.gz").unlink()
        text = "".join(json.dumps(record) + "\n" for record in records)
        (folder / "episodes.jsonl").write_text(text, encoding="utf-8")
        return folder

    return put


def refusal(folder, tracks):
    with pytest.raises(RefusedError) as refused:
        verify_submission(folder, tracks)
    return refused.value.problems


def test_the_numbers_are_those_of_playing(played, prepared_play, episodes):
    entry = verify_submission(prepared_play, played)
    environment = played.open("toy-play").environment
    scores = score_episodes(episodes, environment.world, draws=60)
    ours = {(one.metric, one.protocol): one.value for one in entry.scores["play"] if one.slice is None}
    assert ours == {
        ("episode_success", "tod_bench"): scores.get("episode_success").score,
        ("episode_strict", "tod_bench"): scores.get("episode_strict").score,
        ("pass_k", "k=2"): scores.get("pass_k(k=2)").score,
        ("pass_k", "k=1"): scores.get("pass_k(k=1)").score,
        ("episode_turns", "tod_bench"): scores.get("episode_turns").score,
    }
    assert 0 <= ours["episode_strict", "tod_bench"] < 100
    signature = str(entry.scores["play"][0].signature)
    for part in (
        "user:agenda2",
        "patience:3",
        "templates:1",
        "understanding:1",
        "seed:1",
        "trials:2",
        "goals:4",
        "world:",
    ):
        assert part in signature


def _user_text(record):
    record["turns"][1]["user"]["text"] += " Thank you so much!"


def _user_acts(record):
    record["turns"][0]["user"]["acts"] = record["turns"][0]["user"]["acts"][:1] * 2


def _agent_text(record):
    record["turns"][0]["agent"]["text"] = "I have found nothing at all, sorry."


def _heard(record):
    record["turns"][-2]["heard"] = []


def _result(record):
    call = next(call for turn in record["turns"] for call in turn.get("calls", ()) if call["name"] == "query")
    call["result"]["count"] += 1


def _argument(record):
    call = next(call for turn in record["turns"] for call in turn.get("calls", ()) if call["name"] == "book")
    slot = next(iter(call["arguments"]["details"]))
    call["arguments"]["details"][slot] = "9"


def _ledger(record):
    record["ledger"][0]["details"] = {**record["ledger"][0]["details"], "book people": "99"}


def _no_ledger(record):
    record["ledger"] = []


def _end(record):
    record["end"] = "left" if record["end"] != "left" else "done"


def _cut(record):
    del record["turns"][1:]


def _cut_as_crash(record):
    del record["turns"][2:]
    record["end"] = "crash: ValueError"


def _longer(record):
    record["turns"].append(copy.deepcopy(record["turns"][-2]))


def _goal(record):
    record["goal"]["wishes"][0]["reference"] = not record["goal"]["wishes"][0]["reference"]


def _patience(record):
    record["versions"]["patience"] = 9


def _seed(record):
    record["seed"] = 2


def _extra(record):
    record["score"] = 100


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (_user_text, "turn 2: the user's utterance does not follow from the agent's (text"),
        (_user_acts, "turn 1: the user's utterance does not follow from the agent's (acts"),
        (_agent_text, "turn 1: what the user heard does not follow from what the agent said"),
        (_heard, "what the user heard does not follow"),
        (_result, "the result of call 1 does not follow from it"),
        (_argument, "does not follow from it"),
        (_ledger, "its ledger does not follow from the calls"),
        (_no_ledger, "its ledger does not follow from the calls: it has 0 bookings and not"),
        (_end, "it did not end with"),
        (_cut, "it breaks off after turn 1, and the user goes on"),
        (_cut_as_crash, "it breaks off after turn 2, and the user goes on"),
        (_longer, "the episode has ended before"),
        (_goal, "its goal is not the corpus's goal of this id"),
        (_patience, "it was played with another patience: '9', not '3'"),
        (_seed, "its seed is 2, not 1"),
        (_extra, "a record has no 'score'"),
    ],
)
def test_a_forged_episode_is_refused_by_its_name(played, episodes, forged, forge, words):
    place = next(number for number, one in enumerate(episodes) if one["ledger"] and len(one["turns"]) > 3)
    records = copy.deepcopy(episodes)
    forge(records[place])
    problems = refusal(forged(records), played)
    name = f"episode {records[place]['goal']['id']}/{records[place]['trial']}, "
    assert len(problems) == 1
    assert name in problems[0]
    assert words in problems[0]


def test_lost_episodes_cannot_be_left_out(played, episodes, forged):
    dropped = episodes[3]
    problems = refusal(forged([one for one in episodes if one is not dropped]), played)
    assert problems == (
        f"episodes.jsonl: episode {dropped['goal']['id']}/{dropped['trial']} is missing; every trial of every goal is "
        "wanted, lost or won",
    )


def test_a_trial_cannot_stand_for_another(played, episodes, forged):
    place = next(number for number, one in enumerate(episodes) if one["trial"] == 0 and one["ledger"])
    chosen = {**copy.deepcopy(episodes[place]), "trial": 1}
    problems = refusal(forged([*episodes[: place + 1], chosen, *episodes[place + 2 :]]), played)
    assert len(problems) == 1
    assert f"episode {chosen['goal']['id']}/1, turn " in problems[0]


def test_more_trials_than_the_track_has_cannot_be_chosen_from(played, episodes, forged):
    more = {**copy.deepcopy(episodes[0]), "trial": 2}
    (problem,) = refusal(forged([*episodes, more]), played)
    assert f"episode {more['goal']['id']}/2 is none of the track's 8 episodes" in problem


def test_each_episode_is_there_once_and_of_one_agent(played, episodes, forged):
    other = {**copy.deepcopy(episodes[-1]), "agent": {"agent": "another"}}
    problems = refusal(forged([episodes[0], *episodes[:-1], other]), played)
    assert any(f"episode {episodes[0]['goal']['id']}/0 is given twice" in problem for problem in problems)
    assert any("is another agent's than the first episode" in problem for problem in problems)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[]", "is no episode"),
        ('{"goal": 1}', "is no episode"),
        ("[" * 60 + "]" * 60, "nested more than"),
    ],
)
def test_what_is_no_episode_is_refused(played, episodes, forged, line, words):
    folder = forged(episodes)
    with (folder / "episodes.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    (problem,) = refusal(folder, played)
    assert "line 9" in problem
    assert words in problem


def test_a_changed_score_is_refused(played, prepared_play, tmp_path):
    folder = tmp_path / prepared_play.name
    shutil.copytree(prepared_play, folder)
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    scores["scores"]["play"][0]["value"] += 1
    (folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    assert "play, episode_success@tod_bench: value reported as" in refusal(folder, played)[0]


def test_predictions_are_no_episodes(played, prepared_play, tmp_path):
    folder = tmp_path / prepared_play.name
    shutil.copytree(prepared_play, folder)
    (folder / "episodes.jsonl.gz").rename(folder / "predictions.jsonl.gz")
    assert "the track toy-play is played; give the journal" in refusal(folder, played)[0]


def test_a_crash_of_an_agent_is_an_episode(played, episodes, forged):
    """An agent may fail where it likes: the end is its own, and nobody else's part changes."""
    place = next(number for number, one in enumerate(episodes) if len(one["turns"]) > 3)
    records = copy.deepcopy(episodes)
    record = records[place]
    del record["turns"][3:]
    for name in ("agent", "heard", "calls"):
        record["turns"][2].pop(name, None)
    record["end"] = "crash: ValueError"
    record["ledger"] = []
    problems = refusal(forged(records), played)
    assert all(problem.startswith("play, ") for problem in problems), "only the scores are others"


def test_the_page_shows_the_track(played, prepared_play, tracks_path, tmp_path):
    folder = prepared_play.parent
    deaf = play(played.open("toy-play").environment, DeafAgent(), tmp_path / "deaf.jsonl", trials=2)
    card = write_card(tmp_path / "card.yaml", **CARD, system="nothing heard")
    everyone = tmp_path / "everyone"
    shutil.copytree(folder, everyone)
    prepare_submission(card, [deaf], everyone, played)
    board = read_board(everyone, played)
    (ranking,) = board.rankings
    assert [entry.card.system for entry in ranking.entries] == ["sampler", "nothing heard"]
    index = write_site(board, tmp_path / "site").read_text(encoding="utf-8")
    assert "Toy corpus, played: success with a simulated user" in index
    assert "4 goals, 2 trials of each; user agenda2, patience 3, language words, seed 1" in index
    assert "95% bootstrap intervals over goals" in index
    assert "pass_k" in index
    with gzip.open(next((tmp_path / "site" / "predictions").glob("sampler*")), "rt") as file:
        assert sum(1 for _ in file) == 8

    # Its episodes can be browsed, all systems on the same goals, as far as the track shows its dialogues.
    assert 'href="episodes/toy-play.html"' in index
    text = (tmp_path / "site" / "episodes" / "toy-play.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert sorted(data["agents"]) == ["nothing heard", "sampler"]
    assert data["total"] == 16
    shown = {agent: {one["id"] for one in data["episodes"] if one["agent"] == agent} for agent in data["agents"]}
    assert shown["sampler"] == shown["nothing heard"]
    assert len(shown["sampler"]) == 3 * 2
    assert all(one["goal"] and one["turns"] and one["outcomes"] for one in data["episodes"])
    page = next((tmp_path / "site" / "systems").glob("nothing-heard-*")).read_text(encoding="utf-8")
    assert 'href="../episodes/toy-play.html#a=nothing+heard"' in page
    hidden = read_board(everyone, tracks_with(tracks_path, tmp_path, dialogues=0))
    again = write_site(hidden, tmp_path / "site").read_text(encoding="utf-8")
    assert "toy-play.html" not in again
    assert list((tmp_path / "site" / "episodes").iterdir()) == []


def tracks_with(tracks_path, folder, **settings):
    """The track with other settings."""
    other = folder / "other_tracks.yaml"
    other.write_text(yaml.safe_dump({"tracks": {"toy-play": {**TRACK, **settings}}}), encoding="utf-8")
    return load_tracks(other)


def test_the_same_episodes_are_listed_once(played, prepared_play, journal, tmp_path):
    card = write_card(tmp_path / "card.yaml", **CARD, system="copied")
    shutil.copytree(prepared_play.parent, tmp_path / "all")
    prepare_submission(card, [journal], tmp_path / "all", played)
    board = read_board(tmp_path / "all", played)
    assert "play: the predictions are those of" in board.refused[0].problems[0]


def test_the_command_line_takes_a_journal(journal, tracks_path, tmp_path):
    card = write_card(tmp_path / "card.yaml", **CARD)
    arguments = ["prepare", str(journal), "--card", str(card), "-o", str(tmp_path), "--tracks", str(tracks_path)]
    made = CliRunner().invoke(command, arguments, catch_exceptions=False).output
    folder = made.split(": ", 1)[1].strip()
    checked = CliRunner().invoke(command, ["validate", folder, "--tracks", str(tracks_path)], catch_exceptions=False)
    assert "is valid: 8 episodes, play of toy-play" in checked.output


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"play": None}, "a track that is played"),
        ({"metrics": {"play": ["episode_success"], "dst": ["jga"]}}, "a track that is played"),
        ({"metrics": {"play": ["jga"]}}, "does not score episodes"),
        ({"metrics": {"play": ["simulator_faults"]}}, "no one can check it"),
        ({"metrics": {"play": ["episode_succes"]}}, "episode_succes"),
    ],
)
def test_a_track_that_cannot_be_played_is_an_error(tmp_path, changes, words):
    path = tmp_path / "tracks.yaml"
    track = {name: value for name, value in {**TRACK, **changes}.items() if value is not None}
    path.write_text(yaml.safe_dump({"tracks": {"bad": track}}), encoding="utf-8")
    with pytest.raises(UserError, match=words):
        load_tracks(path)
