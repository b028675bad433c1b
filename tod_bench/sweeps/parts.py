"""A run in parts that can run side by side: one part for each system on each corpus.

The parts are configs of their own, and their experiments have the keys that they have in the whole, so a run of the whole
afterwards finds everything in the store. Tasks of one part stay together, since policy needs the states of DST.
"""

from tod_bench.experiments.config import EvalConfig, TableConfig
from tod_bench.sweeps.trials import Trial


def parts(config: EvalConfig) -> list[Trial]:
    """The parts of a config, system by system, so that the same system's trainings on several corpora overlap."""
    return [
        Trial({"system": system, "corpus": corpus}, _restricted(config, system, corpus), part=True)
        for system, section in config.systems.items()
        for corpus in section.corpora or config.corpora
    ]


def _restricted(config: EvalConfig, system: str, corpus: str) -> EvalConfig:
    return config.model_copy(
        update={
            "systems": {system: config.systems[system].model_copy(update={"corpora": (corpus,)})},
            "corpora": {corpus: config.corpora[corpus]},
            "table": TableConfig(),
        }
    )
