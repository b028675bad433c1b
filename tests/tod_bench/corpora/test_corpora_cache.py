"""The cache of dialogues: the same dialogues, keyed by content, safe under kills and rivals."""

import hashlib
import json
import multiprocessing
import os
import pickle
import time
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from corpora_releases import sgd_dialogue
from hypothesis import given
from hypothesis import strategies as st

from tod_bench import digests as digest_module
from tod_bench.corpora.cache import decode, encode
from tod_bench.corpora.places import find_corpus
from tod_bench.corpora.sgd import SGD
from tod_bench.digests import digests
from tod_bench.errors import DataError, UserError
from tod_bench.files import cache_home, write_text
from tod_bench.records import Act, Dialogue, DomainGoal, Persona, Span, Turn

TEXT = st.text(max_size=4)
STATES = st.dictionaries(
    TEXT, st.dictionaries(TEXT, st.lists(TEXT, min_size=1, max_size=2).map(tuple), min_size=1), max_size=2
)
ACTS = st.lists(st.builds(Act, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple)
SPANS = st.lists(
    st.builds(Span, st.sampled_from(["user", "system"]), TEXT, TEXT, TEXT, st.integers(0, 9), st.integers(0, 9)),
    max_size=2,
)
TURNS = st.builds(
    Turn,
    st.integers(0, 5),
    TEXT,
    TEXT,
    st.none() | TEXT,
    st.none() | TEXT,
    STATES,
    ACTS,
    ACTS,
    st.lists(TEXT, max_size=2).map(tuple),
    SPANS.map(tuple),
    st.dictionaries(TEXT, st.integers(0, 9), max_size=2),
)
GOALS = st.dictionaries(
    TEXT,
    st.builds(
        DomainGoal, st.dictionaries(TEXT, TEXT), st.lists(TEXT, max_size=2).map(tuple), st.dictionaries(TEXT, TEXT)
    ),
    max_size=2,
)
DIALOGUES = st.builds(
    Dialogue,
    TEXT,
    TEXT,
    TEXT,
    st.lists(TEXT, max_size=2).map(tuple),
    st.lists(TURNS, max_size=3).map(tuple),
    GOALS,
    st.none() | st.builds(Persona, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT),
)


@given(DIALOGUES)
def test_decoding_is_the_inverse_of_encoding(dialogue: Dialogue) -> None:
    assert decode(encode(dialogue)) == dialogue


def test_what_is_decoded_is_made_of_records() -> None:
    act = Act("hotel", "inform", "area", "east")
    turn = Turn(0, "hi", acts=(act,), spans=(Span("user", "hotel", "area", "e", 0, 1),))
    decoded = decode(encode(Dialogue("d", "c", "train", (), (turn,)))).turns[0]
    assert [type(part) for part in (decoded, *decoded.acts, *decoded.spans)] == [Turn, Act, Span]
    assert (hash(decoded.acts[0]), pickle.loads(pickle.dumps(decoded))) == (hash(act), turn)
    with pytest.raises(FrozenInstanceError):
        decoded.index = 1  # type: ignore[misc]


def _arrow_files() -> list[Path]:
    return sorted((cache_home() / "arrow").glob("*"))


def test_the_second_pass_reads_the_cache_and_gives_the_same(release_sgd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = list(SGD(release_sgd, cache=False).dialogues("train"))
    assert _arrow_files() == []
    assert list(SGD(release_sgd).dialogues("train")) == raw
    (cached,) = _arrow_files()
    assert cached.name.startswith("sgd-accumulated-unofficial-train-")
    monkeypatch.setattr("tod_bench.corpora.sgd.records", lambda *_: pytest.fail("the raw files were read again"))
    assert list(SGD(release_sgd).dialogues("train")) == raw


def test_datasets_opens_the_cache(release_sgd: Path) -> None:
    datasets = pytest.importorskip("datasets")
    dialogues = list(SGD(release_sgd).dialogues("train"))
    table = datasets.Dataset.from_file(str(_arrow_files()[0]))
    assert table["id"][:] == [dialogue.id for dialogue in dialogues]
    assert [decode(line) for line in table["record"][:]] == dialogues


def test_a_damaged_cache_is_named(release_sgd: Path) -> None:
    list(SGD(release_sgd).dialogues("train"))
    (cached,) = _arrow_files()
    cached.write_bytes(cached.read_bytes()[:700])
    with pytest.raises(UserError, match=f"{cached.name} is damaged"):
        list(SGD(release_sgd).dialogues("train"))


def test_a_cache_with_a_spoilt_record_is_named(release_sgd: Path) -> None:
    list(SGD(release_sgd).dialogues("train"))
    (cached,) = _arrow_files()
    cached.write_bytes(cached.read_bytes().replace(b"\xa71_00000", b"\xc11_00000"))
    with pytest.raises(UserError, match=f"{cached.name} is damaged"):
        list(SGD(release_sgd).dialogues("train"))


def test_a_corpus_is_looked_for_in_plain_folders_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOD_BENCH_DATA", str(tmp_path))
    for folder in ("b/deep", "a", ".hidden", "1/2/3/4/5/6/7"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    weighed: list[str] = []

    def match_size(folder: Path) -> int:
        weighed.append(str(folder.relative_to(tmp_path)))
        return int(folder.name in ("a", "deep"))

    assert find_corpus("sgd", match_size) == tmp_path / "a"
    assert weighed == [".", "1", "1/2", "1/2/3", "1/2/3/4", "1/2/3/4/5", "1/2/3/4/5/6", "a", "b", "b/deep"]


def test_a_pass_that_never_starts_leaves_nothing(release_sgd: Path) -> None:
    SGD(release_sgd).dialogues("train")
    assert _arrow_files() == []


def test_a_pass_that_stops_early_leaves_no_cache(release_sgd: Path) -> None:
    dialogues = SGD(release_sgd).dialogues("train")
    next(dialogues)
    dialogues.close()  # type: ignore[attr-defined]
    assert _arrow_files() == []


def test_a_record_that_is_skipped_keeps_the_split_uncached(release_sgd: Path, write: Any) -> None:
    write("sgd/train/dialogues_001.json", [{}, sgd_dialogue("1_00001", "Homes_1")])
    lenient = SGD(release_sgd, skip_invalid=True)
    for _ in range(2):
        assert len(list(lenient.dialogues("train"))) == 2
    assert (len(lenient.skipped), _arrow_files()) == (1, [])
    with pytest.raises(DataError):
        list(SGD(release_sgd).dialogues("train"))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "train" / "dialogues_003.json").write_text("[]", encoding="utf-8"),
        lambda folder: (folder / "train" / "dialogues_002.json").write_text("[]", encoding="utf-8"),
        lambda folder: (folder / "train" / "schema.json").write_text("[] ", encoding="utf-8"),
        lambda folder: (folder / "train" / "dialogues_002.json").rename(folder / "train" / "dialogues_000.json"),
    ],
    ids=["a file more", "other dialogues", "another schema", "another order"],
)
def test_another_content_is_another_fingerprint(release_sgd: Path, change: Any) -> None:
    before = SGD(release_sgd).fingerprint
    assert SGD(release_sgd).fingerprint == before
    change(release_sgd)
    assert SGD(release_sgd).fingerprint != before


