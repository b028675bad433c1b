"""What every number of a run rests on: who judged, with which prompt, how much was unscored, what it cost."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tod_bench.files import digest_of
from tod_bench.judge.config import JudgeConfig
from tod_bench.judge.forms import check_word
from tod_bench.judge.verdicts import Judged, Unscored
from tod_metrics.base import Signature


def _problem(outcome: Unscored) -> str:
    """The reason and the detail, without the numbers (times, counts, ids) that differ from ask to ask."""
    detail = re.sub(r"(?<!HTTP )\b\w*\d\w*\b", "…", outcome.detail.strip())[:120]
    return f"{outcome.reason}: {detail}" if detail and outcome.detail != outcome.reason else outcome.reason


@dataclass
class Facts:
    """Facts of a run, gathered while its judged asks stream by.

    Attributes:
        config: The config.
        corpus: The corpus's name.
        prompt: Hash of the prompt's template.
        split: The split as signatures have it; empty for the config's own.
        models: Model names that the server returned -> answers.
        fingerprints: Server fingerprints -> answers.
        unscored: Reason -> asks.
        problems: Reason and what exactly was wrong -> asks without a verdict.
        dropped: Field of the request that the server does not take -> answers.
        answers: Answers that came, re-asks included.
        foretellable: Asks whose nonce can be computed from their id, as earlier versions had it.
        asks: Asks.
        reasked: Answers beyond the first of each ask.
        usage: Kind of token -> tokens, over every stored answer (whether paid for in this run or before).
        first: Time of the earliest answer.
        last: Time of the latest answer.
    """

    config: JudgeConfig
    corpus: str
    prompt: str
    split: str = ""
    models: Counter[str] = field(default_factory=Counter)
    fingerprints: Counter[str] = field(default_factory=Counter)
    unscored: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    foretellable: int = 0
    asks: int = 0
    reasked: int = 0
    usage: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""

    def watching(self, judged: Iterable[Judged]) -> Iterator[Judged]:
        """Passes judged asks on and takes note of them."""
        for one in judged:
            self._note(one)
            yield one

    def never_asked(self) -> None:
        """Takes note of an ask that nothing is stored of (its run was interrupted)."""
        self.asks += 1
        self.unscored["not asked"] += 1

    def _note(self, judged: Judged) -> None:
        self.asks += 1
        self.reasked += max(0, len(judged.attempts) - 1)
        if isinstance(judged.outcome, Unscored):
            self.unscored[judged.outcome.reason] += 1
            self.problems[_problem(judged.outcome)] += 1
        self.foretellable += bool(judged.check) and judged.check == check_word(judged.ask, "")
        for attempt in judged.attempts:
            self.answers += not attempt.failure
            self.dropped.update(attempt.dropped)
            if attempt.model:
                self.models[attempt.model] += 1
            if attempt.fingerprint:
                self.fingerprints[attempt.fingerprint] += 1
            self.usage.update({kind: count for kind, count in attempt.usage.items() if isinstance(count, int)})
            self.first = min(self.first or attempt.created, attempt.created)
            self.last = max(self.last, attempt.created)

    @property
    def commonest_problem(self) -> str:
        """The commonest reason of an ask without a verdict, and how often it came; empty where all have one."""
        if not self.problems:
            return ""
        problem, count = max(self.problems.items(), key=lambda pair: pair[1])
        return f"{problem} ({count} of {sum(self.unscored.values())})"

    @property
    def temperature(self) -> str:
        """The temperature that was sent; ``server`` where it was left to the server, for all answers or for some."""
        sent = self.config.temperature
        if sent is None or (self.dropped["temperature"] and self.dropped["temperature"] >= self.answers):
            return "server"
        return f"{sent:g}+server" if self.dropped["temperature"] else f"{sent:g}"

    @property
    def unscored_rate(self) -> float:
        """Share of asks without a verdict, 0 to 1."""
        return sum(self.unscored.values()) / max(1, self.asks)

    def signature(self, metric: str, **own: str | int) -> Signature:
        """The signature of one number.

        Args:
            metric: The metric's name.
            own: What sets the number apart within the run (question, arm, n, unscored, ...).
        """
        config = self.config
        return Signature(
            metric,
            {
                "corpus": self.corpus,
                "split": self.split or config.split,
                **{key: str(value) for key, value in own.items()},
                "judge": config.judge.model,
                "returned": "+".join(sorted(self.models)) or "none",
                "prompt": self.prompt,
                "order": self.order_policy,
                "protocol": config.protocol,
                "temperature": self.temperature,
                **self._further,
                "images": "yes" if config.judge.images else "no",
                "repeats": str(config.repeats),
                "sample": f"{config.sample.items or 'all'}@{config.sample.seed}",
            },
        )

    @property
    def _further(self) -> dict[str, str]:
        """What else was sent or left out, where it is not as usual."""
        extra = self.config.judge.extra
        others = sorted(self.dropped.keys() - {"temperature", "response_format"})
        sent = "+".join(f"{name}={json.dumps(extra[name])}" for name in sorted(extra))
        # A bar would end the option, and a long one nobody reads: the run's config has it in full.
        found = {
            "extra": digest_of(extra)[:12] if "|" in sent or len(sent) > 60 else sent,
            "left_out": "+".join(others),
        }
        return {name: value for name, value in found.items() if value}

    @property
    def order_policy(self) -> str:
        """How seats or questions are ordered."""
        config = self.config
        if config.task == "pairwise":
            return "fixed" if config.protocol == "picpersona" else config.orders
        if config.task == "emotions":
            return "none"
        return "fixed" if config.protocol == "picpersona" else {"together": "permuted"}.get(config.ask, config.ask)

    def to_json(self) -> Mapping[str, object]:
        """The facts as JSON values."""
        return {
            "judge": self.config.judge.model,
            "returned": dict(self.models),
            "fingerprints": dict(self.fingerprints),
            "prompt": self.prompt,
            "order": self.order_policy,
            "protocol": self.config.protocol,
            "asks": self.asks,
            "reasked": self.reasked,
            "unscored": dict(self.unscored),
            "commonest_problem": self.commonest_problem,
            "temperature": self.temperature,
            "left_out": dict(self.dropped),
            "foretellable": self.foretellable,
            "unscored_rate": self.unscored_rate,
            "usage": dict(self.usage),
            "first_answer": self.first,
            "last_answer": self.last,
        }
