"""How fast the simulated user plays, in one process, and that memory stays flat over many episodes.

python -m benchmarks.play                      the embedded corpus
python -m benchmarks.play --multiwoz           MultiWOZ 2.1 too, from TOD_BENCH_DATA

Seconds are those of the process, not of the clock, so other work on the machine matters little. Writes
``results/bench/play.md`` and ``play.json``.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import click

from benchmarks.command import help_text
from benchmarks.report import Row, write_report
from tod_bench.corpora.base import open_corpus
from tod_bench.interact.agents import Agent, Talk
from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.play import play
from tod_bench.interact.rule_policy import RulePolicy
from tod_bench.interact.words.language import OwnWords, RulePolicyInWords
from tod_bench.interact.world import World
from tod_bench.simulated.corpus import Simulated

EPISODES = 100_000
GOALS = 1_000
REPEATS = 5
MARKS = 10
"""How often memory is read."""

MOST_MEGABYTES = 8.0
"""Growth from a fifth of the episodes to all: where each is takes 8 bytes, which are there from the start."""


@click.command(help=help_text(__doc__))
@click.option("--multiwoz", is_flag=True, help="Also on MultiWOZ 2.1.")
@click.option("--smoke", is_flag=True, help="Tiny inputs: shows that everything runs, and measures nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/bench"), help="Folder to write into.")
def main(multiwoz: bool, smoke: bool, out: Path) -> None:
    """Measures and writes."""
    goals = 20 if smoke else GOALS
    environments = {"embedded corpus": Environment(Simulated({"test": goals}))}
    if multiwoz:
        environments["MultiWOZ 2.1"] = Environment(open_corpus("multiwoz", version="2.1"), limit=goals)
    began = time.perf_counter()
    rows = [
        row for name, environment in environments.items() for row in speed(name, environment, 1 if smoke else REPEATS)
    ]
    rows.append(memory(200 if smoke else EPISODES))
    print(write_report(out / "play", {"play": rows}, seconds={"play": time.perf_counter() - began}, smoke=smoke))


def speed(name: str, environment: Environment, repeats: int) -> Iterator[Row]:
    """Episodes a second at acts and in words, and records scored a second; the first round is not counted."""
    words = environment.with_users(environment.user, OwnWords())
    for level, there, agent in (("at acts", environment, RulePolicy()), ("in words", words, RulePolicyInWords())):
        found, scored = [], []
        for _ in range(repeats + 1):
            began = time.process_time()
            records = [play_episode(there, agent, goal, 0) for goal in there.goals]
            played = time.process_time()
            for record in records:
                episode_item(record, there.world)
            found.append(len(records) / (played - began))
            scored.append(len(records) / (time.process_time() - played))
        yield Row(f"{name}: episodes {level}", "/s", tuple(found[1:]))
        yield Row(f"{name}: episodes {level}, scored", "/s", tuple(scored[1:]))


def memory(episodes: int) -> Row:
    """Growth of the memory in use from a fifth of the episodes to all, played into a journal; values by the way."""
    watched = Watched(every=max(1, episodes // MARKS))
    environment = Environment(Simulated({"test": min(GOALS, episodes)}))
    with TemporaryDirectory() as folder:
        play(environment, watched, Path(folder) / "episodes.jsonl", trials=max(1, episodes // GOALS))
    marks = watched.marks
    growth = marks[-1] - marks[len(marks) // 5]
    shown = ", ".join(f"{mark:.0f}" for mark in marks)
    return Row(
        f"memory grown from a fifth of {episodes:,} episodes to all (on the way: {shown})",
        "MB",
        (growth,),
        target=MOST_MEGABYTES,
    )


@dataclass(frozen=True)
class Watched(Agent):
    """The rule policy, which reads the memory in use now and then.

    Attributes:
        every: Episodes between two readings.
        marks: What was read, in megabytes.
    """

    every: int
    marks: list[float] = field(default_factory=list)
    _count: list[int] = field(default_factory=lambda: [0])
    name = "watched"

    @property
    def signature(self) -> dict[str, str]:
        """The name."""
        return {"agent": self.name}

    def talk(self, world: World, rng: Random) -> Talk:
        """The policy at the start of an episode."""
        self._count[0] += 1
        if self._count[0] % self.every == 0:
            self.marks.append(_megabytes())
        return RulePolicy().talk(world, rng)


def _megabytes() -> float:
    """Memory in use; where the system does not say, the most that was."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
