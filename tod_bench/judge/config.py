"""Judge configs: what is judged, by whom, under which protocol; a YAML file, every error reported at once.

name: judge_likert
task: likert
corpus: {corpus: simulated, options: {dialogues: {test: 40}}}
split: test
versions: {original: {style: original}, restyled: {style: personalised}}
reference: original
judge: {model: gpt-4o}
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tod_bench.config_files import config_path, read_yaml, validated
from tod_bench.errors import UserError
from tod_bench.judge.own_questions import QuestionFile, as_question_file
from tod_bench.judge.questions import GROUPS, PAPER_QUESTIONS, QUESTIONS, TaskName
from tod_bench.llm.config import ChatModel

OF_CORPUS = "corpus"
"""What `JudgeModel.images` says where the pictures are the corpus's own; a folder of that name is ``./corpus``."""


class JudgeModel(ChatModel):
    """Who judges; the fields that say how the server is reached are those of `tod_bench.llm.config.ChatModel`.

    Attributes:
        temperature: Sampling temperature; ``null`` leaves it to the server (some models take no other than their own);
            ``auto``, the default, is 0, or the server's own under ``picpersona``.
        max_tokens: Longest answer in tokens; a cut answer is asked again with twice as many. By default 600, or 300
            under ``picpersona``.
        schema_output: Whether to ask the server for JSON that meets the verdict's schema: in OpenAI's way, or, with
            ``json_object``, in that of llama.cpp's Python server (``{type: json_object, schema: ...}``), which writes
            an answer by a grammar, so that even very small models can be read.
        certainty: Whether the judge also states how certain it is, 0 to 100.
        top_logprobs: Likert and questions of one's own: how many tokens a place the server is asked to list with their
            log-probabilities (most servers list 20 at most), from which each answer gets a probability, and each
            question its expected score beside the chosen one; not asked for where left out.
        images: The personas' pictures, for a judge that sees images: a folder, or ``corpus`` (or ``true``) for those
            that the corpus has itself. It gets the impression as well. Without it the judge gets the impression alone.
        image_side: Longer side, in pixels, that pictures are scaled down to.
        trained_on: The labelled texts that a classifier (``model: classifier``) is trained on: a file, or a part of
            GoEmotions such as ``goemotions:dev``; its ``train.tsv`` where left out.
    """

    reserved_fields: ClassVar[dict[str, str]] = {
        **ChatModel.reserved_fields,
        **{name: f"is set by `judge.{name}`" for name in ("model", "temperature", "seed", "max_tokens")},
        "max_completion_tokens": "is set by `judge.max_tokens`",
        "messages": "is the prompt; see `prompt`",
        "response_format": "is set by `judge.schema_output`",
        "n": "cannot be used: set `repeats`",
    }

    temperature: float | Literal["auto"] | None = "auto"
    max_tokens: int | None = Field(default=None, ge=16)
    schema_output: bool | Literal["json_object"] = True
    certainty: bool = False
    top_logprobs: int | None = Field(default=None, ge=2, le=100)
    images: str | None = None
    image_side: int = Field(default=512, ge=16)
    trained_on: str | None = None

    @field_validator("images", mode="before")
    @classmethod
    def _pictures(cls, given: Any) -> Any:
        return {True: OF_CORPUS, False: None}[given] if isinstance(given, bool) else given

    @field_validator("temperature", mode="before")
    @classmethod
    def _sampling(cls, given: Any) -> Any:
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if given in (None, "auto") or (number and 0 <= given <= 2):
            return given
        raise ValueError("give a number from 0 to 2, `null` for the server's own, or `auto`")


