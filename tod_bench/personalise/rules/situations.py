"""What an utterance does, by which openers and tags are chosen."""

import re

from tod_bench.personalise.styling import SystemRequest, UserRequest

FAILURES = frozenset({"nobook", "nooffer", "notify_failure"})
"""Acts after which nothing is praised or celebrated."""

BOOKED = frozenset({"book", "offerbooked", "notify_success"})
OFFERS = frozenset({"recommend", "offer", "select"})
CLOSING = frozenset({"bye", "welcome", "goodbye", "thank", "greet"})

_YES = re.compile(r"\W*(?:yes|yeah|yep|sure|absolutely|definitely|ok|okay)\b", re.IGNORECASE)
_NO = re.compile(r"\W*(?:no|nope|nah)\b", re.IGNORECASE)
_THANKS = re.compile(r"\b(?:thanks?|thank you|bye|goodbye|that(?:'s| is| will be|'ll be)? all|cheers)\b", re.IGNORECASE)
_SORRY = re.compile(
    r"\b(?:sorry|unfortunately|unable|cannot|can['’]?t|could(?: not|n['’]?t)|unsuccessful|fail\w*|fully booked|no luck"
    r"|apologi\w+|afraid"
    r"|no (?:\w+ ){0,4}(?:available|match\w*|results|listings|trains|hotels|restaurants|attractions|places)"
    r"|(?:not|n['’]?t) (?:\w+ ){0,2}(?:find|available|any|able|have|successful))\b",
    re.IGNORECASE,
)
"""Words of a failure that the acts do not tell of."""


def user_situation(request: UserRequest) -> str:
    """What a user utterance does: ``thanks``, ``agree``, ``decline``, or, of what asks for something, where and how."""
    text = request.text
    if _THANKS.search(text):
        if len(text.split()) < 14 and "?" not in text:
            return "thanks"
        return "question" if text.rstrip().endswith("?") else "statement"
    if len(text.split()) <= 8 and (_YES.match(text) or _NO.match(text)):
        return "agree" if _YES.match(text) else "decline"
    if request.progress == "start":
        return "start"
    return "question" if text.rstrip().endswith("?") else "statement"


def failed(request: SystemRequest) -> bool:
    """Whether a system utterance tells of a failure, by its acts or by its words."""
    return bool({act.act for act in request.acts} & FAILURES) or bool(_SORRY.search(request.text))


def system_situation(request: SystemRequest) -> str:
    """What a system utterance does."""
    said = {act.act for act in request.acts}
    if failed(request):
        return "failure"
    if said & BOOKED:
        return "booked"
    if said & CLOSING:
        return "bye"
    if said & OFFERS or any(act.act == "inform" and act.slot.endswith("name") for act in request.acts):
        return "offer"
    if "inform" in said or "inform_count" in said:
        return "inform"
    return "request" if said & {"request", "confirm"} else "other"
