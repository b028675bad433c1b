"""The system `chat`: what is asked in which order, what is read, what is counted, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import tod_bench
from fault_server import FaultServer
from fault_server.faults import Fault
from pictures import Painted
from tod_baselines.chat.system import Chat
from tod_bench.binding import bind
from tod_bench.errors import UserError
from tod_bench.llm.config import Access
from tod_bench.llm.retry import RetryPolicy
from tod_bench.records import Persona, SlotSpec
from tod_bench.systems import Exchange, FitContext, TurnInput

SCHEMA = {
    "hotel": {
        "area": SlotSpec("part of town", categorical=True, values=("north", "south")),
        "name": SlotSpec("name of the hotel"),
    },
    "taxi": {"leave at": SlotSpec("time")},
}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-Zx81ABCDefgh7766LMNOPqrst4242wxyz")


def dialogue(name, *utterances):
    history = ()
    for index, user in enumerate(utterances):
        yield TurnInput(name, index, history, user)
        history = (*history, Exchange(user, f"answer {index}"))


@pytest.fixture
def chat(tmp_path):
    def make(base_url="http://127.0.0.1:1/v1", *, access=None, task="dst", seed=0, pictures=None, **settings):
        system = Chat(**{"model": "gpt-4o", "base_url": base_url, **settings})
        access = access or Access(tmp_path / "answers.sqlite")
        system.load(FitContext(task, SCHEMA, seed, tmp_path, access=access, images=pictures))
        return system

    return make


def update(**slots):
    entries = [{"domain": "hotel", "slot": slot, "value": value} for slot, value in slots.items()]
    return json.dumps({"slots": entries})


def area_said(body):
    """Answers with the area that the last message's last user line holds."""
    last = body["messages"][-1]["content"].rpartition("User: ")[2].splitlines()[0]
    return update(area="north" if "north" in last else "south") if "th" in last else update()


def states(predictions):
    return {(prediction.dialogue_id, prediction.turn): prediction.state for prediction in predictions}


def test_changes_add_up_over_a_dialogue_and_each_turn_is_told_the_state_before(chat):
    with FaultServer(area_said) as server:
        inputs = [*dialogue("a", "north", "well", "south"), *dialogue("b", "hello", "north")]
        said = states(chat(server.base_url).predict("dst", inputs))
        told = [received.body["messages"][-1]["content"] for received in server.received]
    north, south = {"hotel": {"area": "north"}}, {"hotel": {"area": "south"}}
    assert said == {("a", 0): north, ("a", 1): north, ("a", 2): south, ("b", 0): {}, ("b", 1): north}
    assert sum("hotel / area = north" in text for text in told) == 2


def test_the_whole_state_is_asked_for_without_the_one_before(chat):
    with FaultServer(area_said) as server:
        system = chat(server.base_url, state="whole")
        assert not system.settings.depends_on_last("dst")
        said = states(system.predict("dst", dialogue("a", "north", "well")))
        assert "Written down" not in json.dumps([received.body for received in server.received])
    assert said == {("a", 0): {"hotel": {"area": "north"}}, ("a", 1): {}}


def test_a_value_of_null_removes_a_slot(chat):
    answers = iter([update(area="north", name="x"), update(area=None)])
    with FaultServer(lambda _: next(answers)) as server:
        said = states(chat(server.base_url).predict("dst", dialogue("a", "1", "2")))
    assert said["a", 1] == {"hotel": {"name": "x"}}


@pytest.mark.parametrize(("on_unread", "state"), [("empty", {}), ("previous", {"hotel": {"area": "north"}})])
def test_what_cannot_be_read_is_counted_and_is_no_empty_change(chat, on_unread, state):
    answers = iter([update(area="north"), "I would love to help!"])
    with FaultServer(lambda _: next(answers)) as server:
        system = chat(server.base_url, on_unread=on_unread)
        first, second = system.predict("dst", dialogue("a", "1", "2"))
    assert second.state == state
    assert second.notes["unreadable"] is True
    assert second.notes["unread"]
    assert second.notes.get("carried_over", False) is (on_unread == "previous")
    assert "unread" not in first.notes
    assert (system.record()["turns"], system.record()["unreadable_turns"]) == (2, 1)
    assert system.record()["notes"] == ["1 of 2 answers could not be read and count as wrong"]


