"""The HTML page: everything escaped, nothing loaded, structure that a screen reader can walk; no browser needed."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

import tod_bench.reports.html as html_module
from html_outline import Outline
from tod_bench.cli.run import command
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.reports.browser import as_script, browser_data, sample
from tod_bench.reports.page import page_data, render
from tod_bench.reports.provenance import leaves, provenance_lines
from tod_bench.reports.table import make_table


@pytest.fixture(scope="module")
def floors_html(floors_store):
    from tod_bench.reports.runs import read_runs

    return render(page_data(read_runs(["floors"], floors_store)[0], dialogues=4))


def data_of(html):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_the_page_is_well_formed_and_can_be_walked(floors_html):
    page = Outline(floors_html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name, ids[0]) in ids
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("header")) == len(page.all("footer")) == 1
    assert all(attributes.get("scope") in ("row", "col", "rowgroup") for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) > 5
    assert all(
        attributes["role"] == "region" for tag, attributes in page.elements if attributes.get("class") == "scroll"
    )
    charts = [attributes for attributes in page.all("svg") if attributes.get("class") == "chart"]
    assert len(charts) >= 3
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in charts)
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert any(attributes.get("aria-live") == "polite" for attributes in page.all("p"))
    style = page.text[next(number for number, text in enumerate(page.text) if "--ground" in text)]
    assert "prefers-color-scheme: dark" in style
    assert "prefers-reduced-motion" in style


def test_the_page_loads_nothing_and_runs_only_its_own_script(floors_html):
    page = Outline(floors_html)
    assert not [attributes for _, attributes in page.elements if "src" in attributes or "srcset" in attributes]
    assert not page.all("link")
    assert all(attributes["href"].startswith("#") for attributes in page.all("a"))
    assert not re.search(r"url\(|@import|https?://", floors_html)
    policy = next(one["content"] for one in page.all("meta") if "http-equiv" in one)
    script = re.findall(r"<script>(.*?)</script>", floors_html, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_every_number_of_the_table_tells_its_signature(floors, floors_html):
    page = Outline(floors_html)
    tips = [attributes["data-tip"] for attributes in page.all("button") if "data-tip" in attributes]
    table = make_table(floors.config, floors.results)
    rows = sorted(table.rows, key=lambda row: row.shown_gold)
    assert [row.system for row in rows] == ["rule_match", "oracle"]
    assert tips == [number.signatures[0] for row in rows for number in row.numbers if number.signatures]
    assert all("corpus:simulated1|split:test" in tip for tip in tips)
    for number in (number for row in table.rows for number in row.numbers if number.value is not None):
        assert f"{number.value:.2f}" in floors_html


def test_published_values_stand_beside_ours(floors, monkeypatch):
    rows = [{"system": "oracle", "corpus": "plain", "values": {"JGA": 99.0}}]
    table = make_table(floors.config, floors.results, {"source": "Somewhere, Table 1", "rows": rows})
    html = render(replace(page_data(floors, dialogues=0), table=table))
    assert "Published values: Somewhere, Table 1" in html
    assert "published 99.00" in html
    assert "ours is +1.00" in html
    assert "✗ outside our interval" in html


def test_hostile_text_stays_text(nasty):
    run, corpora = nasty
    html = render(page_data(run, corpora))
    page = Outline(html)
    assert len(page.all("script")) == 2
    assert not page.all("img")
    assert "hacked" not in "".join(re.findall(r"<script>(.*?)</script>", html, re.DOTALL))
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", html)[0]
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1]
    assert not set(data) & set("<>&\u2028\u2029")
    assert data.isascii()
    assert html.encode("utf-8")
    shown = data_of(html)
    assert len(shown["dialogues"]) == 5
    assert shown["dialogues"][0]["turns"][0]["user"] == "</script><script>window.hacked = 1</script>"


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028", "]]>", "&lt;", "\ud800", '"'])
def test_script_data_comes_back_whole(text):
    written = as_script({"a": [text]})
    assert not set(written) & set("<>&\u2028")
    assert json.loads(written) == {"a": [text]}


def test_a_dialogue_shows_gold_once_and_what_differs(floors, floors_html):
    data = data_of(floors_html)
    assert data["systems"] == ["rule_match", "oracle"]
    assert data["total"] == 12
    assert len(data["dialogues"]) == 4
    corpus = open_corpus("simulated", **floors.config.corpora["plain"].options)
    gold = {dialogue.id: dialogue for dialogue in corpus.dialogues("test")}
    for dialogue in data["dialogues"]:
        for turn, shown in zip(gold[dialogue["id"]].turns, dialogue["turns"], strict=True):
            assert shown["user"] == turn.user
            assert len(shown["gold"]) == sum(len(slots) for slots in turn.state.values())
            assert shown["answers"][1]["errors"] == []
            assert shown["answers"][1]["response"] == turn.system
            assert set(shown["answers"][0]) == {"right", "errors"}
            assert shown["answers"][0]["right"] == (not shown["answers"][0]["errors"])


def test_two_renderings_show_the_same_dialogues():
    chosen = []
    for style in ("original", "personalised"):
        corpus = open_corpus("simulated", dialogues={"test": 30}, style=style)
        chosen.append([dialogue.id for dialogue in sample(list(corpus.dialogues("test")), 7)])
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 7
    assert chosen[0] == sorted(chosen[0])


def test_what_is_too_big_is_left_out_and_counted(nasty):
    run, corpora = nasty
    whole = page_data(run, corpora).browser
    from tod_bench.reports.browser import BrowsedCorpus

    dialogues = list(next(iter(corpora.values())).dialogues("test"))
    small = browser_data([BrowsedCorpus("nasty", 5, dialogues, [])], budget=900)
    assert whole["left_out"] == 0
    assert 0 < small["left_out"] < 5
    assert small["left_out"] + len(small["dialogues"]) == small["total"] == 5


def test_a_corpus_that_is_not_at_hand_is_a_note(floors):
    config = floors.config.model_copy(
        update={"corpora": {"plain": floors.config.corpora["plain"].model_copy(update={"options": {"seed": 5}})}}
    )
    page = page_data(replace(floors, config=config))
    assert page.browser["dialogues"] == []
    assert page.slots == ()
    assert any("is not (or no longer) what was scored" in note for note in page.notes)
    html = render(page)
    assert "is not (or no longer) what was scored" in html
    assert "domain_jga_all by domain" in html
    Outline(html)


def test_provenance_says_once_what_is_shared(floors):
    shared, own = provenance_lines(floors.results)
    assert dict(shared)["corpus.name"] == "simulated1"
    assert [name for name, _ in own] == [str(result.experiment) for result in floors.results]
    assert all("system.system" in dict(lines) for _, lines in own)
    assert not {key for key, _ in shared} & {key for _, lines in own for key, _ in lines}
    assert provenance_lines([]) == ([], [])
    assert leaves({"a": {"b": [1, 2]}, "c": None, "d": "x" * 900})[1][1].endswith("x …")


def test_run_writes_a_page_and_says_where(floors, tmp_path, monkeypatch):
    path = tmp_path / "floors.yaml"
    path.write_text(floors.config.model_dump_json(exclude_defaults=True), encoding="utf-8")
    arguments = [str(path), "--store", str(next(iter(floors.stores.values())))]
    done = CliRunner().invoke(command, arguments)
    written = next(iter(floors.stores.values())) / "tables" / "floors" / "page.html"
    assert f"Page: {written}" in done.stdout
    Outline(written.read_text(encoding="utf-8"))
    monkeypatch.setattr(html_module, "find_spec", lambda name: None)
    html_module._environment.cache_clear()
    done = CliRunner().invoke(command, arguments)
    assert done.stdout.count("pip install 'tod-bench[report]'") == 1
    with pytest.raises(UserError, match=r"tod-bench\[report\]"):
        render(page_data(floors, dialogues=0))
