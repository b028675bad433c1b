"""One self-contained HTML page of a run: it loads nothing, needs no server, and may run no script but its own.

    Run ──page_data──▶ Page ──render──▶ HTML

What cannot be shown (the turns of a corpus that is not on this machine, say) is left out with a note that says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tod_bench.corpora.base import Corpus
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.results import Result
from tod_bench.files import write_text
from tod_bench.records import TaskName
from tod_bench.reports.browser import SCRIPTS, Answers, BrowsedCorpus, browser_data, sample
from tod_bench.reports.curves import learning_curves, position_figures, share_figures
from tod_bench.reports.differences import difference_tests
from tod_bench.reports.figures import Figure, lead_figure, score_figures, table_figures
from tod_bench.reports.html import render_html
from tod_bench.reports.judged import JudgeRun
from tod_bench.reports.opened import OpenedRun
from tod_bench.reports.provenance import provenance_lines
from tod_bench.reports.published import published_values
from tod_bench.reports.runs import Run
from tod_bench.reports.slots import SlotPanel, slot_panel
from tod_bench.reports.styles import styles_of
from tod_bench.reports.table import Table, make_table
from tod_bench.reports.turns import StateTurns, judging_metric, state_turns
from tod_bench.scoring.metrics import build_metric
from tod_metrics.act.act_metric import ActMetric
from tod_metrics.act.acts import Unit


@dataclass(frozen=True)
class Page:
    """Everything that a page shows.

    Attributes:
        name: The config's name.
        table: The run's table.
        lead: The plot of the main metric, or of a table that is a figure itself; None where there is no number.
        figures: The other plots.
        slots: The panels of slots.
        browser: What the dialogue browser shows (see `tod_bench.reports.browser`).
        results: The results, for their provenance.
        notes: What could not be shown, and why.
    """

    name: str
    table: Table
    lead: Figure | None
    figures: tuple[Figure, ...]
    slots: tuple[SlotPanel, ...]
    browser: Mapping[str, Any]
    results: tuple[Result, ...]
    notes: tuple[str, ...]


def table_of(run: Run, opened: OpenedRun | None = None) -> Table:
    """The table of a run, with published values where its config names some.

    Args:
        run: The run.
        opened: Its corpora and predictions, where they are read already; difference rows are tested with them.
    """
    name = run.config.table.published
    tests = difference_tests(opened or OpenedRun(run))
    table = make_table(run.config, run.results, published_values(name) if name else None, run.lacking, tests)
    return replace(table, warnings=(*table.warnings, *run.warnings))


def write_page(page: Page, path: Path) -> Path:
    """Writes a page and returns its path.

    Raises:
        UserError: jinja2 or vl-convert is not installed, or the file cannot be written.
    """
    write_text(path, render(page))
    return path


def render(page: Page) -> str:
    """The page as HTML.

    Raises:
        UserError: jinja2 or vl-convert is not installed.
    """
    return render_html(
        "page.html",
        scripts=("tips.js", *SCRIPTS),
        data=page.browser,
        page=page,
        best=page.table.best(),
        provenance=provenance_lines(page.results),
    )


def page_data(
    run: Run,
    corpora: Mapping[str, Corpus] | None = None,
    *,
    dialogues: int = 40,
    judged: JudgeRun | None = None,
    opened: OpenedRun | None = None,
) -> Page:
    """What the page of a run shows.

    Args:
        run: The run.
        corpora: Label -> corpus, where they are open already.
        dialogues: How many dialogues of each corpus to embed for browsing.
        judged: What a judge said of the dialogues.
        opened: The run with what has been read of it already.
    """
    judged = judged or JudgeRun({}, ())
    opened = opened or OpenedRun(run, corpora)
    table = table_of(run, opened)
    browsed: list[BrowsedCorpus] = []
    turns: list[tuple[str, StateTurns]] = []
    notes: list[str] = []
    for label in run.config.corpora:
        results = _answered(run, label)
        if not results:
            continue
        try:
            corpus = _browsed(opened, label, results, dialogues)
        except UserError as error:
            notes.append(f"no turns and dialogues of {label}: {error}")
            continue
        browsed.append(corpus)
        turns += [(answers.name, answers.turns) for answers in corpus.answers if answers.turns]
        if len({result.experiment.seed for result in results}) > 1:
            notes.append("turns, slots and dialogues are of each system's first seed")
    bootstrap = run.config.bootstrap
    # Of all systems at once, so that each looks the same in every plot.
    names = [*run.config.systems, *(result.experiment.system for result in run.results)]
    styles = styles_of([*names, *(row.system or row.corpus for row in table.rows)])
    of_table = table_figures(table) if table.plot else []
    browser = browser_data(browsed, judged.verdicts_of)
    return Page(
        name=run.config.name,
        table=table,
        lead=of_table[0] if of_table else lead_figure(table, styles),
        figures=(
            *of_table[1:],
            *share_figures(table, run.trials),
            *score_figures(run.config, run.results, styles),
            *position_figures(turns, bootstrap.draws, bootstrap.seed, styles),
            *learning_curves(run.results, styles),
            *judged.figures,
        ),
        slots=tuple(slot_panel(name, of_system) for name, of_system in turns),
        browser=browser,
        results=run.results,
        notes=tuple(dict.fromkeys([*notes, *browser["notes"]])),
    )


def _answered(run: Run, label: str) -> list[Result]:
    """The results on a corpus that systems made predictions for."""
    return [
        result
        for result in run.results
        if result.experiment.corpus == label and result.experiment.task not in ("corpus", "people")
    ]


def _browsed(opened: OpenedRun, label: str, results: Sequence[Result], dialogues: int) -> BrowsedCorpus:
    """The dialogues of a corpus to browse, with what the first seed of each system answered."""
    config, gold = opened.run.config, opened.dialogues(label)
    shown = sample(gold, dialogues)
    ids = {dialogue.id for dialogue in shown}
    first_seeds: dict[tuple[str, TaskName], Result] = {}
    for result in sorted(results, key=lambda result: result.experiment.seed):
        first_seeds.setdefault((result.experiment.system, result.experiment.predicts), result)
    answers: dict[str, Answers] = {}
    for system in config.systems:
        for (name, task), result in first_seeds.items():
            if name != system:
                continue
            of_system = answers.setdefault(system, Answers(system))
            predictions = opened.predictions(result)
            if task == "dst":
                columns = [
                    column.metric for column in config.table.columns if column.task == task and not column.domain
                ]
                metric = judging_metric([*columns, *config.tasks[task].metrics])
                of_system.turns = state_turns(result.experiment, metric, opened.corpus(label), gold, predictions)
            else:
                of_system.predictions[task] = {key: one for key, one in predictions.items() if key[0] in ids}
                of_system.unit = act_unit(config) if task == "policy" else of_system.unit
    return BrowsedCorpus(label, len(gold), shown, list(answers.values()), opened.corpus(label).images)


def act_unit(config: EvalConfig) -> Unit:
    """What acts are compared by: as the config's first metric of acts does, in its table or of its task."""
    columns = [column.metric for column in config.table.columns if column.task == "policy"]
    listed = config.tasks["policy"].metrics if "policy" in config.tasks else ()
    metrics = (build_metric("policy", spec, {}) for spec in (*columns, *listed) if spec)
    return next((metric.unit for metric in metrics if isinstance(metric, ActMetric)), "slot")
