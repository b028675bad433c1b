"""Every table and figure of the paper: its small variant runs whole, and its numbers are what they are made of."""

import csv
from collections import Counter
from pathlib import Path
from statistics import fmean
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from tod_baselines.floors.oracle import Oracle
from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.experiments.config import load_config
from tod_bench.experiments.plan import build
from tod_bench.experiments.requirements import missing_split
from tod_bench.experiments.results import Store
from tod_bench.experiments.runner import people_config, run
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.reports.page import table_of
from tod_bench.reports.published import is_of, published_values
from tod_bench.reports.runs import read_runs, save_run
from tod_bench.reports.table import Table, make_table
from tod_bench.reports.writers import write_table
from tod_bench.scoring import score
from tod_bench.splits import read_split
from tod_bench.tasks import turn_inputs

TABLES = (
    *("table1", "table2", "table3", "table4", "table5", "table6", "figure5", "figure6", "figure7", "figure9"),
    *("appendix_b", "appendix_c"),
)
STYLED = {"style": "personalised"}


@pytest.fixture(scope="module")
def store(small_runs: Path) -> Path:
    return small_runs


@pytest.fixture(scope="module")
def tables(store: Path):
    made: dict[str, Table] = {}

    def table(name: str) -> Table:
        if name not in made:
            config = load_config(name, small=True)
            plan = build(config)
            results = run(plan, Store(store))
            made[name] = table_of(save_run(store, config, results))
        return made[name]

    return table


def number(table: Table, column: str, **labels: str):
    rows = [row for row in table.rows if all(getattr(row, name) == label for name, label in labels.items())]
    assert len(rows) == 1, [(row.system, row.corpus, row.label) for row in rows]
    return rows[0].numbers[table.columns.index(column)]


@pytest.mark.parametrize("name", TABLES)
def test_every_published_value_stands_in_its_table(name):
    config, published = load_config(name), published_values(load_config(name).table.published)
    table = make_table(config, [], published, lacking=["nothing is at hand"])
    notes = " ".join(table.notes)
    for printed in published["rows"]:
        rows = [row for row in table.rows if any(n.published is not None for n in row.numbers)]
        beside = [
            dict(zip(table.columns, (n.published for n in row.numbers), strict=True))
            for row in rows
            if is_of(printed, row.system, row.corpus, row.label.partition(",")[0])
            or ("row" not in printed and is_of(printed, row.system, row.corpus, ""))
        ]
        for label, value in printed["values"].items():
            assert any(shown.get(label) == value for shown in beside) or f"{label} {value}" in notes
    assert "no numbers: nothing is at hand" in notes


def printed(table: Table) -> set[tuple[str, tuple[float | None, ...]]]:
    """The published values of a table, by system."""
    ours = [row for row in table.rows if not row.difference]  # differences are of systems that the config has
    rows = [(row.system, tuple(number.published for number in row.numbers)) for row in ours]
    return {(system, values) for system, values in rows if any(value is not None for value in values)}


@pytest.mark.parametrize("name", TABLES)
def test_the_small_variant_has_the_shape_of_the_table_and_every_form(name, tables, tmp_path):
    table, real, small = tables(name), load_config(name), load_config(name, small=True)
    shape = make_table(real, [], published_values(real.table.published), lacking=["nothing is at hand"])
    assert table.columns == shape.columns
    assert small.table == real.table
    assert printed(table) == printed(shape)
    if list(small.systems) == list(real.systems):
        assert [row.called(table.labels) for row in table.rows] == [row.called(shape.labels) for row in shape.rows]
    for row in table.rows:
        computed = [n.value is not None and bool(n.signatures) for n in row.numbers]
        assert computed == [row.corpus in small.corpora and row.system in (small.systems or ("",))] * len(computed)
    paths = write_table(table, tmp_path)
    assert [path.name for path in paths][:4] == ["table.md", "table.csv", "table.tex", "table.json"]
    assert len(list(csv.reader(paths[1].open()))) == 1 + len(table.rows) * len(table.columns)
    assert table.plot == name.startswith(("figure", "appendix_c"))
    if table.plot:
        drawn = [mark for path in paths if path.suffix == ".svg" for mark in ElementTree.parse(path).getroot().iter()]
        assert len([mark for mark in drawn if mark.find("{*}title") is not None]) == sum(
            (n.value is not None) + (n.published is not None) for row in table.rows for n in row.numbers
        )


