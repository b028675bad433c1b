"""The plain answer to the acts itself: what both persona floors start from, and the floor of every metric of style."""

from tod_baselines.persona_floors.system import PersonaFloor
from tod_bench.systems import TurnInput


class Plain(PersonaFloor):
    """Answers with the plain answer to the shown acts, whoever the user is."""

    def restyled(self, answer: str, shown: TurnInput) -> str:  # noqa: ARG002
        """The answer as it is."""
        return answer
