"""Which pictures a corpus with personas has: a folder that is named, one beside the records, or the plain corpus's."""

from pathlib import Path
from typing import Any

import pytest

from pictures import painted
from tod_bench.corpora.hub_datasets import DatasetCorpus
from tod_bench.corpora.opening import open_bound, reader_options
from tod_bench.corpora.picpersona import PicPersona
from tod_bench.errors import UserError
from tod_bench.images import FolderImages

NAMES = ("00000/00001.png", "00000/00002.png")


def faces(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(painted(name))
    return folder


def names_of(corpus: Any) -> list[str]:
    return [dialogue.persona.image for split in corpus.splits for dialogue in corpus.dialogues(split)]


def test_a_folder_can_be_named(release_picpersona: Path, tmp_path: Path) -> None:
    folder = faces(tmp_path / "mine")
    corpus = open_bound("picpersona", reader_options([f"path={release_picpersona}", f"images={folder}"]))
    plain = PicPersona(release_picpersona)
    assert plain.images is None
    assert corpus.images is not None
    assert [corpus.images.data(name) for name in names_of(corpus)] == [painted(name) for name in names_of(corpus)]
    assert set(names_of(corpus)) <= set(NAMES)
    assert corpus.fingerprint == plain.fingerprint, "pictures decide no dialogue"
    with pytest.raises(UserError, match="is no folder"):
        PicPersona(release_picpersona, images=tmp_path / "none")


@pytest.mark.parametrize("place", ["face", "dataset/face"])
def test_faces_beside_the_records_are_found_and_descriptions_are_none(
    release_picpersona: Path, place: str, tmp_path: Path
) -> None:
    root = tmp_path / "copy"
    root.mkdir()
    for file in release_picpersona.glob("*.json"):
        (root / file.name).write_bytes(file.read_bytes())
    (root / place).mkdir(parents=True)
    (root / place / "demo.json").write_text("{}")
    assert PicPersona(root).images is None
    faces(root / place)
    images = PicPersona(root).images
    assert images is not None
    assert images.path(NAMES[0]) == root / place / NAMES[0]


def test_faces_of_the_repository_are_found_from_its_folder_of_records(release_picpersona: Path, tmp_path: Path) -> None:
    records = tmp_path / "dataset" / "mwoz_sgd"
    records.mkdir(parents=True)
    for file in release_picpersona.glob("*.json"):
        (records / file.name).write_bytes(file.read_bytes())
    folder = faces(tmp_path / "dataset" / "face")
    images = PicPersona(records).images
    assert images is not None
    assert images.path(NAMES[1]) == folder / NAMES[1]


def test_a_corpus_of_datasets_is_given_its_pictures(tmp_path: Path) -> None:
    images = FolderImages(faces(tmp_path))
    assert DatasetCorpus({}, "mine", {}, images).images is images  # type: ignore[arg-type]
    assert DatasetCorpus({}, "mine", {}).images is None  # type: ignore[arg-type]
