"""Judging by one call: ``tod_bench.judge("judge_likert", model="scripted")``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tod_bench.errors import UserError
from tod_bench.judge.clients import Access, open_client
from tod_bench.judge.comparisons import PairedTest, run_tests
from tod_bench.judge.config import JudgeConfig, load_judge_config
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.run import default_folder, reparse, report_of
from tod_bench.judge.run import run as run_judge

CACHE = Path("runs/judge/answers.sqlite")
"""The file of answers where none is named."""


def judge(
    config: str | Path | JudgeConfig,
    overrides: Sequence[str] = (),
    *,
    model: str | None = None,
    output: str | Path | None = None,
    cache: str | Path = CACHE,
    budget: float | None = None,
    batch: bool = False,
    replay: bool = False,
    prices: str | Path | None = None,
    read_again: bool = False,
    started: Callable[[int], None] = lambda _: None,
    settled: Callable[[], None] = lambda: None,
) -> JudgeReport:
    """Asks a judge what a config says, and reports; what is answered is not asked again.

    Args:
        config: The name of a shipped judge config, a file, or a config that is read already.
        overrides: ``key=value`` pairs, for a config that is read here.
        model: Who judges; ``scripted`` needs no key and no network. None for the config's.
        output: The folder of the run; None for ``runs/judge/NAME_MODEL``.
        cache: The file of answers.
        budget: US dollars that the runs of this folder may spend; None for no limit.
        batch: Whether to go through the Batch API.
        replay: Whether the cache alone answers.
        prices: A price file of your own.
        read_again: Read the stored answers again and ask nothing.
        started: Called with the number of queries that are still open, before any is asked.
        settled: Called after every query that was settled now.

    Raises:
        UserError: The config is wrong, or there is no usable address, key, cache or price file.
    """
    if isinstance(config, JudgeConfig):
        settings = config
    else:
        chosen = [] if model is None else [f"judge.model={model}"]
        settings = load_judge_config(str(config), (*overrides, *chosen))
    folder = Path(output) if output else default_folder(settings)
    if read_again:
        return reparse(settings, folder)
    price_file = Path(prices) if prices else None
    access = Access(Path(cache), budget, replay, batch, price_file, spending=folder / "spending.sqlite")
    return run_judge(settings, folder, open_client(settings, access), started=started, settled=settled)


def ablated(config: JudgeConfig) -> JudgeConfig:
    """The config of a persona ablation: the same items under their own, another's and no persona.

    Raises:
        UserError: It is a config of emotion labels or of questions of one's own, which are asked without a persona.
    """
    if config.task in ("emotions", "questions"):
        raise UserError(
            "an ablation needs a Likert or pairwise config: emotion labels do not depend on the persona, and questions "
            "of one's own are asked without it"
        )
    return config.model_copy(update={"personas": ("own", "shuffled", "blank")})


def compare_runs(first: Path, second: Path) -> list[PairedTest]:
    """Paired tests of every number that two judge runs share, over the items that both judged.

    Args:
        first: Folder of a run.
        second: Folder of the other; effects are the first's score less this one's.

    Raises:
        UserError: A folder holds no run, or the two share no number.
    """
    a, b = report_of(first), report_of(second)
    draws = min(a.resampling, b.resampling, key=lambda by: by.draws)
    tests = run_tests(a.rows, b.rows, draws, (str(first), str(second)))
    if not tests:
        raise UserError(f"{first} and {second} share no number over the same items; judge the same task and split")
    return tests


class CallableModule(ModuleType):
    """The package `tod_bench.judge`, which is also the verb: importing it hides a function of the same name."""

    def __call__(self, *args: Any, **kwargs: Any) -> JudgeReport:
        """Calls `judge`."""
        return judge(*args, **kwargs)
