"""Records of episodes written by hand."""

VERSIONS = {"record": 1, "corpus": "simulated1", "split": "test", "patience": 3, "language": "acts"}


def acts(*texts):
    """Acts of texts such as ``hotel inform area=west``."""
    made = []
    for text in texts:
        domain, act, *rest = text.split(" ", 2)
        slot, _, value = rest[0].partition("=") if rest else ("", "", "")
        made.append([domain, act, slot, value])
    return made


def turn(user, *heard, declared=None, text=""):
    """A turn: what the user says, and what it hears of the answer."""
    spoken = acts(*heard)
    said = spoken if declared is None else acts(*declared)
    return {"user": {"text": "", "acts": acts(*user)}, "agent": {"text": text, "acts": said}, "heard": spoken}


def episode(goal, turns, ledger=(), end="done", trial=0):
    """A record that ends with the user's goodbye."""
    last = {"user": {"text": "", "acts": acts("general bye")}}
    return {
        "goal": goal.to_json(),
        "trial": trial,
        "seed": 1,
        "versions": VERSIONS,
        "agent": {"agent": "hand"},
        "turns": [*turns, last],
        "ledger": list(ledger),
        "end": end,
    }
