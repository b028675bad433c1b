"""The arm ``llm``: a language model restyles each utterance, and where its answer cannot be taken, the rules do.

    arm = open_llm_arm(StyleModel(model="gpt-4o"), client, RulesArm(seed=0), find_lost)
    for request, styled in arm.user(requests):
        ...

The prompts have the ingredients of the released code (``user.py``, ``sys.py``), in words of our own: of the user, the
picture (else the impression), the plain utterance and the plain answer before it; of the system, impression, picture,
restyled utterance, plain answer, next utterance, strategy, progress, banned words and role.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tod_bench.llm.client import ChatClient
from tod_bench.llm.records import ChatRequest, ImagePart, Message, normal_url
from tod_bench.personalise.answers import Expected, FindLost, Foreign, most_words, nothing_foreign
from tod_bench.personalise.asking import Question, Reply, ask_each
from tod_bench.personalise.llm_options import StyleModel
from tod_bench.personalise.marks import Marked, marked
from tod_bench.personalise.pictures import in_words, picture
from tod_bench.personalise.prompting import Prompt, load_prompt, read_own
from tod_bench.personalise.styling import Arm, ArmName, Protected, Styled, SystemRequest, UserRequest
from tod_bench.records import Persona

VERSION = 1
"""Goes up when prompts are filled or answers are read otherwise, so that rows are made anew."""

BANNED = ("craving", "kindly", "certainly", "sure thing", "hey there", "hey", "vibe")
"""Words that the released prompt bans."""

REASON_WORDS = 30
"""Words that a greeting, a farewell or a reason may add."""


def open_llm_arm(
    model: StyleModel, client: ChatClient, fallback: Arm, find_lost: FindLost, foreign: Foreign = nothing_foreign
) -> "LLMArm":
    """The arm of a model, with its prompts loaded.

    Args:
        model: The model and how it is asked.
        client: Who answers.
        fallback: Who restyles where the model's answer cannot be taken.
        find_lost: Finds protected values that a restyled utterance does not say.
        foreign: Finds what a restyled utterance names and must not.

    Raises:
        UserError: A prompt of the user's own cannot be used.
        MissingExtraError: jinja2 is not installed.
    """
    read_own(model.prompts, ("user", "system", "semantic", "natural"))
    user = load_prompt("user", _EXAMPLE, model.prompts)
    system = load_prompt("system", {**_EXAMPLE, **_SYSTEM_EXAMPLE}, model.prompts)
    return LLMArm(model, client, fallback, find_lost, foreign, user, system)


@dataclass(frozen=True)
class LLMArm:
    """See the head of this module; `open_llm_arm` makes one."""

    model: StyleModel
    client: ChatClient
    fallback: Arm
    find_lost: FindLost
    foreign: Foreign
    user_prompt: Prompt
    system_prompt: Prompt

    @property
    def name(self) -> ArmName:
        """``llm``."""
        return "llm"

    @property
    def identity(self) -> Mapping[str, Any]:
        """Model, server, sampling, prompts, and the identity of the rules that are fallen back on."""
        asked = self.model.model_dump(
            include={"model", "seed", "extra", "temperature", "max_tokens", "masked", "reasks"}
        )
        return {
            "version": VERSION,
            **asked,
            "base_url": normal_url(self.client.base_url),
            "prompts": {"user": self.user_prompt.digest, "system": self.system_prompt.digest},
            "sees": self.model.images is not None,
            "fallback": dict(self.fallback.identity),
        }

    def user(self, requests: Iterable[UserRequest]) -> Iterator[tuple[UserRequest, Styled]]:
        """Restyles user utterances; errors as of `tod_bench.personalise.asking.ask_each`."""
        for question, reply in ask_each(self.client, map(self.user_question, requests), reasks=self.model.reasks):
            request = question.about
            if reply.value is not None:
                yield request, self._written(reply, self.user_prompt, request.persona)
            else:
                ((_, styled),) = self.fallback.user([request])
                yield request, self._fallen_back(styled, reply, self.user_prompt, request.persona)

    def system(self, requests: Iterable[SystemRequest]) -> Iterator[tuple[SystemRequest, Styled]]:
        """Restyles system utterances; errors as of `tod_bench.personalise.asking.ask_each`."""
        for question, reply in ask_each(self.client, map(self.system_question, requests), reasks=self.model.reasks):
            request = question.about
            if reply.value is not None:
                yield request, self._written(reply, self.system_prompt, request.persona)
            else:
                ((_, styled),) = self.fallback.system([request])
                yield request, self._fallen_back(styled, reply, self.system_prompt, request.persona)

    def user_question(self, request: UserRequest) -> Question[UserRequest, str]:
        """How a user utterance is put to the model."""
        shown = self._shown(request.text, request.protected)
        limit = most_words(request.text, more=0)
        image = self._picture(request.persona)
        messages = self.user_prompt.messages(
            image,
            text=shown.text,
            before=request.before,
            persona=_persona(request.persona, image, impression=image is None),
            emotion=request.emotion,
            progress=request.progress,
            keep=_kept(request.protected, shown),
            marks=shown.marks,
            most_words=limit,
        )
        expected = Expected(request.text, request.protected, shown, "", limit, self.find_lost, self.foreign)
        return Question(request, self._request(messages, request.key), expected.read)

    def system_question(self, request: SystemRequest) -> Question[SystemRequest, str]:
        """How a system utterance is put to the model."""
        shown = self._shown(request.text, request.protected)
        limit = most_words(request.text, more=0 if request.strategy == "none" else REASON_WORDS)
        image = self._picture(request.persona)
        reviews = [review.text for review in request.reviews]
        messages = self.system_prompt.messages(
            image,
            text=shown.text,
            user=request.user,
            next_user=request.next_user,
            persona=_persona(request.persona, image, impression=True),
            emotion=request.emotion,
            progress=request.progress,
            strategy=request.strategy,
            venue=request.venue,
            reviews=reviews,
            banned=BANNED,
            keep=_kept(request.protected, shown),
            marks=shown.marks,
            most_words=limit,
        )
        allowed = "\n".join([request.venue, *reviews])
        expected = Expected(request.text, request.protected, shown, allowed, limit, self.find_lost, self.foreign)
        return Question(request, self._request(messages, request.key), expected.read)

    def _shown(self, text: str, protected: tuple[Protected, ...]) -> Marked:
        return marked(text, protected) if self.model.masked else Marked(text, ())

    def _picture(self, persona: Persona) -> ImagePart | None:
        return None if self.model.images is None else picture(self.model.images, persona.image)

    def _request(self, messages: tuple[Message, ...], key: str) -> ChatRequest:
        model = self.model
        return ChatRequest(
            model.model,
            messages,
            model.temperature,
            model.max_tokens,
            seed=model.seed,
            extra=model.extra,
            tag=key,
        )

    def _written(self, reply: Reply[str], prompt: Prompt, persona: Persona) -> Styled:
        assert reply.value is not None
        return Styled(reply.value, "llm", provenance=self._provenance(reply, prompt, persona))

    def _fallen_back(self, styled: Styled, reply: Reply[str], prompt: Prompt, persona: Persona) -> Styled:
        asked = self._provenance(reply, prompt, persona)
        return Styled(styled.text, styled.by, reply.reason, {**styled.provenance, **asked})

    def _provenance(self, reply: Reply[str], prompt: Prompt, persona: Persona) -> dict[str, Any]:
        seen = self._picture(persona) is not None
        return {**reply.provenance, "prompt": prompt.digest, "picture": seen, "rejected": list(reply.rejected)}


def _persona(persona: Persona, image: ImagePart | None, *, impression: bool) -> dict[str, Any]:
    return {
        "picture": image is not None,
        "impression": persona.impression if impression else "",
        "words": in_words(persona) if image is None else "",
    }


def _kept(protected: tuple[Protected, ...], shown: Marked) -> list[str]:
    """What the model is told to keep in words: what no mark stands for."""
    return list(dict.fromkeys(one.text for one in protected if one.text in shown.text))


_EXAMPLE: Mapping[str, Any] = {
    "text": "the utterance to rewrite",
    "before": "what was said before",
    "persona": {"picture": True, "impression": "an impression", "words": "attributes"},
    "emotion": "neutral",
    "progress": "middle",
    "keep": ["yes"],
    "marks": ["[1]"],
    "most_words": 20,
}
_SYSTEM_EXAMPLE: Mapping[str, Any] = {
    "user": "what the user said",
    "next_user": "what the user says next",
    "strategy": "review",
    "venue": "a venue",
    "reviews": ["a review"],
    "banned": BANNED,
}
