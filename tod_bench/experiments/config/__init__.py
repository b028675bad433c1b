"""Eval configs: a YAML file that says which corpora, systems and tasks make a table, validated as a whole.

    name: quickstart
    corpora: {plain: {corpus: simulated, options: {style: original}}}
    systems: {oracle: {system: oracle}}
    tasks: {dst: {metrics: [jga]}, policy: {metrics: [act_f1]}}

Every error of a file is reported at once, each with the key that is wrong and the nearest key that is right.
"""

from tod_bench.experiments.config.loading import ConfigSource, is_small, load_config, place_of
from tod_bench.experiments.config.models import (
    Bootstrap,
    CorpusConfig,
    EvalConfig,
    Splits,
    SystemConfig,
    TaskConfig,
)
from tod_bench.experiments.config.sections import (
    Column,
    Difference,
    Factor,
    RowConfig,
    SweepConfig,
    SystemDifference,
    TableConfig,
)

__all__ = [
    "Bootstrap",
    "Column",
    "ConfigSource",
    "CorpusConfig",
    "Difference",
    "EvalConfig",
    "Factor",
    "RowConfig",
    "Splits",
    "SweepConfig",
    "SystemConfig",
    "SystemDifference",
    "TableConfig",
    "TaskConfig",
    "is_small",
    "load_config",
    "place_of",
]
