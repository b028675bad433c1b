"""The page in a real browser: signatures on hover and focus, dialogues by mouse and keyboard, small screens."""

import json
from dataclasses import replace

import pytest

import chromium
from chromium import contrast
from tod_bench.reports.page import page_data, render

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.Chromium(tmp_path_factory.mktemp("chromium") / "profile") as opened:
        yield opened


def opened(browser, run, tmp_path, corpora=None, dialogues=8, scheme="light"):
    # Clicks need a page that does not scroll on its own, and focus a page that believes it has the screen.
    media = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    browser.call("Emulation.setEmulatedMedia", features=[{"name": name, "value": one} for name, one in media.items()])
    browser.call("Emulation.setFocusEmulationEnabled", enabled=True)
    data = page_data(run, corpora, dialogues=dialogues)
    path = tmp_path / "page.html"
    path.write_text(render(data), encoding="utf-8")
    browser.open(path.as_uri())
    return data


def value(browser, expression):
    return browser.evaluate(expression)


def choose(browser, name, wanted):
    browser.evaluate(
        f"(() => {{ const field = document.getElementById('filters').elements[{json.dumps(name)}];"
        f" field[field.type === 'checkbox' ? 'checked' : 'value'] = {json.dumps(wanted)};"
        " field.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def test_signatures_by_keyboard_and_mouse(browser, floors, tmp_path):
    data = opened(browser, floors, tmp_path)
    numbers = [number for row in data.table.rows for number in row.numbers if number.signatures]
    value(browser, "document.querySelector('.number').focus()")
    assert value(browser, "document.getElementById('tip').textContent") == numbers[0].signatures[0]
    assert value(browser, "document.activeElement.getAttribute('aria-describedby')") == "tip"
    assert value(browser, "document.querySelectorAll('.number[tabindex=\"0\"]').length") == 1
    browser.press("ArrowDown")
    assert value(browser, "document.getElementById('tip').textContent") == data.table.rows[1].numbers[0].signatures[0]
    browser.press("ArrowRight")
    assert value(browser, "document.getElementById('tip').textContent") == data.table.rows[1].numbers[1].signatures[0]
    browser.press("Escape")
    assert value(browser, "document.getElementById('tip').hidden") is True
    value(browser, "document.activeElement.blur()")
    place = value(
        browser,
        "(() => { const b = document.querySelector('.number').getBoundingClientRect(); return [b.x + 3, b.y + 3]; })()",
    )
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    assert value(browser, "document.getElementById('tip').hidden") is False
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert value(browser, "document.getElementById('tip').hidden") is True


def test_dialogues_are_filtered_and_announced(browser, floors, tmp_path):
    data = opened(browser, floors, tmp_path).browser
    found = "document.getElementById('found').textContent"
    shown = "[...document.querySelectorAll('#list .id')].map(node => node.textContent)"
    assert value(browser, found) == "8 of 8 dialogues found."
    assert value(browser, shown) == [dialogue["id"] for dialogue in data["dialogues"]]
    assert value(browser, "document.getElementById('found').getAttribute('aria-live')") == "polite"

    choose(browser, "domain", "hotel")
    hotels = [dialogue["id"] for dialogue in data["dialogues"] if "hotel" in dialogue["domains"]]
    assert 0 < len(hotels) < 8
    assert value(browser, shown) == hotels
    assert value(browser, found) == f"{len(hotels)} of 8 dialogues found."

    browser.click("#filters button[type=reset]")
    value(browser, "new Promise(done => setTimeout(done, 50))")
    assert value(browser, found) == "8 of 8 dialogues found."

    errors = [
        (dialogue, turn, error)
        for dialogue in data["dialogues"]
        for turn in dialogue["turns"]
        for error in turn["answers"][0]["errors"]
    ]
    slot = errors[0][2][0]
    choose(browser, "slot", slot)
    assert value(browser, shown) == list(dict.fromkeys(one["id"] for one, _, error in errors if error[0] == slot))

    choose(browser, "slot", "")
    choose(browser, "wrong", True)
    wrong = [turn for turn in data["dialogues"][0]["turns"] if not turn["answers"][0]["right"]]
    assert value(browser, "document.querySelectorAll('#dialogue .turn').length") == len(wrong)
    choose(browser, "system-0", False)
    assert value(browser, found) == "0 of 8 dialogues found."
    assert value(browser, "document.querySelectorAll('#dialogue *').length") == 0


def test_differences_are_marked_by_sign_and_word(browser, floors, tmp_path):
    data = opened(browser, floors, tmp_path).browser
    turns = data["dialogues"][0]["turns"]
    kinds = {"missed": "−", "added": "+", "wrong": "≠"}
    expected = [kinds[error[1]] for turn in turns for error in sorted(turn["answers"][0]["errors"])]
    marks = value(
        browser,
        "[...document.querySelectorAll('#dialogue .compared tr td:nth-child(3) > .mark:not(.right) .sign')]"
        ".map(node => node.textContent)",
    )
    assert marks == expected
    assert expected
    words = value(browser, "document.querySelector('#dialogue').textContent")
    assert "missing" in words or "(not in gold)" in words or "(another value)" in words
    assert "✓" in words


def test_dialogues_by_keyboard(browser, floors, tmp_path):
    data = opened(browser, floors, tmp_path).browser
    value(browser, "document.querySelectorAll('#list button')[1].focus()")
    browser.press("Enter")
    assert value(browser, "document.getElementById('dialogue-h').textContent") == data["dialogues"][1]["id"]
    assert value(browser, "document.activeElement.id") == "dialogue"
    assert value(browser, "document.querySelector('#list [aria-current]').textContent").startswith(
        data["dialogues"][1]["id"]
    )
    value(browser, "document.querySelectorAll('.steps button')[1].focus()")
    browser.press("Enter")
    assert value(browser, "document.getElementById('dialogue-h').textContent") == data["dialogues"][2]["id"]


def test_a_slot_leads_to_its_dialogues(browser, floors, tmp_path):
    opened(browser, floors, tmp_path, dialogues=12)
    slot = value(browser, "document.querySelector('button.slot:not([disabled])').dataset.slot")
    browser.click("button.slot:not([disabled])")
    value(browser, "new Promise(done => setTimeout(done, 100))")
    assert value(browser, "document.getElementById('filters').elements.slot.value") == slot
    assert value(browser, "document.activeElement.id") == "dialogue"
    assert slot in value(browser, "document.getElementById('dialogue').textContent")


def test_hostile_text_is_shown_and_never_run(browser, nasty, tmp_path):
    run, corpora = nasty
    opened(browser, run, tmp_path, corpora)
    for number in range(5):
        value(browser, f"document.querySelectorAll('#list button')[{number}].click()")
        assert value(browser, "typeof window.hacked") == "undefined"
    assert value(browser, "document.images.length") == 0
    value(browser, "document.querySelectorAll('#list button')[0].click()")
    assert "</script><script>window.hacked = 1</script>" in value(
        browser, "document.getElementById('dialogue').textContent"
    )
    assert value(browser, "document.title").startswith("</script>")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_never_scrolls_sideways(browser, floors, tmp_path, width):
    mobile = width < 500
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=mobile)
    opened(browser, floors, tmp_path)
    value(browser, "document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert value(browser, "document.documentElement.scrollWidth") <= width
    browser.call("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible(browser, floors, tmp_path, scheme):
    """Every colour that text is written in has a contrast of 4.5 with both grounds (WCAG 2.2, 1.4.3)."""
    opened(browser, floors, tmp_path, scheme=scheme)
    assert value(browser, "matchMedia('(prefers-color-scheme: dark)').matches") is (scheme == "dark")
    names = ["ground", "panel", "ink", "quiet", "link", "right", "missed", "added", "wrong"]
    found = value(
        browser,
        "(() => { const s = getComputedStyle(document.documentElement);"
        f" return {json.dumps(names)}.map(name => s.getPropertyValue('--' + name).trim()); }})()",
    )
    colours = dict(zip(names, found, strict=True))
    for ground in ("ground", "panel"):
        for name in names[2:]:
            assert contrast(colours[name], colours[ground]) >= 4.5, (scheme, name, ground)


@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_of_a_plot_is_cut_off(browser, floors, tmp_path, width):
    opened(browser, floors, tmp_path, dialogues=0)
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
    cut = value(
        browser,
        "[...document.querySelectorAll('svg.chart text')].filter((text) => { const own = text.getBoundingClientRect(),"
        " whole = text.closest('svg').getBoundingClientRect();"
        " return own.right > whole.right + 1 || own.left < whole.left - 1; }).map((text) => text.textContent)",
    )
    browser.call("Emulation.clearDeviceMetricsOverride")
    assert cut == []
    assert "100.0 [100.0, 100.0]" in value(browser, "document.querySelector('svg.chart').textContent")


LIST = "[...document.querySelectorAll('#list .id')].map(node => node.textContent)"


def texts_of(turn):
    return [turn["user"], turn["system"], *turn.get("styled", {}).values()]


def test_dialogues_are_searched_and_sorted(browser, floors, tmp_path):
    data = opened(browser, floors, tmp_path).browser["dialogues"]
    word = max(data[0]["turns"][0]["user"].split(), key=len)
    browser.evaluate(
        "(() => { const field = document.getElementById('filters').elements.text;"
        f" field.value = {json.dumps(word.upper())}; field.dispatchEvent(new Event('input')); }})()"
    )
    texts = {
        one["id"]: " ".join(
            [
                *(one["id"], one["impression"]),
                *(" ".join([*texts_of(turn), *turn["gold"].values()]) for turn in one["turns"]),
            ]
        )
        for one in data
    }
    expected = [name for name, text in texts.items() if word.lower() in text.lower()]
    assert data[0]["id"] in expected
    assert value(browser, LIST) == expected
    browser.evaluate("document.getElementById('filters').elements.text.value = ''")
    choose(browser, "sort", "long")
    assert value(browser, LIST) == [one["id"] for one in sorted(data, key=lambda one: -len(one["turns"]))]
    choose(browser, "sort", "wrong")
    wrong = {one["id"]: sum(not turn["answers"][0]["right"] for turn in one["turns"]) for one in data}
    counts = [wrong[name] for name in value(browser, LIST)]
    assert counts == sorted(wrong.values(), reverse=True)


def test_turns_that_one_system_gets_right_and_another_wrong(browser, floors, tmp_path):
    page = opened(browser, floors, tmp_path).browser
    rule_match, oracle = (page["systems"].index(name) for name in ("rule_match", "oracle"))
    choose(browser, "right", str(oracle))
    choose(browser, "fails", str(rule_match))
    wrong = {
        one["id"]: [not turn["answers"][rule_match]["right"] for turn in one["turns"]] for one in page["dialogues"]
    }
    expected = [name for name, turns in wrong.items() if any(turns)]
    assert value(browser, LIST) == expected
    assert value(browser, "document.querySelectorAll('#dialogue section.turn').length") == sum(wrong[expected[0]])
    choose(browser, "right", str(rule_match))
    choose(browser, "fails", str(oracle))
    assert value(browser, LIST) == []


def test_a_link_leads_to_a_dialogue_and_a_turn(browser, floors, tmp_path):
    data = opened(browser, floors, tmp_path).browser["dialogues"]
    wanted = next(one for one in data[1:] if len(one["turns"]) > 2)
    browser.open((tmp_path / "page.html").as_uri() + f"#d={wanted['id']}&t=3")
    browser.wait_for(f"document.getElementById('dialogue-h').textContent === {json.dumps(wanted['id'])}")
    top = "Math.abs(document.getElementById('turn-3').getBoundingClientRect().top)"
    browser.wait_for(f"{top} < innerHeight / 2")
    browser.evaluate("document.querySelectorAll('#list button')[0].click()")
    address = "new URLSearchParams(location.hash.slice(1))"
    assert value(browser, f"{address}.get('d')") == data[0]["id"]
    browser.click("#turn-2 h4 a")
    assert value(browser, f"[{address}.get('d'), {address}.get('c'), {address}.get('t')]") == [
        data[0]["id"],
        "plain",
        "2",
    ]


def test_renderings_of_a_dialogue_stand_side_by_side(browser, floors, tmp_path):
    data = page_data(floors, dialogues=3)
    twin = [
        {**one, "corpus": "restyled", "turns": [{**t, "user": f"Hey! {t['user']}"} for t in one["turns"]]}
        for one in data.browser["dialogues"]
    ]
    both = replace(data, browser={**data.browser, "dialogues": [*data.browser["dialogues"], *twin]})
    (tmp_path / "page.html").write_text(render(both), encoding="utf-8")
    browser.open((tmp_path / "page.html").as_uri())
    assert value(browser, "document.querySelectorAll('#turn-1 .user').length") == 1
    choose(browser, "beside", True)
    users = value(browser, "[...document.querySelectorAll('#turn-1 .user')].map(node => node.lastChild.textContent)")
    assert users == [one["turns"][0]["user"] for one in (data.browser["dialogues"][0], twin[0])]
    assert value(browser, "document.querySelector('#turn-1 .sides').textContent.includes('restyled')")


def test_the_user_is_shown_and_what_is_said_to_them(browser, floors, tmp_path):
    page = opened(browser, floors, tmp_path).browser
    first = page["dialogues"][0]
    picture = "document.querySelector('#dialogue .person img')"
    browser.wait_for(f"{picture}.complete")
    assert value(browser, f"[{picture}.naturalWidth > 0, {picture}.alt]") == [True, first["impression"]]
    assert value(browser, f"{picture}.getAttribute('src')") == page["pictures"][first["picture"]]
    turn = next(number for number, turn in enumerate(first["turns"], 1) if "styled" in turn)
    words = f"document.getElementById('turn-{turn}').textContent"
    styled = first["turns"][turn - 1]["styled"]["system"]
    assert styled not in value(browser, words), "the oracle's response stands beside the corpus's"
    choose(browser, f"system-{page['systems'].index('oracle')}", False)
    assert "Personalised to this user" in value(browser, words)
    assert styled in value(browser, words)


def test_the_first_number_is_visible_on_a_phone(browser, floors, tmp_path):
    browser.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
    opened(browser, floors, tmp_path)
    bottom = value(browser, "document.querySelector('.lead .chart').getBoundingClientRect().bottom")
    browser.call("Emulation.clearDeviceMetricsOverride")
    assert bottom < 844
