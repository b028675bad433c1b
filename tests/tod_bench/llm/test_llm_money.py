import base64
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_support import asks

from tod_bench.errors import UserError
from tod_bench.llm import (
    AnswerCache,
    Budget,
    ChatAnswer,
    ChatRequest,
    ImagePart,
    Message,
    OpenAIClient,
    TextPart,
    Usage,
    estimate,
)
from tod_bench.llm.estimates import bound_tokens, estimate_tokens, image_tokens, text_counter
from tod_bench.llm.prices import ImageRule, Price, load_prices
from tod_bench.llm.records import OPENAI_URL

PRICES = load_prices()


def test_every_price_of_the_table_is_plausible():
    assert date(2026, 1, 1) <= PRICES.as_of
    for name, price in PRICES.models.items():
        assert 0 < price.input < price.output, name
        assert price.cached_input is None or 0 < price.cached_input < price.input, name


@pytest.mark.parametrize(
    ("model", "same_as"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4-0613", "gpt-4"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("gpt-4-turbo-2024-04-09", "gpt-4-turbo"),
    ],
)
def test_a_snapshot_has_its_models_price(model, same_as):
    assert PRICES.of(model, OPENAI_URL) is PRICES.models[same_as]


def test_a_snapshot_with_its_own_price_keeps_it():
    assert PRICES.of("gpt-4o-2024-05-13", OPENAI_URL).input == 5.0


@pytest.mark.parametrize("model", ["gpt-4o-audio", "ft:gpt-4o-2024-08-06:me::1", "llama", "gpt-4o-2024"])
def test_unknown_models_have_no_price_and_are_not_guessed(model):
    assert PRICES.of("llama", OPENAI_URL) is None
    assert PRICES.of("ft:gpt-4o-2024-08-06:me::1", OPENAI_URL) is None


@pytest.mark.parametrize("url", ["http://localhost:8000/v1", "http://127.0.0.1:1/v1", "http://[::1]:1/v1"])
def test_models_on_this_machine_are_free_unless_the_table_has_them(url):
    assert PRICES.of("llama", url).input == 0
    assert PRICES.of("gpt-4o", url).input == 2.5


def test_cost_by_hand():
    price = Price(input=2.5, cached_input=1.25, output=10.0, batch=0.5)
    # 600 fresh + 400 cached prompt tokens, 100 written: 600*2.5 + 400*1.25 + 100*10 = 3000 dollars per million
    assert price.cost(Usage(1000, 100, 400)) == pytest.approx(0.003)
    assert price.cost(Usage(1000, 100, 400), batch=True) == pytest.approx(0.0015)


def test_own_price_file(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text("as_of: 2027-01-02\nmodels:\n  gpt-4o: {input: 1, output: 2}\n  llama: {input: 3, output: 4}\n")
    prices = load_prices(own)
    assert (prices.models["gpt-4o"].input, prices.models["llama"].output) == (1, 4)
    assert prices.models["gpt-4.1"].input == 2.0
    assert prices.as_of == date(2027, 1, 2)


@pytest.mark.parametrize(
    "text", ["models: {gpt: {inputs: 1, output: 2}}", "as_of: 2027-01-02\nmodels: {g: {input: -1}}", "["]
)
def test_a_wrong_price_file_is_told(tmp_path, text):
    own = tmp_path / "mine.yaml"
    own.write_text(text)
    with pytest.raises(UserError, match=r"mine\.yaml"):
        load_prices(own)


# OpenAI's guide: 1024 x 1024 has 765 tokens, 2048 x 4096 has 1105, `low` has 85; 32-pixel patches, 1024 x 1024 = 1024
@pytest.mark.parametrize(
    ("size", "detail", "rule", "tokens"),
    [
        ((1024, 1024), "high", ImageRule(rule="tiles", base=85, tile=170), 765),
        ((2048, 4096), "high", ImageRule(rule="tiles", base=85, tile=170), 1105),
        ((4096, 8192), "low", ImageRule(rule="tiles", base=85, tile=170), 85),
        ((200, 100), "auto", ImageRule(rule="tiles", base=2833, tile=5667), 8500),
        ((1024, 1024), "auto", ImageRule(rule="patches"), 1024),
        ((1024, 1024), "auto", ImageRule(rule="patches", factor=1.62), 1659),
        ((33, 32), "auto", ImageRule(rule="patches"), 2),
        ((3000, 3000), "auto", ImageRule(rule="patches"), 1536),
    ],
)
def test_image_tokens(size, detail, rule, tokens):
    assert image_tokens(ImagePart(picture(*size), detail), rule) == tokens


def picture(width, height):
    from PIL import Image

    data = io.BytesIO()
    Image.new("1", (width, height)).save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


@pytest.mark.parametrize(
    "url", ["https://host/a.png", "data:image/png;base64,AAAA", "data:image/png;base64,?", "data:,"]
)
def test_an_image_that_cannot_be_measured_counts_as_the_largest(url):
    assert image_tokens(ImagePart(url), ImageRule(rule="patches")) == 1536


@given(st.text(max_size=200))
def test_the_bound_is_never_below_the_estimate(text):
    request = ChatRequest("gpt-4o", (Message("user", (TextPart(text),)),), schema={"type": "object"})
    assert bound_tokens(request) >= estimate_tokens(request) - 4


def test_counting_without_a_vocabulary_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    text_counter.cache_clear()
    count, name = text_counter("gpt-4o")
    assert (count("x" * 41), name) == (11, "4 bytes a token")
    text_counter.cache_clear()


def test_counting_with_a_vocabulary_at_hand(monkeypatch, tmp_path):
    """tiktoken is used when its file is there, here a made-up one: the 256 bytes and one merge."""
    tiktoken = pytest.importorskip("tiktoken")
    import hashlib

    import tiktoken_ext.openai_public as vocabularies

    url = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    (tmp_path / hashlib.sha1(url.encode()).hexdigest()).touch()
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    made_up = tiktoken.Encoding(
        "toy", pat_str=r".+", mergeable_ranks={**{bytes([b]): b for b in range(256)}, b"ab": 256}, special_tokens={}
    )
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: made_up)
    text_counter.cache_clear()
    count, name = text_counter("gpt-4o")
    assert (count("abab<|endoftext|>"), name) == (15, "tiktoken o200k_base")
    text_counter.cache_clear()
    assert vocabularies.ENCODING_CONSTRUCTORS["o200k_base"]


