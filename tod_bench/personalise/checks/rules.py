"""What the checks of a corpus go by."""

from tod_bench.corpora.base import Corpus
from tod_bench.personalise.checks.dialogue import Rules
from tod_bench.personalise.checks.ontology import Lexicon, corpus_lexicon
from tod_bench.personalise.checks.values import lost_values
from tod_bench.personalise.options import Options
from tod_bench.personalise.reviews import Reviews, read_reviews
from tod_bench.personalise.reviews_stage import city_of
from tod_bench.personalise.work import Work


def work_lexicon(corpus: Corpus, options: Options) -> Lexicon:
    """What there is to name: a corpus's schema and database, and the venues of the review files."""
    return _lexicon(corpus, _reviews(corpus, options))


def work_rules(work: Work) -> Rules:
    """The rules of a corpus that is being personalised.

    Texts must name their venue or its city under our own strategies only: the other readings take what the released
    code and the paper take.
    """
    reviews = _reviews(work.corpus, work.options)
    off_topic: frozenset[str] = frozenset()
    if reviews and work.options.strategies == "tod_bench":
        off_topic = frozenset(
            text.id
            for venue in reviews.venues
            for text, on_topic in zip(venue.texts, venue.on_topic, strict=True)
            if not on_topic
        )
    return Rules(_lexicon(work.corpus, reviews), lost_values, city_of(work.corpus), off_topic)


def _lexicon(corpus: Corpus, reviews: Reviews | None) -> Lexicon:
    return corpus_lexicon(corpus, (venue.name for venue in reviews.venues) if reviews else ())


def _reviews(corpus: Corpus, options: Options) -> Reviews | None:
    return None if options.reviews is None else read_reviews(options.reviews, city_of(corpus))
