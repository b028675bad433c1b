"""Every recipe works from the prompt to the answer on the program that stands in for a model, with examples or not."""

import pytest

import tod_bench
from tod_baselines.chat.recipes import recipe_class, recipe_names
from tod_baselines.chat.system import Chat
from tod_bench.llm.config import Access
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs


@pytest.fixture(scope="module")
def corpus():
    return tod_bench.open_corpus("simulated")


@pytest.mark.parametrize("shots", [0, 2])
@pytest.mark.parametrize("recipe", recipe_names())
def test_a_recipe_on_the_program(recipe, shots, corpus, tmp_path):
    train, test = (list(tod_bench.read_split(corpus, split)) for split in ("train[:6]", "test[:3]"))
    for task in sorted(recipe_class(recipe).tasks):
        system = Chat(model="scripted", recipe=recipe, shots=shots, select="fixed")
        context = FitContext(task, corpus.schema, 0, tmp_path, corpus.database, Access(tmp_path / "a.sqlite"))
        if shots:
            system.fit(train, [], context)
        system.load(context)
        inputs = turn_inputs(test, task, states="gold", acts="gold", database=corpus.database)
        said = list(system.predict(task, inputs))
        account = system.record()
        assert len(said) == account["turns"] == sum(len(d.turns) for d in test) or task != "dst"
        assert account["unreadable_turns"] == 0, [each.raw for each in said if each.notes.get("unreadable")][:3]
        assert account["total"]["requests"] >= len(said)
        if task == "dst":
            assert any(each.state for each in said)
        estimate = Chat(model="scripted", recipe=recipe, shots=shots, select="fixed").estimate(
            task, turn_inputs(test, task, states="gold", acts="gold", database=corpus.database), context
        )
        assert estimate.requests + estimate.cached == account["total"]["requests"]
