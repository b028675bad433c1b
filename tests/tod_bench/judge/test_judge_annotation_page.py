"""The rating form: what it holds, and that a person can work through it with the keyboard in a real browser."""

import json
import re
import time

import pytest
from PIL import Image

import chromium
from tod_bench.errors import DataError, UserError
from tod_bench.judge.annotation_page import write_annotation_page
from tod_bench.judge.markdown import study_markdown
from tod_bench.judge.open_ratings import check_shared, read_open_ratings
from tod_bench.judge.own_questions import QuestionFile
from tod_bench.judge.people import read_study
from tod_bench.judge.ratings_csv import read_ratings
from tod_bench.judge.run import run, stored_questions, stored_ratings


def study_of(path):
    return json.loads(re.search(r'id="study">(.*?)</script>', path.read_text(), re.DOTALL)[1])


def test_a_form_is_one_file_that_loads_nothing(tiny, make_config, tmp_path):
    path = tmp_path / "form.html"
    assert write_annotation_page(make_config(sample={"items": 8}), path) == 8
    text = path.read_text()
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert "http" not in text
    assert [question["name"] for question in study_of(path)["questions"]] == ["Q1", "Q2", "Q3", "Q4", "Q5"]


def test_a_dialogue_cannot_end_the_data_block(tiny, make_config, tmp_path, monkeypatch):
    nasty = ("</script><script>alert(1)</script>", "<!-- <b>bold</b> ${x}")
    monkeypatch.setattr(tiny, "styled", (nasty,) * 4)
    path = tmp_path / "form.html"
    write_annotation_page(make_config(sample={"items": 4}), path)
    assert path.read_text().count("</script>") == 2
    assert study_of(path)["items"][0]["versions"][1][0] == {"user": nasty[0], "system": nasty[1]}


def test_seats_are_dealt_evenly_and_the_same_way_every_time(tiny, make_config, tmp_path):
    path = tmp_path / "form.html"
    write_annotation_page(make_config("pairwise"), path)
    orders = [item["order"] for item in study_of(path)["items"]]
    assert 10 < orders.count("ab") < 30
    write_annotation_page(make_config("pairwise"), tmp_path / "again.html")
    assert path.read_text() == (tmp_path / "again.html").read_text()


def test_emotions_have_no_form(tiny, make_config, tmp_path):
    with pytest.raises(UserError, match="Likert or pairwise"):
        write_annotation_page(make_config("emotions"), tmp_path / "form.html")


COURTESY = {
    "name": "courtesy",
    "instruction": "You judge how a system treats its user.",
    "questions": {
        "courtesy": {"text": "How courteous is the system?", "scale": {0: "rude", 1: "brusque", 2: "polite"}},
        "tone": {"text": "Which tone does it take?", "scale": {"warm": "friendly", "cold": ""}},
    },
}


def test_own_questions_are_asked_of_each_version_alone(tiny, make_config, tmp_path):
    path = tmp_path / "form.html"
    assert write_annotation_page(make_config("questions", question_file=COURTESY, sample={"items": 8}), path) == 16
    study = study_of(path)
    courtesy, tone = study["questions"]
    assert re.fullmatch(r"courtesy@[0-9a-f]{6}", courtesy["name"])
    assert [(one["value"], one["text"], one["key"]) for one in courtesy["options"]] == [
        ("0", "0: rude", "0"),
        ("1", "1: brusque", "1"),
        ("2", "2: polite", "2"),
    ]
    assert [(one["text"], one["key"]) for one in tone["options"]] == [("warm: friendly", "1"), ("cold", "2")]
    assert study["instruction"] == COURTESY["instruction"]
    assert all(len(item["versions"]) == 1 for item in study["items"])
    neighbours = zip(study["items"], study["items"][1:], strict=False)
    assert sum(one["id"] == other["id"] for one, other in neighbours) < 8
    states = make_config("questions", question_file="dst", sample={"items": 2})
    with pytest.raises(UserError, match="your own about dialogues"):
        write_annotation_page(states, path)


