"""People as users: the page, what it takes, and the episodes that come of it."""

import json
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tod_bench.errors import UserError
from tod_bench.interact.config import PlayConfig
from tod_bench.interact.journal import read_journal
from tod_bench.interact.people import Desk
from tod_bench.interact.run import chat_play

CONFIG = PlayConfig.model_validate(
    {
        "name": "x",
        "corpus": {"corpus": "simulated", "options": {"dialogues": {"test": 2}}},
        "agents": {"tracked": {"agent": "rule"}},
    }
)


def ask(desk, method, path, value=None, **headers):
    connection = HTTPConnection(urlsplit(desk.url).netloc, timeout=5)
    body = None if value is None else json.dumps(value)
    connection.request(method, path, body, {"Content-Type": "application/json", **headers})
    reply = connection.getresponse()
    content = reply.read().decode()
    connection.close()
    return reply.status, json.loads(content) if reply.getheader("Content-Type") == "application/json" else content


def at_the_desk(desk, says, seen):
    """A person who says given things, each when it is their turn."""
    for text, end in says:
        while not (state := ask(desk, "GET", "/state")[1])["waiting"]:
            time.sleep(0.01)
        seen.append(state)
        assert ask(desk, "POST", "/say", {"text": text, "end": end}) == (200, {"taken": True})


def test_what_people_type_becomes_episodes(tmp_path):
    says = [("I need a hotel in the north.", ""), ("", "done"), ("A train please.", "gave_up")]
    seen = []
    with Desk() as desk:
        person = threading.Thread(target=at_the_desk, args=(desk, says, seen))
        person.start()
        first, second = read_journal(chat_play(CONFIG, "", tmp_path, desk))
        person.join()
    assert [first["end"], second["end"]] == ["done", "gave_up"]
    assert first["versions"]["user"] == "people1"
    assert ["hotel", "inform", "area", "north"] in first["turns"][0]["user"]["acts"]
    assert first["turns"][1]["user"]["text"] == "Thank you. Goodbye."
    assert [state["number"] for state in seen] == [1, 1, 2]
    assert seen[1]["said"][1] == ["agent", first["turns"][0]["agent"]["text"]]
    assert all(value in seen[0]["goal"] for wish in first["goal"]["wishes"] for value in wish["inform"].values())


def test_the_page_takes_nothing_from_elsewhere_and_nothing_out_of_turn():
    with Desk() as desk:
        assert "What you say" in ask(desk, "GET", "/")[1]
        assert ask(desk, "GET", "/state", Host="example.org")[0] == 403
        assert ask(desk, "POST", "/say", {"text": "x"}, Host="example.org:80")[0] == 403
        assert ask(desk, "GET", "/other")[0] == 404
        for value in ({"text": "Hello."}, {"text": "Hello.", "end": "won"}, {}, [], {"text": "\ud800"}):
            assert ask(desk, "POST", "/say", value) == (409, {"taken": False})
        with pytest.raises(UserError, match="name another one with --port"):
            Desk(int(urlsplit(desk.url).port))


def test_there_must_be_such_an_agent(tmp_path):
    with Desk() as desk, pytest.raises(UserError, match="no agent 'tracket'; did you mean 'tracked'"):
        chat_play(CONFIG, "tracket", tmp_path, desk)
