"""Judges with known faults over dialogues with a known truth: what each protocol concludes.

Every study goes the whole way: prompts are written, a scripted judge with known habits reads and answers them, answers
are parsed and counted. The better version of a dialogue has words that suit the user, one in every turn; who is better
in how many dialogues is set. So the true win rate is known, and what a protocol reports beyond it is its own doing.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tod_bench.judge.asking import ask_all
from tod_bench.judge.config import JudgeConfig, ProtocolName, Resampling
from tod_bench.judge.drafts import fixed_nonce
from tod_bench.judge.items import Item, ItemSet
from tod_bench.judge.length import LengthControl, length_control
from tod_bench.judge.likert import item_sums, mean_of
from tod_bench.judge.pairwise import PairRow, outcome_counts, pair_rows, position, ties_half
from tod_bench.judge.questions import TaskName
from tod_bench.judge.ratings import Rating, ratings_of
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.judge.templates import load_prompt
from tod_bench.judge.verdicts import Judged
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.records import Persona
from tod_bench.systems import Exchange

JUDGES: dict[str, Biases] = {
    "faultless": Biases(),
    "noisy": Biases(noise=0.7),
    "second seat": Biases(noise=0.7, position=0.5),
    "long answers": Biases(noise=0.7, length=0.9),
    "fails 20%": Biases(noise=0.7, failure=0.2),
    "all of these": Biases(noise=0.7, position=0.5, length=0.9, failure=0.2),
}
"""The judges; the better version leads by 1 (one fitting word a turn)."""

TRUTHS: dict[str, tuple[float, float]] = {
    "equal": (0.3, 0.3),
    "second better": (0.2, 0.5),
    "second worse": (0.5, 0.2),
}
"""Share of dialogues in which the first and in which the second version is better; the rest are ties."""

FAILURES = (0.0, 0.1, 0.3)
"""Shares of unreadable answers of the Likert judges."""

_LONGER = (0.7, 2.3)
"""The second version's length relative to the first's, drawn for each dialogue, whoever is better."""

_PERSONA = Persona(impression="The picture shows an elderly man in a pressed suit.", age="senior")
_PLAIN = (
    "The table is booked for four people at seven",
    "The train leaves platform nine at a quarter past ten",
    "The museum closes at five and the entrance is free",
    "The hotel has rooms with a view of the river",
)
_FILLER = ["and", "that", "is", "all", "that", "there", "is", "to", "know", "about", "it", "at", "the", "moment"]
_FITTING = "certainly"


@dataclass(frozen=True, slots=True)
class PairStudies:
    """Pairwise studies of one judge, truth and protocol.

    Attributes:
        judge: The judge.
        truth: The truth.
        protocol: The protocol.
        true_rate: True win rate of the second version, ties half, 0 to 100.
        rate: Mean reported win rate.
        bias: Mean of reported less true, in points.
        covered: Share of studies whose 95% interval holds the true rate, 0 to 100.
        second: Share of studies that conclude, at p < 0.05, that the second version is better.
        first: The same for the first version.
        ties: Mean share of ties reported, inconsistent pairs included.
        unscored: Mean share of pairs without an outcome.
        consistency: Mean position consistency; None with one order.
        controlled: Mean length-controlled win rate; None under ``picpersona``, which has none.
        controlled_second: Share of studies whose length-controlled interval lies above 50; None as above.
        controlled_first: The same below 50.
    """

    judge: str
    truth: str
    protocol: str
    true_rate: float
    rate: float
    bias: float
    covered: float
    second: float
    first: float
    ties: float
    unscored: float
    consistency: float | None
    controlled: float | None
    controlled_second: float | None
    controlled_first: float | None


@dataclass(frozen=True, slots=True)
class LikertStudies:
    """Likert studies of a judge that fails, under one protocol.

    Attributes:
        failure: Share of unreadable answers.
        protocol: The protocol.
        true_mean: Mean of Q3 that the judge would give without failures.
        mean: Mean reported.
        bias: Mean of reported less true, in points of the scale.
        unscored: Mean share of ratings without a value.
        made_up: Mean share of values made up by the protocol.
    """

    failure: float
    protocol: str
    true_mean: float
    mean: float
    bias: float
    unscored: float
    made_up: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """Everything that was simulated, and how."""

    command: str
    replicates: int
    items: int
    seed: int
    pairs: tuple[PairStudies, ...]
    likert: tuple[LikertStudies, ...]


class _Memory:
    """Settled asks in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Judged] = {}

    def get(self, key: str) -> Judged | None:
        return self.kept.get(key)

    def add(self, judged: Judged) -> None:
        self.kept[judged.key] = judged


