"""docs/play.md: its commands run, its agent plays, and its tables are those of the code."""

import re

import pytest
import yaml

from guides import DOCS, blocks, follow
from tod_bench.interact.config import AGENTS, AgentSection, agent_of, load_play
from tod_bench.interact.episode import CALLS, TURNS, Environment
from tod_bench.interact.http_agent import HTTPAgent
from tod_bench.interact.journal import read_journal
from tod_bench.interact.play import play
from tod_bench.interact.run import run_play
from tod_bench.interact.words.language import OwnWords
from tod_bench.simulated.corpus import Simulated
from tod_metrics.episode import EPISODE_METRICS

PAGE = (DOCS / "play.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_work_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    played, scored, shown, browsed, card = follow("play.md")
    assert "note: deaf: episodes ended: left 40" in played
    assert "pass_k(k=2)" in scored
    assert "sim-test-00002/1, ended: done" in shown
    assert "episodes.html" in browsed
    assert "the card: runs/play/play_quickstart/user_card" in card


def test_the_agent_and_config_of_the_page_play(tmp_path, monkeypatch):
    (tmp_path / "polite.py").write_text(blocks("play.md", "python")[0], encoding="utf-8")
    (tmp_path / "my_play.yaml").write_text(blocks("play.md", "yaml")[0], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    played = run_play(load_play(str(tmp_path / "my_play.yaml")), tmp_path / "out")
    assert played.scores["rule"].get("episode_success").score == 100
    assert played.scores["mine"].get("episode_success").score == 0
    assert "polite" in (tmp_path / "out" / "mine.jsonl").read_text(encoding="utf-8")


def test_the_page_has_every_metric_and_setting():
    for name in EPISODE_METRICS:
        assert f"`{name}`" in PAGE
    config = yaml.safe_load(blocks("play.md", "yaml")[0])
    assert set(config) == {
        "name",
        "corpus",
        "split",
        "goals",
        "trials",
        "seed",
        "language",
        "user",
        "seconds",
        "agents",
        "small",
    }
    assert f"| `turns` | {TURNS} turns |" in PAGE
    assert CALLS == 10
    assert "up to ten times a turn" in re.sub(r"\s+", " ", PAGE)


def test_the_service_of_the_page_is_an_agent(tmp_path):
    import threading
    from http.server import ThreadingHTTPServer

    names = {"__name__": "service"}
    exec(next(block for block in blocks("play.md", "python") if "class Service" in block), names)
    server = ThreadingHTTPServer(("127.0.0.1", 0), names["Service"])
    server.RequestHandlerClass.log_message = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    environment = Environment(Simulated({"test": 2}), language=OwnWords())
    try:
        journal = play(environment, HTTPAgent(f"http://127.0.0.1:{server.server_port}"), tmp_path / "j.jsonl")
    finally:
        server.shutdown()
        server.server_close()
    records = list(read_journal(journal))
    assert [record["end"] for record in records] == ["left", "left"]
    assert "restaurants in the north" in records[0]["turns"][0]["agent"]["text"]


def test_the_agents_of_the_page_are_those_that_there_are():
    for name in AGENTS:
        assert f"| `{name}` |" in PAGE
    for block in blocks("play.md", "yaml")[1:]:
        for section in yaml.safe_load(block)["agents"].values():
            assert agent_of(AgentSection.model_validate(section), "words").name in AGENTS


@pytest.mark.parametrize("name", ["play_quickstart", "play_multiwoz"])
def test_the_shipped_config_of_the_page(name):
    assert name in PAGE
    assert load_play(name).title
