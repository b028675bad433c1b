"""Agents whose episodes share something that answers questions: systems, a model behind a server.

A turn is a generator that yields calls of tools and questions. The questions of all open episodes are answered in one
batch, again and again until every episode has a call or something to say.
"""

from abc import abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast

from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent, Call, Failed, Lost, Observation, Reply, Say, Talk, crash_of

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Question(Generic[Asked]):
    """Something that the agent's shared part is to answer.

    Attributes:
        content: What is asked.
    """

    content: Asked


AskingSteps: TypeAlias = Generator[Call | Question[Any], Any, Say | Failed | Lost]
"""A turn as a program: it yields calls and questions, is sent results and answers, and returns how the turn ends."""


class AskingTalk(Talk, Generic[Asked, Answer]):
    """One episode of an agent that asks.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: "AskingAgent[Asked, Answer]") -> None:
        self._agent = agent
        self._steps: AskingSteps | None = None

    @abstractmethod
    def turn(self, observation: Observation) -> AskingSteps:
        """The steps of a turn."""

    def act(self, observation: Observation) -> Reply:
        """The next reply, by itself."""
        return self._agent.act_many([self], [observation])[0]

    def begin(self, observation: Observation) -> Reply | Question[Asked]:
        """The first step after something was observed: of a new turn, or after the result of a call."""
        if observation.result is None or self._steps is None:
            self._steps = self.turn(observation)
            return self.go_on(None)
        return self.go_on(observation.result)

    def go_on(self, sent: Any) -> Reply | Question[Asked]:
        """The step after an answer."""
        assert self._steps is not None
        try:
            return self._steps.send(sent)
        except StopIteration as end:
            said: Say | Failed | Lost = end.value
            return said
        except UserError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one episode's failure is not that of the others
            return crash_of(error)


class AskingAgent(Agent, Generic[Asked, Answer]):
    """An agent whose episodes ask."""

    @abstractmethod
    def answers(self, questions: Sequence[Asked]) -> Sequence[Answer]:
        """Answers the questions of several episodes, in their order; each as if it were asked alone."""

    def act_many(self, talks: Sequence[Talk], observations: Sequence[Observation]) -> Sequence[Reply]:
        """The next reply in each episode."""
        asking = [cast("AskingTalk[Asked, Answer]", talk) for talk in talks]
        steps = [talk.begin(observation) for talk, observation in zip(asking, observations, strict=True)]
        while questions := {place: step.content for place, step in enumerate(steps) if isinstance(step, Question)}:
            answers = self.answers(list(questions.values()))
            for place, answer in zip(questions, answers, strict=True):
                steps[place] = asking[place].go_on(answer)
        return cast("list[Reply]", steps)