ProtocolName = Literal["tod_bench", "picpersona"]
"""``tod_bench`` is the default; ``picpersona`` reproduces the released scripts, flaws included."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CorpusChoice(_Section):
    """The corpus.

    Attributes:
        corpus: Name of the reader (`tod-bench list corpora`).
        options: Options of the reader.
    """

    corpus: str
    options: dict[str, Any] = Field(default_factory=dict)


class Version(_Section):
    """A version of every dialogue: the corpus's own text, or the corpus's user with a system's responses.

    Attributes:
        style: Whose utterances: as collected, or restyled to the persona.
        predictions: Path of a prediction file whose responses take the place of the system's utterances.
        model: The language model that made them, where one did: a judge of its family is warned about.
    """

    style: Literal["original", "personalised"] = "original"
    predictions: str | None = None
    model: str | None = None


class Sample(_Section):
    """Which dialogues are judged.

    Attributes:
        items: How many; all where left out.
        seed: Seed of the sample.
        by: Attributes of the persona that the sample is stratified by.
        ids: A JSON file with a list of dialogue ids, judged instead of a sample.
    """

    items: int | None = Field(default=None, ge=1)
    seed: int = 0
    by: tuple[Literal["age", "emotion", "formality", "gender"], ...] = ("age",)
    ids: str | None = None


class Resampling(_Section):
    """Bootstrap over dialogues.

    Attributes:
        draws: How often the dialogues are drawn.
        seed: Seed of the draws.
    """

    draws: int = Field(default=10_000, ge=100, le=1_000_000)
    seed: int = 0


class JudgeConfig(_Section):
    """A judge config.

    Attributes:
        name: Names the folder of its results.
        title: A line above the report.
        task: What the judge is asked.
        corpus: The corpus that holds the dialogues and personas.
        split: A split expression (see `tod_bench.splits`).
        versions: The versions of the dialogues, by name. The judge never sees the names.
        reference: Likert: the version that the others are rated against.
        pair: Pairwise: the two versions, first and second; the only two where left out.
        sample: Which dialogues.
        questions: Likert: the questions.
        question_file: Questions: the file of questions (see `docs/add_a_question.md`), a shipped one or a path.
        ask: Likert, questions: all questions in one call, in an order permuted by a seeded hash of the item; one
            question a call; or both, compared.
        orders: Pairwise: both orders of every pair, or the first version always first.
        repeats: How often everything is asked.
        reasks: How often an unreadable or cut answer is asked again.
        personas: Whose persona the judge is shown (a persona ablation shows all three).
        judge: Who judges.
        protocol: How answers are asked for and read.
        prompt: A template file to use instead of the shipped one.
        max_unscored: Share of unscored verdicts above which the command fails.
        bootstrap: How intervals are drawn.
        published: Name of a file of ``results/published`` to print beside.
        families: Model -> family, where `tod_bench/judge/families.yaml` does not say or is wrong.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    title: str = ""
    task: TaskName
    corpus: CorpusChoice
    split: str = "test"
    versions: dict[str, Version] = Field(min_length=1)
    reference: str | None = None
    pair: tuple[str, str] | None = None
    sample: Sample = Sample()
    questions: tuple[str, ...] = PAPER_QUESTIONS
    question_file: QuestionFile | None = None
    ask: Literal["together", "apart", "both"] = "together"
    orders: Literal["both", "fixed"] = "both"
    repeats: int = Field(default=1, ge=1)
    reasks: int = Field(default=2, ge=0, le=5)
    personas: tuple[Literal["own", "shuffled", "blank"], ...] = ("own",)
    judge: JudgeModel = JudgeModel()
    protocol: ProtocolName = "tod_bench"
    prompt: str | None = None
    max_unscored: float = Field(default=0.05, ge=0, le=1)
    bootstrap: Resampling = Resampling()
    published: str | None = None
    families: dict[str, str] = Field(default_factory=dict)

    @field_validator("question_file", mode="before")
    @classmethod
    def _named_file(cls, given: Any) -> Any:
        return as_question_file(given)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*_version_problems(self), *_protocol_problems(self), *_question_problems(self)]
        if self.judge.top_logprobs is not None and self.task not in ("likert", "questions"):
            problems.append("judge.top_logprobs: Likert and own questions alone have probabilities; leave it out")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def candidates(self) -> tuple[str, ...]:
        """The versions that are judged: all but the reference; the pair, first and second."""
        if self.task == "pairwise":
            return self.pair or tuple(self.versions)
        return tuple(name for name in self.versions if name != self.reference)

    @property
    def temperature(self) -> float | None:
        """The sampling temperature; None leaves it to the server."""
        given = self.judge.temperature
        if given == "auto":
            return None if self.protocol == "picpersona" else 0.0
        return given

    @property
    def max_tokens(self) -> int:
        """The longest answer, in tokens."""
        return self.judge.max_tokens or (300 if self.protocol == "picpersona" else 600)

    @property
    def shows_images(self) -> bool:
        """Whether the judge is shown pictures; emotions and questions of one's own are asked without the user."""
        return bool(self.judge.images) and self.task not in ("emotions", "questions")


