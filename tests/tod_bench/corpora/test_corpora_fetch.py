"""Fetching, against a server of our own: broken downloads, wrong files, unsafe archives, copies at hand."""

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stores import files_end_at
from tod_bench.cli.data import command
from tod_bench.corpora import fetch as fetch_module
from tod_bench.corpora.fetch import fetch
from tod_bench.corpora.places import fetched_home
from tod_bench.corpora.release import OfficialFile, Release, releases
from tod_bench.corpora.unpack import Limits
from tod_bench.errors import UserError


class Server:
    """Serves `files`; breaks off each of the first `breaks` replies after `after` bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks, self.after, self.ranges, self.tag = 0, 1000, True, '"v1"'
        self.asked: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.reply(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.headers.get("Range"))
        content = self.files.get(request.path.lstrip("/"))
        if content is None:
            request.send_error(404)
            return
        start = 0
        match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if self.ranges and match and request.headers.get("If-Range", self.tag) == self.tag:
            start = int(match[1])
            if start >= len(content):
                request.send_error(416)
                return
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            request.send_response(200)
        request.send_header("Content-Length", str(len(content) - start))
        if self.tag:
            request.send_header("ETag", self.tag)
        request.end_headers()
        if self.breaks:
            self.breaks -= 1
            request.wfile.write(content[start : start + self.after])
            request.wfile.flush()
            request.connection.close()
            return
        request.wfile.write(content[start:])

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    monkeypatch.setattr("tod_bench.corpora.download._CHUNK", 100)


CONTENT = bytes(range(256)) * 20
SHA256 = hashlib.sha256(CONTENT).hexdigest()
GIT = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()


def _register(
    monkeypatch: pytest.MonkeyPatch, server: Server, inside: Mapping[str, str] | None = None, **facts: str
) -> None:
    file = OfficialFile(facts.pop("name", "data/a.bin"), f"{server.url}/data/a.bin", **facts)
    toy = Release("toy", "https://example.org", "CC0", (file,), inside or {})
    monkeypatch.setattr(fetch_module, "release", lambda _: toy)


@pytest.mark.parametrize("facts", [{"sha256": SHA256}, {"git": GIT}, {}], ids=["sha256", "git", "nothing known"])
def test_a_file_is_brought_checked_and_left_alone_after(
    server: Server, monkeypatch: pytest.MonkeyPatch, facts: dict[str, str]
) -> None:
    _register(monkeypatch, server, **facts)
    server.files["data/a.bin"] = CONTENT
    first = fetch("toy")
    assert (first.brought, first.in_place) == (["data/a.bin"], [])
    assert first.unchecked == ({} if facts else {"data/a.bin": SHA256})
    assert (first.folder / "data" / "a.bin").read_bytes() == CONTENT
    record = json.loads((first.folder / "FETCHED.json").read_text(encoding="utf-8"))
    assert record["files"]["data/a.bin"]["sha256"] == SHA256
    second = fetch("toy")
    assert (second.brought, second.in_place) == ([], ["data/a.bin"])
    assert len(server.asked) == 1


def test_a_download_that_breaks_off_goes_on_where_it_was(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(monkeypatch, server, sha256=SHA256)
    server.files["data/a.bin"], server.breaks = CONTENT, 2
    done = fetch("toy")
    assert server.asked == [None, "bytes=1000-", "bytes=2000-"]
    assert (done.folder / "data" / "a.bin").read_bytes() == CONTENT
    assert sorted(path.name for path in (done.folder / "data").iterdir()) == ["a.bin"]


def test_a_later_command_goes_on_where_a_broken_one_was(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(monkeypatch, server, git=GIT)
    server.files["data/a.bin"], server.breaks, server.after = CONTENT, 5, 100
    with pytest.raises(UserError, match="the same command goes on from here"):
        fetch("toy")
    assert not (fetched_home() / "toy" / "data" / "a.bin").exists()
    assert fetch("toy").brought == ["data/a.bin"]
    assert server.asked[-1] == "bytes=500-"


def test_a_download_that_fills_the_disk_goes_on_when_there_is_room(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _register(monkeypatch, server, sha256=SHA256)
    server.files["data/a.bin"] = CONTENT
    with files_end_at(3000), pytest.raises(UserError, match=r"the disk of .*/toy/data is full .*; make room there"):
        fetch("toy")
    assert (fetch("toy").folder / "data" / "a.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=3000-"]


@pytest.mark.parametrize("change", ["new tag", "no ranges"])
def test_halves_of_different_files_are_not_joined(server: Server, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    _register(monkeypatch, server, sha256=SHA256)
    server.files["data/a.bin"], server.breaks = b"x" * 5000, 5
    with pytest.raises(UserError):
        fetch("toy")
    server.files["data/a.bin"], server.breaks = CONTENT, 0
    server.tag, server.ranges = ('"v2"', True) if change == "new tag" else ('"v1"', False)
    assert (fetch("toy").folder / "data" / "a.bin").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_started_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(monkeypatch, server, sha256=SHA256)
    server.files["data/a.bin"] = CONTENT
    folder = fetched_home() / "toy" / "data"
    folder.mkdir(parents=True)
    (folder / ".a.bin.part").write_bytes(CONTENT + b"more")
    assert fetch("toy").brought == ["data/a.bin"]


@pytest.mark.parametrize("facts", [{"sha256": SHA256}, {"git": GIT}])
def test_a_wrong_checksum_keeps_nothing(server: Server, monkeypatch: pytest.MonkeyPatch, facts: dict[str, str]) -> None:
    _register(monkeypatch, server, **facts)
    server.files["data/a.bin"] = CONTENT[:-1] + b"!"
    with pytest.raises(UserError, match="nothing was kept"):
        fetch("toy")
    assert list((fetched_home() / "toy" / "data").iterdir()) == []


def test_a_damaged_file_in_place_is_brought_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(monkeypatch, server, git=GIT)
    server.files["data/a.bin"] = CONTENT
    path = fetch("toy").folder / "data" / "a.bin"
    path.write_bytes(b"damaged")
    assert fetch("toy").brought == ["data/a.bin"]
    assert path.read_bytes() == CONTENT


def test_a_file_that_the_server_does_not_have(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(monkeypatch, server, sha256=SHA256)
    with pytest.raises(UserError, match=r"the server says 404.*try --mirror or --from"):
        fetch("toy")


def test_a_mirror(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(monkeypatch, server, sha256=SHA256)
    server.files["mirror/data/a.bin"] = CONTENT
    assert fetch("toy", mirror=f"{server.url}/mirror/").brought == ["data/a.bin"]


def _archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_an_archive_is_unpacked_and_looked_into(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = {"out/a.json": "ce013625030ba8dba906f756967f9e9ca394464a", "out/b.json": "0" * 40}
    _register(monkeypatch, server, inside, name="data/a.zip", unpack="out")
    server.files["data/a.bin"] = _archive(**{"a.json": b"hello\n", "b.json": b"{}"})
    done = fetch("toy")
    assert (done.folder / "out" / "a.json").read_bytes() == b"hello\n"
    assert done.unlike == ["out/b.json"]
    assert list(done.unchecked) == ["data/a.zip"]


@pytest.mark.parametrize(
    ("files", "message"), [({"../evil": b"1"}, "would leave its folder"), ({"a": b"0" * 5000}, "more than 1,000 bytes")]
)
def test_an_unsafe_archive_is_not_unpacked(
    server: Server, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], message: str
) -> None:
    _register(monkeypatch, server, name="data/a.zip", unpack="out")
    server.files["data/a.bin"] = _archive(**files)
    with pytest.raises(UserError, match=message):
        fetch("toy", limits=Limits(size=1_000))
    assert not (fetched_home() / "toy" / "out").exists()


@pytest.mark.parametrize("layout", ["release", "bare", "archive", "the file itself"])
def test_a_copy_at_hand(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, layout: str) -> None:
    _register(monkeypatch, server, sha256=SHA256)
    source = tmp_path / "copy"
    (source / "data").mkdir(parents=True)
    if layout == "archive":
        source = tmp_path / "copy.zip"
        source.write_bytes(_archive(**{"top-1.0/data/a.bin": CONTENT}))
    else:
        where = source / "data" / "a.bin" if layout == "release" else source / "a.bin"
        where.write_bytes(CONTENT)
        source = where if layout == "the file itself" else source
    done = fetch("toy", source=source)
    assert done.brought == ["data/a.bin"]
    assert (done.folder / "data" / "a.bin").read_bytes() == CONTENT
    assert server.asked == []


def test_a_copy_that_is_not_the_official_file_or_not_there(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _register(monkeypatch, server, git=GIT)
    (tmp_path / "copy").mkdir()
    with pytest.raises(UserError, match="has no file of toy"):
        fetch("toy", source=tmp_path / "copy")
    (tmp_path / "copy" / "a.bin").write_bytes(b"other")
    with pytest.raises(UserError, match=r"a\.bin is not the official data/a\.bin: its git blob id is"):
        fetch("toy", source=tmp_path / "copy")


def test_the_command_says_what_it_did(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    _register(monkeypatch, server)
    server.files["data/a.bin"] = CONTENT
    result = CliRunner().invoke(command, ["fetch", "toy"])
    assert result.exit_code == 0
    assert "1 files brought, 0 in place" in result.output
    assert f"no checksum is known of data/a.bin; the SHA-256 of what came is {SHA256}" in result.output


def test_a_corpus_that_is_not_known() -> None:
    with pytest.raises(UserError, match=r"for 'sdg'; did you mean 'sgd'\?"):
        fetch("sdg")


def test_the_registry() -> None:
    known = releases()
    assert {"multiwoz2.1", "multiwoz2.2", "multiwoz2.4", "sgd", "picpersona"} <= known.keys()
    for release in known.values():
        names = [file.name for file in release.files]
        assert len(names) == len(set(names))
        for file in release.files:
            assert file.url.startswith("https://")
            # An archive's folder is replaced as a whole, so that nothing else may be in it.
            assert not file.unpack or not any(name.startswith(f"{file.unpack}/") for name in names)
            assert re.fullmatch(r"[0-9a-f]{40}|", file.git)
            assert re.fullmatch(r"[0-9a-f]{64}|", file.sha256)
    assert len([file for file in known["sgd"].files if file.name.endswith(".json") and file.git]) == 184
    assert len([file for file in known["multiwoz2.2"].files if "dialogues_" in file.name]) == 21
