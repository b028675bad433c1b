"""A panel: the same items judged by several judges, each a run of its own, and their verdicts combined.

name: judge_panel
study: judge_likert
judges:
  one: {judge: {model: gpt-4o}}
  other: {judge: {model: qwen3-32b, base_url: http://127.0.0.1:8000/v1}, questions: [Q3, Q5]}
rule: mean
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tod_bench.errors import UserError
from tod_bench.files import write_json, write_text
from tod_bench.inputs import read_json
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.facts import Facts
from tod_bench.judge.families import family_of, family_warnings
from tod_bench.judge.panel.comparing import JudgesAgree, LeftOut, judges_agree, left_out
from tod_bench.judge.panel.rules import POINTS_ONLY, RuleName, aligned, combine
from tod_bench.judge.report import JudgeReport, make_report
from tod_bench.judge.run import stored_items, stored_ratings
from tod_bench.judge.several import Purse, Settled, Started, StudyConfig, run_all, spent_in
from tod_metrics.judge.ratings import Rating


class PanelJudge(BaseModel):
    """One judge of a panel.

    Attributes:
        judge: Keys of the judge config's section `judge` that this judge sets: its model, server, extra fields.
        questions: The questions that it is asked; all of the study's where left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    judge: dict[str, Any]
    questions: tuple[str, ...] | None = None


class PanelConfig(StudyConfig):
    """Several judges over one study.

    Attributes:
        judges: The judges, by a name for tables and folders.
        rule: How their values become one: `mean`, `median`, `majority`, `minimum`, `maximum` or `unanimous`.
        quorum: Judges that must have a verdict for the panel to have one; all that were asked where left out.
    """

    judges: dict[str, PanelJudge] = Field(min_length=1)
    rule: RuleName = "mean"
    quorum: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.judges:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"judges: {name!r} names a folder; use letters, digits, - and _")
        if self.quorum is not None and self.quorum > len(self.judges):
            raise ValueError(f"quorum: there are {len(self.judges)} judges, so {self.quorum} can never have a verdict")
        return self

    def configs(self) -> dict[str, JudgeConfig]:
        """The judge config of every judge.

        Raises:
            UserError: The study has errors, a judge is asked what it does not ask, or the rule needs points.
        """
        found = {}
        for name, member in self.judges.items():
            config = self.judge_config({f"judge.{key}": value for key, value in member.judge.items()})
            found[name] = config if member.questions is None else _asked_part(config, name, member.questions)
        task = next(iter(found.values())).task
        if task in ("pairwise", "emotions") and self.rule in POINTS_ONLY:
            raise UserError(f"{self.name}: the rule {self.rule} needs points, and {task} has none; use majority")
        return found


def _asked_part(config: JudgeConfig, judge: str, questions: Sequence[str]) -> JudgeConfig:
    """A config that asks a part of its questions."""
    file = config.question_file
    known = list(file.questions) if file is not None else list(config.questions) if config.task == "likert" else []
    if unknown := [name for name in questions if name not in known]:
        raise UserError(
            f"judge {judge} is to be asked {unknown[0]!r}, which the study does not ask ({', '.join(known) or 'none'})"
        )
    if file is None:
        return config.model_copy(update={"questions": tuple(questions)})
    chosen = {name: asked for name, asked in file.questions.items() if name in questions}
    return config.model_copy(update={"question_file": file.model_copy(update={"questions": chosen})})


@dataclass(frozen=True, slots=True)
class Member:
    """What one judge brought.

    Attributes:
        judge: Its name in the panel.
        model: The model.
        family: The model's family; None where it is not known.
        asked: Queries.
        unscored: Share of them without a verdict, 0 to 1.
        usd: US dollars that its runs have cost; None where a price is not known.
        tokens: Tokens of prompts and answers that they have used.
    """

    judge: str
    model: str
    family: str | None
    asked: int
    unscored: float
    usd: float | None
    tokens: int


