"""Training examples: what a model reads, and what it is to answer."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from tod_baselines.pictor.prompting import CAPTION, impression_of, one_line, picture_of, prompt_text
from tod_bench.records import Database, Dialogue
from tod_bench.tasks import learnable, turn_inputs


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and its answer.

    Attributes:
        text: The text of the prompt.
        picture: The name of the picture before it; empty for none.
        answer: What is to be answered.
    """

    text: str
    picture: str
    answer: str


def examples_of(
    dialogues: Iterable[Dialogue],
    inputs: Collection[str],
    *,
    progress: bool = False,
    database: Database | None = None,
) -> Iterator[Example]:
    """The examples of some dialogues, given gold states and acts: a response a turn that the system has.

    A model that sees and writes first impressions (``image`` and ``impression``) also learns one a dialogue.

    Args:
        dialogues: The dialogues; one that is not annotated with acts has no examples.
        inputs: What the model is given (see `tod_baselines.pictor.prompting.INPUTS`).
        progress: Whether it is told how far the dialogue has come.
        database: The corpus's database, in which entries are counted.

    Raises:
        UserError: A turn lacks what `inputs` asks for.
    """
    gold = frozenset({"progress"}) if progress else frozenset()
    for dialogue in dialogues:
        if not learnable("response", dialogue):
            continue
        turns = {turn.index: turn for turn in dialogue.turns}
        shown_turns = turn_inputs(
            [dialogue], "response", gold_access=gold, states="gold", acts="gold", database=database
        )
        for number, shown in enumerate(shown_turns):
            picture = picture_of(shown) if "image" in inputs else ""
            impression = impression_of(shown) if "impression" in inputs else ""
            if number == 0 and picture and impression:
                yield Example(CAPTION, picture, impression)
            text = prompt_text(shown, inputs, impression=impression)
            yield Example(text, picture, one_line(turns[shown.turn].system))
