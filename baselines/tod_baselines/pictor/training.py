"""The training, from dialogues to a model in a folder: called by `Pictor.fit`, under `accelerate launch` too."""

from collections.abc import Sequence
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING, Any

from tod_baselines.decoder.evaluation import criterion
from tod_baselines.pictor.apart import Learned
from tod_baselines.pictor.examples import Example, examples_of
from tod_baselines.pictor.flops import LanguageFlops
from tod_baselines.pictor.models import base_inputs, base_record, new_model, save_model
from tod_baselines.pictor.prompting import CAPTION
from tod_baselines.pictor.settings import PREDICTION_SETTINGS, Settings
from tod_baselines.training.arguments import argument_values
from tod_baselines.training.data import few_shot
from tod_baselines.training.devices import computes_in_bf16, device, processes, silence_logging
from tod_baselines.training.folder import claim, close, digest_of_dialogues, finished
from tod_bench.errors import UserError
from tod_bench.files import digest_of
from tod_bench.records import Dialogue
from tod_bench.splits import evenly_spaced
from tod_bench.systems import FitContext

if TYPE_CHECKING:
    from tod_baselines.pictor.seeing import SeeingModel
    from tod_baselines.pictor.trainer import AnswerTrainer, Task


def train(
    settings: Settings, dialogues: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext
) -> dict[str, Any]:
    """Trains a model into ``context.folder``, or goes on where a killed training stopped, and returns its record.

    Under `accelerate launch` every process calls this with the same arguments. With ``epochs: 0`` the model is kept as
    it is.

    Raises:
        UserError: The settings do not fit together or do not fit the corpus, or the folder holds another training.
    """
    from transformers import set_seed

    folder, group = context.folder, processes()
    claim(folder, inputs_of(settings, dialogues, dev, context))
    before = finished(folder)
    if before is not None:
        return before
    if not dev and settings.select_by != "last" and settings.epochs:
        raise UserError("pictor: there are no dev dialogues to select a checkpoint by; set select_by: last")
    silence_logging()
    if settings.init == "scratch":
        personas = (dialogue.persona for dialogue in (*dialogues, *dev))
        Learned.of(settings.pretraining).refuse(personas, context.images)
    used = few_shot(dialogues, settings.few_shot, settings.few_shot_seed) if settings.epochs else []
    examples = _examples(settings, used, context)
    judged = bool(used) and settings.select_by != "last"
    tested = _examples(settings, evenly_spaced(dev, settings.dev_dialogues) if judged else [], context)
    if settings.epochs and not examples:
        raise UserError("pictor: the training dialogues have no turn with a response to learn")
    set_seed(context.seed)
    with group.main_process_first():
        model = new_model(settings)
    model.network.to(device())
    record = {
        **({"few_shot_dialogues": [dialogue.id for dialogue in used]} if settings.few_shot < 1 else {}),
        **base_record(settings),
        **report(model, settings, examples),
        "dialogues": len(used),
        "processes": group.num_processes,
    }
    if settings.epochs:
        look(model, [*examples, *tested], context)
        record |= learn(model, as_tasks(model, examples), as_tasks(model, tested), settings, context)
    if group.is_main_process:
        save_model(folder / "model", model)
        close(folder, record)
    group.wait_for_everyone()
    return record


def inputs_of(
    settings: Settings, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: FitContext
) -> dict[str, Any]:
    """Everything that decides a training, as JSON values; settings of answering alone do not."""
    training = {name: value for name, value in settings.to_json().items() if name not in PREDICTION_SETTINGS}
    personas = [astuple(dialogue.persona) if dialogue.persona else None for dialogue in (*train, *dev)]
    return {
        "recipe": training,
        "base": base_inputs(settings),
        "seed": context.seed,
        "train": digest_of_dialogues(train),
        "dev": digest_of_dialogues(dev),
        "personas": digest_of(personas),
        "images": context.images.fingerprint if context.images and "image" in settings.inputs else "",
    }


