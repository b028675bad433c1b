"""The judge: Likert scores, win rates and emotion labels by an LLM or by people, with what it takes to believe them.

    import tod_bench

    report = tod_bench.judge("judge_likert", model="scripted", output="runs/judge/mine")
    report.row("likert_experience").score

See ``docs/judge.md``.
"""

import sys

from tod_bench.judge.annotation_page import write_annotation_page
from tod_bench.judge.calling import CallableModule, compare_runs, judge
from tod_bench.judge.clients import Access, dry_run, open_client
from tod_bench.judge.config import JudgeConfig, load_judge_config
from tod_bench.judge.markdown import markdown, show_item, study_markdown
from tod_bench.judge.people import Study, read_study
from tod_bench.judge.report import JudgeReport
from tod_bench.judge.run import reparse, report_of, run
from tod_bench.judge.scripted import Biases, ScriptedJudge

__all__ = [
    "Access",
    "Biases",
    "JudgeConfig",
    "JudgeReport",
    "ScriptedJudge",
    "Study",
    "compare_runs",
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
    "write_annotation_page",
]

sys.modules[__name__].__class__ = CallableModule
