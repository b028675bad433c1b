"""A good submission to a small leaderboard, and a copy of it that a test may spoil."""

import gzip
import shutil
from pathlib import Path

import pytest
import yaml

from leaderboards import TRACKS, submit
from tod_bench.leaderboard import Tracks, load_tracks
from tod_bench.leaderboard.tracks import OpenTrack


@pytest.fixture(scope="session")
def tracks_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tracks") / "tracks.yaml"
    path.write_text(yaml.safe_dump(TRACKS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tracks(tracks_file: Path) -> Tracks:
    return load_tracks(tracks_file)


@pytest.fixture(scope="session")
def toy(tracks: Tracks) -> OpenTrack:
    return tracks.open("toy")


@pytest.fixture(scope="session")
def prepared(tracks: Tracks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submit(tmp_path_factory.mktemp("prepared"), tracks, 2)


@pytest.fixture
def submission(prepared: Path, tmp_path: Path) -> Path:
    """A good submission, unpacked, that a test may spoil."""
    folder = tmp_path / "submissions" / prepared.name
    shutil.copytree(prepared, folder)
    packed = folder / "predictions.jsonl.gz"
    (folder / "predictions.jsonl").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    return folder
