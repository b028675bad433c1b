"""An agent behind HTTP: what it is sent, and services that misbehave."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tod_bench.errors import UserError
from tod_bench.interact.episode import Environment
from tod_bench.interact.http_agent import HTTPAgent
from tod_bench.interact.journal import read_journal
from tod_bench.interact.play import play
from tod_bench.interact.words.language import OwnWords
from tod_bench.simulated.corpus import Simulated


@contextmanager
def service(answer):
    """A service that answers with what a function makes of a turn: a value, or bytes."""

    class Service(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            turn = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made = answer(turn)
            body = made if isinstance(made, bytes) else json.dumps(made).encode()
            self.send_response(500 if made == b"500" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


ONE = Environment(Simulated({"test": 1}), language=OwnWords(), seconds=10)
BRISK = Environment(ONE.corpus, language=OwnWords(), seconds=1.0)


def played(url, folder, environment=ONE):
    return list(read_journal(play(environment, HTTPAgent(url), folder / "j.jsonl")))


def test_a_service_is_sent_turns_with_the_results_of_its_calls(tmp_path):
    turns = []

    def answer(turn):
        turns.append(turn)
        if len(turn["results"]) < 2:
            return {"call": {"name": "query", "arguments": {"domain": "hotel"}}}
        return {"say": "Which area would you like?", "acts": [["hotel", "request", "area", ""]]}

    with service(answer) as url:
        (record,) = played(url, tmp_path)
    assert [len(turn["results"]) for turn in turns[:4]] == [0, 1, 2, 0]
    assert [turn["turn"] for turn in turns[:4]] == [0, 0, 0, 1]
    assert turns[0]["text"] == record["turns"][0]["user"]["text"]
    assert turns[1]["results"][0]["count"] == 24
    assert record["turns"][0]["agent"]["acts"] == [["hotel", "request", "area", ""]]
    assert record["goal"]["id"] not in json.dumps(turns)


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (b"{", "no reply"),
        ({"say": 5}, "no reply"),
        ({"say": "a", "call": {}}, "no reply"),
        ({"call": "query"}, "no reply"),
        ({"say": "a", "acts": [["hotel"]]}, "no reply"),
        ({"say": "x" * 1_000_000}, "length"),
        ({"say": "x" * 20_000}, "length"),
        ({"call": {"name": "fly", "arguments": {}}}, "calls"),
        ({"call": {"name": "query", "arguments": "hotel"}}, "calls"),
        ({"call": {"name": "book", "arguments": {"domain": "hotel", "details": {}}}}, "calls"),
        (b"500", "http: status 500"),
    ],
)
def test_answers_of_no_use_end_the_episode_with_a_reason(tmp_path, answer, end):
    with service(lambda _: answer) as url:
        assert [record["end"] for record in played(url, tmp_path)] == [end]


def test_a_service_that_hangs(tmp_path):
    with service(lambda _: time.sleep(1.6) or {"say": "late"}) as url:
        assert [record["end"] for record in played(url, tmp_path, BRISK)] == ["hang"]


def test_a_service_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="nothing answers at http"):
        played("http://127.0.0.1:9", tmp_path)
    with pytest.raises(UserError, match="is no address"):
        HTTPAgent("localhost:8000")


def test_a_service_that_goes_away_loses_episodes_and_none_is_kept(tmp_path):
    with service(lambda _: {"say": "Hello."}) as url:
        agent = HTTPAgent(url)
    agent.prepare = lambda stage: None
    with pytest.raises(UserError, match="1 of 1 episodes were lost"):
        play(ONE, agent, tmp_path / "j.jsonl")
    assert list(read_journal(tmp_path / "j.jsonl")) == []


def test_what_hung_is_played_again_where_asked(tmp_path):
    slow = [True]

    def answer(_):
        time.sleep(1.6 if slow[0] else 0)
        return {"say": "Hello."}

    with service(answer) as url:
        assert played(url, tmp_path, BRISK)[0]["end"] == "hang"
        slow[0] = False
        assert played(url, tmp_path, BRISK)[0]["end"] == "hang"
        again = play(BRISK, HTTPAgent(url), tmp_path / "j.jsonl", retry=True)
        assert [record["end"] for record in read_journal(again)] == ["left"]
