"""Pictor as a system of the harness: a model that is shown the user's picture, writes what it sees, and answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar

from tod_baselines.pictor.settings import PREDICTION_SETTINGS, Settings
from tod_baselines.training.checking import training_problems
from tod_bench.errors import MissingExtraError, UserError
from tod_bench.records import Dialogue, Prediction, TaskName
from tod_bench.systems import FitContext, System, TurnInput

if TYPE_CHECKING:
    from tod_baselines.pictor.answering import Answerer


class Pictor(System):
    """A model that answers to a picture, in the manner of Pictor (Lee et al. 2025, PicPersona-TOD).

    Its parameters are those of `Settings`.
    """

    tasks: ClassVar[frozenset[TaskName]] = frozenset({"response"})
    sees: ClassVar[bool] = True
    prediction_settings: ClassVar[frozenset[str]] = PREDICTION_SETTINGS
    conditioned_on: ClassVar[Mapping[TaskName, frozenset[str]]] = {"response": frozenset({"state", "acts"})}

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self._answerer: Answerer | None = None
        # An instance's own, since settings decide what it reads.
        read = {"state" if name == "db" else "acts" for name in self.settings.inputs if name in ("db", "policy")}
        vars(self)["conditioned_on"] = {"response": frozenset(read)}
        if self.settings.progress:
            vars(self)["gold_access"] = frozenset({"progress"})

    update_wrapper(__init__, Settings.__init__)  # so that configs are checked against the settings

    def check(self) -> list[str]:
        """A sentence for each setting that would stop a training; quick, and without loading a model."""
        from tod_baselines.pictor.models import problems

        return [*problems(self.settings), *training_problems(self.settings, "pictor")]

    def fits_together(self, task: TaskName) -> tuple[TaskName, ...]:
        """The task alone."""
        return (task,)

    def fit(self, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext) -> dict[str, object]:
        """Trains a model, or goes on with a training that was killed; see `tod_baselines.pictor.training`."""
        _need_packages(self.settings)
        from tod_baselines.pictor.training import train as train_model

        record: dict[str, object] = train_model(self.settings, train, dev, context)
        return record

    def load(self, context: FitContext) -> None:
        """Loads the trained model, an adapter merged into its base, onto the GPU, where there is one."""
        _need_packages(self.settings)
        from tod_baselines.pictor.answering import Answerer
        from tod_baselines.pictor.models import load_model
        from tod_baselines.training.devices import device, silence_logging
        from tod_baselines.training.folder import finished

        record = finished(context.folder)
        if record is None:
            raise UserError(f"pictor: {context.folder} holds no finished training")
        silence_logging()
        model = load_model(context.folder / "model", self.settings)
        model.network.to(device())
        self._answerer = Answerer(model, self.settings, record["max_new_tokens"], context.images, context.seed)

    def predict(self, task: TaskName, inputs: Iterable[TurnInput]) -> Iterator[Prediction]:  # noqa: ARG002
        """Answers dialogue by dialogue, in the order of the inputs."""
        if self._answerer is None:
            raise UserError("pictor: the system was asked before it was loaded")
        yield from self._answerer.stream(inputs)


def _need_packages(settings: Settings) -> None:
    """Raises an error that names the extra where a package is missing."""
    from importlib.util import find_spec

    modules = {"torch": "torch", "transformers": "transformers", "accelerate": "accelerate", "PIL": "pillow"}
    if settings.lora is not None:
        modules["peft"] = "peft"
    missing = [package for module, package in modules.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError("pictor", ", ".join(missing), "train")
