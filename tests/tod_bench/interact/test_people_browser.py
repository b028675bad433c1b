"""The page for people in a browser: dialogues by real keys and clicks, from the first wish to the last."""

import threading

import pytest

import chromium
from axe import violations
from tod_bench.interact.config import PlayConfig
from tod_bench.interact.episode import Environment
from tod_bench.interact.journal import read_journal
from tod_bench.interact.people import Desk
from tod_bench.interact.run import chat_play, score_journal
from tod_bench.interact.seeds import episode_seed
from tod_bench.interact.words.language import OwnWords
from tod_bench.simulated.corpus import Simulated

pytestmark = pytest.mark.browser

SIZES = {"test": 3}
CONFIG = PlayConfig.model_validate(
    {
        "name": "x",
        "corpus": {"corpus": "simulated", "options": {"dialogues": SIZES}},
        "agents": {"tracked": {"agent": "rule"}},
    }
)
STATUS = "document.getElementById('status').textContent"
MY_TURN = f"{STATUS}.endsWith('Your turn.')"
SAID = "[...document.querySelectorAll('#said li')].map(item => [item.className, item.lastChild.textContent])"


class Reader:
    """A person who pursues a goal as the seeded user would, and sees of the agent what the page shows."""

    def __init__(self, page, goal, environment):
        seed = episode_seed(environment.seed, goal.id, 0)
        self.page, self.voice = page, environment.language.voice(environment.world, seed)
        self.user = environment.user.user_of(goal, environment.world, seed)

    def talk(self):
        """The dialogue to its end; the texts that were typed."""
        typed = []
        while True:
            self.page.wait_for(f"{MY_TURN} && ({SAID}).length === {2 * len(typed)}", 60)
            said = self.page.evaluate(SAID)
            heard = self.voice.hear(said[-1][1]) if said else ()
            typed.append(self.voice.say(self.user.speak(heard)))
            self.page.click("#text")
            self.page.call("Input.insertText", text=typed[-1])
            if self.user.end:
                self.page.click(f"[data-end={'done' if self.user.end == 'done' else 'gave_up'}]")
                return typed
            self.page.press("Enter")


@pytest.fixture
def browser(tmp_path):
    with chromium.Chromium(tmp_path / "profile") as opened:
        yield opened


def test_whole_dialogues_by_hand_are_a_success(tmp_path, browser):
    environment = Environment(Simulated(SIZES), language=OwnWords())
    with Desk() as desk:
        agent = threading.Thread(target=chat_play, args=(CONFIG, "", tmp_path, desk), daemon=True)
        agent.start()
        browser.open(desk.url)
        typed = []
        for number, goal in enumerate(environment.goals, 1):
            browser.wait_for(f"document.getElementById('number').textContent === '{number}'", 60)
            shown = browser.evaluate("document.getElementById('goal').textContent")
            wanted = [value for wish in goal.wishes for value in (*wish.inform.values(), *wish.book.values())]
            assert all(value in shown for value in wanted)
            typed.append(Reader(browser, goal, environment).talk())
        agent.join(timeout=60)
        assert not agent.is_alive()
    browser.wait_for(f"{STATUS}.startsWith('That was the last dialogue')")
    assert browser.evaluate("[...document.querySelectorAll('button, textarea')].every(item => item.disabled)")

    journal = tmp_path / "tracked.people.jsonl"
    records = list(read_journal(journal))
    assert [[turn["user"]["text"] for turn in record["turns"]] for record in records] == typed
    assert {record["end"] for record in records} == {"done"}
    assert score_journal(journal, environment.world).get("episode_success").score == 100


def test_the_page_keeps_goal_and_form_in_sight_and_can_be_read_by_all(tmp_path, browser):
    with Desk() as desk:
        goal = Environment(Simulated(SIZES)).goals[0]
        desk.begin(goal)
        for number in range(12):
            threading.Thread(target=desk.ask, args=(f"Answer {number}. " * 8,), daemon=True).start()
            while not desk.type(f"Question {number}. " * 4, ""):
                pass
        threading.Thread(target=desk.ask, args=("The last answer.",), daemon=True).start()
        for width, height in ((1200, 900), (390, 700)):
            browser.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )
            browser.open(desk.url)
            browser.wait_for(f"{MY_TURN} && document.activeElement.id === 'text'")
            for part in ("wanted", "form"):
                top, bottom = browser.evaluate(
                    f"(box => [box.top, box.bottom])(document.getElementById('{part}').getBoundingClientRect())"
                )
                assert 0 <= top < bottom <= height
            assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert browser.evaluate("document.querySelector('#said li:last-child').lastChild.textContent") == (
                "The last answer."
            )
            browser.screenshot(tmp_path / f"{width}.png")
        assert violations(browser) == []
