"""What every number of a run rests on: who judged, with which prompt, how much was unscored, what it cost."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tod_bench.files import digest_of
from tod_bench.judge.config import OF_CORPUS, JudgeConfig
from tod_bench.judge.picpersona import NOTES
from tod_bench.judge.prompting import placeholder
from tod_bench.judge.rows import JudgeRow
from tod_bench.judge.store import Judged
from tod_bench.judge.validity import LengthControl
from tod_bench.judge.verdicts import Unscored
from tod_bench.scores import Score
from tod_metrics.base import Signature
from tod_metrics.judge.emotions import EmotionLabelShare
from tod_metrics.judge.length import WinRateLengthControlled
from tod_metrics.judge.likert import LikertMetric
from tod_metrics.judge.own_questions import OwnMetric
from tod_metrics.judge.position import PositionMetric
from tod_metrics.judge.win_rate import PairMetric


@dataclass
class Facts:
    """Facts of a run, gathered while its judged queries stream by; it signs every score.

    Attributes:
        config: The config.
        corpus: The corpus's name.
        prompt: Hash of the prompt's template.
        split: The split as signatures have it; empty for the config's own.
        unseen: Users without a picture, and all users, of a judge that is shown pictures; (0, 0) for one that is not.
        models: Model names that the server returned -> answers.
        fingerprints: Server fingerprints -> answers.
        unscored: Reason -> queries.
        problems: Reason and what exactly was wrong -> queries without a verdict.
        dropped: Field of the request that the server does not take -> answers.
        weighed: Answers to questions that have probabilities, where log-probabilities were asked for.
        unweighed: Those that have none.
        answers: Answers that came, re-asks included.
        foretellable: Queries whose nonce can be computed from their id, as earlier versions had it.
        queries: Queries.
        reasked: Answers beyond the first of each query.
        usage: Kind of token -> tokens, over every stored answer (whether paid for in this run or before).
        first: Time of the earliest answer.
        last: Time of the latest answer.
    """

    config: JudgeConfig
    corpus: str
    prompt: str
    split: str = ""
    unseen: tuple[int, int] = (0, 0)
    models: Counter[str] = field(default_factory=Counter)
    fingerprints: Counter[str] = field(default_factory=Counter)
    unscored: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    weighed: int = 0
    unweighed: int = 0
    answers: int = 0
    foretellable: int = 0
    queries: int = 0
    reasked: int = 0
    usage: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""

    def watching(self, judged: Iterable[Judged]) -> Iterator[Judged]:
        """Passes judged queries on and takes note of them."""
        for one in judged:
            self._note(one)
            yield one

    def never_asked(self) -> None:
        """Takes note of a query that nothing is stored of (its run was interrupted)."""
        self.queries += 1
        self.unscored["not asked"] += 1

    def _note(self, judged: Judged) -> None:
        self.queries += 1
        self.reasked += max(0, len(judged.attempts) - 1)
        if isinstance(judged.outcome, Unscored):
            reason, detail = judged.outcome.reason, judged.outcome.detail
            # Without the numbers (times, counts, ids) that differ from query to query.
            shown = re.sub(r"(?<!HTTP )\b\w*\d\w*\b", "…", detail.strip())[:120]
            self.unscored[reason] += 1
            self.problems[f"{reason}: {shown}" if shown and detail != reason else reason] += 1
        elif self.config.judge.top_logprobs is not None:
            self.weighed += len(judged.outcome.probabilities)
            self.unweighed += len(judged.outcome.values) - len(judged.outcome.probabilities)
        self.foretellable += bool(judged.nonce) and judged.nonce == placeholder(judged.query.id, "")
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
        """The commonest reason of a query without a verdict, and how often it came; empty where all have one."""
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
        """Share of queries without a verdict, 0 to 1."""
        return sum(self.unscored.values()) / max(1, self.queries)

    @property
    def protocol(self) -> str:
        """The protocol of every score."""
        return self.config.protocol

    @property
    def protocol_notes(self) -> tuple[str, ...]:
        """What the protocol does to every number, and how many users were judged without their picture."""
        of_protocol = tuple(NOTES.get(self.config.task, ())) if self.protocol == "picpersona" else ()
        lacking, users = self.unseen
        said = f"{lacking} of {users} users have no picture, and were judged by what is written of them alone"
        return (*of_protocol, *((said,) if lacking else ()))

    def sign(self, row: JudgeRow, n: int) -> Signature:
        """The signature of a row."""
        metric, unscored = row.metric, row.count("unscored")
        first, _, second = row.candidate.partition("|")
        where: dict[str, str | int] = {"n": n}
        if isinstance(metric, LikertMetric):
            asked = "together" if row.together else "apart"
            where = {"arm": row.candidate, "asked": asked, "persona": row.persona, "n": n, "unscored": unscored}
        elif isinstance(metric, OwnMetric):
            asked = "together" if row.together else "apart"
            where = {"arm": row.candidate, "asked": asked, "n": n, "unscored": unscored}
        elif isinstance(metric, PairMetric):
            where = {"arm": second, "against": first, "persona": row.persona, "n": n, "unscored": unscored}
        elif isinstance(metric, EmotionLabelShare):
            where = {"arm": row.candidate, "n": n, "unscored": unscored}
        return self._signature(metric.signature, where)

    def notes(self, row: JudgeRow) -> tuple[str, ...]:
        """Bounds where something is unscored, values that are defaults, and what the protocol does."""
        if isinstance(row.metric, PositionMetric | EmotionLabelShare):
            return ()
        notes, unscored, bounds = [], row.count("unscored"), row.metric.bounds(row.totals)
        if unscored and bounds is not None:
            notes.append(f"between {bounds[0]:.2f} and {bounds[1]:.2f} whatever the {unscored} unscored are")
        if defaulted := row.count("defaulted"):
            ratings = row.count(row.metric.denominator)
            notes.append(f"{defaulted} of {ratings} are defaults for unreadable answers")
        return (*notes, *self.protocol_notes)

    def length_score(self, length: LengthControl, items: int) -> Score:
        """The length-controlled win rate, which is a fit and has no statistics an item."""
        first, second = self.config.candidates
        metric = WinRateLengthControlled()
        return Score(
            metric.name,
            self.protocol,
            length.win_rate,
            self._signature(metric.signature, {"arm": second, "against": first}),
            items,
            low=length.low,
            high=length.high,
            notes=((length.note,) if length.note else ()) + self.protocol_notes,
        )

    def _signature(self, metric: Signature, where: Mapping[str, str | int]) -> Signature:
        """A metric's own options between corpus and judge."""
        config, extra = self.config, self.config.judge.extra
        sent = "+".join(f"{name}={json.dumps(extra[name])}" for name in sorted(extra))
        # A bar would end the option, and a long one nobody reads: the run's config has it in full.
        sent = digest_of(extra)[:12] if "|" in sent or len(sent) > 60 else sent
        left_out = "+".join(sorted(self.dropped.keys() - {"temperature", "response_format"}))
        return Signature(
            metric.metric,
            {
                "corpus": self.corpus,
                "split": self.split or config.split,
                **metric.options,
                **{key: str(value) for key, value in where.items()},
                "judge": config.judge.model,
                "returned": "+".join(sorted(self.models)) or "none",
                "prompt": self.prompt,
                "order": self.order_policy,
                "protocol": config.protocol,
                "temperature": self.temperature,
                **({"extra": sent} if sent else {}),
                **({"left_out": left_out} if left_out else {}),
                "images": self._images,
                "repeats": str(config.repeats),
                "sample": f"{config.sample.items or 'all'}@{config.sample.seed}",
            },
        )

    @property
    def _images(self) -> str:
        """Whose pictures the judge is shown, and how large."""
        if not self.config.shows_images:
            return "no"
        source = OF_CORPUS if self.config.judge.images == OF_CORPUS else "folder"
        return f"{source}@{self.config.judge.image_side}px"

    @property
    def order_policy(self) -> str:
        """How candidates or questions are ordered."""
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
            "asks": self.queries,
            "reasked": self.reasked,
            "unscored": dict(self.unscored),
            "commonest_problem": self.commonest_problem,
            "temperature": self.temperature,
            "left_out": dict(self.dropped),
            **({"weighed": self.weighed, "unweighed": self.unweighed} if self.weighed or self.unweighed else {}),
            "foretellable": self.foretellable,
            "unscored_rate": self.unscored_rate,
            "usage": dict(self.usage),
            "first_answer": self.first,
            "last_answer": self.last,
        }
