"""Episodes side by side: an agent that answers many at once is given all open episodes in one batch a step.

    episode a   user  >query  >say  user  >say
    episode b   user  >say    user  >query  >say
    episode c   user  >query  >query  >say  user
                      batch 1 batch 2  ...

As an episode ends the next one begins. Every episode has chance of its own, so that it comes out as it does alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent, Observation, Reply, Talk, crash_of
from tod_bench.interact.episode import Environment, play_episode, talk_of
from tod_bench.interact.hangs import Hang, Watch
from tod_bench.interact.tasks import Task


def played(environment: Environment, agent: Agent, tasks: Iterable[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
    """Plays episodes in one process and yields their records, in the order in which they end.

    Args:
        environment: Goals, world and users.
        agent: Who is played; it has been made ready.
        tasks: The episodes.
    """
    if agent.side_by_side == 1:
        for task in tasks:
            yield task, play_episode(environment, agent, *task)
        return
    waiting = iter(tasks)
    opened: list[_Open] = []
    while True:
        while len(opened) < agent.side_by_side and (begun := next(waiting, None)):
            opened.append(_Open(environment, agent, begun))
        if not opened:
            return
        replies = _replies(environment, agent, opened)
        if replies is None:
            # Which of them it was that failed shows when each is played alone; the others come out as they would have.
            yield from ((one.task, play_episode(environment, agent, *one.task)) for one in opened)
            opened = []
            continue
        going_on = [one.takes(reply) for one, reply in zip(opened, replies, strict=True)]
        yield from ((one.task, one.record()) for one, goes in zip(opened, going_on, strict=True) if not goes)
        opened = [one for one, goes in zip(opened, going_on, strict=True) if goes]


class _Open:
    """An episode that is open.

    Attributes:
        task: Its goal and trial.
        talk: The agent in it; what it failed with where it could not begin.
        observation: What the agent is to answer next.
    """

    def __init__(self, environment: Environment, agent: Agent, task: Task) -> None:
        self.task, self._agent = task, agent
        self._episode = environment.reset(*task)
        first = self._episode.user()
        assert first is not None, "a user says something before it leaves"
        self.observation: Observation = first
        self.talk: Talk = _begun(environment, agent, self._episode)

    def takes(self, reply: Reply) -> bool:
        """Takes the agent's reply; False where the episode has ended."""
        following = self._episode.agent(reply) or self._episode.user()
        if following is not None:
            self.observation = following
        return following is not None

    def record(self) -> dict[str, Any]:
        """The record of the episode."""
        return self._episode.record(self._agent, self.talk.usage)


class _Stillborn(Talk):
    """In place of an agent that failed before it said anything."""

    def __init__(self, error: BaseException) -> None:
        self.failure = crash_of(error)

    def act(self, observation: Observation) -> Reply:  # noqa: ARG002
        """The failure."""
        return self.failure


def _begun(environment: Environment, agent: Agent, episode: Any) -> Talk:
    try:
        return talk_of(environment, agent, episode)
    except UserError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what a system raises is its own failure
        return _Stillborn(error)


def _replies(environment: Environment, agent: Agent, opened: Sequence[_Open]) -> list[Reply] | None:
    """A reply for each open episode; None where the agent failed for all of them together."""
    alive = [one for one in opened if not isinstance(one.talk, _Stillborn)]
    answers: Sequence[Reply] = ()
    try:
        with Watch(environment.seconds * len(alive) if agent.timed and alive else None) as watch:
            watch.begin()
            if alive:
                answers = agent.act_many([one.talk for one in alive], [one.observation for one in alive])
            watch.end()
    except UserError:
        raise
    except (Exception, SystemExit, Hang):  # noqa: BLE001 - what a system raises is its own failure
        return None
    by_episode = {id(one): answer for one, answer in zip(alive, answers, strict=True)}
    return [by_episode[id(one)] if id(one) in by_episode else one.talk.act(one.observation) for one in opened]