def test_names_outside_of_the_schema_are_kept_and_named(chat):
    with FaultServer(lambda _: update(wifi="yes", area="moon")) as server:
        (said,) = chat(server.base_url).predict("dst", dialogue("a", "1"))
    assert said.state == {"hotel": {"wifi": "yes", "area": "moon"}}
    assert said.notes["unknown"] == ["hotel wifi", "hotel area=moon"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault(finish_reason="length", content='{"slots": ['), "length"), (Fault(refusal="no"), "refusal")],
)
def test_cut_and_refused_answers_are_unread_turns(chat, fault, reason):
    with FaultServer(faults=lambda _: fault) as server:
        system = chat(server.base_url)
        (said,) = system.predict("dst", dialogue("a", "1"))
    assert said.notes["unreadable"] is True
    assert any(reason in sentence for sentence in said.notes["unread"])
    assert system.record()["failures"] == {reason: 1}


def test_a_server_that_is_down_makes_no_predictions(chat):
    """Turns of other dialogues are answered all the same, and the same command pays for the rest alone."""
    down = Fault(500, {"message": "down"})
    inputs = [*dialogue("a", "north"), *dialogue("b", "break", "north")]
    faults = lambda received: down if "break" in json.dumps(received.body) else None  # noqa: E731
    with FaultServer(area_said, faults=faults) as server:
        system = chat(server.base_url, retry=RetryPolicy(attempts=1))
        said = system.predict("dst", inputs)
        assert next(said).dialogue_id == "a"
        with pytest.raises(UserError, match=r"no answer for 1 turns or dialogues.*dialogue b, turn 0: transient"):
            next(said)
    with FaultServer(area_said) as server:
        assert len(list(chat(server.base_url).predict("dst", inputs))) == 3


def test_the_usage_note_says_what_it_took_also_from_the_cache(chat):
    with FaultServer(area_said, latency=0.05) as server:
        first = list(chat(server.base_url).predict("dst", dialogue("a", "north", "x")))
        again = list(chat(server.base_url).predict("dst", dialogue("a", "north", "x")))
        assert server.billed == 2
    assert [said.notes for said in first] == [said.notes for said in again]
    note = first[0].notes["usage"]
    assert note["requests"] == 1
    assert note["prompt_tokens"] > 0 < note["completion_tokens"]
    assert note["seconds"] >= 0.05
    assert note["usd"] == pytest.approx((note["prompt_tokens"] * 2.5 + note["completion_tokens"] * 10) / 1e6)


def test_replay_answers_from_the_cache_and_says_what_it_lacks(chat, tmp_path):
    cache = tmp_path / "kept.sqlite"
    with FaultServer(area_said) as server:
        paid = list(chat(server.base_url, access=Access(cache)).predict("dst", dialogue("a", "north")))
        replaying = chat(server.base_url, access=Access(cache, replay=True))
        assert list(replaying.predict("dst", dialogue("a", "north"))) == paid
        with pytest.raises(UserError, match="replayed cache has no answer for 1 turns"):
            list(replaying.predict("dst", dialogue("z", "other")))
        assert len(server.received) == 1


def test_the_budget_ends_with_a_sentence_and_what_was_paid_is_kept(chat, tmp_path):
    with FaultServer(area_said) as server:
        limited = Access(tmp_path / "c.sqlite", budget=0.022)
        inputs = [turn for n in range(60) for turn in dialogue(f"d{n}", f"north {n}")]
        system = chat(server.base_url, access=limited, max_tokens=1500)
        with pytest.raises(UserError, match="budget of"):
            list(system.predict("dst", inputs))
        assert 0 < server.billed < 60
        replayed = chat(server.base_url, access=Access(tmp_path / "c.sqlite", replay=True), max_tokens=1500)
        with pytest.raises(UserError, match=f"no answer for {60 - server.billed} turns"):
            list(replayed.predict("dst", inputs))


