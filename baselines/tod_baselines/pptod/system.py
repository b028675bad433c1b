"""PPTOD as a system of the harness: T5 that reads a dialogue and writes belief states, acts or responses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tod_baselines.pptod.checking import problems
from tod_baselines.pptod.recipe import PREDICTION_SETTINGS, Recipe
from tod_baselines.training.rollout import whole_dialogues
from tod_bench.errors import MissingExtraError, UserError
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.systems import FitContext, System, TurnInput

if TYPE_CHECKING:
    from tod_baselines.pptod.generation import Generator

CHUNK = 4096
"""Turns (and the rest of their last dialogue) that are sorted by length and decoded together."""

TASKS: tuple[TaskName, ...] = ("dst", "policy", "response")


class PPTOD(System):
    """A sequence-to-sequence model in the manner of PPTOD (Su et al., ACL 2022); its parameters are the `Recipe`'s."""

    tasks: ClassVar[frozenset[TaskName]] = frozenset(TASKS)
    prediction_settings: ClassVar[frozenset[str]] = PREDICTION_SETTINGS
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]]] = {
        "policy": frozenset({"state"}),
        "response": frozenset({"state", "acts"}),
    }

    def __init__(self, **settings: Any) -> None:
        self.recipe = Recipe(**settings)
        self._generator: Generator | None = None
        if self.recipe.format == "pptod":
            # An instance's own, since what PPTOD's format reads is decided by a setting.
            own = vars(self)
            own["conditioned_on"] = {"policy": frozenset({"state"}), "response": frozenset({"state"})}
            own["gold_access"] = self.recipe.gold_access

    update_wrapper(__init__, Recipe.__init__)  # so that configs are checked against the recipe's settings

    def check(self) -> list[str]:
        """A sentence for each setting that would stop a training; see `tod_baselines.pptod.checking`."""
        return list(problems(self.recipe))

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """Every task with `multitask`, else the task alone; none where a model is taken as it is."""
        if not self.recipe.trained:
            return ()
        return TASKS if self.recipe.multitask else (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        """Trains a model, or goes on with a training that was killed; see `tod_baselines.pptod.training`.

        Raises:
            UserError: The recipe has no training.
        """
        if not self.recipe.trained:
            raise UserError("pptod: with epochs: 0 a model is taken as it is, and there is nothing to train")
        _need_packages()
        from tod_baselines.pptod.training import train as train_model

        return train_model(self.recipe, self.fits_together(context.task), train, dev, context)

    def load(self, context: FitContext) -> None:
        """Loads the trained model (or, with ``epochs: 0``, the one that the recipe names) onto the GPU, if any.

        Raises:
            UserError: The training is not finished; or a model that is taken as it is was not made for the format.
        """
        _need_packages()
        from tod_baselines.pptod.fast import load_converted
        from tod_baselines.pptod.generation import Generator
        from tod_baselines.pptod.models import pretrained_model
        from tod_baselines.pptod.tokenizers import load_tokenizer
        from tod_baselines.pptod.training import marks_of
        from tod_baselines.training.devices import device
        from tod_baselines.training.folder import finished, save

        recipe, marks = self.recipe, marks_of(self.recipe)
        place: str | Path = context.folder / "model" if recipe.trained else recipe.model
        record = finished(context.folder) if recipe.trained else {"max_new_tokens": recipe.max_target_tokens}
        if record is None:
            raise UserError(f"pptod: {context.folder} holds no finished training")
        tokenizer = load_tokenizer(place, marks, known=not recipe.trained)
        if recipe.engine == "ctranslate2" and not recipe.trained and not (context.folder / "model").exists():
            context.folder.mkdir(parents=True, exist_ok=True)
            save(context.folder / "model", pretrained_model(place, tokenizer, whole=True), tokenizer)
        if recipe.engine == "ctranslate2":
            model = load_converted(context.folder, tokenizer, recipe.engine_precision)
        else:
            model = pretrained_model(place, tokenizer, whole=not recipe.trained).to(device())
        self._generator = Generator(model, tokenizer, recipe, record["max_new_tokens"], context.schema)

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        """Answers in the order of the inputs, chunk by chunk."""
        if self._generator is None:
            raise UserError("pptod: the system was asked before it was loaded")
        for chunk in whole_dialogues(inputs, CHUNK):
            yield from self._generator.answers(task, chunk)


def _need_packages() -> None:
    """Raises an error that names the extra where torch, transformers or SentencePiece is missing."""
    from importlib.util import find_spec

    missing = [name for name in ("torch", "transformers", "accelerate", "sentencepiece") if find_spec(name) is None]
    if missing:
        raise MissingExtraError("pptod", ", ".join(missing), "train")