def simulate(replicates: int, items: int, seed: int) -> Simulation:
    """Runs every study.

    Args:
        replicates: Studies of each judge, truth and protocol.
        items: Dialogues a study.
        seed: Seed of truths, texts and judges.
    """
    protocols: tuple[ProtocolName, ...] = ("tod_bench", "picpersona")
    pairs = [
        _pair_studies(judge, truth, protocol, [seed + n for n in range(replicates)], items)
        for truth in TRUTHS
        for judge in JUDGES
        for protocol in protocols
    ]
    likert = [
        _likert_studies(failure, protocol, [seed + n for n in range(replicates)], items)
        for failure in FAILURES
        for protocol in protocols
    ]
    command = f"tod-bench judge simulate --replicates {replicates} --items {items} --seed {seed}"
    return Simulation(command, replicates, items, seed, tuple(pairs), tuple(likert))


def _study(task: TaskName, protocol: ProtocolName, items: Sequence[Item], habits: Biases, seed: int) -> list[Rating]:
    """One study, from prompts to ratings."""
    config = JudgeConfig.model_validate(
        {
            "name": "simulation",
            "task": task,
            "protocol": protocol,
            "corpus": {"corpus": "simulation"},
            "versions": {"first": {}, "second": {}},
            "reference": "first" if task == "likert" else None,
            "judge": {"model": "scripted"},
        }
    )
    kept = _Memory()
    client = ScriptedClient(ScriptedJudge(habits, seed))
    prompt = load_prompt(task, protocol=protocol)
    found = ItemSet("simulation", "", len(items), tuple(items))
    ask_all(config, prompt, found, client, kept, draw=fixed_nonce)
    return ratings_of(kept.kept.values())


def _items(truth: str, count: int, seed: int) -> list[Item]:
    """Dialogues in which the set shares of first and second versions are better, in random places."""
    rng = random.Random(f"{truth}|{seed}")
    first, second = (round(share * count) for share in TRUTHS[truth])
    better = ["first"] * first + ["second"] * second + [""] * (count - first - second)
    rng.shuffle(better)
    return [
        Item(
            f"s{place:04}",
            _PERSONA,
            {
                "first": _dialogue(rng, better[place] == "first", 1.0),
                "second": _dialogue(rng, better[place] == "second", rng.uniform(*_LONGER)),
            },
        )
        for place in range(count)
    ]


def _dialogue(rng: random.Random, better: bool, length: float) -> tuple[Exchange, ...]:
    return tuple(Exchange("I have a question.", " ".join(_words(rng, text, better, length))) for text in _PLAIN)


def _words(rng: random.Random, text: str, better: bool, length: float) -> Iterator[str]:
    """A sentence with a fitting word or a neutral one, shortened or filled up to its length, give or take a fifth."""
    words = text.split()
    size = max(3, round(len(words) * length * rng.uniform(0.8, 1.2)))
    yield _FITTING if better else "now"
    yield from [*words, *_FILLER, *_FILLER][:size]
    # The character that `picpersona` drops is this point: dropping it must not change who is better.
    yield "there."


def _pair_studies(judge: str, truth: str, protocol: ProtocolName, seeds: Sequence[int], items: int) -> PairStudies:
    studies = [(seed, _study("pairwise", protocol, _items(truth, items, seed), JUDGES[judge], seed)) for seed in seeds]
    first, second = (round(share * items) for share in TRUTHS[truth])
    true_rate = 100 * (second + (items - first - second) / 2) / items
    by = Resampling(draws=1000)
    rows = [pair_rows(ratings, {}, by)[0] for _, ratings in studies]
    rates = [row.ties_half.value or 0.0 for row in rows]
    seats = [seat.consistency.value or 0.0 for _, ratings in studies if (seat := position(ratings, by))]
    found = [_controlled(ratings, _items(truth, items, seed)) for seed, ratings in studies]
    controlled = [] if protocol == "picpersona" else [one for one in found if one.win_rate is not None]
    return PairStudies(
        *(judge, truth, protocol, true_rate, fmean(rates), fmean(rates) - true_rate),
        covered=100 * fmean(_covers(row, true_rate) for row in rows),
        second=100 * fmean(_concludes(row, 1) for row in rows),
        first=100 * fmean(_concludes(row, -1) for row in rows),
        ties=100 * fmean((row.counts["tie"] + row.counts["inconsistent"]) / row.ratings for row in rows),
        unscored=100 * fmean(row.unscored_rate for row in rows),
        consistency=_mean_of(seats),
        controlled=_mean_of([one.win_rate or 0.0 for one in controlled]),
        controlled_second=_mean_of([100.0 * ((one.low or 0.0) > 50) for one in controlled]),
        controlled_first=_mean_of([100.0 * ((one.high or 100.0) < 50) for one in controlled]),
    )


def _mean_of(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _controlled(ratings: Sequence[Rating], items: Sequence[Item]) -> LengthControl:
    wins = ties_half(outcome_counts(ratings)) / 100
    words = [[float(sum(len(t.system.split()) for t in turns)) for turns in item.versions.values()] for item in items]
    sizes, kept = np.array(words), np.isfinite(wins)
    return length_control(wins[kept], sizes[kept, 0], sizes[kept, 1], draws=300)


def _covers(row: PairRow, true_rate: float) -> bool:
    low, high = row.ties_half.low, row.ties_half.high
    return low is not None and high is not None and low <= true_rate <= high


def _concludes(row: PairRow, sign: int) -> bool:
    lead = row.counts["second"] - row.counts["first"]
    return row.p is not None and row.p < 0.05 and lead * sign > 0


def _likert_studies(failure: float, protocol: ProtocolName, seeds: Sequence[int], items: int) -> LikertStudies:
    studies = [_likert_items(items, seed) for seed in seeds]
    habits = Biases(failure=failure)
    found = [_q3(_study("likert", protocol, own, habits, seed)) for own, seed in zip(studies, seeds, strict=True)]
    true = [_q3(_study("likert", "tod_bench", own, Biases(), seed)) for own, seed in zip(studies, seeds, strict=True)]
    mean, true_mean = fmean(_mean(ratings) for ratings in found), fmean(_mean(ratings) for ratings in true)
    return LikertStudies(
        *(failure, protocol, true_mean, mean, mean - true_mean),
        unscored=100 * fmean(fmean(rating.value is None for rating in ratings) for ratings in found),
        made_up=100 * fmean(fmean(rating.defaulted for rating in ratings) for ratings in found),
    )


def _likert_items(count: int, seed: int) -> list[Item]:
    """Rated dialogues of which hardly any fits the user: the true mean is far from the 3 that stands for failures."""
    rng = random.Random(f"likert|{seed}")
    return [
        Item(
            f"s{place:04}",
            _PERSONA,
            {"first": _dialogue(rng, False, 1.0), "second": _dialogue(rng, place % 10 == 0, 1.0)},
        )
        for place in range(count)
    ]


def _q3(ratings: Sequence[Rating]) -> list[Rating]:
    return [rating for rating in ratings if rating.question == "Q3"]


def _mean(ratings: Sequence[Rating]) -> float:
    return float(mean_of(item_sums(ratings)[1].sum(axis=0)))
