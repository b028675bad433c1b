"""What is said below a table: warnings of signatures that differ, corpora, coverage, gold that systems were shown."""

from collections.abc import Iterable, Mapping, Sequence

from tod_bench.experiments.conditioning import gold_sentences
from tod_bench.experiments.config import Column, RowConfig
from tod_bench.experiments.judge_scores import is_judged
from tod_bench.experiments.results import Result
from tod_bench.reports.numbers import matching

_PLACEMENT = ("corpus", "split", "n", "arm", "unscored", "group", "pair")
"""Options of a signature that differ by row, and say nothing of what the number means."""


def signatures_of(results: Sequence[Result], columns: Sequence[Column]) -> tuple[str, ...]:
    """The different signatures of what columns show, without what differs by row."""
    signatures = {
        str(score.signature.without(*_PLACEMENT)) for column in columns for _, score in matching(results, column)
    }
    return tuple(sorted(signatures))


def signature_warnings(results: Sequence[Result], columns: Sequence[Column], kinds: Sequence[RowConfig]) -> list[str]:
    """A warning for each column, and row of several, whose numbers do not mean the same."""
    warnings = []
    for column in columns:
        for kind in kinds:
            signatures = signatures_of(results, [kind.completed(column)])
            if len(signatures) > 1:
                where = f"column {column.label}" + (f", {kind.label}" if kind.label else "")
                warnings.append(
                    f"{where}: its numbers have {len(signatures)} different signatures and cannot be compared"
                )
    return warnings


def table_notes(results: Sequence[Result]) -> list[str]:
    """What a reader must know of the corpora, what systems were shown, and what is missing."""
    notes = []
    provenance = {result.experiment.corpus: result.provenance.get("corpus", {}) for result in results}
    for label, corpus in provenance.items():
        if "name" not in corpus:
            continue
        skipped = f"; {corpus['skipped']} records left out as invalid" if corpus.get("skipped") else ""
        split = corpus.get("signed_split") or corpus.get("split")
        notes.append(
            f"{label}: {corpus['name']}, split {split or corpus.get('splits', {}).get('test')}, "
            f"{corpus.get('test_dialogues')} dialogues, {corpus.get('test_turns')} turns{skipped}"
        )
    notes += [*conditioning_notes(results), *gold_notes(results), *system_notes(results), *scripted_notes(results)]
    for result in results:
        of_corpus = (
            f"{result.experiment.corpus}: {note}" for note in result.provenance.get("corpus", {}).get("notes", ())
        )
        notes += [note for note in of_corpus if note not in notes]
        short = [score for score in result.scores if score.coverage < 1 and not is_judged(score.metric)]
        if short:
            coverage = min(score.coverage for score in short)
            notes.append(f"{result.experiment}: coverage {coverage:.3f}; what is missing counts as wrong")
    return notes


def conditioning_notes(results: Iterable[Result]) -> list[str]:
    """Which systems answered a task from states or acts of their own, a sentence for each task."""
    systems: dict[tuple[str, str], dict[str, None]] = {}
    for result in results:
        shown = result.provenance.get("predictions", {}).get("shown", {})
        predicted = " and ".join(what for what, source in shown.items() if source == "predicted")
        if predicted:
            systems.setdefault((result.experiment.task, predicted), {})[result.experiment.system] = None
    return [f"{task} from the system's own predicted {what}: {', '.join(of)}" for (task, what), of in systems.items()]


def system_notes(results: Iterable[Result]) -> list[str]:
    """What systems say of their own predictions (the ``notes`` of `System.record`), each sentence once."""
    said = [
        f"{result.experiment.system}, {result.experiment.task}, on {result.experiment.corpus}: {note}"
        for result in results
        for note in result.provenance.get("predictions", {}).get("asked", {}).get("notes", ())
    ]
    return list(dict.fromkeys(said))


def scripted_notes(results: Sequence[Result]) -> list[str]:
    """Who judged and rated, where those are programs."""
    judged = any(score.signature.options.get("judge") == "scripted" for result in results for score in result.scores)
    people = (result.provenance.get("people", {}) for result in results)
    rated = any(isinstance(said, Mapping) and said.get("file") == "scripted" for said in people)
    return [
        *(["scripted judge: a program that counts words; its numbers say nothing of people"] if judged else []),
        *(["people: scripted raters, which are programs with some noise"] if rated else []),
    ]


def gold_notes(results: Iterable[Result]) -> list[str]:
    """What gold the predictions behind some results rest on, in sentences."""
    return gold_sentences(
        (result.experiment.system, result.experiment.task, _gold_access(result)) for result in results
    )


def systems_shown_gold(results: Iterable[Result]) -> frozenset[str]:
    """The systems whose predictions rest on gold that no user would have: floors and ceilings without a rank."""
    return frozenset(result.experiment.system for result in results if _gold_access(result))


def _gold_access(result: Result) -> Sequence[str]:
    record = result.provenance.get("predictions", {})
    # Results from before 0.2 say `privileges`.
    return record.get("gold_access", record.get("privileges")) or ()