def test_place_and_time_are_no_part_of_the_fingerprint(release_sgd: Path, tmp_path: Path) -> None:
    before = SGD(release_sgd).fingerprint
    moved = release_sgd.rename(tmp_path / "elsewhere")
    os.utime(moved / "train" / "dialogues_001.json", (1, 1))
    assert SGD(moved).fingerprint == before


def test_options_are_part_of_the_fingerprint_but_skipping_and_caching_are_not(release_sgd: Path) -> None:
    one = SGD(release_sgd)
    assert SGD(release_sgd, "frame").fingerprint != one.fingerprint
    assert SGD(release_sgd, skip_invalid=True, cache=False).fingerprint == one.fingerprint


def test_without_a_writable_cache_everything_still_reads(
    release_sgd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "file"))
    assert len(list(SGD(release_sgd).dialogues("train"))) == 3


def test_without_pyarrow_the_raw_files_are_read(release_sgd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tod_bench.corpora.file_corpus.find_spec", lambda _: None)
    assert len(list(SGD(release_sgd).dialogues("train"))) == 3
    assert _arrow_files() == []


def _read_in_a_process(folder: str, cache: str, found: Any) -> None:
    os.environ["TOD_BENCH_CACHE"] = cache
    found.put(len(list(SGD(folder).dialogues("train"))))


def test_two_processes_at_once(release_sgd: Path, write: Any) -> None:
    write("sgd/train/dialogues_003.json", [sgd_dialogue(f"3_{n:05}", "Homes_1", "Media_1") for n in range(600)])
    spawn = multiprocessing.get_context("spawn")
    found = spawn.Queue()
    rivals = [
        spawn.Process(target=_read_in_a_process, args=(str(release_sgd), str(cache_home()), found)) for _ in range(2)
    ]
    for rival in rivals:
        rival.start()
    assert [found.get(timeout=60) for _ in rivals] == [603, 603]
    for rival in rivals:
        rival.join()
    assert len(_arrow_files()) == 1
    assert len(list(SGD(release_sgd).dialogues("train"))) == 603


def test_digests_are_remembered_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    monkeypatch.setattr(digest_module, "_SETTLED", -1.0)  # the time of its inode's change cannot be set back
    first = digests([path])[path]
    monkeypatch.setattr(digest_module, "_digest", lambda *_: "fresh")
    assert digests([path])[path] == first
    assert digests([path], "git")[path] == "fresh"
    os.utime(path, (time.time() - 30, time.time() - 30))
    assert digests([path])[path] == "fresh"


def test_the_digest_of_a_file_that_has_just_changed_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    digests([path])
    monkeypatch.setattr(digest_module, "_digest", lambda *_: "fresh")
    assert digests([path])[path] == "fresh"


def test_a_file_that_changes_while_it_is_read_is_read_again_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = tmp_path / "a", digest_module._digest
    path.write_bytes(b"one")

    def changed_meanwhile(file: Path, kind: digest_module.Kind) -> str:
        digest = read(file, kind)
        file.write_bytes(b"another")
        return digest

    monkeypatch.setattr(digest_module, "_SETTLED", -1.0)
    monkeypatch.setattr(digest_module, "_digest", changed_meanwhile)
    old = digests([path])[path]
    monkeypatch.setattr(digest_module, "_digest", read)
    assert digests([path])[path] == hashlib.sha256(b"another").hexdigest() != old


def test_known_digests(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"hello\n")
    # `printf 'hello\n' | sha256sum` and `printf 'hello\n' | git hash-object --stdin`
    assert digests([path])[path] == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert digests([path], "git")[path] == "ce013625030ba8dba906f756967f9e9ca394464a"
    with pytest.raises(DataError, match="the file is missing"):
        digests([tmp_path / "b"])


def test_the_memory_of_digests_is_read_again_only_where_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_module, "_SETTLED", -1.0)
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        path.write_bytes(path.name.encode())
    read: list[str] = []
    loads = json.loads
    monkeypatch.setattr(digest_module.json, "loads", lambda text: read.append(text) or loads(text))
    found = [digests(paths) for _ in range(4)]
    assert found == [found[0]] * 4
    assert len(read) == 1
    memory = loads((cache_home() / "digests.json").read_text(encoding="utf-8"))
    memory[str(paths[0])]["sha256"] = "from another process"
    write_text(cache_home() / "digests.json", json.dumps(memory))
    assert digests(paths) == {paths[0]: "from another process", paths[1]: found[0][paths[1]]}
    assert len(read) == 2


def test_a_damaged_memory_of_digests_is_no_harm(tmp_path: Path) -> None:
    cache_home().mkdir(parents=True)
    (cache_home() / "digests.json").write_text("[broken", encoding="utf-8")
    path = tmp_path / "a"
    path.write_bytes(b"one")
    assert len(digests([path])[path]) == 64
    assert isinstance(json.loads((cache_home() / "digests.json").read_text(encoding="utf-8")), dict)
