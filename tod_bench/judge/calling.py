"""Judging by one call: ``tod_bench.judge("judge_likert", model="scripted")``."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tod_bench.judge.clients import Access, open_client
from tod_bench.judge.config import load_judge_config
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.run import default_folder
from tod_bench.judge.run import run as run_judge


def judge(
    config: str | Path,
    overrides: Sequence[str] = (),
    *,
    model: str | None = None,
    output: str | Path | None = None,
    cache: str | Path = "runs/judge/answers.sqlite",
    budget: float | None = None,
    batch: bool = False,
    replay: bool = False,
    prices: str | Path | None = None,
) -> JudgeReport:
    """Asks a judge what a config says, and reports; what is answered is not asked again.

    Args:
        config: The name of a shipped judge config, or a file.
        overrides: ``key=value`` pairs.
        model: Who judges; ``scripted`` needs no key and no network. None for the config's.
        output: The folder of the run; None for ``runs/judge/NAME_MODEL``.
        cache: The file of answers.
        budget: US dollars that the runs of this folder may spend; None for no limit.
        batch: Whether to go through the Batch API.
        replay: Whether the cache alone answers.
        prices: A price file of your own.

    Raises:
        UserError: The config is wrong, or there is no usable address, key, cache or price file.
    """
    chosen = [] if model is None else [f"judge.model={model}"]
    settings = load_judge_config(str(config), (*overrides, *chosen))
    folder = Path(output) if output else default_folder(settings)
    price_file = Path(prices) if prices else None
    access = Access(Path(cache), budget, replay, batch, price_file, spending=folder / "spending.sqlite")
    return run_judge(settings, folder, open_client(settings, access))


class CallableModule(ModuleType):
    """The package `tod_bench.judge`, which is also the verb: importing it hides a function of the same name."""

    def __call__(self, *args: Any, **kwargs: Any) -> JudgeReport:
        """Calls `judge`."""
        return judge(*args, **kwargs)
