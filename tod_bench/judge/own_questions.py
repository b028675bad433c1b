"""Questions of the user's own, as data files: what is shown, what is asked, the answers, and how they are read.

name: courtesy
instruction: You judge how a system treats its user.
questions:
  courtesy:
    text: How courteous is the system?
    scale: {1: rude, 2: brusque, 3: polite, 4: warm}

Answers that are whole numbers have a mean; others are labels, which have shares. Within a run a question is known by
its name and a digest of its text and answers, ``courtesy@1f0c9a``, so that no two questions of one name are mixed up.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tod_bench.config_files import read_yaml, validated
from tod_bench.errors import UserError, did_you_mean
from tod_bench.files import digest_of

_FOLDER = Path(__file__).parent / "question_files"

SLOTS = "slots"
"""In place of a scale: the slots of the corpus, and `NO_SLOT`."""

NO_SLOT = "none"

_TAKEN = frozenset({"check", "reason", "factors", "certainty"})


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnQuestion(_Section):
    """A question.

    Attributes:
        text: The question as the judge reads it.
        scale: Answer -> what it means; or ``slots`` for the slots of the corpus.
        pattern: A regular expression with one group, whose last match in the answer is the value; for judges that
            answer in a form of their own. All questions of a file have one, or none has.
    """

    text: str = Field(min_length=1)
    scale: dict[int, str] | dict[str, str] | Literal["slots"]
    pattern: str | None = None

    @field_validator("scale", mode="before")
    @classmethod
    def _points(cls, scale: Any) -> Any:
        if isinstance(scale, dict) and any(isinstance(value, bool) for value in scale):
            raise ValueError("YAML reads yes and no as true and false: put quotes around such answers")
        # JSON, in which runs are kept, has no whole numbers as keys.
        if isinstance(scale, dict) and all(re.fullmatch(r"-?\d+", str(value)) for value in scale):
            return {int(value): meaning for value, meaning in scale.items()}
        return scale

    @field_validator("scale")
    @classmethod
    def _answers(cls, scale: Any) -> Any:
        if isinstance(scale, dict) and len({str(value).strip().casefold() for value in scale}) < 2:
            raise ValueError("a scale needs at least two different answers")
        if isinstance(scale, dict) and any(str(value) != str(value).strip().casefold() for value in scale):
            raise ValueError("write the answers of a scale in lower case, without spaces around them")
        return scale

    @field_validator("pattern")
    @classmethod
    def _reading(cls, pattern: str | None) -> str | None:
        try:
            groups = 1 if pattern is None else re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"the pattern is no regular expression: {error}") from None
        if groups != 1:
            raise ValueError("the pattern needs exactly one group, ( ), around the value")
        return pattern

    def answers(self, slots: Sequence[str] = ()) -> dict[int, str] | dict[str, str]:
        """The answers and what they mean; `slots` are the corpus's."""
        if isinstance(self.scale, dict):
            return self.scale
        return {NO_SLOT: "the notes are right", **dict.fromkeys(slots, "")}

    @property
    def has_points(self) -> bool:
        """Whether answers are whole numbers, which have a mean."""
        return isinstance(self.scale, dict) and all(isinstance(value, int) for value in self.scale)


class QuestionFile(_Section):
    """A file of questions.

    Attributes:
        name: Names the questions in signatures.
        about: What one answer is about: a whole dialogue, or the state that a system predicts in a turn.
        instruction: Who the judge is and what it must mind.
        form: How the judge is to answer, where patterns read its answers; else the form of a verdict is shown.
        questions: The questions by name.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    about: Literal["dialogue", "state"] = "dialogue"
    instruction: str = Field(min_length=1)
    form: str | None = None
    questions: dict[str, OwnQuestion] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, question in self.questions.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in _TAKEN:
                raise ValueError(f"a question cannot be called {name!r}: use lower-case letters, digits and _")
            if question.scale == SLOTS and self.about != "state":
                raise ValueError(f"{name}: only questions about states have the scale `slots`")
        patterns = [question.pattern is not None for question in self.questions.values()]
        if any(patterns) != all(patterns) or any(patterns) != (self.form is not None):
            raise ValueError("give every question a `pattern` and the file a `form`, or neither")
        return self

    @property
    def by_pattern(self) -> bool:
        """Whether answers are read by patterns."""
        return self.form is not None

    def asked(self, slots: Sequence[str] = ()) -> tuple[str, ...]:
        """The questions as queries name them; from then on `answers_of` knows them."""
        names = []
        for name, question in self.questions.items():
            answers = question.answers(slots)
            names.append(f"{name}@{digest_of([question.text, list(answers.items())])[:6]}")
            _ANSWERS[names[-1]] = tuple(answers)
        return tuple(names)


_ANSWERS: dict[str, tuple[int | str, ...]] = {}
"""Question as queries name it -> its answers. The name holds a digest of them, so an entry never changes."""


def answers_of(question: str) -> tuple[int | str, ...] | None:
    """The answers of a question of the user's own, as `QuestionFile.asked` names it; None for any other."""
    return _ANSWERS.get(question)


def name_of(question: str) -> str:
    """The name of a question, as its file has it."""
    return question.partition("@")[0]


def load_questions(name: str) -> QuestionFile:
    """Reads a file of questions: a path, or the name of a shipped one.

    Raises:
        UserError: There is none, or it has errors; all of them are in the message.
    """
    shipped = {path.stem: path for path in _FOLDER.glob("*.yaml")}
    path = Path(name) if Path(name).is_file() else shipped.get(name)
    if path is None:
        raise UserError(f"there is no file of questions {name}{did_you_mean(name, sorted(shipped))}")
    return validated(QuestionFile, str(path), read_yaml(path), ())


def as_question_file(given: Any) -> Any:
    """What a config's key says: the keys and values of a file, or its name."""
    if not isinstance(given, str):
        return given
    try:
        return load_questions(given)
    except UserError as error:
        raise ValueError(str(error)) from None


def pattern_values(
    text: str, file: QuestionFile, questions: Sequence[str], shown: str
) -> Mapping[str, int | str] | str:
    """The values that patterns find in an answer, or why there are none.

    An answer read by a pattern carries no check word. So where a pattern matches in what the judge was shown, nothing
    is read: the judge may have quoted it.

    Args:
        text: The answer.
        file: The questions.
        questions: Those that were asked, as queries name them.
        shown: The material that the judge was shown.
    """
    values: dict[str, int | str] = {}
    for question in questions:
        pattern = str(file.questions[name_of(question)].pattern)
        if re.search(pattern, shown):
            return f"{name_of(question)}: the dialogue itself holds what the pattern reads"
        found = re.findall(pattern, text)
        word = found[-1].strip().casefold() if found else ""
        value = next((value for value in answers_of(question) or () if str(value) == word), None)
        if value is None:
            return f"{name_of(question)}: {f'{word[:40]!r} was not offered' if found else 'the pattern finds nothing'}"
        values[question] = value
    return values
