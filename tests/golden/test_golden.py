"""What commands give today, to the last digit: ``numbers/*.json`` holds every number of the files that users read.

The tests know the command line and those files, and no module behind them. Numbers of trained models depend on the
processor and are left out; the last digits of BLEU and a few others do, too, and are compared under ``--golden-exact``
alone (the files are of a processor with AVX-512). After a change that is meant to change numbers:

    python -m pytest tests/golden --golden-write        # with TOD_BENCH_DATA, for the files of the real corpora
    git diff tests/golden/numbers
"""

import json
from pathlib import Path

import pytest
from golden_compare import Found
from golden_inputs import damaged_gold, fed_ratings, politeness_ratings, soloist, written_ratings
from golden_read import (
    of_ablation,
    of_board,
    of_compared,
    of_judged,
    of_score_file,
    of_statistics,
    of_store,
    of_table,
    tod_bench,
)

ROOT = Path(__file__).parents[2]
UNTRAINED = ", ".join(f"{name}: {{system: {name}}}" for name in ("carry_over", "majority", "rule_match", "oracle"))
SWEEP = """
name: floors
title: "Floors, swept"
corpora:
  embedded: {corpus: simulated, options: {style: personalised, dialogues: {train: 60, dev: 4, test: 30}}}
systems: {rule_match: {system: rule_match}, majority: {system: majority}}
tasks:
  dst: {metrics: [jga, slot_f1]}
  policy: {metrics: [act_f1], state: predicted}
bootstrap: {draws: 200}
sweep:
  factors:
    style: {key: corpora.embedded.options.style, values: [original, personalised]}
    dialogues: {key: corpora.embedded.options.dialogues.train, values: [10, 60]}
table:
  columns:
    - {label: JGA, task: dst, metric: jga}
    - {label: Slot F1, task: dst, metric: slot_f1}
    - {label: Entity F1, task: policy, metric: act_f1}
"""


@pytest.mark.slow
def test_quickstarts_floors_score_as_before(golden):
    sizes = [f"corpora.{name}.options.dialogues={{train: 400, test: 100}}" for name in ("plain", "personalised")]
    tod_bench("run", "quickstart", f"systems={{{UNTRAINED}}}", *sizes, "--store", "runs", "--quiet")
    found = of_store(Path("runs"), "quickstart")
    found.texts = of_table(Path("runs/tables/quickstart")).texts
    golden.check("quickstart", found)


@pytest.mark.parametrize(
    "name",
    [
        *("table1", "table2", "table3"),
        pytest.param("figure5", marks=[pytest.mark.parser, pytest.mark.slow]),
        *("figure6", "figure7", "appendix_b", "appendix_c"),
    ],
)
def test_small_tables_and_figures_say_what_they_said(name, golden, small_runs):
    tod_bench("run", name, "--small", "--store", small_runs, "--quiet")
    golden.check(name, of_table(small_runs / f"tables/{name}_small"))


FLOORS = "{majority: {system: majority, tasks: [response]}, oracle: {system: oracle, tasks: [response]}}"
IN_PLACE_OF_PICTOR = {
    "table4": (
        "systems={majority: {system: majority, tasks: [response]}}",
        *(f"corpora.{corpus}.splits.train='train[:20]'" for corpus in ("BUS", "MOVIE", "HOME")),
    ),
    "table5": (f"systems={FLOORS}", "seeds=[1, 2, 3]"),
    "figure9": (
        f"systems={FLOORS}",
        "corpora.picpersona.splits={train: 'train[:30]', dev: 'dev[:2]', test: 'test[:40]'}",
    ),
}


@pytest.mark.parametrize("name", IN_PLACE_OF_PICTOR)
def test_tables_with_floors_in_the_place_of_pictor_say_what_they_said(name, golden):
    tod_bench("run", name, "--small", *IN_PLACE_OF_PICTOR[name], "--store", "runs", "--quiet")
    golden.check(name, of_table(Path(f"runs/tables/{name}_small")))


def test_table6_with_floors_in_the_place_of_t5_says_what_it_said(golden):
    floors = "{t5-small: {system: rule_match}, t5-base: {system: majority}}"
    tod_bench("run", "table6", "--small", f"systems={floors}", "--store", "runs", "--quiet")
    golden.check("table6", of_table(Path("runs/tables/table6_small")))


