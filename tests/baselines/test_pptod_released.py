"""PPTOD's own format: text and tokens as its code makes them, and checkpoints scored as they are.

Expected texts of `cleaned` are what `clean_text` of UBAR-MultiWOZ's `clean_dataset.py` gives (without its file of word
pairs, where none is named); the rest is written out from the formats that PPTOD's `dataclass.py` documents.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import TOY_SCHEMA, toy_dialogues

from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.examples import (
    CONTEXT_TOKENS,
    TOKENS,
    ReleasedCollator,
    ReleasedExamples,
    readings,
    training_readings,
)
from tod_baselines.pptod.released.spans import Mentions, act_span, db_mark, read_acts, read_state, turn_domains
from tod_baselines.pptod.released.words import act_slot, cleaned, delexicalised, read_pairs, slot_word
from tod_baselines.pptod.system import PPTOD
from tod_baselines.pptod.tokenizers import train_tokenizer
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.records import Act, Dialogue, Span, Turn
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs
from tod_metrics import metric
from tod_metrics.items import StateItem

RELEASED = Recipe(format="pptod")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am looking for a Restaurant .", "i am looking for a restaurant ."),
        ("Thanks .   I 'm also looking", "thanks . i am also looking"),
        ("at 9 am or 9:15 pm .", "at 09:00 or 21:15 ."),
        ("by 5pm ; 12 pm is late", "by 17:00 , 12pm is late"),
        ("a b & b or guesthouses", "a bed and breakfast or guest house"),
        ("the club and bar", "the clubed and breakfastar"),
        ("it wo n't do , i 'd say", "it will not do , i would say"),
        ("call tr1234.it leaves", "call tr1234.it leaves"),
        ("mail abc.def now", "mail abc . def now"),
        ("north/south \u2019tis", "north and south 'tis"),
        ("", ""),
    ],
)
def test_utterances_are_cleaned_as_pptods_data_was(text: str, expected: str) -> None:
    assert cleaned(text) == expected


def test_text_that_is_not_split_into_words_is_split() -> None:
    assert cleaned("No, I'm not picky. Is it the Meze's?") == "no , i am not picky . is it the meze 's ?"


def test_word_pairs_are_replaced_as_whole_words() -> None:
    pairs = read_pairs(["restaurants\trestaurant -s\n", "\n", "it 's\tit is"])
    assert cleaned("it 's one of many restaurants .", pairs) == "it is one of many restaurant -s ."
    with pytest.raises(ValueError, match="line 2 has no tab"):
        read_pairs(["a\tb", "c d"])


def test_annotated_values_of_the_system_become_placeholders() -> None:
    text = "Taj Tandoori, 64 Regent St, opens 9 AM; reference AB12CD34."
    spans = [
        Span("system", "restaurant", "name", "taj tandoori", 0, 12),
        Span("system", "restaurant", "address", "64 regent st", 14, 26),
        Span("system", "restaurant", "openhours", "9 am", 34, 38),
        Span("system", "booking", "ref", "AB12CD34", 50, 58),
        Span("user", "restaurant", "name", "x", 0, 3),
    ]
    assert delexicalised(text, spans) == "[value_name] , [value_address] , opens 09:00 , reference [value_reference] ."


@pytest.mark.parametrize(
    ("domain", "slot", "word"),
    [
        ("hotel", "book stay", "stay"),
        ("train", "leaveat", "leave"),
        ("train", "arriveby", "arrive"),
        ("taxi", "type", "car"),
        ("train", "trainid", "id"),
        ("train", "duration", "time"),
        ("attraction", "entrancefee", "price"),
        ("booking", "ref", "reference"),
        ("booking", "book day", "day"),
        ("train", "book people", "people"),
        ("restaurant", "food", "food"),
    ],
)
def test_slots_are_words_and_words_are_slots(domain: str, slot: str, word: str) -> None:
    assert slot_word(domain, slot) == word
    assert act_slot(domain, word) == slot


def test_a_state_is_written_by_domain_and_by_first_mention() -> None:
    mentions = Mentions()
    first = {"train": {"departure": ("Cambridge",), "day": ("wednesday",)}}
    assert mentions.span(first) == "[train] day wednesday departure cambridge"
    second = {
        "restaurant": {"book time": ("9:15",), "food": ("do n't care",)},
        "train": {**first["train"], "leaveat": ("12:45",), "destination": ("peterborough", "ely")},
        "hotel": {},
    }
    expected = "[train] day wednesday departure cambridge leave 12:45 destination peterborough"
    assert mentions.span(second) == f"{expected} [restaurant] food dontcare time 09:15"


@pytest.mark.parametrize(
    ("text", "state", "problems"),
    [
        ("", {}, []),
        (
            "[restaurant] food north american people 4",
            {"restaurant": {"food": "north american", "book people": "4"}},
            [],
        ),
        ("[train] leave 12:45 day dont care", {"train": {"leaveat": "12:45", "day": "dontcare"}}, []),
        ("[restaurant] food", {}, ["'[restaurant] food'"]),
        ("so [hotel] area north", {"hotel": {"area": "north"}}, ["'so'"]),
    ],
)
def test_a_state_is_read_and_what_is_left_over_is_said(text: str, state: Any, problems: list[str]) -> None:
    found, said = read_state(text)
    assert found == state
    assert [sentence.partition(" is in")[0] for sentence in said] == problems


def test_acts_are_written_with_bookings_in_their_domain() -> None:
    acts = (
        Act("booking", "request", "book day"),
        Act("restaurant", "inform", "choice", "3"),
        Act("restaurant", "inform", "area", "north"),
        Act("general", "reqmore"),
        Act("restaurant", "request", "food"),
    )
    # Requests come last in their domain, in the order in which their acts came.
    assert act_span(acts, ["restaurant"]) == "[restaurant] [inform] choice area [request] day food [general] [reqmore]"
    booked = (Act("booking", "book", "ref", "x"), Act("restaurant", "inform", "name", "y"), Act("general", "greet"))
    assert act_span(booked, ["restaurant"]) == "[general] [greet] [restaurant] [offerbooked] reference name"
    assert act_span((), ["restaurant"]) == ""


def test_acts_are_read_as_multiwoz_annotates_them() -> None:
    words = "[restaurant] [offerbooked] reference [request] day food [nobook]"
    text = f"{words} [train] [inform] id time price [general] [bye]"
    acts, problems = read_acts(text)
    assert problems == []
    assert acts == (
        Act("booking", "book", "ref"),
        Act("booking", "request", "book day"),
        Act("restaurant", "request", "food"),
        Act("booking", "nobook"),
        Act("train", "inform", "trainid"),
        Act("train", "inform", "duration"),
        Act("train", "inform", "price"),
        Act("general", "bye"),
    )
    assert read_acts("food [restaurant] [inform] area")[1] == ["'food' is in no slot or act"]


def test_matches_are_counted_for_the_domain_of_the_turn() -> None:
    before, state = {"hotel": {"area": ("north",)}}, {"hotel": {"area": ("north",)}, "train": {"day": ("friday",)}}
    assert turn_domains({}, before, (), []) == ["hotel"]
    assert turn_domains(before, state, (), ["hotel"]) == ["train"]
    assert turn_domains(state, state, (), ["train"]) == ["train"]
    assert turn_domains(before, state, (Act("hotel", "inform"), Act("booking", "book")), ["hotel"]) == [
        "hotel",
        "train",
    ]
    assert turn_domains(state, state, (Act("general", "bye"),), ["train"]) == ["general"]
    marks = [db_mark(["hotel"], {"hotel": count}) for count in (0, 1, 2, 3, 4)]
    assert marks == ["[db_0]", "[db_1]", "[db_2]", "[db_2]", "[db_3]"]
    assert [db_mark(["train"], {"train": n}) for n in (0, 5, 6, 10, 11)] == [f"[db_{k}]" for k in (0, 1, 2, 2, 3)]
    assert db_mark(["hotel", "train"], {"hotel": 1, "train": 0}) == "[db_0]"
    assert db_mark(["taxi"], {}) == db_mark([], {}) == db_mark(["hotel"], {}) == "[db_nores]"


TALK = Dialogue(
    "talk",
    "toy",
    "train",
    ("restaurant",),
    (
        Turn(
            0,
            "I 'd like Thai food .",
            "The Copper Ladle serves Thai .",
            state={"restaurant": {"food": ("Thai",)}},
            acts=(Act("restaurant", "recommend", "name", "the copper ladle"), Act("booking", "request", "book day")),
            spans=(
                Span("system", "restaurant", "name", "the copper ladle", 0, 16),
                Span("system", "restaurant", "food", "thai", 24, 28),
            ),
        ),
        Turn(
            1,
            "Friday , please .",
            "Done .",
            state={"restaurant": {"food": ("Thai",), "book day": ("friday",)}},
            acts=(Act("booking", "book"),),
        ),
    ),
)


class Venues:
    """Two restaurants, whatever is asked."""

    def query(self, domain: str, constraints: Any) -> list[dict[str, str]]:
        return [{"name": "a"}, {"name": "b"}] if domain == "restaurant" else []


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    texts = [
        text for one in training_readings([TALK, *toy_dialogues(12)], ["dst"], RELEASED, None) for text in texts_of(one)
    ]
    return train_tokenizer(texts, 200, TOKENS)


def texts_of(reading: Any) -> list[str]:
    return [*(text for _, text in reading.context), reading.target or ""]


@pytest.mark.parametrize(
    ("task", "turn", "source", "target"),
    [
        (
            "dst",
            0,
            "translate dialogue to belief state: <sos_context> <sos_u> i would like thai food . <eos_u> <eos_context>",
            "<sos_b> [restaurant] food thai <eos_b>",
        ),
        (
            "dst",
            1,
            "translate dialogue to belief state: <sos_context> <sos_u> i would like thai food . <eos_u> "
            "<sos_r> [value_name] serves [value_food] . <eos_r> <sos_u> friday , please . <eos_u> <eos_context>",
            "<sos_b> [restaurant] food thai day friday <eos_b>",
        ),
        (
            "policy",
            0,
            "translate dialogue to dialogue action: <sos_context> <sos_u> i would like thai food . <eos_u> "
            "<eos_context> <sos_db> [db_2] <eos_db>",
            "<sos_a> [restaurant] [recommend] name [request] day <eos_a>",
        ),
        (
            "response",
            0,
            "translate dialogue to system response: <sos_context> <sos_u> i would like thai food . <eos_u> "
            "<eos_context> <sos_db> [db_2] <eos_db>",
            "<sos_r> [value_name] serves [value_food] . <eos_r>",
        ),
    ],
)
def test_source_and_target_token_for_token(task: Any, turn: int, source: str, target: str, tokenizer: Any) -> None:
    examples = ReleasedExamples(training_readings([TALK], [task], RELEASED, Venues()), tokenizer)
    found = examples[turn]
    # The original tokenises whole spans, marks and all.
    assert found["input_ids"].tolist() == tokenizer(source, add_special_tokens=False).input_ids
    assert found["labels"].tolist() == tokenizer(target, add_special_tokens=False).input_ids
    assert examples.lengths[turn] == len(found["input_ids"])
    assert examples.target_lengths[turn] == len(found["labels"]) - 1
    batch = ReleasedCollator(0)([found])
    assert batch["decoder_input_ids"][0].tolist() == found["labels"].tolist()[:-1]
    assert batch["labels"][0].tolist() == found["labels"].tolist()[1:]


def test_the_last_900_tokens_of_the_context_are_read(tokenizer: Any) -> None:
    turns = tuple(Turn(index, "thai food please " * 30, "thai food .") for index in range(12))
    long = Dialogue("long", "toy", "train", (), turns)
    examples = ReleasedExamples(training_readings([long], ["dst"], RELEASED, None), tokenizer)
    whole = " ".join(
        [f"<sos_u> {'thai food please ' * 30}<eos_u> <sos_r> thai food . <eos_r>"] * 11
        + [f"<sos_u> {'thai food please ' * 30}<eos_u>"]
    )
    context = tokenizer(whole, add_special_tokens=False).input_ids
    prefix = tokenizer("translate dialogue to belief state: <sos_context>", add_special_tokens=False).input_ids
    end = tokenizer("<eos_context>", add_special_tokens=False).input_ids
    assert len(context) > CONTEXT_TOKENS
    assert examples[11]["input_ids"].tolist() == [*prefix, *context[-900:], *end]
    assert examples.items[11].tokens_truncated == len(context) - 900
    assert examples.report()["context_tokens_truncated"] > 0


def test_without_spans_earlier_answers_are_shown_as_they_are(tokenizer: Any) -> None:
    plain = Recipe(format="pptod", delexicalised=False)
    shown = list(turn_inputs([TALK], "dst"))
    assert [text for _, text in list(readings("dst", shown, plain))[1].context][1] == "the copper ladle serves thai ."
    assert PPTOD(format="pptod").gold_access == {"system_spans"}
    assert PPTOD(format="pptod", delexicalised=False).gold_access == PPTOD().gold_access == frozenset()
    assert [exchange.spans for exchange in shown[1].history] == [()]
    (allowed,) = list(turn_inputs([TALK], "dst", gold_access=frozenset({"system_spans"})))[1].history
    assert {span.side for span in allowed.spans} == {"system"}


def own_loop(dialogues: Sequence[Dialogue], tokenizer: Any, folder: Path, steps: int = 100) -> Any:
    """A training in PPTOD's format with none of our batches, losses or examples; saved as its script saves it."""
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(5)
    sizes = {"d_model": 64, "d_ff": 128, "d_kv": 16, "num_layers": 1, "num_decoder_layers": 1, "num_heads": 4}
    ids = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    model = T5ForConditionalGeneration(T5Config(vocab_size=len(tokenizer), dropout_rate=0.0, **sizes, **ids))
    pairs = [pair for dialogue in dialogues for pair in own_texts(dialogue)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    sources = [torch.tensor(tokenizer(source, add_special_tokens=False).input_ids) for source, _ in pairs]
    targets = [torch.tensor(tokenizer(target, add_special_tokens=False).input_ids) for _, target in pairs]
    fill = tokenizer.convert_tokens_to_ids("<_PAD_>")
    source = torch.nn.utils.rnn.pad_sequence(sources, batch_first=True, padding_value=fill)
    target = torch.nn.utils.rnn.pad_sequence(targets, batch_first=True, padding_value=fill)
    labels = target[:, 1:].masked_fill(target[:, 1:] == fill, -100)
    for _ in range(steps):
        mask = (source != fill).long()
        loss = model(input_ids=source, attention_mask=mask, decoder_input_ids=target[:, :-1], labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model.eval()


def own_texts(dialogue: Dialogue) -> list[tuple[str, str]]:
    """Sources and targets of the toy corpus, whose text needs no cleaning but case and a comma."""
    context, pairs = "", []
    for turn in dialogue.turns:
        context += f" <sos_u> {split(turn.user)} <eos_u>"
        words = []
        for slot, word in (("food", "food"), ("area", "area"), ("book day", "day")):
            values = turn.state["restaurant"].get(slot)
            words += [word, split(values[0])] if values else []
        source = f"translate dialogue to belief state: <sos_context>{context} <eos_context>"
        pairs.append((source, f"<sos_b> [restaurant] {' '.join(words)} <eos_b>"))
        context += f" <sos_r> {split(turn.system)} <eos_r>"
    return pairs


def split(text: str) -> str:
    """Words and punctuation of the toy corpus apart, in lower case."""
    for mark in ",?.":
        text = text.replace(mark, f" {mark}")
    return " ".join(text.lower().replace("'s", " 's").split())


def own_greedy(model: Any, tokenizer: Any, source: str) -> str:
    """Argmax after argmax, from <sos_b> to <eos_b>."""
    ids = torch.tensor([tokenizer(source, add_special_tokens=False).input_ids])
    start, end = tokenizer.convert_tokens_to_ids(["<sos_b>", "<eos_b>"])
    written = [start]
    with torch.inference_mode():
        while len(written) < 120:
            logits = model(input_ids=ids, decoder_input_ids=torch.tensor([written])).logits[0, -1]
            written.append(int(logits.argmax()))
            if written[-1] == end:
                break
    return str(tokenizer.decode([token for token in written if token not in (start, end)]))


WORDS = {"food", "area", "day"}


def own_state(text: str) -> dict[str, str]:
    """The toy corpus has one domain, and no value that holds a slot's name."""
    names, state, slot = {"food": "food", "area": "area", "day": "book day"}, dict[str, list[str]](), ""
    for word in text.replace("[restaurant]", "").split():
        if word in names:
            slot = names[word]
            state[slot] = [*state[slot], "or"] if slot in state else []  # given twice, it is not right
        elif slot:
            state[slot].append(word)
    return {name: " ".join(words) for name, words in state.items() if words}


def jga(dialogues: Sequence[Dialogue], states: Callable[[str, int], Any]) -> float:
    turns = [(dialogue, turn) for dialogue in dialogues for turn in dialogue.turns]
    items = [StateItem(d.id, t.index, t.state, states(d.id, t.index), d.services, t.services) for d, t in turns]
    scorer = metric("jga")
    return float(scorer.aggregate(scorer.statistics(items).sum(axis=0)))


@pytest.fixture(scope="module")
def checkpoint(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("released")
    return folder, own_loop(toy_dialogues(6), tokenizer, folder)


def test_a_checkpoint_made_by_a_loop_in_the_format_is_scored_the_same(
    checkpoint: tuple[Path, Any], tokenizer: Any, tmp_path: Path
) -> None:
    folder, model = checkpoint
    dialogues = toy_dialogues(6, "test", start=3)
    theirs = {
        (dialogue.id, index): own_greedy(model, tokenizer, source)
        for dialogue in dialogues
        for index, (source, _) in enumerate(own_texts(dialogue))
    }
    system = PPTOD(format="pptod", epochs=0, model=str(folder))
    assert system.fits_together("dst") == ()
    system.load(FitContext("dst", TOY_SCHEMA, 1, tmp_path / "unused"))
    answers = list(system.predict("dst", turn_inputs(dialogues, "dst", gold_access=system.gold_access)))
    ours = {(answer.dialogue_id, answer.turn): answer for answer in answers}
    assert len(ours) == 12  # the last example too
    assert {key: answer.raw["dst"] for key, answer in ours.items()} == theirs
    once = [
        key
        for key, text in theirs.items()
        if len(set(text.split()) & WORDS) == sum(text.split().count(w) for w in WORDS)
    ]
    assert len(once) > 6
    for key in once:
        state = {slot: value.lower() for slot, value in (ours[key].state or {}).get("restaurant", {}).items()}
        assert state == {slot: value.replace(" 's", "'s") for slot, value in own_state(theirs[key]).items()}
    score = jga(dialogues, lambda name, index: ours[name, index].state or {})
    assert score == jga(dialogues, lambda name, index: {"restaurant": own_state(theirs[name, index])})
    assert 30 < score < 100  # half of the dialogues are new to it
    assert not (tmp_path / "unused").exists()


def test_the_checkpoint_is_scored_by_a_config_without_training_data(
    checkpoint: tuple[Path, Any], tmp_path: Path
) -> None:
    folder, _ = checkpoint
    config = {
        "name": "as-it-is",
        "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 0, "dev": 0, "test": 2}}}},
        "systems": {
            "released": {"system": "pptod", "params": {"format": "pptod", "epochs": 0, "model": str(folder)}},
            "plain": {
                "system": "pptod",
                "params": {"format": "pptod", "epochs": 0, "model": str(folder), "delexicalised": False},
            },
        },
        "tasks": {"dst": {"metrics": ["jga"]}, "policy": {"metrics": ["act_f1"]}},
        "bootstrap": {"draws": 0},
        "seeds": [1, 2],
    }
    plan = build(EvalConfig.model_validate(config))
    assert {experiment.seed for experiment in plan.experiments} == {1}
    shown = {
        experiment.system: plan.gold_shown(experiment) for experiment in plan.experiments if experiment.task == "dst"
    }
    assert shown == {"released": ("system_spans",), "plain": ()}
    results = run(plan, Store(tmp_path))
    assert len(results) == 4
    assert not list(tmp_path.rglob("fit.json"))
    assert all(result.provenance["system"]["params"]["epochs"] == 0 for result in results)


def test_what_cannot_be_taken_as_it_is_is_refused(
    checkpoint: tuple[Path, Any], bart_folder: Path, tmp_path: Path
) -> None:
    folder, _ = checkpoint
    context = FitContext("dst", TOY_SCHEMA, 1, tmp_path)
    with pytest.raises(UserError, match="has no token 'dialogue to state:'"):
        PPTOD(epochs=0, model=str(folder)).load(context)
    with pytest.raises(UserError, match="has no token '<_PAD_>'"):
        PPTOD(epochs=0, model=str(bart_folder), format="pptod").load(context)
    with pytest.raises(UserError, match="nothing to train"):
        PPTOD(epochs=0, model=str(folder)).fit([], [], context)
    for wrong, words in (
        ({"epochs": 0, "init": "scratch", "model": "t5-tiny"}, "from scratch has to be trained"),
        ({"epochs": -1}, "epochs must not be below 0"),
        ({"epochs": 0, "few_shot": 0.5}, "epochs: 0 reads none"),
        ({"format": "pptod", "history": "last+1", "engine": "ctranslate2"}, "leave out history, engine"),
        ({"word_pairs": "x"}, "belong to format: pptod"),
    ):
        with pytest.raises(UserError, match=words):
            Recipe(**wrong)  # type: ignore[arg-type]
    assert "word_pairs" in PPTOD(format="pptod", epochs=0, model=str(folder), word_pairs="none.tsv").check()[0]


def test_our_own_format_is_scored_without_training_too(
    tiny: dict[str, Any], toy_train: list[Dialogue], tmp_path: Path
) -> None:
    context = FitContext("dst", TOY_SCHEMA, 1, tmp_path / "trained")
    trained = PPTOD(**{**tiny, "select_by": "last", "epochs": 1})
    trained.fit(toy_train, [], context)
    trained.load(context)
    asked = list(turn_inputs(toy_train[:3], "dst"))
    settings = {"epochs": 0, "model": str(context.folder / "model"), "max_target_tokens": 24}
    for engine in ("transformers", "ctranslate2"):
        taken = PPTOD(**settings, engine=engine)
        taken.load(FitContext("dst", TOY_SCHEMA, 1, tmp_path / engine))
        expected = [answer.raw["dst"] for answer in trained.predict("dst", asked)]
        found = [answer.raw["dst"] for answer in taken.predict("dst", asked)]
        assert [text[: len(e)] for text, e in zip(found, expected, strict=True)] == [
            e[: len(f)] for f, e in zip(found, expected, strict=True)
        ]


def test_a_model_is_trained_in_the_format(tiny: dict[str, Any], toy_train: list[Dialogue], context: FitContext) -> None:
    settings = {**tiny, "format": "pptod", "multitask": True, "epochs": 1, "dev_dialogues": 2}
    system = PPTOD(**settings)
    record = system.fit(toy_train, toy_train, context)
    assert record["examples"] == 72
    assert record["dev_scores"]
    assert record["throughput"]["tokens"] == record["source_tokens"] + record["target_tokens"]  # type: ignore[index]
    fresh = PPTOD(**settings)
    fresh.load(context)
    assert fresh.conditioned_on == {"policy": {"state"}, "response": {"state"}}
    for task in ("dst", "policy", "response"):
        shown = turn_inputs(toy_train, task, gold_access=fresh.gold_access, states="gold", database=Venues())  # type: ignore[arg-type]
        assert len(list(fresh.predict(task, shown))) == 24  # type: ignore[arg-type]


def old_folder(folder: Path) -> int:
    """A checkpoint in the layout of 2021, with random weights; gives the number of the first token that PPTOD adds."""
    import io
    import json

    from sentencepiece import SentencePieceTrainer
    from transformers import T5Config, T5ForConditionalGeneration

    texts = [text for one in training_readings(toy_dialogues(12), ["dst"], RELEASED, None) for text in texts_of(one)]
    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        vocab_size=60,
        hard_vocab_limit=False,
        **{"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, "minloglevel": 2, "num_threads": 1},
    )
    (folder / "spiece.model").write_bytes(written.getvalue())
    specials = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    extra = {"additional_special_tokens": [f"<extra_id_{number}>" for number in range(100)]}
    first = len(pieces(folder)) + 100
    notes = {
        "added_tokens": {token: first + number for number, token in enumerate(TOKENS)},
        "special_tokens_map": specials | extra,
        "tokenizer_config": specials | extra | {"extra_ids": 100, "model_max_length": 512, "name_or_path": "t5-small"},
    }
    for name, content in notes.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    sizes = {"d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 1, "num_heads": 2}
    ids = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    model = T5ForConditionalGeneration(T5Config(vocab_size=first + len(TOKENS), **sizes, **ids))
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return first


def pieces(folder: Path) -> Any:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=str(folder / "spiece.model"))


def test_a_checkpoint_of_2021_is_loaded_once_its_weights_are_safetensors(tmp_path: Path) -> None:
    from transformers import AutoModelForSeq2SeqLM

    folder = tmp_path / "epoch_9_best_ckpt"
    folder.mkdir()
    first = old_folder(folder)
    settings: dict[str, Any] = {"format": "pptod", "epochs": 0}
    assert f"did you mean {folder}?" in PPTOD(**settings, model=str(tmp_path)).check()[0]
    assert "docs/t5.md" in PPTOD(**settings, model=str(folder)).check()[0]
    AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=False).save_pretrained(folder)  # as docs/t5.md has it
    system = PPTOD(**settings, model=str(folder))
    assert system.check() == []
    system.load(FitContext("dst", TOY_SCHEMA, 1, tmp_path))
    assert system._generator is not None
    tokenizer = system._generator.tokenizer
    assert tokenizer.convert_tokens_to_ids(list(TOKENS)) == list(range(first, first + len(TOKENS)))
    text = "a thai restaurant in the north , please ."
    assert tokenizer(text, add_special_tokens=False).input_ids == pieces(folder).encode(text)
