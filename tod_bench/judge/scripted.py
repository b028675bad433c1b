"""A judge that is a program: deterministic, without a network, for trials, tests and simulations.

It reads the same prompts as a language model does and answers in the form that they ask for. What it calls personalised
is a count of cue words that suit the persona's impression, so restyled dialogues win, and shuffled or blank personas
score lower. Biases that real judges have (a favoured position, a taste for length, noise, answers without a verdict)
can be switched on with known strength; `tod_bench.judge.simulation` uses them. Three such judges with some noise stand
in for people in a trial of a study. Their numbers say nothing of any system.
"""

import csv
import hashlib
import io
import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tod_bench.files import write_text
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.drafts import fixed_nonce
from tod_bench.judge.prompt_reader import OwnPrompt, ShownPrompt, read_own_questions, read_prompt, read_speakers
from tod_bench.judge.questions import EMOTIONS, FACTORS, QUESTIONS, WINNER
from tod_bench.judge.ratings_csv import FACTORS_QUESTION
from tod_bench.judge.run import run, stored_ratings
from tod_bench.llm.records import ChatRequest, TextPart
from tod_bench.llm.scripted import ScriptedClient

_TRAITS: Mapping[str, str] = {
    "young": r"girl|boy|child|kid|teen|toddler",
    "old": r"elderly|senior|old (?:wo)?man|grandm|grandf|retired",
    "happy": r"smil|laugh|joy|happ|bright|cheer",
    "unhappy": r"tired|worr|sad|frown|out of sorts|upset|annoyed",
    "formal": r"suit|blazer|office|formal|neat|business",
    "casual": r"jumper|t-shirt|rain jacket|comfortable|casual|hoodie",
}
"""Trait -> what in an impression shows it."""

_CUES: Mapping[str, str] = {
    "young": r"\b(?:wow|yay|super|cool|awesome|woohoo|buddy|fun|yummy|epic|grown-up|hooray|yep)\b",
    "old": r"\b(?:dear|sir|madam|ma'am|take your time|at your leisure|kindly|no hurry|careful|comfortable)\b",
    "happy": r"!|\b(?:lovely|wonderful|delight\w*|glad|happy|great|fantastic|enjoy)\b",
    "unhappy": r"\b(?:sorry|don't worry|no stress|hope (?:this|it|that)|take care|easy|cheer|gently|rest|better)\b",
    "formal": r"\b(?:certainly|sir|madam|ma'am|may i|shall i|would you|pleas(?:ed|ure)|regret|indeed|good day)\b",
    "casual": r"\b(?:hey|hi|yeah|sure thing|no worries|cool|gotcha|awesome|folks|grab|yep|cheers|sorted|okay|ok)\b",
}
"""Trait -> words that suit it."""

_AGAINST: Mapping[str, str] = {"young": "formal", "formal": "casual", "casual": "formal"}
"""Trait -> the trait whose words grate on it."""

_FACTOR_OF: Mapping[str, str] = {
    **dict.fromkeys(("young", "old"), "age"),
    **dict.fromkeys(("happy", "unhappy"), "emotion"),
    **dict.fromkeys(("formal", "casual"), "formality"),
}
"""Trait -> the factor that its words belong to."""

_GREETING = r"^\W*(?:hi|hey|hello|yay|good (?:day|morning|evening)|welcome|dear)\b"

_FEELINGS: Sequence[tuple[str, str]] = (
    (r"\b(?:sorry|apologi|regret)", "remorse"),
    (r"\b(?:thank)", "gratitude"),
    (r"\b(?:wow|yay|awesome|woohoo|fantastic|super)\b", "excitement"),
    (r"\b(?:lovely|wonderful|great|excellent)\b", "admiration"),
    (r"\b(?:take care|don't worry|careful|gently|rest)\b", "caring"),
    (r"\b(?:hope|enjoy)\b", "optimism"),
    (r"\b(?:sure|certainly|of course|gladly)\b", "approval"),
    (r"\?", "curiosity"),
)
"""What in an answer shows an emotion; the first that is found counts."""


@dataclass(frozen=True, slots=True)
class Biases:
    """What a scripted judge does besides judging; all off by default.

    Attributes:
        position: Added to the second position's lead, in cue words a turn.
        length: Added to a system's lead for every doubling of its length relative to the other's.
        noise: Standard deviation of noise added to the lead (or to a Likert score).
        failure: Share of answers without a readable verdict.
        margin: Leads smaller than this are a tie.
    """

    position: float = 0.0
    length: float = 0.0
    noise: float = 0.0
    failure: float = 0.0
    margin: float = 0.1


