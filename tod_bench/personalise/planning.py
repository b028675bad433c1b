"""What a run would do and cost, before anything is made: a dry run."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tod_bench.llm.cache import AnswerCache
from tod_bench.llm.config import Access
from tod_bench.llm.records import ChatRequest, Outcome, Spending
from tod_bench.llm.servers import resolve_url
from tod_bench.personalise.assembly import STAGES_FOLDER, Assembly, model_of, opened
from tod_bench.personalise.filters.asked import Filter, filter_prompt, request_of
from tod_bench.personalise.llm_arm import LLMArm
from tod_bench.personalise.llm_estimate import Asking, StageEstimate, estimate_stages
from tod_bench.personalise.options import Options
from tod_bench.personalise.rows import STAGES, Row, StageFile, StageName, row_key
from tod_bench.personalise.run import run_stage
from tod_bench.personalise.styled import styled_dialogues
from tod_bench.personalise.turn_stages import UserStage, system_requests, user_requests
from tod_bench.personalise.work import Work

OF_TURNS: tuple[StageName, ...] = ("user", "reviews", "system")
"""Stages with a row a turn; the others have one a dialogue."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do.

    Attributes:
        dialogues: Dialogues to personalise, by split.
        rows: Stage -> number of rows, up to the last stage that would run.
        made: Rows of the stage ``user`` that are there already and hold.
        stages: What a model would be asked for; empty with the arm ``rules``.
    """

    dialogues: dict[str, int]
    rows: dict[StageName, int]
    made: int
    stages: tuple[StageEstimate, ...]


def plan(options: Options, access: Access | None = None) -> Plan:
    """What a run would do; nothing is written, and no model is asked.

    Pairs are made in a temporary folder. With the arm ``llm``, plain texts stand in for restyled ones, and BM25 for the
    encoder where texts are retrieved.

    Raises:
        UserError: As of `tod_bench.personalise.run.run`.
    """
    client = _Unsent(resolve_url(model_of(options).base_url)) if options.arm == "llm" else None
    with tempfile.TemporaryDirectory() as folder:
        apart = replace(options, output=Path(folder), encoder="bm25" if client else options.encoder)
        with opened(apart, client=client) as assembly:
            run_stage(assembly.work, assembly.stages[0])
            dialogues: dict[str, int] = {}
            turns = 0
            for split, dialogue in assembly.work.dialogues():
                dialogues[split] = dialogues.get(split, 0) + 1
                turns += len(dialogue.turns)
            last = STAGES.index(options.until or STAGES[-1])
            total = sum(dialogues.values())
            rows: dict[StageName, int] = {name: turns if name in OF_TURNS else total for name in STAGES[: last + 1]}
            asked = _asked(assembly, access, client.base_url) if client else ()
            stages = tuple(one for one in asked if one.stage in rows)
            return Plan(dialogues, rows, _there(assembly.work, options.output), stages)


@dataclass
class _Unsent:
    """A client that is never asked."""

    base_url: str

    def complete(self, requests: Iterable[ChatRequest | None]) -> Iterator[tuple[ChatRequest, Outcome]]:
        raise RuntimeError(f"a dry run asks nobody, and not {requests!r:.40}")

    def spending(self) -> Spending:
        raise RuntimeError("a dry run spends nothing")


def _there(work: Work, output: Path) -> int:
    file = output / STAGES_FOLDER / "user.jsonl"
    if not file.is_file():
        return 0
    with StageFile(file) as kept:
        return sum(kept.has(unit) for unit in UserStage().units(work))


def _asked(assembly: Assembly, access: Access | None, base_url: str) -> Iterator[StageEstimate]:
    work, stages = assembly.work, assembly.stages
    assert isinstance(work.arm, LLMArm)
    _stand_in(work, "user")
    run_stage(work, next(stage for stage in stages if stage.name == "reviews"))
    _stand_in(work, "system")
    cache = AnswerCache(access.cache) if access and access.cache.is_file() else None
    asking = Asking(base_url, cache, access.prices if access else None, access.batch if access else False)
    yield from estimate_stages(
        work.arm,
        asking,
        (request for _, request in user_requests(work) if request.text),
        (request for _, request in system_requests(work) if request.text),
        _filtering(work, "semantic"),
        _filtering(work, "natural"),
    )


def _stand_in(work: Work, stage: StageName) -> None:
    """Plain utterances as the rows of a stage."""
    for split, dialogue in work.dialogues():
        for turn in dialogue.turns:
            text = turn.user if stage == "user" else turn.system
            value = {"text": text, "by": "llm", "fallback": ""}
            work.files[stage].add(Row(row_key(split, dialogue.id, turn.index), "", value))


def _filtering(work: Work, name: Filter) -> Iterator[ChatRequest]:
    prompt = filter_prompt(name)
    return (request_of(work, name, styled, prompt) for styled in styled_dialogues(work))
