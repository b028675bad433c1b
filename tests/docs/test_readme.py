"""The README and the pages it leads to: commands that exist, configs that ship, links that lead somewhere."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tod_bench.cli.main import VERBS, command
from tod_bench.shipped import config_names

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT, ROOT / "metrics", ROOT / "baselines")
PAGES = [*(folder / "README.md" for folder in FOLDERS), *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"`?tod-bench ((?!import\b.*\bfrom\b)[a-z]+)(?: +([\w./|-]+))?")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def test_the_readmes_commands_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    used = COMMAND.findall(text)
    assert len(used) > 8
    for verb, argument in used:
        assert verb in VERBS, verb
        if verb in ("run", "validate", "plan") and argument and argument != "CONFIG":
            assert argument in config_names(), (verb, argument)
        if verb in ("judge", "data") and argument:
            for name in argument.split("|"):
                result = CliRunner().invoke(command, [verb, name, "--help"])
                assert result.exit_code == 0, (verb, name)


def test_make_does_what_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)`", readme)) <= targets
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "tod-bench run quickstart --workers 2" in recipe


def test_the_readmes_python_runs(tmp_path, monkeypatch):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(block.splitlines()) < 15
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(block, names)
    assert names["scores"].find("mean_length").value > 3


def test_the_architecture_shows_the_layers_that_are_checked():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    for layer in contracts[0]["layers"]:
        assert re.search(rf"^{re.escape(layer)}( |$)", text, flags=re.MULTILINE), layer


def test_every_design_note_is_in_the_index():
    index = (ROOT / "docs" / "design" / "README.md").read_text(encoding="utf-8")
    pages = {page.stem for page in (ROOT / "docs" / "design").glob("*.md")} - {"README"}
    assert [page for page in sorted(pages) if page not in index] == []
