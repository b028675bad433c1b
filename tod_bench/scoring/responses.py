"""What responses are scored by where no metrics are named: by how they are written, and by what the corpus has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from tod_bench.corpora.base import Corpus
from tod_bench.records import Database, Dialogue, Prediction
from tod_metrics.dialogue.venues import SEARCHED
from tod_metrics.items import ResponseItem
from tod_metrics.sources import delexicalised_share

_LEXICALISED = ("bleu", "sacrebleu", "entity_f1", "inform", "success")
_DELEXICALISED = ("delex_bleu", "inform", "success", "combined")
_STYLE = (
    *("mean_length", "distinct_ngrams", "distinct_ratio", "token_entropy", "conditional_entropy", "msttr"),
    *("gunning_fog", "gunning_fog_dialogue", "politeness"),
)
_COMPARING = frozenset({"bleu", "sacrebleu", "entity_f1"})
_WITH_DATABASE = frozenset({"entity_f1", "inform", "success", "combined"})
_WITH_GOALS = frozenset({"inform", "success", "combined"})
_WITH_SPANS = frozenset({"delex_bleu", "combined"})
_MODULES: Mapping[str, tuple[str, ...]] = {
    "bleu": ("nltk",),
    "sacrebleu": ("sacrebleu",),
    "delex_bleu": ("sacrebleu", "sacremoses"),
    "combined": ("sacrebleu", "sacremoses"),
    **dict.fromkeys(_STYLE[:6], ("sacremoses",)),
    "gunning_fog": ("textstat",),
    "gunning_fog_dialogue": ("textstat",),
    "politeness": ("convokit",),
}
"""Metric -> the modules of the extra ``style`` that it needs under one of its protocols."""


@dataclass(frozen=True, slots=True)
class ResponseMetrics:
    """The metrics of a file of responses.

    Attributes:
        metrics: Their names.
        notes: What a reader must know of the choice, a sentence each.
    """

    metrics: tuple[str, ...]
    notes: tuple[str, ...]


def response_metrics(
    corpus: Corpus, dialogues: Sequence[Dialogue], predictions: Iterable[Prediction]
) -> ResponseMetrics:
    """Every metric that the field reports for responses and that this file and this corpus have.

    Delexicalised responses are compared with delexicalised references; BLEU against the lexicalised ones would be that
    of another task. Inform, Success and Combined need goals and a database; Combined is left out for lexicalised
    responses, whose placeholders here and in the references would be of two makes.

    Args:
        corpus: The corpus.
        dialogues: The dialogues that were answered.
        predictions: The predictions.
    """
    texts = [prediction.response for prediction in predictions if prediction.response]
    having, is_delexicalised = delexicalised_share(texts)
    notes: list[str] = []
    if texts and is_delexicalised:
        notes.append(
            f"{having} of {len(texts)} responses have placeholders: they are delexicalised, and BLEU is against "
            "delexicalised references (delex_bleu)"
        )
    chosen = [*(_DELEXICALISED if texts and is_delexicalised else _LEXICALISED), *_STYLE]
    if not any(dialogue.goal for dialogue in dialogues):
        chosen = [name for name in chosen if name not in _WITH_GOALS]
    if not _has_venues(corpus.database):
        chosen = [name for name in chosen if name not in _WITH_DATABASE]
    if chosen[0] == "delex_bleu" and not any(turn.spans for dialogue in dialogues for turn in dialogue.turns):
        notes.append("the corpus has no spans of values to delexicalise its references by, so there is no delex_bleu")
        chosen = [name for name in chosen if name not in _WITH_SPANS]
    missing = [name for name in chosen if any(find_spec(module) is None for module in _MODULES.get(name, ()))]
    if missing:
        notes.append(f"left out: {', '.join(missing)}; install them with `pip install 'tod-bench[style]'`")
    return ResponseMetrics(tuple(name for name in chosen if name not in missing), tuple(notes))


def written_otherwise(name: str, items: Sequence[ResponseItem]) -> str:
    """A sentence where a metric compares delexicalised responses with lexicalised references; else empty.

    Args:
        name: The metric's name.
        items: What it compares.
    """
    texts = [item.response for item in items if item.response]
    having, is_delexicalised = delexicalised_share(texts)
    if name not in _COMPARING or not having or not is_delexicalised:
        return ""
    references = [item.reference for item in items if item.reference]
    if not references or delexicalised_share(references)[1]:
        return ""
    return (
        f"{having} of {len(texts)} responses have placeholders, and {name} compares them with lexicalised references; "
        "for delexicalised responses take delex_bleu"
    )


def _has_venues(database: Database | None) -> bool:
    return database is not None and all(database.query(domain, {}) for domain in SEARCHED)
