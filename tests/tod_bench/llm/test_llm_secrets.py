"""The key is nowhere: in no file, no log, no error, no result."""

import logging
import pickle
import traceback

import pytest
from llm_support import KEY, asks

from fault_server import FaultServer, faults
from tod_bench.llm import BatchClient, PermanentError

EVERY_FAULT = [
    faults.rate_limited(),
    faults.server_error(),
    faults.cut("before"),
    faults.cut("middle"),
    faults.malformed(),
    faults.wrong_schema(),
    faults.refusal(f"your key is {KEY}"),
    faults.truncated(),
    faults.filtered(),
    faults.bad_request(f"context length exceeded for {KEY}", "context_length_exceeded"),
    faults.Fault(500, {"message": f"crash while handling Bearer {KEY}"}),
]


def holds_key(text):
    return KEY in text or KEY[-4:] in text or KEY[3:12] in text


def everything_about(error):
    """The error, what it was raised from or during, their arguments, and the requests that they hold on to."""
    seen, found = [error], []
    for each in seen:
        found += [str(each), repr(each), repr(each.args), repr(vars(each))]
        request = getattr(each, "request", None)
        if request is not None:
            found.append(str(dict(request.headers)))
        seen += [linked for linked in (each.__cause__, each.__context__) if linked is not None and linked not in seen]
    return "\n".join(found)


def test_no_file_no_log_no_outcome(connect, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with FaultServer(faults=EVERY_FAULT) as server:
        client = connect(server)
        outcomes = list(client.complete(asks(40, schema={"type": "object"})))
        client.cache.export(tmp_path / "export.jsonl")
        assert not holds_key(repr(outcomes))
        assert not holds_key(repr(client) + repr(client.spending()))
        assert not holds_key(caplog.text)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert not [path for path in files if holds_key(path.read_bytes().decode("latin-1"))]


@pytest.mark.parametrize(
    "fault",
    [faults.wrong_key(KEY), faults.Fault(429, {"message": f"{KEY}: no quota", "code": "insufficient_quota"})],
    ids=["wrong key", "no quota"],
)
def test_no_error_holds_the_key_or_what_holds_it(connect, fault):
    with FaultServer(faults=lambda _: fault) as server:
        with pytest.raises(PermanentError) as caught:
            list(connect(server).complete(asks(3)))
        assert not holds_key(everything_about(caught.value))
        assert not holds_key("".join(traceback.format_exception(caught.value)))
        assert not holds_key(pickle.dumps(caught.value).decode("latin-1"))


def test_no_error_of_a_batch_holds_the_key(tmp_path):
    with FaultServer() as server:
        url = server.base_url.replace("/v1", "/none")
        client = BatchClient(tmp_path / "b", tmp_path / "c.sqlite", url, poll_seconds=0.01)
        with pytest.raises(PermanentError) as caught:
            list(client.complete(asks(2)))
        assert not holds_key(everything_about(caught.value))
