"""Kills and company: what other processes, and the end of this one, may not break."""

import os
import signal
import subprocess
import sys
import time

from llm_support import KEY

from fault_server import FaultServer, faults
from tod_bench.llm import AnswerCache

CLIENT = """
import sys
from tod_bench.llm import ChatRequest, Message, OpenAIClient
url, cache, number, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
client = OpenAIClient(url, cache=cache, concurrency=width)
asks = (ChatRequest("gpt-4o", (Message("user", f"question {n}"),)) for n in range(number))
done = sum(outcome.text == request.messages[0].content for request, outcome in client.complete(asks))
print(done, client.spending().requests)
"""


def start(server, cache, number, width=4):
    command = [sys.executable, "-c", CLIENT, server.base_url, str(cache), str(number), str(width)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OPENAI_API_KEY": KEY})


def wait_for(server, received, process):
    while len(server.received) < received:
        assert process.poll() is None
        time.sleep(0.005)


def test_kill_9_loses_at_most_what_was_in_flight(tmp_path):
    """Two kills in mid-run, then to the end: every answer is there, and the server counts who paid for what."""
    number, width, kills = 200, 4, 2
    cache = tmp_path / "answers.sqlite"
    with FaultServer(latency=0.01) as server:
        for nth in range(kills):
            process = start(server, cache, number, width)
            wait_for(server, 60 * (nth + 1), process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        process = start(server, cache, number, width)
        out, _ = process.communicate(timeout=60)
        assert out.split()[0] == str(number)
        assert number <= server.billed <= number + kills * width
        asked = [received.body["messages"][0]["content"] for received in server.received]
        assert len(set(asked)) == number
    with AnswerCache(cache) as answers:
        assert len(answers) == number
        assert answers.damaged == 0


def test_two_processes_share_a_cache(tmp_path):
    cache = tmp_path / "answers.sqlite"
    with FaultServer(latency=0.005) as server:
        both = [start(server, cache, 200), start(server, cache, 200)]
        for process in both:
            process.communicate(timeout=60)
            assert process.returncode == 0
        # at the worst both have the same requests in flight all the time
        assert 200 <= server.billed <= 400
    with AnswerCache(cache) as answers:
        assert len(answers) == 200
        assert answers.export(tmp_path / "all.jsonl") == 200


def test_ctrl_c_ends_at_once_and_keeps_what_is_there(tmp_path):
    with FaultServer(latency=0.05, faults=lambda ask: faults.slow(30) if ask.number > 40 else None) as server:
        process = start(server, tmp_path / "answers.sqlite", 1000)
        wait_for(server, 44, process)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(20)
        assert time.monotonic() - began < 10
    with AnswerCache(tmp_path / "answers.sqlite") as answers:
        assert len(answers) == 41


def test_the_package_loads_and_rehearses_without_what_only_servers_need():
    """Only asking a server needs the packages of the extra; what is missing is told with the extra's name."""
    script = """
import sys
for name in ("openai", "tenacity", "tiktoken", "PIL"):
    sys.modules[name] = None
from tod_bench.errors import UserError
from tod_bench.llm import ChatRequest, Message, OpenAIClient, ScriptedClient
ask = ChatRequest("m", (Message("user", "hello"),))
assert [outcome.text for _, outcome in ScriptedClient(lambda request: "A").complete([ask])] == ["A"]
try:
    list(OpenAIClient("http://127.0.0.1:1/v1").complete([ask]))
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "tod-bench[judge]" in done.stdout
