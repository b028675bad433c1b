"""Which plots a run has and what they say: one colour a system, bars from their scale's floor, titles that differ."""

from dataclasses import replace

import pytest

from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.results import Experiment, Result
from tod_bench.numerals import decimal
from tod_bench.reports.browser import Answers, BrowsedCorpus, browser_data
from tod_bench.reports.curves import learning_curves, share_figures
from tod_bench.reports.figures import lead_figure, score_figures, table_figures
from tod_bench.reports.numbers import Number
from tod_bench.reports.styles import PALETTE, styles_of
from tod_bench.reports.table import Row, Table
from tod_bench.scores import Score, Slice
from tod_metrics import metric_class
from tod_metrics.base import Signature


def judged_results(*tasks):
    scores = [
        Score("likert_experience", "tod_bench", 2.5, Signature("likert"), 9, part, 2.1, 2.9)
        for part in (None, Slice("age", "senior"))
    ]
    scores += [
        Score("win_rate", "tod_bench", 50.0, Signature("win_rate"), 9, part)
        for part in (None, Slice("age", "senior"), Slice("age", "adult"))
    ]
    return [Result("c", Experiment("plain", "oracle", task, 1), task, tuple(scores), "") for task in tasks]


def judged_config(**table):
    return EvalConfig.model_validate(
        {
            "name": "c",
            "corpora": {"plain": {"corpus": "simulated"}},
            "systems": {"oracle": {"system": "oracle"}},
            "tasks": {"response": {"metrics": ["bleu"]}},
            "table": table,
        }
    )


def test_groups_of_users_are_no_domains_and_people_are_no_judge():
    figures = score_figures(judged_config(), judged_results("people", "response"))
    assert [figure.title for figure in figures] == [
        "likert_experience by group of users, people: plain",
        "likert_experience by group of users, judge: plain",
    ]
    assert figures[0].names == (("group", "group of users"), ("series", "system"))


def test_likert_bars_start_at_one():
    figure = score_figures(judged_config(), judged_results("response"))[0]
    bar = figure.chart.spec()["spec"]["layer"][0]["encoding"]
    assert (bar["x"]["scale"]["domain"][0], bar["x2"]) == (1.0, {"datum": 1.0})
    assert "Bars start at 1" in figure.note


def test_a_figure_of_several_scales_has_a_plot_for_each():
    row = Row("", "", (Number(3.1), Number(2.2), Number(0.4)), label="people")
    signatures = {"Q1": ("likert|x",), "Q2": ("likert|x",), "agreement": ("krippendorff_alpha|x",)}
    likert, alpha = table_figures(Table("T", ("Q1", "Q2", "agreement"), (row,), signatures, plot=True))
    assert (likert.title, alpha.title) == ("T: Q1, Q2", "T: agreement")
    floors = [figure.chart.spec()["spec"]["layer"][0]["encoding"]["x2"]["datum"] for figure in (likert, alpha)]
    assert floors == [1.0, 0.0]


def test_every_score_of_a_judge_that_is_no_share_has_a_scale():
    """The names that signatures give these scores are those that plots know them by."""
    from tod_bench.reports.figures import _scale

    assert {_scale([f"{name}|v:1"]) for name in ("likert", "krippendorff_alpha")} == {"likert", "krippendorff_alpha"}
    assert _scale(["win_share|a"]) == _scale(["likert|a", "win_share|b"]) == _scale([]) == ""


def trained(system, task, losses, corpus="plain"):
    provenance = {"predictions": {"fit": {"details": {"losses": losses}, "seconds": 1.0}}}
    return Result("c", Experiment(corpus, system, task, 1), f"{system}{task}", (), "", provenance)


def test_training_curves_name_their_tasks():
    results = [trained("a", "dst", [2.0, 1.0]), trained("a", "policy", [3.0]), trained("b", "dst", [1.0])]
    results.append(trained("b", "policy", [1.0]))
    (figure,) = learning_curves(results)
    assert list(dict.fromkeys(datum.series for datum in figure.data)) == [
        "a, plain, dst, seed 1",
        "a, plain, policy, seed 1",
        "b, plain, dst and policy, seed 1",
    ]
    colours, dashes = (
        figure.chart.spec()["layer"][0]["encoding"][name]["scale"]["range"] for name in ("color", "strokeDash")
    )
    assert colours[0] == colours[1] != colours[2]
    assert dashes[0] != dashes[1]
    assert colours[0] == PALETTE[styles_of(["a", "b"])["a"].colour]