def test_estimate(tmp_path):
    # each prompt: 4 + 4 + ceil(10 bytes / 4) = 11 tokens; the answer at its longest: 100
    requests = list(asks(10, max_tokens=100))
    first = estimate([*requests, requests[0]], OPENAI_URL)
    assert (first.requests, first.cached, first.prompt_tokens, first.completion_tokens) == (10, 1, 110, 1000)
    assert first.usd == pytest.approx(110 * 2.5e-6 + 1000 * 10e-6)
    assert estimate(requests, OPENAI_URL, batch=True).usd == pytest.approx(first.usd / 2)
    with AnswerCache(tmp_path / "c.sqlite") as cache:
        for request in requests[:4]:
            cache.put(request.key(), ChatAnswer("x", "stop", "m", "", None, 0.0), asked="gpt-4o")
        assert estimate(requests, OPENAI_URL, cache=cache).requests == 6


def test_estimate_does_not_invent_a_price():
    assert estimate(asks(2, model="mystery"), OPENAI_URL).usd is None


def test_a_budget_needs_a_price():
    with pytest.raises(UserError, match="mystery"):
        Budget(1.0).hold(next(asks(1, model="mystery")), OPENAI_URL)


def test_hold_settle_write_off():
    request = next(asks(1, max_tokens=100))
    worst = PRICES.of("gpt-4o", OPENAI_URL).cost(Usage(bound_tokens(request), 100))
    budget = Budget(worst * 2.5)
    first, second = budget.hold(request, OPENAI_URL), budget.hold(request, OPENAI_URL)
    assert budget.hold(request, OPENAI_URL) is None
    budget.settle(first, Usage(10, 10))
    third = budget.hold(request, OPENAI_URL)
    assert third is not None
    budget.release(second)
    budget.write_off(third)
    spent = budget.spending()
    assert spent.usd == pytest.approx(10 * 2.5e-6 + 10 * 10e-6)
    assert spent.unsure_usd == pytest.approx(worst)
    assert budget.hold(request, OPENAI_URL) is not None
    assert budget.hold(request, OPENAI_URL) is None


def test_a_hold_for_a_batch_is_at_the_batch_price():
    request = next(asks(1, max_tokens=100))
    budget = Budget()
    now, batch = budget.hold(request, OPENAI_URL), budget.hold(request, OPENAI_URL, batch=True)
    assert batch.usd == pytest.approx(now.usd / 2) != 0
    budget.settle(batch, Usage(10, 10))
    assert budget.spending().usd == pytest.approx((10 * 2.5e-6 + 10 * 10e-6) / 2)


def test_clients_that_share_a_budget_share_its_limit():
    request = next(asks(1, max_tokens=100))
    worst = PRICES.of("gpt-4o", OPENAI_URL).cost(Usage(bound_tokens(request), 100))
    budget = Budget(worst * 1.5)
    clients = [OpenAIClient(OPENAI_URL, budget=budget) for _ in range(2)]
    assert clients[0].budget.hold(request, OPENAI_URL) is not None
    assert clients[1].budget.hold(request, OPENAI_URL) is None


@given(st.lists(st.sampled_from(["hold", "settle", "release", "lose"]), max_size=60), st.floats(0.0, 0.02))
def test_whatever_happens_the_budget_holds(steps, limit):
    budget, held = Budget(limit), []
    request = next(asks(1, max_tokens=100))
    most = bound_tokens(request)
    for step in steps:
        if step == "hold":
            held += [hold for hold in [budget.hold(request, OPENAI_URL)] if hold is not None]
        elif held:
            act = {
                "settle": lambda hold: budget.settle(hold, Usage(most, 100)),
                "release": budget.release,
                "lose": budget.write_off,
            }
            act[step](held.pop())
        spent = budget.spending()
        assert spent.usd + spent.unsure_usd <= limit + 1e-9
