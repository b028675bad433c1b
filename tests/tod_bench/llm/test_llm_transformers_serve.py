"""The client against a real server process: ``transformers serve`` with a small random model made on the spot."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec

import pytest
from llm_support import asks

from tod_bench.errors import UserError
from tod_bench.llm import AnswerCache, ChatAnswer, ChatFailure, OpenAIClient, RetryPolicy

NEEDED = ("transformers", "torch", "tokenizers", "fastapi", "uvicorn", "openai", "typer", "accelerate")
MISSING = [name for name in NEEDED if find_spec(name) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"transformers[serving] is not installed: {', '.join(MISSING)} missing"),
]

NUMBER = 20
"""Requests; the model answers most with nothing, and all of these hardly ever."""

TEMPLATE = "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }} {% endfor %}<assistant>"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A two-layer Llama with random weights and a vocabulary of bytes, in a folder."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate(["<pad>", "<eos>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        # one dimension is the same for every token and speaks for the end of the text: about one token in five ends it
        model.model.embed_tokens.weight[:, 0] = 5.0
        model.lm_head.weight[1, 0] = 0.74
    model.generation_config.do_sample = True
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def base_url(model, tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log.txt"
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", model, "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], stdout=output, stderr=output, env=environment
        )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while not is_up(f"{url}/health"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.3)
        yield f"{url}/v1"
    finally:
        process.terminate()
        process.wait(30)


def is_up(url):
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return reply.status == 200
    except OSError:
        return False


def test_answers_are_finished_counted_and_paid_for_once(base_url, model, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    request = {"model": model, "max_tokens": 80, "temperature": 1.0}
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        first = OpenAIClient(base_url, cache=cache, concurrency=2, timeout=120)
        outcomes = {ask.tag: outcome for ask, outcome in first.complete(asks(NUMBER, **request))}
        answers = {tag: outcome.text for tag, outcome in outcomes.items() if isinstance(outcome, ChatAnswer)}
        assert len(outcomes) == NUMBER
        assert len(cache) == len(answers) >= 1
        assert all(outcome.usage.prompt_tokens > 10 for outcome in outcomes.values())
        assert {outcome.reason for outcome in outcomes.values() if isinstance(outcome, ChatFailure)} <= {"empty"}
        assert first.spending().usd == 0.0
        second = OpenAIClient(base_url, cache=cache, timeout=120)
        again = {ask.tag: outcome for ask, outcome in second.complete(asks(NUMBER, **request))}
        assert {tag: again[tag].text for tag in answers} == answers
        assert second.spending().requests == NUMBER - len(answers)


def test_an_answer_that_is_cut_is_told_and_greedy_decoding_is_accepted(base_url, model):
    ((_, outcome),) = OpenAIClient(base_url, timeout=120).complete(asks(1, model=model, max_tokens=1, seed=7))
    assert isinstance(outcome, ChatFailure)
    assert outcome.reason == "length"
    assert outcome.usage.completion_tokens == 1


def test_a_schema_that_the_server_ignores_does_no_harm(base_url, model):
    request = {"model": model, "max_tokens": 1, "schema": {"type": "object"}}
    ((_, outcome),) = OpenAIClient(base_url, timeout=120).complete(asks(1, **request))
    assert isinstance(outcome, ChatFailure)
    assert outcome.reason == "length"


def test_a_model_that_the_server_does_not_have_stops_the_run(base_url):
    with pytest.raises(UserError, match="no-such-model"):
        list(OpenAIClient(base_url, timeout=60, retry=RetryPolicy(attempts=2)).complete(asks(3, model="no-such-model")))