def test_table1_counts_dialogues(tables):
    table = tables("table1")
    dialogues = list(read_split(open_corpus("simulated", seed=3), "dev[:60]"))
    said = [text for one in dialogues for turn in one.turns for text in (turn.user, turn.system) if text.strip()]
    assert number(table, "dialogues", corpus="star").value == 60
    assert number(table, "services", corpus="star").value == len({s for one in dialogues for s in one.services})
    assert number(table, "turns a dialogue", corpus="star").value == pytest.approx(len(said) / 60)
    tokens = number(table, "tokens a turn", corpus="star")
    assert tokens.value == pytest.approx(fmean(len(text.split()) for text in said))
    assert tokens.low < tokens.value < tokens.high
    assert number(table, "dialogues", corpus="abcd").published == 8034
    assert number(table, "dialogues", corpus="abcd").value is None


def test_table2_labels_by_group(tables, store):
    tables("table2")
    result = next(one for one in read_runs(["table2_small"], store)[0].results if one.experiment.corpus == "PicPersona")
    by_group = {
        group: {one.metric: one for one in result.scores if one.is_of(group)}
        for group in ("", "positive", "neutral+negative")
    }
    for scores in by_group.values():
        assert len(scores) == 28
        assert sum(one.value for one in scores.values()) == pytest.approx(100)
    whole, positive, rest = (by_group[group]["emotion_neutral"] for group in by_group)
    assert whole.n == positive.n + rest.n
    assert whole.value * whole.n == pytest.approx(positive.value * positive.n + rest.value * rest.n)
    assert number(tables("table2"), "apology", corpus="MultiWOZ").published == 0.92


@pytest.mark.parametrize("name", ["table3", "figure9"])
def test_outcomes_of_pairs_sum_to_100(name, tables):
    table = tables(name)
    computed = [row for row in table.rows if row.numbers[0].value is not None]
    assert len({row.system for row in computed}) == {"table3": 3, "figure9": 4}[name]
    for first in range(0, len(computed), 3):
        three = computed[first : first + 3]
        for column in range(len(table.columns)):
            assert sum(row.numbers[column].value for row in three) == pytest.approx(100)


def test_a_system_that_repeats_the_reference_ties_with_it(tables):
    assert number(tables("table3"), "all", system="oracle", label="tie, judge").value == 100
    ours = "profile templates, ours after Joshi et al. 2017"
    people = number(tables("table3"), "senior", system=ours, label="tie, people")
    assert "raters:3" in people.signatures[0]
    assert people.published is None  # the published systems' values stand in rows of their own
    published = number(tables("table3"), "senior", system="Liu et al. 2024b", label="tie")
    assert (published.value, published.published) == (None, 9.52)


def test_our_form_of_a_published_idea_does_not_stand_under_its_name(tables):
    table = tables("table3")
    ours = {row.system for row in table.rows if row.numbers[0].value is not None}
    theirs = {row.system for row in table.rows if row.numbers[0].published is not None}
    assert ours == set(load_config("table3", small=True).systems)
    assert theirs == {"Liu et al. 2024b", "Joshi et al. 2017"}
    assert any("scripted raters" in note for note in table.notes)
    assert any("scripted judge" in note for note in table.notes)


def test_table4_reads_each_domain(tables):
    table = tables("table4")
    for corpus, held_out in (("BUS", "taxi"), ("MOVIE", "attraction"), ("HOME", "hotel")):
        assert 1 <= number(table, "semantic", corpus=corpus, label="judge").value < 3  # two steps of training
        splits = load_config("table4", small=True).corpora[corpus].splits
        trained = list(read_split(open_corpus("simulated", **STYLED), splits.train))
        assert len(trained) == 20
        assert all(held_out not in one.services for one in trained)
        tested = list(read_split(open_corpus("simulated", **STYLED), splits.test))
        assert all(held_out in one.services for one in tested)
    assert "judge:scripted" in number(table, "semantic", corpus="BUS", label="judge").signatures[0]
    assert any("BUS: simulated1-personalised, split dev{taxi}[:8]" in note for note in table.notes)
    assert number(table, "fluency", corpus="HOME", system="Pictor").published == 3.96


def test_table5_is_the_mean_over_its_seeds(tables, store):
    table = tables("table5")
    gold = number(table, "BLEU", system="oracle")
    assert (gold.value, gold.published, gold.inside) == (100, None, None)
    printed_alone = number(table, "BLEU", system="7B, + impression (Pictor)")
    assert (printed_alone.value, printed_alone.published) == (None, 20.77)
    assert number(table, "semantic", system="oracle").value == 4
    trained = number(table, "BLEU", system="tiny Pictor from scratch")
    of_seeds = [
        score.value
        for result in read_runs(["table5_small"], store)[0].results
        for score in result.scores
        if (result.experiment.system, score.metric) == ("tiny Pictor from scratch", "bleu")
    ]
    assert len(of_seeds) == 2
    assert trained.value == pytest.approx(fmean(of_seeds))
    assert trained.spread is not None


