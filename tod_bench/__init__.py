"""Benchmark suite and evaluation harness for task-oriented dialogue.

    import tod_bench

    corpus = tod_bench.open_corpus("simulated")
    scores = tod_bench.score("predictions.jsonl", corpus, metrics=["jga"])
    scores.find("jga").value

Every verb of the command line is a function here. Names are imported when they are first used; see ``docs/python.md``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tod_bench.api.predictions import import_predictions as import_predictions
    from tod_bench.api.predictions import read_predictions as read_predictions
    from tod_bench.api.predictions import write_predictions as write_predictions
    from tod_bench.api.reports import report as report
    from tod_bench.api.scoring import Comparisons as Comparisons
    from tod_bench.api.scoring import ScoreReport as ScoreReport
    from tod_bench.api.scoring import compare as compare
    from tod_bench.api.scoring import score as score
    from tod_bench.corpora.base import Corpus as Corpus
    from tod_bench.corpora.base import corpus_names as corpus_names
    from tod_bench.corpora.base import open_corpus as open_corpus
    from tod_bench.corpora.hub_datasets import from_datasets as from_datasets
    from tod_bench.corpora.hub_datasets import to_datasets as to_datasets
    from tod_bench.errors import DataError as DataError
    from tod_bench.errors import MissingExtraError as MissingExtraError
    from tod_bench.errors import UserError as UserError
    from tod_bench.experiments.results import Result as Result
    from tod_bench.judge.calling import judge as judge
    from tod_bench.judge.report import JudgeReport as JudgeReport
    from tod_bench.leaderboard.prepare import prepare_submission as prepare_submission
    from tod_bench.leaderboard.site import build_leaderboard as build_leaderboard
    from tod_bench.leaderboard.submission import validate_submission as validate_submission
    from tod_bench.leaderboard.verify import verify_submission as verify_submission
    from tod_bench.personalise.calling import personalise as personalise
    from tod_bench.personalise.run import Personalised as Personalised
    from tod_bench.records import Act as Act
    from tod_bench.records import Dialogue as Dialogue
    from tod_bench.records import Persona as Persona
    from tod_bench.records import Prediction as Prediction
    from tod_bench.records import Turn as Turn
    from tod_bench.reports.table import Table as Table
    from tod_bench.scores import Score as Score
    from tod_bench.scores import Slice as Slice
    from tod_bench.scoring.comparison import Comparison as Comparison
    from tod_bench.shipped import config_names as config_names
    from tod_bench.splits import find_dialogue as find_dialogue
    from tod_bench.splits import read_split as read_split
    from tod_bench.sweeps.api import plan as plan
    from tod_bench.sweeps.api import run as run
    from tod_bench.sweeps.api import sweep as sweep
    from tod_bench.sweeps.results import PlanResult as PlanResult
    from tod_bench.sweeps.results import RunResult as RunResult
    from tod_bench.sweeps.results import SweepResult as SweepResult
    from tod_bench.systems import System as System
    from tod_bench.systems import TurnInput as TurnInput
    from tod_bench.systems import system_names as system_names
    from tod_metrics import metric as metric
    from tod_metrics import metric_names as metric_names
    from tod_metrics.base import Metric as Metric
    from tod_metrics.base import Signature as Signature

__version__ = "0.2.0"

_MODULES = {
    "Act": "tod_bench.records",
    "Comparison": "tod_bench.scoring.comparison",
    "Comparisons": "tod_bench.api.scoring",
    "Corpus": "tod_bench.corpora.base",
    "DataError": "tod_bench.errors",
    "Dialogue": "tod_bench.records",
    "JudgeReport": "tod_bench.judge.report",
    "Metric": "tod_metrics.base",
    "MissingExtraError": "tod_bench.errors",
    "Persona": "tod_bench.records",
    "Personalised": "tod_bench.personalise.run",
    "PlanResult": "tod_bench.sweeps.results",
    "Prediction": "tod_bench.records",
    "Result": "tod_bench.experiments.results",
    "RunResult": "tod_bench.sweeps.results",
    "Score": "tod_bench.scores",
    "ScoreReport": "tod_bench.api.scoring",
    "Signature": "tod_metrics.base",
    "Slice": "tod_bench.scores",
    "SweepResult": "tod_bench.sweeps.results",
    "System": "tod_bench.systems",
    "Table": "tod_bench.reports.table",
    "Turn": "tod_bench.records",
    "TurnInput": "tod_bench.systems",
    "UserError": "tod_bench.errors",
    "build_leaderboard": "tod_bench.leaderboard.site",
    "compare": "tod_bench.api.scoring",
    "config_names": "tod_bench.shipped",
    "corpus_names": "tod_bench.corpora.base",
    "find_dialogue": "tod_bench.splits",
    "from_datasets": "tod_bench.corpora.hub_datasets",
    "import_predictions": "tod_bench.api.predictions",
    "judge": "tod_bench.judge",
    "metric": "tod_metrics",
    "metric_names": "tod_metrics",
    "open_corpus": "tod_bench.corpora.base",
    "personalise": "tod_bench.personalise",
    "plan": "tod_bench.sweeps.api",
    "prepare_submission": "tod_bench.leaderboard.prepare",
    "read_predictions": "tod_bench.api.predictions",
    "read_split": "tod_bench.splits",
    "report": "tod_bench.api.reports",
    "run": "tod_bench.sweeps.api",
    "score": "tod_bench.api.scoring",
    "sweep": "tod_bench.sweeps.api",
    "system_names": "tod_bench.systems",
    "to_datasets": "tod_bench.corpora.hub_datasets",
    "validate_submission": "tod_bench.leaderboard.submission",
    "verify_submission": "tod_bench.leaderboard.verify",
    "write_predictions": "tod_bench.api.predictions",
}
"""Public name -> the module that has it, sorted."""

__all__ = [*_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(_MODULES[name])
    # These packages can be called: importing one would hide a function of its name.
    value = module if name in ("judge", "personalise") else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted({*globals(), *_MODULES})
