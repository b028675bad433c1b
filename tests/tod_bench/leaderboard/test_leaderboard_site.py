"""The board and its site: order, history, pages, CSV; what strangers write stays text."""

import csv
import datetime
import gzip
import io
import json
import re
import shutil
from html import unescape

import pytest
from click.testing import CliRunner

from html_outline import Outline
from leaderboards import submit, write_card
from tod_bench.cli.main import command
from tod_bench.errors import UserError
from tod_bench.leaderboard import Tracks, build_leaderboard, read_board, write_site
from tod_bench.leaderboard.definitions import definitions
from tod_bench.leaderboard.figures import history, whiskers
from tod_bench.leaderboard.ledger import accept_submission
from tod_bench.leaderboard.numbers import to_csv
from tod_bench.leaderboard.site import short_count

EVIL = "<script>window.hacked=1</script>"
FORMULA = '=HYPERLINK("https://example.org","x")'


@pytest.fixture(scope="module")
def folder(tracks, tmp_path_factory):
    """Five systems: two alike and one worse, the best of them latest; one shown gold; one whose names are hostile."""
    found = tmp_path_factory.mktemp("submissions")
    submit(found, tracks, 2, system="late", date="2026-05-01", tasks=["dst", "policy"])
    submit(found, tracks, 1, system="worst", date="2026-02-01")
    submit(
        found, tracks, 3, system=FORMULA, team=EVIL, description=EVIL, code=EVIL, training_data=EVIL, date="2026-06-01"
    )
    submit(found, tracks, 0, system="ceiling", gold_access=["gold"], link=None)
    submit(found, tracks, 2, value="another", system="early", date="2026-01-01")
    return found


@pytest.fixture(scope="module")
def board(folder, tracks):
    return read_board(folder, tracks)


