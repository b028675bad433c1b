"""Agents that do what a function says."""

from tod_bench.interact.agents import Agent, Talk


class Scripted(Agent):
    """An agent that replies with what a function gives.

    Args:
        reply: What it is shown -> its reply.
    """

    name = "scripted"

    def __init__(self, reply):
        self.reply = reply

    @property
    def signature(self):
        return {"agent": self.name}

    def talk(self, world, rng):
        reply = self.reply

        class One(Talk):
            def act(self, observation):
                return reply(observation)

        return One()