def own_ratings(path, rows):
    courtesy, tone = QuestionFile.model_validate(COURTESY).asked()
    asked = {"courtesy": courtesy, "tone": tone}
    lines = [f"{item},{asked[question]},{rater},{value},{version}" for item, question, rater, value, version in rows]
    path.write_text("\n".join(["item,question,rater,value,candidate", *lines]) + "\n")
    return path


def test_answers_to_own_questions_give_a_study_and_labels(tiny, make_config, make_client, tmp_path):
    ids = [f"d{number:03}" for number in range(6)]
    rows = [
        (name, question, rater, value, "restyled")
        for place, name in enumerate(ids)
        for rater in ("anna", "ben")
        for question, value in (("courtesy", place % 3), ("tone", ("warm", "cold")[place % 2]))
    ]
    path = own_ratings(tmp_path / "ratings.csv", rows)
    file = QuestionFile.model_validate(COURTESY)
    study = read_study(path, own=file)
    means = {(row.metric.name, row.group): row.score for row in study.rows}
    assert means["own_courtesy", "all"].value == 1.0
    assert means["own_courtesy", "all"].signature.options["raters"] == "2"
    assert means["own_tone_cold", "all"].value == 50.0
    levels = {one.question.partition("@")[0]: (one.level, one.alpha) for one in study.agreements}
    assert levels == {"courtesy": ("ordinal", 1.0), "tone": ("nominal", 1.0)}
    assert "| courtesy | restyled |" in study_markdown(study, "a study")
    assert study.to_json()["questions"][0]["question"] == "courtesy"
    with pytest.raises(DataError, match="a question of your own: give its file with --questions"):
        read_study(path)
    other = {**COURTESY["questions"]["courtesy"], "text": "How polite is it?"}
    changed = QuestionFile.model_validate({**COURTESY, "questions": {**COURTESY["questions"], "courtesy": other}})
    with pytest.raises(DataError, match="was asked in other words"):
        read_study(path, own=changed)
    with pytest.raises(DataError, match=r"'3' is no answer to courtesy@.* it should be one of 0, 1, 2"):
        read_study(own_ratings(tmp_path / "bad.csv", [("d000", "courtesy", "anna", 3, "restyled")]), own=file)

    # Against a judge: the same questions, items and versions.
    def judge(request):
        check = re.findall(r'"check": "(\w+)"', request.messages[0].content)[-1]
        return json.dumps({"check": check, "reason": "", "courtesy": 2, "tone": "warm"})

    config = make_config("questions", question_file=COURTESY, corpus={"corpus": "tiny", "options": {"size": 6}})
    run(config, tmp_path / "run", make_client(judge))
    judged = stored_ratings(tmp_path / "run")[0]
    beside = read_study(path, judged, own=stored_questions(tmp_path / "run"))
    assert {one.between for one in beside.agreements} >= {"judge and consensus", "judge and anna"}
    people, by_judge = (read_open_ratings(place) for place in (path, tmp_path / "run"))
    for question in people:
        check_shared(people[question], by_judge[question], ("people", "judge"))
        assert set(people[question].dialogues.values()) == set(ids)


@pytest.fixture
def page(tmp_path):
    with chromium.Chromium(tmp_path / "profile") as opened:
        yield opened


def name_rater(page, name):
    page.click("#rater")
    page.evaluate("document.getElementById('rater').value = ''")
    page.press(*name, "Enter")


def exported(page, folder):
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    page.click("#export")
    for _ in range(100):
        files = [path for path in folder.glob("*.csv") if path.stat().st_size]
        if files:
            return files[0]
        time.sleep(0.05)
    raise AssertionError("nothing was downloaded")


