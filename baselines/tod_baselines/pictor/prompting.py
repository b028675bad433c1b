"""What a model that sees reads of a turn: the lines of a prompt, behind a picture.

    first impression   [picture]  the person's first impression:              ->  The picture shows an elderly man ...
    response           [picture]  acts: [hotel] [request] (area)
                                  database: [hotel] many
                                  user: A room, please.
                                  impression: The picture shows ...           ->  May I ask which area you prefer?

The first impression is an answer to the picture alone, so it is the same in all turns of a dialogue. As a line of the
prompt it can be the model's own, the corpus's or that of another user.
"""

from collections.abc import Collection, Iterator
from typing import Final, Literal, TypeAlias

from tod_bench.errors import UserError
from tod_bench.linearize import linearize_acts, linearize_db
from tod_bench.systems import TurnInput

Input: TypeAlias = Literal["policy", "db", "utterance", "image", "impression"]
"""What a model can be given of a turn; ``impression`` is also what it writes of a picture first."""

INPUTS: Final[tuple[Input, ...]] = ("policy", "db", "utterance", "image", "impression")
"""All of them, in the order of the prompt but for the picture, which comes first."""

CAPTION: Final = "the person's first impression:"
"""The prompt of a first impression, beside the picture."""

MARKS: Final = ("progress:", "acts:", "database:", "user:", "impression:")
"""What opens the lines of a prompt."""


def prompt_text(shown: TurnInput, inputs: Collection[str], *, impression: str = "") -> str:
    """The text of a response's prompt, without the picture.

    How far the dialogue has come is written where the turn has it (`TurnInput.progress`).

    Args:
        shown: The turn.
        inputs: Any of `INPUTS`.
        impression: The first impression, where `inputs` has one.

    Raises:
        UserError: The turn has no acts, or no database entries, where they are to be written.
    """
    return "\n".join(f"{mark} {text}".rstrip() for mark, text in _lines(shown, inputs, impression))


def _lines(shown: TurnInput, inputs: Collection[str], impression: str) -> Iterator[tuple[str, str]]:
    progress, acts, database, user, first_impression = MARKS
    if shown.progress is not None:
        yield progress, shown.progress
    if "policy" in inputs:
        if shown.acts is None:
            raise _lacking(shown, "acts", "policy")
        yield acts, linearize_acts(shown.acts, values=True)
    if "db" in inputs:
        if shown.db_matches is None:
            raise _lacking(shown, "database entries", "db")
        yield database, linearize_db(shown.db_matches)
    if "utterance" in inputs:
        yield user, one_line(shown.user)
    if "impression" in inputs:
        yield first_impression, one_line(impression)


def one_line(text: str) -> str:
    """A text on one line, with single blanks."""
    return " ".join(text.split())


def picture_of(shown: TurnInput) -> str:
    """The name of the user's picture.

    Raises:
        UserError: The corpus names none.
    """
    if shown.persona is None or not shown.persona.image:
        raise _lacking(shown, "picture of the user", "image")
    return shown.persona.image


def impression_of(shown: TurnInput) -> str:
    """The corpus's first impression of the user.

    Raises:
        UserError: The corpus has none.
    """
    if shown.persona is None or not shown.persona.impression.strip():
        raise _lacking(shown, "first impression of the user", "impression")
    return one_line(shown.persona.impression)


def _lacking(shown: TurnInput, what: str, setting: str) -> UserError:
    return UserError(
        f"pictor: dialogue {shown.dialogue_id}, turn {shown.turn}: there is no {what}; leave {setting} out of inputs, "
        "or take a corpus that has it"
    )