@dataclass(frozen=True, slots=True)
class Panel:
    """What a panel found.

    Attributes:
        report: The report of the combined verdicts; a rating counts as unscored where the panel has none.
        members: The judges.
        agreements: How far they agree.
        left_out: The panel without each of them.
        rule: How values became one.
        quorum: Judges that must have a verdict; None for all that were asked.
    """

    report: JudgeReport
    members: tuple[Member, ...]
    agreements: tuple[JudgesAgree, ...]
    left_out: tuple[LeftOut, ...]
    rule: RuleName
    quorum: int | None

    def to_json(self) -> dict[str, Any]:
        """Every number as JSON values."""
        return {
            "report": self.report.to_json(),
            "members": [asdict(member) for member in self.members],
            "agreements": [asdict(one) for one in self.agreements],
            "left_out": [asdict(one) for one in self.left_out],
            "rule": self.rule,
            "quorum": self.quorum,
        }


def run_panel(
    config: PanelConfig,
    folder: Path,
    purse: Purse,
    *,
    started: Started = lambda _: None,
    settled: Settled = lambda: None,
) -> Panel:
    """Asks every judge what is still open, combines, and writes ``panel.json`` and ``panel.md``.

    Args:
        config: The panel config.
        folder: Where the judges' runs are kept, a folder each.
        purse: How models are reached, and what all judges together may spend.
        started: Called for each judge with the number of its open queries.
        settled: Called after every query.

    Raises:
        UserError: As `tod_bench.judge.run.run`; what was settled before is kept.
    """
    from tod_bench.judge.panel.pages import panel_markdown

    configs = config.configs()
    named = {folder / name: each for name, each in configs.items()}
    reports = run_all(named, purse, started=started, settled=settled)
    panel = panel_of(config, folder, configs, reports)
    write_json(folder / "panel.json", panel.to_json())
    write_text(folder / "panel.md", panel_markdown(panel))
    return panel


def panel_of(
    config: PanelConfig, folder: Path, configs: Mapping[str, JudgeConfig], reports: Mapping[Path, JudgeReport]
) -> Panel:
    """Combines what is stored of every judge.

    Args:
        config: The panel config.
        folder: Where the judges' runs are kept, a folder each.
        configs: The judge config of every judge.
        reports: The report of every judge, by its folder.
    """
    by_judge: dict[str, list[Rating]] = {}
    members: list[Member] = []
    notes: list[str] = []
    for name, each in configs.items():
        report = reports[folder / name]
        by_judge[name] = stored_ratings(folder / name)[0]
        family = family_of(each.judge.model, each.families)
        facts = report.provenance
        spent = spent_in(folder / name)
        members.append(Member(name, each.judge.model, family, facts["asks"], report.unscored_rate, *spent))
        notes += family_warnings(each)
    by_judge = aligned(by_judge)
    study = config.judge_config({})
    by = study.bootstrap
    combined = combine(by_judge, config.rule, config.quorum)
    report = _report(config, study, folder, combined, members, tuple(dict.fromkeys(notes)))
    agreed, without = judges_agree(by_judge, by), left_out(by_judge, config.rule, config.quorum, by)
    return Panel(report, tuple(members), tuple(agreed), tuple(without), config.rule, config.quorum)


def _report(
    config: PanelConfig,
    study: JudgeConfig,
    folder: Path,
    combined: Sequence[Rating],
    members: Sequence[Member],
    notes: Sequence[str],
) -> JudgeReport:
    """The report of the combined ratings, whose judge is the panel."""
    names = "+".join(member.model if len(members) < 4 else member.judge for member in members)
    judge = f"panel({config.rule},quorum={config.quorum or 'all'}:{names})"
    named = study.model_copy(update={"judge": study.judge.model_copy(update={"model": judge}), "title": config.title})
    first = folder / members[0].judge
    plan = read_json(first / "run.json")
    prompts = {read_json(folder / member.judge / "run.json")["prompt"] for member in members}
    facts = Facts(named, plan["corpus"], "+".join(sorted(prompts)), split=plan.get("split", ""))
    for rating in combined:
        facts.queries += 1
        if rating.value is None:
            facts.unscored["the panel has no verdict"] += 1
            facts.problems[rating.problem] += 1
    facts.models.update({member.model: member.asked for member in members})
    return make_report(
        named,
        combined,
        facts,
        **stored_items(first),
        provenance={name: plan[name] for name in ("corpus", "fingerprint", "population")},
        exact_match=plan.get("exact_match", ""),
        notes=tuple(notes),
    )
