"""Rewriting of a text with masks: words, sentences, endings, capitals; what is masked stays as it is."""

import random
import re

from tod_bench.personalise.rules.voice import MASK, Voice

_FIRST_MASK = 0xE000
_MASKED = re.compile(f"[{MASK}]")
_BOUNDARY = re.compile(r"(?<=[.!?])(?<! [ap]\.m\.)(?<!\b(?:St|Mr|Dr)\.)(?<!\bMrs\.)\s+")
_CLAUSE = re.compile(
    r",? (?:and|but) (?=(?:I|we|I'm|I'd|I'll|it is|they are|there is|there are|the \w+ (?:is|will))\b)"
)
_QUESTION = re.compile(
    r"(?:what|where|when|which|who|how|why|can|could|would|will|is|are|do|does|did|may|might|any|have|has|should|shall)\b"
    r"|.*\b(?:can|could|would|may) (?:you|i|we)\b",
    re.IGNORECASE,
)
_STARTER = re.compile(
    r"(?:I|a|all|also|an|and|any|are|at|both|book|but|can|could|did|do|does|each|either|find|for|from|get|give|got|has|have|how|if|in|is|it"
    r"|its|just|let|looking|make|may|might|my|need|no|of|on|one|only|our|please|several|some|the|their|then|there|they|this|that|those|to"
    r"|was|we|what|when|where|which|who|why|will|with|would|yeah|yep|yes|you|your)(?:['’](?:m|s|d|ll|ve|re))?(?= |,)",
    re.IGNORECASE,
)
"""How a sentence begins whose capital is not its own."""

_I = re.compile(r"I\b")
_ARTICLE = re.compile(r"\b([Aa])(n?) (?=([A-Za-z]\w*))")
_VOWEL = re.compile(r"(?:[aeio]|u(?!ni|se|k\b|s\b))", re.IGNORECASE)
_CONSONANT_SOUND = re.compile(r"(?:one|once|eu)", re.IGNORECASE)


def masked(text: str, stretches: tuple[tuple[int, int], ...]) -> str:
    """A text with one letter of private use for each stretch."""
    pieces, last = [], 0
    for number, (start, end) in enumerate(stretches):
        pieces += [text[last:start], chr(_FIRST_MASK + number)]
        last = end
    return "".join([*pieces, text[last:]])


def can_be_masked(text: str) -> bool:
    """Whether a text has no letter of private use of its own."""
    return not _MASKED.search(text)


def unmasked(text: str, said: list[str]) -> str:
    """A masked text with its stretches back."""
    return _MASKED.sub(lambda mask: said[ord(mask[0]) - _FIRST_MASK], text)


def reworded(text: str, voice: Voice, choice: random.Random) -> str:
    """A text with some of its words said otherwise."""
    pieces: list[str] = []
    at = 0
    while found := voice.pattern.search(text, at):
        rule = voice.rules[str(found.lastgroup)]
        pieces.append(text[at : found.start()])
        if choice.random() < rule.rewrite.rate:
            said = choice.choice(rule.rewrite.say)
            for number in range(rule.choices):
                said = said.replace(f"{{{number + 1}}}", found.group(rule.group + number + 1).lower())
            pieces.append(_as_cased(said, found[0], _starts(text, found.start()), _pronoun_after(said)))
        else:
            pieces.append(found[0])
        at = found.end()
    return "".join([*pieces, text[at:]])


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with its punctuation."""
    return [sentence for sentence in _BOUNDARY.split(text.strip()) if sentence]


def joined(text: list[str], voice: Voice, choice: random.Random) -> list[str]:
    """Sentences, some statements joined to those before them."""
    kept: list[str] = []
    for sentence in text:
        before = kept[-1] if kept else ""
        fits = before.endswith(".") and sentence.endswith(".") and 3 <= len(before.split()) <= 14
        if (
            fits
            and continues(sentence)
            and len(sentence.split()) > 3
            and ", and " not in before
            and choice.random() < voice.join
        ):
            kept[-1] = f"{before[:-1]}, and {lowered(sentence)}"
        else:
            kept.append(sentence)
    return kept


def split(text: list[str], voice: Voice, choice: random.Random) -> list[str]:
    """Sentences, some cut where a clause with a subject of its own begins."""
    kept: list[str] = []
    for sentence in text:
        cut = _CLAUSE.search(sentence)
        if cut and cut.start() > 8 and not sentence.endswith("?") and choice.random() < voice.split:
            first = sentence[: cut.start()]
            kept += [first + ("?" if _QUESTION.match(first) else "."), raised(sentence[cut.end() :])]
        else:
            kept.append(sentence)
    return kept


def ended(sentence: str, voice: Voice, choice: random.Random) -> str:
    """A sentence whose full stop may have become an exclamation mark."""
    if sentence.endswith(".") and not sentence.endswith("..") and choice.random() < voice.exclaim:
        return sentence[:-1] + "!"
    return sentence


def raised(sentence: str) -> str:
    """A sentence that begins with a capital."""
    return sentence[:1].upper() + sentence[1:]


def continues(sentence: str) -> bool:
    """Whether a sentence may follow on a comma: not where its first word has a capital that may be its own."""
    return not sentence[:1].isupper() or bool(_STARTER.match(sentence))


def lowered(sentence: str) -> str:
    """A sentence that follows on another, without its capital unless that is its own."""
    return sentence[:1].lower() + sentence[1:] if _STARTER.match(sentence) and not _I.match(sentence) else sentence


def tidied(text: str) -> str:
    """A text without doubled blanks, commas and words that rules may have left."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([,!?])(?= |$)", r"\1", text)
    text = re.sub(r",(?: ?,)+", ",", text)
    text = re.sub(r",([.!?])", r"\1", text)
    return re.sub(r"\b(please|thanks|and|so)(,? )\1\b", r"\1", text, flags=re.IGNORECASE)


def with_articles(text: str, plain: str) -> str:
    """A text in which "a" and "an" fit the words that rules have put after them; those of the plain text stay."""
    before = plain.lower()
    return _ARTICLE.sub(lambda found: found[0] if f"{found[0]}{found[3]}".lower() in before else _article(found), text)


def _article(found: re.Match[str]) -> str:
    word = found[3]
    if (found[1] == "A" and word[:1].isupper()) or len(word) == 1:
        return found[0]
    spoken = bool(_VOWEL.match(word)) and not _CONSONANT_SOUND.match(word)
    vowel = spoken or word.lower().startswith(("hour", "honest"))
    return f"{found[1]}{'n' if vowel else ''} "


def _starts(text: str, at: int) -> bool:
    before = text[:at].rstrip()
    return not before or before[-1] in ".!?"


def _pronoun_after(said: str) -> bool:
    return bool(re.match(r"I\b|I['’]", said))


def _as_cased(said: str, found: str, starts: bool, pronoun: bool) -> str:
    if starts and found[:1].isupper():
        return raised(said)
    return said if pronoun else said[:1].lower() + said[1:]
