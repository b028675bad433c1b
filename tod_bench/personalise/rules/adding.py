"""What an utterance has before and after it: openers and tags, and what a system turn's strategy adds."""

import hashlib
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from tod_bench.personalise.rules.rewriting import continues, lowered, raised
from tod_bench.personalise.rules.voice import Voice
from tod_bench.personalise.styling import ReviewText, SystemRequest
from tod_bench.records import Persona
from tod_bench.simulated.phrase_tables import phrase_table
from tod_bench.simulated.styles import Style, style_of

_OPENED = re.compile(
    r"(?:hi|hello|hey|good|greetings|ok|okay|alright|all right|great|well|very well|so|oh|ooh|ah|um|hmm|now|please"
    r"|thanks|thank|sure|yes|no|actually|also|and|but|sorry|unfortunately|excellent|perfect|wonderful|cool|nice|yay"
    r"|of course|certainly|absolutely|in that|if"
    r"|wait|sweet|awesome|lovely|welcome|glad|happy|you'?re welcome|you are)\b",
    re.IGNORECASE,
)
"""How an utterance begins that needs no opener."""

_POLITE = re.compile(r"\b(?:please|if you|if possible|if it|kind)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\A(?:(?:[\w'’]+,? ){0,2}?(?:can|could|may|might|would|will|please|find|book|give|get|make|tell|what|where|when"
    r"|yes|yeah|yep|no|nope|nah)\b"
    r"|(?:\S+ ){0,4}?(?:I|i|we)(?:['’]\w+)?\b.*\b(?:need|want|would like|d like|looking|after|find|seek\w*|prefer"
    r"|require|wanna|gotta|hoping|get|use|have)\b)(?!.*\b(?:able|called|was|were|preference)\b)",
    re.IGNORECASE,
)
"""How a sentence begins that may have a courtesy at its end."""

_FAREWELL = re.compile(
    r"\b(?:have (?:a|an|lots|fun)|see you|enjoy|bye|goodbye|good day|take care|safe)\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_UNFIT = re.compile(
    r"[\"“”?*#@\d\n]|\b(?:not|never|no|nothing|bad|worst|poor|rude|dirty|terrible|awful|disappoint\w*|expensive|overpriced"
    r"|cold|slow|unfortunately|but|however|\w+n['’]t|avoid|sadly|hate\w*|horrible|mediocre|he|she|they|this)\b",
    re.IGNORECASE,
)
"""What a quoted sentence must not have: complaints, numbers, and words that point outside of it."""

DOMAINS = ("restaurant", "hotel", "attraction", "train")
_ATTRACTIONS = ("travel", "movie", "media", "event")


def opened(sentences: list[str], opener: str) -> list[str]:
    """Sentences with an opener, unless they have one or it would not fit."""
    if not opener or not sentences or _OPENED.match(sentences[0]):
        return sentences
    if opener[-1] in ".!?":
        return [opener, *sentences]
    if not continues(sentences[0]):
        return sentences
    return [f"{opener} {lowered(sentences[0])}", *sentences[1:]]


def tagged(sentences: list[str], tag: str) -> list[str]:
    """Sentences with a tag, unless the courtesy that it has has been said."""
    if not tag or not sentences:
        return sentences
    said = " ".join(sentences)
    if _POLITE.search(tag) and _POLITE.search(said):
        return sentences
    if not tag.startswith(","):
        # A question is answered next: nothing stands between.
        return (
            sentences if tag in said or sentences[-1].endswith("?") else [*sentences[:-1], _stopped(sentences[-1]), tag]
        )
    last = sentences[-1]
    bare = last.rstrip(".!?")
    if len(bare.split()) > 22 or last.endswith("...") or not _ASKS.search(bare):
        return sentences
    return [*sentences[:-1], f"{bare}{tag}{last[len(bare) :] or '.'}"]


def talked_to(persona: Persona, emotion: str) -> Style:
    """How the simulated system talks to a persona whose dialogue has an emotion."""
    known = replace(
        persona,
        age=persona.age if persona.age in ("toddler", "child", "teenager", "senior") else "adult",
        formality=persona.formality if persona.formality == "formal" else "casual",
        emotion=emotion,
    )
    return style_of(known)


@cache
def styles_digest() -> str:
    """Hex digest of the simulated styles, whose welcomes, sympathy and remarks are said here too."""
    folder = files("tod_bench.simulated") / "phrases" / "styles"
    names = sorted(path.name.removesuffix(".yaml") for path in folder.iterdir() if path.name.endswith(".yaml"))
    content = json.dumps([[name, phrase_table(f"styles/{name}")] for name in names], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def greeted(sentences: list[str], style: Style, *, sympathy: bool, choice: random.Random) -> list[str]:
    """Sentences with a welcome and, where that is in place, a word about the user's mood."""
    has_greeting = bool(sentences) and bool(re.match(r"(?:hi|hello|hey|good|welcome|greetings)\b", sentences[0], re.I))
    added = [] if has_greeting else [choice.choice(style.welcome)]
    if sympathy and style.sympathy:
        added.append(choice.choice(style.sympathy))
    at = 1 if has_greeting and len(sentences) > 1 and sentences[0][-1] in ".!" else 0
    return (
        [*sentences[:at], *added, *(raised(each) for each in sentences[at:])] if not has_greeting or at else sentences
    )


def closed(sentences: list[str], voice: Voice, choice: random.Random) -> list[str]:
    """Sentences with a closing, unless they have one or end on a question."""
    if not voice.closings or not sentences or sentences[-1].endswith("?") or _FAREWELL.search(" ".join(sentences)):
        return sentences
    return [*sentences[:-1], _stopped(sentences[-1]), choice.choice(voice.closings)]


def reasoned(
    sentences: list[str], request: SystemRequest, voice: Voice, style: Style, choice: random.Random
) -> tuple[list[str], str]:
    """Sentences with why the venue suits the user, before a question that ends them; and the id of what is quoted."""
    quote, source = _quote(request.reviews)
    templates = voice.reasons.get("wiki" if request.strategy == "wiki" else "review", ())
    added = [choice.choice(templates).format(quote=quote)] if quote and templates else []
    remarks = style.remarks.get(_domain(request), ())
    if remarks:
        added.append(choice.choice(remarks))
    sentences = [*sentences[:-1], _stopped(sentences[-1])]
    at = len(sentences) - 1 if len(sentences) > 1 and sentences[-1].endswith("?") else len(sentences)
    return [*sentences[:at], *added, *sentences[at:]], source if quote and templates else ""


def _stopped(sentence: str) -> str:
    """A sentence with a full stop, where it has no punctuation to end it."""
    return sentence if sentence[-1:] in ".!?:,;" else f"{sentence}."


def _quote(reviews: Sequence[ReviewText]) -> tuple[str, str]:
    for review in reviews:
        for sentence in _short(_SENTENCE.split(review.text.strip())):
            return sentence, review.id
    return "", ""


def _short(sentences: Iterable[str]) -> Iterable[str]:
    for sentence in sentences:
        words = sentence.split()
        if 4 <= len(words) <= 16 and sentence[:1].isupper() and sentence[-1] in ".!" and not _UNFIT.search(sentence):
            yield sentence


def _domain(request: SystemRequest) -> str:
    for act in request.acts:
        name = act.domain.lower()
        for domain in DOMAINS:
            if domain in name:
                return domain
        if name.startswith(_ATTRACTIONS):
            return "attraction"
    return ""
