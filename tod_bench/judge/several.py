"""Studies of several judge runs: every pair of an arena, every judge of a panel; one config, one budget.

name: judge_arena
study: judge_pairwise             # a judge config, or its keys and values
pairs: all
"""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from tod_bench.config_files import config_path, load_validated, read_yaml, set_key, validated
from tod_bench.errors import UserError, did_you_mean
from tod_bench.files import digest_of
from tod_bench.inputs import read_json
from tod_bench.judge.clients import SCRIPTED, Access, dry_run, open_client
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import fixed_nonce, random_nonce
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.run import run
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.llm.estimates import Estimate
from tod_bench.llm.scripted import ScriptedClient

Started = Callable[[int], None]
Settled = Callable[[], None]


class StudyConfig(BaseModel):
    """What studies of several runs share.

    Attributes:
        name: Names the folder of its results.
        title: A line above the report.
        study: A judge config: the name of a shipped one, a path, or its keys and values.
        change: Dotted keys of the judge config that are set for this study.
        small: Dotted keys of this config that its small variant sets.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    title: str = ""
    study: str | dict[str, Any]
    change: dict[str, Any] = Field(default_factory=dict)
    small: dict[str, Any] = Field(default_factory=dict)

    def judge_config(self, changes: Mapping[str, Any]) -> JudgeConfig:
        """The config of one run.

        Args:
            changes: Dotted keys that this run sets.

        Raises:
            UserError: There is no such judge config, or it has errors.
        """
        named = isinstance(self.study, str)
        place = str(config_path(str(self.study))) if named else f"the study of {self.name}"
        raw = read_yaml(Path(place)) if isinstance(self.study, str) else deepcopy(self.study)
        raw.setdefault("name", self.name)
        for key, value in {**self.change, **changes}.items():
            set_key(raw, key, deepcopy(value))
        return validated(JudgeConfig, place, raw, ())


class ArenaConfig(StudyConfig):
    """Every pair of many versions, judged; then their strengths.

    Attributes:
        pairs: The pairs, or all of them.
        controls: Features whose influence on the strengths is taken out.
    """

    pairs: Literal["all"] | tuple[tuple[str, str], ...] = "all"
    controls: tuple[str, ...] = ()


Study = TypeVar("Study", bound=StudyConfig)


def load_study(model: type[Study], name: str, overrides: Sequence[str] = (), *, small: bool = False) -> Study:
    """Reads a config of several runs, or its small variant.

    Raises:
        UserError: As `tod_bench.config_files.load_validated`; or it has no small variant.
    """
    return load_validated(model, name, overrides, small=small)


@dataclass(frozen=True, slots=True)
class Purse:
    """How the runs of a study reach their models, and what all of them together may spend.

    Attributes:
        cache: File of the cache of answers.
        budget: US dollars for all runs of the study; None for no limit.
        replay: Whether the cache alone answers.
        prices: The user's own price file.
    """

    cache: Path
    budget: float | None = None
    replay: bool = False
    prices: Path | None = None

    def access(self, folder: Path, others: Sequence[Path]) -> Access:
        """The access of one run: what the others have spent is no longer there."""
        left = self.budget
        if left is not None:
            left = max(0.0, left - sum(spent_in(other)[0] or 0.0 for other in others if other != folder))
        return Access(self.cache, left, self.replay, False, self.prices, spending=folder / "spending.sqlite")


def spent_in(folder: Path) -> tuple[float | None, int]:
    """US dollars (None where a price is not known) and tokens that the runs of a folder have used."""
    if not (folder / "run.json").is_file():
        return 0.0, 0
    spent = read_json(folder / "run.json")["spent"]
    dollars = [entry.get("usd") for entry in spent]
    tokens = sum(entry.get("prompt_tokens", 0) + entry.get("completion_tokens", 0) for entry in spent)
    return (None if None in dollars else sum(dollars) + sum(entry.get("unsure_usd", 0.0) for entry in spent)), tokens


def estimates(configs: Mapping[Path, JudgeConfig], purse: Purse) -> dict[str, Estimate]:
    """What every run would take, by the name of its folder, without sending anything."""
    folders = list(configs)
    return {folder.name: dry_run(config, purse.access(folder, folders)) for folder, config in configs.items()}


def run_all(
    configs: Mapping[Path, JudgeConfig], purse: Purse, *, started: Started, settled: Settled
) -> dict[Path, JudgeReport]:
    """Asks everything that is still open in every folder, one run after the other, and gives their reports.

    A scripted judge with noise of its own gets the same check words in every run, so that its answers are the same.
    """
    folders, reports = list(configs), {}
    for folder, config in configs.items():
        scripted = config.judge.model == SCRIPTED
        client = _scripted(config) if scripted else open_client(config, purse.access(folder, folders))
        draw = fixed_nonce if scripted else random_nonce
        reports[folder] = run(config, folder, client, started=started, settled=settled, draw=draw)
    return reports


def _scripted(config: JudgeConfig) -> ScriptedClient:
    """A scripted judge whose seed and faults are the config's: ``judge.seed`` and ``judge.extra``."""
    extra = config.judge.extra
    if unknown := sorted(extra.keys() - set(_FAULTS)):
        raise UserError(
            f"judge.extra.{unknown[0]}: a scripted judge has no such fault{did_you_mean(unknown[0], _FAULTS)}"
        )
    return ScriptedClient(ScriptedJudge(Biases(**extra), seed=config.judge.seed or 0))


_FAULTS = tuple(field.name for field in fields(Biases))


def run_pairs(
    config: ArenaConfig,
    folder: Path,
    purse: Purse,
    *,
    model: str | None = None,
    started: Started = lambda _: None,
    settled: Settled = lambda: None,
) -> list[Path]:
    """Judges every pair of an arena config, and gives the folders of the runs.

    Raises:
        UserError: The judge config has errors, or something that `tod_bench.judge.run.run` finds.
    """
    configs = pair_configs(config, folder, model)
    run_all(configs, purse, started=started, settled=settled)
    return list(configs)


def pair_configs(config: ArenaConfig, folder: Path, model: str | None = None) -> dict[Path, JudgeConfig]:
    """The judge config of every pair of an arena, by the folder of its run; `model` judges instead of the config's."""
    chosen: dict[str, Any] = {} if model is None else {"judge.model": model}
    pairs = tuple(combinations(_versions(config), 2)) if config.pairs == "all" else config.pairs
    return {
        folder / _folder_name(pair): config.judge_config({"task": "pairwise", "pair": list(pair), **chosen})
        for pair in pairs
    }


def _versions(config: ArenaConfig) -> list[str]:
    study = config.study
    raw = read_yaml(config_path(study)) if isinstance(study, str) else deepcopy(study)
    for key, value in config.change.items():
        set_key(raw, key, value)
    versions = raw.get("versions")
    if not isinstance(versions, dict) or len(versions) < 2:
        raise UserError(f"{config.name}: an arena needs a judge config with at least two `versions`")
    return list(versions)


def _folder_name(pair: tuple[str, str]) -> str:
    # Names of versions are anything that YAML has; two that become the same are told apart by a digest.
    plain = [re.sub(r"[^\w.-]+", "-", name) for name in pair]
    return "_".join(plain) + ("" if plain == list(pair) and "_" not in "".join(pair) else f"_{digest_of(pair)[:6]}")
