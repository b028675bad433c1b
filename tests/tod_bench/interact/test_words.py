"""Words: what templates say and keywords understand, and what that costs."""

from random import Random

import pytest

from tod_bench.interact.acts import BYE, REQMORE, THANK
from tod_bench.interact.episode import Environment, play_episode
from tod_bench.interact.outcomes import episode_item
from tod_bench.interact.rule_policy import DeafAgent
from tod_bench.interact.words.language import OwnWords, RulePolicyInWords
from tod_bench.interact.words.lexicon import Lexicon, tokens
from tod_bench.interact.words.speaking import Speaker
from tod_bench.interact.words.understanding import AgentWords, UserWords
from tod_bench.interact.world import World
from tod_bench.records import Act
from tod_bench.simulated.corpus import Simulated
from tod_metrics import metric


@pytest.fixture(scope="module")
def world():
    return World(Simulated())


@pytest.fixture(scope="module")
def user_words(world):
    return UserWords(world)


@pytest.fixture(scope="module")
def agent_words(world):
    return AgentWords(world)


def of(domain, text):
    """Acts of texts such as ``inform area=west, request phone``."""
    acts = []
    for one in text.split(", "):
        act, _, rest = one.partition(" ")
        slot, _, value = rest.partition("=")
        acts.append(Act(domain, act, slot, value))
    return tuple(acts)


@pytest.mark.parametrize(
    ("about", "text", "acts"),
    [
        ("", "I am looking for a hotel.", of("hotel", "inform")),
        ("", "Can you help me with a hotel? It should have 4 stars.", of("hotel", "inform, inform stars=4")),
        ("hotel", "The type should be hotel.", of("hotel", "inform type=hotel")),
        ("hotel", "It should have no parking.", of("hotel", "inform parking=no")),
        (
            "hotel",
            "Please book it for friday. We will stay 3 nights.",
            of("hotel", "inform book day=friday, inform book stay=3"),
        ),
        ("restaurant", "It should serve south indian food.", of("restaurant", "inform food=south indian")),
        ("restaurant", "I would like cheap Indian food in the north.", None),
        ("restaurant", "It is called meze bar restaurant.", of("restaurant", "inform name=meze bar restaurant")),
        ("restaurant", "No, not that.", of("restaurant", "negate")),
        ("restaurant", "Any price range is fine.", of("restaurant", "inform pricerange=dontcare")),
        ("restaurant", "Please book it at 18:15.", of("restaurant", "inform book time=18:15")),
        ("train", "I want to arrive by 10:15.", of("train", "inform arriveby=10:15")),
        ("train", "I travel on monday.", of("train", "inform day=monday")),
        ("taxi", "I am going to leicester train station.", of("taxi", "inform destination=leicester train station")),
        ("train", "What is the travel time? What is the price?", of("train", "request duration, request price")),
        ("hotel", "Thank you. Goodbye.", (THANK, BYE)),
        ("", "Colourless green ideas.", ()),
    ],
)
def test_what_an_agent_takes_from_a_user(user_words, about, text, acts):
    understood = user_words.acts(text, about)
    if acts is None:
        acts = of("restaurant", "inform food=indian, inform area=north, inform pricerange=cheap")
        assert set(understood) == set(acts)
    else:
        assert understood == acts


@pytest.mark.parametrize(
    ("about", "text", "acts"),
    [
        ("hotel", "How about Alder Manor?", of("hotel", "recommend name=alder manor")),
        ("taxi", "The car is a red van.", of("taxi", "inform type=red van")),
        ("hotel", "It has no wifi.", of("hotel", "inform internet=no")),
        ("hotel", "For how many nights?", of("hotel", "request book stay")),
        ("train", "Unfortunately nothing matches that.", of("train", "nooffer")),
        ("hotel", "Sorry, there are no hotels like that.", of("hotel", "nooffer")),
        ("hotel", "I am sorry, that booking is not possible.", of("hotel", "nobook")),
        ("hotel", "It is booked, the reference number is AB23CD45.", of("hotel", "book ref=AB23CD45")),
        ("hotel", "I do not know the phone number.", of("hotel", "inform phone=unknown")),
        ("train", "It leaves at 10:15.", of("train", "inform leaveat=10:15")),
        ("train", "The arrival time is 11:15.", of("train", "inform arriveby=11:15")),
        ("hotel", "Is there anything else I can help you with?", (REQMORE,)),
        ("hotel", "", ()),
    ],
)
def test_what_a_user_takes_from_an_agent(agent_words, about, text, acts):
    assert agent_words.acts(text, about) == acts