@pytest.fixture(scope="module")
def site(board, tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    write_site(board, out)
    return out


def test_every_number_is_computed_from_predictions(folder, tracks, tmp_path):
    """A reported score cannot move the board: a submission with a wrong one is left out, others stay."""
    copied = tmp_path / "submissions"
    shutil.copytree(folder, copied)
    liar = next(copied.glob("worst-*"))
    reported = json.loads((liar / "scores.json").read_text(encoding="utf-8"))
    reported["scores"]["dst"][0]["value"] = 99.9
    (liar / "scores.json").write_text(json.dumps(reported), encoding="utf-8")
    found = read_board(copied, tracks)
    assert [one.name for one in found.refused] == [liar.name]
    assert len(found.refused[0].problems) == 1
    assert "worst" not in {entries[0].card.system for entries in found.systems.values()}
    assert len(found.systems) == 4
    index = write_site(found, tmp_path / "site").read_text(encoding="utf-8")
    assert "value reported as 99.9, computed as" in index
    assert not list((tmp_path / "site" / "systems").glob("worst-*"))


def test_systems_are_in_order_with_ranges_of_ranks(board, toy):
    ranking = board.rankings[0]
    assert (ranking.track, ranking.task) == (toy, "dst")
    assert [entry.card.system for entry in ranking.entries] == [FORMULA, "early", "late", "worst", "ceiling"]
    ranks = {entry.card.system: ranking.columns[0].places[entry.submission.name].rank for entry in ranking.entries}
    assert ranks == {"ceiling": "", FORMULA: "1", "early": "2–3", "late": "2–3", "worst": "4"}
    assert [column.label for column in ranking.columns] == ["jga", "jga@trade", "slot_f1"]
    assert [one.task for one in board.rankings] == ["dst", "policy"]
    assert [entry.card.system for entry in board.rankings[1].entries] == ["late"]


def test_history_has_the_best_up_to_each_date(board):
    figure = history(board.rankings[0])
    assert [(datum.label, datum.over) for datum in figure.data] == [
        ("2026-01-01", "early"),
        ("2026-02-01", "early"),
        ("2026-05-01", "early"),  # late is as good, and came later
        ("2026-06-01", FORMULA),
    ]
    assert history(board.rankings[1]) is None
    assert [entry.card.date.isoformat() for entry in board.newest_first][0::4] == ["2026-06-01", "2026-01-01"]


def test_intervals_of_a_column_share_one_scale(board):
    column = board.rankings[0].columns[0]
    drawn = whiskers(column)
    assert min(ends[0] for ends in drawn.values()) == 0
    assert max(ends[2] for ends in drawn.values()) == 100
    assert all(ends[0] <= ends[1] <= ends[2] for ends in drawn.values())
    scores = {name: place.score for name, place in column.places.items()}
    low = min(score.low for score in scores.values())
    name = board.rankings[0].entries[2].submission.name
    assert drawn[name][1] == pytest.approx(100 * (scores[name].value - low) / (100 - low), abs=0.01)


def test_pages_are_well_formed_and_link_to_each_other(site, board):
    pages = {path: Outline(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(list((site / "systems").iterdir())) == 5
    ids = {}
    for path, page in pages.items():
        named = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(named) == len(set(named))
        divisions = [attributes for attributes in page.all("div") if attributes.get("role") == "region"]
        regions = [attributes.get("aria-label") or attributes["aria-labelledby"] for attributes in divisions]
        assert len(regions) == len(set(regions))
        ids[path] = set(named)
    for path, page in pages.items():
        for link in {attributes["href"] for attributes in page.all("a")}:
            name, _, fragment = link.partition("#")
            if not name.startswith("http"):
                target = (path.parent / name).resolve() if name else path
                assert target.is_file(), link
                assert not fragment or fragment in ids[target], link
    index = pages[site / "index.html"]
    links = {attributes["href"] for attributes in index.all("a")}
    downloads = {f"predictions/{path.name}" for path in (site / "predictions").iterdir()}
    assert downloads == {f"predictions/{entry.name}.jsonl.gz" for entry in board.newest_first}
    assert {f"systems/{name}.html" for name in board.systems} | downloads | {"scores.csv", "metrics.html"} <= links
    assert len(index.all("caption")) == len(index.all("table"))
    assert all(attributes.get("scope") in ("row", "col", "rowgroup") for attributes in index.all("th"))
    sorts = [attributes.get("aria-sort") for attributes in index.all("th") if "aria-sort" in attributes]
    assert sorts == ["descending", "descending"]


def test_what_can_be_downloaded_is_what_was_submitted(site, board):
    for entry in board.newest_first:
        packed = (site / "predictions" / f"{entry.name}.jsonl.gz").read_bytes()
        assert packed == (entry.submission.folder / "predictions.jsonl.gz").read_bytes()


def test_unpacked_predictions_are_packed_and_old_ones_removed(submission, tracks, tmp_path):
    site = tmp_path / "site"
    write_site(read_board(submission.parent, tracks), site)
    (path,) = (site / "predictions").iterdir()
    assert gzip.decompress(path.read_bytes()) == (submission / "predictions.jsonl").read_bytes()
    (site / "predictions" / "mine.txt").write_text("kept", encoding="utf-8")
    shutil.rmtree(submission)
    write_site(read_board(submission.parent, tracks), site)
    assert [one.name for one in (site / "predictions").iterdir()] == ["mine.txt"]


def test_gold_of_a_corpus_that_may_not_be_shown_is_no_download(folder, tracks, tmp_path):
    hidden = Tracks({"toy": tracks.settings["toy"].model_copy(update={"dialogues": 0})})
    board = read_board(folder, hidden)
    write_site(board, tmp_path)
    (ceiling,) = (entry for entry in board.newest_first if entry.card.gold_access)
    names = {path.name for path in (tmp_path / "predictions").iterdir()}
    assert names == {f"{entry.name}.jsonl.gz" for entry in board.newest_first if entry is not ceiling}
    assert ceiling.name + ".jsonl.gz" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_best_ranked_value_of_each_column_is_marked(board, site):
    ranking = board.rankings[0]
    for column in ranking.columns:
        ranked = {name: place.score.value for name, place in column.places.items() if place.best is not None}
        assert column.best_value == max(ranked.values())
        assert column.best_value < 100  # that of the system that was shown gold
    assert [entry.card.system for entry in ranking.unranked] == ["ceiling"]
    html = (site / "index.html").read_text(encoding="utf-8")
    assert html.count('<td class="n best"') == 3 + 1  # of three columns of dst and one of policy
    assert html.index("Without a rank: shown gold") > html.index(">worst<")
    assert html.index(">ceiling<") > html.index("Without a rank: shown gold")


def test_cards_are_columns(tracks, tmp_path):
    submit(tmp_path / "s", tracks, 2, parameters=60_506_624, training_data="MultiWOZ 2.1, all domains")
    submit(tmp_path / "s", tracks, 3, system="other", parameters=None)
    board = read_board(tmp_path / "s", tracks)
    html = write_site(board, tmp_path / "site").read_text(encoding="utf-8")
    assert 'data-value="60506624">60.5M</td>' in html
    assert "<span>MultiWOZ 2.1, all domains</span>" in html
    assert '<td class="n">not known</td>' in html
    rows = list(csv.DictReader(io.StringIO(to_csv(board))))
    assert {(row["parameters"], row["training_data"]) for row in rows} == {
        ("60506624", "MultiWOZ 2.1, all domains"),
        ("", "none"),
    }


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1K"),
        (60_506_624, "60.5M"),
        (999_999, "1M"),
        (7 * 10**9, "7B"),
        (10**15, "1,000T"),
    ],
)
def test_parameters_in_three_digits(number, shown):
    assert short_count(number) == shown


def test_the_site_explains_itself(board, tmp_path, tracks):
    write_site(board, tmp_path, date=datetime.date(2026, 7, 1))
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    for path in tmp_path.rglob("*.html"):
        assert "Built on 2026-07-01." in path.read_text(encoding="utf-8")
    assert "tod-bench submit prepare predictions.jsonl --card card.yaml" in index
    names = {column.metric for ranking in board.rankings for column in ranking.columns}
    found = {one.name: one for one in definitions(board)}
    assert set(found) == names == {"jga", "slot_f1", "act_f1"}
    assert found["jga"].line.startswith("Joint goal accuracy")
    assert found["jga"].source == "tod_metrics.state.jga.JGA"
    assert {label for label, _ in found["jga"].signatures} == {"jga", "jga@trade"}
    assert not any("Args:" in paragraph for one in found.values() for paragraph in one.paragraphs)
    page = (tmp_path / "metrics.html").read_text(encoding="utf-8")
    assert all(f'<h2 id="{name}">' in page and one.line in unescape(index) for name, one in found.items())


def test_hostile_names_are_text_on_every_page(site):
    for path in [site / "index.html", *(site / "systems").iterdir()]:
        html = path.read_text(encoding="utf-8")
        page = Outline(html)
        assert EVIL not in html
        scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
        assert len(scripts) == 1
        assert "hacked" not in scripts[0]
        assert "default-src 'none'" in page.all("meta")[1]["content"]
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert not re.search(r"url\(|@import", html)
    shown = (site / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt;" in shown


def test_links_lead_away_without_a_trace(site):
    (path,) = (site / "systems").glob("late-*.html")
    page = Outline(path.read_text(encoding="utf-8"))
    away = [attributes for attributes in page.all("a") if attributes["href"].startswith("http")]
    assert away == [{"href": "https://example.org/sampler?x=1", "rel": "nofollow noopener noreferrer"}]


def test_no_cell_of_the_csv_is_a_formula(site, board):
    text = (site / "scores.csv").read_text(encoding="utf-8")
    assert text == to_csv(board)
    rows = list(csv.reader(io.StringIO(text)))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    table = list(csv.DictReader(io.StringIO(text)))
    assert {row["system"] for row in table} == {"late", "worst", "'" + FORMULA, "ceiling", "early"}
    # dst: three metrics, slot F1 of five domains, five systems; policy: act F1 and its domains, one system.
    assert sum(row["task"] == "dst" for row in table) == 5 * 8
    late = next(row for row in table if row["system"] == "late" and row["metric"] == "jga")
    assert (late["best_rank"], late["worst_rank"]) == ("2", "3")
    assert late["signature"].startswith("jga|corpus:simulated1|split:test|")


def test_dialogues_are_shown_where_the_track_allows(site, board, tracks, tmp_path, folder):
    (path,) = (site / "systems").glob("late-*.html")
    data = json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)[1])
    assert data["systems"] == ["late"]
    assert len(data["dialogues"]) == 3
    assert data["total"] == 12
    assert {dialogue["corpus"] for dialogue in data["dialogues"]} == {"toy"}
    answer = data["dialogues"][0]["turns"][0]["answers"][0]
    assert set(answer) == {"right", "errors", "acts"}
    hidden = tracks.open("toy").settings.model_copy(update={"dialogues": 0})
    out = tmp_path / "site"
    write_site(read_board(folder, Tracks({"toy": hidden})), out)
    (path,) = (out / "systems").glob("late-*.html")
    html = path.read_text(encoding="utf-8")
    assert "sim-test" not in html
    assert "Dialogues" not in html


