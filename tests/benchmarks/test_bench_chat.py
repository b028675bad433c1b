"""The share of a server's slots that is used is counted up to where fewer dialogues than slots are left."""

import pytest

from benchmarks import bench_chat
from benchmarks.bench_chat import busy_share, memory_growth
from tod_bench.llm import ScriptedClient, converse

SPANS = [(0.0, 2.0), (2.0, 4.0), (0.0, 2.0), (3.0, 5.0)]


def test_the_share_of_the_slots_that_is_used():
    """Two slots, three dialogues: from 4.0 on one dialogue is left, so 7 of 8 seconds of slots are used."""
    assert busy_share(SPANS, [2.0, 4.0, 5.0], slots=2) == pytest.approx(7 / 8)


def test_predictions_that_come_out_together_are_one_dialogue():
    assert busy_share(SPANS, [2.0, 2.0, 4.0, 4.0, 5.0], slots=2) == pytest.approx(7 / 8)


def test_conversations_that_have_ended_are_forgotten():
    assert memory_growth(4_000) < 5


def test_a_leak_is_seen(monkeypatch):
    kept = []

    def leaking(_client, talks, at_once):
        client = ScriptedClient(lambda request: kept.append(str(request.messages[0].content) * 2) or "x")
        yield from converse(client, talks, at_once)

    monkeypatch.setattr(bench_chat, "converse", leaking)
    assert memory_growth(4_000) > 15