class ScriptedJudge:
    """Answers judge prompts by rule; an instance is a function from request to answer.

    Args:
        biases: What it does besides judging.
        seed: Seed of noise and failures; the same request always gets the same answer.
    """

    def __init__(self, biases: Biases | None = None, seed: int = 0) -> None:
        self.biases = biases or Biases()
        self.seed = seed

    def __call__(self, request: ChatRequest) -> str:
        """The answer to a request."""
        prompts = [_text(message.content) for message in request.messages]
        speakers = read_speakers(prompts[0])
        if speakers is not None:
            return _speaker(*speakers, certain='"certainty": ' in prompts[0])
        if (asked := read_own_questions(prompts[0])) is not None:
            return _own_answers(asked, self.biases, random.Random(f"{self.seed}|{request.repeat}|{asked.judged}"))
        shown = read_prompt(prompts[0])
        digest = hashlib.sha256("\n".join((str(self.seed), str(request.repeat), *prompts)).encode()).digest()
        rng = random.Random(digest)
        if rng.random() < self.biases.failure:
            return _broken(shown, rng)
        return _ANSWERS[shown.task](shown, self.biases, rng)


def fit(text: str, impression: str) -> float:
    """How well a text suits an impression: cue words that suit its traits, less half of those that grate."""
    traits = _traits(impression)
    grates = sum(_count(_AGAINST[trait], text) for trait in traits if trait in _AGAINST)
    return sum(_count(trait, text) for trait in traits) - grates / 2


def _speaker(people: Sequence[str], line: str, nonce: str, *, certain: bool) -> str:
    """Who said a line: the one whom its words suit best, the first of several."""
    fits = [fit(line, person) for person in people]
    stated = {"certainty": 50} if certain else {}
    return json.dumps({"check": nonce, "reason": "cue words", "speaker": fits.index(max(fits)) + 1, **stated})


def _own_answers(asked: OwnPrompt, biases: Biases, rng: random.Random) -> str:
    """Answers to questions of the user's own: the fewer words the user needs, the further down the list."""
    if rng.random() < biases.failure:
        return "It depends on the user."
    words = len(asked.judged.split())
    values: dict[str, object] = {}
    for key, answers in asked.answers.items():
        place = len(answers) * 40 / (40 + words) + rng.gauss(0, biases.noise)
        chosen = answers[min(len(answers) - 1, max(0, math.floor(place)))]
        values[key] = int(chosen) if re.fullmatch(r"-?\d+", chosen) else chosen
    stated = {"certainty": 60} if asked.certainty else {}
    return json.dumps({"check": asked.nonce, "reason": "words were counted", **values, **stated})


def _pairwise(shown: ShownPrompt, biases: Biases, rng: random.Random) -> str:
    one, two = ([turn.system for turn in version] for version in shown.versions)
    turns = max(1, len(one))
    lead = (fit("\n".join(two), shown.impression) - fit("\n".join(one), shown.impression)) / turns
    sizes = [sum(len(text.split()) for text in texts) + 1 for texts in (one, two)]
    lead += biases.position + biases.length * math.log2(sizes[1] / sizes[0]) + rng.gauss(0, biases.noise)
    winner = "tie" if abs(lead) < biases.margin else "2" if lead > 0 else "1"
    certainty = round(100 * (1 - math.exp(-3 * abs(lead))))
    factors = [] if winner == "tie" else _factors(*((one, two) if winner == "1" else (two, one)), shown.impression)
    if not shown.nonce:
        return f"The systems differ in how they talk.\nWinner: {'Tie' if winner == 'tie' else 'System ' + winner}"
    return _object(shown, {"factors": factors, "winner": winner}, certainty)


def _factors(better: Sequence[str], worse: Sequence[str], impression: str) -> list[str]:
    """The factors in whose cue words the better answers are ahead; a greeting is one in the first answer."""
    found = [
        _FACTOR_OF[trait]
        for trait in _traits(impression)
        if _count(trait, "\n".join(better)) > _count(trait, "\n".join(worse))
    ]
    if better and re.search(_GREETING, better[0].lower()):
        found.append("greeting")
    return [name for name in FACTORS if name in found] or ["other"]


def _traits(impression: str) -> list[str]:
    return [trait for trait, pattern in _TRAITS.items() if re.search(pattern, impression.lower())]


def _count(trait: str, text: str) -> int:
    return len(re.findall(_CUES[trait], text.lower()))