def test_two_dates_of_one_system_share_a_page_once_accepted(tracks, tmp_path):
    for folder in (submit(tmp_path / "s", tracks, 2), submit(tmp_path / "s", tracks, 3, date="2026-04-01")):
        accept_submission(folder, tracks)
    found = read_board(tmp_path / "s", tracks)
    assert len(found.systems) == 1
    write_site(found, tmp_path / "site")
    (page,) = (tmp_path / "site" / "systems").iterdir()
    html = page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])
    assert data["systems"] == ["sampler, 2026-03-01", "sampler, 2026-04-01"]
    regions = re.findall(r'role="region" tabindex="0" aria-label="(Scores.*?)"', html)
    assert len(regions) == len(set(regions)) == 4
    assert html.index("Toy corpus, 2026-04-01</h2>") < html.index("Toy corpus, 2026-03-01</h2>")


def test_pages_of_systems_that_are_gone_are_removed(board, tmp_path):
    (tmp_path / "systems").mkdir()
    (tmp_path / "systems" / "gone-0a1b2c.html").write_text("old", encoding="utf-8")
    (tmp_path / "systems" / "mine.html").write_text("kept", encoding="utf-8")
    write_site(board, tmp_path)
    assert {path.name for path in (tmp_path / "systems").iterdir()} == {
        "mine.html",
        *(f"{name}.html" for name in board.systems),
    }


