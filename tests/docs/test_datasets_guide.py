"""docs/datasets.md, followed as it is written."""

from pathlib import Path

import pytest

from guides import blocks, follow


def test_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    monkeypatch.chdir(tmp_path)
    exec("".join(blocks("datasets.md", "python")), {})
    outputs = follow("datasets.md")
    assert "test: 300 dialogues" in outputs[0]
    assert (tmp_path / "simulated_parquet" / "test.parquet").is_file()
    assert (tmp_path / "simulated_lines" / "test.jsonl").is_file()
