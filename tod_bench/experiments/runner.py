"""Running a board: train, predict and score each cell, reusing whatever the store already has.

    board ──▶ cell ──fit──▶ model ──predict──▶ predictions ──score──▶ Result

Each arrow is looked up in the store first. A kill loses the arrow under way, and of a training no more than what lies
behind its last checkpoint.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tod_bench.corpora.annotations import scored_turns
from tod_bench.errors import UserError
from tod_bench.experiments.changes import as_json, changes
from tod_bench.experiments.conditioning import GOLD_NOTE, Conditioning
from tod_bench.experiments.config import load_config
from tod_bench.experiments.corpus_statistics import counted
from tod_bench.experiments.judge_scores import judge_of, judged, rated, ratings_file
from tod_bench.experiments.plan import Plan, build
from tod_bench.experiments.results import Experiment, Result, Store
from tod_bench.files import digest_of
from tod_bench.judge import JudgeConfig
from tod_bench.judge.groups import attributes_of
from tod_bench.predictions import read_predictions, write_predictions
from tod_bench.progress import progress
from tod_bench.provenance import provenance
from tod_bench.records import Dialogue, Prediction
from tod_bench.scores import Score
from tod_bench.scoring import ScoreRow, score, score_rows
from tod_bench.splits import read_all, signed_split, split_notes
from tod_bench.systems import FitContext, System
from tod_bench.tasks import Predictions, Shown, Source, turn_inputs

Announce = Callable[[Experiment, str], None]
"""Called with a cell and what is done with it: ``training``, ``predicting``, ``scoring``, ``counting``, ``cached``."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the store has of a cell.

    Attributes:
        cell: The cell.
        trained: Whether its system is trained, or need not be.
        predicted: Whether its predictions are made.
        scored: Whether its result is there.
        changed: Where it is not: what is different from the newest result of this cell in the store, a phrase each.
        since: When that result was made.
    """

    cell: Experiment
    trained: bool
    predicted: bool
    scored: bool
    changed: tuple[str, ...] = ()
    since: str = ""


def plan(board: Plan, store: Store) -> Iterator[Status]:
    """What would be run and what is cached, cell by cell."""
    earlier: dict[Experiment, Result] | None = None
    for cell in board.cells:
        fitted = not board.together(cell)
        unpredicted = cell.task in ("corpus", "people")
        status = Status(
            cell,
            trained=fitted or store.fit_record(board.fit_key(cell)) is not None,
            predicted=unpredicted or _prediction_record(board, store, cell) is not None,
            scored=store.result(board.result_key(cell)) is not None,
        )
        if not status.scored:
            earlier = store.results_of(board.config.name) if earlier is None else earlier
            status = _compared(status, earlier.get(cell), board)
        yield status


def _compared(status: Status, earlier: Result | None, board: Plan) -> Status:
    if earlier is None or not earlier.inputs:
        return status
    changed = changes(earlier.inputs, board.result_inputs(status.cell))
    return replace(status, changed=changed, since=str(earlier.provenance.get("date", "")))


def run(board: Plan, store: Store, announce: Announce = lambda _cell, _step: None) -> list[Result]:
    """Runs every cell that is not finished and returns the results of all, in the board's order.

    Raises:
        UserError: A corpus, a prediction file or the store is unusable; what was finished is kept.
    """
    results = {}
    with progress(board.config.name, len(board.cells), unit="cells", bar=False) as shown:

        def told(cell: Experiment, step: str) -> None:
            shown.now(f"{cell}: {step}")
            announce(cell, step)

        workshop = Runner(board, store, told)
        for cell in by_model(board):
            results[cell] = workshop.result(cell)
            shown.advance()
    return [results[cell] for cell in board.cells]


def people_config(
    name: str, overrides: Sequence[str], place: tuple[str, str], store: Path, *, small: bool = False
) -> JudgeConfig:
    """What people are asked of a system's responses, as a judge config.

    Args:
        name: An eval config whose task ``people`` has a judge config.
        overrides: ``key=value`` pairs for it.
        place: Labels of the corpus and of the system.
        store: Where the responses are kept; they are made now if need be.
        small: Whether it is the small variant.

    Raises:
        UserError: The config asks people nothing, or has no such responses.
    """
    config = load_config(name, overrides, small=small)
    board, cell = build(config, incomplete=True), Experiment(*place, "people", config.seeds[0])
    entries = board.settings("people").judge
    if not entries:
        raise UserError(f"{name} asks people nothing; give a config with tasks.people.judge")
    responses = board.responses(cell) if cell.system in board.systems else None
    if responses is None:
        reasons = "; ".join(map(str, board.needs)) or "it has no such corpus or system"
        raise UserError(f"{name} has no responses of {cell.system} on {cell.corpus}: {reasons}")
    file = Runner(board, Store(store)).prediction_file(responses)
    return judge_of(config, cell, entries[0], file)


def by_model(board: Plan) -> list[Experiment]:
    """The cells with the tasks of one model side by side, so that it is loaded once."""
    models: dict[tuple[object, ...], list[Experiment]] = {}
    for cell in board.cells:
        together = board.together(cell) or cell.task
        models.setdefault((cell.corpus, cell.system, together, cell.seed), []).append(cell)
    return [cell for cells in models.values() for cell in cells]


class Runner:
    """The state of one run: the dialogues in memory and the system last loaded."""

    def __init__(self, board: Plan, store: Store, announce: Announce = lambda _cell, _step: None) -> None:
        self.board, self.store, self.announce = board, store, announce
        self._splits: dict[tuple[str, str], list[Dialogue]] = {}
        self._loaded: tuple[str, System] | None = None

    def result(self, cell: Experiment) -> Result:
        """The result of a cell, from the store or computed now."""
        key = self.board.result_key(cell)
        with self.store.lock(key, self._waits(cell)):
            found = self.store.result(key)
            if found is not None:
                self.announce(cell, "cached")
                return found
            result = replace(self._made(cell, key), inputs=as_json(self.board.result_inputs(cell)))
            self.store.save_result(result)
            return result

    def _waits(self, cell: Experiment) -> Callable[[], None]:
        return lambda: self.announce(cell, "waiting for another process")

    def _made(self, cell: Experiment, key: str) -> Result:
        make = {"corpus": self._counted, "people": self._rated}.get(cell.task, self._scored)
        return make(cell, key)

    def _counted(self, cell: Experiment, key: str) -> Result:
        self.announce(cell, "counting")
        config, split = self.board.config, self.board.config.corpora[cell.corpus].splits.train
        corpus, wanted = self.board.corpora[cell.corpus], self.board.settings("corpus").metrics
        where, notes = {"corpus": corpus.name, "split": signed_split(corpus, split)}, split_notes(corpus, split)
        scores = counted(self._dialogues(cell.corpus, split), wanted, where, config.bootstrap)
        scores = [replace(score, notes=(*notes, *score.notes)) for score in scores]
        return Result(config.name, cell, key, tuple(scores), "", self._provenance(cell))

    def _rated(self, cell: Experiment, key: str) -> Result:
        rated_cell, attributes = self.board.responses(cell), None
        file = self.prediction_file(rated_cell) if rated_cell else None
        self.announce(cell, "scoring")
        if cell.corpus in self.board.corpora:
            split = self.board.config.corpora[cell.corpus].splits.test
            attributes = {one.id: attributes_of(one.persona) for one in self._dialogues(cell.corpus, split)}
        config = self.board.config
        study = rated(config, cell, self.store, predictions=file, attributes=attributes)
        people = {"file": str(ratings_file(config, cell) or "scripted"), "raters": study.raters}
        return Result(config.name, cell, key, study.scores, "", {**self._provenance(cell), "people": people})

    def prediction_file(self, cell: Experiment) -> Path:
        """The file of a cell's predictions, which are made now if need be."""
        self._predictions(cell)
        return self.board.prediction_file(cell) or self.store.predictions_path(self.board.prediction_key(cell))

    def _scored(self, cell: Experiment, key: str) -> Result:
        predictions, record = self._predictions(cell)
        self.announce(cell, "scoring")
        bootstrap, began = self.board.config.bootstrap, time.perf_counter()
        settings = self.board.settings(cell.task)
        scores: list[Score] = []
        if self.board.metrics(cell):
            arguments = self._scoring_arguments(cell, predictions)
            scores += score(**arguments, draws=bootstrap.draws, seed=bootstrap.seed)
        if settings.judge:
            scores += judged(self.board.config, cell, self.prediction_file(cell), self.store)
        seconds = {**record.get("seconds", {}), "score": round(time.perf_counter() - began, 3)}
        path = self.board.prediction_file(cell) or self._relative(cell)
        made = {"seconds": seconds, "predictions": {name: value for name, value in record.items() if name != "seconds"}}
        name = self.board.config.name
        return Result(name, cell, key, tuple(scores), str(path), {**self._provenance(cell), **made})

    def rows(self, cell: Experiment) -> list[ScoreRow]:
        """The statistics of each dialogue behind a cell's scores, for tests between cells."""
        return score_rows(**self._scoring_arguments(cell, self._predictions(cell)[0]))

    def _scoring_arguments(self, cell: Experiment, predictions: Predictions) -> dict[str, Any]:
        config, corpus = self.board.config, self.board.corpora[cell.corpus]
        split = config.corpora[cell.corpus].splits.test
        return {
            "task": cell.task,
            "dialogues": self._dialogues(cell.corpus, split),
            "predictions": predictions,
            "corpus_name": corpus.name,
            "split": signed_split(corpus, split),
            "notes": split_notes(corpus, split),
            "schema": corpus.schema,
            "database": corpus.database,
            "metrics": self.board.metrics(cell),
            "groups": self.board.settings(cell.task).groups,
            "seen_services": getattr(corpus, "seen_services", None),
        }

    def _predictions(self, cell: Experiment) -> tuple[Predictions, dict[str, Any]]:
        """A cell's predictions and what is recorded of them, predicted now if need be."""
        key = self.board.prediction_key(cell)
        given = self.board.prediction_file(cell)
        if given is not None:
            return _by_turn(read_predictions(given)), _file_record(self.board, cell, given)
        with self.store.lock("p" + key, self._waits(cell)):
            record = self.store.prediction_record(key)
            if record is None:
                record = self._predict(cell, key)
        return _by_turn(read_predictions(self.store.predictions_path(key))), record

    def _predict(self, cell: Experiment, key: str) -> dict[str, Any]:
        shown = {what: self._shown(cell, what, source) for what, source in self.board.sources(cell).items()}
        system, fit = self._ready(cell)
        self.announce(cell, "predicting")
        began = time.perf_counter()
        splits = self.board.config.corpora[cell.corpus].splits
        inputs = turn_inputs(
            self._dialogues(cell.corpus, splits.test),
            cell.predicts,
            gold_access=self.board.systems[cell.system].gold_access,
            states=shown.get("state"),
            acts=shown.get("acts"),
            database=self.board.corpora[cell.corpus].database,
        )
        gold = self.board.gold_shown(cell)
        made = _with_origin(system.predict(cell.predicts, inputs), shown.get("state"), gold)
        write_predictions(self.store.predictions_path(key), made)
        record = {
            "cell": asdict(cell),
            "fit": fit,
            "gold_access": list(gold),
            "shown": dict(self.board.sources(cell)),
            "upstream": {what: str(other) for what, other in self.board.upstream(cell).items()},
            "seconds": {"fit": fit.get("seconds", 0.0), "predict": round(time.perf_counter() - began, 3)},
        }
        self.store.save_prediction_record(key, record)
        return record

    def _shown(self, cell: Experiment, what: Conditioning, source: Source) -> Shown:
        """The predictions whose states (or acts) a cell's system is shown; ``gold``, or None for none."""
        if source == "predicted":
            return self._predictions(self.board.upstream(cell)[what])[0]
        return "gold" if source == "gold" else None

    def _ready(self, cell: Experiment) -> tuple[System, dict[str, Any]]:
        """A system that is ready to predict, trained now if need be, and the record of its training."""
        built = self.board.systems[cell.system]
        key, corpus = self.board.fit_key(cell), self.board.corpora[cell.corpus]
        context = FitContext(cell.predicts, corpus.schema, cell.seed, self.store.model_folder(key), corpus.database)
        record = self._training_record(cell, key, context) if self.board.together(cell) else {}
        ready = digest_of([key, built.prediction_params])
        if self._loaded is None or self._loaded[0] != ready:
            self._loaded = None  # the old model's memory goes before the new one's is taken
            system = built.new()
            system.load(context)
            self._loaded = (ready, system)
        return self._loaded[1], record

    def _training_record(self, cell: Experiment, key: str, context: FitContext) -> dict[str, Any]:
        with self.store.lock("f" + key, self._waits(cell)):
            record = self.store.fit_record(key)
            return self._fit(cell, key, context) if record is None else record

    def _fit(self, cell: Experiment, key: str, context: FitContext) -> dict[str, Any]:
        self.announce(cell, "training")
        splits, began = self.board.config.corpora[cell.corpus].splits, time.perf_counter()
        context.folder.mkdir(parents=True, exist_ok=True)
        train, dev = self._dialogues(cell.corpus, splits.train), self._dialogues(cell.corpus, splits.dev)
        details = self.board.systems[cell.system].new().fit(train, dev, context)
        counts = {"train_dialogues": len(train), "dev_dialogues": len(dev)}
        record = {**counts, "seconds": round(time.perf_counter() - began, 3), "details": details}
        self.store.save_fit_record(key, record)
        return record

    def _dialogues(self, corpus: str, expression: str) -> list[Dialogue]:
        if (corpus, expression) not in self._splits:
            # One corpus at a time: cells come corpus by corpus, and a big one fills the memory.
            self._splits = {key: value for key, value in self._splits.items() if key[0] == corpus}
            self._splits[corpus, expression] = read_all(self.board.corpora[corpus], expression)
            if not self._splits[corpus, expression]:
                raise UserError(f"corpora.{corpus}: the split {expression} has no dialogues")
        return self._splits[corpus, expression]

    def _relative(self, cell: Experiment) -> str:
        return str(self.store.predictions_path(self.board.prediction_key(cell)).relative_to(self.store.root))

    def _provenance(self, cell: Experiment) -> dict[str, Any]:
        config = self.board.config
        system = self.board.systems.get(cell.system)
        return {
            **provenance(),
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "corpus": self._corpus_record(cell),
            "system": system.config.model_dump(mode="json", exclude_none=True) if system else {},
            "task": self.board.settings(cell.task).model_dump(mode="json"),
            "bootstrap": config.bootstrap.model_dump(),
        }

    def _corpus_record(self, cell: Experiment) -> dict[str, Any]:
        section, corpus = self.board.config.corpora[cell.corpus], self.board.corpora.get(cell.corpus)
        described = section.model_dump(mode="json")
        if corpus is None:
            return described
        split = section.splits.train if cell.task == "corpus" else section.splits.test
        test = self._dialogues(cell.corpus, split)
        return {
            "name": corpus.name,
            "fingerprint": corpus.fingerprint,
            **described,
            "split": split,
            "signed_split": signed_split(corpus, split),
            "notes": [*split_notes(corpus, split), *_left_out(cell, test)],
            "test_dialogues": len(test),
            "test_turns": sum(len(dialogue.turns) for dialogue in test),
            "skipped": len(corpus.skipped),
            "skipped_records": [str(error) for error in corpus.skipped[:20]],
        }


