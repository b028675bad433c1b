"""Counting corpora the way that Table 1 of PicPersona-TOD (and the papers it quotes) does.

A *turn* is one utterance, of the user or of the system; a *token* is a run of characters without white space. With
these two rules SGD's train split has the 9.75 tokens a turn that its authors report. The published rows are those of
the train split where a corpus has splits.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tod_bench.corpora.sgd import domain_of
from tod_bench.records import Dialogue

RULE = "a turn is one utterance (user or system); a token is a run of characters without white space"


@dataclass(frozen=True, slots=True)
class Counts:
    """What Table 1 says of a corpus, for some dialogues.

    Attributes:
        dialogues: Number of dialogues.
        services: Number of services (or domains) that they are about.
        domains: Number of domains, the services' version numbers dropped (``Homes_1`` and ``Homes_2`` are one).
        turns: Number of utterances.
        tokens: Number of tokens in them.
    """

    dialogues: int = 0
    services: int = 0
    domains: int = 0
    turns: int = 0
    tokens: int = 0

    @property
    def turns_a_dialogue(self) -> float:
        """Mean number of utterances of a dialogue; 0 without dialogues."""
        return self.turns / self.dialogues if self.dialogues else 0.0

    @property
    def tokens_a_turn(self) -> float:
        """Mean number of tokens of an utterance; 0 without utterances."""
        return self.tokens / self.turns if self.turns else 0.0


def count(dialogues: Iterable[Dialogue]) -> Counts:
    """Counts dialogues in one pass."""
    total = turns = tokens = 0
    services: set[str] = set()
    for dialogue in dialogues:
        total += 1
        services.update(dialogue.services)
        own_turns, own_tokens = turns_and_tokens(dialogue)
        turns += own_turns
        tokens += own_tokens
    return Counts(total, len(services), len({domain_of(service) for service in services}), turns, tokens)


def turns_and_tokens(dialogue: Dialogue) -> tuple[int, int]:
    """The turns of a dialogue, and the tokens in them."""
    sizes = [len(utterance.split()) for turn in dialogue.turns for utterance in (turn.user, turn.system)]
    return sum(size > 0 for size in sizes), sum(sizes)
