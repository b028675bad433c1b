"""The rating form in a browser, by real keys and clicks: no answer is lost, the focus stays, phones tell versions."""

import json
import re

import pytest

import chromium
from tod_bench.judge.annotation_page import write_annotation_page

pytestmark = pytest.mark.browser

COUNT = "document.getElementById('count').textContent"
PLACE = "document.getElementById('place').textContent"
FOCUS = "document.activeElement.name + ' ' + document.activeElement.value"


def chosen(page):
    """Question -> the values that are checked in the dialogue shown."""
    return page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('fieldset')].map((field) => [field.dataset.question, "
        "[...field.querySelectorAll('input:checked')].map((input) => input.value)]).filter((pair) => pair[1].length))"
    )


def kept(page, form, rater):
    """What the browser keeps of a rater: dialogue -> question -> answer."""
    study = json.loads(re.search(r'id="study">(.*?)</script>', form.read_text(), re.DOTALL)[1])
    text = page.evaluate(f"localStorage.getItem('tod-bench:{study['id']}:{rater}')")
    return json.loads(text or "{}").get("answers", {})


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.Chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(browser):
    yield browser
    browser.evaluate("localStorage.clear()")
    browser.call("Emulation.clearDeviceMetricsOverride")


@pytest.fixture
def likert(tiny, make_config, tmp_path, page):
    form = tmp_path / "likert.html"
    write_annotation_page(make_config(sample={"items": 4}), form)
    page.open(form.as_uri())
    return form


@pytest.fixture
def pairs(tiny, make_config, tmp_path, page):
    form = tmp_path / "pairs.html"
    write_annotation_page(make_config("pairwise", sample={"items": 4}), form)
    page.open(form.as_uri())
    return form


def type_name(page, name, end=("Enter",)):
    page.click("#rater")
    page.evaluate("document.getElementById('rater').value = ''")
    page.press(*name, *end)


def test_answers_given_before_the_name_are_kept_and_become_the_raters(likert, page):
    page.press("3", "2")
    assert page.evaluate(COUNT) == "2 of 20 answered"
    assert "enter your name" in page.evaluate("document.getElementById('warning').textContent")
    page.open(likert.as_uri())
    assert chosen(page) == {"Q1": ["3"], "Q2": ["2"]}
    page.press("n", "4")
    type_name(page, "anna")
    assert page.evaluate(COUNT) == "3 of 20 answered"
    assert page.evaluate(PLACE) == "Dialogue 2 of 4"
    assert chosen(page) == {"Q1": ["4"]}
    assert sorted(map(len, kept(page, likert, "anna").values())) == [1, 2]
    assert kept(page, likert, "") == {}
    page.open(likert.as_uri())
    assert page.evaluate(COUNT) == "3 of 20 answered"


def test_a_click_that_leaves_the_name_counts_as_an_answer(likert, page):
    type_name(page, "anna", end=())
    page.click("fieldset[data-question=Q2] label:nth-of-type(4) input")
    assert chosen(page) == {"Q2": ["4"]}
    assert list(kept(page, likert, "anna").values()) == [{"Q2": "4"}]


def test_one_raters_answers_are_not_anothers(likert, page):
    type_name(page, "anna")
    page.press("3", "n", "2")
    type_name(page, "ben")
    assert page.evaluate(COUNT) == "0 of 20 answered"
    assert page.evaluate(PLACE) == "Dialogue 1 of 4"
    page.press("1")
    type_name(page, "anna")
    assert (page.evaluate(COUNT), page.evaluate(PLACE)) == ("2 of 20 answered", "Dialogue 2 of 4")
    type_name(page, "last")
    assert page.evaluate(COUNT) == "0 of 20 answered"


def test_space_answers_and_keeps_the_focus(likert, page):
    type_name(page, "anna")
    page.evaluate("document.querySelector('fieldset[data-question=Q1] input[value=\"2\"]').focus()")
    page.press(" ")
    assert chosen(page) == {"Q1": ["2"]}
    assert page.evaluate(FOCUS) == "Q1 2"
    page.press("Tab")
    assert page.evaluate("document.activeElement.name") == "Q2"
    page.press(" ")
    assert chosen(page) == {"Q1": ["2"], "Q2": ["1"]}
    assert page.evaluate("document.activeElement.isConnected") is True


def test_space_on_a_factor_keeps_the_focus(pairs, page):
    type_name(page, "anna")
    page.evaluate("document.querySelectorAll('input[type=checkbox]')[2].focus()")
    before = page.evaluate(FOCUS)
    page.press(" ", "ArrowRight", "ArrowLeft")
    assert page.evaluate(FOCUS) == before
    assert page.evaluate(PLACE) == "Dialogue 1 of 4"
    assert sum(map(len, chosen(page).values())) == 1
    page.press(" ")
    assert chosen(page) == {}


@pytest.mark.parametrize("key", ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"])
def test_arrows_in_an_answer_choose_and_do_not_change_the_dialogue(likert, page, key):
    type_name(page, "anna")
    page.press("n")
    page.evaluate("document.querySelector('fieldset[data-question=Q3] input[value=\"2\"]').focus()")
    page.press(" ", key)
    assert page.evaluate(PLACE) == "Dialogue 2 of 4"
    expected = "3" if key in ("ArrowRight", "ArrowDown") else "1"
    assert chosen(page) == {"Q3": [expected]}
    assert page.evaluate(FOCUS) == f"Q3 {expected}"


def test_arrows_in_the_name_move_its_cursor(likert, page):
    type_name(page, "anna", end=("ArrowLeft", "ArrowRight", "n", "p", "3"))
    assert page.evaluate(PLACE) == "Dialogue 1 of 4"
    assert page.evaluate("document.getElementById('rater').value") == "annanp3"
    assert page.evaluate(COUNT) == "0 of 20 answered"


def test_keys_outside_of_an_answer_change_the_dialogue(pairs, page):
    page.press("ArrowRight", "n", "ArrowLeft", "p", "ArrowRight")
    assert page.evaluate(PLACE) == "Dialogue 2 of 4"


def test_a_browser_that_keeps_nothing_loses_nothing_while_it_is_open(likert, page):
    page.evaluate("Storage.prototype.setItem = () => { throw new Error('full') }")
    page.press("3")
    assert "does not keep" in page.evaluate("document.getElementById('warning').textContent")
    type_name(page, "anna")
    page.press("2", "n", "p")
    assert chosen(page) == {"Q1": ["3"], "Q2": ["2"]}
    type_name(page, "ben")
    type_name(page, "anna")
    assert chosen(page) == {"Q1": ["3"], "Q2": ["2"]}


@pytest.mark.parametrize("nonsense", ["nothing", "null", "[]", '{"answers": 3, "item": "x"}', '{"item": 99}', '"a"'])
def test_what_the_browser_keeps_may_be_spoilt(likert, page, nonsense):
    study = json.loads(re.search(r'id="study">(.*?)</script>', likert.read_text(), re.DOTALL)[1])
    for key in (f"tod-bench:{study['id']}", f"tod-bench:{study['id']}:", f"tod-bench:{study['id']}:anna"):
        page.evaluate(f"localStorage.setItem({json.dumps(key)}, {json.dumps(nonsense)})")
    page.open(likert.as_uri())
    type_name(page, "anna")
    page.press("4")
    assert page.evaluate(COUNT) == "1 of 20 answered"


def test_two_tabs_of_one_person_lose_no_answer(likert, page):
    type_name(page, "anna")
    # What another tab has written meanwhile: an answer to the second dialogue.
    study = json.loads(re.search(r'id="study">(.*?)</script>', likert.read_text(), re.DOTALL)[1])
    other = json.dumps({"answers": {study["items"][1]["key"]: {"Q1": "2"}}, "item": 1})
    page.evaluate(f"localStorage.setItem('tod-bench:{study['id']}:anna', {json.dumps(other)})")
    page.press("3")
    assert sorted(one["Q1"] for one in kept(page, likert, "anna").values()) == ["2", "3"]
    assert page.evaluate(COUNT) == "2 of 20 answered"


@pytest.mark.parametrize("kind", ["likert", "pairs"])
def test_a_phone_names_the_version_of_every_turn(kind, request, page, tmp_path):
    page.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
    request.getfixturevalue(kind)
    headings = ["Reference dialogue", "Rated dialogue"] if kind == "likert" else ["System 1", "System 2"]
    found = page.evaluate(
        "[...document.querySelectorAll('.turn.system')].map((turn) => [turn.querySelector('.version').textContent,"
        " turn.querySelector('.version').getBoundingClientRect().width, getComputedStyle(turn).borderLeftColor])"
    )
    assert [text for text, _, _ in found] == [f"{heading}: " for heading in headings] * (len(found) // 2)
    assert all(width > 30 for _, width, _ in found)
    assert len({colour for _, _, colour in found}) == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(tmp_path / "phone.png")