def test_a_sweep_of_floors_finds_the_same_effects(golden):
    Path("floors.yaml").write_text(SWEEP, encoding="utf-8")
    tod_bench("sweep", "floors.yaml", "--store", "runs")
    golden.check("sweep", of_ablation(Path("runs/tables/floors")))


def test_the_embedded_corpus_counts_the_same(golden):
    found = of_statistics(tod_bench("data", "stats", "simulated", "--json"))
    found.take(of_statistics(tod_bench("data", "stats", "simulated", "-o", "style=personalised", "--json")))
    golden.check("statistics", found)


@pytest.mark.parser
@pytest.mark.slow
def test_damaged_gold_of_the_embedded_corpus_scores_the_same(golden):
    found = Found()
    style = ("-o", "style=personalised")
    file = damaged_gold(Path("damaged.jsonl"), 7, *style)
    asked = ("--corpus", "simulated", *style, "--draws", "200")
    calls = {
        "dst": ("--task", "dst", "-p", "tod_bench", "-p", "trade", "-p", "pptod", "-p", "mwzeval", "--errors"),
        "by domain": ("-m", "slot_f1", "-p", "tod_bench", "-p", "trade", "--by-domain"),
        "by age": ("-m", "jga", "-m", "joint_f1", "-p", "tod_bench", "--group", "age"),
        "no bookings": ("-m", "jga", "--without-bookings"),
        "policy": ("--task", "policy"),
        "response": ("--task", "response"),
    }
    for name, chosen in calls.items():
        tod_bench("score", file, *asked, *chosen, "--json", f"{name}.json")
        found.take(of_score_file(Path(f"{name}.json"), name))
    golden.check("score", found)


def test_two_damaged_files_of_the_embedded_corpus_compare_the_same(golden):
    metrics = [part for name in ("jga", "slot_f1@trade", "turn_accuracy") for part in ("-m", name)]
    first, second = damaged_gold(Path("first.jsonl"), 9), damaged_gold(Path("second.jsonl"), 10)
    asked = ("--corpus", "simulated", *metrics, "--by-domain", "--draws", "500", "--json")
    golden.check("compare", of_compared(tod_bench("compare", first, second, *asked)))


JUDGED = {
    "judge_likert": ("likert", "judge_likert"),
    "judge_pairwise": ("pairwise", "judge_pairwise"),
    "judge_emotions": ("emotions", "judge_emotions", "sample.items=40"),
    "judge_picpersona": ("pairwise", "judge_picpersona"),
    "judge_audit": ("audit", "judge_likert", "sample.items=40"),
    "judge_audit_pairwise": ("audit", "judge_pairwise", "sample.items=40"),
    "judge_askings": (
        *("likert", "judge_likert", "sample.items=30", "ask=both", "repeats=2", "questions=[Q3]"),
        "versions={original: {style: original}, restyled: {style: personalised}, same: {style: original}}",
    ),
}


@pytest.mark.parametrize("name", JUDGED)
def test_the_scripted_judge_finds_what_it_found(name, golden):
    tod_bench("judge", *JUDGED[name], "--judge", "scripted", "--output", "judged", "--quiet")
    sections = ("audit",) if "audit" in name else ()
    golden.check(name, of_judged(Path("judged/report.json"), sections))


