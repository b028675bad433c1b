"""The simulation's results as a table for reading, and in files."""

from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from tod_bench.files import write_json, write_text
from tod_bench.judge.scripted import Biases
from tod_bench.judge.sections import number
from tod_bench.judge.simulation import JUDGES, TRUTHS, PairStudies, Simulation, simulate
from tod_bench.markdown import table


def write_simulation(folder: Path, replicates: int, items: int, seed: int) -> Simulation:
    """Runs every study and writes ``simulation.json`` and ``README.md`` into a folder."""
    found = simulate(replicates, items, seed)
    write_json(folder / "simulation.json", asdict(found))
    write_text(folder / "README.md", simulation_markdown(found))
    return found


def simulation_markdown(found: Simulation) -> str:
    """The simulation as Markdown."""
    sections = [
        "# What each protocol concludes from judges with known faults",
        f"`{found.command}`",
        (
            f"{found.replicates} studies of {found.items} dialogues in every row. The better version has one word that "
            "suits the user in every turn, a lead of 1. The second version is longer, by half on average, whoever is "
            "better. Rates are the second version's, ties half; conclusions are at p < 0.05, by the same test for both "
            "protocols. Noise pulls every rate towards 50: no protocol can undo that, and none should be blamed for it."
        ),
        "The judges: " + "; ".join(f"*{name}* {_biases(biases)}" for name, biases in JUDGES.items()) + ".",
        _verdict_section(found),
        *(_pair_section(found, truth) for truth in TRUTHS),
        _likert_section(found),
    ]
    return "\n\n".join(sections) + "\n"


def _biases(biases: Biases) -> str:
    own: dict[str, Any] = {name: value for name, value in asdict(biases).items() if value and name != "margin"}
    return ", ".join(f"{name} {value:g}" for name, value in own.items()) or "(no faults)"


def _verdict_section(found: Simulation) -> str:
    """How often each way to count says something that is not true, over all judges."""
    rows = []
    for label, protocol, controlled in (
        ("picpersona", "picpersona", False),
        ("tod_bench", "tod_bench", False),
        ("tod_bench, at equal length", "tod_bench", True),
    ):
        own = [row for row in found.pairs if row.protocol == protocol]
        wrong = [fmean(_wrong(row, controlled=controlled) for row in own if row.judge == name) for name in JUDGES]
        missed = fmean(_missed(row, controlled=controlled) for row in own if row.truth != "equal")
        rows.append([label, *(number(share, 0) for share in wrong), number(missed, 0)])
    head = ["wrong conclusions, %", *JUDGES, "differences missed, %"]
    return f"## How often a version is called better that is not\n\n{table(head, rows)}"


def _said(row: PairStudies, *, controlled: bool) -> tuple[float, float]:
    """Shares of studies that say that the second, and that the first version is better."""
    if controlled:
        return row.controlled_second or 0.0, row.controlled_first or 0.0
    return row.second, row.first


def _wrong(row: PairStudies, *, controlled: bool) -> float:
    second, first = _said(row, controlled=controlled)
    return {"equal": second + first, "second better": first, "second worse": second}[row.truth]


def _missed(row: PairStudies, *, controlled: bool) -> float:
    return 100 - sum(_said(row, controlled=controlled))


def _pair_section(found: Simulation, truth: str) -> str:
    own = [row for row in found.pairs if row.truth == truth]
    head = ["judge", "protocol", "win rate", "bias", "at equal length", "interval holds truth %"]
    head += ["says second %", "says first %", "ties %", "unscored %", "position consistency %"]
    head += ["at equal length: says second %", "says first %"]
    rows = [
        [
            *(row.judge, row.protocol, number(row.rate, 1), f"{row.bias:+.1f}", number(row.controlled, 1)),
            *(number(row.covered, 0), number(row.second, 0), number(row.first, 0), number(row.ties, 1)),
            *(number(row.unscored, 1), number(row.consistency, 1)),
            *(number(row.controlled_second, 0), number(row.controlled_first, 0)),
        ]
        for row in own
    ]
    return f"## Truth: {truth} (win rate {own[0].true_rate:.1f})\n\n{table(head, rows)}"


def _likert_section(found: Simulation) -> str:
    head = ["unreadable answers %", "protocol", "true mean", "mean", "bias", "unscored %", "defaulted %"]
    rows = [
        [
            *(number(100 * row.failure, 0), row.protocol, number(row.true_mean), number(row.mean), f"{row.bias:+.2f}"),
            *(number(row.unscored, 1), number(row.made_up, 1)),
        ]
        for row in found.likert
    ]
    return f"## Likert: Q3 of a judge that fails\n\n{table(head, rows)}"
