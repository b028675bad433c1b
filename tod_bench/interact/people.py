"""People as users: a page to type in, on this machine alone, whose dialogues are episodes like any other.

The page shows the goal, as a model that plays the user is told it. What is typed is understood by keywords, for the
record and for faults; the agent gets the text.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Self

from tod_bench.corpora.interactive_goals import InteractiveGoal
from tod_bench.errors import UserError
from tod_bench.interact.episode import CHARACTERS
from tod_bench.interact.llm_user import goal_text
from tod_bench.interact.words.language import domain_of, user_words
from tod_bench.interact.world import World
from tod_bench.records import Act

VERSION: Final = "people1"
"""Moves whenever people are shown something else."""

ENDS: Final = ("", "done", "gave_up")
"""How a message can end the dialogue: not at all, with everything obtained, or given up."""

_BYE: Final = "Thank you. Goodbye."
_BODY: Final = 10 * CHARACTERS


@dataclass
class _Shown:
    """What the page shows.

    Attributes:
        number: Counts the dialogues, from 1; 0 before the first.
        goal: The goal in words, a line a domain.
        said: The dialogue so far: (``user`` or ``agent``, text).
        waiting: Whether it is the person's turn.
    """

    number: int = 0
    goal: str = ""
    said: list[tuple[str, str]] = field(default_factory=list)
    waiting: bool = False


class Desk:
    """The page and what is typed into it; use it in a ``with`` block.

    Args:
        port: The port on the loopback interface; 0 takes a free one.

    Attributes:
        closed: Whether nobody asks anything any more.

    Raises:
        UserError: The port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._shown, self._typed = _Shown(), SimpleQueue[tuple[str, str]]()
        self._lock, self.closed = threading.Lock(), False
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        except OSError as error:
            raise UserError(f"port {port} cannot be used ({error}); name another one with --port") from None
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        self._server.shutdown()
        self._server.server_close()

    def state(self) -> dict[str, Any]:
        """What the page shows, as a JSON object."""
        with self._lock:
            shown = self._shown
            return {"number": shown.number, "goal": shown.goal, "said": shown.said, "waiting": shown.waiting}

    def type(self, text: str, end: str) -> bool:
        """Takes what a person has typed; False where it is not the person's turn."""
        with self._lock:
            if not self._shown.waiting:
                return False
            self._shown.waiting = False
            self._shown.said.append(("user", text))
        self._typed.put((text, end))
        return True

    def begin(self, goal: InteractiveGoal) -> None:
        """Shows a new dialogue."""
        with self._lock:
            self._shown = _Shown(self._shown.number + 1, goal_text(goal))

    def ask(self, text: str) -> tuple[str, str]:
        """Shows the agent's text and waits for the person's answer: the text, and how it ends the dialogue."""
        with self._lock:
            if text:
                self._shown.said.append(("agent", text))
            self._shown.waiting = True
        return self._typed.get()


@dataclass(frozen=True)
class People:
    """People at a desk as users.

    Attributes:
        desk: The desk.
    """

    desk: Desk

    @property
    def signature(self) -> Mapping[str, Any]:
        """The version of what they are shown."""
        return {"user": VERSION}

    def user_of(self, goal: InteractiveGoal, world: World, seed: str) -> "Person":  # noqa: ARG002 - chance is theirs
        """The user of an episode."""
        return Person(self.desk, goal, world)


class Person:
    """A person as the user of one episode.

    Args:
        desk: Where they sit.
        goal: What they are to pursue.
        world: The world, by whose values their words are understood.

    Attributes:
        end: How it ended; empty as long as it goes on.
        usage: Nothing.
    """

    def __init__(self, desk: Desk, goal: InteractiveGoal, world: World) -> None:
        self.end, self.usage = "", dict[str, Any]()
        self._desk, self._goal, self._words = desk, goal, user_words(world)
        self._about, self._begun = "", False

    def answer(self, text: str) -> tuple[tuple[Act, ...], str]:
        """What the person says to the agent's text, and as which acts it is understood."""
        if not self._begun:
            self._begun = True
            self._desk.begin(self._goal)
        said, self.end = self._desk.ask(text)
        acts = self._words.acts(said, self._about)
        self._about = domain_of(acts) or self._about
        return acts, said


def _handler_of(desk: Desk) -> type[BaseHTTPRequestHandler]:
    """The handler of a desk's requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """The page, or what it shows now."""
            if desk.closed:
                # A connection that was kept open outlives the server; without an answer the page knows that it is over.
                self.close_connection = True
            elif not self._is_here():
                self._send(403, "text/plain", b"only from this machine")
            elif self.path == "/":
                page = files("tod_bench.interact").joinpath("people.html").read_bytes()
                self._send(200, "text/html; charset=utf-8", page)
            elif self.path == "/state":
                self._send(200, "application/json", json.dumps(desk.state()).encode())
            else:
                self._send(404, "text/plain", b"there is no such page")

        def do_POST(self) -> None:
            """Something that was typed."""
            size = int(self.headers.get("Content-Length") or 0)
            is_json = self.headers.get_content_type() == "application/json"
            if not self._is_here() or not is_json or size > _BODY:
                self.close_connection = True
                self._send(403, "text/plain", b"not taken")
                return
            text, end = _typed(self.rfile.read(size))
            taken = bool(text) and desk.type(text, end)
            self._send(200 if taken else 409, "application/json", json.dumps({"taken": taken}).encode())

        def _is_here(self) -> bool:
            """Whether the request names this machine: another name that leads here is somebody else's page."""
            return self.headers.get("Host", "").partition(":")[0] in ("127.0.0.1", "localhost")

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler


def _typed(body: bytes) -> tuple[str, str]:
    """Text and end of a message; no text where it is none."""
    try:
        value = json.loads(body)
        text, end = str(value["text"]).strip(), str(value.get("end", ""))
        text.encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "", ""
    if end not in ENDS or len(text) > CHARACTERS:
        return "", ""
    return text or (_BYE if end else ""), end
