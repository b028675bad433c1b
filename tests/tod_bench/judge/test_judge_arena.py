"""An arena from judge runs and from files of votes: what counts as a vote, and what is refused."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from tod_bench.cli.main import command
from tod_bench.errors import DataError, UserError
from tod_bench.judge.arena import arena, arena_markdown, read_votes
from tod_bench.judge.run import run
from tod_bench.judge.several import ArenaConfig, Purse, load_study, run_pairs


def written(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


HEADER = ("item", "first", "second", "winner")


def votes_file(path, count=300, *, taste=0.0, seed=0):
    """Votes of a voter for whom c is better than b, and b than a, and who likes long answers; and the lengths."""
    generator = np.random.default_rng(seed)
    strength, rows, lengths = {"a": -0.8, "b": 0.0, "c": 0.8}, [], []
    for number in range(count):
        first, second = generator.choice(["a", "b", "c"], 2, replace=False)
        words = generator.integers(20, 200, 2)
        lead = strength[first] - strength[second] + taste * (words[0] - words[1]) / words.sum()
        wins = generator.random() < 1 / (1 + np.exp(-lead))
        rows.append((f"d{number}", first, second, first if wins else second))
        lengths += [(f"d{number}", first, words[0]), (f"d{number}", second, words[1])]
    features = written(path.with_name("features.csv"), ("item", "system", "words"), lengths)
    return written(path, HEADER, rows), features


def test_a_file_of_votes_gives_standings(tmp_path):
    path, _ = votes_file(tmp_path / "votes.csv")
    found = arena(read_votes([path]), draws=200, budget=30)
    assert [one.system for one in found.standings] == ["c", "b", "a"]
    assert (found.votes, found.dialogues) == (300, 300)
    assert sum(one.wins for one in found.standings) == sum(one.losses for one in found.standings) == 300
    assert all(one.win_low < one.win_rate < one.win_high for one in found.standings)
    assert found.standings[0].ranks[0] == 1
    assert sum(count for *_, count in found.ask_next) == 30
    assert "| c | 1" in arena_markdown(found, "Mine")


def test_a_taste_for_length_is_controlled_for(tmp_path):
    path, features = votes_file(tmp_path / "votes.csv", 1500, taste=3.0)
    found = arena(read_votes([path], features), controls=["words"], draws=200)
    (control,) = found.controls
    assert control.low > 0.5
    assert {one.system: one.strength for one in found.standings} == pytest.approx(
        {"a": -0.8, "b": 0.0, "c": 0.8}, abs=0.25
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("d1", "a", "b", "c")], "line 2: the winner 'c' is neither"),
        ([("d1", "a", "a", "a")], "two different systems"),
        ([("d1", "a", "tie", "a")], "none called a side"),
        ([("d1", "a", "b", "a"), ("d1", "b", "a", "a")], "votes twice on b and a in d1"),
        ([("d1", "a", "b")], "3 cells below 4 column names"),
    ],
)
def test_what_is_no_vote_is_named_with_its_line(tmp_path, rows, said):
    with pytest.raises(DataError, match=said):
        read_votes([written(tmp_path / "votes.csv", HEADER, rows)])


def test_line_breaks_within_a_cell_are_part_of_it(tmp_path):
    """Two ids that differ in a line break alone are two dialogues; a Unicode line separator ends no row either."""
    path = tmp_path / "votes.csv"
    rows = ['"d\n1",a,b,a', "d1,b,a,b", "d\u20282,a,b,tie", '"d\n\n3",a,b,"b"']
    path.write_text("\n".join(["item,first,second,winner", *rows]) + "\n", encoding="utf-8")
    votes = read_votes([path]).votes
    assert [(vote.item, vote.outcome) for vote in votes] == [
        ("d\n1", "first"),
        ("d1", "first"),
        ("d\u20282", "tie"),
        ("d\n\n3", "second"),
    ]


def test_what_cannot_be_fitted_is_a_sentence(tmp_path):
    apart = written(tmp_path / "apart.csv", HEADER, [("d1", "a", "b", "a"), ("d2", "c", "d", "tie")])
    with pytest.raises(UserError, match=r"no votes join these groups of systems.*: a, b; c, d"):
        arena(read_votes([apart]))
    one = written(tmp_path / "one.csv", HEADER, [("d1", "a", "b", "a")])
    with pytest.raises(UserError, match="about one dialogue"):
        arena(read_votes([one]))
    pair = written(tmp_path / "pair.csv", HEADER, [("d1", "a", "b", "a"), ("d2", "a", "b", "a")])
    with pytest.raises(UserError, match="nothing is known of 'words'"):
        arena(read_votes([pair]), controls=["words"])
    some = written(tmp_path / "some.csv", ("item", "system", "words"), [("d1", "a", 4), ("d1", "b", 5)])
    with pytest.raises(UserError, match="words is not known for 1 of 2 votes"):
        arena(read_votes([pair], some), controls=["words"])
    wins = arena(read_votes([pair]), draws=100)
    assert "a lost no vote and tied none" in wins.notes[0]
    assert np.isfinite([one.strength for one in wins.standings]).all()


def judged(versions, folder, make_config, client, **changes):
    config = make_config(
        "pairwise",
        versions={"original": {"style": "original"}, "restyled": {"style": "personalised"}, **versions},
        sample={"items": 8},
        **changes,
    )
    run(config, folder, client)
    return folder


def pair_answer(request):
    """No verdict on children, always the first system for seniors, a tie for all others."""
    prompt = request.messages[0].content
    nonce = prompt.rpartition('{"check": "')[2].partition('"')[0]
    winner = "nobody" if "a girl" in prompt else "1" if "an elderly man" in prompt else "tie"
    return json.dumps({"check": nonce, "reason": "", "factors": [], "winner": winner})


def test_judge_runs_are_votes_without_what_is_unscored(tiny, make_config, make_client, tmp_path):
    folder = judged({}, tmp_path / "run", make_config, make_client(pair_answer), pair=["original", "restyled"])
    read = read_votes([folder])
    assert (read.unscored, read.inconsistent, len(read.votes)) == (2, 2, 6)
    assert {vote.outcome for vote in read.votes} == {"tie"}
    found = arena(read, draws=100)
    assert "2 of 8 pairs have no verdict" in " ".join(found.notes)
    lengths = read.features[read.votes[0].item, "original"]
    assert lengths["length"] > 5


def test_one_name_for_two_versions_is_refused(tiny, make_config, make_client, tmp_path):
    client = make_client(pair_answer)
    pair = ["original", "other"]
    first = judged({"other": {"style": "personalised"}}, tmp_path / "a", make_config, client, pair=pair)
    second = judged({"other": {"style": "original"}}, tmp_path / "b", make_config, client, pair=pair)
    with pytest.raises(UserError, match="'other' is another version there than in an earlier run"):
        read_votes([first, second])


def test_an_arena_config_judges_every_pair(tiny, tmp_path):
    versions = {"plain": {}, "styled": {"style": "personalised"}, "again": {"style": "personalised"}}
    study = {
        "task": "pairwise",
        "corpus": {"corpus": "tiny"},
        "versions": versions,
        "sample": {"items": 8},
        "bootstrap": {"draws": 100},
    }
    config = ArenaConfig(name="mine", study=study)
    folders = run_pairs(config, tmp_path / "runs", Purse(tmp_path / "cache.sqlite"), model="scripted")
    assert sorted(folder.name for folder in folders) == ["plain_again", "plain_styled", "styled_again"]
    found = arena(read_votes(folders), draws=100)
    assert found.standings[-1].system == "plain"
    assert found.votes == 24


def test_the_command_reads_votes_and_writes_numbers(tmp_path):
    path, features = votes_file(tmp_path / "votes.csv", 60)
    arguments = ["judge", "arena", str(path), "--features", str(features), "--control", "words", "--draws", "100"]
    result = CliRunner().invoke(command, [*arguments, "-o", str(tmp_path / "arena.json")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "at equal words" in result.output
    assert json.loads((tmp_path / "arena.json").read_text())["votes"] == 60


def test_the_shipped_config_has_a_small_variant():
    assert load_study(ArenaConfig, "judge_arena", small=True).change == {"sample.items": 16}
