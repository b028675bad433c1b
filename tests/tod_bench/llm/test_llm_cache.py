import json
import sqlite3
import time

import pytest

from tod_bench.errors import DataError, UserError
from tod_bench.llm import AnswerCache, ChatAnswer, Usage

ANSWER = ChatAnswer(
    "Ja – «x»\u2028\n", "stop", "gpt-4o-2024-08-06", "fp_1", Usage(10, 3, 2), 1700000000.5, structured=True
)


@pytest.fixture
def cache(tmp_path):
    with AnswerCache(tmp_path / "deep" / "c.sqlite") as made:
        yield made


def test_what_is_put_comes_back_marked_as_cached(cache):
    cache.put("k", ANSWER, asked="gpt-4o")
    found = cache.get("k")
    assert found.cached
    assert (found.text, found.usage, found.model, found.created, found.structured) == (
        ANSWER.text,
        ANSWER.usage,
        ANSWER.model,
        ANSWER.created,
        True,
    )
    assert cache.get("other") is None
    assert len(cache) == 1


def tamper(cache, statement):
    raw = sqlite3.connect(cache.path)
    raw.execute(statement)
    raw.commit()
    raw.close()


def test_a_damaged_entry_counts_as_absent_and_can_be_replaced(cache, caplog):
    cache.put("k", ANSWER, asked="gpt-4o")
    tamper(cache, "UPDATE answers SET record = replace(record, 'Ja', 'Nein')")
    assert cache.get("k") is None
    assert cache.damaged == 1
    assert "damaged" in caplog.text
    cache.put("k", ANSWER, asked="gpt-4o")
    assert cache.get("k").text == ANSWER.text


def test_an_entry_under_another_key_is_damaged(cache):
    cache.put("k", ANSWER, asked="gpt-4o")
    tamper(cache, "UPDATE answers SET key = 'j'")
    assert cache.get("j") is None


def test_export_and_import_round_trip(cache, tmp_path):
    for n in (2, 0, 1):
        cache.put(f"k{n}", ANSWER, asked="gpt-4o", repeat=n)
    exported = tmp_path / "answers.jsonl"
    assert cache.export(exported) == 3
    lines = [json.loads(line) for line in exported.read_text(encoding="utf-8").split("\n") if line]
    assert [(line["key"], line["asked"], line["repeat"]) for line in lines] == [
        ("k0", "gpt-4o", 0),
        ("k1", "gpt-4o", 1),
        ("k2", "gpt-4o", 2),
    ]
    with AnswerCache(exported) as replay, AnswerCache(tmp_path / "new.sqlite") as new:
        assert len(replay) == 3
        assert replay.get("k1") == cache.get("k1")
        assert new.add_export(exported) == 3
        assert new.get("k2") == cache.get("k2")


def test_a_damaged_export_is_refused_whole(cache, tmp_path):
    for n in range(2):
        cache.put(f"k{n}", ANSWER, asked="gpt-4o")
    exported = tmp_path / "answers.jsonl"
    cache.export(exported)
    text = exported.read_text(encoding="utf-8")
    exported.write_text(text[: text.rindex("Ja")] + text[text.rindex("Ja") + 1 :], encoding="utf-8")
    with AnswerCache(tmp_path / "new.sqlite") as new:
        with pytest.raises(DataError, match="line 2"):
            new.add_export(exported)
        assert len(new) == 0


def test_a_file_that_is_no_cache_is_told(tmp_path):
    path = tmp_path / "c.sqlite"
    path.write_text("not a database, but long enough to look like one " * 20)
    with pytest.raises(UserError, match=r"c\.sqlite"):
        AnswerCache(path)
    with pytest.raises(UserError, match="does not exist"):
        AnswerCache(tmp_path / "none.jsonl")


def test_prompts_are_not_in_the_file(cache):
    cache.put("k", ANSWER, asked="gpt-4o")
    with sqlite3.connect(cache.path) as raw:
        (record,) = raw.execute("SELECT record FROM answers").fetchone()
    assert set(json.loads(record)) == {"asked", "repeat", "answer"}


def test_a_hundred_thousand_entries_are_looked_up_in_no_time(cache):
    cache.put("k", ANSWER, asked="gpt-4o")
    raw = sqlite3.connect(cache.path)
    raw.executemany(
        "INSERT INTO answers SELECT ?, record, digest FROM answers WHERE key = 'k'",
        ((f"key {n}",) for n in range(100_000)),
    )
    raw.commit()
    raw.close()
    began = time.perf_counter()
    for _ in range(1000):
        assert cache.get("k") is not None
    assert (time.perf_counter() - began) / 1000 < 0.001
