"""How probable each answer of a question was to the judge, from the log-probabilities of its tokens.

Where a server lists the tokens that could have stood in place of each one (``top_logprobs``), the place of a verdict at
which the answer begins says how probable every answer was there. The mean of a scale's points, each weighted by its
probability, is finer than the point that was chosen (G-Eval, Liu et al. 2023, arXiv 2303.16634).

    {"check": "...", "reason": "...", "experience": 3}
                                                   ^    3: 0.71, 4: 0.22, 2: 0.06, 1: 0.01

Alternatives are known along the answer alone: what would have followed another token is not. A token that can begin
two answers (``1`` on a scale to 10) is therefore nobody's, and so is the rest that is not listed; where they could
shift more than `LARGEST_DOUBT`, there are no probabilities.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from tod_bench.judge.items import Query
from tod_bench.judge.own_questions import QuestionFile, name_of
from tod_bench.judge.verdicts import json_objects, key_of, offered
from tod_bench.llm.records import ChatAnswer

LARGEST_DOUBT = 0.05
"""The largest share of the probability that may belong to another answer than it is counted for."""

Tokens = Sequence[tuple[str, float]]
"""Tokens with the natural logarithms of their probabilities."""


def logprob_fields(alternatives: int | None) -> dict[str, Any]:
    """The fields of a request that ask for log-probabilities of so many tokens a place; none where None."""
    return {} if alternatives is None else {"logprobs": True, "top_logprobs": alternatives}


def option_probabilities(
    answer: ChatAnswer, query: Query, nonce: str, file: QuestionFile | None = None
) -> dict[str, dict[str, float]]:
    """The probability of each answer of each question, as far as the server's log-probabilities say it.

    Args:
        answer: The judge's answer.
        query: What was asked.
        nonce: The nonce that its verdict carries.
        file: The questions of the user's own, where they were asked.

    Returns:
        Question -> offered answer, as text -> probability; each question's add up to 1. A question is left out where
        the server lists no alternatives, or they do not tell the answers apart.
    """
    if not answer.top_logprobs:
        return {}
    found = {}
    for question in query.questions:
        place = _place(answer.text, question, nonce, file)
        shares = None if place is None else _shares(answer, place, [str(value) for value in offered(question)])
        if shares is not None:
            found[question] = shares
    return found


def _place(text: str, question: str, nonce: str, file: QuestionFile | None) -> int | None:
    """Where the answer to a question begins in the judge's text, blanks and quotes before it included."""
    if file is not None and file.by_pattern:
        matches = list(re.finditer(str(file.questions[name_of(question)].pattern), text))
        return matches[-1].start(1) if matches else None
    ends = [end for found, end in json_objects(text) if found.get("check") == nonce]
    keys = list(re.finditer(rf'"{re.escape(key_of(question))}"\s*:', text[: ends[-1]])) if ends else []
    return keys[-1].end() if keys else None


def _shares(answer: ChatAnswer, place: int, options: Sequence[str]) -> dict[str, float] | None:
    """The options' shares of the probability at a place of the text; None where they are in doubt."""
    weights, doubt, reached, written, chosen = dict.fromkeys(options, 0.0), 0.0, 1.0, "", list(options)
    for (token, logprob), listed, start in _tokens_from(answer, place):
        # What of a token stands before the place is part of every alternative that counts.
        before = token[: max(0, place - start)]
        others = [(other, reached * math.exp(weight)) for other, weight in listed if other != token]
        for other, mass in others:
            fitting = _fitting(written + other[len(before) :], options) if other.startswith(before) else []
            if len(fitting) == 1:
                weights[fitting[0]] += mass
            elif len(fitting) < len(options):  # blanks alone begin every answer, and speak for none
                doubt += mass * bool(fitting)
        unlisted = reached * (1 - math.exp(logprob)) - sum(mass for _, mass in others)
        reached, written = reached * math.exp(logprob), written + token[len(before) :]
        chosen = _fitting(written, options)
        # No token that is not listed is more probable than the least of those that are.
        missing = [option for option, weight in weights.items() if not weight and option not in chosen]
        doubt += max(0.0, min(unlisted, len(missing) * min((mass for _, mass in others), default=1.0)))
        if len(chosen) < 2:
            break
    said = chosen if len(chosen) == 1 else [option for option in chosen if option == written.strip().casefold()]
    weights |= {option: weights[option] + reached for option in said}
    total = sum(weights.values())
    if not total or doubt > LARGEST_DOUBT * total:
        return None
    return {option: weight / total for option, weight in weights.items()}


def _tokens_from(answer: ChatAnswer, place: int) -> list[tuple[tuple[str, float], Tokens, int]]:
    """The tokens from a place of the text on, each with its alternatives and where it starts.

    They are counted from the end of the text: a character of several tokens, which servers show as nothing, may stand
    before the place.
    """
    read: list[tuple[tuple[str, float], Tokens, int]] = []
    end = len(answer.text)
    for one, listed in zip(reversed(answer.logprobs), reversed(answer.top_logprobs), strict=True):
        if not answer.text.endswith(one[0], 0, end):
            return []
        end -= len(one[0])
        read.append((one, listed, end))
        if end <= place:
            return read[::-1]
    return []


def _fitting(written: str, options: Sequence[str]) -> list[str]:
    """The options that a text begins or holds, blanks and a quotation mark before it left out."""
    text = written.lstrip().removeprefix('"').casefold()
    return [
        option for option in options if option.startswith(text) or re.match(rf"{re.escape(option)}(?!\w|\.\d)", text)
    ]