def _likert(shown: ShownPrompt, biases: Biases, rng: random.Random) -> str:
    scores = {}
    for name, question in QUESTIONS.items():
        if question.key in shown.questions or name in shown.questions:
            exact = _likert_score(name, shown, biases) + rng.gauss(0, biases.noise)
            scores[name if name in shown.questions else question.key] = min(4, max(1, math.floor(exact + 0.5)))
    if not shown.nonce:
        return "\n".join(f"{name}: {score}" for name, score in scores.items())
    return _object(shown, scores, 80)


def _likert_score(name: str, shown: ShownPrompt, biases: Biases) -> float:
    turns = max(1, len(shown.versions[1]))
    before, after = (
        ["\n".join(getattr(turn, side) for turn in version) for version in shown.versions]
        for side in ("user", "system")
    )
    if name in ("Q2", "Q4"):
        kept = _kept(*(before if name == "Q2" else after))
        return 1 + 3 * kept
    if name in ("Q1", "Q3"):
        old, new = before if name == "Q1" else after
        gain = (fit(new, shown.impression) - fit(old, shown.impression)) / turns
        return _from_gain(gain)
    if name == "Q5":
        gain = (fit(after[1], shown.impression) - fit(after[0], shown.impression)) / turns
        longer = math.log2((len(after[1].split()) + 1) / (len(after[0].split()) + 1))
        return _from_gain(gain) + biases.length * longer
    return 3.6


def _from_gain(gain: float) -> float:
    """A score for cue words gained a turn: 1.7 for none, towards 4 for many, towards 1 for a loss."""
    return 1.7 + (2.4 if gain > 0 else 0.8) * math.tanh(gain)


def _kept(reference: str, rated: str) -> float:
    """Share of the reference's numbers and names (capitals inside a sentence) that the rated text keeps."""
    words = {word.lower() for word in re.findall(r"\b\w*\d[\w:]*|(?<=[\w,] )[A-Z]\w+", reference)}
    lowered = rated.lower()
    return sum(word in lowered for word in words) / len(words) if words else 1.0


def _emotions(shown: ShownPrompt, biases: Biases, rng: random.Random) -> str:
    text = shown.versions[0][0].system.lower()
    label = next((label for pattern, label in _FEELINGS if re.search(pattern, text)), "neutral")
    if rng.random() < biases.noise:
        label = rng.choice(EMOTIONS)
    return _object(shown, {"emotion": label}, 70)


_ANSWERS = {"pairwise": _pairwise, "likert": _likert, "emotions": _emotions}


def _object(shown: ShownPrompt, values: Mapping[str, object], certainty: int) -> str:
    stated = {"certainty": certainty} if shown.certainty else {}
    return json.dumps({"check": shown.nonce, "reason": "cue words were counted", **values, **stated})


def _broken(shown: ShownPrompt, rng: random.Random) -> str:
    """An answer without a readable verdict, in one of the ways in which judges fail."""
    return rng.choice(
        (
            "Both have their strengths, and it depends on the user.",
            "I would rate most of it highly, but I cannot give a number for every question.",
            "**Q1**: 4, **Q2**: 4, **Q3**: 2, **Q4**: 4, **Q5**: 3" if not shown.nonce else '{"winner": "System 1"}',
            "Q1: 2 at first sight. Q1: 3, Q2: 4, Q3: 3.5, Q4: 4, Q5: 3" if not shown.nonce else '{"check": "none"}',
        )
    )


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, tuple) else ()
    return "\n".join(part.text for part in parts if isinstance(part, TextPart))


RATERS = 3
"""Scripted raters of a trial study."""


def write_simulated_ratings(configs: Sequence[JudgeConfig], folder: Path) -> Path:
    """Lets scripted raters rate the items of judge configs, and writes their ratings as a study with people gives them.

    Args:
        configs: What is asked, each with its items and versions.
        folder: Where the raters' answers and the file are kept.

    Returns:
        The CSV file, one row a rating.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["item", "question", "rater", "value", "candidate"])
    for number, config in enumerate(configs):
        for seed in range(1, RATERS + 1):
            client = ScriptedClient(ScriptedJudge(Biases(noise=0.3), seed=seed))
            of_rater = folder / f"{number}-{seed}"
            run(config.model_copy(update={"orders": "fixed"}), of_rater, client, draw=fixed_nonce)
            for rating in stored_ratings(of_rater)[0]:
                rater = f"scripted{seed}"
                value = "" if rating.value is None else rating.value
                writer.writerow([rating.item, rating.question, rater, value, rating.candidate])
                if rating.question == WINNER and rating.factors:
                    factors = ";".join(rating.factors)
                    writer.writerow([rating.item, FACTORS_QUESTION, rater, factors, rating.candidate])
    path = folder / "ratings.csv"
    write_text(path, buffer.getvalue())
    return path
