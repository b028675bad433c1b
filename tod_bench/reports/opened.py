"""The corpora and predictions behind a run, read once for everything that is made of them."""

from collections.abc import Mapping

from tod_bench.corpora.base import Corpus, open_corpus
from tod_bench.errors import UserError
from tod_bench.experiments.results import Result
from tod_bench.predictions import read_predictions
from tod_bench.records import Dialogue
from tod_bench.reports.runs import Run
from tod_bench.splits import read_all
from tod_bench.tasks import Predictions


class OpenedRun:
    """A run whose corpora and predictions are read when they are first asked for, and kept.

    Args:
        run: The run.
        corpora: Label -> corpus, where they are open already.
    """

    def __init__(self, run: Run, corpora: Mapping[str, Corpus] | None = None) -> None:
        self.run = run
        self._corpora = dict(corpora or {})
        self._dialogues: dict[str, list[Dialogue]] = {}
        self._predictions: dict[str, Predictions] = {}

    def corpus(self, label: str) -> Corpus:
        """The corpus of a label.

        Raises:
            UserError: It cannot be opened, or is no longer what was scored.
        """
        if label not in self._corpora:
            section = self.run.config.corpora[label]
            self._corpora[label] = open_corpus(section.corpus, **section.options)
        corpus = self._corpora[label]
        scored = {
            result.provenance.get("corpus", {}).get("fingerprint")
            for result in self.run.results
            if result.experiment.corpus == label and result.experiment.task not in ("corpus", "people")
        }
        if scored != {corpus.fingerprint}:
            raise UserError(f"{corpus.name} is not (or no longer) what was scored; run the config again to show them")
        return corpus

    def dialogues(self, label: str) -> list[Dialogue]:
        """The test dialogues of a corpus.

        Raises:
            UserError: As `corpus`.
        """
        if label not in self._dialogues:
            self._dialogues[label] = read_all(self.corpus(label), self.run.config.corpora[label].splits.test)
        return self._dialogues[label]

    def predictions(self, result: Result) -> Predictions:
        """The predictions of a result by dialogue and turn.

        Raises:
            UserError: The file is gone or unusable.
        """
        path = self.run.predictions(result)
        if str(path) not in self._predictions:
            self._predictions[str(path)] = {(one.dialogue_id, one.turn): one for one in read_predictions(path)}
        return self._predictions[str(path)]