@pytest.mark.browser
def test_likert_by_keyboard_saved_as_it_goes_and_exported(tiny, make_config, tmp_path, page):
    images = tmp_path / "images" / "a"
    images.mkdir(parents=True)
    for number in (1, 2, 3, 4):
        Image.new("RGB", (60, 60), (200, 120, 30 * number)).save(images / f"{number}.png")
    judge = {"model": "m", "images": str(tmp_path / "images")}
    form = tmp_path / "form.html"
    write_annotation_page(make_config(sample={"items": 4}, judge=judge), form)
    page.open(form.as_uri())

    name_rater(page, "anna")
    assert page.evaluate("document.querySelector('#person img').naturalWidth") == 60
    assert page.evaluate("document.querySelectorAll('fieldset').length") == 5
    assert page.evaluate("document.querySelectorAll('.columns .system').length") == 4

    page.press("3", "4", "2", "1", "4")
    assert page.evaluate("document.getElementById('count').textContent") == "5 of 20 answered"
    page.press("ArrowRight", "1")
    page.press("ArrowUp", "2")
    page.click("fieldset[data-question=Q5] label:last-of-type input")
    assert page.evaluate("document.getElementById('count').textContent") == "7 of 20 answered"
    page.screenshot(tmp_path / "likert.png")

    page.open(form.as_uri())
    assert page.evaluate("document.getElementById('count').textContent") == "7 of 20 answered"
    assert page.evaluate("document.getElementById('place').textContent") == "Dialogue 2 of 4"
    name_rater(page, "ben")
    assert page.evaluate("document.getElementById('count').textContent") == "0 of 20 answered"
    name_rater(page, "anna")

    downloads = tmp_path / "downloads"
    downloads.mkdir()
    read = read_ratings(exported(page, downloads))
    first = study_of(form)["items"][0]["id"]
    values = {rating.question: rating.value for rating in read.ratings if rating.item == first}
    assert values == {"Q1": 3, "Q2": 4, "Q3": 2, "Q4": 1, "Q5": 4}
    assert {rating.rater for rating in read.ratings} == {"anna"}
    assert {rating.candidate for rating in read.ratings} == {"restyled"}
    assert len(read.ratings) == 7
    assert read.attributes[first]["age"] == study_of(form)["items"][0]["attributes"]["age"]


@pytest.mark.browser
def test_own_questions_by_keyboard(tiny, make_config, tmp_path, page):
    form = tmp_path / "form.html"
    write_annotation_page(make_config("questions", question_file=COURTESY, sample={"items": 4}), form)
    page.open(form.as_uri())
    name_rater(page, "anna")
    assert page.evaluate("document.getElementById('person').textContent") == ""
    assert page.evaluate("document.querySelectorAll('.columns .turn').length") == 4
    assert COURTESY["instruction"] in page.evaluate("document.getElementById('help').textContent")
    page.press("0", "2", "n", "2", "1")
    page.screenshot(tmp_path / "own.png")
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    read = read_ratings(exported(page, downloads), own=QuestionFile.model_validate(COURTESY)).ratings
    first, second = study_of(form)["items"][:2]
    values = {(one.item, one.candidate, one.question.partition("@")[0]): one.value for one in read}
    assert values == {
        (first["id"], first["candidate"], "courtesy"): 0,
        (first["id"], first["candidate"], "tone"): "cold",
        (second["id"], second["candidate"], "courtesy"): 2,
        (second["id"], second["candidate"], "tone"): "warm",
    }


@pytest.mark.browser
def test_pairs_name_versions_again_whatever_the_seats(tiny, make_config, tmp_path, page):
    form = tmp_path / "form.html"
    write_annotation_page(make_config("pairwise", sample={"items": 8}), form)
    page.open(form.as_uri())
    name_rater(page, "anna")
    for number in range(8):
        page.press(*("2ga" if number else "tr"), "ArrowRight")
    page.screenshot(tmp_path / "pairwise.png")
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    path = exported(page, downloads)
    found = {rating.item: rating for rating in read_ratings(path).ratings}
    for number, item in enumerate(study_of(form)["items"]):
        expected = "tie" if number == 0 else "second" if item["order"] == "ab" else "first"
        assert found[item["id"]].value == expected
        assert found[item["id"]].factors == (("recommendation",) if number == 0 else ("greeting", "age"))
    study = read_study(path)
    assert next(iter(study.pairs)) == "original|restyled"
    shares = study.to_json()["factors"]["original|restyled"]["all"]
    assert shares["named"] == 15
    assert shares["age"] == pytest.approx(100 * 7 / 15)
