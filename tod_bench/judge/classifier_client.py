"""The classifier in the place of a language model: it reads the prompts that one gets, and answers in their form."""

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tod_bench.errors import UserError
from tod_bench.judge.classifier import EmotionClassifier, Guess
from tod_bench.judge.prompt_reader import ShownPrompt, read_prompt
from tod_bench.llm.client import nothing_to_wait_for
from tod_bench.llm.records import ChatAnswer, ChatRequest, Outcome, Spending

CHUNK = 512
"""Requests that are answered at a time."""


class ClassifierClient:
    """Answers emotion prompts; what it is not made for it refuses.

    Args:
        classifier: The trained classifier, whose name stands in every answer as the model's.

    Attributes:
        base_url: Stands for a server's address in keys. Of a client it has the classifier's name, and so a digest of
            what that was trained on: one that was trained on other texts is asked anew.
    """

    base_url = "classifier://localhost"

    def __init__(self, classifier: EmotionClassifier) -> None:
        self.classifier, self.base_url = classifier, f"{type(self).base_url}/{classifier.name}"
        self._answered = 0

    def complete(self, requests: Iterable[ChatRequest | None]) -> Iterator[tuple[ChatRequest, Outcome]]:
        """See `tod_bench.llm.client.ChatClient.complete`.

        Raises:
            UserError: A prompt asks for something other than an emotion label.
        """
        source = iter(requests)
        while chunk := list(islice(source, CHUNK)):
            yield from self._answers(chunk)

    def spending(self) -> Spending:
        """Nothing costs anything, and there are no tokens."""
        return Spending(requests=self._answered)

    def _answers(self, chunk: Sequence[ChatRequest | None]) -> Iterator[tuple[ChatRequest, Outcome]]:
        asked = [request for request in chunk if request is not None]
        if len(asked) < len(chunk):
            raise nothing_to_wait_for()
        shown = [_shown(request) for request in asked]
        began = time.perf_counter()
        guesses = self.classifier.guesses([prompt.versions[0][0].system for prompt in shown])
        seconds = (time.perf_counter() - began) / len(asked)
        for request, prompt, guess in zip(asked, shown, guesses, strict=True):
            self._answered += 1
            text = _verdict(prompt, guess)
            yield request, ChatAnswer(text, "stop", self.classifier.name, "", None, time.time(), seconds=seconds)


def _shown(request: ChatRequest) -> ShownPrompt:
    content = request.messages[0].content
    prompt = read_prompt(content) if isinstance(content, str) else None
    if prompt is None or prompt.task != "emotions" or not prompt.versions[0]:
        raise UserError(
            f"{request.model} labels emotions and nothing else; give an emotions config such as judge_emotions, with "
            "the shipped prompt, or another judge"
        )
    return prompt


def _verdict(prompt: ShownPrompt, guess: Guess) -> str:
    stated = {"certainty": math.floor(100 * guess.probability)} if prompt.certainty else {}
    reason = f"probability {guess.probability:.2f}"
    return json.dumps({"check": prompt.nonce, "reason": reason, "emotion": guess.label, **stated})
