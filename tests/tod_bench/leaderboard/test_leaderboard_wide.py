"""Long names in a real browser: numbers stay in sight, and ranks are those of the protocol that is shown."""

import pytest

import chromium
from leaderboards import submit
from tod_bench.leaderboard import read_board, write_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.find() is None, reason="there is no Chromium; Debian's package is `chromium`"),
]

LONG = ("W" * 60, "a system with sixty letters and single blanks in its name ok", "系" * 60)


@pytest.fixture(scope="module")
def board(tracks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wide")
    for number, name in enumerate(LONG, start=2):
        submit(folder, tracks, number, system=name, team=name[::-1].strip(), date=f"2026-0{number}-01")
    submit(folder, tracks, 10**6, system="C" * 60, team="M" * 60)
    return read_board(folder, tracks)


@pytest.fixture(scope="module")
def index(board, tmp_path_factory):
    return write_site(board, tmp_path_factory.mktemp("wide-site"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.Chromium(tmp_path_factory.mktemp("chromium") / "profile") as opened:
        yield opened


@pytest.mark.parametrize(("width", "widest"), [(1280, 300), (390, 130)])
def test_a_name_of_sixty_letters_leaves_room_for_numbers(browser, index, board, width, widest):
    assert board.refused == ()
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    for path in (index, *(index.parent / "systems").iterdir()):
        browser.open(path.as_uri())
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.open(index.as_uri())
    names = "[...document.querySelectorAll('.board .entry th, .history tbody th, .history .name')]"
    assert browser.evaluate(f"Math.max(...{names}.map(one => one.offsetWidth))") <= widest
    # No letter sticks out of its cell, and the first number begins in sight.
    assert browser.evaluate(f"{names}.every(one => one.scrollWidth <= one.clientWidth + 1)")
    assert browser.evaluate("document.querySelector('.board td.n').getBoundingClientRect().left") < 0.75 * width
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_ranks_are_those_of_the_protocol_that_is_shown(browser, index, board, tmp_path):
    """The ranks of `jga` are made unlike those of `jga@trade` in the page, so that it shows which are taken."""
    html = index.read_text(encoding="utf-8")
    path = index.with_name("changed.html")
    path.write_text(html, encoding="utf-8")
    browser.open(path.as_uri())
    browser.evaluate(
        "document.querySelectorAll('#table-1 td[data-protocol=trade]').forEach("
        "(one, place) => { one.dataset.rank = 'trade ' + place; one.dataset.value = place; })"
    )
    ranks = "[...document.querySelectorAll('#table-1 .board .ranked .rank')].map(node => node.textContent)"
    named = "document.querySelector('#table-1 .ranked-by').textContent"
    assert (browser.evaluate(ranks), browser.evaluate(named)) == (["1", "2", "3"], "by jga")
    choose(browser, "trade")
    assert browser.evaluate(ranks) == ["trade 2", "trade 1", "trade 0"]
    assert browser.evaluate(named) == "by jga@trade"
    # Sorted by date, a change of protocol changes the ranks and leaves the order.
    browser.click("#table-1 .board thead th:last-child button")
    assert browser.evaluate(ranks) == ["trade 2", "trade 1", "trade 0"]
    choose(browser, "tod_bench")
    assert (browser.evaluate(ranks), browser.evaluate(named)) == (["3", "2", "1"], "by jga")
    choose(browser, "")
    assert (browser.evaluate(ranks), browser.evaluate(named)) == (["3", "2", "1"], "by jga")


def choose(browser, protocol):
    browser.evaluate(
        f"(() => {{ const s = document.querySelector('#table-1 select'); s.value = '{protocol}';"
        " s.dispatchEvent(new Event('change')); })()"
    )