def _left_out(cell: Experiment, dialogues: Sequence[Dialogue]) -> list[str]:
    """How many turns have no gold answer to a cell's task, where there are any."""
    if cell.task in ("corpus", "people"):
        return []
    turns = sum(len(dialogue.turns) for dialogue in dialogues)
    without = turns - sum(len(scored_turns(cell.predicts, dialogue)) for dialogue in dialogues)
    said = f"{without} of {turns} turns have no gold answer to the task {cell.task} and are left out of its scores"
    return [said] if without else []


def _by_turn(predictions: Iterator[Prediction]) -> Predictions:
    return {(prediction.dialogue_id, prediction.turn): prediction for prediction in predictions}


def _with_origin(predictions: Iterable[Prediction], states: Shown, gold: Sequence[str]) -> Iterator[Prediction]:
    """Predictions with what they were made from: the predicted state, where they have none of their own, and gold."""
    for prediction in predictions:
        found = prediction
        if isinstance(states, Mapping) and found.response is not None and found.state is None:
            found = replace(found, state=states[found.dialogue_id, found.turn].state)
        yield replace(found, notes={**found.notes, GOLD_NOTE: list(gold)}) if gold else found


def _file_record(board: Plan, cell: Experiment, path: Path) -> dict[str, Any]:
    gold = board.gold_shown(cell)
    return {"file": str(path), **({"gold_access": list(gold)} if gold else {})}


def _prediction_record(board: Plan, store: Store, cell: Experiment) -> dict[str, Any] | None:
    given = board.prediction_file(cell)
    if given is not None:
        return _file_record(board, cell, given)
    return store.prediction_record(board.prediction_key(cell))
