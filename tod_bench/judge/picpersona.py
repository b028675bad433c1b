"""Protocol ``picpersona``: how the released PicPersona-TOD scripts ask and read, flaws included.

It exists so that numbers made with those scripts can be reproduced and the effect of each flaw can be shown; it is
never the default. Behaviour taken from ``evaluation_with_LLM/`` of the authors' repository (commit 5c3d42c); the
wording of the prompts is ours. Images are scaled and typed correctly all the same; answers that never came stay
unscored.
"""

from tod_bench.judge.items import Query
from tod_bench.judge.questions import PAPER_QUESTIONS, SCALE, WINNER
from tod_bench.judge.verdicts import Verdict
from tod_bench.systems import Exchange

NOTES = {
    "likert": (
        "protocol picpersona: blanks are removed and every `Qn:d` found in the answer is a hit (Q1: 3.5 hits 3, Q1: 10 "
        "hits 1, a dialogue quoted in the answer can hit)",
        "protocol picpersona: unless there are exactly five hits, all five answers are counted as 3",
    ),
    "pairwise": (
        "protocol picpersona: one fixed order, the second version (`ours` in the released script) always second",
        "protocol picpersona: an answer without `Winner: System 1` or `Winner: System 2` counts as a tie; the first of "
        "the two is taken wherever it stands in the answer",
        "protocol picpersona: the last character of every answer of the first system is dropped",
    ),
}
"""What the protocol does, by task: printed with every one of its numbers."""


def likert_verdict(answer: str) -> Verdict:
    """The five scores that ``eval_for_quality_process.py`` takes from an answer; 3 each where it finds none."""
    text = answer.replace(" ", "")
    hits = [score for name in PAPER_QUESTIONS for score in SCALE if f"{name}:{score}" in text]
    read = len(hits) == len(PAPER_QUESTIONS)
    values = hits if read else [3] * len(PAPER_QUESTIONS)
    return Verdict(dict(zip(PAPER_QUESTIONS, values, strict=True)), "" if read else _DEFAULTED)


def pairwise_verdict(answer: str) -> Verdict:
    """The winner that ``comparison_with_others_process.py`` takes from an answer; a tie where it finds none."""
    text = answer.lower().replace(" ", "").replace("*", "")
    for position in ("1", "2"):
        if f"winner:system{position}" in text:
            return Verdict({WINNER: position})
    return Verdict({WINNER: "tie"}, "" if "winner:tie" in text else _DEFAULTED)


_DEFAULTED = "counted by default: no answer was found"


def is_default(verdict: Verdict) -> bool:
    """Whether a verdict of this protocol stands for an answer that could not be read."""
    return verdict.reason == _DEFAULTED


def released_verdict(answer: str, query: Query) -> Verdict:
    """The verdict under this protocol; there is always one."""
    return pairwise_verdict(answer) if WINNER in query.questions else likert_verdict(answer)


def dialogue_lines(turns: tuple[Exchange, ...]) -> str:
    """A dialogue as the Likert script writes it: no marks around it, nothing escaped."""
    return "".join(f"user : {turn.user}\nsystem : {turn.system}\n" for turn in turns).rstrip("\n")


def paired_lines(first: tuple[Exchange, ...], second: tuple[Exchange, ...]) -> str:
    """Two systems' dialogue as the pairwise script writes it, the first system's last characters dropped."""
    return "".join(
        f"user : {one.user}\nsystem1 : {one.system[:-1]}\nsystem2 : {two.system}\n"
        for one, two in zip(first, second, strict=True)
    ).rstrip("\n")
