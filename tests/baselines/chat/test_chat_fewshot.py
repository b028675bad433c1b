"""Examples in a run: the prompts hold the turns that the record names."""

from pathlib import Path
from typing import Any

import pytest

import tod_bench
from tod_baselines.chat.recipes import recipe_class
from tod_baselines.chat.system import Chat
from tod_bench.llm.config import Access
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs


@pytest.mark.parametrize("state", ["changes", "whole"])
@pytest.mark.parametrize(("recipe", "select"), [("sql", "nearest"), ("python", "diverse")])
def test_retrieved_examples_reach_the_prompt(
    recipe: str, select: str, state: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tod_bench.open_corpus("simulated")
    train, test = (list(tod_bench.read_split(corpus, split)) for split in ("train[:8]", "test[:2]"))
    prompts: list[tuple[Any, Any]] = []
    kind = recipe_class(recipe)
    render = kind.render

    def kept(self: Any, shown: Any, **more: Any) -> Any:
        prompts.append((shown, render(self, shown, **more)))
        return prompts[-1][1]

    monkeypatch.setattr(kind, "render", kept)
    system = Chat(model="scripted", recipe=recipe, state=state, shots=2, select=select, pool="50%")
    context = FitContext("dst", corpus.schema, 0, tmp_path, corpus.database, Access(tmp_path / "a.sqlite"))
    record = system.fit(train, [], context)
    system.load(context)
    predictions = list(system.predict("dst", turn_inputs(test, "dst")))

    assert record["pool_dialogues"] == 4
    assert len(predictions) == len(prompts) == sum(len(dialogue.turns) for dialogue in test)
    assert system.record()["unreadable_turns"] == 0
    answers = recipe_class(recipe)(state=state)
    for shown, messages in prompts:
        assert [message.role for message in messages] == ["system", *["user", "assistant"] * 2, "user"]
        said = [message.content for message in messages if message.role == "assistant"]
        assert said == [answers.example_answer("dst", example) for example in shown.examples]
        assert {example.dialogue_id for example in shown.examples} <= {dialogue.id for dialogue in train}
    assert any(shown.previous for shown, _ in prompts) == (state == "changes")
