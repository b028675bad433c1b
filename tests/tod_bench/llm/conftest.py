"""A key in the environment, a log that must not hold it, and a client with short pauses."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llm_support import KEY

from fault_server import FaultServer
from tod_bench.llm import OpenAIClient, RetryPolicy


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture(autouse=True)
def _no_key_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every test logs everything, and none may let the key or its tail into the log."""
    caplog.set_level(logging.DEBUG)
    yield
    assert KEY not in caplog.text
    assert KEY[-4:] not in caplog.text


@pytest.fixture
def connect(tmp_path: Path) -> Callable[..., OpenAIClient]:
    """Makes a client of a server; its cache is ``answers.sqlite`` in `tmp_path` unless told otherwise."""

    def make(
        server: FaultServer, *, attempts: int = 6, backoff: tuple[float, float] = (0.01, 0.05), **options: Any
    ) -> OpenAIClient:
        retry = RetryPolicy(attempts=attempts, backoff=backoff)
        return OpenAIClient(server.base_url, **{"cache": tmp_path / "answers.sqlite", "retry": retry, **options})

    return make
