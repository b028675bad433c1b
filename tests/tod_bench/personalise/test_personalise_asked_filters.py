"""The semantic and the natural filter by a language model, with a scripted one."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from made_work import make_work, run

from tod_bench.errors import UserError
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.personalise.filters.asked import verdicts
from tod_bench.personalise.filters.stages import NaturalStage, SemanticStage
from tod_bench.personalise.filters.verdicts import verdicts_of
from tod_bench.personalise.llm_options import StyleModel
from tod_bench.personalise.styled import styled_dialogues


def _asked(work, answer, **options):
    client = ScriptedClient(answer)
    return replace(work, client=client, options=replace(work.options, llm=StyleModel(model="any"), **options)), client


def test_verdicts_are_read_and_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    asked = []

    def answer(request):
        asked.append(request)
        number = int(request.tag.rpartition("-")[2])
        if number % 3 == 0:
            return "I would rather not say."
        verdict = "fail" if number % 3 == 1 else "pass"
        return f'{{"user": "pass", "system": "{verdict}", "reason": "x"}}'

    with ExitStack() as stack:
        work, _ = _asked(make_work(tmp_path, stack, 9), answer)
        run(work, SemanticStage())
        found = verdicts_of(work, "tod_bench")
        rows = list(work.files["semantic"])
    numbers = [int(key.rpartition("-")[2]) for key in found.dialogues]
    assert found.unread["semantic"] == sum(number % 3 == 0 for number in numbers) > 0
    assert len(found.reasons["semantic"]) == sum(number % 3 == 1 for number in numbers) > 0
    # Each that cannot be read is asked for once more, in the same conversation.
    assert len(asked) == len(numbers) + found.unread["semantic"]
    assert {row.provenance["by"] for row in rows} == {"llm"}
    assert all(row.value["reason"] == "no verdict" for row in rows if row.value["passed"] is None)


def test_the_released_reading_passes_what_it_cannot_read(tmp_path: Path) -> None:
    with ExitStack() as stack:
        work, _ = _asked(make_work(tmp_path, stack, 4), lambda _: "Flow: Fail, well...", filters="picpersona")
        run(work, NaturalStage())
        assert verdicts_of(work, "picpersona").reasons["natural"] == {}
        failing, _ = _asked(work, lambda _: "Flow: fail", filters="picpersona")
        # Another answer of the same model is not asked for: the rows are there.
        run(failing, NaturalStage())
        assert verdicts_of(failing, "picpersona").reasons["natural"] == {}
        # Under our own reading something else is asked, so rows are made anew.
        stale = list(NaturalStage().units(_asked(work, lambda _: "", filters="tod_bench")[0]))
        assert not any(work.files["natural"].has(unit) for unit in stale)


def test_without_a_model_nothing_is_asked(tmp_path: Path) -> None:
    with ExitStack() as stack:
        work = make_work(tmp_path, stack, 2)
        with pytest.raises(UserError, match="--llm"):
            list(verdicts(work, "semantic", styled_dialogues(work)))