def _version_problems(config: JudgeConfig) -> list[str]:
    names = ", ".join(config.versions)
    problems = [
        f"{key} names {name!r}, which is none of the versions ({names})"
        for key, chosen in (("reference", (config.reference,)), ("pair", config.pair or ()))
        for name in chosen
        if name is not None and name not in config.versions
    ]
    problems += [f"a version cannot be called {name!r}" for name in config.versions if name in _RESERVED]
    problems += [
        f"questions: there is no {name!r}; choose from {', '.join(QUESTIONS)}"
        for name in config.questions
        if name not in QUESTIONS
    ]
    if len(set(config.questions)) < len(config.questions) or not config.questions:
        problems.append("questions: name each question once, and at least one")
    if config.task == "likert" and config.reference is None:
        problems.append("a Likert config needs `reference`, the version that the others are rated against")
    if config.task == "likert" and len(config.versions) < 2:
        problems.append("a Likert config needs a version besides the reference")
    if config.task == "pairwise" and len(config.candidates) != 2:
        problems.append("a pairwise config needs exactly two versions, or `pair`")
    if config.task == "pairwise" and len(set(config.candidates)) < 2:
        problems.append("pair: name two different versions")
    return problems


def _question_problems(config: JudgeConfig) -> list[str]:
    file = config.question_file
    if (file is None) != (config.task != "questions"):
        return ["task `questions` needs `question_file`, and no other task has one"]
    if file is None:
        return []
    problems = []
    if config.protocol == "picpersona":
        problems.append("protocol picpersona asks the paper's questions; leave it out")
    if config.personas != ("own",) or config.reference is not None:
        problems.append(
            "questions of your own are asked of each version alone, without a persona: no `reference`, no `personas`"
        )
    if file.by_pattern and (config.judge.schema_output or config.judge.certainty):
        problems.append("answers that patterns read are free text: set judge.schema_output to false, and no certainty")
    return problems


_RESERVED = {"tie", "inconsistent", "unscored", *(group.label for group in GROUPS)}


def _protocol_problems(config: JudgeConfig) -> list[str]:
    if config.personas[:1] != ("own",):
        return ["personas: the first must be `own`, which the others are compared with"]
    if config.protocol != "picpersona":
        return []
    if config.task == "emotions":
        return [
            "protocol picpersona reproduces the released Likert and pairwise scripts; emotions have none of their own"
        ]
    if config.task == "likert" and config.questions != PAPER_QUESTIONS:
        return ["protocol picpersona asks the paper's five questions together, Q1 to Q5"]
    if config.judge.certainty or config.judge.top_logprobs or config.ask != "together":
        return ["protocol picpersona asks all questions together, for no certainty and no log-probabilities"]
    return []


def load_judge_config(name: str, overrides: Sequence[str] = ()) -> JudgeConfig:
    """Reads a judge config: a path, or the name of a shipped one; see `tod_bench.config_files.load_validated`."""
    path = config_path(name)
    raw = read_yaml(path)
    if "study" in raw:
        verb = "panel" if "judges" in raw else "arena"
        raise UserError(f"{path} is a config of several judge runs; run it with `tod-bench judge {verb} {name}`")
    return validated(JudgeConfig, str(path), raw, overrides)