def test_policy_and_response_are_shown_the_state_and_the_entries(chat):
    turn = TurnInput(
        "a", 0, (), "any", state={"hotel": {"area": ("north",)}}, db_entries={"hotel": [{"name": "Acorn House"}]}
    )
    acts = '{"acts": [{"domain": "hotel", "act": "request", "slot": "name"}, {"act": 3}]}'
    for task, answer in (("policy", acts), ("response", "  It is\nAcorn House. ")):
        with FaultServer(lambda _, answer=answer: answer) as server:
            (said,) = chat(server.base_url, task=task).predict(task, [turn])
            prompt = json.dumps(server.received[0].body)
        assert "Acorn House" in prompt
        assert "hotel / area = north" in prompt
        if task == "policy":
            assert [(a.domain, a.act, a.slot, a.value) for a in said.acts] == [("hotel", "request", "name", "")]
            assert len(said.notes["unread"]) == 1
            assert "unreadable" not in said.notes
        else:
            assert said.response == "It is Acorn House."


def test_history_and_schema_are_what_the_settings_say(chat):
    with FaultServer(area_said) as server:
        inputs = list(dialogue("a", "first words", "second words", "third words"))
        list(chat(server.base_url, history="last+1", state="whole", structured="off").predict("dst", inputs))
        bodies = [received.body for received in server.received]
    last = next(b for b in bodies if "third words" in json.dumps(b))
    assert "first words" not in json.dumps(last)
    assert "second words" in json.dumps(last)
    assert all("response_format" not in body for body in bodies)


def test_sampled_answers_are_asked_for_anew_for_another_seed(chat):
    with FaultServer(area_said) as server:
        for seed in (0, 1):
            list(chat(server.base_url, seed=seed).predict("dst", dialogue("a", "north")))
        assert server.billed == 1
        for seed in (0, 1):
            list(chat(server.base_url, seed=seed, temperature=0.7).predict("dst", dialogue("a", "north")))
        assert server.billed == 3


def test_the_persona_and_the_picture_are_shown_where_the_config_says_so(chat, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "a.png").write_bytes(b"not looked at")
    persona = Persona(image="a.png", impression="A cheerful cyclist.")
    turn = replace(next(dialogue("a", "north")), persona=persona)
    shown = {}
    for name, settings in {
        "neither": {},
        "words": {"persona": True},
        "picture": {"images": tmp_path / "faces"},
    }.items():
        with FaultServer(lambda _: update()) as server:
            list(chat(server.base_url, **settings).predict("dst", [turn]))
            shown[name] = json.dumps(server.received[0].body)
    assert ["cheerful" in shown[name] for name in shown] == [False, True, False]
    assert ["data:image/png;base64" in shown[name] for name in shown] == [False, False, True]
    lost = replace(turn, persona=Persona(image="b.png"))
    with pytest.raises(UserError, match="is no picture"):
        list(chat(images=tmp_path / "faces").predict("dst", [lost]))


def test_the_picture_can_be_the_corpus_s_own(chat, tmp_path):
    turn = replace(next(dialogue("a", "north")), persona=Persona(image="a.png", impression="A cheerful cyclist."))
    with FaultServer(lambda _: update()) as server:
        system = chat(server.base_url, images=True, pictures=Painted())
        list(system.predict("dst", [turn]))
        (*_, last) = server.received[0].body["messages"]
    assert last["content"][1]["image_url"]["url"] == Painted().data_url("a.png")
    assert "cheerful" not in last["content"][0]["text"]
    assert [Chat(model="m", images=one).sees for one in (True, tmp_path, False, None)] == [True, True, False, False]
    with pytest.raises(UserError, match="images: true, but the corpus has no pictures; give the folder"):
        chat(images=True)


