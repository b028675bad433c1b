"""An agent behind HTTP: ``POST /turn`` with what the user said, answered with what to say or to call.

    > {"episode": "5f3a...", "turn": 0, "text": "I need a hotel.", "results": []}
    < {"call": {"name": "query", "arguments": {"domain": "hotel"}}}
    > {"episode": "5f3a...", "turn": 0, "text": "I need a hotel.", "results": [{"count": 33, "entries": [...]}]}
    < {"say": "In which area?"}

Connections are kept open. `http.client` sends a request in one piece without Nagle's delay; what a server's own delay
would cost is avoided by acknowledging its first piece at once, where the system allows that.
"""

import json
import socket
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from random import Random
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from tod_bench.errors import UserError
from tod_bench.interact.agents import Agent, Call, Failed, Language, Lost, Observation, Reply, Say, Stage, Talk
from tod_bench.interact.episode import CHARACTERS, HANG, LENGTH_LIMIT, NO_REPLY
from tod_bench.interact.tools import Result
from tod_bench.interact.world import World
from tod_bench.records import Act

_BYTES: Final = 20 * CHARACTERS
"""Longest answer that is read: every character as two escapes, and acts beside the text."""

_PIECE: Final = 65_536
_QUICK: Final = getattr(socket, "TCP_QUICKACK", None)


class HTTPAgent(Agent):
    """A service as an agent.

    Args:
        url: Its address; ``/turn`` is added to it.
        version: What tells one version of the service from another; journals keep it.

    Raises:
        UserError: It is no address.
    """

    name = "http"
    languages: ClassVar[frozenset[Language]] = frozenset({"words"})

    def __init__(self, url: str, version: str = "") -> None:
        parts = urlsplit(url)
        try:
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number
            usable = False
        if not usable or parts.username or parts.query or parts.fragment:
            raise UserError(f"agent http: {url!r} is no address; it should look like http://127.0.0.1:8000")
        self.url, self.version = url.rstrip("/"), version
        self._seconds = 60.0
        self._connection: HTTPConnection | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without the connection: every process opens its own."""
        return {**self.__dict__, "_connection": None}

    def prepare(self, stage: Stage) -> None:
        """Sees that something listens."""
        self._seconds = stage.seconds
        try:
            self._connect()
        except OSError as error:
            raise UserError(f"agent http: nothing answers at {self.url} ({error}); start the service first") from None

    @property
    def signature(self) -> Mapping[str, Any]:
        """The address and the version."""
        return {"agent": self.name, "url": self.url, **({"version": self.version} if self.version else {})}

    def talk(self, world: World, rng: Random) -> "HTTPTalk":  # noqa: ARG002 - chance is the service's own
        """The service at the start of an episode."""
        return HTTPTalk(self)

    def post(self, value: Mapping[str, Any]) -> bytes:
        """Sends a turn and reads the answer, one byte more than is allowed at the most.

        A connection that the service has closed between two turns is opened again, once.

        Raises:
            OSError, HTTPException: The connection fails, or the answer's status is not 200.
            TimeoutError: The answer takes longer than a reply may.
        """
        body = json.dumps(value, ensure_ascii=False).encode()
        deadline = time.monotonic() + self._seconds
        kept = self._connection is not None
        try:
            response = self._sent(body, deadline)
        except TimeoutError:
            raise
        except (OSError, HTTPException):
            self.close()
            if not kept:
                raise
            response = self._sent(body, deadline)
        return self._read(response, deadline)

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connect(self) -> HTTPConnection:
        if self._connection is None:
            parts = urlsplit(self.url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            connection = kind(parts.hostname or "", parts.port, timeout=self._seconds)
            connection.connect()
            self._connection = connection
        return self._connection

    def _sent(self, body: bytes, deadline: float) -> HTTPResponse:
        connection = self._connect()
        self._allow(connection, deadline)
        path = f"{urlsplit(self.url).path}/turn"
        connection.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8"})
        if _QUICK is not None and connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        return connection.getresponse()

    def _read(self, response: HTTPResponse, deadline: float) -> bytes:
        pieces, size = [], 0
        while size <= _BYTES:
            if self._connection is not None:
                self._allow(self._connection, deadline)
            if not (piece := response.read1(min(_PIECE, _BYTES + 1 - size))):
                break
            pieces.append(piece)
            size += len(piece)
        ends = size > _BYTES or response.will_close
        response.close()  # the connection takes the next request only after that
        if ends:
            self.close()
        if response.status != 200:
            raise HTTPException(f"status {response.status}")
        return b"".join(pieces)

    def _allow(self, connection: HTTPConnection, deadline: float) -> None:
        """Lets the socket wait until the deadline."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)


class HTTPTalk(Talk):
    """The service in one episode.

    Args:
        agent: The agent.
    """

    def __init__(self, agent: HTTPAgent) -> None:
        self._agent = agent
        self._results: list[Result] = []

    def act(self, observation: Observation) -> Reply:
        """Asks the service."""
        self._results = [*self._results, observation.result] if observation.result is not None else []
        value = {
            "episode": observation.episode,
            "turn": observation.turn,
            "text": observation.text,
            "results": self._results,
        }
        try:
            answer = self._agent.post(value)
        except TimeoutError:
            self._agent.close()
            return Failed(HANG)
        except ConnectionRefusedError as error:
            # Before the first turn it is a service that is not there, later one that has broken down.
            reason = f"http: {type(error).__name__}"
            return Failed(reason) if observation.turn or self._results else Lost(reason)
        except (OSError, HTTPException) as error:
            self._agent.close()
            status = str(error) if str(error).startswith("status ") else type(error).__name__
            return Failed(f"http: {status}")
        if len(answer) > _BYTES:
            return Failed(LENGTH_LIMIT)
        return read_reply(answer)


def read_reply(answer: bytes) -> Reply:
    """The reply that a body says: ``{"say": text}``, with ``acts`` if it declares any, or ``{"call": ...}``."""
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return Failed(NO_REPLY)
    if not isinstance(value, dict) or ("say" in value) == ("call" in value):
        return Failed(NO_REPLY)
    if "say" in value:
        acts = value.get("acts", [])
        if not isinstance(acts, list) or not all(isinstance(one, list) and len(one) == 4 for one in acts):
            return Failed(NO_REPLY)
        return Say(value["say"], tuple(Act(*one) for one in acts))
    call = value["call"]
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return Failed(NO_REPLY)
    return Call(call["name"], call.get("arguments", {}))