def test_figure5_groups_are_scored_like_corpora_of_their_own(tables):
    corpus = open_corpus("simulated", **STYLED)
    formal = [one for one in read_split(corpus, "test[:60]") if one.persona.formality == "formal"]

    answers = list(Oracle().predict("response", turn_inputs(formal, "response", gold_access=frozenset({"gold"}))))
    alone = score(
        *("response", formal, answers),
        **{"corpus_name": "c", "split": "test", "schema": corpus.schema, "draws": 0},
        metrics=["gunning_fog@picpersona", "politeness@picpersona"],
    )
    for column, expected in zip(("Gunning fog", "politeness"), alone, strict=True):
        assert number(tables("figure5"), column, label="formal").value == pytest.approx(expected.value)
    assert "group:formality=formal" in number(tables("figure5"), "politeness", label="formal").signatures[0]


def test_figure6_is_the_mean_of_the_ratings(tables, store):
    import krippendorff

    table = tables("figure6")
    (file,) = [path for path in store.glob("judge/scripted_people/*/ratings.csv") if _likert(path) == 12]
    rows = list(csv.DictReader(file.open()))
    for question in ("Q1", "Q5"):
        expected = fmean(int(row["value"]) for row in rows if row["question"] == question)
        assert number(table, question).value == pytest.approx(expected)
    units = sorted({(row["item"], row["question"]) for row in rows})
    given = {(row["rater"], row["item"], row["question"]): int(row["value"]) for row in rows}
    values = [[given[rater, *unit] for unit in units] for rater in sorted({row["rater"] for row in rows})]
    alpha = krippendorff.alpha(reliability_data=values, level_of_measurement="ordinal")
    assert number(table, "alpha between people").value == pytest.approx(alpha)
    assert number(tables("appendix_c"), "Q1").published == 3.79
    assert number(tables("appendix_c"), "alpha against people").value > alpha / 2


def _likert(path: Path) -> int:
    rows = list(csv.DictReader(path.open()))
    asked = {row["question"] for row in rows} == {"Q1", "Q2", "Q3", "Q4", "Q5"}
    return len({row["item"] for row in rows}) if asked and path.parent.stat() else 0


def test_figure7_shares_are_of_the_factors_named(tables, store):
    table = tables("figure7")
    for row in table.rows:
        assert sum(one.value for one in row.numbers) == pytest.approx(100)
    files = [path for path in store.glob("judge/scripted_people/*/ratings.csv") if "factors" in path.read_text()]
    shares = set()
    for file in files:
        named = Counter(name for rating in read_ratings(file).ratings for name in rating.factors)
        shares.add(round(100 * named["formality"] / named.total(), 6))
    assert round(number(table, "formality", label="all").value, 6) in shares


def test_appendix_b_counts_users(tables):
    dialogues = list(read_split(open_corpus("simulated", **STYLED), "dev[:100]"))
    ages = Counter(one.persona.age for one in dialogues)
    table = tables("appendix_b")
    assert number(table, "child").value == ages["child"] + ages["teenager"]
    assert number(table, "female").value + number(table, "male").value == pytest.approx(100)
    assert any("kept 92.59" in note for note in table.notes)


