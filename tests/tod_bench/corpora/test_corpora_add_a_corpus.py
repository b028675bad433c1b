"""docs/add_a_corpus.md, followed literally."""

import gzip
import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tod_bench.cli.data import command

GUIDE = Path(__file__).parents[3] / "docs" / "add_a_corpus.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def _followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps 1 and 2: the files written, and the entry point there as an installed package would have it."""
    (data,) = _blocks("json")
    (toml,) = _blocks("toml")
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "test.json").write_text(data, encoding="utf-8")
    (tmp_path / "toy_corpus.py").write_text(_blocks("python")[0], encoding="utf-8")
    match = re.search(r'entry-points\."(?P<group>[\w.]+)"\]\s+(?P<name>\w+) = "(?P<target>[\w.:]+)"', toml)
    assert match is not None
    installed = tmp_path / "toy_corpus-0.1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-corpus\nVersion: 0.1\n", encoding="utf-8")
    entry = f"[{match['group']}]\n{match['name']} = {match['target']}\n"
    (installed / "entry_points.txt").write_text(entry, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "toy_corpus", raising=False)


@pytest.mark.usefixtures("_followed")
def test_the_corpus_opens(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):  # from the files, then from the cache
        exec(_blocks("python")[1], {})
        assert capsys.readouterr().out == "d1 2 {'restaurant': {'pricerange': ('cheap',), 'area': ('centre',)}}\n"


@pytest.mark.usefixtures("_followed")
@pytest.mark.parametrize("name", ["test.jsonl", "test.json.gz", "test.jsonl.gz"])
def test_json_lines_and_gzipped_files_are_read_alike(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tmp_path / "toy" / "test.json"
    dialogues = json.loads(plain.read_text(encoding="utf-8"))
    plain.unlink()
    text = "\n".join(map(json.dumps, dialogues)) if "jsonl" in name else json.dumps(dialogues)
    path = tmp_path / "toy" / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    exec(_blocks("python")[1], {})
    assert capsys.readouterr().out == "d1 2 {'restaurant': {'pricerange': ('cheap',), 'area': ('centre',)}}\n"


@pytest.mark.usefixtures("_followed")
def test_the_commands_run() -> None:
    (shell,) = _blocks("console")
    lines = shell.split("\n")[:-1]
    assert len(lines) == 2
    for line in lines:
        program, verb, *arguments = line.split()
        assert (program, verb) == ("tod-bench", "data")
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("_followed")
def test_a_bad_record_is_told_as_the_guide_promises(tmp_path: Path) -> None:
    path = tmp_path / "toy" / "test.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"area": "centre"', '"view": "sea"'), encoding="utf-8")
    result = CliRunner().invoke(command, ["check", "toy", "--option", "path=toy"])
    assert result.exit_code == 1
    assert (
        "toy/test.json, dialogue d1, turn 1: the state has a value for 'view', which the schema does not know"
        in result.output
    )
