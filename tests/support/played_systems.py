"""Systems that agents of the tests are made of; each reads one user's own templates by keywords, and learns nothing."""

from tod_bench.interact.words.language import domain_of
from tod_bench.interact.words.understanding import UserWords
from tod_bench.interact.world import World
from tod_bench.records import Act, Prediction
from tod_bench.simulated.corpus import Simulated
from tod_bench.systems import System

WORDS = UserWords(World(Simulated({"test": 1})))
BOOKED = {"restaurant": ("day", "people", "time"), "hotel": ("day", "people", "stay"), "train": ("people",)}


def understood(shown):
    """The acts of a dialogue's user turns, turn by turn."""
    about, turns = "", []
    for text in (*(exchange.user for exchange in shown.history), shown.user):
        acts = WORDS.acts(text, about)
        about = domain_of(acts) or about
        turns.append(acts)
    return turns


class Stub(System):
    """What systems of the tests have in common."""

    tasks = frozenset({"dst"})

    def fits_together(self, task):
        return ()

    def fit(self, train, dev, context):
        raise AssertionError

    def load(self, context):
        pass

    def predict(self, task, inputs):
        for shown in inputs:
            yield Prediction(shown.dialogue_id, shown.turn, **self.answer(shown))


class Keywords(Stub):
    """A tracker that misses nothing that these users say."""

    def answer(self, shown):
        state = {}
        for acts in understood(shown):
            for one in acts:
                if one.act == "inform" and one.slot:
                    state.setdefault(one.domain, {})[one.slot] = one.value
        return {"state": state}


class DelexicalisedPolicy(Stub):
    """Acts without values, as policies learn them: an offer, what was asked, what is missing of a booking."""

    tasks = frozenset({"policy"})

    def answer(self, shown):
        asked = understood(shown)[-1]
        domain = domain_of(asked)
        state = (shown.state or {}).get(domain, {})
        if domain == "taxi":
            missing = [slot for slot in ("departure", "destination") if slot not in state]
            return {"acts": tuple(Act("taxi", "request", slot) for slot in missing) or (Act("taxi", "inform", "type"),)}
        if domain == "train":
            for slot in ("departure", "destination", "day"):
                if slot not in state:
                    return {"acts": (Act("train", "request", slot),)}
        if domain and not shown.db_entries.get(domain):
            return {"acts": (Act(domain, "nooffer"),)}
        acts = [Act(domain, "recommend", "trainid" if domain == "train" else "name")] if domain else []
        acts += [Act(domain, "inform", one.slot) for one in asked if one.act == "request" and one.slot != "ref"]
        if any(slot.startswith("book ") for slot in state):
            missing = [slot for slot in BOOKED[domain] if f"book {slot}" not in state]
            acts += [Act("booking", "request", slot) for slot in missing] or [Act("booking", "book", "ref")]
        return {"acts": tuple(acts) or (Act("general", "reqmore"),)}


class Placeholders(DelexicalisedPolicy):
    """The same in words with placeholders, which never knows a reference."""

    tasks = frozenset({"response"})

    def answer(self, shown):
        said = []
        for one in super().answer(shown)["acts"]:
            match one.act:
                case "recommend":
                    said.append(f"I can suggest [{one.domain}_{'id' if one.slot == 'trainid' else 'name'}].")
                case "inform" if one.slot in ("internet", "parking"):
                    said.append(f"It has free {'wifi' if one.slot == 'internet' else 'parking'}: [value_{one.slot}].")
                case "inform":
                    said.append(f"The {one.slot.replace('fee', ' fee')} is [{one.domain}_{one.slot}].")
                case "request" if one.domain == "booking":
                    said.append({"people": "For how many people?", "day": "On what day?"}.get(one.slot, ""))
                    said.append({"time": "At what time?", "stay": "For how many nights?"}.get(one.slot, ""))
                case "request":
                    asked = {"departure": "Where do you depart from?", "destination": "What is your destination?"}
                    said.append({**asked, "day": "On which day do you travel?"}[one.slot])
                case "nooffer":
                    said.append("I could not find anything.")
                case "reqmore":
                    said.append("Can I help you with anything else?")
        return {"response": " ".join(part for part in said if part)}


SYSTEMS = {"keywords": Keywords, "delexicalised_policy": DelexicalisedPolicy, "placeholders": Placeholders}
