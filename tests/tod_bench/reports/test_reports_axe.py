"""Accessibility of the page of a run, as axe-core judges it in a real browser: there is nothing to find."""

import pytest

import axe
import chromium
from tod_bench.reports.page import render
from tod_bench.reports.page_data import page_data

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.Chromium(tmp_path_factory.mktemp("axe") / "profile") as opened:
        yield opened


def test_axe_finds_what_is_wrong(browser, tmp_path):
    """The check is able to fail: a page without language, title or alternative text."""
    page = tmp_path / "bad.html"
    page.write_text(
        "<html><body><img src='data:,'><p style='color:#ccc'>pale words</p></body></html>", encoding="utf-8"
    )
    axe.show(browser, page)
    rules = {found.partition(" ")[0] for found in axe.violations(browser)}
    assert rules >= {"html-has-lang", "document-title", "image-alt", "color-contrast"}


@pytest.mark.parametrize("scheme", axe.SCHEMES)
@pytest.mark.parametrize("screen", axe.SCREENS)
def test_a_page_has_no_violation(browser, floors, tmp_path, screen, scheme):
    page = tmp_path / "page.html"
    page.write_text(render(page_data(floors, dialogues=4)), encoding="utf-8")
    axe.show(browser, page, screen=screen, scheme=scheme)
    assert axe.violations(browser) == []
