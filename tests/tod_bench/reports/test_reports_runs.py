"""Finished runs found again: from a store, a result file, several stores; and the command that reports them."""

import csv
import io
import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from tod_bench.cli.report import command
from tod_bench.errors import UserError
from tod_bench.experiments.results import Experiment, Store
from tod_bench.reports.page import table_of
from tod_bench.reports.runs import merge, read_runs, save_run, with_layout


def test_a_run_comes_back_as_it_was(floors, floors_store):
    assert [str(result.experiment) for result in floors.results][:2] == [
        "plain · rule_match · dst · seed 1",
        "plain · oracle · dst · seed 1",
    ]
    assert [column.label for column in floors.config.table.columns] == ["JGA", "Entity F1"]
    assert all(floors.predictions(result).is_file() for result in floors.results)
    (whole,) = read_runs([str(floors_store)], floors_store)
    assert table_of(whole) == table_of(floors)


def test_a_result_file_alone_is_a_run(floors, floors_store):
    dst = floors.results[0]
    (alone,) = read_runs([str(Store(floors_store).result_path(dst.key))], floors_store)
    assert alone.results == (dst,)
    assert alone.config.corpora == floors.config.corpora
    assert alone.predictions(dst) == floors.predictions(dst)


def test_a_store_without_notes_is_grouped_by_config(floors, floors_store, tmp_path):
    shutil.copytree(floors_store / "results", tmp_path / "results")
    (loose,) = read_runs([str(tmp_path)], tmp_path)
    assert {result.key for result in loose.results} == {result.key for result in floors.results}
    assert set(table_of(loose).columns) >= {"jga", "jga@trade", "act_f1", "bleu"}
    (named,) = read_runs(["floors"], tmp_path)
    assert named.results == loose.results


def test_what_is_gone_from_the_store_is_said(floors, floors_store, tmp_path):
    shutil.copytree(floors_store, tmp_path / "runs")
    Store(tmp_path / "runs").result_path(floors.results[0].key).unlink()
    (run,) = read_runs(["floors"], tmp_path / "runs")
    assert table_of(run).warnings == (f"1 of {len(floors.results)} results of floors are no longer in {tmp_path}/runs",)


def test_several_stores_become_one_table(floors, tmp_path):
    halves = [tmp_path / "a", tmp_path / "b"]
    for store, system in zip(halves, ("rule_match", "oracle"), strict=True):
        results = [result for result in floors.results if result.experiment.system == system]
        config = floors.config.model_copy(update={"systems": {system: floors.config.systems[system]}})
        for result in results:
            Store(store).save_result(result)
        save_run(store, config, results)
    (merged,) = read_runs([str(store) for store in halves], tmp_path)
    assert table_of(merged).rows == table_of(floors).rows
    assert merged.warnings == ()
    assert merged.stores[floors.results[0].key] == halves[0]


def test_of_two_results_of_a_cell_the_newer_is_kept_and_said(floors):
    old = floors.results[0]
    new = replace(old, key="other", provenance={**old.provenance, "date": "2999-01-01T00:00:00Z"})
    later = replace(floors, results=(new,), stores={"other": floors.stores[old.key]})
    for order in ([floors, later], [later, floors]):
        merged = merge(order)
        assert [result.key for result in merged.results if result.experiment == old.experiment] == ["other"]
        assert "several results with different settings" in merged.warnings[0]


def test_one_label_for_two_corpora_is_warned_of(floors):
    corpus = floors.config.corpora["plain"].model_copy(update={"options": {"style": "personalised"}})
    other = replace(floors, config=floors.config.model_copy(update={"corpora": {"plain": corpus}}))
    assert merge([floors, other]).warnings == ("corpora.plain is not the same in all runs of floors",)


def test_a_config_lays_out_again(floors, tmp_path):
    raw = json.loads(floors.config.model_dump_json(exclude_defaults=True))
    raw["table"]["columns"] = [{"label": "TRADE", "task": "dst", "metric": "jga@trade"}]
    (tmp_path / "new.yaml").write_text(json.dumps(raw), encoding="utf-8")
    (run,) = with_layout([floors], [str(tmp_path / "new.yaml")])
    assert table_of(run).columns == ("TRADE",)
    (tmp_path / "new.yaml").write_text(json.dumps({**raw, "name": "flors"}), encoding="utf-8")
    with pytest.raises(UserError, match="no finished run of flors; did you mean 'floors'"):
        with_layout([floors], [str(tmp_path / "new.yaml")])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("florrs", None, "did you mean 'floors'"),
        ("bad.json", "{", "cannot be read"),
        ("bad.json", '{"format": 99}', "was not written by this version"),
        ("bad.json", '{"format": 1}', "is not a result of tod-bench"),
    ],
)
def test_what_is_no_run_is_said_in_a_sentence(floors_store, tmp_path, name, content, says):
    if content is not None:
        name = str(tmp_path / name)
        (tmp_path / "bad.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=says):
        read_runs([name], floors_store)


def report(*arguments):
    done = CliRunner().invoke(command, list(map(str, arguments)))
    if isinstance(done.exception, UserError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_prints_every_form(floors, floors_store, tmp_path):
    value = f"{floors.results[0].scores[0].value:.2f}"
    for form in ("table", "markdown", "latex", "terminal", "md"):
        assert value in report("floors", "--store", floors_store, "--format", form)
    rows = list(csv.DictReader(io.StringIO(report(floors_store, "--format", "csv"))))
    assert f"{float(rows[0]['value']):.2f}" == value
    tables = json.loads(report(floors_store, "--format", "json"))
    assert f"{tables['floors']['rows'][0]['numbers'][0]['value']:.2f}" == value
    assert tables["floors"]["rows"][0]["numbers"][0]["signatures"][0].startswith("jga|corpus:simulated1|")
    page = tmp_path / "page.html"
    assert value in report(floors_store, "--html", page, "--dialogues", 3)
    assert value in page.read_text(encoding="utf-8")


def test_forms_for_one_table_refuse_two(floors, floors_store, tmp_path):
    shutil.copytree(floors_store, tmp_path / "runs")
    other = replace(floors.results[0], config="other", experiment=Experiment("plain", "oracle", "dst", 9), key="k" * 64)
    Store(tmp_path / "runs").save_result(other)
    assert "Floors" in report("--store", tmp_path / "runs", "--format", "markdown")
    for arguments in (("--format", "csv"), ("--html", tmp_path / "x.html")):
        with pytest.raises(UserError, match="runs of 2 configs: floors, other; name one"):
            report("--store", tmp_path / "runs", *arguments)
    with pytest.raises(UserError, match="there is no finished run in"):
        report("--store", tmp_path / "nothing")
