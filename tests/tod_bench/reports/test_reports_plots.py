"""What plots say: exact ticks, one colour a system, bars from the floor of their scale, titles that differ."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.results import Experiment, Result
from tod_bench.numerals import decimal
from tod_bench.reports.browser import Answers, Shelf, browser_data
from tod_bench.reports.charts import Series, Value, bars, lines
from tod_bench.reports.figures import learning_curves, score_figures
from tod_bench.reports.numbers import Number
from tod_bench.reports.plot import svg, table_figures
from tod_bench.reports.styles import COLOURS, VARIANTS, styles_of
from tod_bench.reports.table import Row, Table
from tod_bench.scores import Score, Slice
from tod_metrics import metric_class
from tod_metrics.base import Signature

SPANS = st.lists(st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6), min_size=1, max_size=8)


@given(SPANS, st.booleans())
@example([12.0], True)
@example([0.3, 0.301], False)
def test_ticks_are_evenly_spaced_and_their_labels_exact(numbers, from_zero):
    values = tuple(Value(str(place), number) for place, number in enumerate(numbers))
    for ticks in (
        bars([Series("x", values)]).ticks,
        lines([Series("x", values)], "n", from_zero=from_zero).up,
    ):
        labels = [float(tick.label) for tick in ticks]
        steps = [after - before for before, after in pairwise(labels)]
        assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-9)
        # The place of a tick is that of the number on its label.
        places = [tick.place for tick in ticks]
        whole, width = labels[-1] - labels[0], places[-1] - places[0]
        expected = [places[0] + width * (label - labels[0]) / whole for label in labels]
        assert places == pytest.approx(expected, abs=0.011)
        assert all(len(tick.label) < 14 for tick in ticks)


def test_a_step_of_two_and_a_half_has_a_digit():
    chart = bars([Series("x", (Value("a", 12.0),))])
    assert [tick.label for tick in chart.ticks] == ["0.0", "2.5", "5.0", "7.5", "10.0", "12.5"]


@given(st.lists(st.text(max_size=8), unique=True, max_size=COLOURS * VARIANTS))
def test_styles_depend_on_names_alone_and_no_two_are_the_same(names):
    styles = styles_of(names)
    assert styles == styles_of(names[::-1])
    assert len({(style.colour, style.variant) for style in styles.values()}) == len(names)
    solid = [style for style in styles.values() if not style.variant]
    assert len({style.colour for style in solid}) == len(solid) == min(len(names), COLOURS)
    for style in styles.values():
        shapes = {other.shape for other in styles.values() if other.colour == style.colour}
        assert len(shapes) == sum(other.colour == style.colour for other in styles.values())


def test_beyond_the_palette_bars_are_hatched():
    names = [f"system {number}" for number in range(COLOURS + 2)]
    figure = table_figures(
        Table("t", ("JGA",), tuple(Row("", "", (Number(50.0),), label=name) for name in names), plot=True)
    )[0]
    assert svg(figure).count('class="hatch v1"') == 2


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
    assert figures[0].names == ("group of users", "system")


def test_likert_bars_start_at_one():
    figure = score_figures(judged_config(), judged_results("response"))[0]
    (mark,) = figure.chart.groups[0][2]
    first = figure.chart.ticks[0]
    assert (float(first.label), first.place) == (1.0, figure.chart.floor)
    assert mark.x > figure.chart.floor
    assert "Bars start at 1" in figure.note
    floor = bars([Series("x", (Value("a", 1.0),))], floor=1.0)
    assert floor.groups[0][2][0].x == floor.floor


def test_a_figure_of_several_scales_has_a_plot_for_each():
    row = Row("", "", (Number(3.1), Number(2.2), Number(0.4)), label="people")
    signatures = {"Q1": ("likert|x",), "Q2": ("likert|x",), "agreement": ("krippendorff_alpha|x",)}
    likert, alpha = table_figures(Table("T", ("Q1", "Q2", "agreement"), (row,), signatures, plot=True))
    assert (likert.title, alpha.title) == ("T: Q1, Q2", "T: agreement")
    assert [float(figure.chart.ticks[0].label) for figure in (likert, alpha)] == [1.0, 0.0]


def test_every_score_of_a_judge_that_is_no_share_has_a_scale():
    """The names that signatures give these scores are those that plots know them by."""
    from tod_bench.reports.plot import _scale

    assert {_scale([f"{name}|v:1"]) for name in ("likert", "krippendorff_alpha")} == {"likert", "krippendorff_alpha"}
    assert _scale(["win_share|a"]) == _scale(["likert|a", "win_share|b"]) == _scale([]) == ""


def trained(system, task, losses, corpus="plain"):
    provenance = {"predictions": {"fit": {"details": {"losses": losses}, "seconds": 1.0}}}
    return Result("c", Experiment(corpus, system, task, 1), f"{system}{task}", (), "", provenance)


def test_training_curves_name_their_tasks():
    results = [trained("a", "dst", [2.0, 1.0]), trained("a", "policy", [3.0]), trained("b", "dst", [1.0])]
    results.append(trained("b", "policy", [1.0]))
    (figure,) = learning_curves(results)
    assert [series.name for series in figure.series] == [
        "a, plain, dst, seed 1",
        "a, plain, policy, seed 1",
        "b, plain, dst and policy, seed 1",
    ]
    styles = [style for _, style, _ in figure.chart.lines]
    assert styles[0].colour == styles[1].colour != styles[2].colour
    assert styles[0].variant != styles[1].variant
    assert styles[0].colour == styles_of(["a", "b"])["a"].colour


def test_epochs_of_several_trainings_are_in_order():
    chart = lines([Series("a", (Value("1", 1.0), Value("10", 2.0))), Series("b", (Value("2", 3.0),))], "epoch")
    assert [tick.label for tick in chart.across] == ["1", "2", "10"]


@pytest.mark.parametrize(
    ("others", "number", "printed"),
    [
        ((100.0,), (2.94, 2.6, 3.4), '2.9<tspan class="tick"> [2.6, 3.4]'),
        ((50.0,), (2.94, 2.94, 2.94), '2.9<tspan class="tick"> [2.9, 2.9]'),
        ((), (2.94, 2.6, 2.96), '2.94<tspan class="tick"> [2.60, 2.96]'),
        ((), (0.85, 0.8, 0.9), '0.85<tspan class="tick"> [0.80, 0.90]'),
    ],
)
def test_a_plot_prints_no_interval_without_its_value(others, number, printed):
    numbers = [Number(*number), *map(Number, others)]
    rows = tuple(Row("", "", (one,), label=str(place)) for place, one in enumerate(numbers))
    (figure,) = table_figures(Table("T", ("JGA",), rows, plot=True))
    assert printed in svg(figure)


@given(st.lists(st.floats(0, 100), min_size=3, max_size=3).map(sorted), st.floats(0, 100))
def test_every_interval_in_a_plot_holds_its_value(three, other):
    low, value, high = three
    rows = (Row("", "", (Number(value, low, high),), label="a"), Row("", "", (Number(other),), label="b"))
    text = svg(table_figures(Table("T", ("JGA",), rows, plot=True))[0])
    found = re.findall(r">(\S+)<tspan class=\"tick\"> \[(\S+), (\S+)\]", text)
    ((shown, start, end),) = found
    assert float(start) <= float(shown) <= float(end)


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
        data = browser_data([Shelf("plain", 1, [dialogue], [answers])])
        return [kind for _, kind in data["dialogues"][0]["turns"][0]["answers"][0]["acts"]]

    ignoring, comparing = marks("slot"), marks("value")
    assert ignoring[:2] == ["right", "added"]
    assert comparing[:2] == ["added", "added"]
    assert comparing.count("missed") == ignoring.count("missed") + 1


@pytest.mark.parametrize("spec", ["act_f1", "act_f1@values", "act_match", "act_f1_micro@values_skip_empty"])
def test_the_unit_of_acts_is_that_of_the_first_metric(spec):
    from tod_bench.reports.page_data import act_unit

    config = judged_config(columns=[{"label": "F1", "task": "policy", "metric": spec}])
    name, _, protocol = spec.partition("@")
    assert act_unit(config) == metric_class(name)(protocol or "tod_bench").unit


@pytest.mark.parametrize("dialogues", [(6, 6), (2, 9), (9, 1, 5)])
def test_the_budget_of_a_page_is_shared_among_the_corpora(floors, dialogues):
    from tod_bench.corpora.base import open_corpus

    corpus = open_corpus("simulated", **floors.config.corpora["plain"].options)
    every = list(corpus.dialogues("test"))
    shelves = [Shelf(f"c{number}", 12, every[:count], []) for number, count in enumerate(dialogues)]
    whole = browser_data(shelves)
    assert whole["left_out"] == 0
    size = sum(len(str(one)) for one in whole["dialogues"])
    half = browser_data(shelves, budget=size // 2)
    counts = [sum(one["corpus"] == f"c{number}" for one in half["dialogues"]) for number in range(len(dialogues))]
    assert sum(counts) + half["left_out"] == sum(dialogues)
    assert half["left_out"] > 0
    # No corpus has much fewer than another unless it has no more.
    for count, has in zip(counts, dialogues, strict=True):
        assert count == has or count >= max(counts) - 2


def test_numbers_of_a_small_variant_are_not_held_against_the_paper(floors):
    from tod_bench.reports.page import render
    from tod_bench.reports.page_data import page_data
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
def test_scripted_verdicts_are_made_up_in_any_config(signature, provenance):
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
    assert column_number([result], "s", "p", column).made_up
    real = replace(result, scores=(replace(result.scores[0], signature=Signature("win_rate")),), provenance={})
    assert not column_number([real], "s", "p", column).made_up


def test_a_system_looks_the_same_in_every_plot_of_a_page(floors):
    from tod_bench.reports.page_data import page_data

    fit = {"details": {"losses": [2.0, 1.0]}, "seconds": 1.0}
    results = tuple(replace(one, provenance={**one.provenance, "predictions": {"fit": fit}}) for one in floors.results)
    figures = page_data(replace(floors, results=results), dialogues=0).figures
    colours = {}
    for figure in figures:
        if hasattr(figure.chart, "groups"):
            found = [(mark.value.label, mark.style) for _, _, marks in figure.chart.groups for mark in marks]
        else:
            found = [(name.partition(",")[0], style) for name, style, _ in figure.chart.lines]
        for system, style in found:
            colours.setdefault(system, set()).add(style.colour)
    assert set(colours) == {"rule_match", "oracle"}
    assert all(len(found) == 1 for found in colours.values())
    assert len(set.union(*colours.values())) == 2
    assert len({figure.title for figure in figures}) == len(figures) > 4
