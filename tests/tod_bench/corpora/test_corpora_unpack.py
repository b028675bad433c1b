"""Archives from elsewhere: what is refused, and that nothing of it stays behind."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stores import files_end_at
from tod_bench.corpora.unpack import Limits, unpack
from tod_bench.errors import UserError


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def _tar_link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_good_archive(tmp_path: Path, kind: str) -> None:
    if kind == "zip":
        archive = _zip(tmp_path / "a.zip", **{"top/": b"", "top/a.json": b"1", "b.json": b"22"})
    else:
        members = [(tarfile.TarInfo("top/a.json"), b"1"), (tarfile.TarInfo("b.json"), b"22")]
        archive = _tar(tmp_path / "a.tar.gz", *members)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.json").write_text("old", encoding="utf-8")
    assert unpack(archive, tmp_path / "out") == ["b.json", "top/a.json"]
    assert (tmp_path / "out" / "top" / "a.json").read_bytes() == b"1"
    assert not (tmp_path / "out" / "old.json").exists()


def _slip(name: str) -> Any:
    return lambda folder: _zip(folder / "a.zip", **{"good.json": b"1", name: b"2"})


def _symlinked_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc")
    return folder / "a.zip"


def _twice(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", "2")
    return folder / "a.zip"


def _garbage(folder: Path) -> Path:
    (folder / "a.zip").write_bytes(b"not an archive")
    return folder / "a.zip"


def _cut_off(folder: Path) -> Path:
    whole = _tar(folder / "b.tar.gz", (tarfile.TarInfo("a"), bytes(range(256)) * 4000)).read_bytes()
    (folder / "a.tar.gz").write_bytes(whole[: len(whole) // 2])
    return folder / "a.tar.gz"


BAD = {
    "zip slip": (_slip("../evil"), "would leave its folder"),
    "deep zip slip": (_slip("a/b/../../../evil"), "would leave its folder"),
    "absolute": (_slip("/evil"), "would leave its folder"),
    "backslashes": (_slip("..\\evil"), "would leave its folder"),
    "drive": (_slip("C:evil"), "would leave its folder"),
    "zip symlink": (_symlinked_zip, "is a link or device"),
    "tar symlink": (
        lambda folder: _tar(folder / "a.tar", (_tar_link("link", "/etc", tarfile.SYMTYPE), b"")),
        "is a link or device",
    ),
    "tar hard link": (
        lambda folder: _tar(folder / "a.tar", (_tar_link("link", "../x", tarfile.LNKTYPE), b"")),
        "is a link or device",
    ),
    "tar device": (
        lambda folder: _tar(folder / "a.tar", (_tar_link("tty", "", tarfile.CHRTYPE), b"")),
        "is a link or device",
    ),
    "tar slip": (lambda folder: _tar(folder / "a.tar", (tarfile.TarInfo("../evil"), b"1")), "would leave its folder"),
    "bomb": (lambda folder: _zip(folder / "a.zip", a=b"0" * 2_000_000), "more than 1,000,000 bytes"),
    "many bombs": (
        lambda folder: _zip(folder / "a.zip", a=b"0" * 600_000, b=b"0" * 600_000),
        "more than 1,000,000 bytes",
    ),
    "many files": (lambda folder: _zip(folder / "a.zip", **{str(n): b"" for n in range(11)}), "more than 10 files"),
    "twice": (_twice, "'a' twice"),
    "garbage": (_garbage, "cannot be unpacked"),
    "cut off": (_cut_off, "cannot be unpacked"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_a_bad_archive_is_refused_and_leaves_nothing(tmp_path: Path, make: Any, message: str) -> None:
    (tmp_path / "in").mkdir()
    archive = make(tmp_path / "in")
    with pytest.raises(UserError, match=message):
        unpack(archive, tmp_path / "work" / "out", Limits(size=1_000_000, files=10))
    assert list((tmp_path / "work").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_a_size_that_lies_is_not_believed(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", a=b"0" * 2_000_000)
    content = archive.read_bytes().replace((2_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    archive.write_bytes(content)
    with pytest.raises(UserError):
        unpack(archive, tmp_path / "out", Limits(size=1_000))
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", **{"small": b"1", "large": b"2" * 5000})
    with files_end_at(4096), pytest.raises(UserError, match=r"is full .*File too large.*; make room"):
        unpack(archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    assert unpack(archive, tmp_path / "out") == ["large", "small"]
