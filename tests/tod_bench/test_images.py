import mimetypes

import pytest

from tod_bench import digests
from tod_bench.errors import UserError
from tod_bench.images import FolderImages, has_pictures


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "girl").mkdir()
    (tmp_path / "girl" / "one.png").write_bytes(b"first")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_picture_of_a_folder_is_its_file(folder):
    images = FolderImages(folder)
    assert images.data("girl/one.png") == b"first"
    assert images.path("girl/one.png") == folder / "girl" / "one.png"


@pytest.mark.parametrize("name", ["", "girl/two.png", "notes.txt", "girl"])
def test_what_is_no_picture_is_refused(folder, name):
    with pytest.raises(UserError, match="is no picture, and the corpus names it"):
        FolderImages(folder).path(name)


def test_a_webp_file_is_a_picture_where_the_system_has_no_list_of_types(folder, monkeypatch):
    monkeypatch.setattr(mimetypes, "guess_type", mimetypes.MimeTypes().guess_type)
    assert not has_pictures(folder / "none")
    (folder / "new").mkdir()
    assert not has_pictures(folder / "new")
    (folder / "new" / "two.webp").write_bytes(b"second")
    assert has_pictures(folder / "new")
    assert FolderImages(folder).data_url("new/two.webp").startswith("data:image/webp;base64,")


@pytest.mark.parametrize("outside", ["../secret.png", "girl/../../secret.png", "{parent}/secret.png"])
def test_what_is_not_in_the_folder_is_refused(tmp_path, outside):
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "faces" / "girl").mkdir(parents=True)
    with pytest.raises(UserError, match="is not in the folder"):
        FolderImages(tmp_path / "faces").data(outside.format(parent=tmp_path))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="is no folder"):
        FolderImages(tmp_path / "none")


def test_other_pictures_have_another_fingerprint(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    before = FolderImages(folder).fingerprint
    assert before == FolderImages(folder).fingerprint
    (folder / "notes.txt").write_text("still no picture")
    assert FolderImages(folder).fingerprint == before
    (folder / "girl" / "one.png").write_bytes(b"tsrif")  # of the same size
    changed = FolderImages(folder).fingerprint
    assert changed != before
    (folder / "girl" / "two.png").write_bytes(b"second")
    assert FolderImages(folder).fingerprint not in (before, changed)


def test_which_pictures_were_read_before_does_not_show_in_the_fingerprint(folder, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    (folder / "a.png").write_bytes(b"new")
    monkeypatch.setattr(digests, "_SETTLED", 0.0)
    digests.digests([folder / "girl" / "one.png"])
    assert FolderImages(folder).fingerprint == FolderImages(folder).fingerprint
