"""PPTOD as a system of the harness: T5 that reads a dialogue and writes belief states, acts or responses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import update_wrapper
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

    update_wrapper(__init__, Recipe.__init__)  # so that configs are checked against the recipe's settings

    def check(self) -> list[str]:
        """A sentence for each setting that would stop a training; see `tod_baselines.pptod.checking`."""
        return list(problems(self.recipe))

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """Every task with `multitask`, else the task alone."""
        return TASKS if self.recipe.multitask else (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        """Trains a model, or goes on with a training that was killed; see `tod_baselines.pptod.training`."""
        _need_packages()
        from tod_baselines.pptod.training import train as train_model

        return train_model(self.recipe, self.fits_together(context.task), train, dev, context)

    def load(self, context: FitContext) -> None:
        """Loads the trained model onto the GPU, where there is one."""
        _need_packages()
        from tod_baselines.pptod.fast import load_converted
        from tod_baselines.pptod.generation import Generator
        from tod_baselines.pptod.models import pretrained_model
        from tod_baselines.pptod.tokenizers import load_tokenizer
        from tod_baselines.training.devices import device
        from tod_baselines.training.folder import finished

        place, record = context.folder / "model", finished(context.folder)
        if record is None:
            raise UserError(f"pptod: {context.folder} holds no finished training")
        tokenizer = load_tokenizer(place)
        if self.recipe.engine == "ctranslate2":
            model = load_converted(context.folder, tokenizer, self.recipe.engine_precision)
        else:
            model = pretrained_model(place, tokenizer).to(device())
        self._generator = Generator(model, tokenizer, self.recipe, record["max_new_tokens"], context.schema)

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
