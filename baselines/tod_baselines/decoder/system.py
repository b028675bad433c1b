"""Decoder-only models as a system of the harness: one text a dialogue, every token read once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar

from tod_baselines.decoder.settings import PREDICTION_SETTINGS, Settings
from tod_bench.errors import MissingExtraError, UserError
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.systems import FitContext, System, TurnInput

if TYPE_CHECKING:
    from tod_baselines.decoder.answering import Answerer

TASKS: tuple[TaskName, ...] = ("dst", "policy", "response")


class Decoder(System):
    """A decoder-only model in the manner of SimpleTOD (Hosseini-Asl et al. 2020) and UBAR (Yang et al. 2021).

    Its parameters are those of `Settings`.
    """

    tasks: ClassVar[frozenset[TaskName]] = frozenset(TASKS)
    prediction_settings: ClassVar[frozenset[str]] = PREDICTION_SETTINGS
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]]] = {
        "policy": frozenset({"state"}),
        "response": frozenset({"state", "acts"}),
    }

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self._answerer: Answerer | None = None

    update_wrapper(__init__, Settings.__init__)  # so that configs are checked against the settings

    def check(self) -> list[str]:
        """A sentence for each setting that would stop a training; quick, and without loading a model."""
        from tod_baselines.decoder.models import problems

        return list(problems(self.settings))

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """Every task with `multitask`, else the task alone."""
        return TASKS if self.settings.multitask else (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        """Trains a model, or goes on with a training that was killed; see `tod_baselines.decoder.training`."""
        _need_packages(self.settings)
        from tod_baselines.decoder.training import train as train_model

        record: dict[str, object] = train_model(self.settings, self.fits_together(context.task), train, dev, context)
        return record

    def load(self, context: FitContext) -> None:
        """Loads the trained model, an adapter merged into its base, onto the GPU, where there is one."""
        _need_packages(self.settings)
        from tod_baselines.decoder.answering import Answerer
        from tod_baselines.decoder.models import load_model
        from tod_baselines.training.devices import device
        from tod_baselines.training.folder import finished

        record = finished(context.folder)
        if record is None:
            raise UserError(f"decoder: {context.folder} holds no finished training")
        model, tokenizer = load_model(context.folder / "model", self.settings)
        self._answerer = Answerer(
            model.to(device()), tokenizer, self.settings, record["max_new_tokens"], context.schema, fixed=True
        )

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:
        """Answers dialogue by dialogue, in the order in which they end."""
        if self._answerer is None:
            raise UserError("decoder: the system was asked before it was loaded")
        yield from self._answerer.stream(task, inputs)


def _need_packages(settings: Settings) -> None:
    """Raises an error that names the extra where a package is missing."""
    from importlib.util import find_spec

    needed = ["torch", "transformers", "accelerate", *(["peft"] if settings.lora is not None else [])]
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise MissingExtraError("decoder", ", ".join(missing), "train")