def test_the_longest_value_wins(world):
    (mention,) = Lexicon(world).mentions(tokens("Is it at the Alder Manor?"))
    assert ("hotel", "name", "alder manor") in mention.meanings


def test_a_saints_street_ends_no_sentence(agent_words):
    assert len(list(agent_words._reader.sentences("It is in St. Johns Street. It is cheap.", "hotel"))) == 2


@pytest.mark.parametrize("domain", ["restaurant", "hotel", "attraction", "train"])
def test_every_value_that_an_agent_tells_is_understood(world, agent_words, domain):
    table = world.tables[domain]
    for number, named in enumerate(list(table.entities.values())[:12]):
        entry = named[0]
        for slot, value in entry.items():
            act = Act(domain, "recommend" if slot == table.key else "inform", slot, value)
            if slot == "day":
                continue
            text = Speaker("agent", Random(number)).say([act], domain)
            assert act in agent_words.acts(text, domain), text


def test_speakers_name_another_domain(world):
    speaker = Speaker("user", Random(1))
    first = speaker.say(of("hotel", "inform stars=4"))
    assert "hotel" in first
    assert "hotel" not in speaker.say(of("hotel", "inform area=west"))
    assert "an attraction" in speaker.say(of("attraction", "inform"))
    assert "hotel" in speaker.say(of("hotel", "request phone"))


def played(environment, agent):
    items = [episode_item(play_episode(environment, agent, goal, 0), environment.world) for goal in environment.goals]
    return {name: metric(name).score(items) for name in ("episode_success", "episode_strict", "simulator_faults")}


@pytest.fixture(scope="module")
def environment():
    return Environment(Simulated({"test": 60}), language=OwnWords())


def test_in_words_a_rule_policy_gets_what_the_goal_wants(environment):
    scores = played(environment, RulePolicyInWords())
    assert scores["episode_success"] >= 95
    assert scores["episode_strict"] >= 95


def test_words_that_say_what_was_not_meant_are_a_fault_of_language(environment):
    record = play_episode(environment, RulePolicyInWords(), environment.goals[0], 0)
    assert episode_item(record, environment.world).faults == ()
    goal = environment.goals[0]
    wish = goal.wishes[0]
    table = environment.world.tables[wish.domain]
    foreign = next(
        entry["area"]
        for named in table.entities.values()
        for entry in named
        if entry.get("area") not in (None, *wish.inform.values(), *wish.first.values())
    )
    record["turns"][0]["user"]["text"] += f" Somewhere in the {foreign} please."
    (fault,) = episode_item(record, environment.world).faults
    assert (fault.turn, fault.kind, fault.cause) == (0, "not in goal", "language")


def test_in_words_a_deaf_agent_gets_nothing(environment):
    assert played(environment, DeafAgent())["episode_success"] == 0


def test_acts_that_an_agent_declares_are_not_heard(environment):
    from tod_bench.interact.agents import Say

    episode = environment.reset(environment.goals[0], 0)
    observation = episode.user()
    assert observation.acts is None
    episode.agent(Say("Hello.", of("hotel", "recommend name=alder manor")))
    (turn,) = [turn for turn in episode.record(DeafAgent())["turns"] if "agent" in turn]
    assert turn["heard"] == []


def convlab(realdata, language):
    from tod_bench.corpora.base import open_corpus

    folder = realdata / "multiwoz" / "convlab3" / "data" / "multiwoz"
    return Environment(open_corpus("multiwoz", path=folder, version="2.1"), language=language, limit=200)


@pytest.mark.realdata
@pytest.mark.slow
def test_ceilings_on_multiwoz(realdata):
    from tod_bench.interact.rule_policy import RulePolicy

    by_acts = played(convlab(realdata, None), RulePolicy())
    in_words = played(convlab(realdata, OwnWords()), RulePolicyInWords())
    assert by_acts["episode_success"] >= 99
    assert in_words["episode_success"] >= 95
    assert by_acts["simulator_faults"] == 0
