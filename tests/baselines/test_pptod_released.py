"""Checkpoints in PPTOD's own format: taken and scored as they are, trained anew, and those of 2021 converted."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from released_format import RELEASED, Venues, released_tokenizer, texts_of
from toys import TOY_SCHEMA, toy_dialogues

from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.released.examples import TOKENS, training_readings
from tod_baselines.pptod.system import PPTOD
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import run
from tod_bench.records import Dialogue
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs
from tod_metrics import metric
from tod_metrics.items import StateItem


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return released_tokenizer()


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
