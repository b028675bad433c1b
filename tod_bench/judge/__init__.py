"""The judge: Likert scores, win rates and emotion labels by an LLM or by people, with what it takes to believe them.

    from tod_bench import judge

    config = judge.load_judge_config("judge_likert")
    report = judge.run(config, Path("runs/judge/mine"), judge.open_client(config, judge.Access(Path("answers.sqlite"))))

See ``docs/judge.md``.
"""

import sys

from tod_bench.judge.calling import CallableModule, judge
from tod_bench.judge.clients import Access, dry_run, open_client
from tod_bench.judge.config import JudgeConfig, load_judge_config
from tod_bench.judge.form import write_form
from tod_bench.judge.markdown import markdown
from tod_bench.judge.people import Study, read_study, study_markdown
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.run import reparse, report_of, run
from tod_bench.judge.scripted import Biases, ScriptedJudge
from tod_bench.judge.show import show_item

__all__ = [
    "Access",
    "Biases",
    "JudgeConfig",
    "JudgeReport",
    "ScriptedJudge",
    "Study",
    "dry_run",
    "judge",
    "load_judge_config",
    "markdown",
    "open_client",
    "read_study",
    "reparse",
    "report_of",
    "run",
    "show_item",
    "study_markdown",
    "write_form",
]

sys.modules[__name__].__class__ = CallableModule