def test_acts_are_marked_as_their_score_compares_them(floors):
    from tod_bench.corpora.base import open_corpus
    from tod_bench.records import Act, Prediction

    corpus = open_corpus("simulated", **floors.config.corpora["plain"].options)
    dialogue = next(one for one in corpus.dialogues("test") if any(act.value for act in one.turns[0].acts))
    gold = dialogue.turns[0].acts
    valued = next(act for act in gold if act.value)
    acts = (replace(valued, value="something else"), Act("taxi", "nooffer"))
    answer = Prediction(dialogue.id, 0, acts=acts)

    def marks(unit):
        answers = Answers("s", {"policy": {(dialogue.id, 0): answer}}, unit=unit)
        data = browser_data([BrowsedCorpus("plain", 1, [dialogue], [answers])])
        return [kind for _, kind in data["dialogues"][0]["turns"][0]["answers"][0]["acts"]]

    ignoring, comparing = marks("slot"), marks("value")
    assert ignoring[:2] == ["right", "added"]
    assert comparing[:2] == ["added", "added"]
    assert comparing.count("missed") == ignoring.count("missed") + 1


@pytest.mark.parametrize("spec", ["act_f1", "act_f1@values", "act_match", "act_f1_micro@values_skip_empty"])
def test_the_unit_of_acts_is_that_of_the_first_metric(spec):
    from tod_bench.reports.page import act_unit

    config = judged_config(columns=[{"label": "F1", "task": "policy", "metric": spec}])
    name, _, protocol = spec.partition("@")
    assert act_unit(config) == metric_class(name)(protocol or "tod_bench").unit