def test_the_command_line_builds_and_says_what_it_left_out(folder, tracks_file, tmp_path, monkeypatch):
    copied = tmp_path / "submissions"
    shutil.copytree(folder, copied)
    (copied / "README.md").write_text("passed over", encoding="utf-8")
    (copied / ".hidden").mkdir()
    (copied / "empty").mkdir()
    (copied / "linked").symlink_to(folder)
    arguments = ["leaderboard", "build", str(copied), "--output", str(tmp_path / "site"), "--tracks", str(tracks_file)]
    arguments += ["--cache", str(tmp_path / "cache"), "--workers", "1"]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 1
    assert "Left out: empty cannot be accepted, 3 problems:" in done.output
    assert "Left out: linked cannot be accepted, 1 problem:\n  - it is not a folder" in done.output
    assert "(5 submissions)" in done.output
    with pytest.raises(UserError, match="there is no folder"):
        read_board(tmp_path / "nothing", None)


def test_an_empty_leaderboard_is_an_error_unless_it_is_wanted(tracks, tracks_file, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "README.md").write_text("passed over", encoding="utf-8")
    with pytest.raises(UserError, match=r"s has no submission in it; make one with `tod-bench submit prepare`"):
        build_leaderboard(tmp_path / "s", tmp_path / "site", tracks)
    assert not (tmp_path / "site").exists()
    arguments = [
        "leaderboard",
        "build",
        str(tmp_path / "s"),
        "-o",
        str(tmp_path / "site"),
        "--tracks",
        str(tracks_file),
    ]
    failed = CliRunner().invoke(command, arguments)
    assert isinstance(failed.exception, UserError)
    done = CliRunner().invoke(command, [*arguments, "--allow-empty"])
    assert done.exit_code == 0
    assert "(0 submissions)" in done.output
    index = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "No submission has been accepted yet." in index
    assert "How to submit" in index
    Outline(index)


def test_building_is_one_call(folder, tracks, tmp_path):
    computed = []
    site = build_leaderboard(folder, tmp_path / "site", tracks, announce=computed.append)
    assert site.index == tmp_path / "site" / "index.html"
    assert sorted(computed) == sorted(entry.name for entry in site.board.newest_first)
    assert site.board.refused == ()


def test_a_missing_corpus_leaves_out_its_submissions_alone(folder, tracks, tmp_path, monkeypatch):
    monkeypatch.delenv("TOD_BENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    from tod_bench.leaderboard.tracks import Track

    far = Track(title="Far", corpus="sgd", options={"path": str(tmp_path / "nowhere")}, metrics={"dst": ("jga",)})
    copied = tmp_path / "submissions"
    good = next(folder.glob("early-*"))
    shutil.copytree(good, copied / good.name)
    elsewhere = copied / good.name.replace("-toy-", "-far-")
    shutil.copytree(good, elsewhere)
    write_card(elsewhere / "card.yaml", system="early", date="2026-01-01", track="far")
    found = read_board(copied, Tracks({**tracks.settings, "far": far}))
    assert [one.name for one in found.refused] == [elsewhere.name]
    assert len(found.systems) == 1
