"""Figure 5 of PicPersona-TOD: how hard to read and how polite system responses are, by group of users.

Beside the restyled responses stand the plain ones of the same dialogues, and, as a control for which dialogues a group
has, a sample of dialogues each restyled for every kind of persona. The metrics are those of
``eval_configs/figure5.yaml``: `GunningFog` and `Politeness` under the protocol ``picpersona``, which takes politeness
of the last response of each dialogue alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tod_bench.personalise.styled import StyledDialogue
from tod_bench.progress import track
from tod_bench.records import Persona
from tod_bench.statistics import bootstrap_interval, cluster_sums
from tod_metrics.base import Metric
from tod_metrics.items import ResponseItem
from tod_metrics.style.gunning_fog import GunningFog
from tod_metrics.style.politeness import Politeness

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "gunning_fog": {"all": 6.2, "child": 5.2, "adult": 6.17},
    "politeness": {"all": 13.2, "child": 10.0, "adult": 14.2, "formal": 14.6, "casual": 12.8},
}
"""The paper's Figure 5, as in ``results/published/figure5.yaml``."""

GROUPS: Mapping[str, Callable[[Persona], bool]] = {
    "all": lambda _: True,
    **{age: lambda persona, age=age: persona.age == age for age in ("child", "teenager", "adult", "senior")},  # type: ignore[misc]
    **{kind: lambda persona, kind=kind: persona.formality == kind for kind in ("formal", "casual")},  # type: ignore[misc]
}

CONTROLS = tuple(
    Persona(age=age, formality=formality, emotion="neutral", gender="female")
    for age in ("child", "teenager", "adult", "senior")
    for formality in ("casual", "formal")
)
"""The personas that each dialogue of the control is restyled for."""

Restyle = Callable[[StyledDialogue, Persona], StyledDialogue]


@dataclass(frozen=True, slots=True)
class StyleNumber:
    """One number of the figure.

    Attributes:
        metric: ``gunning_fog`` or ``politeness``.
        group: Group of users.
        text: ``plain``, ``styled`` or ``control``.
        value: The number; None without a text.
        low: Lower end of its 95% interval, by bootstrap over dialogues.
        high: Upper end.
        dialogues: Dialogues that it is over.
        published: The paper's number; None where it prints none.
    """

    metric: str
    group: str
    text: str
    value: float | None
    low: float | None
    high: float | None
    dialogues: int
    published: float | None


@dataclass(frozen=True, slots=True)
class Figure5:
    """The figure's numbers.

    Attributes:
        numbers: The numbers.
        signatures: What they mean.
        notes: What must be known of them.
    """

    numbers: tuple[StyleNumber, ...]
    signatures: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        numbers = [{name: getattr(number, name) for name in StyleNumber.__slots__} for number in self.numbers]
        return {"numbers": numbers, "signatures": list(self.signatures), "notes": list(self.notes)}


def figure5(
    dialogues: Sequence[StyledDialogue],
    *,
    control: Sequence[StyledDialogue] = (),
    restyle: Restyle | None = None,
    politeness: bool = True,
    seed: int = 0,
) -> Figure5:
    """Computes the figure.

    Args:
        dialogues: The dialogues.
        control: Those that are restyled for every kind of persona.
        restyle: What restyles them; None for no control.
        politeness: Whether politeness is measured, which needs ConvoKit and takes a parse of each last response.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: textstat or ConvoKit is not installed.
    """
    metrics: list[Metric[ResponseItem]] = [GunningFog(protocol="picpersona")]
    if politeness:
        metrics.append(Politeness(protocol="picpersona"))
    under_each = [restyle(styled, persona) for styled in control for persona in CONTROLS] if restyle else []
    texts = {"plain": [_plain(styled) for styled in dialogues], "styled": dialogues, "control": under_each}
    pairs = [(metric, text) for metric in metrics for text in texts]
    numbers = [
        number
        for metric, text in track(pairs, "Figure 5", len(pairs), unit="metrics of texts")
        for number in _numbers(metric, text, texts[text], seed)
    ]
    notes = [note for metric in metrics for note in metric.notes]
    if control and restyle:
        notes.append(f"control: {len(control)} dialogues, each restyled by rules for {len(CONTROLS)} personas")
    return Figure5(tuple(numbers), tuple(str(metric.signature) for metric in metrics), tuple(notes))


def _plain(styled: StyledDialogue) -> StyledDialogue:
    turns = tuple(
        replace(turn, system=plain.system) for plain, turn in zip(styled.plain.turns, styled.turns, strict=True)
    )
    return replace(styled, turns=turns)


def _numbers(
    metric: Metric[ResponseItem], text: str, dialogues: Sequence[StyledDialogue], seed: int
) -> list[StyleNumber]:
    """A number for each group, each with its interval; dialogues of one id are one cluster."""
    items: list[ResponseItem] = []
    owners: list[int] = []
    for number, styled in enumerate(dialogues):
        for turn in styled.turns:
            if turn.system:
                items.append(ResponseItem(f"{number}", len(items), "", turn.system))
                owners.append(number)
    if not items:
        return []
    sums = cluster_sums(metric.statistics(items), np.array(owners))
    sums = np.vstack([sums, np.zeros((len(dialogues) - len(sums), sums.shape[1]))])
    # The same dialogue under several personas is one draw, not several.
    plain_ids = list(dict.fromkeys(styled.key for styled in dialogues))
    place = {key: row for row, key in enumerate(plain_ids)}
    found = []
    for group, belongs in GROUPS.items():
        chosen = [number for number, styled in enumerate(dialogues) if belongs(styled.persona)]
        keys = sorted({place[dialogues[number].key] for number in chosen})
        row = {key: number for number, key in enumerate(keys)}
        of_group = np.zeros((len(keys), sums.shape[1]))
        for number in chosen:
            of_group[row[place[dialogues[number].key]]] += sums[number]
        total = of_group.sum(axis=0)
        value = float(metric.aggregate(total)) if keys else float("nan")
        interval = bootstrap_interval(of_group, metric.aggregate, seed=seed) if len(keys) > 1 else None
        found.append(
            StyleNumber(
                metric.name,
                group,
                text,
                value if np.isfinite(value) else None,
                interval.low if interval else None,
                interval.high if interval else None,
                len(keys),
                PUBLISHED[metric.name].get(group),
            )
        )
    return found
