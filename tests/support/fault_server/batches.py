"""The files and batches endpoints of the test server, with batches that expire, fail and half-finish as told."""

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fault_server.http import HTTPRequest

LineFate = Callable[[str, Mapping[str, Any]], int | None]
"""From a line's custom_id and body to its HTTP status; None leaves it undone (it is in neither file)."""


@dataclass(frozen=True)
class BatchPlan:
    """What becomes of a batch.

    Attributes:
        polls: How often it is seen in progress before it ends.
        status: How it ends: ``completed``, ``expired``, ``cancelled`` or ``failed``.
        fate: What becomes of each line; without it every line succeeds.
        errors: For a failed batch: its list of errors.
        report_undone: Whether lines left undone stand in the error file (as OpenAI does for expired batches).
        message: What the error of a line says.
        echo_errors: Whether every line that succeeds has an error line as well, ``before`` or ``after`` its result.
    """

    polls: int = 1
    status: str = "completed"
    fate: LineFate = lambda _custom_id, _body: 200
    errors: tuple[Mapping[str, Any], ...] = ()
    report_undone: bool = True
    message: str = ""
    echo_errors: Literal["", "before", "after"] = ""


class BatchEndpoint:
    """State of the endpoints.

    Attributes:
        files: File id -> content.
        batches: Batch id -> the batch as the API shows it.
        billed: custom_ids that were answered, once for each time.
    """

    def __init__(self, complete: Callable[[Mapping[str, Any]], dict[str, Any]], plans: Sequence[BatchPlan]) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.billed: list[str] = []
        self._complete, self._plans = complete, list(plans)
        self._polls: dict[str, int] = {}
        self._ids = itertools.count(1)

    def handle(self, request: HTTPRequest) -> tuple[int, Any]:
        """The status and value (bytes for a file's content) that answer a request."""
        path, posted = request.path.removeprefix("/v1"), request.method == "POST"
        if path == "/files" and posted:
            return 200, self._upload(request)
        if match := re.fullmatch(r"/files/([\w-]+)/content", path):
            return 200, self.files[match[1]]
        if path == "/batches":
            return 200, self._create(json.loads(request.body)) if posted else self._listing()
        if match := re.fullmatch(r"/batches/([\w-]+)", path):
            return 200, self._poll(match[1])
        return 404, {"error": {"message": f"no such path: {path}"}}

    def _upload(self, request: HTTPRequest) -> dict[str, Any]:
        boundary = request.headers["content-type"].split("boundary=")[1].encode()
        parts = request.body.split(b"--" + boundary)
        content = next(part for part in parts if b'name="file"' in part).split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
        return self._stored(content)

    def _stored(self, content: bytes) -> dict[str, Any]:
        name = f"file-{next(self._ids)}"
        self.files[name] = content
        shape = {"object": "file", "bytes": len(content), "created_at": 0, "filename": "x.jsonl", "status": "processed"}
        return {"id": name, "purpose": "batch", **shape}

    def _create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name = f"batch_{next(self._ids)}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"],
            "metadata": body.get("metadata"),
            "created_at": 0,
            "status": "validating",
        }
        self._polls[name] = 0
        return self.batches[name]

    def _listing(self) -> dict[str, Any]:
        newest_first = list(reversed(self.batches.values()))
        return {"object": "list", "data": newest_first, "has_more": False}

    def _poll(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        number = list(self.batches).index(name)
        plan = self._plans[number] if number < len(self._plans) else BatchPlan()
        self._polls[name] += 1
        if batch["status"] in ("validating", "in_progress"):
            batch["status"] = "in_progress" if self._polls[name] <= plan.polls else plan.status
            if batch["status"] == plan.status:
                self._finish(batch, plan)
        return batch

    def _finish(self, batch: dict[str, Any], plan: BatchPlan) -> None:
        if plan.status == "failed":
            batch["errors"] = {"object": "list", "data": list(plan.errors)}
            return
        good, bad = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            asked = json.loads(line)
            status = plan.fate(asked["custom_id"], asked["body"])
            if status == 200:
                self.billed.append(asked["custom_id"])
                good.append(self._answered(asked))
            elif status is not None or plan.report_undone:
                bad.append(_said(_undone(asked, status), plan.message))
        if plan.echo_errors:
            echoed = [_undone({"custom_id": line["custom_id"]}, 500) for line in good]
            good, bad = (echoed + good, bad) if plan.echo_errors == "before" else (good, bad + echoed)
        for field, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                batch[field] = self._stored("".join(json.dumps(line) + "\n" for line in lines).encode())["id"]

    def _answered(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        response = {"status_code": 200, "request_id": "r", "body": self._complete(asked["body"])}
        return {"id": "r", "custom_id": asked["custom_id"], "response": response, "error": None}


def _undone(asked: Mapping[str, Any], status: int | None) -> dict[str, Any]:
    if status is None:
        error = {"code": "batch_expired", "message": "This request could not be executed in time."}
        return {"id": "r", "custom_id": asked["custom_id"], "response": None, "error": error}
    body = {"error": {"message": f"line failed with {status}", "code": None}}
    response = {"status_code": status, "request_id": "r", "body": body}
    return {"id": "r", "custom_id": asked["custom_id"], "response": response, "error": None}


def _said(line: dict[str, Any], message: str) -> dict[str, Any]:
    """A line whose error says something else, where a plan has words for it."""
    response = line["response"]
    if message and response is not None:
        response["body"]["error"]["message"] = message
    return line