def test_users_without_a_picture_are_counted(chat):
    turn = replace(next(dialogue("a", "north")), persona=Persona(image="a.png"))
    unseen = replace(turn, dialogue_id="b", persona=Persona(image=""))
    with FaultServer(lambda _: update()) as server:
        system = chat(server.base_url, images=True, pictures=Painted())
        list(system.predict("dst", [turn, unseen, replace(turn, dialogue_id="c", persona=None)]))
    said = "2 of 3 answers were given without a picture, since the corpus names none of the user"
    assert said in system.record()["notes"]
    assert system.record()["turns_without_picture"] == 2


def test_a_config_can_name_a_folder_or_the_corpus_s_own():
    for given, read in ((True, True), (False, False), ("faces", Path("faces")), (None, None)):
        bound, errors = bind(Chat, {"model": "gpt-4o", "images": given}, "params")
        assert not errors
        assert bound["images"] == read


def test_log_probabilities_become_confidence_and_hold_on(chat):
    text = update(area="north")
    place = text.index("north")
    pieces = [text[:place], "north", text[place + 5 :]]
    logprobs = {"content": [{"token": piece, "logprob": -0.5} for piece in pieces]}
    message = {"role": "assistant", "content": text}
    sure = Fault(fields={"choices": [{"message": message, "finish_reason": "stop", "logprobs": logprobs}]})
    with FaultServer(lambda _: update(), faults=[sure]) as server:
        first, second = chat(server.base_url, logprobs=True).predict("dst", dialogue("a", "north", "x"))
        assert server.received[0].body["logprobs"] is True
    assert first.confidence == second.confidence == {"hotel": {"area": pytest.approx(0.6065, abs=1e-4)}}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"shots": -1}, "shots must be 0 or more"),
        ({"history": "some"}, "history must be all or last"),
        ({"recipe": "jsn"}, "there is no recipe 'jsn'"),
        ({"prompt": "nothing.jinja"}, "no template"),
        ({"extra": {"temperature": 1}}, "extra.temperature"),
        ({"extra": {"api_key": "x"}}, "api_key"),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"images": "/nowhere"}, "is no folder"),
    ],
)
def test_settings_that_cannot_work_are_said_before_anything_runs(settings, sentence):
    bound, errors = bind(Chat, {"model": "gpt-4o", **settings}, "params")
    assert not errors
    assert any(sentence in problem for problem in Chat(**bound).check())


def test_the_program_answers_without_a_server(chat):
    corpus = tod_bench.open_corpus("simulated")
    dialogues = list(tod_bench.read_split(corpus, "test[:5]"))
    from tod_bench.tasks import turn_inputs

    system = Chat(model="scripted")
    system.load(FitContext("dst", corpus.schema, 0, None, access=Access("unused.sqlite")))
    said = list(system.predict("dst", turn_inputs(dialogues, "dst")))
    assert len(said) == sum(len(each.turns) for each in dialogues)
    assert any(each.state for each in said)
    assert system.record()["unreadable_turns"] == 0
    assert "the answers are those of a program, not of a model" in system.record()["notes"]


TIMES = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30))
LONG = {"taxi": {"leave at": SlotSpec("time", categorical=True, values=TIMES), "size": SlotSpec("", True, ("4", "6"))}}


@pytest.mark.parametrize(("max_values", "shown"), [(None, True), (len(TIMES), True), (len(TIMES) - 1, False)])
def test_a_long_closed_list_is_shown_by_its_first_values(tmp_path, max_values, shown):
    system = Chat(model="scripted", max_values=max_values)
    system.load(FitContext("dst", LONG, 0, tmp_path))
    asked = system._shown("dst", next(dialogue("d", "a taxi at 23:30")), {})
    prompt = system.settings.opened_recipe.render(asked)[0].content
    assert ("23:30" in prompt) == shown
    assert "00:00" in prompt
    assert "one of: 4, 6" in prompt


def test_no_value_at_all_is_no_list():
    assert any("max_values must be 1 or more" in problem for problem in Chat(model="scripted", max_values=0).check())
