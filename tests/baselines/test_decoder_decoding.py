"""Decoding with kept caches writes what reading every text from its beginning writes."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tod_baselines.decoder import decoding  # noqa: E402
from tod_baselines.decoder.decoding import Ask, Decoding, Written, longest_text  # noqa: E402
from tod_bench.errors import UserError  # noqa: E402

VOCABULARY = 97
ENDS = frozenset({1, 3, 5, 7, 11, 13, 17})
LLAMA: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
GPT2: dict[str, Any] = {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 512}
KINDS: dict[str, dict[str, Any]] = {
    "llama": LLAMA,
    "qwen3": {**LLAMA, "head_dim": 8},
    "gemma3_text": {**LLAMA, "head_dim": 8},
    "gpt2": {**GPT2, "bos_token_id": 2, "eos_token_id": 1},
    "gpt_neox": {**LLAMA, "num_key_value_heads": None},
}


def random_model(kind: str, settings: dict[str, Any]) -> Any:
    """A model whose outputs vary: weights of the usual size would write one token for ever."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings)).eval()
    for weights in model.parameters():
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.15)
    return model


def talk(seed: int, turns: int, asked: list[tuple[list[int], Written]], limit: int = 12) -> Iterator[Any]:
    """A dialogue that keeps an answer, leaves one out, and drops its oldest tokens, in turn."""
    chance = random.Random(seed)
    ids = [chance.randrange(2, VOCABULARY) for _ in range(5)]
    for turn in range(turns):
        ids = ids + [chance.randrange(2, VOCABULARY) for _ in range(chance.randrange(1, 20))]
        written = yield Ask(ids, limit)
        asked.append((ids, written))
        if turn % 3 == 0:
            ids = [*ids, *written.ids, 1]
        elif turn % 3 == 2:
            ids = ids[:4] + ids[10:]
    return seed


def from_the_beginning(model: Any, ids: list[int], limit: int = 12) -> tuple[Written, float]:
    """Greedy decoding that reads the whole text for every token, and the closest decision that it took."""
    text, written, log_probabilities, closest = list(ids), [], [], float("inf")
    with torch.inference_mode():
        while len(written) < limit and not (written and written[-1] in ENDS):
            found = model(input_ids=torch.tensor([text])).logits[0, -1].log_softmax(-1)
            best = found.topk(2)
            closest = min(closest, float(best.values[0] - best.values[1]))
            written.append(int(best.indices[0]))
            log_probabilities.append(float(best.values[0]))
            text.append(written[-1])
    ended = written[-1] in ENDS
    stop = len(written) - ended
    return Written(tuple(written[:stop]), tuple(log_probabilities[:stop]), ended), closest


@pytest.mark.parametrize(("kind", "together"), [*((kind, False) for kind in KINDS), ("llama", True), ("gpt2", True)])
def test_uneven_dialogues_side_by_side_write_what_each_text_alone_does(kind: str, together: bool) -> None:
    model = random_model(kind, KINDS[kind])
    asked: list[list[tuple[list[int], Written]]] = [[] for _ in range(5)]
    talks = (talk(seed, 1 + seed * 2 % 5, asked[seed]) for seed in range(5))
    assert sorted(Decoding(model, ENDS, rows=3, together=together).run(talks)) == list(range(5))
    outcomes = set()
    for ids, ours in (pair for dialogue in asked for pair in dialogue):
        alone, closest = from_the_beginning(model, ids)
        assert closest > 1e-5, "a tie, which rounding may decide either way"
        assert (ours.ids, ours.ended) == (alone.ids, alone.ended)
        assert ours.log_probabilities == pytest.approx(alone.log_probabilities, abs=1e-5)
        outcomes.add(ours.ended)
    assert outcomes == {True, False}, "answers that end and answers that are cut"


def test_in_bf16_the_first_token_is_as_likely_as_in_a_text_alone() -> None:
    """Processors with units for bf16 decode in it; others emulate it here."""
    model = random_model("llama", LLAMA)
    asked: list[list[tuple[list[int], Written]]] = [[] for _ in range(3)]
    list(Decoding(model, ENDS, rows=2, bf16=True).run(talk(seed, 3, asked[seed]) for seed in range(3)))
    likely = []
    with torch.autocast("cpu", torch.bfloat16):
        for ids, ours in (pair for dialogue in asked for pair in dialogue):
            alone, _ = from_the_beginning(model, ids, limit=1)
            likely += zip(ours.log_probabilities[:1], alone.log_probabilities, strict=False)
    assert len(likely) > 5
    for ours, alone in likely:
        assert ours == pytest.approx(alone, abs=0.05)


def test_it_is_transformers_own_greedy_generation() -> None:
    model, asked = random_model("llama", LLAMA), []
    list(Decoding(model, {1}, rows=2).run([talk(4, 3, asked)]))
    for ids, ours in asked:
        theirs = model.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False, eos_token_id=1, pad_token_id=0)
        written = theirs[0, len(ids) :].tolist()
        assert list(ours.ids) + [1] * ours.ended == written