def report(model: "SeeingModel", settings: Settings, examples: Sequence[Example]) -> dict[str, Any]:
    """What is trained, and the longest answer to allow: a quarter above the longest of training."""
    parameters = list(model.network.parameters())
    tower = list(model.kept.parameters()) if model.kept is not None else []  # kept apart from the network
    longest = max((len(model.answer(example.answer)) for example in examples), default=settings.max_new_tokens)
    return {
        "examples": len(examples),
        "captions": sum(example.text == CAPTION for example in examples),
        "parameters": sum(part.numel() for part in (*parameters, *tower)),
        "trained_parameters": sum(part.numel() for part in parameters if part.requires_grad and settings.epochs),
        "vocabulary": len(model.tokenizer),
        "precision": "bf16" if computes_in_bf16(settings.precision) else "fp32",
        "longest_answer": longest,
        "max_new_tokens": min(settings.max_new_tokens, longest + longest // 4 + 8),
    }


def _examples(settings: Settings, dialogues: Sequence[Dialogue], context: FitContext) -> list[Example]:
    return list(examples_of(dialogues, settings.inputs, progress=settings.progress, database=context.database))


def look(model: "SeeingModel", examples: Sequence[Example], context: FitContext) -> None:
    """Shows the model every picture of some examples once.

    Raises:
        UserError: The corpus has no pictures.
    """
    names = list(dict.fromkeys(example.picture for example in examples if example.picture))
    if not names:
        return
    if context.images is None:
        raise UserError("pictor: the corpus has no pictures; leave image out of inputs")
    model.show(names, context.images)


def as_tasks(model: "SeeingModel", examples: Sequence[Example]) -> list["Task"]:
    """The examples as tokens.

    Raises:
        UserError: One is longer than the model can read.
    """
    from tod_baselines.pictor.trainer import Task

    tasks = [Task(model.prompt(example.text, example.picture), model.answer(example.answer)) for example in examples]
    if (longest := max(map(len, tasks), default=0)) > model.longest:
        raise UserError(
            f"pictor: a turn has {longest} tokens, and the model reads {model.longest} at most; take another model, or "
            "leave the dialogue out"
        )
    return tasks


def learn(
    model: "SeeingModel", tasks: Sequence["Task"], dev: Sequence["Task"], settings: Settings, context: FitContext
) -> dict[str, Any]:
    """Trains a model in place and returns what the record says of it: steps, seconds, losses, throughput."""
    learned, read = sum(len(task.answer) for task in tasks), sum(map(len, tasks))
    trainer = make_trainer(model, tasks, dev, settings, context)
    return {"tokens": read, "learned_tokens": learned, **trainer.learn(context.folder)}


def make_trainer(
    model: "SeeingModel", tasks: Sequence["Task"], dev: Sequence["Task"], settings: Settings, context: FitContext
) -> "AnswerTrainer":
    """A trainer, ready to start or to go on."""
    from transformers import PrinterCallback, TrainingArguments

    from tod_baselines.pictor.batches import LikeLengths
    from tod_baselines.pictor.trainer import AnswerTrainer, collate, loss_scorer, takes_logits_to_keep
    from tod_baselines.training.callbacks import EvaluateEvery
    from tod_baselines.training.clock import Clock

    group = processes()
    sampler = LikeLengths(
        [len(task) for task in tasks],
        settings.batch_size,
        seed=context.seed,
        rank=group.process_index,
        processes=group.num_processes,
    )
    judged_by = criterion(settings, ["response"])
    arguments = argument_values(settings, judged_by, len(sampler), settings.batch_size, context)
    trainer = AnswerTrainer(
        model=model.network,
        args=TrainingArguments(**arguments),
        train_dataset=tasks,
        eval_dataset=tasks,  # asked for, never used: `evaluate` is ours
        data_collator=partial(collate, model=model),
        callbacks=[EvaluateEvery(settings.evaluate_every)],
        sampler=sampler,
        score=loss_scorer(model, dev, settings.batch_size, settings.precision),
        flops=LanguageFlops.of(model.network, some_logits=takes_logits_to_keep(model.network)),
        clock=Clock(settings.max_minutes, settings.save_minutes),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer
