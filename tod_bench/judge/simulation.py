"""Judges with known faults over dialogues with a known truth: what each protocol concludes.

Every study goes the whole way: prompts are written, a scripted judge with known biases reads and answers them, answers
are parsed and counted. The better version of a dialogue has words that suit the user, one in every turn; who is better
in how many dialogues is set. So the true win rate is known, and what a protocol reports beyond it is its own doing.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from tod_bench.judge.asking import ask_all
from tod_bench.judge.config import JudgeConfig, ProtocolName, Resampling
from tod_bench.judge.drafts import fixed_nonce
from tod_bench.judge.items import Item, ItemSet
from tod_bench.judge.prompting import load_prompt
from tod_bench.judge.questions import TaskName
from tod_bench.judge.ratings import ratings_of
from tod_bench.judge.rows import JudgeRow, pair_rows, position_rows
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.judge.store import Judged
from tod_bench.judge.validity import LengthControl, length_of_pairs
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.records import Persona
from tod_bench.systems import Exchange
from tod_metrics.base import Signature
from tod_metrics.judge.likert import METRICS as LIKERT_METRICS
from tod_metrics.judge.ratings import Rating, judged_items

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
        made_up: Mean share of values that are the protocol's default for an unreadable answer.
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
    """Settled queries in memory."""

    def __init__(self) -> None:
        self.judged: dict[str, Judged] = {}

    def get(self, key: str) -> Judged | None:
        return self.judged.get(key)

    def add(self, judged: Judged) -> None:
        self.judged[judged.key] = judged


class _Unsigned:
    """Signs nothing: only the numbers of a simulation are looked at."""

    protocol = "simulation"

    def sign(self, row: JudgeRow, n: int) -> Signature:  # noqa: ARG002
        return row.metric.signature

    def notes(self, row: JudgeRow) -> tuple[str, ...]:  # noqa: ARG002
        return ()


_SOURCE, _DRAWS = _Unsigned(), Resampling(draws=1000)


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


def _study(task: TaskName, protocol: ProtocolName, items: Sequence[Item], biases: Biases, seed: int) -> list[Rating]:
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
    memory = _Memory()
    client = ScriptedClient(ScriptedJudge(biases, seed))
    prompt = load_prompt(task, protocol=protocol)
    ask_all(config, prompt, ItemSet("simulation", "", len(items), tuple(items)), client, memory, draw=fixed_nonce)
    return ratings_of(memory.judged.values())


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
    first, second = (round(share * items) for share in TRUTHS[truth])
    true_rate = 100 * (second + (items - first - second) / 2) / items
    halves: list[JudgeRow] = []
    consistency: list[float] = []
    controlled: list[LengthControl] = []
    for seed in seeds:
        judged = _items(truth, items, seed)
        ratings = _study("pairwise", protocol, judged, JUDGES[judge], seed)
        halves.append(pair_rows(ratings, {}, _DRAWS, _SOURCE)[0])
        positions = position_rows(ratings, _DRAWS, _SOURCE)
        consistency += [row.score.value or 0.0 for row in positions if row.metric.name == "position_consistency"]
        words = {
            item.id: {name: sum(len(turn.system.split()) for turn in turns) for name, turns in item.versions.items()}
            for item in judged
        }
        length = length_of_pairs(ratings, words, Resampling(draws=300))
        if protocol != "picpersona" and length is not None and length.win_rate is not None:
            controlled.append(length)
    rates = [row.score.value or 0.0 for row in halves]
    leads = [(row.count("second") - row.count("first")) * (row.p is not None and row.p < 0.05) for row in halves]
    intervals = [(row.score.low, row.score.high) for row in halves]
    covered = [low is not None and high is not None and low <= true_rate <= high for low, high in intervals]
    return PairStudies(
        *(judge, truth, protocol, true_rate, fmean(rates), fmean(rates) - true_rate),
        covered=100 * fmean(covered),
        second=100 * fmean(lead > 0 for lead in leads),
        first=100 * fmean(lead < 0 for lead in leads),
        ties=100 * fmean((row.count("tie") + row.count("inconsistent")) / row.score.n for row in halves),
        unscored=100 * fmean(row.unscored_rate for row in halves),
        consistency=_mean(consistency),
        controlled=_mean([one.win_rate or 0.0 for one in controlled]),
        controlled_second=_mean([100.0 * ((one.low or 0.0) > 50) for one in controlled]),
        controlled_first=_mean([100.0 * ((one.high or 100.0) < 50) for one in controlled]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _likert_studies(failure: float, protocol: ProtocolName, seeds: Sequence[int], items: int) -> LikertStudies:
    metric = LIKERT_METRICS["likert_system_personalisation"]()
    means, true_means, unscored, defaulted = [], [], [], []
    for seed in seeds:
        judged = _likert_items(items, seed)
        ratings = judged_items(_study("likert", protocol, judged, Biases(failure=failure), seed))
        sums = metric.statistics(ratings).sum(axis=0)
        means.append(float(metric.aggregate(sums)))
        true_means.append(metric.score(judged_items(_study("likert", "tod_bench", judged, Biases(), seed))))
        asked = float(metric.asked(sums))
        unscored.append(float(metric.column(sums, "unscored")) / asked)
        defaulted.append(float(metric.column(sums, "defaulted")) / asked)
    mean, true_mean = fmean(means), fmean(true_means)
    return LikertStudies(
        *(failure, protocol, true_mean, mean, mean - true_mean),
        unscored=100 * fmean(unscored),
        made_up=100 * fmean(defaulted),
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
