"""Does a tracker know when it is wrong? The metrics of confidence of a file, with the curves behind them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.scores import Score
from tod_bench.scoring.metrics import OF_CONFIDENCE
from tod_bench.scoring.pairing import Pairing, Predictions
from tod_bench.scoring.score import score
from tod_bench.splits import signed_split, split_notes
from tod_metrics import parse_spec
from tod_metrics.confidence.confidence_metric import ConfidenceMetric
from tod_metrics.confidence.curves import ReliabilityBin, RiskPoint, reliability, risk_coverage
from tod_metrics.confidence.pool import ConfidencePool
from tod_metrics.confidence.units import Unit
from tod_metrics.protocols import CONFIDENCE_METRICS, state_protocol

UNITS: dict[Unit, str] = {"slot": "predicted values", "turn": "turns"}
"""What confidence is measured on, and what it is called."""


@dataclass(frozen=True)
class Calibration:
    """How well confidence fits correctness, over predicted values or over turns, under one protocol.

    Attributes:
        protocol: The protocol.
        unit: ``slot`` or ``turn``.
        scores: AUROC, ECE, Brier score, AURC and excess AURC.
        n: Units that have a confidence.
        without: Units that have none and are left out.
        curve: The risk-coverage curve.
        bins: The reliability diagram, in the bins of ECE.
    """

    protocol: str
    unit: Unit
    scores: tuple[Score, ...]
    n: int
    without: int
    curve: tuple[RiskPoint, ...]
    bins: tuple[ReliabilityBin, ...]

    @property
    def name(self) -> str:
        """What the units are called."""
        return UNITS[self.unit]

    @property
    def coverage(self) -> float:
        """Share of units that have a confidence, 0 to 1."""
        return self.n / (self.n + self.without) if self.n else 0.0

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "protocol": self.protocol,
            "unit": self.unit,
            "n": self.n,
            "without_confidence": self.without,
            "coverage": self.coverage,
            "scores": [score.to_json() for score in self.scores],
            "risk_coverage": [asdict(point) for point in self.curve],
            "reliability": [asdict(one) for one in self.bins],
        }


def check_confidence(predictions: Predictions, specs: Sequence[str], *, asked: str = "") -> None:
    """Finds out whether predictions have the confidence that metrics need.

    Args:
        predictions: The predictions.
        specs: The metrics.
        asked: What asked for it, for the message; empty for the metric itself.

    Raises:
        UserError: A metric is one of confidence, and no prediction has any.
    """
    names = [name for name in (parse_spec(spec).name for spec in specs) if name in CONFIDENCE_METRICS]
    if names and not any(prediction.confidence for prediction in predictions.values()):
        raise UserError(
            f"{asked or names[0]} needs the field 'confidence' of predictions (domain -> slot -> 0 to 1), and no turn "
            "has it; docs/metrics/confidence.md says which systems write it"
        )


def calibrations(
    pairing: Pairing,
    corpus: Corpus,
    split: str,
    protocols: Sequence[str],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> list[Calibration]:
    """The calibration of predicted states, over values and over turns, under each protocol that defines it.

    Args:
        pairing: Dialogues and predicted states.
        corpus: The corpus.
        split: The split expression.
        protocols: The protocols.
        draws: Bootstrap draws of the intervals; 0 for none.
        seed: Seed of the draws.

    Raises:
        UserError: No prediction has a confidence, or no protocol defines the metrics.
    """
    check_confidence(pairing.predictions, OF_CONFIDENCE, asked="--calibration")
    defining = [name for name in protocols if state_protocol(name).defines("auroc")]
    if not defining:
        raise UserError(
            f"calibration is not defined under {', '.join(protocols)}; take a protocol that defines slot F1, such as "
            "tod_bench or trade"
        )
    specs = [
        f"{name}(unit={unit})@{protocol}" if unit == "turn" else f"{name}@{protocol}"
        for protocol in defining
        for unit in UNITS
        for name in OF_CONFIDENCE
    ]
    sheet = score(
        "dst",
        pairing.dialogues,
        pairing.predictions,
        corpus_name=corpus.name,
        split=signed_split(corpus, split),
        notes=split_notes(corpus, split),
        schema=corpus.schema,
        metrics=specs,
        draws=draws,
        seed=seed,
        partial=True,
        pooled_domains=False,
    )
    size = len(OF_CONFIDENCE)
    found = []
    for start in range(0, len(sheet), size):
        metric, pool = sheet.pooled[start].metric, cast(ConfidencePool, sheet.pooled[start].pool)
        assert isinstance(metric, ConfidenceMetric)
        found.append(
            Calibration(
                metric.protocol,
                metric.unit,
                tuple(sheet[start : start + size]),
                len(pool),
                pool.without,
                tuple(risk_coverage(pool)),
                tuple(reliability(pool)),
            )
        )
    return found
