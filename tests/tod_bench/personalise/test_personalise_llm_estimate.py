"""What a run would take: the requests of the user stage are those that are sent."""

import pytest
from llm_arm_support import Rules, find_lost, system, user

from tod_bench.llm import AnswerCache, ScriptedClient
from tod_bench.llm.estimates import estimate_tokens
from tod_bench.personalise.llm_arm import open_llm_arm
from tod_bench.personalise.llm_estimate import Asking, estimate_stages
from tod_bench.personalise.llm_options import StyleModel

pytest.importorskip("jinja2")


def test_the_user_stage_is_exact_and_the_cache_is_counted(tmp_path):
    users = [user(f"room {number}", key=f"test/a/{number}") for number in range(5)]
    systems = [system(f"room {number} it is", key=f"test/a/{number}") for number in range(5)]
    sent = []
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        client = ScriptedClient(lambda request: sent.append(request) or "fine", cache=cache)
        arm = open_llm_arm(StyleModel(model="gpt-4o"), client, Rules(), find_lost)
        asking = Asking(client.base_url, cache)
        before = estimate_stages(arm, asking, users, systems)
        assert [(one.stage, one.exact, one.estimate.requests) for one in before] == [
            ("user", True, 5),
            ("system", False, 5),
            ("semantic", False, 0),
            ("natural", False, 0),
        ]
        list(arm.user(users))
        assert before[0].estimate.prompt_tokens == sum(map(estimate_tokens, sent))
        assert before[0].estimate.completion_tokens == 5 * 300
        after = estimate_stages(arm, asking, users, systems)
        assert (after[0].estimate.requests, after[0].estimate.cached) == (0, 5)


def test_the_price_is_that_of_the_server(tmp_path):
    arm = open_llm_arm(StyleModel(model="gpt-4o"), ScriptedClient(lambda _: "x"), Rules(), find_lost)
    prices = [
        estimate_stages(arm, Asking("https://api.openai.com/v1", batch=batch), [user("hi")], [])[0].estimate.usd
        for batch in (False, True)
    ]
    assert 0 < prices[1] == pytest.approx(prices[0] / 2)