def test_all_that_is_missing_is_said_at_once_with_what_supplies_it(tmp_path, monkeypatch):
    for name in ("TOD_BENCH_DATA", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    plan = build(load_config("table3"), incomplete=True)
    assert plan.experiments == ()
    assert [need.place for need in plan.missing] == [
        "corpora.picpersona",
        "corpora.plain",
        "systems.Liu et al. 2024b.predictions",
        "systems.Joshi et al. 2017.predictions",
        "tasks.people.ratings",
        "tasks.response.judge",
    ]
    said = "\n".join(map(str, plan.missing))
    for command in ("tod-bench data fetch picpersona", "prediction.schema.json", "export OPENAI_API_KEY"):
        assert command in said
    assert "tod-bench judge page table3 --corpus picpersona --system 'Liu et al. 2024b'" in said
    with pytest.raises(UserError, match=r"cannot run:(.|\n)*OPENAI_API_KEY"):
        build(load_config("table3"))


RATINGS = "item,question,rater,value,age\n" + "".join(
    f"d{item},winner,{rater},{value},{age}\n"
    for item, age, values in (
        (1, "adult", ("first", "tie", "first")),
        (2, "senior", ("second", "first", "first")),
        (3, "teenager", ("first", "first", "first")),
    )
    for rater, value in zip("abc", values, strict=True)
)


def test_ratings_alone_fill_their_rows_and_the_rest_are_dashes(tmp_path, monkeypatch):
    for name in ("TOD_BENCH_DATA", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("ratings/table3").mkdir(parents=True)
    Path("ratings/table3/Liu et al. 2024b.csv").write_text(RATINGS)
    config = load_config("table3")
    plan = build(config, incomplete=True)
    results = run(plan, Store(tmp_path / "runs"))
    lacking = list(map(str, plan.missing))
    table = table_of(save_run(tmp_path / "runs", config, results, lacking=lacking))
    liu = {"system": "Liu et al. 2024b"}
    # Of nine ratings seven are for the corpus's responses (first), one for the system's, one is a tie.
    assert number(table, "all", **liu, label="PicPersona wins, people").value == pytest.approx(700 / 9)
    assert number(table, "all", **liu, label="other wins, people").value == pytest.approx(100 / 9)
    assert number(table, "adult", **liu, label="tie, people").value == pytest.approx(100 / 3)
    assert number(table, "child", **liu, label="PicPersona wins, people").value == 100
    assert number(table, "positive", **liu, label="tie, people").value is None
    assert number(table, "all", **liu, label="tie, judge").value is None
    assert sum(note.startswith("no numbers: ") for note in table.notes) == 6
    assert table == table_of(read_runs(["table3"], tmp_path / "runs")[0])


def test_ratings_of_another_pair_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("r.csv").write_text("item,question,rater,value,arm\nd1,winner,a,first,someone|reference\n")
    config = load_config("table3", ["tasks.people.ratings=r.csv"], small=True)
    with pytest.raises(UserError, match=r"r.csv rates someone\|reference, not mirrored phrases"):
        run(build(config), Store(tmp_path / "runs"))


def test_the_form_asks_what_the_table_needs(tmp_path):
    floor = ["systems={majority: {system: majority, tasks: [response]}}"]
    asked = people_config("table4", floor, ("HOME", "majority"), tmp_path, small=True)
    assert asked.questions == ("S1", "S2", "Q3", "Q4", "Q5")
    assert asked.candidates == ("majority",)
    assert Path(asked.versions["majority"].predictions).is_file()
    with pytest.raises(UserError, match="asks people nothing"):
        people_config("figure5", (), ("picpersona", "corpus's own"), tmp_path, small=True)


def test_a_column_that_nothing_gives_is_an_error():
    config = load_config("figure6", ["table.columns=[{label: Q1, metric: likert_user_stile}]"])
    with pytest.raises(UserError, match="did you mean 'likert_user_style'"):
        build(config, incomplete=True)
    config = load_config("table1", ["tasks.corpus.metrics=[dialoges]"])
    with pytest.raises(UserError, match="'dialoges' cannot be counted; did you mean 'dialogues'"):
        build(config, incomplete=True)
    with pytest.raises(UserError, match="has no small variant"):
        load_config("quickstart", small=True)


def test_what_comes_later_fills_the_dashes(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def judged(*overrides: str):
        config = load_config("appendix_c", overrides, small=True)
        plan = build(config, incomplete=True)
        results = run(plan, Store(tmp_path))
        table = table_of(save_run(tmp_path, config, results, lacking=list(map(str, plan.missing))))
        return number(table, "Q3").value, number(table, "alpha against people").value

    assert judged("judge.model=gpt-4o") == (None, None)  # people were there, the judge was not
    assert None not in judged()


def test_errors_of_an_inline_judge_config_are_errors_of_the_config():
    config = load_config("table4", ["tasks.response.judge=[{task: likert, questions: [Q99], sampel: 3}]"], small=True)
    with pytest.raises(UserError, match=r"tasks.response.judge: the judge config cannot be used: sampel: Extra inputs"):
        build(config, incomplete=True)


def test_a_split_that_is_not_at_hand_is_a_need():
    config = load_config("table1")
    half = SimpleNamespace(name="simmc2.0", splits=("dev", "teststd"))
    assert "no split train, only dev, teststd" in str(missing_split(config, "simmc2", half))
    assert "corpora.simmc2.options.path=FOLDER" in str(missing_split(config, "simmc2", half))
    assert missing_split(config, "star", SimpleNamespace(name="star", splits=("all",))) is None
