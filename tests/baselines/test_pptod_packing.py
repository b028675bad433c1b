"""Packing: a dialogue read at once gives each turn what it would give it alone, under the same mask."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tod_baselines.pptod.batches import Collator
from tod_baselines.pptod.examples import Examples, training_examples
from tod_baselines.pptod.fast.packing import ROW_TOKENS, Dialogues, Rows, dialogue_of_each, filled
from tod_baselines.pptod.fast.packing_decoding import decode_dialogues
from tod_baselines.pptod.fast.packing_model import PackedT5, seen
from tod_baselines.pptod.models import scratch_model
from tod_baselines.pptod.recipe import Recipe
from tod_baselines.pptod.system import PPTOD
from tod_baselines.pptod.trainer import token_loss
from tod_baselines.pptod.training import ready_tokenizer
from tod_bench.errors import UserError
from tod_bench.records import Dialogue, Turn
from tod_bench.systems import FitContext
from tod_bench.tasks import TASKS

LENGTHS = (1, 3, 5, 2)
"""Turns of the dialogues."""


def dialogues_of(toy: Sequence[Dialogue], lengths: Sequence[int] = LENGTHS) -> list[Dialogue]:
    """Dialogues of given numbers of turns, each turn with words of its own."""

    def turn(number: int, index: int) -> Turn:
        one = toy[number].turns[index % 2]
        other = toy[(number + index) % len(toy)].turns[0]
        return replace(one, index=index, user=f"{one.user} {other.user * (index % 3)}")

    return [
        replace(toy[number], id=f"packed-{number}", turns=tuple(turn(number, index) for index in range(count)))
        for number, count in enumerate(lengths)
    ]


class Setting:
    """A tiny T5 with random weights, and examples of some dialogues."""

    def __init__(self, dialogues: Sequence[Dialogue], tasks: Any, recipe: Recipe, context: FitContext) -> None:
        self.tokenizer = ready_tokenizer(recipe, dialogues, context)
        torch.manual_seed(0)
        self.model: Any = scratch_model(recipe, self.tokenizer).eval()
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                # A new model repeats its first token; in this one positions and sources matter.
                weight.normal_(std=0.1 if name == "shared.weight" else 1.0 if "relative" in name else 0.3)
        self.examples = Examples(training_examples(dialogues, tasks, recipe), self.tokenizer, recipe)
        self.packed = Dialogues(self.examples, dialogue_of_each(dialogues, tasks))

    def packed_loss(self, windows: Sequence[int]) -> torch.Tensor:
        batch = Rows.of(self.model)([self.packed[window] for window in windows])
        labels = batch.pop("labels")
        assert labels.shape == (1, sum(self.packed.target_lengths[window] for window in windows))
        return token_loss(PackedT5.of(self.model)(**batch), labels, 1)

    def states_alone(self, number: int) -> torch.Tensor:
        """What a turn's target attends to: its dialogue read alone, up to that turn, by the encoder of the plain T5."""
        window = next(one for one in self.packed.windows if number in one.examples.values())
        last = self.examples.items[number].history // 2
        parts = {block: self.examples.parts(one) for block, one in window.examples.items() if block <= last}
        tokens: list[tuple[int, int, int, bool]] = []  # token, position, block, whether it is of this block alone
        position = 0
        for utterance, ids in enumerate([parts[last].head, *parts[last].shared]):
            block = utterance // 2  # head and u1 | s1 u2 | s2 u3
            for token in ids:
                tokens.append((int(token), position, block, False))
                position += 1
            if utterance % 2 and block in parts:
                own = parts[block].own
                tokens += [(int(token), position + ahead, block, True) for ahead, token in enumerate(own)]
        ids, positions, blocks, own = (torch.tensor(column) for column in zip(*tokens, strict=True))
        shared_before = (blocks[None, :] < blocks[:, None]) & ~own[None, :]
        mask = (shared_before | (blocks[None, :] == blocks[:, None]))[None, None]
        states = self.encoder_at(ids, positions, mask)
        return states[:, ~own | (blocks == last)]

    def encoder_at(self, ids: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The plain encoder, its tokens at given positions."""
        attention = self.model.encoder.block[0].layer[0].SelfAttention
        bucket = attention._relative_position_bucket(
            positions[None, :] - positions[:, None],
            num_buckets=attention.relative_attention_num_buckets,
            max_distance=attention.relative_attention_max_distance,
        )
        bias = attention.relative_attention_bias(bucket).permute(2, 0, 1)[None]
        with mock.patch.object(attention, "compute_bias", return_value=bias):
            return self.model.encoder(input_ids=ids[None], attention_mask=mask).last_hidden_state  # type: ignore[no-any-return]

    def loss_alone(self, number: int) -> torch.Tensor:
        labels = torch.from_numpy(self.examples[number]["labels"]).long()[None]
        loss = self.model(encoder_outputs=(self.states_alone(number),), labels=labels).loss
        return loss * labels.shape[1]  # type: ignore[no-any-return]

    def gradients(self, loss: torch.Tensor) -> dict[str, torch.Tensor]:
        self.model.zero_grad()
        loss.backward()
        return {name: weight.grad.clone() for name, weight in self.model.named_parameters()}


RECIPES = {
    "dst": (("dst",), {}),
    "every task": (TASKS, {}),
    "long dialogues are cut": (("dst",), {"max_source_tokens": 170}),
    "long utterances are cut": (("dst",), {"max_source_tokens": 20}),
}


@pytest.fixture(params=RECIPES)
def setting(request: Any, toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext) -> Setting:
    tasks, changes = RECIPES[request.param]
    return Setting(dialogues_of(toy_train), tasks, Recipe(**tiny | changes), context)


def test_the_loss_and_gradients_are_those_of_each_turn_alone(setting: Setting) -> None:
    everything = range(len(setting.packed))
    together = setting.packed_loss(everything)
    alone = torch.stack([setting.loss_alone(number) for number in range(len(setting.examples))]).sum()
    assert together.item() == pytest.approx(alone.item(), rel=1e-5, abs=1e-4)
    ours, theirs = setting.gradients(together), setting.gradients(alone)
    for name, gradient in theirs.items():
        assert gradient.abs().max() > 0, name
        assert torch.allclose(ours[name], gradient, rtol=1e-3, atol=1e-4), name


def test_dialogues_that_share_a_row_do_not_see_each_other(setting: Setting) -> None:
    lengths = [int(length) for length in setting.packed.lengths]
    assert any(len(row) > 1 for row in filled(lengths))
    together = setting.packed_loss(range(len(setting.packed)))
    alone = sum(setting.packed_loss([window]).item() for window in range(len(setting.packed)))
    assert together.item() == pytest.approx(alone, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_dialogues_of_one_turn_have_the_loss_of_the_plain_model(
    task: Any, toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext
) -> None:
    setting = Setting(dialogues_of(toy_train, [1] * 6), (task,), Recipe(**tiny), context)
    batch = Collator.of(setting.model, setting.tokenizer)([setting.examples[number] for number in range(6)])
    labels = batch.pop("labels")
    plain = token_loss(setting.model(**batch), labels, 1)
    assert setting.packed_loss(range(6)).item() == pytest.approx(plain.item(), rel=1e-5, abs=1e-4)


def test_the_mask_is_that_of_the_picture() -> None:
    """Columns: h u1 | s1 u2 | s2 u3 | e1 | e2 | e3, and another dialogue; rows the same, then targets 2 and 3."""
    shared = [(0, 0, 0, 0), (0, 1, 0, 2), (0, 2, 0, 4)]
    own = [(0, 0, 1, 2), (0, 1, 1, 4), (0, 2, 1, 6)]
    source = torch.tensor([[*shared, *own, (1, 0, 0, 0)]])
    assert seen(source, source)[0].int().tolist() == [
        [1, 0, 0, 1, 0, 0, 0],
        [1, 1, 0, 0, 1, 0, 0],
        [1, 1, 1, 0, 0, 1, 0],
        [1, 0, 0, 1, 0, 0, 0],
        [1, 1, 0, 0, 1, 0, 0],
        [1, 1, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ]
    targets = torch.tensor([[(0, 1, 1, 0), (0, 2, 1, 0)]])
    assert seen(targets, source)[0].int().tolist() == [[1, 1, 0, 0, 1, 0, 0], [1, 1, 1, 0, 0, 1, 0]]


def test_each_utterance_is_read_once(toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext) -> None:
    setting = Setting(dialogues_of(toy_train), ("dst",), Recipe(**tiny), context)
    lasts = np.cumsum(LENGTHS) - 1
    assert setting.packed.lengths.tolist() == [
        setting.examples.lengths[last] + turns - 1  # the </s> of each turn before
        for last, turns in zip(lasts, LENGTHS, strict=True)
    ]


def test_windows_of_a_cut_dialogue(toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext) -> None:
    """Turns that have lost the same turns share a window; every example is in one; the report counts them."""
    setting = Setting(dialogues_of(toy_train), ("dst",), Recipe(**tiny | {"max_source_tokens": 170}), context)
    items = setting.examples.items
    for window in setting.packed.windows:
        assert len({items[number].turns_truncated for number in window.examples.values()}) == 1
    assert sorted(number for window in setting.packed.windows for number in window.examples.values()) == list(
        range(len(items))
    )
    report = setting.packed.report()
    assert report["windows"] == len(setting.packed) > len(LENGTHS)
    assert report["examples_truncated"] == sum(1 for item in items if item.turns_truncated) > 0
    assert report["packed_source_tokens"] == sum(
        len(setting.packed[window]["input_ids"]) for window in range(len(setting.packed))
    )


def test_dialogues_that_share_their_id_only_are_kept_apart(
    toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext
) -> None:
    namesakes = [replace(dialogue, id="same") for dialogue in dialogues_of(toy_train, (3, 3))]
    setting = Setting(namesakes, ("dst",), Recipe(**tiny), context)
    alone = sum(setting.loss_alone(number).item() for number in range(6))
    assert setting.packed_loss(range(len(setting.packed))).item() == pytest.approx(alone, rel=1e-5)


@given(st.lists(st.integers(1, 2 * ROW_TOKENS), min_size=1, max_size=40))
def test_rows_hold_every_window_once_and_have_room(lengths: list[int]) -> None:
    rows = filled(lengths)
    assert sorted(number for row in rows for number in row) == list(range(len(lengths)))
    sums = sorted(sum(lengths[number] for number in row) for row in rows)
    assert sums[-1] <= max(ROW_TOKENS, *lengths)
    if len(sums) > 1:  # else the two would be one row
        assert sums[0] + sums[1] > max(ROW_TOKENS, *lengths)


def greedy(setting: Setting, number: int, tokens: int) -> list[int]:
    """What a turn is answered alone, token by token, without any cache."""
    states, written = setting.states_alone(number), [0]
    while len(written) <= tokens and written[-1] != 1:
        logits = setting.model(encoder_outputs=(states,), decoder_input_ids=torch.tensor([written])).logits
        written.append(int(logits[0, -1].argmax()))
    return written


def test_a_dialogue_is_encoded_once_and_decoded_as_each_turn_alone(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = setting.examples
    asked.items = [replace(item, target=None) for item in asked.items]
    with torch.inference_mode():
        alone = [greedy(setting, number, 8) for number in range(len(asked))]
    encoded: Counter[str] = Counter()
    plain = PackedT5.encode

    def counted(self: PackedT5, *batch: torch.Tensor) -> torch.Tensor:
        encoded["tokens"] += int((batch[1][..., 0] >= 0).sum())
        return plain(self, *batch)

    monkeypatch.setattr(PackedT5, "encode", counted)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a turn was encoded apart")

    monkeypatch.setattr(setting.model.encoder, "forward", never)
    texts = decode_dialogues(setting.model, setting.tokenizer, setting.packed, batch_tokens=300, max_new_tokens=8)
    assert texts == setting.tokenizer.batch_decode(alone, skip_special_tokens=True)
    assert len(set(texts)) > 1
    assert encoded["tokens"] == setting.packed.lengths.sum()


def test_the_state_that_a_policy_is_shown_is_seen_from_its_turn_on(
    toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext
) -> None:
    """Another predicted state in the second turn changes nothing that the encoder says of the first."""
    setting = Setting(dialogues_of(toy_train, (4,)), ("policy",), Recipe(**tiny), context)
    (item,) = [setting.packed[0]]
    place, ids = item["source_place"], item["input_ids"].copy()
    own = np.flatnonzero((place[:, 1] == 1) & (place[:, 2] == 1))
    ids[own[-2]] = ids[own[0]]  # a token of the second turn's state

    def states(tokens: Any) -> torch.Tensor:
        batch = Rows.of(setting.model)([{**item, "input_ids": tokens}])
        return PackedT5.of(setting.model).encode(batch["input_ids"], batch["source_place"])[0]

    changed = (states(ids) != states(item["input_ids"])).any(dim=1).numpy()
    assert changed[place[:, 1] == 1].all()
    assert not changed[place[:, 1] < 1].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"history": "last+2"}, r"packing: dialogue shows every turn before, so it takes history: all, not last\+2"),
        ({"history": "state+1"}, r"history: all, not state\+1"),
        ({"engine": "ctranslate2"}, "packing: dialogue is decoded by the engine transformers"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Recipe(packing="dialogue", **settings)
    assert Recipe(packing="turn", **settings)


def test_other_families_are_refused(bart_folder: Path, toy_train: list[Dialogue], context: FitContext) -> None:
    with pytest.raises(UserError, match="packing: dialogue needs a T5, whose positions are relative, not a bart"):
        PPTOD(model=str(bart_folder), packing="dialogue").fit(toy_train, toy_train, context)


def test_a_view_shares_its_weights(toy_train: list[Dialogue], tiny: dict[str, Any], context: FitContext) -> None:
    setting = Setting(toy_train, ("dst",), Recipe(**tiny), context)
    view = PackedT5.of(setting.model)
    assert all(one is other for one, other in zip(view.parameters(), setting.model.parameters(), strict=True))
    assert type(setting.model).__name__ == "T5ForConditionalGeneration"
