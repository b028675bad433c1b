"""What the tests of the judge's commands share: where a run is kept, and what is in it."""

import json

FOLDER = "runs/judge/small_judge-x"


def report(folder):
    return json.loads((folder / "report.json").read_text())


def lines(folder):
    return [json.loads(line) for line in (folder / "judged.jsonl").read_text().splitlines()]


def judge_section(server, **changes):
    limits = {"concurrency": 4, "poll": 0.05}
    return {"model": "judge-x", "base_url": server.base_url, "limits": limits, **changes}
