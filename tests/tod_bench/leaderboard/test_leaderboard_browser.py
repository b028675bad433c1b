"""The site in a real browser: sorted by mouse and keyboard, announced, legible on a phone and in the dark."""

import pytest

import axe
import chromium
from chromium import contrast
from leaderboards import submit
from tod_bench.leaderboard import read_board, write_site

pytestmark = pytest.mark.browser

SYSTEMS = "[...document.querySelectorAll('#table-1 .board tbody th a')].map(node => node.textContent)"
RANKS = "[...document.querySelectorAll('#table-1 .board tbody .rank')].map(node => node.textContent)"
SORTED = (
    "[...document.querySelectorAll('#table-1 .board thead th[aria-sort]')]"
    ".map(node => [node.querySelector('button').textContent.trim(), node.getAttribute('aria-sort')])"
)
CARD = ["parameters", "training data", "date"]
EVIL = "<script>window.hacked=1</script>"


@pytest.fixture(scope="module")
def board(tracks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    submit(folder, tracks, 2, system="middle", date="2026-01-01", tasks=["dst", "policy"])
    submit(folder, tracks, 1, system="worst", date="2026-02-01")
    submit(folder, tracks, 4, system="best", team=EVIL, date="2026-06-01")
    submit(folder, tracks, 0, system="ceiling", gold_access=["gold"], date="2026-03-01")
    return read_board(folder, tracks)


@pytest.fixture(scope="module")
def index(board, tmp_path_factory):
    return write_site(board, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.Chromium(tmp_path_factory.mktemp("chromium") / "profile") as opened:
        yield opened


def show(browser, path, scheme="light"):
    media = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    browser.call("Emulation.setEmulatedMedia", features=[{"name": name, "value": one} for name, one in media.items()])
    browser.call("Emulation.setFocusEmulationEnabled", enabled=True)
    browser.open(path.as_uri())


def heading(number):
    return f"#table-1 .board thead th:nth-child({number}) button"


def test_a_click_sorts_and_a_second_click_turns_round(browser, index):
    show(browser, index)
    assert browser.evaluate(SYSTEMS) == ["best", "middle", "worst", "ceiling"]
    assert browser.evaluate(RANKS) == ["1", "2", "3", "—"]
    assert browser.evaluate(SORTED) == [["jga", "descending"]]
    browser.click(heading(3))
    assert browser.evaluate(SYSTEMS) == ["worst", "middle", "best", "ceiling"]
    assert browser.evaluate(SORTED) == [["jga", "ascending"]]
    browser.click(heading(4))
    assert browser.evaluate(SYSTEMS) == ["best", "middle", "worst", "ceiling"]
    assert browser.evaluate(SORTED) == [["jga@trade", "descending"]]
    assert browser.evaluate("document.getElementById('status').textContent") == "Sorted by jga@trade, descending."
    assert browser.evaluate("document.getElementById('status').getAttribute('aria-live')") == "polite"


def test_keys_sort_and_the_focus_can_be_seen(browser, index):
    show(browser, index)
    browser.evaluate(f"document.querySelector('{heading(2)}').focus()")
    browser.press("Enter")
    assert browser.evaluate(SYSTEMS) == ["best", "middle", "worst", "ceiling"]
    assert browser.evaluate(SORTED) == [["system", "ascending"]]
    assert browser.evaluate(f"document.activeElement === document.querySelector('{heading(2)}')")
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.evaluate(f"document.querySelector('{heading(8)}').focus()")
    browser.press(" ")
    assert browser.evaluate(SYSTEMS) == ["middle", "worst", "best", "ceiling"]
    assert browser.evaluate(RANKS) == ["2", "3", "1", "—"]  # still those of jga


def test_ranks_follow_the_column(browser, index, board):
    show(browser, index)
    ranking = board.rankings[0]
    for number, column in enumerate(ranking.columns, start=3):
        browser.click(heading(number))
        ranks = {entry.card.system: column.places[entry.submission.name].rank or "—" for entry in ranking.entries}
        assert browser.evaluate(RANKS) == [ranks[system] for system in browser.evaluate(SYSTEMS)]


def test_protocols_can_be_chosen(browser, index):
    show(browser, index)
    shown = (
        "[...document.querySelectorAll('#table-1 .board thead th')].filter(node => node.offsetWidth)"
        ".map(node => node.textContent.trim())"
    )
    assert browser.evaluate(shown) == ["rank by jga", "system", "jga", "jga@trade", "slot_f1", *CARD]
    browser.evaluate(
        "(() => { const s = document.querySelector('#table-1 select'); s.value = 'trade';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    assert browser.evaluate(shown) == ["rank by jga@trade", "system", "jga@trade", *CARD]
    assert browser.evaluate(SORTED) == [["jga@trade", "descending"]]
    # One protocol leaves nothing to choose.
    assert browser.evaluate("document.querySelector('#table-2 .choose').hidden")


def test_a_number_tells_its_signature(browser, index):
    show(browser, index)
    browser.evaluate("document.querySelector('#table-1 .number').focus()")
    tip = browser.evaluate("document.getElementById('tip').textContent")
    assert tip.startswith("jga|corpus:simulated1|split:test|")
    browser.press("ArrowRight")
    assert "protocol:trade" in browser.evaluate("document.getElementById('tip').textContent")


def test_hostile_text_is_shown_and_never_run(browser, index):
    (page,) = (index.parent / "systems").glob("best-*.html")
    for path in (index, page):
        show(browser, path)
        assert browser.evaluate("typeof window.hacked") == "undefined"
        assert EVIL in browser.evaluate("document.body.textContent")


def test_the_page_of_a_system_browses_dialogues(browser, index):
    (page,) = (index.parent / "systems").glob("middle-*.html")
    show(browser, page)
    assert browser.evaluate("document.getElementById('found').textContent") == "3 of 3 dialogues found."
    assert "hotel-name" in browser.evaluate("document.getElementById('dialogue').textContent")
    browser.click("nav a")
    browser.wait_for("location.pathname.endsWith('/index.html')")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_scrolls_sideways(browser, index, width):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 500)
    for path in (index, *(index.parent / "systems").iterdir()):
        show(browser, path)
        browser.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.call("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_stands_out_from_the_ground(browser, index, scheme):
    show(browser, index, scheme)
    colour = "getComputedStyle(document.querySelector('{}')).{}"
    ground, dot = (
        browser.evaluate(colour.format(*one)) for one in (("body", "backgroundColor"), (".ranked .ci circle", "fill"))
    )
    assert contrast(ground, dot) >= 3  # WCAG 2.2, 1.4.11
    assert contrast(ground, browser.evaluate(colour.format("button.sort", "color"))) >= 4.5
    shaded = browser.evaluate(colour.format(".unranked .entry th", "backgroundColor"))
    assert contrast(shaded, browser.evaluate(colour.format(".unranked .entry .quiet", "color"))) >= 4.5


def test_a_search_leaves_what_has_all_words(browser, index):
    show(browser, index)
    shown = "[...document.querySelectorAll('#table-1 .board tr.entry')].filter(row => row.offsetHeight).length"
    said = "document.querySelector('#search output').textContent"
    for text, rows, count in (
        ("BEST", 1, "1 of 5 rows"),
        ("team none", 3, "4 of 5 rows"),
        ("nobody", 0, "0 of 5 rows"),
        ("", 4, ""),
    ):
        browser.evaluate(
            f"(() => {{ const input = document.querySelector('#search input'); input.value = '{text}';"
            " input.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )
        assert (browser.evaluate(shown), browser.evaluate(said)) == (rows, count)


def test_the_first_number_is_on_the_first_screen_of_a_phone(browser, index):
    axe.show(browser, index, screen="phone")
    box = "document.querySelector('.board td.n .number').getBoundingClientRect()"
    right, bottom = (browser.evaluate(f"{box}.{side}") for side in ("right", "bottom"))
    assert right <= 390
    assert bottom <= 844
    browser.call("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("scheme", axe.SCHEMES)
@pytest.mark.parametrize("screen", axe.SCREENS)
def test_no_page_has_a_violation(browser, index, screen, scheme):
    (system,) = (index.parent / "systems").glob("middle-*.html")
    for path in (index, index.with_name("metrics.html"), system):
        axe.show(browser, path, screen=screen, scheme=scheme)
        assert axe.violations(browser) == []
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_a_system_has_one_mark_on_every_page(browser, index):
    show(browser, index)
    drawn = "[...new Set([...document.querySelectorAll('a[href*=\"systems/middle-\"]')].map(link => {}))]"
    mark = "link.parentElement.querySelector('.mark').outerHTML"
    marks = browser.evaluate(drawn.format(mark))
    assert len(marks) == 1
    (page,) = (index.parent / "systems").glob("middle-*.html")
    show(browser, page)
    assert browser.evaluate("document.querySelector('h1 .mark').outerHTML") == marks[0]