def test_every_token_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, read = random_model("llama", LLAMA), []
    decoder = Decoding(model, {1}, rows=2)
    step = decoder._logits
    monkeypatch.setattr(decoder, "_logits", lambda cache, ids, *more: read.append(len(ids)) or step(cache, ids, *more))

    def growing() -> Any:
        ids = list(range(2, 40))
        for _ in range(3):
            written = yield Ask(ids, 5)
            ids = [*ids, *written.ids, 1, 50, 51, 52]
        return len(ids) - 4 - written.ended

    (length,) = list(decoder.run([growing()]))
    # What is written last is never read; neither is what closes the last answer.
    assert sum(read) in {length - 1, length}


def test_a_later_run_reads_what_no_run_has_read(monkeypatch: pytest.MonkeyPatch) -> None:
    model, read = random_model("llama", LLAMA), []
    decoder = Decoding(model, {1}, rows=2)
    step = decoder._logits
    monkeypatch.setattr(decoder, "_logits", lambda cache, ids, *more: read.append(len(ids)) or step(cache, ids, *more))

    def once(ids: list[int]) -> Any:
        written = yield Ask(ids, 1)
        return ids, written.ids

    texts = [list(range(2, 40)), list(range(50, 90))]
    list(decoder.run(once(text) for text in texts))
    assert sum(read) == 38 + 40
    longer = [[*text, 41, 42, 43] for text in reversed(texts)]
    read.clear()
    found = list(decoder.run(once(text) for text in longer))
    assert sum(read) == 3 + 3, "each went to the row that knows it, in another order"
    for text, ids in found:
        alone, _ = from_the_beginning(model, text, 1)
        assert ids == alone.ids


def test_a_run_that_is_given_up_and_runs_beside_each_other_write_the_same() -> None:
    model = random_model("llama", LLAMA)
    decoder = Decoding(model, ENDS, rows=2)
    given_up = decoder.run([talk(seed, 3, []) for seed in range(4)])
    next(given_up)
    beside: list[tuple[list[int], Written]] = []
    list(decoder.run([talk(5, 3, beside)]))
    given_up.close()
    after: list[tuple[list[int], Written]] = []
    list(decoder.run([talk(0, 3, after), talk(6, 2, after)]))
    for ids, ours in beside + after:
        assert ours.ids == from_the_beginning(model, ids)[0].ids


def test_long_texts_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama", LLAMA)
    monkeypatch.setattr(decoding, "READ_AT_ONCE", 7)
    asked: list[list[tuple[list[int], Written]]] = [[], []]
    list(Decoding(model, ENDS, rows=2).run(talk(seed, 3, asked[seed]) for seed in range(2)))
    for ids, ours in asked[0] + asked[1]:
        assert ours.ids == from_the_beginning(model, ids)[0].ids


def test_conversations_that_ask_nothing_and_no_conversations() -> None:
    decoder = Decoding(random_model("llama", LLAMA), {1}, rows=2)

    def silent() -> Any:
        return "nothing"
        yield

    assert list(decoder.run([silent(), talk(0, 1, []), silent()])) == ["nothing", "nothing", 0]
    assert list(decoder.run([])) == []


def test_the_model_is_left_as_it_was() -> None:
    model = random_model("llama", LLAMA)
    ids = torch.tensor([[5, 6, 7, 8]])
    before = model(input_ids=ids).logits
    list(Decoding(model, {1}, rows=2).run([talk(0, 2, [])]))
    assert torch.equal(model(input_ids=ids).logits, before)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("mamba", {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2}),
        ("bloom", {"vocab_size": VOCABULARY, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
        ("gemma2", {**LLAMA, "head_dim": 8}),
    ],
)
def test_models_whose_caches_cannot_be_kept_are_refused(kind: str, settings: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"{kind} models cannot be decoded with kept caches"):
        Decoding(random_model(kind, settings), {1}, rows=2)


def test_a_cache_that_gives_other_logits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model("llama", LLAMA)
    forward = model.forward

    def misplaced(**given: Any) -> Any:
        if "position_ids" in given:
            given["position_ids"] = 2 * given["position_ids"]
        return forward(**given)

    monkeypatch.setattr(model, "forward", misplaced)
    with pytest.raises(UserError, match="logits differ"):
        Decoding(model, {1}, rows=2)


def test_the_longest_text_is_that_of_one_kind_of_attention() -> None:
    assert longest_text(random_model("llama", LLAMA)) == 512
    assert longest_text(random_model("mistral", {**LLAMA, "sliding_window": 64})) == 64
    assert longest_text(random_model("gpt2", KINDS["gpt2"])) == 512


def test_the_model_is_its_own_between_two_answers() -> None:
    model = random_model("llama", LLAMA)
    before = model.config._attn_implementation
    for _ in Decoding(model, {1}, rows=2).run([talk(seed, 1, []) for seed in range(3)]):
        assert model.config._attn_implementation == before