@pytest.mark.parametrize("dialogues", [(6, 6), (2, 9), (9, 1, 5)])
def test_the_budget_of_a_page_is_shared_among_the_corpora(floors, dialogues):
    from tod_bench.corpora.base import open_corpus

    corpus = open_corpus("simulated", **floors.config.corpora["plain"].options)
    every = list(corpus.dialogues("test"))
    corpora = [BrowsedCorpus(f"c{number}", 12, every[:count], []) for number, count in enumerate(dialogues)]
    whole = browser_data(corpora)
    assert whole["left_out"] == 0
    size = sum(len(str(one)) for one in whole["dialogues"])
    half = browser_data(corpora, budget=size // 2)
    counts = [sum(one["corpus"] == f"c{number}" for one in half["dialogues"]) for number in range(len(dialogues))]
    assert sum(counts) + half["left_out"] == sum(dialogues)
    assert half["left_out"] > 0
    # No corpus has much fewer than another unless it has no more.
    for count, has in zip(counts, dialogues, strict=True):
        assert count == has or count >= max(counts) - 2


def test_numbers_of_a_small_variant_are_not_held_against_the_paper(floors):
    from tod_bench.reports.page import page_data, render
    from tod_bench.reports.runs import Run
    from tod_bench.reports.table import make_table

    rows = [{"system": "oracle", "corpus": "plain", "values": {"JGA": 99.0}}]
    title = "T [small: embedded corpus, scripted judge; says nothing of the paper]"
    for name, small in (("floors", False), ("floors_small", True)):
        config = floors.config.model_copy(update={"name": name, "title": title if small else "T"})
        table = make_table(config, floors.results, {"source": "Somewhere", "rows": rows})
        page = page_data(Run(config, floors.results, floors.stores), dialogues=0)
        html = render(replace(page, table=table))
        assert ("outside our interval" in html) is not small
        assert ("ours is" in html) is not small
        assert decimal(99.0) in html


@pytest.mark.parametrize(
    ("signature", "provenance"),
    [("win_rate|judge:scripted|v:1", {}), ("win_rate|raters:3", {"people": {"file": "scripted", "raters": 3}})],
)
def test_scripted_verdicts_are_scripted_in_any_config(signature, provenance):
    from tod_bench.experiments.config import Column
    from tod_bench.reports.numbers import column_number

    result = Result(
        "c",
        Experiment("p", "s", "people", 1),
        "k",
        (Score("win_rate", "people", 5.0, Signature.parse(signature), 3),),
        "",
        provenance,
    )
    column = Column(label="x", task="people", metric="win_rate")
    assert column_number([result], "s", "p", column).scripted
    real = replace(result, scores=(replace(result.scores[0], signature=Signature("win_rate")),), provenance={})
    assert not column_number([real], "s", "p", column).scripted


def test_a_system_looks_the_same_in_every_plot_of_a_page(floors):
    from tod_bench.reports.page import page_data

    fit = {"details": {"losses": [2.0, 1.0]}, "seconds": 1.0}
    results = tuple(replace(one, provenance={**one.provenance, "predictions": {"fit": fit}}) for one in floors.results)
    page = page_data(replace(floors, results=results), dialogues=0)
    figures = [page.lead, *page.figures]
    colours = {}
    for figure in figures:
        spec = figure.chart.spec()
        layer = (spec["spec"] if "facet" in spec else spec)["layer"][0]
        scale = layer["encoding"]["color"]["scale"]
        for name, colour in zip(scale["domain"], scale["range"], strict=True):
            colours.setdefault(name.partition(",")[0], set()).add(colour)
    assert set(colours) == {"rule_match", "oracle"}
    assert all(len(found) == 1 for found in colours.values())
    assert len(set.union(*colours.values())) == 2
    assert len({figure.title for figure in figures}) == len(figures) > 4


def test_plots_of_domains_and_groups(floors):
    fog = [
        Score("gunning_fog", "tod_bench", 5.0 + n, Signature("gunning_fog"), 9, Slice("formality", g))
        for n, g in enumerate(("casual", "formal"))
    ]
    results = [
        replace(result, scores=(*result.scores, *fog)) if result.experiment.task == "response" else result
        for result in floors.results
    ]
    figures = {figure.title: figure for figure in score_figures(floors.config, results)}
    assert set(figures) >= {"domain_jga_all by domain: plain", "gunning_fog by formality: plain"}
    groups = [datum.group for datum in figures["gunning_fog by formality: plain"].data]
    assert list(dict.fromkeys(groups)) == ["casual", "formal"]
    domains = figures["domain_jga_all by domain: plain"]
    assert {datum.series for datum in domains.data} == {"rule_match", "oracle"}
    assert all(datum.value == 100 for datum in domains.data if datum.series == "oracle")


def test_learning_curves_are_drawn_once_a_training(floors):
    details = {
        "losses": [2.0, 1.0, 0.5],
        "dev_scores": [{"score": 10.0, "epoch": 1.0, "step": 5}, {"score": 20.0, "epoch": 2.0, "step": 10}],
    }
    trained = [
        replace(result, provenance={**result.provenance, "predictions": {"fit": {"details": details}}})
        for result in floors.results
        if result.experiment.system == "oracle"
    ]
    assert len(trained) > 1
    loss, dev = learning_curves(trained)
    assert loss.title == "Training loss by epoch"
    assert [datum.value for datum in loss.data] == [2.0, 1.0, 0.5]
    assert dev.title == "Score on dev by epoch"
    assert [(datum.label, datum.value) for datum in dev.data] == [("1", 10.0), ("2", 20.0)]
    assert len({datum.series for datum in loss.data}) == 1
    assert learning_curves(floors.results) == []


@pytest.mark.parametrize("details", [{"losses": ["a", None]}, {"dev_scores": 3}, {"dev_scores": ["x"]}, [], "text"])
def test_other_systems_records_draw_nothing(floors, details):
    result = replace(floors.results[0], provenance={"predictions": {"fit": {"details": details}}})
    assert learning_curves([result]) == []


def test_the_main_metric_leads_best_first_and_systems_shown_gold_below():
    rows = (
        Row("oracle", "p", (Number(100.0),), shown_gold=True),
        Row("low", "p", (Number(10.0),)),
        Row("high", "p", (Number(20.0),)),
        Row("high", "p - q", (Number(1.0),), difference=True),
    )
    table = Table("T", ("JGA", "x"), rows, higher_is_better=(True, None))
    lead = lead_figure(table)
    assert [datum.label for datum in lead.data] == ["high ★", "low", "oracle †"]
    assert table.best() == {(2, 0)}
    lower = replace(table, higher_is_better=(False, None))
    assert [datum.label for datum in lead_figure(lower).data] == ["low ★", "high", "oracle †"]
    assert lead_figure(replace(table, plot=True)) is None


def test_shares_of_wins_ties_and_losses_are_one_bar_a_group():
    rows = tuple(
        Row(system, "p", (Number(share, signatures=(f"{metric}|v:1",)),) * 2, label=label)
        for system in ("a", "b")
        for label, metric, share in (
            ("wins", "win_share", 20.0),
            ("ties", "tie_share", 5.0),
            ("losses", "loss_share", 75.0),
        )
    )
    (figure,) = table_figures(Table("F", ("all", "child"), rows, plot=True))
    values = figure.chart.spec()["data"]["values"]
    assert [(row["group"], row["key"], row["start"], row["end"]) for row in values[:3]] == [
        ("a", "all", 0, 20),
        ("a", "all", 20, 25),
        ("a", "all", 25, 100),
    ]
    assert {(row["group"], row["key"]) for row in values} == {(s, g) for s in "ab" for g in ("all", "child")}


def test_few_shot_is_a_line_over_log_shares():
    shares = ("0.01", "0.1", "1.0")
    levels = {f"t5 (share={share})": ("t5", {"share": share}) for share in shares}
    rows = tuple(Row(name, "p", (Number(float(n)),)) for n, name in enumerate(levels))
    (figure,) = share_figures(Table("T", ("JGA",), rows), levels)
    assert figure.title == "JGA by share: p"
    assert [(datum.series, datum.label, datum.value) for datum in figure.data] == [
        ("t5", share, float(n)) for n, share in enumerate(shares)
    ]
    assert figure.chart.spec()["encoding"]["x"]["scale"] == {"type": "log"}
    sizes = {f"t5 (size={size})": ("t5", {"size": size}) for size in ("32", "64", "96")}
    assert share_figures(Table("T", ("JGA",), rows), sizes) == []