def test_people_and_the_scripted_judge_agree_as_before(golden):
    tod_bench("judge", "likert", "judge_likert", "--judge", "scripted", "--output", "judged", "--quiet")
    verdicts = [json.loads(line) for line in Path("judged/judged.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = []
    for number, verdict in enumerate(sorted(verdicts, key=lambda one: one["ask"]["item"])):
        for place, question in enumerate(("Q1", "Q3", "Q5")):
            for rater in range(3):
                off = (number * 7 + place * 3 + rater * 5) % 11
                point = 1 + (number + place) % 4 + (off == 0) - (off == 1)
                rows.append((verdict["ask"]["item"], question, f"rater{rater}", max(1, min(4, point))))
    people = written_ratings(Path("people.csv"), rows)
    tod_bench("judge", "agreement", "--human", people, "--judge", "judged", "--json", "agreement.json")
    golden.check("agreement", of_judged(Path("agreement.json")))


@pytest.mark.slow
def test_the_leaderboard_has_the_same_numbers_ranks_and_suspects(golden, board_cache):
    asked = ("--out", "site", "--cache", board_cache, "--jobs", "1")
    tod_bench("leaderboard", "build", ROOT / "results/leaderboard", *asked)
    golden.check("leaderboard", of_board(Path("site/scores.csv")))


MULTIWOZ = ("--corpus", "multiwoz", "-o", "version=2.1")
SOLOIST = "predictions/soloist_engmrgh/belief.txt"


def imported(realdata: Path, name: str, **kept: bool) -> Path:
    """The SOLOIST output as a prediction file of ours."""
    foreign = soloist(realdata / SOLOIST, Path(f"{name}.json"), **kept)
    file = Path(f"{name}.jsonl")
    tod_bench("import", "mwzeval", foreign, "-o", file, "--corpus", "multiwoz", "--option", "version=2.1")
    return file


@pytest.mark.realdata
@pytest.mark.parser
@pytest.mark.slow
def test_a_published_multiwoz_output_scores_the_same(realdata, golden):
    found = Found()
    file = imported(realdata, "soloist")
    protocols = ("tod_bench", "tod_bench+strict", "trade", "trade+dropnone", "pptod", "pptod+mention", "picpersona")
    metrics = [f"jga@{protocol}" for protocol in protocols]
    metrics += ["slot_f1@trade", "joint_f1@tod_bench", "turn_accuracy@tod_bench", "relative_slot_accuracy@trade"]
    metrics += ["domain_jga_goal@trade+dropnone", "domain_jga_all@picpersona", "domain_jga_active@tod_bench"]
    chosen = [part for name in metrics for part in ("-m", name)]
    tod_bench("score", file, *MULTIWOZ, *chosen, "--by-domain", "--errors", "--draws", "100", "--json", "dst.json")
    found.take(of_score_file(Path("dst.json"), "dst"))
    few = ("--split", "test[:150]", "--draws", "100")
    tod_bench("score", file, *MULTIWOZ, *few, "-m", "jga@mwzeval", "-m", "slot_f1@mwzeval", "--json", "fuzzy.json")
    found.take(of_score_file(Path("fuzzy.json"), "dst, test[:150]"))
    tod_bench("score", file, *MULTIWOZ, *few, "--task", "response", "--json", "response.json")
    found.take(of_score_file(Path("response.json"), "response, test[:150]"))
    golden.check("multiwoz", found)


@pytest.mark.realdata
@pytest.mark.slow
def test_two_multiwoz_files_compare_the_same(realdata, golden):
    first, second = imported(realdata, "soloist"), imported(realdata, "carried", carried=True)
    metrics = [part for name in ("jga", "slot_f1@trade", "jga@trade") for part in ("-m", name)]
    printed = tod_bench("compare", first, second, *MULTIWOZ, *metrics, "--by-domain", "--draws", "300", "--json")
    golden.check("multiwoz_compare", of_compared(printed))


@pytest.mark.realdata
@pytest.mark.slow
def test_damaged_gold_of_sgd_scores_the_same(realdata, golden):
    found = Found()
    file = damaged_gold(Path("damaged.jsonl"), 7, "-o", "view=frame", corpus="sgd", split="dev", most=150)
    asked = ("--corpus", "sgd", "--split", "dev[:150]", "--draws", "100", "--by-domain")
    tod_bench("score", file, *asked, "-o", "view=frame", "-p", "sgd", "-p", "tod_bench", "--json", "frames.json")
    found.take(of_score_file(Path("frames.json"), "frame"))
    golden.check("sgd", found)


@pytest.mark.realdata
@pytest.mark.slow
def test_multiwoz_counts_the_same(realdata, golden):
    golden.check("multiwoz_statistics", of_statistics(tod_bench("data", "stats", *MULTIWOZ[1:], "--json")))


@pytest.mark.realdata
def test_published_ratings_agree_as_before(realdata, golden):
    found = Found()
    fed = written_ratings(Path("fed.csv"), fed_ratings(realdata / "ratings/fed/fed_data.json"))
    wikipedia = realdata / "ratings/stanford_politeness/wikipedia.annotated.csv"
    polite = written_ratings(Path("polite.csv"), politeness_ratings(wikipedia, 300))
    for name, file in (("fed", fed), ("politeness", polite)):
        tod_bench("judge", "agreement", "--human", file, "--json", f"{name}.json")
        found.take(of_judged(Path(f"{name}.json")), name)
    golden.check("ratings", found)
