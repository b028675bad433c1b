"""The semantic and the natural filter by a language model: a question a dialogue, pass or fail on two counts.

picpersona, paper_text   dropped where ``: fail`` is anywhere in the answer, in this case: ``Fail`` and what says
                         neither pass (``filtering/LLM_filter_pp.py``)
tod_bench                JSON with two verdicts, read strictly and asked for once more; what cannot be read then is no
                         verdict, which is counted and not taken for a pass
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tod_bench.errors import UserError
from tod_bench.llm.records import ChatRequest, Message
from tod_bench.personalise.asking import Question, Unread, ask_each
from tod_bench.personalise.llm_options import style_model
from tod_bench.personalise.options import FilterReading
from tod_bench.personalise.prompting import Prompt, load_prompt
from tod_bench.personalise.styled import StyledDialogue
from tod_bench.personalise.work import Work

Filter: TypeAlias = Literal["semantic", "natural"]

COUNTS: dict[Filter, tuple[str, str]] = {"semantic": ("user", "system"), "natural": ("flow", "logic")}
"""What each filter has a verdict on."""

_EXAMPLE = {
    "impression": "The person in the image appears to be a cheerful child.",
    "turns": [
        {name: name for name in ("user", "styled_user", "system", "styled_system", "state", "acts")},
    ],
    "structured": True,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of a dialogue.

    Attributes:
        passed: Whether it passes; None where there is no verdict.
        answer: The answer.
        reason: Why it fails, or why there is no verdict.
    """

    passed: bool | None
    answer: str = ""
    reason: str = ""


def filter_prompt(filter_: Filter) -> Prompt:
    """The shipped prompt of a filter."""
    return load_prompt(filter_, _EXAMPLE)


def verdicts(
    work: Work, filter_: Filter, dialogues: Iterable[StyledDialogue]
) -> Iterator[tuple[StyledDialogue, Verdict, dict[str, Any]]]:
    """Asks about dialogues, and yields each with its verdict and where that is from.

    Raises:
        UserError: No model is named or nobody answers, see `ask_each`.
    """
    if work.client is None or work.options.llm is None:
        raise UserError("a language model is to filter, and none is named; give --llm model=NAME")
    prompt = filter_prompt(filter_)
    questions = (
        Question(styled, request_of(work, filter_, styled, prompt), _reader(work, filter_)) for styled in dialogues
    )
    for question, reply in ask_each(work.client, questions):
        verdict = reply.value or Verdict(None, reply.answers[-1] if reply.answers else "", reply.reason)
        yield question.about, verdict, {**reply.provenance, "prompt": prompt.digest, "rejected": list(reply.rejected)}


def request_of(work: Work, filter_: Filter, styled: StyledDialogue, prompt: Prompt) -> ChatRequest:
    """What is asked about a dialogue."""
    assert work.options.llm is not None
    model = style_model(work.options.llm)
    turns = [
        {
            "user": plain.user,
            "system": plain.system,
            "styled_user": turn.user,
            "styled_system": turn.system,
            "state": "; ".join(
                f"{domain} {slot} {values[0]}"
                for domain, slots in plain.state.items()
                for slot, values in slots.items()
            ),
            "acts": "; ".join(" ".join(filter(None, (act.domain, act.act, act.slot, act.value))) for act in plain.acts),
        }
        for plain, turn in zip(styled.plain.turns, styled.turns, strict=True)
    ]
    structured = work.options.filters == "tod_bench"
    text = prompt.render(impression=styled.persona.impression, turns=turns, structured=structured)
    return ChatRequest(
        model=model.model,
        messages=(Message("user", text),),
        temperature=model.temperature,
        max_tokens=model.max_tokens,
        seed=model.seed,
        extra=model.extra,
        tag=f"{filter_} {styled.key}",
    )


def read_verdict(text: str, filter_: Filter, reading: FilterReading) -> Verdict | Unread:
    """What an answer says, under a reading."""
    if reading != "tod_bench":
        failed = ": fail" in text
        return Verdict(not failed, text, "the answer has ': fail'" if failed else "")
    start, end = text.find("{"), text.rfind("}")
    try:
        said = json.loads(text[start : end + 1])
        verdicts = [str(said[count]).lower() for count in COUNTS[filter_]]
    except (ValueError, KeyError, TypeError):
        verdicts = []
    if len(verdicts) < 2 or not {"pass", "fail"}.issuperset(verdicts):
        wanted = ", ".join(f'"{count}": "pass" or "fail"' for count in COUNTS[filter_])
        return Unread("no verdict", f'That is no verdict. Answer with JSON alone: {{{wanted}, "reason": "..."}}')
    failed_on = [count for count, verdict in zip(COUNTS[filter_], verdicts, strict=True) if verdict == "fail"]
    return Verdict(not failed_on, text, f"fails on {' and '.join(failed_on)}" if failed_on else "")


def _reader(work: Work, filter_: Filter) -> Any:
    return lambda text: read_verdict(text, filter_, work.options.filters)
